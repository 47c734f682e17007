//! How fast an archive leaves, and how much memory that takes.
//!
//! `cargo bench --bench export` makes an archive of 5,000 pages of about 20 KB, and one of 40,000, exports
//! them, and prints megabytes of payload a second of processor time and of the clock, and the most memory
//! that was held. Needs Linux for `/proc`, and 3 GB of room for temporary files.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures by the clock")]

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gongkai::archive::segment::Appender;
use gongkai::archive::{Context, Gzip, WarcInfo, encode};
use gongkai::clock::Moment;
use gongkai::db::Db;
use gongkai::digest::Digest;
use gongkai::exchange::{Ending, Exchange, Response};
use rusqlite::{Connection, params};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How often a process's memory is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// Clock ticks of `/proc` a second, on every Linux that runs Rust.
const TICKS: f64 = 100.0;

fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    say("format   pages   MB of payload   MB/s of a core   MB/s by the clock   peak MiB")?;
    for pages in [5_000, 40_000] {
        let dir = folder.path().join(pages.to_string());
        let payload = archive(&dir, pages)?;
        for format in ["warc", "wacz", "files"] {
            let out = dir.join(format);
            let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
            command.args(["-q", "export", format, "--out"]).arg(&out).current_dir(&dir);
            let taken = run(&mut command)?;
            let megabytes = f64::from(u32::try_from(payload / 1_000)?) / 1_000.0;
            say(&format!(
                "{format:<6} {pages:>7} {megabytes:>15.0} {:>16.0} {:>19.0} {:>10}",
                megabytes / taken.processor,
                megabytes / taken.seconds,
                taken.peak_kib / 1_024
            ))?;
            if out.is_dir() { fs::remove_dir_all(out)? } else { fs::remove_file(out)? }
        }
    }
    Ok(())
}

/// Makes an archive of so many pages; the bytes of their payloads.
fn archive(dir: &Path, pages: u32) -> Outcome<u64> {
    let archive = dir.join("archive");
    fs::create_dir_all(&archive)?;
    fs::write(dir.join("config.toml"), "[identity]\ncontact = \"bench@gongkai.example\"\n")?;
    drop(Db::open(&archive.join("gongkai.db"))?);
    let rows = Connection::open(archive.join("gongkai.db"))?;
    rows.execute_batch(
        "BEGIN; INSERT INTO hosts (id, name) VALUES (1, 'www.qingshan.example');
         INSERT INTO seeds (id, name, source) VALUES (1, 'qingshan', 'bench');
         INSERT INTO runs (id, started_at, software) VALUES (1, 0, 'bench');
         INSERT INTO segments (id, name, length, sealed) VALUES (1, '', 0, 1);",
    )?;
    let info = WarcInfo {
        software: "bench".to_owned(),
        contact: "bench@gongkai.example".to_owned(),
        robots: "none".to_owned(),
        configuration: String::new(),
        run: String::new(),
    };
    let mut appender = Appender::new(&archive.join("warc"), "w0", info, u64::MAX)?;
    let (mut gzip, mut bytes) = (Gzip::new(), 0);
    for number in 1..=pages {
        let exchange = exchange(number)?;
        let encoded = encode(&exchange, &Context::default(), &mut gzip);
        let placed = appender.append(&encoded, exchange.started)?;
        let digest = encoded.recorded.payload.unwrap_or_else(|| Digest::of(b""));
        bytes += encoded.recorded.payload_length;
        rows.execute(
            "INSERT INTO urls (id, hash, url, host_id, seed_id, depth, score, score_why, rank, state, found_at)
             VALUES (?1, ?1, ?2, 1, 1, 0, 0, '', 0, 2, 0)",
            params![number, exchange.url.as_str()],
        )?;
        rows.execute(
            "INSERT INTO payloads (id, digest, length, capture_id) VALUES (?1, ?2, ?3, ?1)",
            params![number, digest.as_bytes(), i64::try_from(encoded.recorded.payload_length)?],
        )?;
        rows.execute(
            "INSERT INTO captures (id, url_id, run_id, at, kind, status, mime, payload_id, segment_id, offset,
                 length, record_id, elapsed_ms)
             VALUES (?1, ?1, 1, ?2, 'response', 200, 'text/html', ?1, 1, ?3, ?4, ?5, 1)",
            params![
                number,
                exchange.started.as_millis(),
                i64::try_from(placed.offset)?,
                i64::try_from(placed.length)?,
                encoded.recorded.record_id
            ],
        )?;
    }
    let sealed = appender.seal()?.ok_or("nothing was written")?;
    rows.execute(
        "UPDATE segments SET name = ?1, length = ?2",
        params![sealed.name, i64::try_from(sealed.length)?],
    )?;
    rows.execute_batch("COMMIT")?;
    Ok(bytes)
}

