//! One WARC file against the rows that speak of it, both in the order of their bytes.

use std::collections::VecDeque;
use std::path::Path;

use super::finding::{Finding, Problem};
use crate::archive::exchanges::is_main;
use crate::archive::read::{Found, file_digest};
use crate::archive::scan::{Damage, Scan, Scanned};
use crate::archive::warc::record::id_of;
use crate::canonical::CanonicalUrl;
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
    pub(super) limit: Option<u64>,
}

impl FileCheck<'_> {
    pub(super) fn run<E>(&self, tell: &mut impl FnMut(Told) -> Result<(), E>) -> Result<(), E>
    where
        E: From<crate::archive::ArchiveError> + From<DbError>,
    {
        let mut rows = Rows::new(self.db, self.segment.id);
        let mut is_whole = true;
        for scanned in Scan::open(self.path, self.limit)? {
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

    fn is_altered(&self) -> Result<bool, crate::archive::ArchiveError> {
        let Some(known) = self.segment.digest else {
            return Ok(false);
        };
        Ok(file_digest(self.path, self.segment.length)? != known)
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
        if is_main(&found.record) {
            let row = rows.next_before(found.offset + 1)?;
            findings.extend(match row {
                Some(row) => self.compare(found, &row)?,
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
    fn compare(&self, found: &Found, row: &PlacedCapture) -> Result<Option<Finding>, DbError> {
        let record = &found.record;
        let differs = |problem, why: String| {
            let why = format!("capture {}: {why}", row.id);
            Finding::in_file(problem, &self.segment.name, why)
                .at(found.offset, found.length)
                .of(row.url.as_deref())
        };
        let kind = match row.kind.as_str() {
            "apart" | "failure" => "metadata",
            kind => kind,
        };
        let id = record.field("WARC-Record-ID").and_then(id_of);
        let url = record.field("WARC-Target-URI").and_then(canonical);
        let at = record.field("WARC-Date").and_then(Moment::parse);
        let said: Option<Digest> =
            record.field("WARC-Payload-Digest").and_then(|digest| digest.parse().ok());
        let wrong = match () {
            () if kind != record.kind() => Some("its kind"),
            () if row.length != found.length => Some("its length"),
            () if id.map(|id| id.to_vec()) != Some(row.record_id.clone()) => Some("its record ID"),
            () if url != row.url => Some("its URL"),
            () if at != Some(row.at) => Some("its time"),
            () if said != row.payload => Some("its payload"),
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

fn canonical(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    Some(CanonicalUrl::new(&url).ok()?.to_string())
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
