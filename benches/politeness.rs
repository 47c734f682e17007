//! How well a crawl keeps time, on loopback: how much later than allowed its requests go out, what scheduling costs,
//! and how close the whole comes to the least time that politeness leaves.
//!
//! `cargo bench --bench politeness` serves hosts, each at an address of its own, from a process of its own, and
//! crawls them three times. Linux alone has so many addresses on loopback.

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;

use support::child::{Taken, median};
use support::site::{LOG, Site};
use support::{Outcome, float, say};

struct Case {
    site: Site,
    delay_ms: u32,
}

/// As many hosts as are to be kept in time, and the whole crawl against the ideal.
const CASES: [Case; 2] = [
    Case { site: Site { hosts: 500, pages: 19, bytes: 8_000, reports: false }, delay_ms: 1_000 },
    Case { site: Site { hosts: 300, pages: 39, bytes: 8_000, reports: false }, delay_ms: 200 },
];

const ROUNDS: u32 = 3;

/// What one crawl took, and what it says of its time.
#[derive(Clone, Copy)]
struct Crawl {
    taken: Taken,
    requests: u64,
    late_median_ms: u64,
    late_99_ms: u64,
    scheduling_us: u64,
}

fn main() -> Outcome<()> {
    if let Some(site) = Site::asked_for()? {
        return site.serve();
    }
    let folder = tempfile::tempdir()?;
    for (number, case) in CASES.iter().enumerate() {
        let crawls = case.site.served(|port| {
            let dir = |round| folder.path().join(format!("{number}-{round}"));
            (0..ROUNDS).map(|round| case.crawl(&dir(round), port)).collect::<Outcome<Vec<_>>>()
        })?;
        case.tell(&crawls)?;
    }
    Ok(())
}

impl Case {
    fn crawl(&self, dir: &Path, port: &str) -> Outcome<Crawl> {
        let delay = self.delay_ms;
        let politeness =
            format!("delay = \"{delay}ms\"\ndelay_factor = 1\nconcurrent_hosts = 1000\n");
        self.site.lay_out(dir, port, Some(&politeness))?;
        let (taken, pages) = self.site.crawl(dir)?;
        if pages != self.site.count() {
            return Err(format!("{pages} pages came, {} were expected", self.site.count()).into());
        }
        let log = fs::read_to_string(dir.join(LOG))?;
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let kept = lines
            .map(|line| line.get("fields").cloned().unwrap_or(line))
            .find(|fields| fields.get("message").and_then(Value::as_str) == Some("kept time"))
            .ok_or("the log does not say how it kept time")?;
        let of = |name: &str| {
            let number = kept.get(name).map(|number| number.to_string().trim_matches('"').parse());
            number.ok_or(format!("the log does not say {name}"))
        };
        Ok(Crawl {
            taken,
            requests: of("requests")??,
            late_median_ms: of("late_median_ms")??,
            late_99_ms: of("late_99_ms")??,
            scheduling_us: of("scheduling_us_each")??,
        })
    }

    fn tell(&self, crawls: &[Crawl]) -> Outcome<()> {
        let Site { hosts, pages, .. } = self.site;
        let (pages, delay) = (pages + 1, self.delay_ms);
        // What politeness leaves: the pages of a host, one after the other, each after its delay.
        let ideal = f64::from(pages) * f64::from(delay) / 1_000.0;
        say(&format!("{hosts} hosts of {pages} pages, {delay} ms apart, at best in {ideal} s"))?;
        say(
            "requests   late: median   of 99 %   scheduling, each   seconds   to the best   processor, each   peak",
        )?;
        let middle = median(crawls, |crawl| crawl.taken)?;
        for crawl in crawls.iter().chain([&middle]) {
            let Taken { seconds, processor, peak_mib } = crawl.taken;
            say(&format!(
                "{:>8} {:>11} ms {:>6} ms {:>15} us {seconds:>9.2} {:>13.3} {:>14.3} ms {peak_mib:>4.0} MiB",
                crawl.requests,
                crawl.late_median_ms,
                crawl.late_99_ms,
                crawl.scheduling_us,
                seconds / ideal,
                processor * 1_000.0 / float(crawl.requests),
            ))?;
        }
        say("(the last line is the run in the middle)\n")
    }
}
