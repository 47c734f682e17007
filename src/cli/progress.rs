//! The progress line of a crawl, and the progress bar of what goes through files: on a terminal alone.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;

use super::output::{count, is_watched, size};
use crate::clock::Stopwatch;
use crate::crawl::Progress;

/// How often the line is drawn anew at most.
const TICK: Duration = Duration::from_millis(200);

/// How far a command is through so many bytes.
#[derive(Debug)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar, where one is wanted and someone watches.
    pub(super) fn new(wanted: bool) -> Self {
        if !wanted || !is_watched() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(0);
        let template =
            "{bar:40} {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// So many bytes are done.
    pub(super) fn set(&self, done: u64, of: u64) {
        self.0.set_length(of);
        self.0.set_position(done);
    }

    /// Does something while the bar is not in the way.
    pub(super) fn suspend<T>(&self, what: impl FnOnce() -> T) -> T {
        self.0.suspend(what)
    }

    /// Takes it away.
    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

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
        "{}, {}, {} ({} pages/min); {} waiting at {}",
        count(tally.pages, "page"),
        count(tally.reports, "report"),
        size(tally.bytes),
        tally.pages * 60 / seconds,
        progress.waiting,
        count(progress.hosts_waiting, "host"),
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
