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
use super::scan::{at_member_head, flaw_by};
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

/// A main record that was read to its end, and agrees with its own digests.
#[derive(Debug)]
pub struct Proven {
    /// The record; of its block the HTTP head alone.
    pub main: Record,
    /// What its payload hashes to.
    pub payload: Digest,
    /// The payload's length in bytes.
    pub payload_length: u64,
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

    /// The record whose member begins here at `offset`, what its block hashes to, and how many of `length`
    /// bytes lie behind it.
    fn member(
        &mut self,
        offset: u64,
        length: u64,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(Record, Digest, u64), ArchiveError> {
        let head = at_member_head(&mut self.file).map_err(ArchiveError::io("read", &self.path))?;
        head.map_err(|what| self.damaged(offset, what))?;
        let mut rest = (&mut self.file).take(length);
        let read = stream_member(&mut rest, sink);
        let left = rest.limit();
        let (record, block) = read.map_err(|what| self.damaged(offset, what))?;
        Ok((record, block, left))
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

    /// Reads the main record to its end, handing the payload on, and compares it with what it says of itself.
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
        open.go_to(place.offset)?;
        let (mut hashing, mut payload_length) = (Hashing::default(), 0);
        let mut take = |part: &[u8]| {
            hashing.update(part);
            payload_length += part.len() as u64;
            sink(part);
        };
        let (main, block, left) = open.member(place.offset, place.length, &mut take)?;
        let payload = hashing.digest();
        let wrong = match left {
            0 => flaw_by(&main, || block, || payload),
            _ => Some(format!("its member ends before {} bytes do", place.length)),
        };
        match wrong {
            None => Ok(Proven { main, payload, payload_length }),
            Some(what) => Err(open.damaged(place.offset, what)),
        }
    }

    /// Reads the records that are concurrent to a main record that was proven: where the last of them ends.
    ///
    /// # Errors
    /// When the file cannot be read, or one of them is damaged: the exchange is not whole.
    pub fn end_of(&mut self, place: &Place, proven: &Proven) -> Result<u64, ArchiveError> {
        let id = proven.main.field("WARC-Record-ID").unwrap_or_default();
        let open = self.open(&place.segment)?;
        let mut end = place.offset + place.length;
        open.go_to(end)?;
        while end < place.next {
            let (record, block, left) = open.member(end, place.next - end, &mut |_| {})?;
            // It belongs to another: to none, or to the file.
            if record.field("WARC-Concurrent-To") != Some(id) {
                break;
            }
            if let Some(what) = flaw_by(&record, || block, || block) {
                return Err(open.damaged(end, what));
            }
            end = place.next - left;
        }
        Ok(end)
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
            let end = exchanges.end_of(place, &proven).unwrap();
            assert_eq!(end, place.next);
            let copy = |part: &[u8]| -> Result<(), ArchiveError> {
                copied.extend_from_slice(part);
                Ok(())
            };
            exchanges.copy(&place.segment, place.offset, end, copy).unwrap();
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
        let mut exchanges = Excerpts::new(dir.path());
        let proven = exchanges.prove(&places[0], &mut |_| {}).unwrap();
        assert_eq!(exchanges.end_of(&places[0], &proven).unwrap(), end);
    }

    /// Where the records of the exchange end, if all of them are whole.
    fn whole(archive: &Path, place: &Place) -> Result<u64, String> {
        let mut exchanges = Excerpts::new(archive);
        let proven = exchanges.prove(place, &mut |_| {}).map_err(|error| error.to_string())?;
        exchanges.end_of(place, &proven).map_err(|error| error.to_string())
    }

    #[test]
    fn damage_in_any_record_of_an_exchange_is_an_error_that_names_the_file_and_beside_it_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let (places, bytes) = archived(dir.path(), &[b"one", b"two"]);
        let path = format::find_segment(dir.path(), &places[0].segment);
        let damage = |at: u64| {
            let mut bytes = bytes.clone();
            bytes[usize::try_from(at).unwrap()] ^= 0xff;
            std::fs::write(&path, bytes).unwrap();
            whole(dir.path(), &places[0])
        };
        let (offset, length) = (places[0].offset, places[0].length);
        // In a gzip head lie bytes that most readers never look at.
        for at in [offset + 5, offset + length / 2, offset + length + 5, offset + length + 30] {
            let error = damage(at).unwrap_err();
            assert!(error.contains(&places[0].segment), "{at}: {error}");
        }
        assert_eq!(damage(places[1].offset + 30), Ok(places[0].next));
    }

    #[test]
    fn a_record_that_is_not_what_it_says_of_itself_is_damaged_though_its_member_be_whole() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(format::WARC_DIR)).unwrap();
        let mut place = Place { segment: "a.warc.gz".into(), offset: 0, length: 0, next: 0 };
        let path = dir.path().join(format::WARC_DIR).join(&place.segment);
        let member = |fields: &str| {
            let record = format!("WARC/1.1\r\n{fields}Content-Length: 3\r\n\r\nabc\r\n\r\n");
            let mut member = Vec::new();
            Gzip::new().member(&[record.as_bytes()], &mut member);
            member
        };
        let (right, wrong) = (Digest::of(b"abc"), Digest::of(b"another"));
        let main = "WARC-Type: response\r\nWARC-Record-ID: <a>\r\n";
        let beside = "WARC-Type: request\r\nWARC-Concurrent-To: <a>\r\n";
        for (of_main, of_beside, is_whole) in [
            (format!("WARC-Block-Digest: {right}\r\n"), right, true),
            (format!("WARC-Block-Digest: {wrong}\r\n"), right, false),
            (format!("WARC-Payload-Digest: {wrong}\r\n"), right, false),
            (String::new(), wrong, false),
        ] {
            let main = member(&format!("{main}{of_main}"));
            let beside = member(&format!("{beside}WARC-Block-Digest: {of_beside}\r\n"));
            place.length = main.len() as u64;
            place.next = place.length + beside.len() as u64;
            std::fs::write(&path, [main, beside].concat()).unwrap();
            let found = whole(dir.path(), &place);
            assert_eq!(found.is_ok(), is_whole, "{of_main} {of_beside}: {found:?}");
            assert!(is_whole || found.unwrap_err().contains("-Digest says"));
        }
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
