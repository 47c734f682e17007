//! Reads records back: one gzip member, one record, every length checked. What a damaged or a
//! hostile file can make it hold in memory is bounded.

use std::io::{BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

use super::record::END;
use crate::digest::{Digest, Hashing};

/// No head of ours is longer: a few fields, each with one URL at most.
const MAX_HEAD_BYTES: u64 = 1 << 20;

/// No block of ours is longer: a body under its cap, and its HTTP head.
const MAX_BLOCK_BYTES: u64 = 8 << 30;

/// So much room is made for a block at once; more only as its bytes arrive.
const FIRST_BLOCK_BYTES: u64 = 1 << 20;

/// So much of a block is looked at at once.
const STREAM_BYTES: usize = 32 << 10;

/// A record, unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    fields: Vec<(String, String)>,
    block: Vec<u8>,
}

impl Record {
    /// The first field of that name, in any case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// `warcinfo`, `request`, `response`, `revisit`, `metadata`.
    pub fn kind(&self) -> &str {
        self.field("WARC-Type").unwrap_or_default()
    }

    /// Everything after the head.
    pub fn block(&self) -> &[u8] {
        &self.block
    }

    /// Everything after the head, without a copy.
    pub fn into_block(self) -> Vec<u8> {
        self.block
    }

    /// The head of the HTTP message in the block, with its empty line.
    pub fn http_head(&self) -> &[u8] {
        self.block.get(..self.body_at()).unwrap_or_default()
    }

    /// The first field of that name in the HTTP head, if it is UTF-8: as `Response::field` gives it.
    pub fn http_field(&self, name: &str) -> Option<&str> {
        Some(std::str::from_utf8(self.http_value(name)?).ok()?.trim())
    }

    /// The first field of that name in the HTTP head, byte for byte.
    pub fn http_value(&self, name: &str) -> Option<&[u8]> {
        let mut lines = self.http_head().split(|byte| *byte == b'\n');
        let value = lines.find_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (field, value) = line.split_at_checked(colon)?;
            field.eq_ignore_ascii_case(name.as_bytes()).then_some(value)
        })?;
        value.get(1..)
    }

    /// What follows the HTTP head: the payload.
    pub fn payload(&self) -> &[u8] {
        self.block.get(self.body_at()..).unwrap_or_default()
    }

    /// The payload, without a copy of it beside the record.
    pub fn into_payload(mut self) -> Vec<u8> {
        self.block.drain(..self.body_at());
        self.block
    }

    fn length(&self) -> Result<u64, String> {
        let length = self.field("Content-Length").and_then(|length| length.parse().ok());
        match length.ok_or("no Content-Length")? {
            length if length > MAX_BLOCK_BYTES => {
                Err(format!("a Content-Length of {length}, past any of ours"))
            }
            length => Ok(length),
        }
    }

    /// Adds to the HTTP head, and hands on what lies behind it. Says whether more of the head is to
    /// come.
    fn take_head(&mut self, part: &[u8], sink: &mut dyn FnMut(&[u8])) -> bool {
        let from = self.block.len().saturating_sub(END.len() - 1);
        self.block.extend_from_slice(part);
        let unseen = self.block.get(from..).unwrap_or_default();
        if let Some(gap) = unseen.windows(END.len()).position(|four| four == END) {
            let body = from + gap + END.len();
            sink(self.block.get(body..).unwrap_or_default());
            self.block.truncate(body);
            return false;
        }
        (self.block.len() as u64) < MAX_HEAD_BYTES
    }

    fn body_at(&self) -> usize {
        let gap = self.block.windows(4).position(|four| four == b"\r\n\r\n");
        gap.map_or(self.block.len(), |gap| gap + 4)
    }
}

/// Reads the member that stands next, and the record in it; not a byte of `source` beyond it.
///
/// # Errors
/// What is wrong, in words: the member is damaged, or it holds no whole record.
pub fn read_member(source: &mut impl BufRead) -> Result<Record, String> {
    let damaged = |error| damaged_member(&error);
    let mut member = BufReader::new(GzDecoder::new(source));
    let head = read_head(&mut member)?;
    let mut record = Record { fields: fields(&head)?, block: Vec::new() };
    let length = record.length()?;
    let room = usize::try_from(length.min(FIRST_BLOCK_BYTES)).unwrap_or_default();
    record.block.reserve(room);
    let found = member.by_ref().take(length).read_to_end(&mut record.block).map_err(damaged)?;
    if (found as u64) < length {
        return Err(too_short(length, found as u64));
    }
    end_of(member, length)?;
    Ok(record)
}

