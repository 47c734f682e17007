//! `gongkai export`

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::json;
use tokio::task::spawn_blocking;

use super::crawl::signals;
use super::exit::{Exit, Failure};
use super::output::{Output, count, is_watched, size};
use super::reports::division;
use crate::clock::Moment;
use crate::config::Config;
use crate::crawl::Signal;
use crate::db::selection::{Filter, SelectionError};
use crate::export::{self, Event, ExportError, Request, Stop, Written};

/// How often the progress line is drawn anew.
const TICK: Duration = Duration::from_millis(200);

/// Years that a report can be on.
const YEARS: std::ops::RangeInclusive<i64> = 1990..=2199;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Dates are days of UTC, as the archive writes its times. --year, --division and \
--reports-only choose captures that a report was read from, and others of the same bytes at the same URL; a revisit always brings its original along. csv and jsonl hold of each page the latest report."
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the command line")]
pub(super) struct Args {
    /// In what form.
    #[arg(value_name = "FORMAT")]
    format: Format,
    /// Where to: a new folder, or for wacz a new file. It appears when it is whole.
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// Captured then or later: 2026-01-31, or 2026-01-31T08:15:30Z.
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Moment>,
    /// Captured then or earlier; a date is the whole day.
    #[arg(long, value_name = "TIME", value_parser = before)]
    until: Option<Moment>,
    /// Reports on this year.
    #[arg(long, value_name = "Y", value_parser = year)]
    year: Option<i64>,
    /// Captures at this host; may be repeated.
    #[arg(long = "host", value_name = "HOST", value_parser = host)]
    hosts: Vec<String>,
    /// Reports of this administrative division: its number, or the beginning of it.
    #[arg(long, value_name = "D", value_parser = division)]
    division: Option<String>,
    /// Only captures that a report was read from.
    #[arg(long)]
    reports_only: bool,
    /// Of each URL only the latest capture; a page rather than an error page that came later.
    #[arg(long)]
    latest: bool,
    /// At the end, one JSON object with what was written.
    #[arg(long)]
    json: bool,
    /// Show no progress line.
    #[arg(long)]
    no_progress: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// WARC files with a sorted CDXJ, each exchange byte for byte as archived.
    Warc,
    /// One WACZ 1.1.1 file, for a replay.
    Wacz,
    /// The payloads under their SHA-256, with a table of URL, time and hash.
    Files,
    /// Reports, and their numbers one a row, as CSV.
    Csv,
    /// Reports, and their numbers, as JSON Lines.
    Jsonl,
}

impl From<Format> for export::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Warc => Self::Warc,
            Format::Wacz => Self::Wacz,
            Format::Files => Self::Files,
            Format::Csv => Self::Csv,
            Format::Jsonl => Self::Jsonl,
        }
    }
}

