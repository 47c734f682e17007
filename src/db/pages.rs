//! The pages of the archive, to be read again: each payload once a URL, with the captures that brought
//! it and the reports that were read out of it.

use rusqlite::{Row, params};

use super::captures::Stored;
use super::reports::{FACTS, facts};
use super::{Db, DbError};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::frontier::UrlState;
use crate::outcome::ReportFacts;

/// A payload, as one URL brought it.
#[derive(Debug, Clone)]
pub struct ArchivedPage {
    /// The first capture of that URL that brought it: pages come in this order.
    pub first: i64,
    /// The URL's row.
    pub url_id: i64,
    /// The URL, as it is asked for.
    pub url: String,
    /// The payload's row.
    pub payload_id: i64,
    /// Where the payload lies; none where the index has lost its place.
    pub stored: Option<Stored>,
}

/// One of the captures that brought it.
#[derive(Debug, Clone)]
pub struct PageCapture {
    /// Its row.
    pub id: i64,
    /// When.
    pub at: Moment,
    /// The status.
    pub status: Option<u16>,
    /// The media type that the server named.
    pub mime: Option<String>,
    /// The WARC file that holds its record.
    pub segment: String,
    /// Where in it.
    pub offset: u64,
    /// How many bytes there.
    pub length: u64,
}

/// A report as it stands in the catalogue.
#[derive(Debug, Clone)]
pub struct StoredReport {
    /// Its row.
    pub id: i64,
    /// The capture it was read out of.
    pub capture: i64,
    /// What was read.
    pub facts: ReportFacts,
}

fn unsigned(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(index).map(i64::unsigned_abs)
}

fn page(row: &Row<'_>) -> rusqlite::Result<ArchivedPage> {
    let digest = row.get::<_, Option<[u8; 32]>>(4)?.map(Digest::from_bytes);
    let segment = row.get::<_, Option<String>>(5)?;
    let stored = match (digest, segment) {
        (Some(digest), Some(segment)) => {
            Some(Stored { segment, offset: unsigned(row, 6)?, length: unsigned(row, 7)?, digest })
        }
        _ => None,
    };
    Ok(ArchivedPage {
        first: row.get(0)?,
        url_id: row.get(1)?,
        payload_id: row.get(2)?,
        url: row.get(3)?,
        stored,
    })
}

impl Db {
    /// The next pages, at most so many, in the order in which they came into the archive: their bytes
    /// lie in that order too. A robots.txt is none.
    ///
    /// # Errors
    /// When the database fails.
    pub fn pages_after(&self, capture: i64, limit: u32) -> Result<Vec<ArchivedPage>, DbError> {
        // The plus keeps SQLite from looking through all captures of a payload that many URLs brought.
        let mut statement = self.connection.prepare_cached(
            "SELECT c.id, c.url_id, c.payload_id, coalesce(u.spelling, u.url), p.digest, s.name,
                 o.offset, o.length
             FROM captures c JOIN urls u ON u.id = c.url_id
             LEFT JOIN payloads p ON p.id = c.payload_id
             LEFT JOIN captures o ON o.id = p.capture_id LEFT JOIN segments s ON s.id = o.segment_id
             WHERE c.id > ?1 AND c.payload_id IS NOT NULL AND u.state <> ?2
                 AND NOT EXISTS (SELECT 1 FROM captures e WHERE e.url_id = c.url_id
                     AND +e.payload_id = c.payload_id AND e.id < c.id)
             ORDER BY c.id LIMIT ?3",
        )?;
        let pages = statement.query_map(params![capture, UrlState::Apart as u8, limit], page)?;
        Ok(pages.collect::<Result<_, _>>()?)
    }

    /// The captures that brought a page, the first one first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn captures_of_page(&self, page: &ArchivedPage) -> Result<Vec<PageCapture>, DbError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT c.id, c.at, c.status, c.mime, coalesce(s.name, ''), c.offset, c.length
             FROM captures c LEFT JOIN segments s ON s.id = c.segment_id
             WHERE c.url_id = ?1 AND +c.payload_id = ?2 ORDER BY c.id",
        )?;
        let captures = statement.query_map([page.url_id, page.payload_id], |row| {
            Ok(PageCapture {
                id: row.get(0)?,
                at: Moment::from_millis(row.get(1)?),
                status: row.get(2)?,
                mime: row.get(3)?,
                segment: row.get(4)?,
                offset: unsigned(row, 5)?,
                length: unsigned(row, 6)?,
            })
        })?;
        Ok(captures.collect::<Result<_, _>>()?)
    }

    /// The reports that were read out of a page.
    ///
    /// # Errors
    /// When the database fails.
    pub fn reports_of_page(&self, page: &ArchivedPage) -> Result<Vec<StoredReport>, DbError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT r.id, r.capture_id, {FACTS} FROM reports r JOIN captures c ON c.id = r.capture_id
             WHERE r.url_id = ?1 AND +c.payload_id = ?2 ORDER BY r.capture_id"
        ))?;
        let reports = statement.query_map([page.url_id, page.payload_id], |row| {
            Ok(StoredReport { id: row.get(0)?, capture: row.get(1)?, facts: facts(row, 2)? })
        })?;
        Ok(reports.collect::<Result<_, _>>()?)
    }

    /// The number of the last capture: how far the pages go.
    ///
    /// # Errors
    /// When the database fails.
    pub fn last_capture(&self) -> Result<i64, DbError> {
        let last = "SELECT coalesce(max(id), 0) FROM captures";
        Ok(self.connection.query_row(last, [], |row| row.get(0))?)
    }
}
