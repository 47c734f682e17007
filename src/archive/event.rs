//! What happened beside the exchanges and has to be known to judge them: a stop that came into force or was
//! taken back, as a `metadata` record of no URL.

use super::metadata::add;
use super::records::WARC_FIELDS;
use super::warc::reader::Record;
use super::warc::record::{END, Head, fresh_id};
use super::warc::writer::Gzip;
use crate::clock::Moment;
use crate::digest::Digest;
use crate::stops::{StopChange, StopKind};

/// The field that names the kind; it stands first, and in no other record.
const EVENT: &str = "event";

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Moment,
    /// In which run.
    pub run: i64,
    /// What came into force, or was taken back.
    pub change: StopChange,
}

impl Event {
    /// Its record, packed.
    pub(super) fn encode(&self, gzip: &mut Gzip) -> Vec<u8> {
        let mut fields = Vec::new();
        add(&mut fields, EVENT, self.change.kind.as_str());
        if !self.change.host.is_empty() {
            add(&mut fields, "host", &self.change.host);
        }
        add(&mut fields, "inForce", if self.change.on { "yes" } else { "no" });
        add(&mut fields, "run", &self.run.to_string());
        let mut head = Head::new("metadata", fresh_id(), self.at);
        head.field("WARC-Block-Digest", Digest::of(&fields));
        let head = head.finish(WARC_FIELDS, fields.len());
        let mut member = Vec::new();
        gzip.member(&[&head, &fields, END], &mut member);
        member
    }

    /// The event that a record holds, if it holds one.
    pub fn read(record: &Record) -> Option<Self> {
        if record.kind() != "metadata" || record.field("WARC-Target-URI").is_some() {
            return None;
        }
        let block = std::str::from_utf8(record.block()).ok()?;
        let field = |name: &str| {
            block.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        Some(Self {
            at: Moment::parse(record.field("WARC-Date")?)?,
            run: field("run")?.parse().ok()?,
            change: StopChange {
                kind: StopKind::from_word(field(EVENT)?)?,
                host: field("host").unwrap_or_default().to_owned(),
                on: field("inForce")? == "yes",
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::warc::reader::read_member;

    #[test]
    fn an_event_is_read_back_as_it_was() {
        for (kind, host, on) in
            [(StopKind::All, "", true), (StopKind::OptOut, "*.qingshan.gov.cn", false)]
        {
            let change = StopChange { kind, host: host.to_owned(), on };
            let event = Event { at: Moment::from_millis(1_769_847_330_123), run: 7, change };
            let member = event.encode(&mut Gzip::new());
            assert_eq!(Event::read(&read_member(&mut member.as_slice()).unwrap()), Some(event));
        }
    }
}
