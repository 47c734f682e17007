//! `gongkai show`

use serde_json::Value;

use super::exit::{Exit, Failure};
use super::open;
use super::output::{Output, say, table};
use super::why::canonical;
use crate::archive::read;
use crate::config::Config;
use crate::db::Db;
use crate::db::captures::Capture;
use crate::db::status::FoundLink;
use crate::digest::Digest;

/// So many links are shown.
const LINKS: usize = 12;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A URL, a payload's address (`sha256:…`), or a capture's number.
    what: String,
    /// One JSON object: captures, what the latest asks of robots, report, and the links found here first.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, config: &Config, output: &mut Output) -> Result<Exit, Failure> {
    let db = open(config)?;
    let captures = captures(&db, &args.what)?;
    let Some(latest) = captures.first() else {
        return Err(Failure::failed(format!("nothing was captured of `{}`", args.what)));
    };
    let (mut report, mut links) = (None, Vec::new());
    if let Some(id) = db.url_id(&canonical(&latest.url)?.0)? {
        report = db.report_of_url(id)?.map(|report| report.object()).transpose()?;
        links = db.found_on(id)?;
    }
    let robots_tag = robots_tag(config, latest);
    if args.json {
        let object = serde_json::json!({
            "captures": captures,
            "robots_tag": robots_tag,
            "report": report,
            "links": links,
        });
        output.json(&object)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = captures.iter().map(row).collect();
    output.line(format!("{}\n\n{}", latest.url, table(&rows)))?;
    if let Some(words) = robots_tag {
        output.line(format!("\nfor robots, by its head or itself: {words}"))?;
    }
    if let Some(report) = report {
        output.line(format!("\n{}", facts(&Value::Object(report))))?;
    }
    if !links.is_empty() {
        let rows: Vec<_> = links.iter().take(LINKS).map(link).collect();
        let more = links.len().saturating_sub(LINKS);
        let more =
            if more > 0 { format!("\n  … and {more} more (--json)") } else { String::new() };
        output.line(format!("\nfound here first\n{}{more}", table(&rows)))?;
    }
    Ok(Exit::Done)
}

/// What the capture's head and page ask of robots; a file that cannot be read is told, and hides nothing else.
fn robots_tag(config: &Config, capture: &Capture) -> Option<String> {
    match read::metadata(&config.archive.dir, &capture.segment, capture.offset) {
        Ok(metadata) => metadata?.provenance.robots_tag,
        Err(error) => {
            let error = Failure::failed(error);
            say(&format!("warning: what the page asks of robots cannot be told: {error}"));
            None
        }
    }
}

fn link(link: &FoundLink) -> Vec<String> {
    vec![format!("  {}", link.score), link.state.to_owned(), link.url.clone()]
}

fn captures(db: &Db, what: &str) -> Result<Vec<Capture>, Failure> {
    if let Ok(id) = what.parse::<i64>() {
        return Ok(db.capture(id)?.into_iter().collect());
    }
    if what.starts_with("sha256:") {
        return Ok(db.captures_of_payload(&what.parse::<Digest>().map_err(Failure::usage)?)?);
    }
    match db.url_id(&canonical(what)?.0)? {
        Some(id) => Ok(db.captures_of_url(id)?),
        None => Ok(Vec::new()),
    }
}

fn row(capture: &Capture) -> Vec<String> {
    let status = capture.status.map(|status| status.to_string()).unwrap_or_default();
    let mut remarks = Vec::new();
    remarks.extend(capture.truncated.as_ref().map(|why| format!("cut: {why}")));
    remarks.extend(capture.failure.clone());
    vec![
        capture.id.to_string(),
        capture.at.to_string(),
        capture.kind.clone(),
        status,
        capture.mime.clone().unwrap_or_default(),
        capture.length.map(|length| length.to_string()).unwrap_or_default(),
        capture.payload.clone().unwrap_or_default(),
        format!("{}@{}", capture.segment, capture.offset),
        remarks.join("; "),
    ]
}

/// The report in a dozen lines: who, when, its totals, its checks, its warnings.
fn facts(report: &Value) -> String {
    const KEYS: [&str; 10] = [
        "kind",
        "title",
        "agency",
        "year",
        "published",
        "index_number",
        "source",
        "site_id",
        "format",
        "division",
    ];
    let mut rows: Vec<Vec<String>> = Vec::new();
    for key in KEYS {
        if let Some(text) = plain(&report[key]) {
            rows.push(vec![key.to_owned(), text]);
        }
    }
    for row in ["received_new", "carried_in", "granted", "outcome_total", "carried_out"] {
        let total = report.pointer(&format!("/requests/{row}/total"));
        if let Some(text) = total.and_then(plain) {
            rows.push(vec![format!("requests.{row}.total"), text]);
        }
    }
    rows.push(vec!["checks".to_owned(), checks(report)]);
    for check in report["checks"].as_array().into_iter().flatten() {
        if check["holds"] == false {
            rows.push(vec![
                "fails".to_owned(),
                format!(
                    "{} ({}): {} and {}",
                    check["rule"].as_str().unwrap_or_default(),
                    check["column"].as_str().unwrap_or_default(),
                    check["left"],
                    check["right"]
                ),
            ]);
        }
    }
    for warning in report["warnings"].as_array().into_iter().flatten() {
        let text = |key: &str| warning[key].as_str().unwrap_or_default().to_owned();
        rows.push(vec![
            "warning".to_owned(),
            format!("{} at {}: {}", text("code"), text("at"), text("message")),
        ]);
    }
    table(&rows)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// `116 hold, 1 fails, 0 undecided`: checks.
pub(super) fn checks(report: &Value) -> String {
    let all = || report["checks"].as_array().into_iter().flatten();
    let count = |wanted: Value| all().filter(|check| check["holds"] == wanted).count();
    let do_so = |count: usize, does: &str| {
        if count == 1 { format!("1 {does}s") } else { format!("{count} {does}") }
    };
    format!(
        "{}, {}, {} undecided",
        do_so(count(Value::Bool(true)), "hold"),
        do_so(count(Value::Bool(false)), "fail"),
        count(Value::Null)
    )
}
