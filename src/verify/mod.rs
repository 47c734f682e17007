//! Is the archive whole: every stored byte against its digests, the index against the files, both ways.
//!
//! - `finding`: what can be wrong
//! - `file`: one WARC file against its rows
//!
//! Nothing is written. The index is held still while a file is read, so that a crawl may go on.

mod file;
mod finding;

use std::collections::HashSet;
use std::error::Error as _;
use std::io::ErrorKind;
use std::path::Path;

use serde::Serialize;

use crate::archive::read::open_segment;
use crate::archive::{ArchiveError, format, left_open};
use crate::db::consistency::Segment;
use crate::db::{Db, DbError};
use file::{FileCheck, Told};

pub use finding::{Finding, Problem};

/// Why the archive could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A file could not be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The index could not be read.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What is told as it happens.
#[derive(Debug)]
pub enum Event<'a> {
    /// Something is wrong.
    Finding(&'a Finding),
    /// Something that is no fault, and good to know.
    Remark(String),
    /// How far it is, in bytes of the WARC files.
    Progress {
        /// Bytes read.
        done: u64,
        /// Of so many.
        of: u64,
    },
}

/// What was looked at, and how much of it is wrong.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// WARC files.
    pub files: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Records that are whole.
    pub records: u64,
    /// Bytes of their payloads.
    pub payload_bytes: u64,
    /// Records that are known to be gone.
    pub lost: u64,
    /// What is wrong.
    pub findings: u64,
}

/// Verifies the archive; `quick` reads no WARC file, and looks at names, lengths and rows alone.
///
/// # Errors
/// When there is no archive, or a file cannot be read; when `tell` fails. A database that is damaged is a
/// finding, and ends it.
pub fn run<E: From<VerifyError>>(
    archive_dir: &Path,
    quick: bool,
    mut tell: impl FnMut(Event<'_>) -> Result<(), E>,
) -> Result<Summary, E> {
    let path = archive_dir.join(format::DATABASE);
    let mut summary = Summary::default();
    let result = Db::open_read_only(&path).map_err(Ended::from).and_then(|db| {
        let mut verify =
            Verify { archive_dir, quick, db: &db, of: 0, done: 0, summary: &mut summary };
        verify.all(&mut tell)
    });
    match result {
        Ok(()) => Ok(summary),
        Err(Ended::Tell(error)) => Err(error),
        // What SQLite cannot read, and a row of another shape, are damage like any other.
        Err(Ended::Verify(VerifyError::Db(error))) if error.is_damage() => {
            summary.findings += 1;
            let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            tell(Event::Finding(&damaged_database(&cause)))?;
            Ok(summary)
        }
        Err(Ended::Verify(error)) => Err(error.into()),
    }
}

fn damaged_database(what: &str) -> Finding {
    let why = format!("it is damaged ({what}): `gongkai rebuild` makes it anew");
    Finding::new(Problem::Database, why)
}

/// The names of the sealed WARC files.
fn files(archive_dir: &Path) -> Result<Vec<String>, ArchiveError> {
    if !archive_dir.join(format::WARC_DIR).is_dir() {
        return Ok(Vec::new());
    }
    Ok(format::sealed(archive_dir)?.into_iter().map(|(name, _)| name).collect())
}

struct Verify<'a> {
    archive_dir: &'a Path,
    quick: bool,
    db: &'a Db,
    of: u64,
    done: u64,
    summary: &'a mut Summary,
}

