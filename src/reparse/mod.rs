//! Today's parser over everything archived: each page is read again from its bytes, and the
//! catalogue's reports are made what the crawl would make of them today.
//!
//! - `reading`: one page, from its records to what must change (writes nothing)
//! - `difference`: what two readings of a page say differently
//! - `event`: what is told of it, and counted
//!
//! Pages come in batches, in the order in which their bytes lie. A batch is read on all cores, written
//! in one transaction, and told of once that is committed: what was told is true, and a run that is
//! stopped or killed leaves each batch whole or untouched. A page holds memory while it is read; of a
//! batch there remain only the reports that change.

mod difference;
mod event;
mod reading;

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::archive::lock::Lock;
use crate::archive::{ArchiveError, format};
use crate::crawl::Signal;
use crate::db::pages::ArchivedPage;
use crate::db::{Db, DbError};

pub use difference::Difference;
pub use event::{Change, Counts, Event, Summary, Unreadable, What};
use reading::{Plan, Reading, Write};

/// So many pages are written in one transaction.
const BATCH: u32 = 128;

/// Why the archive could not be read again.
#[derive(Debug, thiserror::Error)]
pub enum ReparseError {
    /// Another process holds the archive, or the lock failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The disk is full.
    #[error(
        "the disk that holds {} is full: what was told is written; make room and run it again",
        dir.display()
    )]
    DiskFull {
        /// The archive.
        dir: PathBuf,
        /// What failed.
        #[source]
        source: DbError,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Reads the archive again, and tells `tell` what changed; with `dry_run` nothing is written, and the
/// archive may be held by a crawl.
///
/// # Errors
/// When there is no archive, another process holds it, or the database fails; and when `tell` does.
/// Each batch is then whole or untouched.
pub async fn run<E: From<ReparseError>>(
    archive_dir: &Path,
    dry_run: bool,
    signals: &mut mpsc::Receiver<Signal>,
    mut tell: impl FnMut(Event<'_>) -> Result<(), E>,
) -> Result<Summary, E> {
    let mut archive = Archive::open(archive_dir, dry_run)?;
    let last = archive.db.last_capture().map_err(ReparseError::from)?;
    let (mut counts, mut after) = (Counts::default(), 0);
    loop {
        let pages = archive.db.pages_after(after, BATCH).map_err(ReparseError::from)?;
        let Some(end) = pages.last().map(|page| page.first) else {
            return Ok(Summary { counts, stopped: None });
        };
        after = end;
        let readings = tokio::select! {
            biased;
            // What was read of this batch is dropped unwritten.
            Some(signal) = signals.recv() => {
                return Ok(Summary { counts, stopped: Some(signal) });
            }
            readings = archive.read(pages) => readings?,
        };
        archive.write(&readings)?;
        for reading in &readings {
            counts.add(reading);
            for unreadable in &reading.unreadable {
                tell(Event::Unreadable(unreadable))?;
            }
            for plan in &reading.plans {
                tell(Event::Changed(&plan.change))?;
            }
        }
        tell(Event::Batch(&counts, percent(after, last)))?;
    }
}

fn percent(done: i64, of: i64) -> u8 {
    u8::try_from(done.saturating_mul(100) / of.max(1)).unwrap_or(100).min(100)
}

/// The archive that is read again.
struct Archive {
    dir: Arc<Path>,
    db: Db,
    /// None in a dry run: what writes nothing need not keep a crawl away, and a crawl only adds.
    lock: Option<Lock>,
}

impl Archive {
    fn open(dir: &Path, dry_run: bool) -> Result<Self, ReparseError> {
        let path = dir.join(format::DATABASE);
        // Where there is no archive, none is made, not even its lock.
        Db::exists(&path)?;
        let dir: Arc<Path> = dir.into();
        if dry_run {
            let db = Db::open_read_only(&path)?;
            return Ok(Self { dir, db, lock: None });
        }
        let lock = Lock::acquire(&dir)?;
        let db = Db::open(&path)?;
        Ok(Self { dir, db, lock: Some(lock) })
    }

    /// Reads pages, no more at once than there are cores; the readings come in the pages' order.
    async fn read(&self, pages: Vec<ArchivedPage>) -> Result<Vec<Reading>, ReparseError> {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let mut readings = Vec::with_capacity(pages.len());
        let mut at_work: VecDeque<(ArchivedPage, JoinHandle<Reading>)> = VecDeque::new();
        for page in pages {
            if at_work.len() >= cores
                && let Some(first) = at_work.pop_front()
            {
                readings.push(finished(first).await);
            }
            let captures = self.db.captures_of_page(&page)?;
            // Asked for after the captures: a crawl that goes on meanwhile adds to both.
            let reports = self.db.reports_of_page(&page)?;
            let (dir, archived) = (Arc::clone(&self.dir), page.clone());
            let work = spawn_blocking(move || reading::read(&dir, &archived, &captures, &reports));
            at_work.push_back((page, work));
        }
        for one in at_work {
            readings.push(finished(one).await);
        }
        Ok(readings)
    }

    /// Writes what changes, in one transaction; nothing where nothing does.
    fn write(&mut self, readings: &[Reading]) -> Result<(), ReparseError> {
        let plans: Vec<&Plan> = readings.iter().flat_map(|reading| &reading.plans).collect();
        if self.lock.is_none() || plans.is_empty() {
            return Ok(());
        }
        self.commit(&plans).map_err(|source| {
            if source.is_disk_full() {
                ReparseError::DiskFull { dir: self.dir.to_path_buf(), source }
            } else {
                ReparseError::Db(source)
            }
        })
    }

    fn commit(&mut self, plans: &[&Plan]) -> Result<(), DbError> {
        let tx = self.db.begin()?;
        for Plan { write, change } in plans {
            match *write {
                Write::Add { url_id, capture } => tx.add_report(url_id, capture, &change.facts)?,
                Write::Replace { id } => tx.replace_report(id, &change.facts)?,
                Write::Remove { id } => tx.remove_report(id)?,
            }
        }
        tx.commit()
    }
}

/// The reading, when it is done. A page that breaks a library must not end the run.
async fn finished((page, work): (ArchivedPage, JoinHandle<Reading>)) -> Reading {
    match work.await {
        Ok(reading) => reading,
        Err(_panic) => Reading::unreadable(&page, "the page broke the program".to_owned()),
    }
}
