//! A WARC file from its first byte to its last: every record that is whole, and between them every
//! stretch of bytes that is none.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::read::Found;
use super::warc::reader::{Record, read_member};
use super::warc::writer::MEMBER_HEAD;
use super::{ArchiveError, Digest};

/// What stands next in a file.
#[derive(Debug)]
pub enum Scanned {
    /// A whole record, its digests right.
    Record(Found),
    /// Bytes that are no whole record.
    Damage(Damage),
}

/// Bytes that are no whole record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where they begin.
    pub offset: u64,
    /// Where they end.
    pub end: u64,
    /// What is wrong with them.
    pub what: String,
}

/// Goes through a file.
#[derive(Debug)]
pub struct Scan {
    path: PathBuf,
    file: BufReader<File>,
    at: u64,
    end: u64,
}

impl Scan {
    /// The file at `path`, as far as `limit`; none: to its end.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path, limit: Option<u64>) -> Result<Self, ArchiveError> {
        Self::of(path, File::open(path).map_err(ArchiveError::io("open", path))?, limit)
    }

    /// As [`Scan::open`], of a file that is open.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(path: &Path, mut file: File, limit: Option<u64>) -> Result<Self, ArchiveError> {
        let io = ArchiveError::io("read", path);
        let length = file.metadata().map_err(&io)?.len();
        file.rewind().map_err(&io)?;
        drop(io);
        let end = limit.map_or(length, |limit| limit.min(length));
        Ok(Self { path: path.to_owned(), file: BufReader::new(file), at: 0, end })
    }

    /// How far it has come, in bytes.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// How far it will go.
    pub fn end(&self) -> u64 {
        self.end
    }

    fn next(&mut self) -> Result<Option<Scanned>, ArchiveError> {
        if self.at >= self.end {
            return Ok(None);
        }
        let offset = self.at;
        match self.record_at(offset)? {
            Ok(found) => {
                self.at = offset + found.length;
                let wrong = flaw(&found.record);
                Ok(Some(match wrong {
                    None => Scanned::Record(found),
                    Some(what) => Scanned::Damage(Damage { offset, end: self.at, what }),
                }))
            }
            Err(what) => {
                self.at = self.resume(offset + 1)?;
                Ok(Some(Scanned::Damage(Damage { offset, end: self.at, what })))
            }
        }
    }

    /// The record whose member begins at `offset`, or why there is none; the file stands there.
    fn record_at(&mut self, offset: u64) -> Result<Result<Found, String>, ArchiveError> {
        let io = ArchiveError::io("read", &self.path);
        if let Err(what) = at_member_head(&mut self.file).map_err(&io)? {
            return Ok(Err(what));
        }
        let record = match read_member(&mut self.file) {
            Ok(record) => record,
            Err(what) => return Ok(Err(what)),
        };
        let end = self.file.stream_position().map_err(&io)?;
        if end > self.end {
            return Ok(Err(format!(
                "the record here ends at byte {end}, past the file's {}",
                self.end
            )));
        }
        Ok(Ok(Found { offset, length: end - offset, record }))
    }

    /// The next place after damage at which a record is whole; the file stands there.
    fn resume(&mut self, from: u64) -> Result<u64, ArchiveError> {
        let mut at = from;
        while let Some(candidate) = self.next_head(at)? {
            self.seek(candidate)?;
            if self.record_at(candidate)?.is_ok() {
                self.seek(candidate)?;
                return Ok(candidate);
            }
            at = candidate + 1;
        }
        Ok(self.end)
    }

    /// The next place, from `from` on, at which a member might begin.
    fn next_head(&mut self, from: u64) -> Result<Option<u64>, ArchiveError> {
        self.seek(from)?;
        let mut at = from;
        // The last bytes of what was read: a head may lie across two buffers.
        let mut window: Vec<u8> = Vec::new();
        while at < self.end {
            let read = self.file.fill_buf().map_err(ArchiveError::io("read", &self.path))?;
            if read.is_empty() {
                break;
            }
            let begin = at - window.len() as u64;
            window.extend_from_slice(read);
            let length = read.len();
            self.file.consume(length);
            at += length as u64;
            if let Some(found) = window.windows(MEMBER_HEAD.len()).position(is_member_head) {
                let found = begin + found as u64;
                return Ok(Some(found).filter(|found| *found < self.end));
            }
            let keep = window.len().saturating_sub(MEMBER_HEAD.len() - 1);
            window.drain(..keep);
        }
        Ok(None)
    }

    fn seek(&mut self, to: u64) -> Result<(), ArchiveError> {
        let sought = self.file.seek(SeekFrom::Start(to));
        sought.map(drop).map_err(ArchiveError::io("read", &self.path))
    }
}

impl Iterator for Scan {
    type Item = Result<Scanned, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = Self::next(self).transpose();
        if matches!(next, Some(Err(_))) {
            self.at = self.end;
        }
        next
    }
}

/// Whether a member begins where the file stands, which it does afterwards, too; else what is wrong.
/// Readers look at little of these bytes; what we wrote is known to the bit.
pub(super) fn at_member_head(file: &mut BufReader<File>) -> std::io::Result<Result<(), String>> {
    let mut head = Vec::with_capacity(MEMBER_HEAD.len());
    file.by_ref().take(MEMBER_HEAD.len() as u64).read_to_end(&mut head)?;
    file.seek_relative(-i64::try_from(head.len()).unwrap_or_default())?;
    let wrong = || "no gzip member begins here as gongkai writes them".to_owned();
    Ok(if is_member_head(&head) { Ok(()) } else { Err(wrong()) })
}

