//! The whole crawl against `wget --recursive --warc-file`, on loopback, turn about.
//!
//! `cargo bench --bench against_wget` serves 20 hosts of 200 pages of about 20 KB from a process of
//! its own, lets both fetch them all into an empty folder, three times each, and prints time and
//! processor time a page and the most memory held; then the same crawl with a million URLs more in
//! the frontier. Needs `wget`, and Linux for `/proc`.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures by the clock")]

use std::convert::Infallible;
use std::error::Error;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gongkai::canonical::CanonicalUrl;
use gongkai::clock;
use gongkai::db::Db;
use gongkai::frontier::Found;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

type Outcome<T> = Result<T, Box<dyn Error>>;

const HOSTS: u8 = 20;
const PAGES: u32 = 200;
const ROUNDS: u32 = 3;
const WAITING: u32 = 1_000_000;

/// Links on each page.
const LINKS: u32 = 60;

/// How often a process's memory is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Clock ticks of `/proc` a second, on every Linux that runs Rust.
const TICKS: f64 = 100.0;

fn main() -> Outcome<()> {
    match std::env::args().nth(1).as_deref() {
        Some("--serve") => serve(),
        // What `cargo bench` passes on.
        _ => measure(),
    }
}

/// What one run took.
#[derive(Clone, Copy, Default)]
struct Taken {
    seconds: f64,
    processor: f64,
    peak_kib: u64,
    pages: u32,
}

fn measure() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let mut server =
        Command::new(std::env::current_exe()?).arg("--serve").stdout(Stdio::piped()).spawn()?;
    let port = first_line(&mut server)?;
    let result = compare(folder.path(), &port);
    server.kill()?;
    server.wait()?;
    result
}

fn compare(folder: &Path, port: &str) -> Outcome<()> {
    let mut all = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        say(&format!("round {}", round + 1))?;
        all[0].push(wget(&folder.join(format!("wget-{round}")), port)?);
        all[1].push(gongkai(&folder.join(format!("gongkai-{round}")), port, 0)?);
    }
    let [wget, gongkai] = all.map(|runs| median(&runs));
    let crowded = self::gongkai(&folder.join("crowded"), port, WAITING)?;
    say("\n                             pages   pages/s   ms of processor a page   peak MiB")?;
    for (name, taken) in
        [("wget", wget), ("gongkai", gongkai), ("gongkai, 1,000,000 waiting", crowded)]
    {
        let pages = f64::from(taken.pages);
        say(&format!(
            "{name:<27} {:>6} {:>9.0} {:>24.3} {:>10.0}",
            taken.pages,
            pages / taken.seconds,
            taken.processor * 1000.0 / pages,
            kib_to_mib(taken.peak_kib)
        ))?;
    }
    let each = |taken: Taken| taken.processor / f64::from(taken.pages);
    let rate = |taken: Taken| f64::from(taken.pages) / taken.seconds;
    say(&format!(
        "\ngongkai to wget: {:.2} of the processor time a page, {:.2} times the pages a second",
        each(gongkai) / each(wget),
        rate(gongkai) / rate(wget)
    ))
}

fn kib_to_mib(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0
}

fn median(runs: &[Taken]) -> Taken {
    let mut runs = runs.to_vec();
    runs.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    runs.get(runs.len() / 2).copied().unwrap_or_default()
}

fn urls(port: &str) -> Vec<String> {
    (0..HOSTS).map(|host| format!("http://{}:{port}/", address(host))).collect()
}

fn address(host: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, 10 + host)
}

fn wget(dir: &Path, port: &str) -> Outcome<Taken> {
    fs::create_dir_all(dir)?;
    let mut command = Command::new("wget");
    command
        .args(["--recursive", "--level=inf", "--quiet", "--no-proxy", "--warc-file=archive"])
        .args(urls(port))
        .current_dir(dir);
    let taken = run(&mut command)?;
    let pages = fs::read_dir(dir)?
        .filter_map(Result::ok)
        .filter_map(|entry| fs::read_dir(entry.path()).ok())
        .flatten()
        .count();
    Ok(Taken { pages: u32::try_from(pages)?, ..taken })
}

fn gongkai(dir: &Path, port: &str, waiting: u32) -> Outcome<Taken> {
    fs::create_dir_all(dir.join("seeds"))?;
    fs::write(dir.join("seeds/hosts.txt"), urls(port).join("\n"))?;
    let config = "[identity]\ncontact = \"bench@gongkai.example\"\n[politeness]\ndelay = \"0s\"\n\
        delay_factor = 0\nper_host_connections = 8\n[scope]\nmax_pages_per_host = 1000000\n\
        [network]\nallow_private = [\"127.0.0.0/8\"]\n";
    fs::write(dir.join("config.toml"), config)?;
    if waiting > 0 {
        crowd(dir, port, waiting)?;
    }
    let pages = u32::from(HOSTS) * (PAGES + 1);
    let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
    command.args(["--quiet", "crawl", "--max-pages", &pages.to_string()]).current_dir(dir);
    let taken = run(&mut command)?;
    let db = Db::open_read_only(&dir.join("archive/gongkai.db"))?;
    let run = db.status(0)?.runs.first().map_or(0, |run| run.pages);
    Ok(Taken { pages: u32::try_from(run)?, ..taken })
}

