//! The way itself: what is leased is fetched, kept, read, and committed, until nothing is due.
//!
//! - `start`: the archive is locked, repaired and opened; seeds are admitted
//! - `grant`: which URL of which host may be asked now, robots.txt first (`permission`); `addresses`: the lines of the
//!   machines; `lookups`: where the origins are
//! - `work`: one pass, from a lease to its outcome; `starts`: when requests really went out
//! - `conclude`: what an exchange means for its URL, its host and its origin (pure)
//! - `agenda`: when the hosts have to be looked at again
//! - `committer`: the one writer: bytes (`storing`), sync, rows, and the next leases
//! - `progress`: how far a run is; `pacing`: how well it keeps time
//!
//! ```text
//! committer --(leases)--> one task each: fetch, decode, read, encode --(outcomes)--> committer
//! ```
//!
//! A lease is committed before its request is sent, and an outcome after its bytes are synced.

mod addresses;
mod agenda;
mod committer;
mod conclude;
pub mod description;
pub(crate) mod grant;
mod lookups;
pub mod pacing;
pub(crate) mod permission;
pub mod progress;
pub(crate) mod remembered;
pub(crate) mod start;
mod starts;
mod storing;
pub(crate) mod work;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::archive::ArchiveError;
use crate::config::{Config, units};
use crate::db::DbError;
use crate::fetch::{FetchError, Fetcher};
use crate::seeds::Seeds;
use crate::stops::StopsError;

use committer::{Committer, Message};
use grant::{Granted, Task};
pub use pacing::Measured;
pub use progress::{Ending, Left, Progress, Summary};
use starts::Starts;

/// A host that merely keeps its pace is always waited for. One that rests, and a URL that is due
/// again, is waited for no longer than this: the next run finds it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A run does not wait for a host that asks to be asked less often than so: one Crawl-delay would keep it from
/// ending for days. The host's clock is kept, and the next run goes on.
pub const PATIENCE_WITH_A_PACE: Duration = Duration::from_hours(1);

/// What is asked of one run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// At most so many pages are asked for.
    pub max_pages: Option<u64>,
    /// No request is sent after so long.
    pub max_time: Option<Duration>,
    /// Only these hosts are asked; none named means all.
    pub hosts: Vec<String>,
}

/// Why a run could not be made, or broke off.
#[derive(Debug, thiserror::Error)]
pub enum CrawlError {
    /// `identity.contact` is not set.
    #[error(
        "`identity.contact` is not set: write a URL or a mail address there, at which the \
         administrator of a portal can reach you"
    )]
    NoContact,
    /// The disk is full.
    #[error("the disk that holds {} is full: what was committed is safe; make room and run it again", dir.display())]
    DiskFull {
        /// The archive.
        dir: std::path::PathBuf,
        /// What failed.
        #[source]
        source: Box<CrawlError>,
    },
    /// The disk was nearly full, and the run was ended before it was.
    #[error(
        "less than {} is free on the disk that holds {} (`archive.reserve`): everything is saved; make room \
         and run it again",
        units::write_size(*reserve), dir.display()
    )]
    NoRoom {
        /// The archive.
        dir: std::path::PathBuf,
        /// Bytes that are to be left free.
        reserve: u64,
    },
    /// Another process holds the archive, or its files failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The database failed.
    #[error("the crawl's state could not be written")]
    Db(#[from] DbError),
    /// The HTTP client could not be made.
    #[error("nothing can be fetched")]
    Fetch(#[from] FetchError),
    /// The operating system refused what a crawl needs.
    #[error("cannot {what}")]
    System {
        /// What was attempted.
        what: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A list of hosts that are not to be asked cannot be read.
    #[error(transparent)]
    Stops(#[from] StopsError),
    /// A thread ended that should not have.
    #[error("the committer ended without a word: what was committed is safe; run it again")]
    Lost,
}

impl CrawlError {
    /// The same, said as what it is where the disk was full.
    fn or_disk_full(self, dir: &std::path::Path) -> Self {
        if self.is_disk_full() {
            return Self::DiskFull { dir: dir.to_owned(), source: Box::new(self) };
        }
        self
    }

    fn is_disk_full(&self) -> bool {
        match self {
            Self::Archive(error) => error.is_disk_full(),
            Self::Db(error) => error.is_disk_full(),
            _ => false,
        }
    }
}

/// What makes a run stop before nothing is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT: what is in flight is finished.
    Interrupt,
    /// SIGTERM: what is in flight is finished.
    Terminate,
}

/// Crawls until nothing is due. `signals` says when to stop: the first lets what is in flight
/// finish, the second does not wait for it.
///
/// # Errors
/// When the archive is held by another crawl (nothing was done), or cannot be written.
pub async fn run(
    config: &Config,
    seeds: Seeds,
    options: &Options,
    mut signals: mpsc::Receiver<Signal>,
    progress: watch::Sender<Progress>,
) -> Result<Summary, CrawlError> {
    let contact = config.identity.contact.as_deref().ok_or(CrawlError::NoContact)?;
    let fetcher = Fetcher::new(config, contact)?;
    let started = start::open(config, &seeds, options, contact)
        .map_err(|error| error.or_disk_full(&config.archive.dir))?;
    let settings = Arc::new(work::Settings { config: config.clone(), seeds, run: started.run_id });
    let (task_tx, mut tasks) = mpsc::channel(committer::places(config));
    let (outcomes, inbox) = std::sync::mpsc::channel();
    let committer = Committer::new(started, &settings, options, inbox, task_tx, progress);
    let thread = std::thread::Builder::new()
        .name("committer".to_owned())
        .spawn(move || committer.run())
        .map_err(|source| CrawlError::System { what: "start a thread".to_owned(), source })?;
    let large = Arc::new(tokio::sync::Semaphore::new(cores()));
    let starts = Arc::new(Starts::default());
    loop {
        tokio::select! {
            task = tasks.recv() => {
                let Some(task) = task else { break };
                let (outcomes, fetcher) = (outcomes.clone(), fetcher.clone());
                let (settings, large) = (Arc::clone(&settings), Arc::clone(&large));
                let starts = Arc::clone(&starts);
                tokio::spawn(async move {
                    let message = match task {
                        Task::Ask(granted) => pass(*granted, fetcher, settings, (large, starts)).await,
                        Task::LookUp { origin, url } => {
                            Message::LookedUp { origin, found: fetcher.resolve(&url).await }
                        }
                    };
                    if outcomes.send(message).is_err() {
                        tracing::debug!("an outcome came after the end; its URL is asked again");
                    }
                });
            }
            Some(signal) = signals.recv() => {
                if outcomes.send(Message::Stop(signal)).is_err() {
                    tracing::debug!("a signal came after the end");
                }
            }
        }
    }
    drop(outcomes);
    tokio::task::spawn_blocking(move || thread.join())
        .await
        .map_err(|_joined| CrawlError::Lost)?
        .map_err(|_panic| CrawlError::Lost)?
}

async fn pass(
    granted: Granted,
    fetcher: Fetcher,
    settings: Arc<work::Settings>,
    of_all: (Arc<tokio::sync::Semaphore>, Arc<Starts>),
) -> Message {
    let lease = granted.lease.clone();
    match tokio::spawn(work::pass(granted, fetcher, settings, of_all)).await {
        Ok(Some(worked)) => Message::Worked(Box::new(worked)),
        // A page that breaks a library must not leave its host's line taken.
        Ok(None) | Err(_) => Message::Broken(Box::new(lease)),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
