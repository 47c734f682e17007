//! `gongkai repair`

use serde_json::json;

use super::exit::{self, Exit, Failure};
use super::output::{self, Output};
use super::progress::Bar;
use super::rebuild::seeds_at_hand;
use crate::config::Config;
use crate::repair::{self, Event, RepairError, Summary};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Say what is wrong and what would be done, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// One JSON object a finding and a step, and at the end one with the counts.
    #[arg(long)]
    json: bool,
    /// Show no progress bar.
    #[arg(long)]
    no_progress: bool,
}

pub(super) fn run(args: &Args, config: &Config, output: &mut Output) -> Result<Exit, Failure> {
    let bar = Bar::new(!args.no_progress);
    let seeds = seeds_at_hand(config);
    let summary = repair::run(config, &seeds, args.dry_run, |event| match event {
        Event::Progress { done, of } => {
            bar.set(done, of);
            Ok(())
        }
        event => bar.suspend(|| Failure::unless_reader_is_gone(tell(&event, args.json, output))),
    });
    bar.finish();
    let summary: Summary = summary?;
    let told = match summary.findings {
        _ if args.json => output.json(&summary),
        0 => output.good_news(words(&summary, args.dry_run)),
        _ => output.line(words(&summary, args.dry_run)),
    };
    Failure::unless_reader_is_gone(told)?;
    let is_left = summary.left > 0 || (args.dry_run && summary.findings > 0);
    Ok(if is_left { Exit::Failed } else { Exit::Done })
}

fn tell(event: &Event<'_>, as_json: bool, output: &mut Output) -> Result<(), Failure> {
    match event {
        Event::Finding(finding) if as_json => output.json(finding)?,
        Event::Left(finding) if as_json => output.json(&json!({ "left": finding }))?,
        Event::Step(step) if as_json => output.json(&json!({ "step": step }))?,
        Event::Finding(finding) => output.line(format!("found   {finding}"))?,
        Event::Left(finding) => output.line(format!("left    {finding}"))?,
        Event::Step(step) => output.line(format!("repair  {step}"))?,
        Event::Progress { .. } => {}
    }
    output.flush()
}

fn words(summary: &Summary, dry_run: bool) -> String {
    let findings = output::count(summary.findings, "finding");
    if summary.rebuilt && summary.findings == 0 && summary.left == 0 {
        return "the archive is whole now".to_owned();
    }
    if summary.findings == 0 {
        return "the archive is whole: nothing to repair".to_owned();
    }
    if dry_run {
        return format!("{findings}; nothing was written");
    }
    let mut words = format!(
        "{findings}; {} set aside; rows: {} kept, {} added, {} taken away",
        output::count(summary.set_aside, "file"),
        summary.kept,
        summary.added,
        summary.removed
    );
    if summary.asked_again > 0 {
        let pages = output::count(summary.asked_again, "page");
        words.push_str(&format!("; {pages} asked for again by the next crawl"));
    }
    match summary.left {
        0 => words + "; the archive is whole now",
        left => words + &format!("; {} left", output::count(left, "finding")),
    }
}

impl From<RepairError> for Failure {
    fn from(error: RepairError) -> Self {
        let exit = match &error {
            RepairError::Archive(error) => exit::of_archive(error),
            _ => Exit::Failed,
        };
        Self::new(exit, error)
    }
}
