//! Reads records back: one gzip member, one record, every length checked.

use std::io::{BufRead, Read};

use flate2::bufread::GzDecoder;

use super::record::END;

/// No record of ours unpacks to more than this: a body under its cap, and its heads.
const MAX_RECORD_BYTES: u64 = 8 << 30;

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

    /// The head of the HTTP message in the block, with its empty line.
    pub fn http_head(&self) -> &[u8] {
        self.block.get(..self.body_at()).unwrap_or_default()
    }

    /// What follows the HTTP head: the payload.
    pub fn payload(&self) -> &[u8] {
        self.block.get(self.body_at()..).unwrap_or_default()
    }

    fn body_at(&self) -> usize {
        let gap = self.block.windows(4).position(|four| four == b"\r\n\r\n");
        gap.map_or(self.block.len(), |gap| gap + 4)
    }
}

/// Reads the member that stands next, and the record in it.
///
/// # Errors
/// What is wrong, in words: the member is damaged, or it holds no whole record.
pub fn read_member(source: &mut impl BufRead) -> Result<Record, String> {
    let mut bytes = Vec::new();
    let mut member = GzDecoder::new(source);
    member
        .by_ref()
        .take(MAX_RECORD_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("the gzip member is damaged: {error}"))?;
    parse(bytes)
}

fn parse(mut bytes: Vec<u8>) -> Result<Record, String> {
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .ok_or("a record without an end to its head")?;
    let head = bytes.get(..end).unwrap_or_default();
    let head = std::str::from_utf8(head).map_err(|_| "a head that is not UTF-8")?;
    let mut lines = head.split("\r\n");
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
    let fields: Option<Vec<_>> = lines.map(field).collect();
    let fields = fields.ok_or("a head with a line that is no field")?;
    let mut record = Record { fields, block: Vec::new() };
    let length: usize = record
        .field("Content-Length")
        .and_then(|length| length.parse().ok())
        .ok_or("no Content-Length")?;
    let mut block = bytes.split_off(end + 4);
    if block.get(length..) != Some(END) {
        return Err(format!(
            "Content-Length is {length}, the block has {} bytes",
            block.len().saturating_sub(END.len())
        ));
    }
    block.truncate(length);
    record.block = block;
    Ok(record)
}
