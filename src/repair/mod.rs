//! What a verification found, put right: damaged files set aside and what is whole in them kept, the index
//! brought in line with the files.
//!
//! - `plan`: what is to be done
//! - `mend`: a damaged file, its whole records copied to a new one
//! - `reconcile`: the rows of one file brought in line with its records
//!
//! Nothing is thrown away: what is damaged lies in `set-aside/`, what is lost is written down, and its pages are
//! asked for again. A repair that is killed is done again.

mod mend;
mod plan;
mod reconcile;

use serde::Serialize;

use crate::archive::exchanges::{Exchanges, Piece};
use crate::archive::lock::Lock;
use crate::archive::read::file_digest;
use crate::archive::scan::Scan;
use crate::archive::{ArchiveError, SegmentState, format};
use crate::canonical::CanonicalUrl;
use crate::clock;
use crate::config::Config;
use crate::crawl::start;
use crate::db::{Db, DbError};
use crate::rebuild::{self, RebuildError};
use crate::seeds::Seeds;
use crate::verify::{self, Finding, VerifyError};
use reconcile::{Ground, ReconcileError, Reconciled};

pub use plan::{FileNeeds, Need, Plan};

/// Why the archive could not be repaired.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// What a killed run left could not be mended.
    #[error("what the last run left open could not be sealed")]
    LeftOpen(#[source] Box<crate::crawl::CrawlError>),
    /// Another process holds the archive; or a file could not be read, written or moved.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The index failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The archive could not be verified.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The index could not be made anew.
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
}

impl From<ReconcileError> for RepairError {
    fn from(error: ReconcileError) -> Self {
        match error {
            ReconcileError::Archive(error) => error.into(),
            ReconcileError::Db(error) => error.into(),
        }
    }
}

