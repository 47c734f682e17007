//! `gongkai audit`

use std::time::Duration;

use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::{Output, count, count_do, table};
use super::progress::Bar;
use super::rebuild::seeds_at_hand;
use crate::audit::{self, Audit, AuditError, DamagedPlace, Row, Summary};
use crate::canonical::HostKey;
use crate::config::{Config, units};

/// So many hosts, and so many addresses, fit on one screen.
const ROWS: usize = 20;

/// So many violations, and so many damaged places, are told in words.
const LINES: usize = 100;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Tell of this host alone; may be given more than once.
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    /// One JSON object a host, an address, a robots.txt in force, a stop, a violation, an unproven request and a damaged place, and at the end one with the counts.
    #[arg(long)]
    json: bool,
    /// Show no progress bar.
    #[arg(long)]
    no_progress: bool,
}

pub(super) fn run(args: &Args, config: &Config, output: &mut Output) -> Result<Exit, Failure> {
    let only: Vec<HostKey> =
        args.hosts.iter().map(|host| host_of(host)).collect::<Result<_, _>>()?;
    let bar = Bar::new(!args.no_progress);
    let audit = audit::run(config, &seeds_at_hand(config), &only, |done, of| {
        bar.set(done, of);
        Ok::<(), AuditError>(())
    });
    bar.finish();
    let audit = audit.map_err(Failure::failed)?;
    let Summary { violations, unproven, damaged, missing_files, .. } = audit.summary;
    let is_proven = [violations, unproven, damaged, missing_files].iter().all(|count| *count == 0);
    let told = match () {
        () if args.json => objects(&audit, output),
        () if is_proven => output.good_news(screen(&audit, &only)),
        () => output.line(screen(&audit, &only)),
    };
    Failure::unless_reader_is_gone(told)?;
    Ok(if is_proven { Exit::Done } else { Exit::Failed })
}

/// A host as URLs spell it.
fn host_of(text: &str) -> Result<HostKey, Failure> {
    let wrong = |error| {
        Failure::usage(format!(
            "--host {text}: {error}; expected a host without a port, such as www.example.gov.cn"
        ))
    };
    Ok(HostKey::from(url::Host::parse(text.trim()).map_err(wrong)?.to_string()))
}

fn objects(audit: &Audit, output: &mut Output) -> Result<(), Failure> {
    for host in &audit.hosts {
        output.json(&json!({ "host": host }))?;
    }
    for address in &audit.addresses {
        output.json(&json!({ "address": address }))?;
    }
    for robots in &audit.robots {
        output.json(&json!({ "robots": robots }))?;
    }
    for named in &audit.named {
        output.json(&json!({ "named": named }))?;
    }
    for violation in &audit.violations {
        output.json(&json!({ "violation": violation }))?;
    }
    for unproven in &audit.unproven {
        output.json(&json!({ "unproven": unproven }))?;
    }
    for damage in &audit.damages {
        output.json(&json!({ "damage": damage }))?;
    }
    output.json(&json!({ "summary": audit.summary }))
}

fn screen(audit: &Audit, only: &[HostKey]) -> String {
    let summary = &audit.summary;
    let mut lines = Vec::new();
    for (what, rows) in [("host", &audit.hosts), ("address", &audit.addresses)] {
        if !rows.is_empty() {
            lines.push(table_of(what, rows));
            lines.extend(more(rows.len() as u64, ROWS));
            lines.push(String::new());
        }
    }
    lines.extend(audit.robots.iter().map(ToString::to_string));
    lines.extend(audit.named.iter().map(ToString::to_string));
    lines.extend(audit.violations.iter().take(LINES).map(ToString::to_string));
    lines.extend(more(summary.violations, LINES));
    lines.extend(audit.unproven.iter().take(LINES).map(|one| format!("unproven: {one}")));
    lines.extend(more(summary.unproven, LINES));
    lines.extend(audit.damages.iter().take(LINES).map(damaged));
    lines.extend(more(summary.damaged, LINES));
    lines.push(words(summary, only));
    lines.join("\n")
}

fn more(there_are: u64, told: usize) -> Option<String> {
    let more = there_are.saturating_sub(told as u64);
    (more > 0).then(|| format!("… and {more} more (--json lists them)"))
}

fn table_of(what: &str, rows: &[Row]) -> String {
    let head = [what, "requests", "least gap", "due", "starts apart", "at once", "violations"];
    let head = head.map(str::to_owned).to_vec();
    table(&std::iter::once(head).chain(rows.iter().take(ROWS).map(cells)).collect::<Vec<_>>())
}

fn cells(row: &Row) -> Vec<String> {
    let due = row.due_ms.map(|due| units::write_duration(Duration::from_millis(due)));
    vec![
        row.name.clone(),
        row.requests.to_string(),
        gap(row.least_gap_ms),
        due.unwrap_or_else(none),
        gap(row.least_between_starts_ms),
        row.most_at_once.to_string(),
        row.violations.to_string(),
    ]
}

fn none() -> String {
    "-".to_owned()
}

fn gap(millis: Option<i64>) -> String {
    millis.map_or_else(none, audit::write_gap)
}

fn damaged(damage: &DamagedPlace) -> String {
    let DamagedPlace { file, offset, end, why } = damage;
    format!("damaged: {file} at byte {offset}, {} bytes: {why}", end - offset)
}

/// `188 requests to 3 hosts at 3 addresses in 2 runs, MOMENT–MOMENT: no violation`
fn words(summary: &Summary, only: &[HostKey]) -> String {
    let files = count(summary.files, "WARC file");
    let mut words = match (summary.first, summary.last) {
        (Some(first), Some(last)) => format!(
            "{} to {} at {} in {}, {first}–{last}",
            count(summary.requests, "request"),
            count(summary.hosts, "host"),
            addresses(summary.addresses),
            count(summary.runs, "run"),
        ),
        _ if only.is_empty() => format!("no request in {files}"),
        _ => {
            let names: Vec<&str> = only.iter().map(HostKey::as_str).collect();
            format!("no request to {} in {files}", names.join(", "))
        }
    };
    if summary.undescribed > 0 {
        let files = count(summary.undescribed, "WARC file");
        words.push_str(&format!(
            "; {files} without a description of the run, audited by today's configuration and seeds"
        ));
    }
    words.push_str(": ");
    words.push_str(&match summary.violations {
        0 => "no violation".to_owned(),
        violations => count(violations, "violation"),
    });
    words.push_str(&gaps(summary));
    words
}

/// What is not there to be gone by.
fn gaps(summary: &Summary) -> String {
    let mut words = String::new();
    if summary.unproven > 0 {
        words.push_str(&format!(
            "; {} unproven: what permitted this may lie in what is damaged or missing",
            count(summary.unproven, "request")
        ));
    }
    if summary.damaged > 0 {
        let places = count_do(summary.damaged, "damaged place", "prove");
        words.push_str(&format!("; {places} nothing: `gongkai verify` says what is wrong"));
    }
    if summary.missing_files > 0 {
        let files = count(summary.missing_files, "WARC file");
        words
            .push_str(&format!("; {files} missing, as the numbers in the names of the others say"));
    }
    if summary.lost_records > 0 {
        let records = count(summary.lost_records, "record");
        words.push_str(&format!("; {records} of exchanges that were lost before a repair"));
    }
    words
}

fn addresses(number: u64) -> String {
    if number == 1 { "1 address".to_owned() } else { format!("{number} addresses") }
}
