//! One WARC file against the rows that speak of it, both in the order of their bytes.

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;

use super::finding::{Finding, Problem};
use crate::archive::ArchiveError;
use crate::archive::exchanges::{Key, key, kind_of};
use crate::archive::http_head;
use crate::archive::read::{Found, digest_of};
use crate::archive::scan::{Damage, Scan, Scanned};
use crate::archive::warc::record::id_of;
use crate::clock::Moment;
use crate::db::consistency::{PlacedCapture, Segment};
use crate::db::{Db, DbError};
use crate::digest::Digest;

/// So many rows are held at once.
const ROWS: u32 = 1_000;

/// What is told of a file as it is gone through.
#[derive(Debug)]
pub(super) enum Told {
    /// Something is wrong.
    Finding(Finding),
    /// A record is whole: its bytes in the file, and those of its payload.
    Record { bytes: u64, payload: u64 },
}

/// Goes through a file, as far as `limit`.
pub(super) struct FileCheck<'a> {
    pub(super) db: &'a Db,
    pub(super) segment: &'a Segment,
    pub(super) path: &'a Path,
    pub(super) file: File,
    pub(super) limit: Option<u64>,
}

impl FileCheck<'_> {
    pub(super) fn run<E>(&self, tell: &mut impl FnMut(Told) -> Result<(), E>) -> Result<(), E>
    where
        E: From<ArchiveError> + From<DbError>,
    {
        let mut rows = Rows::new(self.db, self.segment.id);
        let mut is_whole = true;
        for scanned in Scan::of(self.path, self.handle()?, self.limit)? {
            match scanned? {
                Scanned::Record(found) => {
                    tell_all(self.record(&found, &mut rows)?, tell)?;
                    let payload = match found.record.kind() {
                        "response" => found.record.payload().len() as u64,
                        _ => 0,
                    };
                    tell(Told::Record { bytes: found.length, payload })?;
                }
                Scanned::Damage(damage) => {
                    is_whole = false;
                    tell_all(self.damage(&damage, &mut rows)?, tell)?;
                }
            }
        }
        while let Some(row) = rows.next_before(u64::MAX)? {
            tell(Told::Finding(self.orphan(&row, "the file ends before it")))?;
        }
        if is_whole && self.is_altered()? {
            let why = "its bytes are not those that were written, though every record is whole";
            tell(Told::Finding(Finding::in_file(Problem::Altered, &self.segment.name, why)))?;
        }
        Ok(())
    }

    /// The file, whatever name it bears by now: a crawl may seal it meanwhile.
    fn handle(&self) -> Result<File, ArchiveError> {
        self.file.try_clone().map_err(ArchiveError::io("open", self.path))
    }

    fn is_altered(&self) -> Result<bool, ArchiveError> {
        let Some(known) = self.segment.digest else {
            return Ok(false);
        };
        Ok(digest_of(self.path, self.handle()?, self.segment.length)? != known)
    }

    fn damage(&self, damage: &Damage, rows: &mut Rows<'_>) -> Result<Vec<Finding>, DbError> {
        let mut findings = self.before(damage.offset, rows)?;
        let name = &self.segment.name;
        let length = damage.end - damage.offset;
        let finding = Finding::in_file(Problem::Damaged, name, damage.what.as_str());
        findings.push(finding.at(damage.offset, length));
        while let Some(row) = rows.next_before(damage.end)? {
            findings.push(self.orphan(&row, "it lies in damaged bytes"));
        }
        Ok(findings)
    }

    fn record(&self, found: &Found, rows: &mut Rows<'_>) -> Result<Vec<Finding>, DbError> {
        let mut findings = self.before(found.offset, rows)?;
        if let Some(key) = key(&found.record) {
            let row = rows.next_before(found.offset + 1)?;
            findings.extend(match row {
                Some(row) => self.compare(found, &key, &row)?,
                None => Some(self.unspoken(found)),
            });
        }
        while let Some(row) = rows.next_before(found.offset + found.length)? {
            findings.push(self.orphan(&row, "another record lies there"));
        }
        Ok(findings)
    }

    fn unspoken(&self, found: &Found) -> Finding {
        let why = format!("no row speaks of this {}", found.record.kind());
        Finding::in_file(Problem::RecordWithoutRow, &self.segment.name, why)
            .at(found.offset, found.length)
            .of(found.record.field("WARC-Target-URI"))
    }

    fn before(&self, offset: u64, rows: &mut Rows<'_>) -> Result<Vec<Finding>, DbError> {
        let mut findings = Vec::new();
        while let Some(row) = rows.next_before(offset)? {
            findings.push(self.orphan(&row, "another record lies there"));
        }
        Ok(findings)
    }

    fn orphan(&self, row: &PlacedCapture, why: &str) -> Finding {
        let why = format!("capture {}: {why}", row.id);
        Finding::in_file(Problem::RowWithoutRecord, &self.segment.name, why)
            .at(row.offset, row.length)
            .of(row.url.as_deref())
    }

    /// What the row says otherwise than its record.
    fn compare(
        &self,
        found: &Found,
        key: &Key,
        row: &PlacedCapture,
    ) -> Result<Option<Finding>, DbError> {
        let record = &found.record;
        let differs = |problem, why: String| {
            let why = format!("capture {}: {why}", row.id);
            Finding::in_file(problem, &self.segment.name, why)
                .at(found.offset, found.length)
                .of(row.url.as_deref())
        };
        let is_response = record.kind() == "response";
        let said = record.field("WARC-Payload-Digest").and_then(|digest| digest.parse().ok());
        let said = said.or_else(|| is_response.then(|| Digest::of(record.payload())));
        let status = http_head::read(record.http_head()).map(|head| head.status);
        let holds = is_response && row.holds;
        let wrong = match () {
            () if row.kind != kind_of(record).as_str() => Some("its kind"),
            () if row.length != found.length => Some("its length"),
            () if row.record_id != key.record_id => Some("its record ID"),
            () if row.url.as_deref() != Some(key.url.as_str()) => Some("its URL"),
            () if row.at != key.at => Some("its time"),
            () if row.payload != said => Some("its payload"),
            () if status.is_some_and(|status| row.status != Some(status)) => Some("its status"),
            () if is_response && row.truncated.as_deref() != record.field("WARC-Truncated") => {
                Some("whether it was cut")
            }
            () if holds && row.payload_length != Some(record.payload().len() as u64) => {
                Some("its payload's length")
            }
            () => None,
        };
        if let Some(what) = wrong {
            return Ok(Some(differs(
                Problem::RowDiffers,
                format!("the record says otherwise of {what}"),
            )));
        }
        if record.kind() == "revisit"
            && let Some(why) = self.without_original(record)?
        {
            return Ok(Some(differs(Problem::LostPayload, why)));
        }
        Ok(None)
    }

    /// Why the payload of a revisit cannot be had, if it cannot and nobody has written it off.
    fn without_original(
        &self,
        record: &crate::archive::warc::reader::Record,
    ) -> Result<Option<String>, DbError> {
        let field = |name| record.field(name);
        let said = field("WARC-Refers-To").and_then(id_of);
        let digest = field("WARC-Payload-Digest").and_then(|digest| digest.parse().ok());
        let (Some(said), Some(digest)) = (said, digest) else {
            return Ok(Some("a revisit that refers to nothing".to_owned()));
        };
        let holder = self.db.holder(&digest)?;
        let is_it = holder.as_ref().is_some_and(|holder| {
            holder.record_id == said
                && field("WARC-Refers-To-Target-URI") == Some(holder.url.as_str())
                && field("WARC-Refers-To-Date").and_then(Moment::parse) == Some(holder.at)
        });
        if is_it || self.db.is_lost(&said)? {
            return Ok(None);
        }
        Ok(Some(match holder {
            Some(holder) => format!(
                "it refers to another record than that of {} which holds {digest}",
                holder.at
            ),
            None => format!("no record holds {digest}"),
        }))
    }
}

