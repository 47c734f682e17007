//! Rewrites the records of WARC files, so that they are whole and say something else.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use flate2::bufread::GzDecoder;
use flate2::{Compression, GzBuilder};
use gongkai::archive::read::Records;
use gongkai::digest::Digest;

/// A record as text and bytes.
pub(super) struct Raw {
    fields: Vec<(String, String)>,
    pub(super) block: Vec<u8>,
}

impl Raw {
    fn unpack(mut member: &[u8]) -> Self {
        let mut bytes = Vec::new();
        GzDecoder::new(&mut member).read_to_end(&mut bytes).unwrap();
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let text = std::str::from_utf8(&bytes[..head]).unwrap();
        let field = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), value.to_owned())
        };
        let fields = text.split("\r\n").skip(1).map(field).collect();
        Self { fields, block: bytes[head + 4..bytes.len() - 4].to_vec() }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    pub(super) fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(super) fn kind(&self) -> &str {
        self.field("WARC-Type")
    }

    pub(super) fn url(&self) -> &str {
        self.field("WARC-Target-URI")
    }

    /// Gives a field that is there another value.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let found = self.fields.iter_mut().find(|(field, _)| field == name);
        value.clone_into(&mut found.unwrap().1);
    }

    /// Puts other bytes in the place of these in the block, where they stand there.
    pub(super) fn replace(&mut self, what: &str, with: &str) {
        let found = self.block.windows(what.len()).position(|part| part == what.as_bytes());
        if let Some(at) = found {
            self.block.splice(at..at + what.len(), with.bytes());
        }
    }

    /// The record whole: its length and its digests are those of its bytes.
    fn pack(mut self) -> Vec<u8> {
        let length = self.block.len().to_string();
        self.set("Content-Length", &length);
        let digest = Digest::of(&self.block).to_string();
        self.set("WARC-Block-Digest", &digest);
        if self.kind() == "response" {
            let body = self.block.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
            let digest = Digest::of(&self.block[body..]).to_string();
            self.set("WARC-Payload-Digest", &digest);
        }
        let lines: Vec<String> =
            self.fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        // As scans know our members: no time, no name, of Unix.
        let mut member =
            GzBuilder::new().operating_system(3).write(Vec::new(), Compression::default());
        member.write_all(format!("WARC/1.1\r\n{}\r\n", lines.concat()).as_bytes()).unwrap();
        member.write_all(&self.block).unwrap();
        member.write_all(b"\r\n\r\n").unwrap();
        member.finish().unwrap()
    }
}

/// Hands every record of these files to `change`, and writes them back without those that it says no to.
pub(super) fn rewrite(files: &[PathBuf], mut change: impl FnMut(&mut Raw) -> bool) {
    for file in files {
        let bytes = fs::read(file).unwrap();
        let mut rewritten = Vec::new();
        for found in Records::open(file).unwrap() {
            let found = found.unwrap();
            let place = usize::try_from(found.offset).unwrap();
            let member = &bytes[place..place + usize::try_from(found.length).unwrap()];
            let mut record = Raw::unpack(member);
            if change(&mut record) {
                rewritten.extend(record.pack());
            }
        }
        fs::write(file, rewritten).unwrap();
    }
}
