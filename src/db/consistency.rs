//! What a verification asks: the captures of a file in the order of their bytes, and the rows that
//! contradict one another.

use rusqlite::{OptionalExtension, Row, params};

use super::{Db, DbError};
use crate::archive::Original;
use crate::clock::Moment;
use crate::digest::Digest;

/// So many faults are told of each kind: past that the index is to be made anew anyhow.
const TOLD: i64 = 1_000;

/// A WARC file as the index knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its row.
    pub id: i64,
    /// Its name when it is sealed.
    pub name: String,
    /// The bytes that were committed.
    pub length: u64,
    /// Their SHA-256, where it is known.
    pub digest: Option<Digest>,
    /// Nothing is added to it any more.
    pub sealed: bool,
}

/// A capture by its place.
#[derive(Debug, Clone)]
pub struct PlacedCapture {
    /// Its row.
    pub id: i64,
    /// The canonical form of its URL; none where its row is gone.
    pub url: Option<String>,
    /// When.
    pub at: Moment,
    /// `response`, `revisit`, `apart`, `failure`.
    pub kind: String,
    /// The status.
    pub status: Option<u16>,
    /// Its payload; none too where the payload's row is gone.
    pub payload: Option<Digest>,
    /// The payload's length in bytes.
    pub payload_length: Option<u64>,
    /// Its record is the one that holds the payload.
    pub holds: bool,
    /// Why the payload is incomplete, if it is.
    pub truncated: Option<String>,
    /// Where its record begins.
    pub offset: u64,
    /// The record's bytes.
    pub length: u64,
    /// The record's identifier.
    pub record_id: Vec<u8>,
}

/// Rows that contradict others.
#[derive(Debug, Clone)]
pub struct Contradiction {
    /// In words.
    pub what: String,
    /// Of which row.
    pub row: String,
}

/// Each a question whose answer should be empty: the row, in words.
const QUESTIONS: [(&str, &str); 13] = [
    (
        "a capture whose URL is unknown",
        "SELECT 'capture ' || c.id FROM captures c LEFT JOIN urls u ON u.id = c.url_id WHERE u.id IS NULL",
    ),
    (
        "a capture in a WARC file that is unknown",
        "SELECT 'capture ' || c.id FROM captures c LEFT JOIN segments s ON s.id = c.segment_id WHERE s.id IS NULL",
    ),
    (
        "a capture of a run that is unknown",
        "SELECT 'capture ' || c.id FROM captures c LEFT JOIN runs r ON r.id = c.run_id WHERE r.id IS NULL",
    ),
    (
        "a capture whose payload is unknown",
        "SELECT 'capture ' || c.id FROM captures c LEFT JOIN payloads p ON p.id = c.payload_id WHERE c.payload_id IS NOT NULL AND p.id IS NULL",
    ),
    (
        "a response without a payload",
        "SELECT 'capture ' || id FROM captures WHERE kind IN ('response', 'revisit') AND payload_id IS NULL",
    ),
    (
        "a payload that no response holds",
        "SELECT 'payload sha256:' || lower(hex(p.digest)) FROM payloads p LEFT JOIN captures c ON c.id = p.capture_id WHERE p.capture_id <> 0 AND (c.id IS NULL OR c.kind <> 'response' OR c.payload_id IS NOT p.id)",
    ),
    (
        "a payload that is lost and not written off",
        "SELECT 'payload sha256:' || lower(hex(digest)) FROM payloads p WHERE capture_id = 0 AND digest NOT IN (SELECT digest FROM losses WHERE digest IS NOT NULL)",
    ),
    (
        "a payload whose address is no SHA-256",
        "SELECT 'payload ' || id FROM payloads WHERE length(digest) <> 32",
    ),
    (
        "a report whose capture is unknown",
        "SELECT 'report ' || r.id FROM reports r LEFT JOIN captures c ON c.id = r.capture_id WHERE c.id IS NULL OR c.url_id <> r.url_id",
    ),
    (
        "a host that miscounts its queue",
        "SELECT 'host ' || h.name FROM hosts h WHERE h.waiting <> (SELECT count(*) FROM urls u WHERE u.host_id = h.id AND u.state <= 1 AND u.state = 0)",
    ),
    (
        "a URL whose host is unknown",
        "SELECT 'URL ' || u.url FROM urls u LEFT JOIN hosts h ON h.id = u.host_id WHERE h.id IS NULL",
    ),
    (
        "a URL whose last payload is unknown",
        "SELECT 'URL ' || u.url FROM urls u LEFT JOIN payloads p ON p.id = u.payload_id WHERE u.payload_id IS NOT NULL AND p.id IS NULL",
    ),
    (
        "a URL whose seed is unknown",
        "SELECT 'URL ' || u.url FROM urls u LEFT JOIN seeds s ON s.id = u.seed_id WHERE u.seed_id IS NOT NULL AND s.id IS NULL",
    ),
];

const SEGMENT: &str = "SELECT id, name, length, digest, sealed FROM segments";

fn segment(row: &Row<'_>) -> rusqlite::Result<Segment> {
    Ok(Segment {
        id: row.get(0)?,
        name: row.get(1)?,
        length: row.get::<_, i64>(2)?.unsigned_abs(),
        digest: row.get::<_, Option<[u8; 32]>>(3)?.map(Digest::from_bytes),
        sealed: row.get(4)?,
    })
}