fn exchange(number: u32) -> Outcome<Exchange> {
    let payload = page(number).into_bytes();
    let started = Moment::from_millis(1_769_847_330_000 + i64::from(number) * 2_000);
    Ok(Exchange {
        url: url::Url::parse(&format!("http://www.qingshan.example/art/{number}.html"))?,
        started,
        elapsed: Duration::from_millis(9),
        address: None,
        request: b"GET / HTTP/1.1\r\nHost: www.qingshan.example\r\n\r\n".to_vec(),
        ending: Ending::Answered(Response {
            protocol: "HTTP/1.1",
            status: 200,
            reason: b"OK".to_vec(),
            fields: vec![("content-type".to_owned(), b"text/html; charset=utf-8".to_vec())],
            wire_length: payload.len() as u64,
            payload,
            coding: None,
            truncated: None,
        }),
    })
}

/// A page of about 20 KB, no two the same.
fn page(number: u32) -> String {
    const SENTENCES: [&str; 4] = [
        "会议听取了前一阶段的进展情况，研究了下一步的安排。",
        "工作人员逐项核对清单，明确了完成的时间和责任。",
        "沿线的标志牌已经更换完毕，居民表示满意。",
        "负责人介绍，服务窗口将延长开放的时间。",
    ];
    let mut html = format!("<html><head><title>第{number}号文章</title></head><body>");
    let mut seed = number;
    while html.len() < 20_000 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let which = usize::try_from(seed >> 30).unwrap_or_default();
        let sentence = SENTENCES.get(which).copied().unwrap_or_default();
        html.push_str(&format!("<p>{sentence}（{}）</p>\n", seed >> 8));
    }
    html.push_str("</body></html>");
    html
}

struct Taken {
    seconds: f64,
    processor: f64,
    peak_kib: u64,
}

/// Runs a command to its end; its time, its processor time and the most memory that it held.
fn run(command: &mut Command) -> Outcome<Taken> {
    let before = processor_of_children()?;
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let mut peak_kib = 0;
    let status = loop {
        peak_kib = peak_kib.max(peak_kib_of(child.id()).unwrap_or_default());
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(LOOK);
    };
    if !status.success() {
        return Err(format!("{command:?} failed").into());
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(Taken { seconds, processor: processor_of_children()? - before, peak_kib })
}

/// Seconds of processor time of all children that have ended.
fn processor_of_children() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name in brackets may hold blanks; what follows it does not.
    let after = stat.rsplit_once(") ").ok_or("a stat without a name")?.1;
    let fields: Vec<&str> = after.split(' ').collect();
    let ticks =
        |index: usize| -> Outcome<f64> { Ok(fields.get(index).ok_or("a short stat")?.parse()?) };
    Ok((ticks(13)? + ticks(14)?) / TICKS)
}

fn peak_kib_of(process: u32) -> Option<u64> {
    let status = fs::read_to_string(PathBuf::from(format!("/proc/{process}/status"))).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn say(line: &str) -> Outcome<()> {
    writeln!(io::stdout(), "{line}")?;
    Ok(())
}
