//! The whole crawl against `wget --recursive --warc-file`, on loopback, turn about.
//!
//! `cargo bench --bench against_wget` serves 20 hosts of 200 pages of about 20 KB from a process of
//! its own, lets both fetch them all into an empty folder, three times each, and prints time and
//! processor time a page and the most memory held; then the same crawl with a million URLs more in
//! the frontier. Needs `wget`, and Linux for `/proc`.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use gongkai::canonical::CanonicalUrl;
use gongkai::clock;
use gongkai::db::Db;
use gongkai::frontier::Found;

use support::child::{Taken, median, watch};
use support::site::{NO_PACE, Site, address};
use support::{Outcome, say};

const SITE: Site = Site { hosts: 20, pages: 200, bytes: 20_000, reports: false };
const ROUNDS: u32 = 3;
const WAITING: u32 = 1_000_000;

/// What one crawl took, and its pages.
type Crawl = (Taken, u32);

fn main() -> Outcome<()> {
    if let Some(site) = Site::asked_for()? {
        return site.serve();
    }
    let folder = tempfile::tempdir()?;
    SITE.served(|port| compare(folder.path(), port))
}

fn compare(folder: &Path, port: &str) -> Outcome<()> {
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        say(&format!("round {}", round + 1))?;
        theirs.push(wget(&folder.join(format!("wget-{round}")), port)?);
        ours.push(gongkai(&folder.join(format!("gongkai-{round}")), port, 0)?);
    }
    let middle = |runs: &[Crawl]| median(runs, |run| run.0);
    let (wget, gongkai) = (middle(&theirs)?, middle(&ours)?);
    let crowded = self::gongkai(&folder.join("crowded"), port, WAITING)?;
    say("\n                             pages   pages/s   ms of processor a page   peak MiB")?;
    for (name, run) in
        [("wget", wget), ("gongkai", gongkai), ("gongkai, 1,000,000 waiting", crowded)]
    {
        say(&format!(
            "{name:<27} {:>6} {:>9.0} {:>24.3} {:>10.0}",
            run.1,
            rate(run),
            each(run) * 1_000.0,
            run.0.peak_mib
        ))?;
    }
    say(&format!(
        "\ngongkai to wget: {:.2} of the processor time a page, {:.2} times the pages a second",
        each(gongkai) / each(wget),
        rate(gongkai) / rate(wget)
    ))
}

/// Seconds of the processor a page.
fn each((taken, pages): Crawl) -> f64 {
    taken.processor / f64::from(pages)
}

/// Pages a second.
fn rate((taken, pages): Crawl) -> f64 {
    f64::from(pages) / taken.seconds
}

fn wget(dir: &Path, port: &str) -> Outcome<Crawl> {
    fs::create_dir_all(dir)?;
    let mut command = Command::new("wget");
    command
        .args(["--recursive", "--level=inf", "--quiet", "--no-proxy", "--warc-file=archive"])
        .args(SITE.urls(port))
        .current_dir(dir);
    // It calls it a failure that there is no robots.txt.
    let (taken, _) = watch(&mut command)?;
    let pages = fs::read_dir(dir)?
        .filter_map(Result::ok)
        .filter_map(|entry| fs::read_dir(entry.path()).ok())
        .flatten()
        .count();
    Ok((taken, u32::try_from(pages)?))
}

fn gongkai(dir: &Path, port: &str, waiting: u32) -> Outcome<Crawl> {
    SITE.lay_out(dir, port, NO_PACE)?;
    if waiting > 0 {
        crowd(dir, port, waiting)?;
    }
    SITE.crawl(dir)
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
            let host = address(u16::try_from(number % u32::from(SITE.hosts))?);
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
