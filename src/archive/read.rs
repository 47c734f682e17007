//! A record by its place, and all records of a file.

use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::metadata::Metadata;
use super::warc::reader::{Record, read_member};
use super::{ArchiveError, format};
use crate::digest::{Digest, Hashing};

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
    let (path, mut file) = open_segment(archive_dir, segment)?;
    file.seek(SeekFrom::Start(offset)).map_err(ArchiveError::io("read", &path))?;
    let mut member = BufReader::new(file.take(length));
    let damaged = |what| ArchiveError::Damaged { path: path.clone(), offset, what };
    let record = read_member(&mut member).map_err(damaged)?;
    let after = member.fill_buf().map_err(ArchiveError::io("read", &path))?;
    if !after.is_empty() {
        return Err(damaged(format!("its member ends before {length} bytes do")));
    }
    Ok(record)
}

/// The payload of the response that lies there.
///
/// # Errors
/// As [`read_record`], and when another record than a response lies there.
pub fn payload(
    archive_dir: &Path,
    segment: &str,
    offset: u64,
    length: u64,
) -> Result<Vec<u8>, ArchiveError> {
    let record = read_record(archive_dir, segment, offset, length)?;
    if record.kind() == "response" {
        return Ok(record.into_payload());
    }
    Err(ArchiveError::Damaged {
        path: format::find_segment(archive_dir, segment),
        offset,
        what: format!("expected a response, found a record `{}`", record.kind()),
    })
}

/// What was told beside the exchange whose main record lies at `offset`; none where no metadata record follows it.
///
/// # Errors
/// When the file cannot be read, or one of the exchange's records is not whole.
pub fn metadata(
    archive_dir: &Path,
    segment: &str,
    offset: u64,
) -> Result<Option<Metadata>, ArchiveError> {
    let (path, mut file) = open_segment(archive_dir, segment)?;
    file.seek(SeekFrom::Start(offset)).map_err(ArchiveError::io("read", &path))?;
    let damaged = |what| ArchiveError::Damaged { path: path.clone(), offset, what };
    let mut members = BufReader::new(file);
    let main = read_member(&mut members).map_err(damaged)?;
    if main.kind() == "metadata" {
        return Ok(Some(Metadata::read(main.block())));
    }
    let id = main.field("WARC-Record-ID");
    while !members.fill_buf().map_err(ArchiveError::io("read", &path))?.is_empty() {
        let record = read_member(&mut members).map_err(damaged)?;
        if id.is_none() || record.field("WARC-Concurrent-To") != id {
            break;
        }
        if record.kind() == "metadata" {
            return Ok(Some(Metadata::read(record.block())));
        }
    }
    Ok(None)
}

/// The SHA-256 of a file's first `length` bytes.
///
/// # Errors
/// When it cannot be read.
pub fn file_digest(path: &Path, length: u64) -> Result<Digest, ArchiveError> {
    digest_of(path, File::open(path).map_err(ArchiveError::io("open", path))?, length)
}

/// As [`file_digest`], of a file that is open.
///
/// # Errors
/// When it cannot be read.
pub fn digest_of(path: &Path, mut file: File, length: u64) -> Result<Digest, ArchiveError> {
    file.rewind().map_err(ArchiveError::io("read", path))?;
    let mut file = file.take(length);
    let (mut hashing, mut bytes) = (Hashing::default(), vec![0; 1 << 18]);
    loop {
        let read = file.read(&mut bytes).map_err(ArchiveError::io("read", path))?;
        match bytes.get(..read) {
            Some([]) | None => return Ok(hashing.digest()),
            Some(read) => hashing.update(read),
        }
    }
}

/// Opens a WARC file, sealed or still open, though it be sealed this very moment.
pub(crate) fn open_segment(
    archive_dir: &Path,
    name: &str,
) -> Result<(PathBuf, File), ArchiveError> {
    let path = format::find_segment(archive_dir, name);
    match File::open(&path) {
        Ok(file) => Ok((path, file)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let sealed = format::find_segment(archive_dir, name);
            let file = File::open(&sealed).map_err(ArchiveError::io("open", &sealed))?;
            Ok((sealed, file))
        }
        Err(error) => Err(ArchiveError::io("open", &path)(error)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Placed;
    use crate::archive::segment::tests::{appender, page};
    use crate::clock::Moment;

    fn archived(archive: &Path, bodies: &[&[u8]]) -> Vec<Placed> {
        let mut appender = appender(archive, u64::MAX);
        let placed = bodies
            .iter()
            .map(|body| appender.append(&page(body), Moment::from_millis(0)).unwrap())
            .collect();
        appender.seal().unwrap();
        placed
    }

    #[test]
    fn a_payload_is_read_from_its_place_alone() {
        let dir = tempfile::tempdir().unwrap();
        let placed = archived(dir.path(), &[b"one", b"", b"three"]);
        let read = |placed: &Placed, offset: u64, length: u64| {
            payload(dir.path(), &placed.segment, placed.offset + offset, placed.length + length)
        };
        for (placed, body) in placed.iter().zip([b"one".as_slice(), b"", b"three"]) {
            assert_eq!(read(placed, 0, 0).unwrap(), body);
        }
        for (offset, length) in [(1, 0), (0, 1)] {
            let error = read(&placed[0], offset, length).unwrap_err().to_string();
            assert!(error.contains(&placed[0].segment), "{error}");
        }
        let path = format::find_segment(dir.path(), &placed[0].segment);
        let request = Records::open(&path).unwrap().nth(2).unwrap().unwrap();
        let place = (request.offset, request.length);
        let error = payload(dir.path(), &placed[0].segment, place.0, place.1).unwrap_err();
        assert!(error.to_string().contains("a record `request`"), "{error}");
    }

    #[test]
    fn a_file_that_is_missing_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = payload(dir.path(), "gone.warc.gz", 0, 1).unwrap_err();
        assert!(error.to_string().ends_with("warc/gone.warc.gz"), "{error}");
    }

    #[test]
    fn the_records_of_a_torn_file_are_read_up_to_the_tear_and_no_further() {
        let dir = tempfile::tempdir().unwrap();
        let placed = archived(dir.path(), &[b"one", b"two"]);
        let path = format::find_segment(dir.path(), &placed[0].segment);
        let whole = std::fs::read(&path).unwrap();
        let tear = usize::try_from(placed[1].offset).unwrap() + 5;
        std::fs::write(&path, &whole[..tear]).unwrap();
        let records: Vec<_> = Records::open(&path).unwrap().collect();
        let (last, before) = records.split_last().unwrap();
        assert!(before.iter().all(Result::is_ok));
        assert_eq!(before.len(), 4, "the warcinfo, and the three of one exchange");
        let error = last.as_ref().unwrap_err().to_string();
        assert!(error.contains(&format!("at byte {}", placed[1].offset)), "{error}");
    }
}
