//! Whole exchanges out of the WARC files: the main record proven, the records that belong to it
//! found, and all of them copied as they lie. Files stay open from one exchange to the next, and no
//! payload is held in memory.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::ArchiveError;
use super::metadata::add;
use super::read::open_segment;
use super::records::WARC_FIELDS;
use super::warc::reader::{Record, stream_member};
use super::warc::record::{END, Head};
use super::warc::writer::Gzip;
use crate::clock::Moment;
use crate::digest::{Digest, Hashing};

/// So much of a file is read at once: mostly a few exchanges.
const BUFFER_BYTES: usize = 128 << 10;

/// Where an exchange lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The WARC file.
    pub segment: String,
    /// Where its main record begins.
    pub offset: u64,
    /// The bytes of the main record.
    pub length: u64,
    /// Where the next exchange begins, or what was committed of the file ends.
    pub next: u64,
}

/// An exchange whose main record was read to its end.
#[derive(Debug)]
pub struct Proven {
    /// The main record; of its block the HTTP head alone.
    pub main: Record,
    /// What its payload hashes to.
    pub payload: Digest,
    /// The payload's length in bytes.
    pub payload_length: u64,
    /// Where its records end.
    pub end: u64,
    /// What is wrong with a record beside the main one, if one is damaged: `end` lies before it.
    pub beside: Option<String>,
}

/// Reads exchanges, best in the order in which they lie.
#[derive(Debug)]
pub struct Excerpts {
    archive_dir: PathBuf,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    name: String,
    path: PathBuf,
    file: BufReader<File>,
}

impl Open {
    fn go_to(&mut self, offset: u64) -> Result<(), ArchiveError> {
        let io = ArchiveError::io("read", &self.path);
        let here = self.file.stream_position().map_err(&io)?;
        // What lies in the buffer is not read again.
        match i64::try_from(i128::from(offset) - i128::from(here)) {
            Ok(distance) => self.file.seek_relative(distance).map_err(&io),
            Err(_too_far) => self.file.seek(SeekFrom::Start(offset)).map(drop).map_err(&io),
        }
    }

    fn damaged(&self, offset: u64, what: String) -> ArchiveError {
        ArchiveError::Damaged { path: self.path.clone(), offset, what }
    }
}

impl Excerpts {
    /// Of the archive in this folder.
    pub fn new(archive_dir: &Path) -> Self {
        Self { archive_dir: archive_dir.to_owned(), open: None }
    }

    fn open(&mut self, segment: &str) -> Result<&mut Open, ArchiveError> {
        if self.open.as_ref().is_some_and(|open| open.name != segment) {
            self.open = None;
        }
        match &mut self.open {
            Some(open) => Ok(open),
            none => {
                let (path, file) = open_segment(&self.archive_dir, segment)?;
                let file = BufReader::with_capacity(BUFFER_BYTES, file);
                Ok(none.insert(Open { name: segment.to_owned(), path, file }))
            }
        }
    }

