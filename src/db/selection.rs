//! What is to leave the archive: the captures and reports that a filter lets through, as they stood
//! when they were chosen. The choice lies in temporary tables, in files and not in memory; a crawl may
//! go on meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use serde::Serialize;

use super::reports::READ_OUT_OF;
use super::{Db, DbError};
use crate::archive::excerpt::Place;
use crate::clock::Moment;
use crate::digest::Digest;

/// What is chosen; nothing set chooses everything.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Filter {
    /// Captured at this moment or later.
    pub since: Option<Moment>,
    /// Captured before this moment.
    pub before: Option<Moment>,
    /// Reports on this year.
    pub year: Option<i64>,
    /// Reports of this division: its number, or the beginning of it.
    pub division: Option<String>,
    /// At these hosts; none: at all.
    pub hosts: Vec<String>,
    /// Only captures that a report was read from.
    pub reports_only: bool,
    /// Of each URL only the latest capture.
    pub latest: bool,
}

impl Filter {
    /// Whether only captures of reports are asked for.
    pub fn is_of_reports(&self) -> bool {
        self.reports_only || self.year.is_some() || self.division.is_some()
    }
}

/// How many captures were chosen, and how many were left for which reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// In the archive.
    pub archive: u64,
    /// Chosen by the filter.
    pub chosen: u64,
    /// Chosen beside these, since a chosen revisit has its payload from them.
    pub brought_along: u64,
    /// Left: captured at another time.
    pub other_time: u64,
    /// Left: of other hosts.
    pub other_hosts: u64,
    /// Left: no report was read from them, or one of another year or division.
    pub no_such_report: u64,
    /// Left: the URL has a later or a better capture (or, with `latest`, no response at all).
    pub not_latest: u64,
}

/// A capture that was chosen.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Its row.
    pub id: i64,
    /// The URL's row.
    pub url_id: i64,
    /// The URL, as it is asked for.
    pub url: String,
    /// When.
    pub at: Moment,
    /// `response`, `revisit`, or a word for what was kept without being an answer.
    pub kind: String,
    /// The status.
    pub status: Option<u16>,
    /// The media type that the server named.
    pub mime: Option<String>,
    /// Why the payload is incomplete, if it is.
    pub truncated: Option<String>,
    /// The payload's row and digest.
    pub payload: Option<(i64, Digest)>,
    /// Its record's identifier.
    pub record_id: [u8; 16],
    /// Where it lies.
    pub place: Place,
    /// It was brought along, and not chosen itself.
    pub brought_along: bool,
    /// Why nothing was answered, or what was answered in place of the page at the URL.
    pub not_page: Option<String>,
}

impl Chosen {
    /// Whether the server answered: anything else is never replayed.
    pub fn is_answer(&self) -> bool {
        matches!(self.kind.as_str(), "response" | "revisit")
    }
}

/// Why nothing could be chosen.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// The archive knows no such host.
    #[error("`{host}` is no host of this archive: `gongkai status` names those it has")]
    UnknownHost {
        /// As it was given.
        host: String,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<rusqlite::Error> for SelectionError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Db(error.into())
    }
}

/// The archive as it stood at one moment, with what was chosen of it.
#[derive(Debug)]
pub struct Selection {
    connection: Connection,
    pub(super) filter: Filter,
}

/// SQLite looks so often whether it is to stop: every few milliseconds.
const STEPS_BETWEEN_LOOKS: i32 = 100_000;