/// Reads the member that stands next as [`read_member`] does, and hands its payload on, part by part:
/// of the block the record keeps the HTTP head alone. A payload of any length takes no memory. The digest
/// is that of the whole block, which nobody has in hand afterwards.
///
/// # Errors
/// As [`read_member`]; what was handed on is then not to be trusted.
pub fn stream_member(
    source: &mut impl BufRead,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(Record, Digest), String> {
    let mut member = BufReader::with_capacity(STREAM_BYTES, GzDecoder::new(source));
    let head = read_head(&mut member)?;
    let mut record = Record { fields: fields(&head)?, block: Vec::new() };
    let length = record.length()?;
    let (mut left, mut in_head, mut hashing) = (length, true, Hashing::default());
    while left > 0 {
        let part = member.fill_buf().map_err(|error| damaged_member(&error))?;
        if part.is_empty() {
            return Err(too_short(length, length - left));
        }
        let taken = part.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let part = part.get(..taken).unwrap_or_default();
        hashing.update(part);
        if in_head {
            in_head = record.take_head(part, sink);
        } else {
            sink(part);
        }
        left -= taken as u64;
        member.consume(taken);
    }
    end_of(member, length)?;
    Ok((record, hashing.digest()))
}

fn damaged_member(error: &std::io::Error) -> String {
    format!("the gzip member is damaged: {error}")
}

fn too_short(length: u64, found: u64) -> String {
    format!("Content-Length is {length}, the block has {found} bytes")
}

/// One byte more than there should be: the end of the member is reached, and its checksum seen.
fn end_of(member: impl Read, length: u64) -> Result<(), String> {
    let mut end = Vec::with_capacity(END.len() + 1);
    let most = END.len() as u64 + 1;
    member.take(most).read_to_end(&mut end).map_err(|error| damaged_member(&error))?;
    if end == END {
        Ok(())
    } else {
        Err(format!("Content-Length is {length}, the block does not end there"))
    }
}

/// The head with its empty line.
fn read_head(member: &mut impl BufRead) -> Result<Vec<u8>, String> {
    let mut head = Vec::with_capacity(1_024);
    let mut member = member.take(MAX_HEAD_BYTES);
    loop {
        let read = member.read_until(b'\n', &mut head).map_err(|error| damaged_member(&error))?;
        if head.ends_with(END) {
            return Ok(head);
        }
        if read == 0 {
            return Err("a record without an end to its head".to_owned());
        }
    }
}

fn fields(head: &[u8]) -> Result<Vec<(String, String)>, String> {
    let head = std::str::from_utf8(head).map_err(|error| format!("a head of no UTF-8: {error}"))?;
    let mut lines = head.trim_end_matches("\r\n").split("\r\n");
    let version = lines.next().unwrap_or_default();
    if !version.starts_with("WARC/1.") {
        return Err(format!(
            "expected WARC/1.1, found `{}`",
            version.chars().take(40).collect::<String>()
        ));
    }
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    };
    let fields: Option<_> = lines.map(field).collect();
    fields.ok_or_else(|| "a head with a line that is no field".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Gzip;
    use proptest::prelude::*;

    const WHOLE: &str =
        "WARC/1.1\r\nWARC-Type: response\r\nContent-Length: 8\r\n\r\nA\r\n\r\npay\r\n\r\n";

    fn pack(record: &str) -> Vec<u8> {
        let mut member = Vec::new();
        Gzip::new().member(&[record.as_bytes()], &mut member);
        member
    }

    fn read(member: &[u8]) -> Result<Record, String> {
        read_member(&mut &*member)
    }

    #[test]
    fn a_record_gives_its_fields_its_http_head_and_its_payload() {
        let record = read(&pack(WHOLE)).unwrap();
        assert_eq!(record.kind(), "response");
        assert_eq!(record.field("warc-type"), Some("response"));
        assert_eq!(record.http_head(), b"A\r\n\r\n");
        assert_eq!(record.payload(), b"pay");
        assert_eq!(record.into_payload(), b"pay");
    }

    #[test]
    fn a_streamed_record_is_the_record_and_its_payload_comes_in_parts() {
        let body = "0123456789".repeat(20_000);
        for http in [format!("A: b\r\n\r\n{body}"), body.clone(), String::new(), "A\r\n\r\n".into()]
        {
            let head = format!("WARC/1.1\r\nContent-Length: {}\r\n\r\n{http}\r\n\r\n", http.len());
            let member = pack(&head);
            let whole = read(&member).unwrap();
            let (mut payload, mut parts) = (Vec::new(), 0);
            let mut rest = [member.as_slice(), b"next"].concat();
            let mut source = rest.as_mut_slice() as &[u8];
            let streamed = stream_member(&mut source, &mut |part| {
                payload.extend_from_slice(part);
                parts += 1;
            });
            let (streamed, block) = streamed.unwrap();
            assert_eq!(source, b"next");
            assert_eq!(block, Digest::of(whole.block()));
            assert_eq!(
                (streamed.http_head(), payload.as_slice()),
                (whole.http_head(), whole.payload())
            );
            assert!(parts <= 8, "{parts}");
        }
        let mut member = pack(WHOLE);
        for at in 10..member.len() {
            member[at] ^= 0x10;
            let mut payload = Vec::new();
            let read =
                stream_member(&mut member.as_slice(), &mut |part| payload.extend_from_slice(part));
            assert!(read.is_err() || payload == b"pay", "changed at {at}");
            member[at] ^= 0x10;
        }
    }

    #[test]
    fn a_field_of_the_http_head_is_found_by_its_name_in_any_case() {
        let http = "HTTP/1.1 200 Is: fine\r\nA: 1\r\nContent-Type:  text/html; a=b:c \r\n\
                    Content-Type: image/png\r\n\r\nB: body";
        let head = format!("WARC/1.1\r\nContent-Length: {}\r\n\r\n{http}\r\n\r\n", http.len());
        let record = read(&pack(&head)).unwrap();
        assert_eq!(record.http_field("content-type"), Some("text/html; a=b:c"));
        assert_eq!(record.http_field("a"), Some("1"));
        assert_eq!(record.http_field("b"), None);
    }

    #[test]
    fn what_is_no_whole_record_is_refused_with_what_is_wrong() {
        let cases = [
            ("", "without an end to its head"),
            ("WARC/1.1\r\nA: b\r\n", "without an end to its head"),
            ("HTTP/1.1 200\r\n\r\n", "expected WARC/1.1, found `HTTP"),
            ("WARC/1.1\r\nno field\r\n\r\n", "a line that is no field"),
            ("WARC/1.1\r\nA: b\r\n\r\n", "no Content-Length"),
            ("WARC/1.1\r\nContent-Length: -1\r\n\r\n", "no Content-Length"),
            ("WARC/1.1\r\nContent-Length: 9\r\n\r\nab", "has 2 bytes"),
            ("WARC/1.1\r\nContent-Length: 1\r\n\r\nab\r\n\r\n", "not end there"),
            ("WARC/1.1\r\nContent-Length: 2\r\n\r\nab", "not end there"),
            ("WARC/1.1\r\nContent-Length: 2\r\n\r\nab\r\n\r\nc", "not end there"),
            ("WARC/1.1\r\nContent-Length: 99999999999999\r\n\r\n", "past any of ours"),
        ];
        for (record, expected) in cases {
            let error = read(&pack(record)).unwrap_err();
            assert!(error.contains(expected), "{record:?}: {error}");
        }
    }

    #[test]
    fn a_head_without_end_is_not_read_to_its_end() {
        let long = format!("WARC/1.1\r\nA: {}\r\n\r\n", "b".repeat(2 << 20));
        let error = read(&pack(&long)).unwrap_err();
        assert!(error.contains("without an end"), "{error}");
    }

    #[test]
    fn a_member_cut_at_any_byte_or_with_any_byte_changed_is_never_taken_for_another_record() {
        let (member, record) = (pack(WHOLE), read(&pack(WHOLE)).unwrap());
        for cut in 0..member.len() {
            assert!(read(&member[..cut]).is_err(), "cut at {cut}");
        }
        for at in 0..member.len() {
            let mut changed = member.clone();
            changed[at] ^= 0x10;
            if let Ok(read) = read(&changed) {
                // A gzip head has bytes that mean nothing: the time, the system.
                assert_eq!(read, record, "changed at {at}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_bytes_at_all_make_it_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            text in "(WARC/1\\.1\r\n)?([A-Za-z-]{0,12}:? ?[0-9]{0,5}\r?\n){0,4}\r?\n?.{0,40}",
        ) {
            prop_assert!(read(&bytes).is_err());
            if let Ok(record) = read(&pack(&text)) {
                prop_assert!(record.block().len() <= text.len());
            }
        }
    }
}