/// What is told as it happens.
#[derive(Debug)]
pub enum Event<'a> {
    /// Something is wrong.
    Finding(&'a Finding),
    /// Something is still wrong after the repair.
    Left(&'a Finding),
    /// Something was done, or with `--dry-run` would be: in words.
    Step(&'a str),
    /// How far a verification is, in bytes of the WARC files.
    Progress {
        /// Bytes read.
        done: u64,
        /// Of so many.
        of: u64,
    },
}

/// What was done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// What was wrong.
    pub findings: u64,
    /// Files that were set aside, whole.
    pub set_aside: u64,
    /// Rows that stay.
    pub kept: u64,
    /// Rows that were added.
    pub added: u64,
    /// Rows that were taken away.
    pub removed: u64,
    /// Pages that are asked for again, since their bytes were lost.
    pub asked_again: u64,
    /// The index was made anew.
    pub rebuilt: bool,
    /// What is still wrong.
    pub left: u64,
}

/// Repairs the archive; with `dry_run` says what would be done, and writes nothing.
///
/// # Errors
/// When another process holds the archive, or the disk fails; when `tell` does. What was done by then holds.
pub fn run<E: From<RepairError>>(
    config: &Config,
    seeds: &Seeds,
    dry_run: bool,
    mut tell: impl FnMut(Event<'_>) -> Result<(), E>,
) -> Result<Summary, E> {
    let dir = &config.archive.dir;
    let (lock, mut db) = open(config, dry_run)?;
    let mut summary = Summary::default();
    let mut plan = Plan::default();
    verify(config, &mut |event| {
        if let Event::Finding(finding) = &event {
            summary.findings += 1;
            plan.add(finding);
        }
        tell(event)
    })?;
    if dry_run || plan.is_empty() {
        for step in plan.words() {
            tell(Event::Step(&step))?;
        }
        return Ok(summary);
    }
    let mut repair = Repair {
        ground: Ground { archive_dir: dir, config, seeds, now: clock::now() },
        db: &mut db,
        summary: &mut summary,
    };
    for (file, needs) in &plan.files {
        let step = repair.file(file, needs)?;
        tell(Event::Step(&step))?;
    }
    let tx = db.begin().map_err(RepairError::from)?;
    summary.asked_again = tx.settle_payloads().map_err(RepairError::from)?;
    tx.commit().map_err(RepairError::from)?;
    drop(db);
    if plan.rebuild {
        let made = rebuild::run_locked(config, seeds, &lock, |_| Ok::<_, RebuildError>(()));
        made.map_err(RepairError::from)?;
        summary.rebuilt = true;
        tell(Event::Step("the index was made anew: its rows contradicted one another"))?;
    }
    verify(config, &mut |event| {
        if let Event::Finding(finding) = event {
            summary.left += 1;
            return tell(Event::Left(finding));
        }
        tell(event)
    })?;
    Ok(summary)
}

/// The archive, ours; what a killed run left open is sealed first, but in a dry run.
fn open(config: &Config, dry_run: bool) -> Result<(Lock, Db), RepairError> {
    let dir = &config.archive.dir;
    let path = dir.join(format::DATABASE);
    if !path.exists() {
        return Err(DbError::Missing { path }.into());
    }
    let lock = Lock::acquire(dir)?;
    let mut db = Db::open(&path)?;
    if !dry_run {
        match start::mend(dir, &mut db) {
            // A file that lost committed bytes is what this is for.
            Ok(()) | Err(crate::crawl::CrawlError::Archive(ArchiveError::Short { .. })) => {}
            Err(error) => return Err(RepairError::LeftOpen(Box::new(error))),
        }
    }
    Ok((lock, db))
}

fn verify<E: From<RepairError>>(
    config: &Config,
    tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
) -> Result<(), E> {
    verify::run::<Ended<E>>(&config.archive.dir, false, |event| {
        let told = match event {
            verify::Event::Finding(finding) => tell(Event::Finding(finding)),
            verify::Event::Progress { done, of } => tell(Event::Progress { done, of }),
            verify::Event::Remark(_) => Ok(()),
        };
        told.map_err(Ended::Tell)
    })
    .map(drop)
    .map_err(|ended| match ended {
        Ended::Tell(error) => error,
        Ended::Verify(error) => RepairError::from(error).into(),
    })
}

/// What ended a verification: ours, or the teller's.
enum Ended<E> {
    Tell(E),
    Verify(VerifyError),
}

impl<E> From<VerifyError> for Ended<E> {
    fn from(error: VerifyError) -> Self {
        Self::Verify(error)
    }
}

struct Repair<'a> {
    ground: Ground<'a>,
    db: &'a mut Db,
    summary: &'a mut Summary,
}

impl Repair<'_> {
    /// Does what a file needs; says what was done.
    fn file(&mut self, name: &str, needs: &FileNeeds) -> Result<String, RepairError> {
        match needs.need {
            Need::Removal => self.missing(name),
            Need::Admission => self.unknown(name),
            Need::Mending => self.damaged(name),
            Need::Rows => self.rows(name),
        }
    }

    fn missing(&mut self, name: &str) -> Result<String, RepairError> {
        let tx = self.db.begin()?;
        let rows = tx.captures_by_record(name)?;
        let mut removed = 0;
        for row in rows.values().flatten() {
            tx.remove_capture(row.id, Some("its file is gone"), self.ground.now)?;
            removed += 1;
        }
        tx.remove_segment(name)?;
        tx.commit()?;
        self.summary.removed += removed;
        Ok(format!("{name}: gone; {removed} captures were taken out of the index"))
    }

    fn damaged(&mut self, name: &str) -> Result<String, RepairError> {
        let dir = self.ground.archive_dir;
        let mended = mend::copy_whole(dir, name, |_| true)?;
        let path = format::find_segment(dir, &mended.state.name);
        let lost = Some("its bytes were damaged");
        let done = self.ground.reconcile(self.db, name, &path, &mended.state, lost)?;
        mended.seal()?;
        let aside = mend::set_aside(dir, name)?;
        self.count(done);
        self.summary.set_aside += 1;
        Ok(format!(
            "{name}: set aside as {}; {} captures are kept in {}, {} are lost",
            aside.display(),
            done.kept + done.added,
            mended.state.name,
            done.removed
        ))
    }

    /// A file that is whole, whose rows say something else.
    fn rows(&mut self, name: &str) -> Result<String, RepairError> {
        let path = format::find_segment(self.ground.archive_dir, name);
        let state = state(name, &path)?;
        let done = self.ground.reconcile(self.db, name, &path, &state, None)?;
        self.count(done);
        Ok(format!(
            "{name}: {} rows stay, {} were added, {} were taken away",
            done.kept, done.added, done.removed
        ))
    }

    /// A file that no row speaks of: what no other file holds too is taken in.
    fn unknown(&mut self, name: &str) -> Result<String, RepairError> {
        let dir = self.ground.archive_dir;
        let path = format::find_segment(dir, name);
        let (copies, fresh, damaged) = self.census(&path)?;
        if copies == 0 && !damaged {
            let state = state(name, &path)?;
            let done = self.ground.reconcile(self.db, name, &path, &state, None)?;
            self.count(done);
            return Ok(format!("{name}: {} captures were taken into the index", done.added));
        }
        let mut what = String::new();
        if fresh > 0 {
            let done = self.take_in_the_fresh(name)?;
            what =
                format!(", and {done} captures that no other file holds were taken into the index");
        }
        let aside = mend::set_aside(dir, name)?;
        self.summary.set_aside += 1;
        Ok(format!("{name}: {copies} copies; set aside as {}{what}", aside.display()))
    }

    fn take_in_the_fresh(&mut self, name: &str) -> Result<u64, RepairError> {
        let dir = self.ground.archive_dir;
        let mut of_copy = false;
        let tx = self.db.begin()?;
        let mut failed = None;
        let mended = mend::copy_whole(dir, name, |found| {
            let record = &found.record;
            if crate::archive::exchanges::is_main(record) {
                of_copy = is_copy(&tx, record).unwrap_or_else(|error| {
                    failed = Some(error);
                    true
                });
            }
            !of_copy
        })?;
        drop(tx);
        if let Some(error) = failed {
            mended.discard()?;
            return Err(error.into());
        }
        let path = format::find_segment(dir, &mended.state.name);
        let done =
            self.ground.reconcile(self.db, &mended.state.name, &path, &mended.state, None)?;
        mended.seal()?;
        self.count(done);
        Ok(done.added)
    }

    /// How many exchanges of a file stand in another too, how many do not, and whether it is damaged.
    fn census(&mut self, path: &std::path::Path) -> Result<(u64, u64, bool), RepairError> {
        let tx = self.db.begin()?;
        let (mut copies, mut fresh, mut damaged) = (0, 0, false);
        for piece in Exchanges::new(Scan::open(path, None)?) {
            match piece? {
                Piece::Exchange(archived) => {
                    let exchange = &archived.exchange;
                    let known = match CanonicalUrl::new(&exchange.url) {
                        Ok(url) => {
                            let id = &archived.recorded.record_id;
                            tx.knows_record(&url, exchange.started, id)?
                        }
                        Err(_not_ours) => true,
                    };
                    copies += u64::from(known);
                    fresh += u64::from(!known);
                }
                Piece::Damage(_) => damaged = true,
                Piece::Info { .. } | Piece::Stray(_) => {}
            }
        }
        Ok((copies, fresh, damaged))
    }

    fn count(&mut self, done: Reconciled) {
        self.summary.kept += done.kept;
        self.summary.added += done.added;
        self.summary.removed += done.removed;
    }
}

fn is_copy(
    tx: &crate::db::Tx<'_>,
    record: &crate::archive::warc::reader::Record,
) -> Result<bool, DbError> {
    let url = record.field("WARC-Target-URI").and_then(|url| url::Url::parse(url).ok());
    let url = url.and_then(|url| CanonicalUrl::new(&url).ok());
    let at = record.field("WARC-Date").and_then(clock::Moment::parse);
    let id = record.field("WARC-Record-ID").and_then(crate::archive::warc::record::id_of);
    match (url, at, id) {
        (Some(url), Some(at), Some(id)) => tx.knows_record(&url, at, &id),
        _ => Ok(false),
    }
}

/// What the index is to say of a sealed file.
fn state(name: &str, path: &std::path::Path) -> Result<SegmentState, ArchiveError> {
    let length = std::fs::metadata(path).map_err(ArchiveError::io("read", path))?.len();
    let digest = Some(file_digest(path, length)?);
    Ok(SegmentState { name: name.to_owned(), length, digest, sealed: true })
}
