//! What an export keeps beside it while it goes through the archive, to come out sorted at the end: in
//! files and not in memory.

use rusqlite::{Row, params};

use super::DbError;
use super::selection::{Chosen, Selection};
use crate::clock::Moment;
use crate::frontier::UrlState;

/// Things that are kept to come out sorted, each kind by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Lines of a CDXJ.
    Cdxj = 1,
    /// Lines of the index of its blocks.
    Blocks = 2,
    /// Lines of a manifest.
    Manifest = 3,
}

impl Selection {
    /// Remembers that a payload's bytes could not be had.
    ///
    /// # Errors
    /// When the database fails.
    pub fn lose(&self, payload: i64) -> Result<(), DbError> {
        self.prepare("INSERT OR IGNORE INTO temp.lost VALUES (?1)")?.execute([payload])?;
        Ok(())
    }

    /// Whether a payload's bytes could not be had.
    ///
    /// # Errors
    /// When the database fails.
    pub fn is_lost(&self, payload: i64) -> Result<bool, DbError> {
        Ok(self.prepare("SELECT 1 FROM temp.lost WHERE payload = ?1")?.exists([payload])?)
    }

    /// Whether the index knows that a payload's bytes are lost.
    ///
    /// # Errors
    /// When the database fails.
    pub fn is_known_lost(&self, payload: i64) -> Result<bool, DbError> {
        let mut statement = self.prepare(
            "SELECT 1 FROM payloads p JOIN captures c ON c.id = p.capture_id WHERE p.id = ?1",
        )?;
        Ok(!statement.exists([payload])?)
    }

    /// Keeps a line.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keep(&self, what: Kept, line: &str) -> Result<(), DbError> {
        self.prepare("INSERT INTO temp.kept VALUES (?1, ?2)")?
            .execute(params![what as u8, line])?;
        Ok(())
    }

    /// Hands on the kept lines of a kind, sorted by their bytes, equal ones once; blocks as they came.
    ///
    /// # Errors
    /// When the database fails, or `each` does.
    pub fn each_kept<E: From<DbError>>(
        &self,
        what: Kept,
        mut each: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        let order = if what == Kept::Blocks { "rowid" } else { "line" };
        let mut statement =
            self.prepare(&format!("SELECT line FROM temp.kept WHERE what = ?1 ORDER BY {order}"))?;
        let mut rows = statement.query([what as u8]).map_err(DbError::from)?;
        let mut last: Option<String> = None;
        while let Some(row) = rows.next().map_err(DbError::from)? {
            let line: String = row.get(0).map_err(DbError::from)?;
            if last.as_ref() != Some(&line) {
                each(&line)?;
                last = Some(line);
            }
        }
        Ok(())
    }

    /// Keeps the title of a payload that is a page, with or without one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keep_title(&self, payload: i64, title: Option<&str>) -> Result<(), DbError> {
        self.prepare("INSERT OR REPLACE INTO temp.titles VALUES (?1, ?2)")?
            .execute(params![payload, title])?;
        Ok(())
    }

    /// Keeps a capture as that by which its URL is listed, if it is the latest so far.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keep_page(&self, capture: &Chosen, payload: i64) -> Result<(), DbError> {
        self.prepare(
            "INSERT INTO temp.pages VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (url_id) DO UPDATE
             SET at = excluded.at, capture = excluded.capture, payload = excluded.payload
             WHERE (excluded.at, excluded.capture) > (at, capture)",
        )?
        .execute(params![
            capture.url_id,
            capture.at.as_millis(),
            capture.id,
            payload,
            capture.url
        ])?;
        Ok(())
    }

    /// Hands on the URL, moment and title of each page that was kept: reports first, by agency and year,
    /// each with the report's own title.
    ///
    /// # Errors
    /// When the database fails, or `each` does.
    pub fn each_page<E: From<DbError>>(
        &self,
        mut each: impl FnMut(&str, Moment, Option<&str>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self.prepare(
            "SELECT g.url, g.at, coalesce(r.title, t.title) FROM temp.pages g
             JOIN urls u ON u.id = g.url_id
             LEFT JOIN temp.titles t ON t.payload = g.payload
             LEFT JOIN reports r ON r.id = (SELECT max(q.id) FROM reports q
                 JOIN captures c ON c.id = q.capture_id
                 WHERE q.url_id = g.url_id AND +c.payload_id = g.payload)
             WHERE u.state <> ?1 AND (t.payload IS NOT NULL OR r.id IS NOT NULL)
             ORDER BY r.id IS NULL, r.agency, r.year, g.url, g.url_id",
        )?;
        // A robots.txt is no page, whatever its type.
        let mut rows = statement.query([UrlState::Apart as u8]).map_err(DbError::from)?;
        while let Some(row) = rows.next().map_err(DbError::from)? {
            let page = |row: &Row<'_>| -> rusqlite::Result<(String, i64, Option<String>)> {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            };
            let (url, at, title) = page(row).map_err(DbError::from)?;
            each(&url, Moment::from_millis(at), title.as_deref())?;
        }
        Ok(())
    }
}
