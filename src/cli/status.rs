//! `gongkai status`

use std::path::Path;
use std::time::Duration;

use super::exit::{Exit, Failure};
use super::open;
use super::output::{Output, count, size, table};
use crate::canonical::HostKey;
use crate::clock::{self, Moment};
use crate::config::{Config, units};
use crate::db::status::{HostStatus, RunStatus, Status};
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
        let stops = Stops::read(&config.stops).map_err(Failure::failed)?;
        output.line(screen(&status, &stops, clock::now()))?;
    }
    Ok(Exit::Done)
}

fn screen(status: &Status, stops: &Stops, now: Moment) -> String {
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
    let mut parts = vec![
        format!(
            "Archive   {}, {} of {}, {} of {}",
            count(archive.captures, "capture"),
            count(archive.payloads, "payload"),
            size(archive.payload_bytes),
            count(archive.segments, "WARC file"),
            size(archive.segment_bytes)
        ),
        format!("Reports   {reports} ({})", years.join(", ")),
        format!("\nURLs\n{}", table(&url_rows(status))),
        format!("\nHosts\n{}", table(&host_rows(status, stops, now))),
    ];
    if stops.is_stopped() {
        let file = stops.file().unwrap_or(Path::new("")).display();
        parts.push(format!("Nothing is asked: {file} is there"));
    }
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

fn host_rows(status: &Status, stops: &Stops, now: Moment) -> Vec<Vec<String>> {
    let head = ["  host", "known", "waiting", "delay", "waits"].map(str::to_owned).to_vec();
    std::iter::once(head)
        .chain(status.hosts.iter().map(|host| host_row(host, stops, now)))
        .collect()
}

fn host_row(host: &HostStatus, stops: &Stops, now: Moment) -> Vec<String> {
    vec![
        format!("  {}", host.host),
        host.known.to_string(),
        host.waiting.to_string(),
        units::write_duration(Duration::from_millis(host.delay_ms)),
        waits(host, stops, now),
    ]
}

/// What a host waits for, in words.
pub(super) fn waits(host: &HostStatus, stops: &Stops, now: Moment) -> String {
    if let Some(stop) = stops.why(&HostKey::from(host.host.clone())) {
        return format!("not asked: {stop}");
    }
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