impl Verify<'_> {
    fn all<E>(
        &mut self,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), Ended<E>> {
        let db = self.db;
        if !self.quick
            && let Some(what) = db.broken_page()?
        {
            return self.find(&damaged_database(&what.replace('\n', " ")), tell);
        }
        // First the folder, then the rows: a file that a crawl begins in between has a row, not the reverse.
        let files = files(self.archive_dir)?;
        let segments = db.segments()?;
        self.of = segments.iter().map(|segment| segment.length).sum();
        self.summary.lost = db.count_losses()?;
        for segment in &segments {
            // Held still a file at a time: a crawl's log can be taken in in between.
            db.hold_still()?;
            if let Some(segment) = db.segment(&segment.name)? {
                self.segment(&segment, tell)?;
            }
            db.let_go()?;
        }
        self.unknown(&files, &segments, tell)?;
        db.hold_still()?;
        let thorough = !self.quick;
        db.each_contradiction::<Ended<E>>(thorough, |one| {
            let why = format!("{}: {}", one.what, one.row);
            self.find(&Finding::new(Problem::Index, why), tell)
        })?;
        Ok(db.let_go()?)
    }

    fn segment<E>(
        &mut self,
        segment: &Segment,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), Ended<E>> {
        let name = &segment.name;
        let (path, file) = match open_segment(self.archive_dir, name) {
            Ok(opened) => opened,
            Err(ArchiveError::Io { source, path, .. }) if source.kind() == ErrorKind::NotFound => {
                let why = format!("{} is not there: get it back from a copy", path.display());
                self.done += segment.length;
                return self.find(&Finding::in_file(Problem::MissingFile, name, why), tell);
            }
            Err(error) => return Err(error.into()),
        };
        let found = file.metadata().map_err(ArchiveError::io("read", &path))?.len();
        self.summary.files += 1;
        self.summary.bytes += found;
        // A crawl may add to it, and seal it, while it is looked at.
        let is_open = !segment.sealed || path.extension().is_some_and(|ending| ending == "open");
        self.length(segment, found, is_open, tell)?;
        if !self.quick {
            let limit = is_open.then_some(segment.length);
            let check = FileCheck { db: self.db, segment, path: &path, file, limit };
            self.read(&check, tell)?;
        }
        self.done += segment.length;
        tell(Event::Progress { done: self.done, of: self.of }).map_err(Ended::Tell)
    }

    fn length<E>(
        &mut self,
        segment: &Segment,
        found: u64,
        is_open: bool,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), Ended<E>> {
        let known = segment.length;
        if is_open && found > known {
            let remark = format!(
                "{} is open, and {} bytes at its end are not committed: the next crawl sets them aside \
                 unless one is writing them now",
                segment.name,
                found - known
            );
            return tell(Event::Remark(remark)).map_err(Ended::Tell);
        }
        if found == known {
            return Ok(());
        }
        let why = format!("it has {found} bytes, the index knows {known}");
        self.find(&Finding::in_file(Problem::Length, &segment.name, why), tell)
    }

    fn read<E>(
        &mut self,
        check: &FileCheck<'_>,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), Ended<E>> {
        let mut done = self.done;
        check.run::<Ended<E>>(&mut |told| match told {
            Told::Finding(finding) => self.find(&finding, tell),
            Told::Record { bytes, payload } => {
                self.summary.records += 1;
                self.summary.payload_bytes += payload;
                done += bytes;
                tell(Event::Progress { done, of: self.of }).map_err(Ended::Tell)
            }
        })
    }

    /// Files that no row speaks of: sealed ones are findings, open ones are known to be left by a kill.
    fn unknown<E>(
        &mut self,
        files: &[String],
        segments: &[Segment],
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), Ended<E>> {
        let known: HashSet<&str> = segments.iter().map(|segment| segment.name.as_str()).collect();
        for name in files.iter().filter(|name| !known.contains(name.as_str())) {
            let why = "no row speaks of it";
            self.find(&Finding::in_file(Problem::UnknownFile, name, why), tell)?;
        }
        for open in left_open::find(self.archive_dir)? {
            if self.db.segment(open.name())?.is_none() {
                let remark = format!(
                    "{} is open, and nothing in it is committed: the next crawl sets it aside unless one \
                     is writing it now",
                    open.name()
                );
                tell(Event::Remark(remark)).map_err(Ended::Tell)?;
            }
        }
        Ok(())
    }

    fn find<E>(
        &mut self,
        finding: &Finding,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), Ended<E>> {
        self.summary.findings += 1;
        tell(Event::Finding(finding)).map_err(Ended::Tell)
    }
}

/// What ended it: ours, or the teller's.
enum Ended<E> {
    Tell(E),
    Verify(VerifyError),
}

impl<E> From<ArchiveError> for Ended<E> {
    fn from(error: ArchiveError) -> Self {
        Self::Verify(error.into())
    }
}

impl<E> From<DbError> for Ended<E> {
    fn from(error: DbError) -> Self {
        Self::Verify(error.into())
    }
}