fn tell_all<E>(
    findings: Vec<Finding>,
    tell: &mut impl FnMut(Told) -> Result<(), E>,
) -> Result<(), E> {
    findings.into_iter().try_for_each(|finding| tell(Told::Finding(finding)))
}

/// The rows of a file in the order of their bytes, a few at a time.
struct Rows<'a> {
    db: &'a Db,
    segment: i64,
    at_hand: VecDeque<PlacedCapture>,
    /// After which the next are asked for; none: there are no more.
    after: Option<(u64, i64)>,
}

impl<'a> Rows<'a> {
    fn new(db: &'a Db, segment: i64) -> Self {
        Self { db, segment, at_hand: VecDeque::new(), after: Some((0, 0)) }
    }

    /// The next row, if its record begins before `offset`.
    fn next_before(&mut self, offset: u64) -> Result<Option<PlacedCapture>, DbError> {
        if self.at_hand.is_empty()
            && let Some(after) = self.after
        {
            let rows = self.db.captures_in(self.segment, after, ROWS)?;
            let is_all = rows.len() < ROWS as usize;
            self.after = rows.last().map(|row| (row.offset, row.id)).filter(|_| !is_all);
            self.at_hand.extend(rows);
        }
        if self.at_hand.front().is_some_and(|row| row.offset < offset) {
            return Ok(self.at_hand.pop_front());
        }
        Ok(None)
    }
}
