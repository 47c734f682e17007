//! How far a run is, and how it ended.

use std::time::Duration;

use super::pacing::Measured;
use crate::clock::Moment;
use crate::db::runs::Tally;

/// How far a run is; renewed with each batch that is committed.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// What it has brought.
    pub tally: Tally,
    /// Requests in flight.
    pub in_flight: u64,
    /// URLs in the queues.
    pub waiting: u64,
    /// Hosts with a queue.
    pub hosts_waiting: u64,
    /// Of these, hosts that rest: they asked for peace, or fail.
    pub hosts_resting: u64,
    /// For whom, or what, the run waits when nothing is in flight.
    pub waiting_for: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing was due any more.
    Done,
    /// `--max-pages` was reached.
    MaxPages,
    /// `--max-time` was reached.
    MaxTime,
    /// The stop file is there.
    Stopped,
    /// `politeness.hours` closed.
    Hours,
    /// Less than `archive.reserve` was free on the disk.
    NoRoom,
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Ending {
    /// As the index and the summary write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::MaxPages => "max-pages",
            Self::MaxTime => "max-time",
            Self::Stopped => "stop file",
            Self::Hours => "hours",
            Self::NoRoom => "disk nearly full",
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Summary {
    /// How it ended.
    pub ending: Ending,
    /// What it brought.
    pub tally: Tally,
    /// How long it took.
    pub elapsed: Duration,
    /// Lists of stops have lines that name no host.
    pub bad_lists: bool,
    /// How well it kept time.
    pub pacing: Measured,
    /// URLs still in the queues.
    pub waiting: u64,
    /// Hosts that rest, and so were not waited for.
    pub hosts_resting: u64,
    /// When the next URL or host is due, as far as known.
    pub next_due: Option<Moment>,
}
