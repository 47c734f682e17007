//! `gongkai reparse`

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::crawl::signals;
use super::exit::{self, Exit, Failure};
use super::output::{Output, count, is_watched};
use crate::clock::Stopwatch;
use crate::config::Config;
use crate::crawl::Signal;
use crate::reparse::{self, Change, Counts, Event, ReparseError, Summary, Unreadable, What};

/// So many differences of a report stand on its line.
const DIFFERENCES: usize = 8;

/// So many characters of a value, and of a path: the longest of a table's is 54.
const VALUE_CHARS: usize = 40;
const PATH_CHARS: usize = 80;

/// So many reasons why pages could not be read are kept before they are told of.
const REASONS: usize = 1_000;

/// How often the log is told how far it is.
const TELL_EVERY: Duration = Duration::from_mins(1);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Say what would change, and write nothing; a crawl may go on meanwhile.
    #[arg(long)]
    dry_run: bool,
    /// One JSON object a report that changed, with all that did, and at the end one with the counts.
    #[arg(long)]
    json: bool,
    /// Show no progress line.
    #[arg(long)]
    no_progress: bool,
}

pub(super) fn run(args: &Args, config: &Config, output: &mut Output) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start the runtime: {error}")))?;
    let mut teller = Teller::new(args, output);
    let result = runtime.block_on(async {
        let mut signals = signals()?;
        let tell = |event: Event<'_>| teller.tell(&event);
        reparse::run(&config.archive.dir, args.dry_run, &mut signals, tell).await
    });
    // What is being read when a signal comes is not waited for: nothing of it was written.
    runtime.shutdown_background();
    teller.progress.finish_and_clear();
    teller.tell_unreadable();
    let summary = result?;
    match teller.end(&summary) {
        Err(failure) if failure.reader_is_gone() => {}
        told => told?,
    }
    Ok(match summary.stopped {
        Some(Signal::Interrupt) => Exit::Interrupted,
        Some(Signal::Terminate) => Exit::Terminated,
        None if summary.counts.unreadable > 0 => Exit::Failed,
        None => Exit::Done,
    })
}

/// Tells of what happens: results, progress and the log, each where it belongs.
struct Teller<'a> {
    args: &'a Args,
    output: &'a mut Output,
    progress: ProgressBar,
    clock: Stopwatch,
    told: Duration,
    /// Pages that could not be read, by the reason, each with how many there are and the first: of a
    /// file that is gone one word is enough.
    unreadable: BTreeMap<String, (u64, Unreadable)>,
}

impl<'a> Teller<'a> {
    fn new(args: &'a Args, output: &'a mut Output) -> Self {
        let progress = if args.no_progress || !is_watched() {
            ProgressBar::hidden()
        } else {
            ProgressBar::new_spinner()
        };
        let (clock, told) = (Stopwatch::start(), Duration::ZERO);
        Self { args, output, progress, clock, told, unreadable: BTreeMap::new() }
    }

    /// Tells of it. A reader that has enough ends what only tells; what is put right goes on untold.
    fn tell(&mut self, event: &Event<'_>) -> Result<(), Failure> {
        match self.try_to_tell(event) {
            Err(failure) if failure.reader_is_gone() && !self.args.dry_run => Ok(()),
            told => told,
        }
    }

    fn try_to_tell(&mut self, event: &Event<'_>) -> Result<(), Failure> {
        match event {
            Event::Changed(change) if self.args.json => self.output.json(&object(change)),
            Event::Changed(change) => self.output.line(line(change)),
            Event::Unreadable(page) => {
                let first = || (0, (*page).clone());
                self.unreadable.entry(page.why.clone()).or_insert_with(first).0 += 1;
                if self.unreadable.len() >= REASONS {
                    self.tell_unreadable();
                }
                Ok(())
            }
            Event::Batch(counts, percent) => {
                self.progress.set_message(format!("{percent} %: {}", words(counts)));
                self.progress.tick();
                self.log(counts, *percent);
                self.progress.suspend(|| self.output.flush())
            }
        }
    }

    /// Says what could not be read: a line for each reason, with the first page that it kept from us.
    fn tell_unreadable(&mut self) {
        for (why, (count, first)) in std::mem::take(&mut self.unreadable) {
            let payload = first.payload.map(|payload| payload.to_string());
            let what = if count == 1 { String::new() } else { format!("{count} pages ") };
            self.progress.suspend(|| {
                tracing::error!(url = first.url, payload, pages = count, "{what}unreadable: {why}");
            });
        }
    }

    /// Tells the log how far it is, now and then: without a terminal nobody sees the progress.
    fn log(&mut self, counts: &Counts, percent: u8) {
        let elapsed = self.clock.elapsed();
        if elapsed.saturating_sub(self.told) >= TELL_EVERY {
            self.told = elapsed;
            tracing::info!(percent, read = counts.read, changed = counts.changed, "so far");
        }
    }