/// Fills a frontier: URLs that come after all others.
fn crowd(dir: &Path, port: &str, waiting: u32) -> Outcome<()> {
    say(&format!("filling a frontier with {waiting} URLs"))?;
    fs::create_dir_all(dir.join("archive"))?;
    let mut db = Db::open(&dir.join("archive/gongkai.db"))?;
    let now = clock::now();
    for batch in 0..waiting / 10_000 {
        let tx = db.begin()?;
        for number in 0..10_000 {
            let host = address(u8::try_from(number % u32::from(HOSTS))?);
            let text = format!("http://{host}:{port}/late/{}.html", batch * 10_000 + number);
            let spelling = url::Url::parse(&text)?;
            let found = Found {
                url: CanonicalUrl::new(&spelling)?,
                spelling,
                seed: host.to_string(),
                depth: 9,
                redirects: 0,
                score: 0,
                why: "nothing speaks for it",
                excluded: None,
            };
            tx.admit(&found, None, u64::MAX, now)?;
        }
        tx.commit()?;
    }
    Ok(())
}

/// Runs a command to its end; its time, its processor time and the most memory that it held.
fn run(command: &mut Command) -> Outcome<Taken> {
    let before = processor_of_children()?;
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).spawn()?;
    let mut peak_kib = 0;
    loop {
        if let Some(peak) = peak_kib_of(child.id()) {
            peak_kib = peak_kib.max(peak);
        }
        if child.try_wait()?.is_some() {
            break;
        }
        std::thread::sleep(LOOK);
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(Taken { seconds, processor: processor_of_children()? - before, peak_kib, pages: 0 })
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

fn first_line(child: &mut Child) -> Outcome<String> {
    let output = child.stdout.take().ok_or("the server has no output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

fn say(line: &str) -> Outcome<()> {
    writeln!(io::stdout(), "{line}")?;
    Ok(())
}

/// The server: every page is made once, before the first request.
#[tokio::main(flavor = "current_thread")]
async fn serve() -> Outcome<()> {
    let mut port = 0;
    let pages: &'static [Bytes] = Vec::leak((0..=PAGES).map(page).collect());
    let mut listening = Vec::new();
    for host in 0..HOSTS {
        let listener =
            tokio::net::TcpListener::bind(SocketAddr::from((address(host), port))).await?;
        port = listener.local_addr()?.port();
        listening.push(tokio::spawn(accept(listener, host, pages)));
    }
    say(&port.to_string())?;
    for one in listening {
        one.await?;
    }
    Ok(())
}

async fn accept(listener: tokio::net::TcpListener, host: u8, pages: &'static [Bytes]) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = service_fn(move |request: Request<Incoming>| async move {
            Ok::<_, Infallible>(answer(request.uri().path(), host, pages))
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn answer(path: &str, host: u8, pages: &[Bytes]) -> Response<Full<Bytes>> {
    let number = path.trim_start_matches("/p").trim_end_matches(".html");
    let index = if path == "/" { Some(0) } else { number.parse::<usize>().ok() };
    let Some(page) = index.and_then(|index| pages.get(index)) else {
        let mut missing = Response::new(Full::new(Bytes::from_static(b"none")));
        *missing.status_mut() = hyper::StatusCode::NOT_FOUND;
        return missing;
    };
    // Each host says its own number, so that no two pages are the same.
    let head = format!("<!-- {} {path} -->", address(host));
    let mut response = Response::new(Full::new([head.as_bytes(), page].concat().into()));
    let html = hyper::header::HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, html);
    response
}

/// A page of about 20 KB, in the likeness of an article: a navigation, paragraphs, a foot.
fn page(number: u32) -> Bytes {
    const SENTENCES: [&str; 6] = [
        "会议听取了前一阶段的进展情况，研究了下一步的安排。",
        "工作人员逐项核对清单，明确了完成的时间和责任。",
        "沿线的标志牌已经更换完毕，居民表示满意。",
        "负责人介绍，服务窗口将延长开放的时间。",
        "各单位要把小事办好，把实事办实。",
        "活动现场秩序良好，志愿者准备了热茶。",
    ];
    let mut html = format!("<html><head><title>第{number}号文章</title></head><body><ul>");
    for step in 1..=LINKS {
        let target = (number + step * step) % (PAGES + 1);
        html.push_str(&format!(
            "<li><a href=\"/p{target}.html\" title=\"第{target}号文章\">第{target}号文章</a></li>\n"
        ));
    }
    html.push_str("</ul><div id=\"zoom\">");
    let mut seed = number;
    while html.len() < 20_000 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let sentence =
            SENTENCES.iter().cycle().nth(usize::try_from(seed >> 28).unwrap_or_default());
        html.push_str(&format!("<p>{}（{}）</p>\n", sentence.unwrap_or(&""), seed >> 8));
    }
    html.push_str(
        "</div><div>政府网站标识码：9901000001 <a href=\"/\">首页</a></div></body></html>",
    );
    html.into()
}