const TABLES: &str = "
    CREATE TEMP TABLE asked_hosts (id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE chosen (capture INTEGER PRIMARY KEY, brought INTEGER NOT NULL);
    CREATE TEMP TABLE proven (payload INTEGER PRIMARY KEY, is_whole INTEGER NOT NULL);
    CREATE TEMP TABLE titles (payload INTEGER PRIMARY KEY, title TEXT);
    CREATE TEMP TABLE pages (
        url_id INTEGER PRIMARY KEY, at INTEGER NOT NULL, capture INTEGER NOT NULL,
        payload INTEGER NOT NULL, url TEXT NOT NULL
    );
    CREATE TEMP TABLE kept (what INTEGER NOT NULL, line TEXT NOT NULL);";

pub(super) const IN_TIME: &str =
    "(:since IS NULL OR c.at >= :since) AND (:before IS NULL OR c.at < :before)";

pub(super) const AT_HOST: &str = "(:hosts = 0 OR u.host_id IN (SELECT id FROM temp.asked_hosts))";

pub(super) const OF_REPORT: &str = "(:year IS NULL OR r.year = :year)
     AND (:division IS NULL OR substr(coalesce(r.division, ''), 1, length(:division)) = :division)";

impl Db {
    /// The archive as it stands now, for choosing from it.
    ///
    /// # Errors
    /// When a host is asked for that the archive does not have, or the database fails.
    pub fn into_selection(
        self,
        filter: &Filter,
        stop: Arc<AtomicBool>,
    ) -> Result<Selection, SelectionError> {
        let mut connection = self.connection;
        connection
            .progress_handler(STEPS_BETWEEN_LOOKS, Some(move || stop.load(Ordering::Relaxed)))?;
        connection.pragma_update(None, "temp_store", "FILE")?;
        connection.execute_batch(TABLES)?;
        for host in &filter.hosts {
            let mut find = connection.prepare_cached("SELECT id FROM hosts WHERE name = ?1")?;
            let id: Option<i64> = find.query_row([host], |row| row.get(0)).optional()?;
            let id = id.ok_or_else(|| SelectionError::UnknownHost { host: host.clone() })?;
            connection.execute("INSERT OR IGNORE INTO temp.asked_hosts VALUES (?1)", [id])?;
        }
        // One moment for all that is read: what a crawl adds later is not seen.
        connection.execute_batch("BEGIN")?;
        Ok(Selection { connection, filter: filter.clone() })
    }
}

impl Selection {
    /// When the latest capture of the archive was made: as of when the selection is.
    ///
    /// # Errors
    /// When the database fails.
    pub fn as_of(&self) -> Result<Option<Moment>, DbError> {
        let latest: Option<i64> =
            self.connection.query_row("SELECT max(at) FROM captures", [], |row| row.get(0))?;
        Ok(latest.map(Moment::from_millis))
    }

    /// Chooses the captures that the filter lets through, and brings the originals of revisits along.
    ///
    /// # Errors
    /// When the database fails.
    pub fn choose_captures(&self) -> Result<Counts, DbError> {
        let archive = self.count("SELECT count(*) FROM captures")?;
        let in_time =
            self.count_with(&format!("SELECT count(*) FROM captures c WHERE {IN_TIME}"))?;
        let there =
            format!("FROM captures c JOIN urls u ON u.id = c.url_id WHERE {IN_TIME} AND {AT_HOST}");
        let at_host = if self.filter.hosts.is_empty() {
            in_time
        } else {
            self.count_with(&format!("SELECT count(*) {there}"))?
        };
        let of_report = if self.filter.is_of_reports() {
            self.execute(&format!(
                "INSERT OR IGNORE INTO temp.chosen SELECT c.id, 0 FROM reports r
                 JOIN captures o ON o.id = r.capture_id JOIN urls u ON u.id = r.url_id
                 JOIN captures c ON c.url_id = r.url_id AND {READ_OUT_OF}
                 WHERE {IN_TIME} AND {AT_HOST} AND {OF_REPORT}"
            ))?
        } else {
            self.execute(&format!("INSERT INTO temp.chosen SELECT c.id, 0 {there} ORDER BY c.id"))?
        };
        let mut chosen = of_report;
        if self.filter.latest {
            chosen -= self.execute_bare(LEAVE_EARLIER)?;
        }
        let brought_along = self.execute_bare(BRING_ORIGINALS)?;
        Ok(Counts {
            archive,
            chosen,
            brought_along,
            other_time: archive - in_time,
            other_hosts: in_time - at_host,
            no_such_report: at_host - of_report,
            not_latest: of_report - chosen,
        })
    }

    /// Hands on each chosen capture, in the order in which they lie in the files.
    ///
    /// # Errors
    /// When the database fails, or `each` does.
    pub fn each_chosen<E: From<DbError>>(
        &self,
        mut each: impl FnMut(Chosen) -> Result<(), E>,
    ) -> Result<(), E> {
        for segment in self.segments()? {
            // Crossed: the captures come by their place, and are not sorted.
            let mut statement = self.prepare(&format!(
                "{CHOSEN} FROM segments s CROSS JOIN captures c ON c.segment_id = s.id
                 CROSS JOIN temp.chosen x ON x.capture = c.id JOIN urls u ON u.id = c.url_id
                 LEFT JOIN payloads p ON p.id = c.payload_id WHERE s.id = ?1 ORDER BY c.offset"
            ))?;
            let mut rows = statement.query([segment]).map_err(DbError::from)?;
            while let Some(row) = rows.next().map_err(DbError::from)? {
                each(chosen(row).map_err(DbError::from)?)?;
            }
        }
        Ok(())
    }

    /// Hands on each payload of the chosen captures once, by the capture that holds it, in the order
    /// in which they lie in the files.
    ///
    /// # Errors
    /// When the database fails, or `each` does.
    pub fn each_payload<E: From<DbError>>(
        &self,
        each: impl FnMut(Chosen) -> Result<(), E>,
    ) -> Result<(), E> {
        self.execute_bare(
            "INSERT OR IGNORE INTO temp.chosen SELECT p.capture_id, 1 FROM temp.chosen x
             JOIN captures c ON c.id = x.capture JOIN payloads p ON p.id = c.payload_id
             JOIN captures o ON o.id = p.capture_id",
        )?;
        let mut each = each;
        self.each_chosen(|capture| {
            let is_holder = match &capture.payload {
                Some((id, _)) => self.holds(*id, capture.id)?,
                None => false,
            };
            if is_holder { each(capture) } else { Ok(()) }
        })
    }

    fn holds(&self, payload: i64, capture: i64) -> Result<bool, DbError> {
        let mut statement =
            self.prepare("SELECT 1 FROM payloads WHERE id = ?1 AND capture_id = ?2")?;
        Ok(statement.exists([payload, capture])?)
    }

    fn segments(&self) -> Result<Vec<i64>, DbError> {
        let mut statement = self.prepare("SELECT id FROM segments ORDER BY name")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The capture that holds a payload, if it was chosen or brought along.
    ///
    /// # Errors
    /// When the database fails.
    pub fn holder(&self, payload: i64) -> Result<Option<Chosen>, DbError> {
        let mut statement = self.prepare(&format!(
            "{CHOSEN} FROM payloads p JOIN captures c ON c.id = p.capture_id
             JOIN temp.chosen x ON x.capture = c.id JOIN urls u ON u.id = c.url_id
             JOIN segments s ON s.id = c.segment_id WHERE p.id = ?1"
        ))?;
        Ok(statement.query_row([payload], chosen).optional()?)
    }

    /// Whether a chosen response at one of these URLs holds a payload.
    ///
    /// # Errors
    /// When the database fails.
    pub fn is_held_at(&self, payload: i64, urls: [&str; 2]) -> Result<bool, DbError> {
        let mut statement = self.prepare(
            "SELECT 1 FROM captures c JOIN temp.chosen x ON x.capture = c.id
             JOIN urls u ON u.id = c.url_id WHERE c.payload_id = ?1 AND c.kind = 'response'
                 AND coalesce(u.spelling, u.url) IN (?2, ?3)",
        )?;
        Ok(statement.exists(params![payload, urls[0], urls[1]])?)
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<rusqlite::CachedStatement<'_>, DbError> {
        Ok(self.connection.prepare_cached(sql)?)
    }

    fn hosts(&self) -> i64 {
        i64::try_from(self.filter.hosts.len()).unwrap_or(i64::MAX)
    }

    /// What the filter says in numbers: since, before, and how many hosts.
    pub(super) fn bounds(&self) -> (Option<i64>, Option<i64>, i64) {
        let Filter { since, before, .. } = &self.filter;
        (since.map(Moment::as_millis), before.map(Moment::as_millis), self.hosts())
    }

    pub(super) fn parameters<'a>(
        &'a self,
        (since, before, hosts): &'a (Option<i64>, Option<i64>, i64),
    ) -> [(&'static str, &'a dyn ToSql); 5] {
        [
            (":since", since),
            (":before", before),
            (":hosts", hosts),
            (":year", &self.filter.year),
            (":division", &self.filter.division),
        ]
    }

    pub(super) fn count(&self, sql: &str) -> Result<u64, DbError> {
        Ok(self.connection.query_row(sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }

    /// Binds those of the parameters that the statement has.
    pub(super) fn bind(&self, sql: &str) -> Result<rusqlite::Statement<'_>, DbError> {
        let mut statement = self.connection.prepare(sql)?;
        let bounds = self.bounds();
        for (name, value) in self.parameters(&bounds) {
            if let Some(index) = statement.parameter_index(name)? {
                statement.raw_bind_parameter(index, value)?;
            }
        }
        Ok(statement)
    }

    fn count_with(&self, sql: &str) -> Result<u64, DbError> {
        let mut statement = self.bind(sql)?;
        let mut rows = statement.raw_query();
        let row = rows.next()?;
        Ok(row.map_or(Ok(0), |row| row.get::<_, i64>(0))?.unsigned_abs())
    }

    fn execute(&self, sql: &str) -> Result<u64, DbError> {
        Ok(self.bind(sql)?.raw_execute()? as u64)
    }

    fn execute_bare(&self, sql: &str) -> Result<u64, DbError> {
        Ok(self.connection.execute(sql, [])? as u64)
    }
}

/// Of each URL the latest page, or "not modified" in its place, one that broke off only where none is whole; where
/// there is none, the latest answer: one that is not the page (`failure` says what it is) hides no page. What nobody holds the payload of comes last: it could
/// not be exported.
const LEAVE_EARLIER: &str = "
    DELETE FROM temp.chosen WHERE capture NOT IN (
        SELECT id FROM (
            SELECT c.id AS id, row_number() OVER (
                PARTITION BY c.url_id
                ORDER BY o.id IS NULL, coalesce(c.status, 0) IN (200, 304) AND c.failure IS NULL DESC,
                    coalesce(c.truncated, 'length') <> 'length', c.at DESC, c.id DESC)
                AS place
            FROM temp.chosen x JOIN captures c ON c.id = x.capture
            LEFT JOIN payloads p ON p.id = c.payload_id LEFT JOIN captures o ON o.id = p.capture_id
            WHERE c.kind IN ('response', 'revisit'))
        WHERE place = 1)";

const BRING_ORIGINALS: &str = "
    INSERT OR IGNORE INTO temp.chosen SELECT p.capture_id, 1 FROM temp.chosen x
    JOIN captures c ON c.id = x.capture JOIN payloads p ON p.id = c.payload_id
    JOIN captures o ON o.id = p.capture_id WHERE c.kind = 'revisit'";

/// What [`chosen`] reads.
const CHOSEN: &str =
    "SELECT c.id, c.url_id, coalesce(u.spelling, u.url), c.at, c.kind, c.status, c.mime,
     c.truncated, c.payload_id, p.digest, c.record_id, s.name, c.offset, c.length,
     coalesce((SELECT min(n.offset) FROM captures n
         WHERE n.segment_id = c.segment_id AND n.offset > c.offset), s.length), x.brought, c.failure";

fn chosen(row: &Row<'_>) -> rusqlite::Result<Chosen> {
    let unsigned = |index| row.get::<_, i64>(index).map(i64::unsigned_abs);
    let payload = match (row.get::<_, Option<i64>>(8)?, row.get::<_, Option<[u8; 32]>>(9)?) {
        (Some(id), Some(digest)) => Some((id, Digest::from_bytes(digest))),
        _ => None,
    };
    Ok(Chosen {
        id: row.get(0)?,
        url_id: row.get(1)?,
        url: row.get(2)?,
        at: Moment::from_millis(row.get(3)?),
        kind: row.get(4)?,
        status: row.get(5)?,
        mime: row.get(6)?,
        truncated: row.get(7)?,
        payload,
        record_id: row.get(10)?,
        place: Place {
            segment: row.get(11)?,
            offset: unsigned(12)?,
            length: unsigned(13)?,
            next: unsigned(14)?,
        },
        brought_along: row.get(15)?,
        not_page: row.get(16)?,
    })
}
