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

use std::path::Path;

use serde::Serialize;

use crate::archive::exchanges::{Key, key};
use crate::archive::lock::Lock;
use crate::archive::read::file_digest;
use crate::archive::scan::{Scan, Scanned};
use crate::archive::{ArchiveError, SegmentState, durable, format};
use crate::clock;
use crate::config::Config;
use crate::crawl::{CrawlError, start};
use crate::db::{Db, DbError, Tx};
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
    let mut summary = Summary::default();
    if dry_run {
        let path = config.archive.dir.join(format::DATABASE);
        if let Err(DbError::NoIndex { .. }) = Db::exists(&path) {
            summary.findings = 1;
            tell(Event::Step("there is no index: it is made anew from the WARC files"))?;
            return Ok(summary);
        }
        let plan = plan(config, &mut |event| tell(event))?;
        summary.findings = plan.findings;
        for step in plan.words() {
            tell(Event::Step(&step))?;
        }
        return Ok(summary);
    }
    let lock = lock(config)?;
    for round in 1..=ROUNDS {
        if is_readable(config)? {
            let plan = plan(config, &mut |event| match event {
                // What a round leaves is told at the end, if the next does not mend it.
                Event::Finding(_) if round > 1 => Ok(()),
                event => tell(event),
            })?;
            if plan.is_empty() {
                return Ok(summary);
            }
            summary.findings += if round == 1 { plan.findings } else { 0 };
            let mut repair = Repair {
                ground: Ground {
                    archive_dir: &config.archive.dir,
                    config,
                    seeds,
                    now: clock::now(),
                },
                summary: &mut summary,
            };
            if !plan.is_broken && repair.files(&plan, &mut tell)? {
                continue;
            }
        }
        let made = rebuild::run_locked(config, seeds, &lock, |_| Ok::<_, RebuildError>(()));
        made.map_err(RepairError::from)?;
        summary.rebuilt = true;
        tell(Event::Step("the index was made anew from the WARC files"))?;
    }
    let left = plan(config, &mut |event| match event {
        Event::Finding(finding) => tell(Event::Left(finding)),
        event => tell(event),
    })?;
    summary.left = left.findings;
    Ok(summary)
}

/// So often is the archive verified and repaired: an index that is made anew may show what a damaged one hid.
const ROUNDS: u32 = 3;

fn lock(config: &Config) -> Result<Lock, RepairError> {
    let dir = &config.archive.dir;
    let path = dir.join(format::DATABASE);
    if let Err(missing @ DbError::Missing { .. }) = Db::exists(&path) {
        return Err(missing.into());
    }
    Ok(Lock::acquire(dir)?)
}

