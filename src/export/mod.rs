//! What leaves the archive: a choice of it in others' formats, each of which says what it is and how to
//! check it.
//!
//! - `beside`: everything is written beside its final name, synced, then renamed
//! - `proof`: what can be had, and what is left out since it cannot
//! - `copy`: whole exchanges into new WARC files, with the lines of their index
//! - `warc`, `wacz`, `files`, `csv`, `jsonl`: one file a format
//! - `cells`: a report's numbers, one by one; `pages`: the titles of pages
//! - `snapshot`: what the export says of itself
//!
//! The same archive, configuration and filter give the same bytes: no clock is read, and every order is
//! determined. Memory does not grow with the archive: what must be sorted lies in files, and payloads go
//! by in parts.

mod beside;
mod cells;
mod copy;
pub mod csv;
mod files;
mod jsonl;
mod pages;
mod proof;
mod snapshot;
mod wacz;
mod warc;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::archive::{ArchiveError, format};
use crate::clock::Moment;
use crate::db::selection::{Counts, Filter, Selection, SelectionError};
use crate::db::{Db, DbError};
use crate::digest::Digest;
use beside::Beside;

/// In what form it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// WARC files with a CDXJ.
    Warc,
    /// One WACZ file.
    Wacz,
    /// Payloads under their hashes.
    Files,
    /// Reports and their numbers, as comma-separated values.
    Csv,
    /// Reports and their numbers, one JSON object a line.
    Jsonl,
}

impl Format {
    /// Its word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warc => "warc",
            Self::Wacz => "wacz",
            Self::Files => "files",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// In what form.
    pub format: Format,
    /// Where to: a folder, or for a WACZ a file, that does not exist yet.
    pub out: PathBuf,
    /// What of the archive.
    pub filter: Filter,
    /// The archive.
    pub archive_dir: PathBuf,
    /// At this size in bytes a WARC file is ended and the next begun.
    pub warc_size: u64,
    /// Who writes, with the version.
    pub software: String,
    /// Who operates it, as far as that is known.
    pub operator: Option<String>,
}

/// Asked from another thread, an export stops soon and leaves nothing.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks it to stop.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn check(&self) -> Result<(), ExportError> {
        if self.0.load(Ordering::Relaxed) { Err(ExportError::Stopped) } else { Ok(()) }
    }
}

/// What happens meanwhile.
#[derive(Debug)]
pub enum Event<'a> {
    /// Something could not be read and is left out.
    Damaged(&'a Damaged),
    /// A file could not be read, and nothing of it is there.
    Unread(&'a Unread),
    /// So many of so many captures or reports are done, with so many bytes of payload.
    Done {
        /// Done.
        done: u64,
        /// Of so many; 0 where that is not known.
        of: u64,
        /// Bytes of payload so far.
        bytes: u64,
    },
}

/// A record that could not be read, or is not what the index says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damaged {
    /// The URL.
    pub url: String,
    /// When it was captured.
    pub captured_at: Moment,
    /// What is wrong, and where.
    pub why: String,
}

/// A file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its name.
    pub segment: String,
    /// Why not; with its name.
    pub why: String,
    /// So many captures in it are left out.
    pub captures: u64,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Captures whose records or payloads were written.
    pub captures: u64,
    /// Of these, brought along for the sake of a revisit.
    pub brought_along: u64,
    /// Of these, responses, each with its payload.
    pub responses: u64,
    /// Payloads, where each is a file.
    pub payloads: u64,
    /// Bytes of the responses' payloads, or of these.
    pub payload_bytes: u64,
    /// Reports.
    pub reports: u64,
    /// Numbers of these.
    pub cells: u64,
    /// Chosen captures without an answer, where the format has no room for these.
    pub no_answer: u64,
    /// Chosen captures whose payload is known to be lost.
    pub known_lost: u64,
    /// Records that are damaged, and left out.
    pub damaged: u64,
}

/// An export, finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Where it lies.
    pub path: PathBuf,
    /// How many files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The SHA-256 of the file, or of the manifest of the folder.
    pub sha256: String,
    /// What it holds.
    pub tally: Tally,
    /// What was chosen.
    pub counts: Counts,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is something of that name.
    #[error("{} exists: name another --out, or remove it", path.display())]
    Exists {
        /// The name.
        path: PathBuf,
    },
    /// The name is none for a new file.
    #[error("{} cannot be made: expected a new name in a folder that exists", path.display())]
    NoPlace {
        /// The name.
        path: PathBuf,
    },
    /// Another export is at it.
    #[error("another export writes {}: nothing was done", path.display())]
    Busy {
        /// The name.
        path: PathBuf,
    },
    /// The filter lets nothing through.
    #[error("nothing in the archive matches: nothing was written")]
    Nothing,
    /// Nothing of what was chosen can be had.
    #[error(
        "all {chosen} captures that match are damaged{}: nothing was written; run `gongkai verify`",
        if *known_lost > 0 { " or known to be lost" } else { "" }
    )]
    NoneWhole {
        /// So many were chosen.
        chosen: u64,
        /// So many of them are known to be lost.
        known_lost: u64,
    },
    /// What must be sorted found no room.
    #[error(
        "no room for temporary files: SQLite writes them to the folder that SQLITE_TMPDIR or else TMPDIR \
         names (here {}), else to /var/tmp; make room there, or have SQLITE_TMPDIR name a folder with room",
        dir.display()
    )]
    NoRoom {
        /// Where they go.
        dir: PathBuf,
        /// What SQLite says.
        #[source]
        source: Box<SelectionError>,
    },
    /// It was asked to stop.
    #[error("stopped: nothing was written")]
    Stopped,
    /// Nothing could be chosen.
    #[error(transparent)]
    Selection(SelectionError),
    /// A file could not be written.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was attempted.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The archive could not be read on.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl From<DbError> for ExportError {
    fn from(error: DbError) -> Self {
        SelectionError::from(error).into()
    }
}

