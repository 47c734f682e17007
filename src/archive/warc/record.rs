//! A record as bytes: its head, field by field, and its block.

use std::fmt::Display;

use super::VERSION;

/// A record's identifier, as it stands in `WARC-Record-ID`.
pub fn urn(id: [u8; 16]) -> String {
    format!("<urn:uuid:{}>", uuid::Uuid::from_bytes(id).hyphenated())
}

/// The identifier in a `WARC-Record-ID`, `WARC-Refers-To` or `WARC-Concurrent-To`.
pub fn id_of(urn: &str) -> Option<[u8; 16]> {
    let id = urn.trim_start_matches('<').trim_end_matches('>').strip_prefix("urn:uuid:")?;
    Some(*uuid::Uuid::try_parse(id).ok()?.as_bytes())
}

/// A fresh identifier.
pub fn fresh_id() -> [u8; 16] {
    *uuid::Uuid::new_v4().as_bytes()
}

/// The head of a record, growing.
#[derive(Debug)]
pub struct Head(Vec<u8>);

impl Head {
    /// The head of a record of this type.
    pub fn new(kind: &str, id: [u8; 16], date: impl Display) -> Self {
        let mut head = Self(Vec::with_capacity(768));
        head.0.extend_from_slice(VERSION.as_bytes());
        head.0.extend_from_slice(b"\r\n");
        head.field("WARC-Type", kind);
        head.field("WARC-Record-ID", urn(id));
        head.field("WARC-Date", date);
        head
    }

    /// Adds a field. A line break in a value becomes a blank: no value can end its line.
    pub fn field(&mut self, name: &str, value: impl Display) {
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b": ");
        let value = value.to_string();
        self.0.extend(value.bytes().map(
            |byte| {
                if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }
            },
        ));
        self.0.extend_from_slice(b"\r\n");
    }

    /// The whole head, for a block of this length.
    pub fn finish(mut self, content_type: &str, length: usize) -> Vec<u8> {
        self.field("Content-Type", content_type);
        self.field("Content-Length", length);
        self.0.extend_from_slice(b"\r\n");
        self.0
    }
}

/// What stands after each block (clause 4).
pub const END: &[u8] = b"\r\n\r\n";