/// Whether a member begins with these bytes; which system wrote it makes no difference (RFC 1952, clause
/// 2.3.1), since libraries disagree on its name.
fn is_member_head(bytes: &[u8]) -> bool {
    let systems = [MEMBER_HEAD[9], 3];
    bytes.starts_with(&MEMBER_HEAD[..9]) && bytes.get(9).is_some_and(|os| systems.contains(os))
}

/// What is wrong with a record that is whole as far as its lengths go: its digests (clauses 5.8, 5.9).
pub fn flaw(record: &Record) -> Option<String> {
    flaw_by(record, || Digest::of(record.block()), || Digest::of(record.payload()))
}

/// As [`flaw`], by what the block and the payload hash to, for who has them no more.
pub(super) fn flaw_by(
    record: &Record,
    block: impl FnOnce() -> Digest,
    payload: impl FnOnce() -> Digest,
) -> Option<String> {
    let wrong = |name: &str, found: Digest| {
        let said = record.field(name)?;
        (said != found.to_string()).then(|| format!("{name} says {said}, the bytes are {found}"))
    };
    let block = record.field("WARC-Block-Digest").and_then(|_| wrong("WARC-Block-Digest", block()));
    block.or_else(|| match record.kind() {
        // That of a revisit is of a payload that stands elsewhere.
        "response" => wrong("WARC-Payload-Digest", payload()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::format;
    use crate::archive::segment::tests::{appender, page};
    use crate::clock::Moment;
    use proptest::prelude::*;

    /// A file of so many exchanges; its path, its bytes, and where each record begins.
    fn file(archive: &Path, exchanges: usize) -> (PathBuf, Vec<u8>, Vec<u64>) {
        let mut appender = appender(archive, u64::MAX);
        for number in 0..exchanges {
            let body = format!("page {number} ").repeat(40);
            appender.append(&page(body.as_bytes()), Moment::from_millis(0)).unwrap();
        }
        let sealed = appender.seal().unwrap().unwrap();
        let path = archive.join(format::WARC_DIR).join(sealed.name);
        let bytes = std::fs::read(&path).unwrap();
        let offsets = records(&path).iter().map(|found| found.offset).collect();
        (path, bytes, offsets)
    }

    fn scan(path: &Path) -> (Vec<Found>, Vec<Damage>) {
        let (mut records, mut damages) = (Vec::new(), Vec::new());
        for scanned in Scan::open(path, None).unwrap() {
            match scanned.unwrap() {
                Scanned::Record(found) => records.push(found),
                Scanned::Damage(damage) => damages.push(damage),
            }
        }
        (records, damages)
    }

    fn records(path: &Path) -> Vec<Found> {
        let (records, damages) = scan(path);
        assert_eq!(damages, []);
        records
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn whatever_happens_to_some_bytes_every_record_beside_them_is_found_where_it_lies(
            at in any::<proptest::sample::Index>(),
            length in 1_usize..2_000,
            with in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40)),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let (path, bytes, offsets) = file(dir.path(), 4);
            let begin = at.index(bytes.len());
            let end = (begin + length).min(bytes.len());
            // Overwritten, or taken out with something else put in.
            let damaged = match &with {
                None => {
                    let mut damaged = bytes.clone();
                    damaged[begin..end].iter_mut().for_each(|byte| *byte ^= 0x55);
                    damaged
                }
                Some(with) => [&bytes[..begin], with, &bytes[end..]].concat(),
            };
            std::fs::write(&path, &damaged).unwrap();
            let (found, damages) = scan(&path);
            let moved = |offset: u64| offset + damaged.len() as u64 - bytes.len() as u64;
            let ends = offsets[1..].iter().copied().chain([bytes.len() as u64]);
            for (offset, record_end) in offsets.iter().copied().zip(ends) {
                let whole_before = record_end <= begin as u64;
                let whole_after = offset >= end as u64;
                let here = if whole_after { moved(offset) } else { offset };
                if whole_before || whole_after {
                    prop_assert!(found.iter().any(|found| found.offset == here), "{here}");
                }
            }
            // What is no record is told, to the byte.
            let covered: u64 = found.iter().map(|found| found.length).sum::<u64>()
                + damages.iter().map(|damage| damage.end - damage.offset).sum::<u64>();
            prop_assert_eq!(covered, damaged.len() as u64);
            if damaged != bytes && offsets.iter().all(|offset| *offset != begin as u64) {
                prop_assert!(!damages.is_empty());
            }
        }
    }

    #[test]
    fn a_digest_that_is_not_that_of_the_bytes_is_damage() {
        let dir = tempfile::tempdir().unwrap();
        for (name, what) in [("WARC-Block-Digest", "block"), ("WARC-Payload-Digest", "payload")] {
            let record = format!(
                "WARC/1.1\r\nWARC-Type: response\r\n{name}: {}\r\nContent-Length: 3\r\n\r\nabc\r\n\r\n",
                Digest::of(b"another")
            );
            let mut member = Vec::new();
            crate::archive::Gzip::new().member(&[record.as_bytes()], &mut member);
            let path = dir.path().join(what);
            std::fs::write(&path, &member).unwrap();
            let (found, damages) = scan(&path);
            assert!(found.is_empty());
            assert!(damages[0].what.starts_with(name), "{damages:?}");
        }
    }
}
