//! What heads each WARC file: a `warcinfo` record that says who wrote it and how, and describes the run (its
//! configuration, its seeds), so that the index can be made anew from the files alone.

use super::metadata::add;
use super::records::WARC_FIELDS;
use super::warc::record::{END, Head, fresh_id};
use super::warc::writer::Gzip;
use crate::clock::Moment;
use crate::digest::Digest;

/// The field that describes the run.
const RUN: &str = "run";

/// What heads each file.
#[derive(Debug, Clone)]
pub struct WarcInfo {
    /// Who wrote it, with the version.
    pub software: String,
    /// How the operator can be reached.
    pub contact: String,
    /// What was done about robots.txt.
    pub robots: String,
    /// The configuration in force, as TOML.
    pub configuration: String,
    /// The run as a whole, on one line; what it says is the crawl's to know.
    pub run: String,
}

impl WarcInfo {
    /// The record that heads the file of this name, packed.
    pub(super) fn encode(&self, filename: &str, now: Moment, gzip: &mut Gzip) -> Vec<u8> {
        let fields = self.fields();
        let mut head = Head::new("warcinfo", fresh_id(), now);
        head.field("WARC-Filename", filename);
        head.field("WARC-Block-Digest", Digest::of(&fields));
        let head = head.finish(WARC_FIELDS, fields.len());
        let mut member = Vec::new();
        gzip.member(&[&head, &fields, END], &mut member);
        member
    }

    fn fields(&self) -> Vec<u8> {
        let mut fields = Vec::new();
        add(&mut fields, "software", &self.software);
        add(&mut fields, "format", "WARC File Format 1.1");
        add(
            &mut fields,
            "conformsTo",
            "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        );
        add(&mut fields, "operator", &self.contact);
        let user_agent = format!("{} (+{})", self.software, self.contact);
        add(&mut fields, "http-header-user-agent", &user_agent);
        add(&mut fields, "http-header-from", &self.contact);
        add(&mut fields, "robots", &self.robots);
        let lines = self.configuration.lines().filter(|line| !line.is_empty());
        add(&mut fields, "configuration", &lines.collect::<Vec<_>>().join("; "));
        add(&mut fields, RUN, &self.run);
        fields
    }
}

/// The run that the block of a `warcinfo` describes, as [`WarcInfo::run`].
pub fn run(block: &[u8]) -> Option<&str> {
    let fields = std::str::from_utf8(block).ok()?;
    fields.split("\r\n").find_map(|line| line.strip_prefix(RUN)?.strip_prefix(": "))
}
