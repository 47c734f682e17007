//! The progress line: on a terminal alone.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;

use super::output::{is_watched, size};
use crate::clock::Stopwatch;
use crate::crawl::Progress;

/// How often the line is drawn anew at most.
const TICK: Duration = Duration::from_millis(200);

/// Shows a run's progress until its sender is gone.
pub(super) async fn show(mut progress: watch::Receiver<Progress>, wanted: bool) {
    if !wanted || !is_watched() {
        return;
    }
    let style = ProgressStyle::with_template("{spinner} {msg}");
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    let clock = Stopwatch::start();
    while progress.changed().await.is_ok() {
        bar.set_message(line(&progress.borrow_and_update(), clock.elapsed()));
        tokio::time::sleep(TICK).await;
    }
    bar.finish_and_clear();
}

fn line(progress: &Progress, elapsed: Duration) -> String {
    let tally = &progress.tally;
    let seconds = elapsed.as_secs().max(1);
    let mut line = format!(
        "{} pages, {} reports, {} ({} pages/min); {} waiting at {} hosts",
        tally.pages,
        tally.reports,
        size(tally.bytes),
        tally.pages * 60 / seconds,
        progress.waiting,
        progress.hosts_waiting,
    );
    if progress.hosts_resting > 0 {
        line.push_str(&format!(", {} of them rest", progress.hosts_resting));
    }
    if let Some(what) = &progress.waiting_for {
        line.push_str("; ");
        line.push_str(what);
    }
    line
}