    fn end(&mut self, summary: &Summary) -> Result<(), Failure> {
        let stopped = summary.stopped.map(|signal| match signal {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
        });
        if self.args.json {
            return self.output.json(&json!({
                "what": "counts",
                "ending": stopped.unwrap_or("done"),
                "dry_run": self.args.dry_run,
                "read": summary.counts.read,
                "unchanged": summary.counts.unchanged,
                "changed": summary.counts.changed,
                "new": summary.counts.new,
                "gone": summary.counts.gone,
                "unreadable": summary.counts.unreadable,
            }));
        }
        let dry = if self.args.dry_run { "; nothing was written" } else { "" };
        let stopped = stopped.map(|signal| format!("; stopped by {signal}")).unwrap_or_default();
        self.output.line(format!("{}{dry}{stopped}", words(&summary.counts)))
    }
}

fn words(counts: &Counts) -> String {
    format!(
        "{} read; reports: {} unchanged, {} changed, {} new, {} gone; {} unreadable",
        count(counts.read, "page"),
        counts.unchanged,
        counts.changed,
        counts.new,
        counts.gone,
        count(counts.unreadable, "page")
    )
}

fn object(change: &Change) -> Value {
    let facts = &change.facts;
    json!({
        "what": change.what.as_str(),
        "url": change.url,
        "captured_at": change.captured_at,
        "payload": change.payload.to_string(),
        "kind": facts.kind,
        "title": facts.title,
        "agency": facts.agency,
        "year": facts.year,
        "format": facts.format,
        "changes": change.differences,
    })
}

/// `changed URL: year 2022 -> 2023; requests.granted.total null -> 38; … and 4 more`
fn line(change: &Change) -> String {
    let what = match (change.what, change.differences.as_slice()) {
        (What::Changed, []) => "the same, written another way".to_owned(),
        (What::Changed, all) => differences(all),
        (What::New | What::Gone, _) => {
            let facts = &change.facts;
            let year = facts.year.map(|year| year.to_string());
            let parts = [facts.agency.clone(), year, facts.format.clone()];
            parts
                .iter()
                .flatten()
                .map(|part| short(part, VALUE_CHARS))
                .collect::<Vec<_>>()
                .join(", ")
        }
    };
    format!("{} {}: {what}", change.what.as_str(), change.url)
}

fn differences(all: &[reparse::Difference]) -> String {
    let shown = all.iter().take(DIFFERENCES).map(|one| {
        let value = |value: &Value| short(&value.to_string(), VALUE_CHARS);
        format!("{} {} -> {}", short(&one.at, PATH_CHARS), value(&one.old), value(&one.new))
    });
    let mut text = shown.collect::<Vec<_>>().join("; ");
    let more = all.len().saturating_sub(DIFFERENCES);
    if more > 0 {
        text.push_str(&format!("; … and {more} more (--json)"));
    }
    text
}

/// A text as far as a line has room for it; nothing in it ends the line.
fn short(text: &str, chars: usize) -> String {
    let mut short: String =
        text.chars().take(chars).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(chars).is_some() {
        short.push('…');
    }
    short
}

impl From<ReparseError> for Failure {
    fn from(error: ReparseError) -> Self {
        let exit = match &error {
            ReparseError::Archive(error) => exit::of_archive(error),
            _ => Exit::Failed,
        };
        Self::new(exit, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::digest::Digest;
    use crate::outcome::ReportFacts;
    use crate::reparse::Difference;

    fn change(what: What, differences: Vec<Difference>) -> Change {
        Change {
            what,
            url: "http://a.gov.cn/1".to_owned(),
            captured_at: Moment::from_millis(0),
            payload: Digest::of(b""),
            facts: ReportFacts {
                kind: "report".to_owned(),
                title: None,
                agency: Some("青杉市统计局".to_owned()),
                year: Some(2023),
                division: None,
                published: None,
                format: None,
                json: "{}".to_owned(),
            },
            differences,
        }
    }

    #[test]
    fn a_line_says_the_first_differences_and_how_many_more_there_are_and_stays_short() {
        let long = "长\n".repeat(10_000);
        let differences: Vec<Difference> = (0..DIFFERENCES + 3)
            .map(|row| Difference {
                at: format!("requests.row{row}"),
                old: Value::Null,
                new: Value::from(long.as_str()),
            })
            .collect();
        let line = line(&change(What::Changed, differences));
        assert!(
            line.starts_with("changed http://a.gov.cn/1: requests.row0 null -> \"长"),
            "{line}"
        );
        assert!(line.ends_with("; … and 3 more (--json)"), "{line}");
        assert!(!line.contains('\n') && line.chars().count() < 1_500, "{line}");
    }

    #[test]
    fn what_is_new_or_gone_says_whose_and_of_which_year() {
        let new = line(&change(What::New, Vec::new()));
        assert_eq!(new, "new http://a.gov.cn/1: 青杉市统计局, 2023");
        let same = line(&change(What::Changed, Vec::new()));
        assert_eq!(same, "changed http://a.gov.cn/1: the same, written another way");
    }
}
