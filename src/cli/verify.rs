//! `gongkai verify`

use super::exit::{Exit, Failure};
use super::output::{self, Output};
use super::progress::Bar;
use crate::config::Config;
use crate::verify::{self, Event, Summary, VerifyError};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Names, lengths and rows alone; no WARC file is read.
    #[arg(long)]
    quick: bool,
    /// One JSON object a finding, and at the end one with the counts.
    #[arg(long)]
    json: bool,
    /// Show no progress bar.
    #[arg(long)]
    no_progress: bool,
}

pub(super) fn run(args: &Args, config: &Config, output: &mut Output) -> Result<Exit, Failure> {
    let bar = Bar::new(!args.no_progress);
    let summary = verify::run(&config.archive.dir, args.quick, |event| match event {
        Event::Finding(finding) => bar.suspend(|| {
            let told =
                if args.json { output.json(finding) } else { output.line(finding.to_string()) };
            Failure::unless_reader_is_gone(told.and_then(|()| output.flush()))
        }),
        Event::Remark(remark) => {
            bar.suspend(|| tracing::info!("{remark}"));
            Ok(())
        }
        Event::Progress { done, of } => {
            bar.set(done, of);
            Ok(())
        }
    });
    bar.finish();
    let summary = summary?;
    let told = match summary.findings {
        _ if args.json => output.json(&summary),
        0 => output.good_news(words(&summary, args.quick)),
        _ => output.line(words(&summary, args.quick)),
    };
    Failure::unless_reader_is_gone(told)?;
    Ok(if summary.findings > 0 { Exit::Failed } else { Exit::Done })
}

fn words(summary: &Summary, quick: bool) -> String {
    let files = output::count(summary.files, "WARC file");
    let mut words = if quick {
        format!("{files} of {}, not read", output::size(summary.bytes))
    } else {
        format!(
            "{files} of {}, {}, payloads of {}",
            output::size(summary.bytes),
            output::count(summary.records, "record"),
            output::size(summary.payload_bytes)
        )
    };
    if summary.lost > 0 {
        let lost = output::count(summary.lost, "record");
        words.push_str(&format!("; {lost} known to be lost"));
    }
    if summary.findings == 0 {
        return words + ": whole";
    }
    let findings = output::count(summary.findings, "finding");
    words + &format!(": {findings}; `gongkai repair --dry-run` says what can be done")
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        Self::failed(error)
    }
}
