//! How well a crawl keeps time, on loopback: how much later than allowed its requests go out, what scheduling costs,
//! and how close the whole comes to the least time that politeness leaves.
//!
//! `cargo bench --bench politeness` serves hosts, each at an address of its own, from a process of its own. Linux
//! alone has so many addresses on loopback.

mod support;

use std::fs::{self, File};
use std::path::Path;

use serde_json::Value;

use support::child::{Taken, run};
use support::site::{Site, gongkai};
use support::{Outcome, float, say};

/// One crawl.
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

fn main() -> Outcome<()> {
    if let Some(site) = Site::asked_for()? {
        return site.serve();
    }
    say(
        "hosts   pages   delay ms   requests   late: median ms   99 % ms   scheduling us   seconds   to the ideal   peak MiB",
    )?;
    let folder = tempfile::tempdir()?;
    for (number, case) in CASES.iter().enumerate() {
        case.site.served(|port| {
            for round in 0..ROUNDS {
                case.crawl(&folder.path().join(format!("{number}-{round}")), port)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

impl Case {
    fn crawl(&self, dir: &Path, port: &str) -> Outcome<()> {
        let politeness =
            format!("delay = \"{}ms\"\ndelay_factor = 1\nconcurrent_hosts = 1000\n", self.delay_ms);
        self.site.lay_out(dir, port, &politeness)?;
        let log = dir.join("log");
        let mut command = gongkai(dir);
        command.args(["--log-format", "json", "crawl"]).stderr(File::create(&log)?);
        let taken = run(&mut command)?;
        let log = fs::read_to_string(log)?;
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let kept = lines
            .map(|line| line.get("fields").cloned().unwrap_or(line))
            .find(|fields| fields.get("message").and_then(Value::as_str) == Some("kept time"))
            .ok_or("the log does not say how it kept time")?;
        self.tell(&kept, taken)
    }

    fn tell(&self, kept: &Value, taken: Taken) -> Outcome<()> {
        let of = |name: &str| kept.get(name).and_then(Value::as_u64).unwrap_or_default();
        let pages = self.site.pages + 1;
        // What politeness leaves: the pages of a host, one after the other, each after its delay.
        let ideal = f64::from(pages) * f64::from(self.delay_ms) / 1_000.0;
        say(&format!(
            "{:>5} {pages:>7} {:>10} {:>10} {:>17} {:>9} {:>15} {:>9.2} {:>14.3} {:>10.0}",
            self.site.hosts,
            self.delay_ms,
            of("requests"),
            of("late_median_ms"),
            of("late_99_ms"),
            float(of("scheduling_us_each")),
            taken.seconds,
            taken.seconds / ideal,
            taken.peak_mib
        ))
    }
}