impl Db {
    /// Holds what is true now for all questions that follow, whatever a crawl writes meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub fn hold_still(&self) -> Result<(), DbError> {
        self.connection.execute_batch("BEGIN")?;
        // The moment that is held is that of the first question.
        Ok(self
            .connection
            .query_row("SELECT count(*) FROM segments", [], |row| row.get::<_, i64>(0).map(drop))?)
    }

    /// Lets go of what [`Db::hold_still`] held.
    ///
    /// # Errors
    /// When the database fails.
    pub fn let_go(&self) -> Result<(), DbError> {
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    /// The WARC files that the index knows, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub fn segments(&self) -> Result<Vec<Segment>, DbError> {
        let mut statement = self.connection.prepare_cached(&format!("{SEGMENT} ORDER BY name"))?;
        let segments = statement.query_map([], segment)?;
        Ok(segments.collect::<Result<_, _>>()?)
    }

    /// A WARC file that the index knows, as it is now.
    ///
    /// # Errors
    /// When the database fails.
    pub fn segment(&self, name: &str) -> Result<Option<Segment>, DbError> {
        let mut statement =
            self.connection.prepare_cached(&format!("{SEGMENT} WHERE name = ?1"))?;
        Ok(statement.query_row([name], segment).optional()?)
    }

    /// The next captures of a file in the order of their bytes (and of their rows, where two claim one
    /// place), after this place and row, at most so many.
    ///
    /// # Errors
    /// When the database fails.
    pub fn captures_in(
        &self,
        segment: i64,
        after: (u64, i64),
        limit: u32,
    ) -> Result<Vec<PlacedCapture>, DbError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT c.id, u.url, c.at, c.kind, c.status, p.digest, c.offset, c.length, c.record_id,
                 p.length, coalesce(p.capture_id = c.id, 0), c.truncated FROM captures c LEFT JOIN urls u ON u.id = c.url_id
             LEFT JOIN payloads p ON p.id = c.payload_id
             WHERE c.segment_id = ?1 AND c.offset >= ?2 AND (c.offset > ?2 OR c.id > ?3)
             ORDER BY c.offset, c.id LIMIT ?4",
        )?;
        let offset = i64::try_from(after.0).unwrap_or(i64::MAX);
        let captures = statement.query_map(params![segment, offset, after.1, limit], |row| {
            Ok(PlacedCapture {
                id: row.get(0)?,
                url: row.get(1)?,
                at: Moment::from_millis(row.get(2)?),
                kind: row.get(3)?,
                status: row.get(4)?,
                payload: row.get::<_, Option<[u8; 32]>>(5)?.map(Digest::from_bytes),
                offset: row.get::<_, i64>(6)?.unsigned_abs(),
                length: row.get::<_, i64>(7)?.unsigned_abs(),
                record_id: row.get(8)?,
                payload_length: row.get::<_, Option<i64>>(9)?.map(i64::unsigned_abs),
                holds: row.get(10)?,
                truncated: row.get(11)?,
            })
        })?;
        Ok(captures.collect::<Result<_, _>>()?)
    }

    /// The capture that holds a payload.
    ///
    /// # Errors
    /// When the database fails.
    pub fn holder(&self, digest: &Digest) -> Result<Option<Original>, DbError> {
        super::captures::original(&self.connection, digest)
    }

    /// Whether a record is known to be gone.
    ///
    /// # Errors
    /// When the database fails.
    pub fn is_lost(&self, record_id: &[u8; 16]) -> Result<bool, DbError> {
        let mut statement =
            self.connection.prepare_cached("SELECT 1 FROM losses WHERE record_id = ?1")?;
        Ok(statement.exists([record_id])?)
    }

    /// How many records are known to be gone.
    ///
    /// # Errors
    /// When the database fails.
    pub fn count_losses(&self) -> Result<u64, DbError> {
        let count = "SELECT count(*) FROM losses";
        Ok(self.connection.query_row(count, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }

    /// Whether SQLite finds its own pages whole; else what is wrong.
    ///
    /// # Errors
    /// When the database cannot even be looked at.
    pub fn broken_page(&self) -> Result<Option<String>, DbError> {
        let check = "PRAGMA integrity_check(1)";
        let said: Option<String> =
            self.connection.query_row(check, [], |row| row.get(0)).optional()?;
        Ok(said.filter(|said| said != "ok"))
    }

    /// Hands each contradiction between rows to `each`; with `thorough` each URL is compared with the hash by
    /// which it is found too.
    ///
    /// # Errors
    /// When the database fails, or `each` does.
    pub fn each_contradiction<E: From<DbError>>(
        &self,
        thorough: bool,
        mut each: impl FnMut(Contradiction) -> Result<(), E>,
    ) -> Result<(), E> {
        for (what, question) in QUESTIONS {
            for row in self.rows_of(question)? {
                each(Contradiction { what: what.to_owned(), row })?;
            }
        }
        if thorough && let Some(url) = self.misfiled_url()? {
            let what = "a URL that is not found by its hash".to_owned();
            each(Contradiction { what, row: format!("URL {url}") })?;
        }
        Ok(())
    }

    /// The first URL whose hash is another's.
    fn misfiled_url(&self) -> Result<Option<String>, DbError> {
        let mut statement = self.connection.prepare("SELECT url, hash FROM urls")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let url: String = row.get(0)?;
            let is_right = super::urls::canonical(&url)
                .is_ok_and(|known| known.as_str() == url && Ok(known.hash64()) == row.get(1));
            if !is_right {
                return Ok(Some(url));
            }
        }
        Ok(None)
    }

    fn rows_of(&self, question: &str) -> Result<Vec<String>, DbError> {
        let mut statement = self.connection.prepare(&format!("{question} LIMIT {TOLD}"))?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