pub(super) fn run(args: &Args, config: &Config, output: &mut Output) -> Result<Exit, Failure> {
    if let (Some(since), Some(before)) = (args.since, args.until)
        && since >= before
    {
        return Err(Failure::usage("--since lies after --until: expected it before"));
    }
    let request = Request {
        format: args.format.into(),
        out: args.out.clone(),
        filter: Filter {
            since: args.since,
            before: args.until,
            year: args.year,
            division: args.division.clone(),
            // In whatever order they were given, and how often: the same choice, the same bytes.
            hosts: BTreeSet::from_iter(args.hosts.clone()).into_iter().collect(),
            reports_only: args.reports_only,
            latest: args.latest,
        },
        archive_dir: config.archive.dir.clone(),
        warc_size: config.archive.warc_size,
        software: concat!("gongkai/", env!("CARGO_PKG_VERSION")).to_owned(),
        operator: config.identity.contact.clone(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start the runtime: {error}")))?;
    let progress = progress(args);
    let (result, signal) = runtime.block_on(watched(request.clone(), progress.clone()))?;
    progress.finish_and_clear();
    match (result, signal) {
        (Err(ExportError::Stopped), Some(Signal::Interrupt)) => {
            output.remark("stopped by SIGINT: nothing was written");
            Ok(Exit::Interrupted)
        }
        (Err(ExportError::Stopped), Some(Signal::Terminate)) => {
            output.remark("stopped by SIGTERM: nothing was written");
            Ok(Exit::Terminated)
        }
        (Err(error), _) => Err(error.into()),
        (Ok(written), _) => {
            tell(args, &request, &written, output)?;
            Ok(if written.tally.damaged > 0 { Exit::Failed } else { Exit::Done })
        }
    }
}

/// Exports on a thread of its own, which a signal asks to stop.
async fn watched(
    request: Request,
    progress: ProgressBar,
) -> Result<(Result<Written, ExportError>, Option<Signal>), Failure> {
    let mut signals = signals()?;
    let stop = Stop::default();
    let (stops, mut stopped) = (stop.clone(), None);
    let mut work =
        spawn_blocking(move || export::run(&request, &stops, &mut |event| show(&progress, &event)));
    loop {
        tokio::select! {
            Some(signal) = signals.recv() => {
                stop.stop();
                stopped.get_or_insert(signal);
            }
            done = &mut work => return Ok((done.map_err(Failure::failed)?, stopped)),
        }
    }
}

fn progress(args: &Args) -> ProgressBar {
    if args.no_progress || !is_watched() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar.set_message("choosing");
    bar.enable_steady_tick(TICK);
    bar
}

fn show(progress: &ProgressBar, event: &Event<'_>) {
    match event {
        Event::Damaged(damaged) => progress.suspend(|| {
            let at = damaged.captured_at.to_string();
            tracing::error!(url = damaged.url, captured_at = at, "left out: {}", damaged.why);
        }),
        Event::Unread(unread) => progress.suspend(|| {
            let left = count(unread.captures, "capture");
            tracing::error!("left out: {left}: {}", unread.why);
        }),
        Event::Done { done, of, bytes } => {
            if progress.is_hidden() {
                return;
            }
            let of = if *of > 0 { format!(" of {of}") } else { String::new() };
            progress.set_message(format!("{done}{of}, {}", size(*bytes)));
        }
    }
}

fn tell(
    args: &Args,
    request: &Request,
    written: &Written,
    output: &mut Output,
) -> Result<(), Failure> {
    if args.json {
        return output.json(&json!({
            "format": request.format,
            // A name that is no UTF-8 as near as JSON comes to it.
            "path": written.path.to_string_lossy(),
            "files": written.files,
            "bytes": written.bytes,
            "sha256": written.sha256,
            "sha256_of": match request.format {
                export::Format::Wacz => "the file",
                _ => "manifest-sha256.txt",
            },
            "captures_chosen": written.counts.chosen,
            "written": written.tally,
        }));
    }
    let tally = &written.tally;
    let what = match request.format {
        export::Format::Csv | export::Format::Jsonl => {
            format!("{}, {}", count(tally.reports, "report"), count(tally.cells, "number"))
        }
        export::Format::Files => {
            format!("{}, {}", count(tally.captures, "capture"), count(tally.payloads, "payload"))
        }
        _ => {
            format!("{}, {}", count(tally.captures, "capture"), count(tally.responses, "response"))
        }
    };
    let damaged = match tally.damaged {
        0 => String::new(),
        1 => "; 1 damaged record was left out".to_owned(),
        damaged => format!("; {damaged} damaged records were left out"),
    };
    output.line(format!(
        "{}: {what}, {} in {}{damaged}",
        written.path.display(),
        size(written.bytes),
        count(written.files, "file")
    ))
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        let exit = match &error {
            ExportError::Exists { .. }
            | ExportError::NoPlace { .. }
            | ExportError::Selection(SelectionError::UnknownHost { .. }) => Exit::Usage,
            ExportError::Busy { .. } => Exit::Locked,
            _ => Exit::Failed,
        };
        Self::new(exit, error)
    }
}

const TIMES: &str = "expected a date as 2026-01-31, or a time as 2026-01-31T08:15:30Z";

/// The first moment of a date, or the moment itself.
fn since(text: &str) -> Result<Moment, String> {
    moment(text, 0)
}

/// The first moment after a date, or after the moment itself.
fn before(text: &str) -> Result<Moment, String> {
    moment(text, 1)
}

fn moment(text: &str, after: i64) -> Result<Moment, String> {
    let millis = if text.len() == "2026-01-31".len() {
        let date: Date = text.parse().map_err(|_not_one| TIMES)?;
        let date = date.checked_add(after.days()).map_err(|_past_all| TIMES)?;
        TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).map_err(|_past_all| TIMES)?.as_millisecond()
    } else {
        text.parse::<Timestamp>().map_err(|_not_one| TIMES)?.as_millisecond() + after
    };
    Ok(Moment::from_millis(millis))
}

fn year(text: &str) -> Result<i64, String> {
    let year = text.parse().ok().filter(|year| YEARS.contains(year));
    year.ok_or_else(|| {
        format!("expected the year reported on, {} to {}", YEARS.start(), YEARS.end())
    })
}

/// A host as the archive names it.
pub(super) fn host(text: &str) -> Result<String, String> {
    let wrong = || "expected a host's name, as www.example.gov.cn, without scheme, port and path";
    if text.contains(['/', ':', '?', '#', '@', ' ']) && !text.starts_with('[') {
        return Err(wrong().into());
    }
    let host = url::Host::parse(text).map_err(|_not_one| wrong())?;
    Ok(host.to_string().trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_whole_day_and_a_time_is_itself() {
        let text = |moment: Result<Moment, String>| moment.unwrap().to_string();
        assert_eq!(text(since("2026-01-31")), "2026-01-31T00:00:00.000Z");
        assert_eq!(text(before("2026-01-31")), "2026-02-01T00:00:00.000Z");
        assert_eq!(text(since("2026-01-31T08:15:30+08:00")), "2026-01-31T00:15:30.000Z");
        assert_eq!(text(before("2026-01-31T08:15:30Z")), "2026-01-31T08:15:30.001Z");
        for wrong in ["", "2026", "2026-13-01", "31.01.2026", "2026-01-31T08:15", "9999-12-31x"] {
            assert_eq!(since(wrong).unwrap_err(), TIMES, "{wrong}");
        }
        before("9999-12-31").unwrap_err();
    }

    #[test]
    fn what_is_no_host_year_or_division_is_refused_with_what_was_expected() {
        assert_eq!(host("WWW.Qingshan.gov.cn."), Ok("www.qingshan.gov.cn".to_owned()));
        assert_eq!(host("青杉.example"), Ok("xn--2qv328h.example".to_owned()));
        for wrong in ["http://a.cn", "a.cn:80", "a.cn/", "", "a b"] {
            assert!(host(wrong).unwrap_err().contains("www.example.gov.cn"), "{wrong}");
        }
        assert!(year("23").unwrap_err().contains("1990 to 2199"));
        assert!(division("青杉").unwrap_err().contains("up to six digits"));
        assert_eq!(division("6402"), Ok("6402".to_owned()));
    }
}
