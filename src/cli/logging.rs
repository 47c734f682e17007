//! The log: to standard error, as text or as JSON Lines.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::output::is_watched;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// A line for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts the log. On a terminal the progress line says what goes on, so that only warnings are
/// logged there unless more is asked for.
pub(super) fn start(verbose: u8, quiet: bool, format: Format) {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) if is_watched() => LevelFilter::WARN,
        (false, 0 | 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    // Libraries speak only of what is wrong, unless everything is asked for.
    let libraries = if verbose > 2 { level } else { level.min(LevelFilter::WARN) };
    let filter = EnvFilter::new(format!("{libraries},gongkai={level}"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(is_watched())
        // Where nobody reads standard error, its own complaint would bring the program down.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let started = match format {
        Format::Text => log.try_init(),
        Format::Json => log.json().try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(error, "a log was started before");
    }
}