/// Seals what a killed run left open, and says whether there is an index that can be read at all.
fn is_readable(config: &Config) -> Result<bool, RepairError> {
    let dir = &config.archive.dir;
    let path = dir.join(format::DATABASE);
    if Db::exists(&path).is_err() {
        return Ok(false);
    }
    let mut db = match Db::open(&path) {
        Ok(db) => db,
        Err(error) if error.is_damage() || matches!(error, DbError::NotOurs { .. }) => {
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    match start::mend(dir, &mut db) {
        // A file that lost committed bytes is what this is for.
        Ok(()) | Err(CrawlError::Archive(ArchiveError::Short { .. })) => Ok(true),
        Err(CrawlError::Db(error)) if error.is_damage() => Ok(false),
        Err(error) => Err(RepairError::LeftOpen(Box::new(error))),
    }
}

/// What a verification asks for; its findings are told.
fn plan<E: From<RepairError>>(
    config: &Config,
    tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
) -> Result<Plan, E> {
    let mut plan = Plan::default();
    verify::run::<Ended<E>>(&config.archive.dir, false, |event| {
        let told = match event {
            verify::Event::Finding(finding) => {
                plan.add(finding);
                tell(Event::Finding(finding))
            }
            verify::Event::Progress { done, of } => tell(Event::Progress { done, of }),
            verify::Event::Remark(_) => Ok(()),
        };
        told.map_err(Ended::Tell)
    })
    .map_err(|ended| match ended {
        Ended::Tell(error) => error,
        Ended::Verify(error) => RepairError::from(error).into(),
    })?;
    Ok(plan)
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
    summary: &'a mut Summary,
}

impl Repair<'_> {
    /// Does what the files need; false where that leaves an index that is to be made anew.
    fn files<E: From<RepairError>>(
        &mut self,
        plan: &Plan,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<bool, E> {
        let path = self.ground.archive_dir.join(format::DATABASE);
        let mut db = Db::open(&path).map_err(RepairError::from)?;
        for (file, needs) in &plan.files {
            let step = self.file(&mut db, file, needs)?;
            tell(Event::Step(&step))?;
        }
        if !plan.contradicts {
            return Ok(true);
        }
        // The rows may have contradicted one another for what was put right by now.
        let mut contradicts = false;
        let asked = db.each_contradiction(true, |_| {
            contradicts = true;
            Ok::<_, DbError>(())
        });
        match asked {
            Ok(()) => Ok(!contradicts),
            Err(error) if error.is_damage() => Ok(false),
            Err(error) => Err(RepairError::from(error).into()),
        }
    }

    /// Does what a file needs; says what was done.
    fn file(&mut self, db: &mut Db, name: &str, needs: &FileNeeds) -> Result<String, RepairError> {
        match needs.need {
            Need::Removal => self.missing(db, name, "its file is gone"),
            Need::Admission => self.unknown(db, name),
            Need::Mending => self.damaged(db, name),
            Need::Rows => self.rows(db, name),
        }
    }

    fn missing(&mut self, db: &mut Db, name: &str, why: &str) -> Result<String, RepairError> {
        let tx = db.begin()?;
        let rows = tx.captures_by_record(name)?;
        let mut done = Reconciled::default();
        for row in rows.values().flatten() {
            done.asked_again += tx.remove_capture(row.id, Some(why), self.ground.now)?;
            done.removed += 1;
        }
        tx.remove_segment(name)?;
        done.asked_again += tx.settle_payloads()?;
        tx.commit()?;
        self.count(done);
        Ok(format!("{name}: {why}; captures taken out of the index: {}", done.removed))
    }

    fn damaged(&mut self, db: &mut Db, name: &str) -> Result<String, RepairError> {
        let dir = self.ground.archive_dir;
        let tx = db.begin()?;
        let places = tx.places_in(name)?;
        drop(tx);
        // What begins within the bytes of another record is that record's payload, whatever it looks like.
        let within = |offset: u64| {
            let before = places.partition_point(|(begin, _)| *begin < offset);
            let last = before.checked_sub(1).and_then(|index| places.get(index));
            last.is_some_and(|(begin, length)| offset < begin + length)
        };
        let Some(mended) = mend::copy_whole(dir, name, |found| !within(found.offset))? else {
            let step = self.missing(db, name, "nothing in it is whole")?;
            let aside = durable::set_aside(dir, name)?;
            self.summary.set_aside += 1;
            return Ok(format!("{step}; set aside as {}", aside.display()));
        };
        let lost = Some("its bytes were damaged");
        let done = self.ground.reconcile(db, name, &mended.path, &mended.state, lost)?;
        let state = mended.seal()?;
        let aside = durable::set_aside(dir, name)?;
        self.count(done);
        self.summary.set_aside += 1;
        Ok(format!(
            "{name}: set aside as {}; captures: {} kept in {}, {} lost",
            aside.display(),
            done.kept + done.added,
            state.name,
            done.removed
        ))
    }

    /// A file that is whole, whose rows say something else.
    fn rows(&mut self, db: &mut Db, name: &str) -> Result<String, RepairError> {
        let path = format::find_segment(self.ground.archive_dir, name);
        let state = state(name, &path)?;
        let done = self.ground.reconcile(db, name, &path, &state, None)?;
        self.count(done);
        let step = format!(
            "{name}: rows: {} kept, {} added, {} taken away",
            done.kept, done.added, done.removed
        );
        if done.copies == 0 {
            return Ok(step);
        }
        Ok(format!("{step}; {}", self.without_copies(db, name, name)?))
    }

    /// A file that no row speaks of: what no other file holds too is taken in.
    fn unknown(&mut self, db: &mut Db, name: &str) -> Result<String, RepairError> {
        let path = format::find_segment(self.ground.archive_dir, name);
        let census = census(db, name, &path)?;
        if census.copies == 0 && census.fresh > 0 && !census.is_damaged {
            let state = state(name, &path)?;
            let done = self.ground.reconcile(db, name, &path, &state, None)?;
            self.count(done);
            return Ok(format!("{name}: captures taken into the index: {}", done.added));
        }
        Ok(format!("{name}: {}", self.without_copies(db, name, "")?))
    }

    /// Keeps in a new file what no other file holds too, and sets the file aside. `old` is the name under which
    /// the index knows it.
    fn without_copies(
        &mut self,
        db: &mut Db,
        name: &str,
        old: &str,
    ) -> Result<String, RepairError> {
        let dir = self.ground.archive_dir;
        let tx = db.begin()?;
        let (mut of_copy, mut failed, mut fresh) = (false, None, 0);
        let mended = mend::copy_whole(dir, name, |found| {
            if let Some(key) = key(&found.record) {
                of_copy = is_copy(&tx, name, &key).unwrap_or_else(|error| {
                    failed = Some(error);
                    true
                });
                fresh += u64::from(!of_copy);
            }
            !of_copy
        })?;
        drop(tx);
        if let Some(error) = failed {
            return Err(error.into());
        }
        let mut what = "nothing but copies".to_owned();
        if let Some(mended) = mended.filter(|_| fresh > 0) {
            let done = self.ground.reconcile(db, old, &mended.path, &mended.state, None)?;
            let state = mended.seal()?;
            self.count(done);
            let kept = done.kept + done.added;
            what = format!("captures that no other file holds: {kept}, kept in {}", state.name);
        } else if !old.is_empty() {
            let tx = db.begin()?;
            tx.remove_segment(old)?;
            tx.commit()?;
        }
        let aside = durable::set_aside(dir, name)?;
        self.summary.set_aside += 1;
        Ok(format!("set aside as {}; {what}", aside.display()))
    }

    fn count(&mut self, done: Reconciled) {
        self.summary.kept += done.kept;
        self.summary.added += done.added;
        self.summary.removed += done.removed;
        self.summary.asked_again += done.asked_again;
    }
}

/// What stands in a file that no row speaks of.
#[derive(Debug, Default)]
struct Census {
    copies: u64,
    fresh: u64,
    is_damaged: bool,
}

fn census(db: &mut Db, name: &str, path: &Path) -> Result<Census, RepairError> {
    let tx = db.begin()?;
    let mut census = Census::default();
    for scanned in Scan::open(path, None)? {
        match scanned? {
            Scanned::Record(found) => {
                if let Some(key) = key(&found.record) {
                    let is_copy = is_copy(&tx, name, &key)?;
                    census.copies += u64::from(is_copy);
                    census.fresh += u64::from(!is_copy);
                }
            }
            Scanned::Damage(_) => census.is_damaged = true,
        }
    }
    Ok(census)
}

/// Whether a record stands in another file too, as the index knows.
fn is_copy(tx: &Tx<'_>, name: &str, key: &Key) -> Result<bool, DbError> {
    let known = tx.segment_of(&key.url, key.at, &key.record_id)?;
    Ok(known.is_some_and(|known| known != name))
}

/// What the index is to say of a sealed file.
fn state(name: &str, path: &Path) -> Result<SegmentState, ArchiveError> {
    let length = std::fs::metadata(path).map_err(ArchiveError::io("read", path))?.len();
    let digest = Some(file_digest(path, length)?);
    Ok(SegmentState { name: name.to_owned(), length, digest, sealed: true })
}
