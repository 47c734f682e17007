//! `gongkai status`

use std::path::Path;
use std::time::Duration;

use super::exit::{Exit, Failure};
use super::output::{Output, count, size, table};
use super::{open, seeds};
use crate::canonical::HostKey;
use crate::clock::{self, Moment};
use crate::config::units::Hours;
use crate::config::{Config, units};
use crate::db::status::{HostStatus, RunStatus, Status};
use crate::seeds::Seeds;
use crate::stops::Stops;

/// So many hosts fit on one screen.
const HOSTS: usize = 12;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One JSON object, with every host.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, config: &Config, output: &mut Output) -> Result<Exit, Failure> {
    let db = open(config)?;
    let hosts = if args.json { usize::MAX } else { HOSTS };
    let status = db.status(hosts).map_err(Failure::failed)?;
    if args.json {
        output.json(&status)?;
    } else {
        output.line(screen(&status, &Outlook::now(config)?))?;
    }
    Ok(Exit::Done)
}

/// What keeps hosts from being asked, beside their own rows: the stops, the hours, the seeds.
#[derive(Debug)]
pub(super) struct Outlook<'a> {
    config: &'a Config,
    stops: Stops,
    /// None where they cannot be read.
    pub(super) seeds: Option<Seeds>,
    pub(super) now: Moment,
}

impl<'a> Outlook<'a> {
    /// As the files and the clock stand.
    ///
    /// # Errors
    /// When a list of stops cannot be read.
    pub(super) fn now(config: &'a Config) -> Result<Self, Failure> {
        let stops = Stops::read(&config.stops).map_err(Failure::failed)?;
        let seeds = seeds::gather(&[], config).ok().map(|reading| Seeds::new(reading.seeds));
        Ok(Self { config, stops, seeds, now: clock::now() })
    }

    /// The stop file, where it is there.
    pub(super) fn stop_file(&self) -> Option<&Path> {
        self.stops.file().filter(|_| self.stops.is_stopped())
    }

    /// When `politeness.hours` open, and which these are, where they are closed at `at`.
    pub(super) fn closed_at(&self, at: Moment) -> Option<(Moment, &Hours)> {
        let hours = self.config.politeness.hours.as_ref().filter(|hours| !hours.contains(at))?;
        Some((hours.opens_after(at), hours))
    }

    /// Why no host at all is asked now.
    fn nothing_is_asked(&self) -> Option<String> {
        let stopped =
            self.stop_file().map(|file| format!("Nothing is asked: {} is there", file.display()));
        stopped.or_else(|| {
            let (until, hours) = self.closed_at(self.now)?;
            Some(format!("Nothing is asked until {until} (politeness.hours: {hours})"))
        })
    }

    /// The line of a list that names a host.
    pub(super) fn listed(&self, host: &str) -> Option<String> {
        self.stops.why(&HostKey::from(host.to_owned()))
    }

    /// Whether there are seeds, and none holds a host.
    pub(super) fn has_no_seed(&self, host: &str) -> bool {
        let key = HostKey::from(host.to_owned());
        self.seeds.as_ref().is_some_and(|seeds| !seeds.has_host(&key))
    }
}

fn screen(status: &Status, outlook: &Outlook<'_>) -> String {
    let archive = &status.archive;
    let reports: u64 = status.reports.iter().map(|year| year.count).sum();
    let years: Vec<String> = status
        .reports
        .iter()
        .map(|year| {
            let name = year.year.map_or_else(|| "?".to_owned(), |year| year.to_string());
            format!("{name}: {}", year.count)
        })
        .collect();
    let years = if years.is_empty() { String::new() } else { format!(" ({})", years.join(", ")) };
    let mut parts: Vec<String> =
        outlook.nothing_is_asked().into_iter().map(|why| format!("{why}\n")).collect();
    parts.extend([
        format!(
            "Archive   {}, {} of {}, {} of {}",
            count(archive.captures, "capture"),
            count(archive.payloads, "payload"),
            size(archive.payload_bytes),
            count(archive.segments, "WARC file"),
            size(archive.segment_bytes)
        ),
        format!("Reports   {reports}{years}"),
        format!("\nURLs\n{}", table(&url_rows(status))),
        format!("\nHosts\n{}", table(&host_rows(status, outlook))),
    ]);
    if status.more_hosts > 0 {
        parts.push(format!("… and {} more (--json lists all)", status.more_hosts));
    }
    parts.push(format!("\nRuns\n{}", table(&status.runs.iter().map(run_row).collect::<Vec<_>>())));
    parts.join("\n")
}

fn url_rows(status: &Status) -> Vec<Vec<String>> {
    let row = |count: &crate::db::status::UrlCount| {
        let reason = count.reason.clone().unwrap_or_default();
        vec![format!("  {}", count.state), count.count.to_string(), reason]
    };
    status.urls.iter().map(row).collect()
}

fn host_rows(status: &Status, outlook: &Outlook<'_>) -> Vec<Vec<String>> {
    let head = ["  host", "known", "waiting", "delay", "waits"].map(str::to_owned).to_vec();
    std::iter::once(head).chain(status.hosts.iter().map(|host| host_row(host, outlook))).collect()
}

fn host_row(host: &HostStatus, outlook: &Outlook<'_>) -> Vec<String> {
    vec![
        format!("  {}", host.host),
        host.known.to_string(),
        host.waiting.to_string(),
        units::write_duration(Duration::from_millis(host.delay_ms)),
        waits(host, outlook),
    ]
}

/// What a host waits for, in words.
pub(super) fn waits(host: &HostStatus, outlook: &Outlook<'_>) -> String {
    if let Some(stop) = outlook.listed(&host.host) {
        return format!("not asked: {stop}");
    }
    if outlook.has_no_seed(&host.host) && host.in_flight == 0 {
        return "not asked: no seed holds it".to_owned();
    }
    let now = outlook.now;
    let left = now.until(host.next_at);
    let of_address = host.address_next_at.map_or(Duration::ZERO, |at| now.until(at));
    match &host.rest_reason {
        _ if host.in_flight > 0 => format!("{} in flight", count(host.in_flight, "request")),
        Some(reason) if !left.is_zero() => format!("until {}: {reason}", host.next_at),
        _ if host.waiting == 0 => "nothing is due".to_owned(),
        _ if of_address > left => {
            let address = host.address.as_deref().unwrap_or_default();
            format!("the pace of its address {address}: {:.1} s more", of_address.as_secs_f64())
        }
        _ if left.is_zero() && outlook.nothing_is_asked().is_some() => "due".to_owned(),
        _ if left.is_zero() => "ready".to_owned(),
        _ => format!("its pace: {:.1} s more", left.as_secs_f64()),
    }
}

fn run_row(run: &RunStatus) -> Vec<String> {
    let ending = run.ending.clone().unwrap_or_else(|| "running".to_owned());
    vec![
        format!("  {}", run.started_at),
        ending,
        count(run.pages, "page"),
        count(run.reports, "new report"),
        count(run.failures, "failure"),
        size(run.bytes),
    ]
}
