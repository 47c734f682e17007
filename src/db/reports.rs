//! What was read out of the captures.

use rusqlite::{OptionalExtension, Row, params};
use serde_json::{Map, Value};

use super::captures::BROKE_OFF;
use super::{Db, DbError, Tx};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::outcome::ReportFacts;

/// A report, as the catalogue knows it: that of the latest capture of its URL out of which one was read.
#[derive(Debug, Clone)]
pub struct ReportRow {
    /// The page it was read from.
    pub url: String,
    /// When that page was captured: the latest time that it was so.
    pub captured_at: Moment,
    /// The page's payload.
    pub payload: Option<Digest>,
    /// `report` or `report_file`.
    pub kind: String,
    /// Its title.
    pub title: Option<String>,
    /// The publishing agency.
    pub agency: Option<String>,
    /// The year reported on.
    pub year: Option<i64>,
    /// GB/T 2260.
    pub division: Option<String>,
    /// `2021`, `2019`, `narrative`.
    pub format: Option<String>,
    /// The whole object, `gongkai-report/1`.
    pub json: String,
}

impl ReportRow {
    /// The columns of a table of reports.
    pub const COLUMNS: [&'static str; 9] =
        ["agency", "year", "division", "kind", "format", "title", "url", "captured_at", "payload"];

    /// Its row in such a table.
    pub fn cells(&self) -> [String; 9] {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        [
            text(&self.agency),
            self.year.map(|year| year.to_string()).unwrap_or_default(),
            text(&self.division),
            self.kind.clone(),
            text(&self.format),
            text(&self.title),
            self.url.clone(),
            self.captured_at.to_string(),
            self.payload.map(|payload| payload.to_string()).unwrap_or_default(),
        ]
    }

    /// The report's own keys, with where and when it was read.
    ///
    /// # Errors
    /// When the row holds no JSON object.
    pub fn object(&self) -> Result<Map<String, Value>, DbError> {
        let mut object: Map<String, Value> =
            serde_json::from_str(&self.json).map_err(|error| DbError::Corrupt {
                what: format!("a report of {} that is no JSON object ({error})", self.url),
            })?;
        object.insert("url".to_owned(), Value::from(self.url.as_str()));
        object.insert("captured_at".to_owned(), Value::from(self.captured_at.to_string()));
        let payload = self.payload.map(|payload| payload.to_string());
        object.insert("payload".to_owned(), Value::from(payload));
        Ok(object)
    }
}

/// Which reports are asked for; nothing set asks for all.
#[derive(Debug, Clone, Default)]
pub struct ReportFilter {
    /// The year reported on.
    pub year: Option<i64>,
    /// A part of the agency's name.
    pub agency: Option<String>,
    /// The division's number, or the beginning of it.
    pub division: Option<String>,
}

/// A report was read out of a capture where it was read out of its payload at its URL: what came again
/// unchanged has no row of its own. `o` is the capture that the row names. The plus keeps SQLite from
/// looking through all captures of a payload that many URLs brought.
pub(super) const READ_OUT_OF: &str = "(o.id = c.id OR +o.payload_id = c.payload_id)";

/// Of each URL `u` the capture `c`, the latest of those that `condition` lets through out of which a
/// report was read (one that broke off only where none is whole), with the latest reading of it, `r`.
pub(super) fn select(condition: &str) -> String {
    format!(
        "SELECT coalesce(u.spelling, u.url), c.at, p.digest, r.kind, r.title, r.agency,
         r.year, r.division, r.format, r.json, c.id
         FROM urls u CROSS JOIN captures c ON c.id = (SELECT c.id FROM captures c
             WHERE c.url_id = u.id AND {condition} AND EXISTS (SELECT 1 FROM reports q
                 JOIN captures o ON o.id = q.capture_id WHERE q.url_id = u.id AND {READ_OUT_OF})
             ORDER BY {BROKE_OFF}, c.at DESC, c.id DESC LIMIT 1)
         CROSS JOIN reports r ON r.id = (SELECT q.id FROM reports q
             JOIN captures o ON o.id = q.capture_id WHERE q.url_id = u.id AND {READ_OUT_OF}
             ORDER BY q.capture_id DESC LIMIT 1)
         LEFT JOIN payloads p ON p.id = c.payload_id"
    )
}

/// The URLs that have a report at all.
pub(super) const HAS_ONE: &str = "u.id IN (SELECT url_id FROM reports)";

pub(super) fn report(row: &Row<'_>) -> rusqlite::Result<ReportRow> {
    Ok(ReportRow {
        url: row.get(0)?,
        captured_at: Moment::from_millis(row.get(1)?),
        payload: row.get::<_, Option<[u8; 32]>>(2)?.map(Digest::from_bytes),
        kind: row.get(3)?,
        title: row.get(4)?,
        agency: row.get(5)?,
        year: row.get(6)?,
        division: row.get(7)?,
        format: row.get(8)?,
        json: row.get(9)?,
    })
}

/// The columns that [`facts`] reads, in its order.
pub(super) const FACTS: &str =
    "r.kind, r.title, r.agency, r.year, r.division, r.published, r.format, r.json";

/// What was read, from the columns that begin at `first`.
pub(super) fn facts(row: &Row<'_>, first: usize) -> rusqlite::Result<ReportFacts> {
    Ok(ReportFacts {
        kind: row.get(first)?,
        title: row.get(first + 1)?,
        agency: row.get(first + 2)?,
        year: row.get(first + 3)?,
        division: row.get(first + 4)?,
        published: row.get(first + 5)?,
        format: row.get(first + 6)?,
        json: row.get(first + 7)?,
    })
}

impl Db {
    /// Hands each report that the filter lets through to `each`, by agency and year; of each page
    /// that of the latest capture out of which one was read. Returns how many there were.
    ///
    /// # Errors
    /// When the database fails, or `each` does.
    pub fn each_report<E: From<DbError>>(
        &self,
        filter: &ReportFilter,
        mut each: impl FnMut(ReportRow) -> Result<(), E>,
    ) -> Result<u64, E> {
        let mut statement = self
            .connection
            .prepare_cached(&format!(
                "{} WHERE {HAS_ONE} AND (?1 IS NULL OR r.year = ?1)
                 AND (?2 IS NULL OR instr(coalesce(r.agency, ''), ?2) > 0)
                 AND (?3 IS NULL OR substr(coalesce(r.division, ''), 1, length(?3)) = ?3)
                 ORDER BY r.agency, r.year, u.url",
                select("1")
            ))
            .map_err(DbError::from)?;
        let mut rows = statement
            .query(params![filter.year, filter.agency, filter.division])
            .map_err(DbError::from)?;
        let mut count = 0;
        while let Some(row) = rows.next().map_err(DbError::from)? {
            each(report(row).map_err(DbError::from)?)?;
            count += 1;
        }
        Ok(count)
    }

