//! What an export keeps beside it while it goes through the archive, to come out sorted at the end: in
//! files and not in memory.

use rusqlite::{OptionalExtension, Row, params};

use super::DbError;
use super::reports::READ_OUT_OF;
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
    /// Remembers of a payload whether its bytes can be had.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_whole(&self, payload: i64, is_whole: bool) -> Result<(), DbError> {
        self.prepare("INSERT OR REPLACE INTO temp.proven VALUES (?1, ?2)")?
            .execute(params![payload, is_whole])?;
        Ok(())
    }

    /// Whether a payload's bytes can be had, as far as that was found out.
    ///
    /// # Errors
    /// When the database fails.
    pub fn is_whole(&self, payload: i64) -> Result<Option<bool>, DbError> {
        let mut statement = self.prepare("SELECT is_whole FROM temp.proven WHERE payload = ?1")?;
        Ok(statement.query_row([payload], |row| row.get(0)).optional()?)
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
        let mut statement = self.prepare(&format!(
            "SELECT g.url, g.at, coalesce(r.title, t.title) FROM temp.pages g
             JOIN urls u ON u.id = g.url_id
             LEFT JOIN temp.titles t ON t.payload = g.payload
             LEFT JOIN captures c ON c.id = g.capture
             LEFT JOIN reports r ON r.id = (SELECT q.id FROM reports q
                 JOIN captures o ON o.id = q.capture_id WHERE q.url_id = g.url_id AND {READ_OUT_OF}
                 ORDER BY q.capture_id DESC LIMIT 1)
             WHERE u.state <> ?1 AND (t.payload IS NOT NULL OR r.id IS NOT NULL)
             ORDER BY r.id IS NULL, r.agency, r.year, g.url, g.url_id"
        ))?;
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

#[cfg(test)]
impl Selection {
    /// Leaves room for so many pages of temporary files.
    pub(crate) fn limit_temporary_files(&self, pages: u32) -> Result<(), DbError> {
        let limit = format!("PRAGMA temp.max_page_count = {pages}");
        Ok(self.prepare(&limit)?.query_row([], |_| Ok(()))?)
    }
}
