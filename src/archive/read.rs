//! A record by its place, and all records of a file.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::warc::reader::{Record, read_member};
use super::{ArchiveError, format};

/// Reads the record that lies at `offset` of a WARC file, in `length` bytes.
///
/// # Errors
/// When the file cannot be read, or does not hold a whole record there.
pub fn read_record(
    archive_dir: &Path,
    segment: &str,
    offset: u64,
    length: u64,
) -> Result<Record, ArchiveError> {
    let path = format::find_segment(archive_dir, segment);
    let mut file = File::open(&path).map_err(ArchiveError::io("open", &path))?;
    file.seek(SeekFrom::Start(offset)).map_err(ArchiveError::io("read", &path))?;
    let mut member = BufReader::new(file.take(length));
    read_member(&mut member).map_err(|what| ArchiveError::Damaged { path, offset, what })
}

/// All records of a file, in their order, each with its place.
#[derive(Debug)]
pub struct Records {
    path: PathBuf,
    file: BufReader<File>,
    failed: bool,
}

/// A record and where it lies.
#[derive(Debug)]
pub struct Found {
    /// Where its member begins.
    pub offset: u64,
    /// The member's bytes.
    pub length: u64,
    /// The record.
    pub record: Record,
}

impl Records {
    /// The records of the file at `path`.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let file = File::open(path).map_err(ArchiveError::io("open", path))?;
        Ok(Self { path: path.to_owned(), file: BufReader::new(file), failed: false })
    }

    fn next_record(&mut self) -> Result<Option<Found>, ArchiveError> {
        let io = ArchiveError::io("read", &self.path);
        let offset = self.file.stream_position().map_err(&io)?;
        if self.file.fill_buf().map_err(&io)?.is_empty() {
            return Ok(None);
        }
        let damaged = |what| ArchiveError::Damaged { path: self.path.clone(), offset, what };
        let record = read_member(&mut self.file).map_err(damaged)?;
        let end = self.file.stream_position().map_err(&io)?;
        Ok(Some(Found { offset, length: end - offset, record }))
    }
}

impl Iterator for Records {
    type Item = Result<Found, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.next_record().transpose();
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}