    /// Reads the main record to its end, handing the payload on, and looks how far the records go that
    /// are concurrent to it.
    ///
    /// # Errors
    /// When the file cannot be read, or no whole record lies there; what was handed on is then not to
    /// be trusted. That the payload is the one that was looked for is for the caller to see.
    pub fn prove(
        &mut self,
        place: &Place,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Proven, ArchiveError> {
        let open = self.open(&place.segment)?;
        let (main, payload, payload_length) = main_record(open, place, sink)?;
        let id = main.field("WARC-Record-ID").unwrap_or_default().to_owned();
        let (mut end, mut beside) = (place.offset + place.length, None);
        while end < place.next {
            let mut rest = (&mut open.file).take(place.next - end);
            match stream_member(&mut rest, &mut |_| {}) {
                Ok(record) if record.field("WARC-Concurrent-To") == Some(&id) => {
                    end = place.next - rest.limit();
                }
                // It belongs to another: to none, or to the file.
                Ok(_) => break,
                Err(what) => {
                    beside = Some(open.damaged(end, what).to_string());
                    break;
                }
            }
        }
        Ok(Proven { main, payload, payload_length, end, beside })
    }

    /// Hands on the bytes of a file as they lie.
    ///
    /// # Errors
    /// When they cannot be read, or `each` fails.
    pub fn copy<E: From<ArchiveError>>(
        &mut self,
        segment: &str,
        from: u64,
        to: u64,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let open = self.open(segment)?;
        open.go_to(from)?;
        let mut left = to.saturating_sub(from);
        while left > 0 {
            let part = open.file.fill_buf().map_err(ArchiveError::io("read", &open.path))?;
            let taken = part.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if taken == 0 {
                return Err(open
                    .damaged(from, "the file ends before its records do".into())
                    .into());
            }
            each(part.get(..taken).unwrap_or_default())?;
            open.file.consume(taken);
            left -= taken as u64;
        }
        Ok(())
    }
}

fn main_record(
    open: &mut Open,
    place: &Place,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(Record, Digest, u64), ArchiveError> {
    open.go_to(place.offset)?;
    let (mut hasher, mut payload_length) = (Hashing::default(), 0);
    let mut member = (&mut open.file).take(place.length);
    let read = stream_member(&mut member, &mut |part| {
        hasher.update(part);
        payload_length += part.len() as u64;
        sink(part);
    });
    let left = member.limit();
    match read {
        Ok(record) if left == 0 => Ok((record, hasher.digest(), payload_length)),
        Ok(_) => {
            let what = format!("its member ends before {} bytes do", place.length);
            Err(open.damaged(place.offset, what))
        }
        Err(what) => Err(open.damaged(place.offset, what)),
    }
}

/// The record that heads a file of copied records: whose it is, and what was chosen. Made of its
/// words alone, its identifier included, so that the same excerpt is the same bytes.
pub fn excerpt_head(filename: &str, at: Moment, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        add(&mut block, name, value);
    }
    let digest = Digest::of(&block);
    let naming = Digest::of_parts(&[filename.as_bytes(), at.to_string().as_bytes(), &block]);
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(naming.as_bytes()) {
        *to = *from;
    }
    // Version 8 (RFC 9562, clause 5.8): made in a way of one's own.
    let id = uuid::Builder::from_custom_bytes(id).into_uuid();
    let mut head = Head::new("warcinfo", *id.as_bytes(), at);
    head.field("WARC-Filename", filename);
    head.field("WARC-Block-Digest", digest);
    let head = head.finish(WARC_FIELDS, block.len());
    let mut member = Vec::new();
    Gzip::new().member(&[&head, &block, END], &mut member);
    member
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::read::Records;
    use crate::archive::segment::tests::{appender, page};
    use crate::archive::{Placed, format};

    fn archived(archive: &Path, bodies: &[&[u8]]) -> (Vec<Place>, Vec<u8>) {
        let mut appender = appender(archive, u64::MAX);
        let append = |body: &&[u8]| appender.append(&page(body), Moment::from_millis(0)).unwrap();
        let placed: Vec<Placed> = bodies.iter().map(append).collect();
        let sealed = appender.seal().unwrap().unwrap();
        let bytes = std::fs::read(format::find_segment(archive, &sealed.name)).unwrap();
        let next = |at: usize| placed.get(at + 1).map_or(sealed.length, |next| next.offset);
        let place = |(at, one): (usize, &Placed)| Place {
            segment: one.segment.clone(),
            offset: one.offset,
            length: one.length,
            next: next(at),
        };
        (placed.iter().enumerate().map(place).collect(), bytes)
    }

    #[test]
    fn an_exchange_is_its_main_record_and_those_concurrent_to_it_as_they_lie() {
        let dir = tempfile::tempdir().unwrap();
        let large = "large ".repeat(100_000);
        let (places, bytes) = archived(dir.path(), &[b"one", large.as_bytes(), b""]);
        let mut exchanges = Excerpts::new(dir.path());
        // In any order.
        for at in [1, 0, 2, 0] {
            let (place, mut payload, mut copied) = (&places[at], Vec::new(), Vec::new());
            let proven =
                exchanges.prove(place, &mut |part| payload.extend_from_slice(part)).unwrap();
            assert_eq!(proven.payload, Digest::of(&payload));
            assert_eq!(proven.payload_length, payload.len() as u64);
            assert_eq!((proven.end, proven.beside), (place.next, None));
            let copy = |part: &[u8]| -> Result<(), ArchiveError> {
                copied.extend_from_slice(part);
                Ok(())
            };
            exchanges.copy(&place.segment, place.offset, proven.end, copy).unwrap();
            let [from, to] = [place.offset, place.next].map(|at| usize::try_from(at).unwrap());
            assert_eq!(copied, bytes[from..to]);
        }
    }

    #[test]
    fn a_record_of_another_exchange_is_not_taken_along() {
        let dir = tempfile::tempdir().unwrap();
        let (mut places, _) = archived(dir.path(), &[b"one", b"two"]);
        let end = places[0].next;
        places[0].next = places[1].next;
        let proven = Excerpts::new(dir.path()).prove(&places[0], &mut |_| {}).unwrap();
        assert_eq!(proven.end, end);
    }

    #[test]
    fn damage_in_the_main_record_is_an_error_and_damage_beside_it_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let (places, bytes) = archived(dir.path(), &[b"one", b"two"]);
        let path = format::find_segment(dir.path(), &places[0].segment);
        let damage = |at: u64| {
            let mut bytes = bytes.clone();
            bytes[usize::try_from(at).unwrap()] ^= 0xff;
            std::fs::write(&path, bytes).unwrap();
            Excerpts::new(dir.path()).prove(&places[0], &mut |_| {})
        };
        let error = damage(places[0].offset + places[0].length / 2).unwrap_err().to_string();
        assert!(error.contains(&places[0].segment), "{error}");
        let proven = damage(places[0].offset + places[0].length + 30).unwrap();
        assert_eq!(proven.end, places[0].offset + places[0].length);
        assert!(proven.beside.unwrap().contains(&places[0].segment));
        assert!(damage(places[1].offset + 30).unwrap().beside.is_none());
    }

    #[test]
    fn the_head_of_an_excerpt_is_the_same_bytes_each_time_and_another_for_another_file() {
        let dir = tempfile::tempdir().unwrap();
        let head = |name| excerpt_head(name, Moment::from_millis(0), &[("operator", "a\r\nb")]);
        assert_eq!(head("a.warc.gz"), head("a.warc.gz"));
        let path = dir.path().join("a");
        std::fs::write(&path, [head("a.warc.gz"), head("b.warc.gz")].concat()).unwrap();
        let records: Vec<_> =
            Records::open(&path).unwrap().map(|found| found.unwrap().record).collect();
        assert_eq!(records[0].kind(), "warcinfo");
        assert_eq!(records[0].block(), b"operator: a  b\r\n");
        assert_ne!(records[0].field("WARC-Record-ID"), records[1].field("WARC-Record-ID"));
    }
}