    /// The report of a URL: that of its latest capture out of which one was read.
    ///
    /// # Errors
    /// When the database fails.
    pub fn report_of_url(&self, url_id: i64) -> Result<Option<ReportRow>, DbError> {
        let mut statement =
            self.connection.prepare_cached(&format!("{} WHERE u.id = ?1", select("1")))?;
        Ok(statement.query_row([url_id], report).optional()?)
    }
}

impl Tx<'_> {
    /// Adds a report, unless the same bytes at the same URL were read before.
    pub(super) fn insert_report(
        &self,
        url_id: i64,
        capture: i64,
        payload: Option<i64>,
        facts: &ReportFacts,
    ) -> Result<bool, DbError> {
        let mut known = self.0.prepare_cached(
            "SELECT 1 FROM reports r JOIN captures c ON c.id = r.capture_id
             WHERE r.url_id = ?1 AND c.payload_id = ?2 AND r.json = ?3",
        )?;
        if known.exists(params![url_id, payload, facts.json])? {
            return Ok(false);
        }
        self.add_report(url_id, capture, facts)?;
        Ok(true)
    }

    /// Adds a report.
    ///
    /// # Errors
    /// When the database fails, or this capture has one.
    pub fn add_report(
        &self,
        url_id: i64,
        capture: i64,
        facts: &ReportFacts,
    ) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO reports (url_id, capture_id, kind, title, agency, year, division,
                     published, format, json)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                url_id,
                capture,
                facts.kind,
                facts.title,
                facts.agency,
                facts.year,
                facts.division,
                facts.published,
                facts.format,
                facts.json,
            ])?;
        Ok(())
    }

    /// Puts another reading in the place of what a row says.
    ///
    /// # Errors
    /// When the database fails.
    pub fn replace_report(&self, id: i64, facts: &ReportFacts) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE reports SET kind = ?2, title = ?3, agency = ?4, year = ?5, division = ?6,
                     published = ?7, format = ?8, json = ?9 WHERE id = ?1",
            )?
            .execute(params![
                id,
                facts.kind,
                facts.title,
                facts.agency,
                facts.year,
                facts.division,
                facts.published,
                facts.format,
                facts.json,
            ])?;
        Ok(())
    }

    /// Takes a row away: its page is no report.
    ///
    /// # Errors
    /// When the database fails.
    pub fn remove_report(&self, id: i64) -> Result<(), DbError> {
        self.0.prepare_cached("DELETE FROM reports WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}
