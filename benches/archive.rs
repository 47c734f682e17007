//! How fast an archive is read, indexed and exported, what memory that takes, and what a capture takes on
//! the disk.
//!
//! `cargo bench --bench archive` crawls 20 made-up portals of 500 pages of 20 KB, one in ten of them a
//! report, and measures on that archive each command that reads it whole, a process each, the median of
//! three; then on an archive four times as large, to see how the memory grows. Then it crawls pages of
//! 20, 60 and 200 KB, and compares the bytes of their WARC files with what `gzip -6` makes of the payloads
//! alone. Needs Linux for `/proc`, and 1 GB of room for temporary files.

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use gongkai::archive::format;
use gongkai::archive::read::{Found, Records};
use gongkai::db::Db;

use support::child::{Taken, median, run};
use support::site::{NO_PACE, Site, gongkai};
use support::{Outcome, float, say};

const SITE: Site = Site { hosts: 20, pages: 500, bytes: 20_000, reports: true };
const LARGE: Site = Site { hosts: 80, ..SITE };

/// Sites of pages of these bytes, to be weighed.
const WEIGHED: [usize; 3] = [20_000, 60_000, 200_000];
const WEIGHED_PAGES: u32 = 50;

const ROUNDS: u32 = 3;

/// Records of an exchange: the response, the request, the metadata.
const RECORDS: u64 = 3;

const COMMANDS: [&[&str]; 7] = [
    &["verify"],
    &["audit"],
    &["rebuild"],
    &["export", "warc"],
    &["export", "wacz"],
    &["export", "files"],
    &["export", "csv"],
];

/// Those whose memory might grow with the archive.
const GROWING: usize = 4;

fn main() -> Outcome<()> {
    if let Some(site) = Site::asked_for()? {
        return site.serve();
    }
    let folder = tempfile::tempdir()?;
    speed(&folder.path().join("small"), SITE, &COMMANDS)?;
    speed(&folder.path().join("large"), LARGE, COMMANDS.get(..GROWING).unwrap_or_default())?;
    let mut columns = Vec::new();
    for bytes in WEIGHED {
        let site = Site { pages: WEIGHED_PAGES, bytes, ..SITE };
        let dir = folder.path().join(bytes.to_string());
        crawl(&dir, site)?;
        columns.push(Weighed::archive(&dir.join("archive"))?);
    }
    weights(&columns)
}

/// Crawls a site whole.
fn crawl(dir: &Path, site: Site) -> Outcome<()> {
    let pages = site.served(|port| {
        site.lay_out(dir, port, NO_PACE)?;
        Ok(site.crawl(dir)?.1)
    })?;
    if pages < site.count() {
        return Err(format!("of {} pages {pages} were crawled", site.count()).into());
    }
    Ok(())
}

/// Crawls a site, and prints what each command takes on its archive.
fn speed(dir: &Path, site: Site, commands: &[&[&str]]) -> Outcome<()> {
    crawl(dir, site)?;
    let status = Db::open_read_only(&dir.join("archive/gongkai.db"))?.status(0)?;
    let kept = status.archive;
    let megabytes = float(kept.payload_bytes) / 1e6;
    say(&format!(
        "{} captures, payloads of {megabytes:.0} MB, {} reports; WARC files of {:.0} MB\n\n\
         command        seconds   of processor   MB/s of processor   MB/s by the clock   captures/s   records/s   peak MiB",
        kept.captures,
        status.reports.iter().map(|year| year.count).sum::<u64>(),
        float(kept.segment_bytes) / 1e6,
    ))?;
    for command in commands {
        let mut runs = Vec::new();
        for _ in 0..ROUNDS {
            runs.push(measured(dir, command)?);
        }
        let taken = median(&runs, |run| *run)?;
        say(&format!(
            "{:<13} {:>8.2} {:>14.2} {:>19.0} {:>19.0} {:>12.0} {:>11.0} {:>10.0}",
            command.join(" "),
            taken.seconds,
            taken.processor,
            megabytes / taken.processor,
            megabytes / taken.seconds,
            float(kept.captures) / taken.seconds,
            float(kept.captures * RECORDS) / taken.seconds,
            taken.peak_mib
        ))?;
    }
    say("")
}

