//! Is the archive whole: every stored byte against its digests, the index against the files, both ways.
//!
//! - `finding`: what can be wrong
//! - `file`: one WARC file against its rows
//!
//! Nothing is written. The index is held still as it was at the beginning, so that a crawl may go on.

mod file;
mod finding;

use std::collections::HashSet;
use std::path::Path;

use serde::Serialize;

use crate::archive::{ArchiveError, format};
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
/// When there is no archive, or something cannot be read; when `tell` fails.
pub fn run<E: From<VerifyError>>(
    archive_dir: &Path,
    quick: bool,
    mut tell: impl FnMut(Event<'_>) -> Result<(), E>,
) -> Result<Summary, E> {
    // First the folder, then the rows: a file that a crawl begins in between has a row, not the reverse.
    let files = files(archive_dir).map_err(VerifyError::from)?;
    let db = Db::open_read_only(&archive_dir.join(format::DATABASE)).map_err(VerifyError::from)?;
    db.hold_still().map_err(VerifyError::from)?;
    let segments = db.segments().map_err(VerifyError::from)?;
    let of = segments.iter().map(|segment| segment.length).sum();
    let mut verify =
        Verify { archive_dir, quick, db: &db, of, done: 0, summary: Summary::default() };
    verify.summary.lost = db.count_losses().map_err(VerifyError::from)?;
    for segment in &segments {
        verify.segment(segment, &mut tell)?;
    }
    verify.unknown(&files, &segments, &mut tell)?;
    verify.contradictions(&mut tell)?;
    let summary = verify.summary;
    db.let_go().map_err(VerifyError::from)?;
    Ok(summary)
}

/// The names of the WARC files, sealed and open.
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
    summary: Summary,
}

impl Verify<'_> {
    fn segment<E: From<VerifyError>>(
        &mut self,
        segment: &Segment,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let path = format::find_segment(self.archive_dir, &segment.name);
        let Ok(found) = std::fs::metadata(&path) else {
            let why = format!("{} is not there: get it back from a copy", path.display());
            self.find(&Finding::in_file(Problem::MissingFile, &segment.name, why), tell)?;
            self.done += segment.length;
            return Ok(());
        };
        self.summary.files += 1;
        self.summary.bytes += found.len();
        let is_open = path.extension().is_some_and(|ending| ending == "open");
        self.length(segment, found.len(), is_open, tell)?;
        if !self.quick {
            self.read(segment, &path, is_open, tell)?;
        }
        self.done += segment.length;
        tell(Event::Progress { done: self.done, of: self.of })
    }

    fn length<E>(
        &mut self,
        segment: &Segment,
        found: u64,
        is_open: bool,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let known = segment.length;
        if is_open && found > known {
            return tell(Event::Remark(format!(
                "{} is open, and {} bytes at its end are not committed: the next crawl sets them aside \
                 unless one is writing them now",
                segment.name,
                found - known
            )));
        }
        if found == known {
            return Ok(());
        }
        let why = format!("it has {found} bytes, the index knows {known}");
        self.find(&Finding::in_file(Problem::Length, &segment.name, why), tell)
    }

    fn read<E: From<VerifyError>>(
        &mut self,
        segment: &Segment,
        path: &Path,
        is_open: bool,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        // A crawl may have sealed it since the index was held still, with more in it.
        let limit = (is_open || !segment.sealed).then_some(segment.length);
        let check = FileCheck { db: self.db, segment, path, limit };
        let mut done = self.done;
        check
            .run::<Ended<E>>(&mut |told| {
                match told {
                    Told::Finding(finding) => self.find(&finding, tell).map_err(Ended::Tell)?,
                    Told::Record { bytes, payload } => {
                        self.summary.records += 1;
                        self.summary.payload_bytes += payload;
                        done += bytes;
                        tell(Event::Progress { done, of: self.of }).map_err(Ended::Tell)?;
                    }
                }
                Ok(())
            })
            .map_err(|ended| match ended {
                Ended::Tell(error) => error,
                Ended::Verify(error) => error.into(),
            })
    }

    /// Sealed files that no row speaks of.
    fn unknown<E>(
        &mut self,
        files: &[String],
        segments: &[Segment],
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let known: HashSet<&str> = segments.iter().map(|segment| segment.name.as_str()).collect();
        for name in files.iter().filter(|name| !known.contains(name.as_str())) {
            let why = "no row speaks of it";
            self.find(&Finding::in_file(Problem::UnknownFile, name, why), tell)?;
        }
        Ok(())
    }

    fn contradictions<E: From<VerifyError>>(
        &mut self,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let db = self.db;
        db.each_contradiction::<Ended<E>>(!self.quick, |one| {
            let finding = Finding::new(Problem::Index, format!("{}: {}", one.what, one.row));
            self.find(&finding, tell).map_err(Ended::Tell)
        })
        .map_err(|ended| match ended {
            Ended::Tell(error) => error,
            Ended::Verify(error) => error.into(),
        })
    }

    fn find<E>(
        &mut self,
        finding: &Finding,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.summary.findings += 1;
        tell(Event::Finding(finding))
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