impl From<SelectionError> for ExportError {
    fn from(error: SelectionError) -> Self {
        match &error {
            // The archive is only read: what is written are temporary files.
            SelectionError::Db(db) if db.is_disk_full() => {
                Self::NoRoom { dir: temporary_files(), source: Box::new(error) }
            }
            _ => Self::Selection(error),
        }
    }
}

/// Where SQLite writes temporary files, as far as one can tell from outside.
fn temporary_files() -> PathBuf {
    let named = ["SQLITE_TMPDIR", "TMPDIR"].into_iter().filter_map(std::env::var_os);
    let mut folders = named.map(PathBuf::from).chain([PathBuf::from("/var/tmp")]);
    folders.find(|folder| folder.is_dir()).unwrap_or_else(|| PathBuf::from("/tmp"))
}

impl ExportError {
    fn io<'a>(what: &'static str, path: &'a Path) -> impl Fn(std::io::Error) -> Self + 'a {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }
}

/// An export while it is being made.
struct Work<'a> {
    request: &'a Request,
    selection: &'a Selection,
    counts: Counts,
    /// The moment of the archive's latest capture: the date of the export.
    as_of: Moment,
    tally: Tally,
    damaged: Vec<Damaged>,
    /// The file that could not be read last, until it was told.
    unread: Option<Unread>,
    stop: &'a Stop,
    tell: &'a mut dyn FnMut(Event<'_>),
}

impl Work<'_> {
    fn tell_done(&mut self, done: u64, of: u64) {
        (self.tell)(Event::Done { done, of, bytes: self.tally.payload_bytes });
    }
}

/// How large it is, and its digest: of the file, or of the folder's manifest.
struct Size {
    files: u64,
    bytes: u64,
    digest: Digest,
}

/// Chooses what the filter lets through, and writes it.
///
/// # Errors
/// When nothing is let through, the place is taken, the archive or the disk fails, or it was asked to
/// stop; there is nothing under the final name then. A damaged record is none: it is left out and told.
pub fn run(
    request: &Request,
    stop: &Stop,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Written, ExportError> {
    // Without the slash at its end a name is that of a folder or of a file.
    let out = request.out.components().collect();
    let result = make(&Request { out, ..request.clone() }, stop, tell);
    match (&result, stop.check()) {
        // A statement that was broken off says something else.
        (Err(_), Err(stopped)) => Err(stopped),
        _ => result,
    }
}

fn make(
    request: &Request,
    stop: &Stop,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Written, ExportError> {
    beside::is_free(&request.out)?;
    let db = Db::open_read_only(&request.archive_dir.join(format::DATABASE))?;
    let selection = db.into_selection(&request.filter, Arc::clone(&stop.0))?;
    let as_of = selection.as_of()?.ok_or(ExportError::Nothing)?;
    let of_captures = !matches!(request.format, Format::Csv | Format::Jsonl);
    let counts = if of_captures { selection.choose_captures()? } else { Counts::default() };
    if of_captures && counts.chosen == 0 {
        return Err(ExportError::Nothing);
    }
    let mut work = Work {
        request,
        selection: &selection,
        counts,
        as_of,
        tally: Tally::default(),
        damaged: Vec::new(),
        unread: None,
        stop,
        tell,
    };
    let beside = Beside::begin(&request.out)?;
    let size = match request.format {
        Format::Warc => warc::write(&mut work, &beside)?,
        Format::Wacz => wacz::write(&mut work, &beside)?,
        Format::Files => files::write(&mut work, &beside)?,
        Format::Csv => csv::write(&mut work, &beside)?,
        Format::Jsonl => jsonl::write(&mut work, &beside)?,
    };
    stop.check()?;
    let Work { tally, counts, .. } = work;
    match request.format {
        Format::Wacz => beside.finish_file()?,
        _ => beside.finish_folder()?,
    }
    Ok(Written {
        path: request.out.clone(),
        files: size.files,
        bytes: size.bytes,
        sha256: size.digest.hex(),
        tally,
        counts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::kept::Kept;

    #[test]
    fn where_there_is_no_room_for_temporary_files_it_is_said_where_they_go_and_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join(format::DATABASE)).unwrap();
        let selection = db.into_selection(&Filter::default(), Arc::default()).unwrap();
        selection.limit_temporary_files(20).unwrap();
        let line = "line ".repeat(200);
        let full = (0..10_000).find_map(|_| selection.keep(Kept::Cdxj, &line).err());
        let message = ExportError::from(full.unwrap()).to_string();
        for part in ["SQLITE_TMPDIR", "TMPDIR", "/var/tmp", "make room there"] {
            assert!(message.contains(part), "{message}");
        }
    }
}