/// One run of a command; what it leaves is thrown away, so that each run finds the same.
fn measured(dir: &Path, words: &[&str]) -> Outcome<Taken> {
    let out = dir.join("out");
    let mut command = gongkai(dir);
    command.arg("--quiet");
    command.args(words);
    if words.first() == Some(&"export") {
        command.arg("--out").arg(&out);
    }
    let taken = run(&mut command)?;
    if out.is_dir() {
        fs::remove_dir_all(out)?;
    } else if out.exists() {
        fs::remove_file(out)?;
    }
    Ok(taken)
}

/// The bytes of an archive's WARC files by what they hold, and what `gzip -6` makes of parts of it.
#[derive(Default)]
struct Weighed {
    captures: u64,
    payloads: u64,
    on_disk: u64,
    responses: u64,
    requests: u64,
    metadata: u64,
    payloads_packed: u64,
    messages_packed: u64,
    responses_packed: u64,
    records_packed: u64,
}

impl Weighed {
    fn archive(archive: &Path) -> Outcome<Self> {
        let mut weighed = Self::default();
        for (name, length) in format::sealed(archive)? {
            let path = format::find_segment(archive, &name);
            weighed.on_disk += length;
            weighed.file(&path)?;
        }
        Ok(weighed)
    }

    fn file(&mut self, path: &PathBuf) -> Outcome<()> {
        let bytes = fs::read(path)?;
        for found in Records::open(path)? {
            let Found { offset, length, record } = found?;
            let (from, to) = (usize::try_from(offset)?, usize::try_from(offset + length)?);
            let member = bytes.get(from..to).ok_or("a record beyond the end of its file")?;
            let mut whole = Vec::new();
            GzDecoder::new(member).read_to_end(&mut whole)?;
            let packed = packed(&whole)?;
            self.records_packed += packed;
            match record.kind() {
                // Every exchange sent one request, whatever came of it.
                "request" => {
                    self.captures += 1;
                    self.requests += length;
                }
                "metadata" => self.metadata += length,
                "response" => {
                    self.responses += length;
                    self.responses_packed += packed;
                    self.payloads += record.payload().len() as u64;
                    self.payloads_packed += self::packed(record.payload())?;
                    self.messages_packed += self::packed(record.block())?;
                }
                // What heads the file, and revisits of the few bytes of a missing robots.txt.
                _ => {}
            }
        }
        Ok(())
    }

    fn others(&self) -> u64 {
        self.on_disk - self.responses - self.requests - self.metadata
    }
}

/// The length of these bytes as `gzip -6` packs them.
fn packed(bytes: &[u8]) -> Outcome<u64> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::new(6));
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?.len() as u64)
}

fn weights(columns: &[Weighed]) -> Outcome<()> {
    let row = |label: &str, cell: &dyn Fn(&Weighed) -> String| {
        let mut line = format!("{label:<46}");
        for column in columns {
            line.push_str(&format!("{:>10}", cell(column)));
        }
        say(&line)
    };
    let each = |label: &str, part: &dyn Fn(&Weighed) -> u64| {
        row(label, &|column| format!("{:.0}", float(part(column)) / float(column.captures)))
    };
    let times = |label: &str, part: &dyn Fn(&Weighed) -> u64| {
        row(label, &|column| format!("{:.3}", float(column.on_disk) / float(part(column))))
    };
    row("captures", &|column| column.captures.to_string())?;
    each("bytes of payload a capture", &|column| column.payloads)?;
    each("bytes on disk a capture", &|column| column.on_disk)?;
    each("  its response", &|column| column.responses)?;
    each("  its request", &|column| column.requests)?;
    each("  its metadata", &|column| column.metadata)?;
    each("  the rest: what heads a file, revisits", &Weighed::others)?;
    each("gzip -6 of each payload alone", &|column| column.payloads_packed)?;
    each("  of each payload with its HTTP head", &|column| column.messages_packed)?;
    each("  of each response record, WARC head and all", &|column| column.responses_packed)?;
    each("  of each record", &|column| column.records_packed)?;
    times("on disk to gzip -6 of the payloads", &|column| column.payloads_packed)?;
    times("  with their HTTP heads", &|column| column.messages_packed)?;
    times("  of the response records", &|column| column.responses_packed)?;
    times("  of all records", &|column| column.records_packed)
}
