//! `gongkai rebuild`

use super::exit::{self, Exit, Failure};
use super::output::{self, Output};
use super::progress::Bar;
use crate::config::Config;
use crate::rebuild::{self, Event, RebuildError, Summary};
use crate::seeds::{self, Seeds};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One JSON object at the end.
    #[arg(long)]
    json: bool,
    /// Show no progress bar.
    #[arg(long)]
    no_progress: bool,
}

pub(super) fn run(args: &Args, config: &Config, output: &mut Output) -> Result<Exit, Failure> {
    let seeds = seeds_at_hand(config);
    let bar = Bar::new(!args.no_progress);
    let summary = rebuild::run(config, &seeds, |event| {
        match event {
            Event::Damage { segment, damage } => bar.suspend(|| {
                tracing::error!(
                    file = segment,
                    offset = damage.offset,
                    end = damage.end,
                    "passed over: {}",
                    damage.what
                );
            }),
            Event::Progress { done, of } => bar.set(*done, *of),
        }
        Ok::<(), RebuildError>(())
    })
    .map_err(Failure::from)?;
    bar.finish();
    let told = if args.json { output.json(&summary) } else { output.line(words(&summary)) };
    Failure::unless_reader_is_gone(told)?;
    Ok(if summary.damaged > 0 || summary.lost > 0 { Exit::Failed } else { Exit::Done })
}

/// The seeds of the configuration, for files that describe no run; what is wrong with them is for `seeds
/// check` to say.
pub(super) fn seeds_at_hand(config: &Config) -> Seeds {
    match seeds::read_dir(&config.seeds.dir) {
        Ok(reading) => Seeds::new(reading.seeds),
        Err(error) => {
            tracing::debug!(%error, "there are no seeds at hand");
            Seeds::default()
        }
    }
}

fn words(summary: &Summary) -> String {
    let mut words = format!(
        "the index is made anew: {}, {}, {}",
        output::count(summary.files, "WARC file"),
        output::count(summary.captures, "capture"),
        output::count(summary.reports, "report"),
    );
    if summary.damaged > 0 {
        words.push_str(&format!(
            "; {} passed over: `gongkai repair` sets damaged bytes aside",
            output::count(summary.damaged, "damaged place")
        ));
    }
    if summary.lost > 0 {
        words.push_str(&format!(
            "; the bytes of {} are in no file, their pages are asked for again",
            output::count(summary.lost, "payload")
        ));
    }
    if let Some(path) = &summary.set_aside {
        words.push_str(&format!("; the old index lies in {}", path.display()));
    }
    words
}

impl From<RebuildError> for Failure {
    fn from(error: RebuildError) -> Self {
        let exit = match &error {
            RebuildError::Archive(error) => exit::of_archive(error),
            _ => Exit::Failed,
        };
        Self::new(exit, error)
    }
}
