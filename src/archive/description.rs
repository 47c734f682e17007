//! What heads each WARC file: a `warcinfo` record for people, and a `metadata` record that describes the
//! run (its configuration, its seeds), so that the index can be made anew from the files alone.

use super::metadata::add;
use super::records::WARC_FIELDS;
use super::warc::record::{END, Head, fresh_id, urn};
use super::warc::writer::Gzip;
use crate::clock::Moment;
use crate::digest::Digest;

/// The description's media type: TOML, as `config.toml` and the seed files are written.
pub const TOML: &str = "application/toml";

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
    /// The run as a whole, as TOML; what it says is the crawl's to know.
    pub description: String,
}

impl WarcInfo {
    /// The two records that head the file of this name, packed.
    pub(super) fn encode(&self, filename: &str, now: Moment, gzip: &mut Gzip) -> Vec<u8> {
        let fields = self.fields();
        let id = fresh_id();
        let mut head = Head::new("warcinfo", id, now);
        head.field("WARC-Filename", filename);
        head.field("WARC-Block-Digest", Digest::of(&fields));
        let head = head.finish(WARC_FIELDS, fields.len());
        let mut members = Vec::new();
        gzip.member(&[&head, &fields, END], &mut members);
        let block = self.description.as_bytes();
        let mut head = Head::new("metadata", fresh_id(), now);
        head.field("WARC-Refers-To", urn(id));
        head.field("WARC-Block-Digest", Digest::of(block));
        let head = head.finish(TOML, block.len());
        gzip.member(&[&head, block, END], &mut members);
        members
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
        fields
    }
}
