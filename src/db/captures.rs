//! The catalogue: which record of which WARC file holds what.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Db, DbError, Tx, millis};
use crate::archive::{CaptureKind, Original, Placed, Recorded, SegmentState};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::exchange::Truncated;
use crate::outcome::Outcome;

/// A capture, as the catalogue knows it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Capture {
    /// Its row.
    pub id: i64,
    /// The URL that was asked for, as spelled.
    pub url: String,
    /// When.
    pub at: Moment,
    /// `response`, `revisit`, `apart`, `failure`.
    pub kind: String,
    /// The status; none where no response head arrived.
    pub status: Option<u16>,
    /// The media type that the server named.
    pub mime: Option<String>,
    /// The payload's address, `sha256:…`.
    pub payload: Option<String>,
    /// The payload's length in bytes.
    pub length: Option<u64>,
    /// The WARC file that holds its record.
    pub segment: String,
    /// Where in it.
    pub offset: u64,
    /// How many bytes there.
    pub record_length: u64,
    /// How long the exchange took, in milliseconds.
    pub elapsed_ms: u64,
    /// Why the payload is incomplete, if it is.
    pub truncated: Option<String>,
    /// Why there was no response, or why the response is not the page.
    pub failure: Option<String>,
}

/// Where the bytes of a payload lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The WARC file.
    pub segment: String,
    /// Where its record begins.
    pub offset: u64,
    /// The record's bytes in the file.
    pub length: u64,
    /// What the payload must hash to.
    pub digest: Digest,
}

/// Stands for the capture that holds a payload whose bytes are lost.
pub(super) const LOST: i64 = 0;

/// Whether what a capture `c` holds broke off: [`Truncated::broke_off`].
pub(super) const BROKE_OFF: &str = "coalesce(c.truncated, 'length') <> 'length'";

const SELECT: &str = "SELECT c.id, coalesce(u.spelling, u.url), c.at, c.kind, c.status, c.mime,
     p.digest, p.length, s.name, c.offset, c.length, c.elapsed_ms, c.truncated, c.failure
     FROM captures c JOIN urls u ON u.id = c.url_id JOIN segments s ON s.id = c.segment_id
     LEFT JOIN payloads p ON p.id = c.payload_id";

impl Capture {
    /// Whether what it holds broke off: another capture may hold it whole.
    pub fn broke_off(&self) -> bool {
        let why = self.truncated.as_deref().and_then(Truncated::from_word);
        why.is_some_and(Truncated::broke_off)
    }
}

fn capture(row: &Row<'_>) -> rusqlite::Result<Capture> {
    let unsigned = |index| row.get::<_, i64>(index).map(i64::unsigned_abs);
    Ok(Capture {
        id: row.get(0)?,
        url: row.get(1)?,
        at: Moment::from_millis(row.get(2)?),
        kind: row.get(3)?,
        status: row.get(4)?,
        mime: row.get(5)?,
        payload: row
            .get::<_, Option<[u8; 32]>>(6)?
            .map(|bytes| Digest::from_bytes(bytes).to_string()),
        length: row.get::<_, Option<i64>>(7)?.map(i64::unsigned_abs),
        segment: row.get(8)?,
        offset: unsigned(9)?,
        record_length: unsigned(10)?,
        elapsed_ms: unsigned(11)?,
        truncated: row.get(12)?,
        failure: row.get(13)?,
    })
}

const ORIGINAL: &str = "SELECT coalesce(u.spelling, u.url), c.at, c.record_id, p.digest
     FROM payloads p JOIN captures c ON c.id = p.capture_id AND c.payload_id = p.id
         AND c.kind = 'response' JOIN urls u ON u.id = c.url_id";

fn read_original(row: &Row<'_>) -> rusqlite::Result<Original> {
    Ok(Original {
        url: row.get(0)?,
        at: Moment::from_millis(row.get(1)?),
        record_id: row.get(2)?,
        digest: Digest::from_bytes(row.get(3)?),
    })
}

/// The capture that holds a payload.
pub(super) fn original(
    connection: &Connection,
    digest: &Digest,
) -> Result<Option<Original>, DbError> {
    let mut statement = connection.prepare_cached(&format!("{ORIGINAL} WHERE p.digest = ?1"))?;
    Ok(statement.query_row([digest.as_bytes()], read_original).optional()?)
}

fn stored(connection: &Connection, digest: &Digest) -> Result<Option<Stored>, DbError> {
    let mut statement = connection.prepare_cached(
        "SELECT s.name, c.offset, c.length FROM payloads p
         JOIN captures c ON c.id = p.capture_id AND c.payload_id = p.id JOIN segments s ON s.id = c.segment_id
         WHERE p.digest = ?1",
    )?;
    Ok(statement
        .query_row([digest.as_bytes()], |row| {
            Ok(Stored {
                segment: row.get(0)?,
                offset: row.get::<_, i64>(1)?.unsigned_abs(),
                length: row.get::<_, i64>(2)?.unsigned_abs(),
                digest: *digest,
            })
        })
        .optional()?)
}

impl Db {
    /// The captures of a URL, the latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn captures_of_url(&self, url_id: i64) -> Result<Vec<Capture>, DbError> {
        self.captures_where("c.url_id = ?1 ORDER BY c.at DESC, c.id DESC", url_id)
    }

    /// The captures of a payload, the latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn captures_of_payload(&self, digest: &Digest) -> Result<Vec<Capture>, DbError> {
        let condition = "p.digest = ?1 ORDER BY c.at DESC, c.id DESC";
        self.captures_where(condition, digest.as_bytes())
    }

    /// The capture with this number.
    ///
    /// # Errors
    /// When the database fails.
    pub fn capture(&self, id: i64) -> Result<Option<Capture>, DbError> {
        Ok(self.captures_where("c.id = ?1", id)?.pop())
    }

    fn captures_where(
        &self,
        condition: &str,
        value: impl rusqlite::ToSql,
    ) -> Result<Vec<Capture>, DbError> {
        let mut statement =
            self.connection.prepare_cached(&format!("{SELECT} WHERE {condition}"))?;
        Ok(statement.query_map([value], capture)?.collect::<Result<_, _>>()?)
    }

    /// Where the bytes of a payload lie.
    ///
    /// # Errors
    /// When the database fails.
    pub fn stored(&self, digest: &Digest) -> Result<Option<Stored>, DbError> {
        stored(&self.connection, digest)
    }

    /// The committed length of a WARC file, in bytes; none where the index knows none of it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn segment_length(&self, name: &str) -> Result<Option<u64>, DbError> {
        let mut statement =
            self.connection.prepare_cached("SELECT length FROM segments WHERE name = ?1")?;
        let length = statement.query_row([name], |row| row.get::<_, i64>(0)).optional()?;
        Ok(length.map(i64::unsigned_abs))
    }
}

impl Tx<'_> {
    /// Where the bytes of a payload lie.
    ///
    /// # Errors
    /// When the database fails.
    pub fn stored(&self, digest: &Digest) -> Result<Option<Stored>, DbError> {
        stored(&self.0, digest)
    }

    /// The capture that holds this payload, with the payload's row.
    ///
    /// # Errors
    /// When the database fails.
    pub fn original(&self, digest: &Digest) -> Result<Option<(i64, Original)>, DbError> {
        let mut find = self.0.prepare_cached("SELECT id FROM payloads WHERE digest = ?1")?;
        let id = find.query_row([digest.as_bytes()], |row| row.get::<_, i64>(0)).optional()?;
        let Some(id) = id else { return Ok(None) };
        Ok(self.original_of(id)?.map(|original| (id, original)))
    }

    pub(super) fn original_of(&self, payload: i64) -> Result<Option<Original>, DbError> {
        let mut statement = self.0.prepare_cached(&format!("{ORIGINAL} WHERE p.id = ?1"))?;
        Ok(statement.query_row([payload], read_original).optional()?)
    }

    /// Says how long a WARC file is now.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_segment(&self, segment: &SegmentState) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO segments (name, length, sealed, digest) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (name) DO UPDATE SET length = ?2, sealed = ?3,
                     digest = coalesce(?4, digest)",
            )?
            .execute(params![
                segment.name,
                i64::try_from(segment.length).unwrap_or(i64::MAX),
                segment.sealed,
                segment.digest.as_ref().map(Digest::as_bytes),
            ])?;
        Ok(())
    }

    /// Says that no WARC file is open: whoever wrote one is gone, and what it left was sealed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn seal_all_segments(&self) -> Result<(), DbError> {
        self.0.execute("UPDATE segments SET sealed = 1 WHERE sealed = 0", [])?;
        Ok(())
    }

    /// Adds the row of a capture, and that of its payload where it is the first to bring it.
    /// Returns both.
    pub(super) fn insert_capture(
        &self,
        outcome: &Outcome,
        recorded: &Recorded,
        placed: &Placed,
        run_id: i64,
    ) -> Result<(i64, Option<i64>), DbError> {
        let facts = &outcome.capture;
        let known = match &recorded.payload {
            Some(digest) => self.original(digest)?.map(|(id, _)| id),
            None => None,
        };
        self.0
            .prepare_cached(
                "INSERT INTO captures (url_id, run_id, at, kind, status, mime, payload_id,
                     segment_id, offset, length, record_id, elapsed_ms, address, truncated, failure)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT id FROM segments WHERE name = ?8),
                     ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?
            .execute(params![
                outcome.lease.url_id,
                run_id,
                facts.at.as_millis(),
                recorded.kind.as_str(),
                facts.status,
                facts.mime,
                known,
                placed.segment,
                i64::try_from(placed.offset).unwrap_or(i64::MAX),
                i64::try_from(placed.length).unwrap_or(i64::MAX),
                recorded.record_id,
                millis(facts.elapsed),
                facts.address,
                facts.truncated,
                facts.failure.as_ref().or(facts.not_page.as_ref()),
            ])?;
        let capture = self.0.last_insert_rowid();
        let (Some(digest), None) = (&recorded.payload, known) else {
            return Ok((capture, known));
        };
        // A revisit never holds the bytes: where it refers to none that are known, they are lost.
        let holder = if recorded.kind == CaptureKind::Revisit { LOST } else { capture };
        let payload: i64 = self
            .0
            .prepare_cached(
                // Bytes that were lost may be captured anew.
                "INSERT INTO payloads (digest, length, capture_id) VALUES (?1, ?2, ?3)
                 ON CONFLICT (digest) DO UPDATE SET length = max(length, ?2), capture_id = ?3
                 RETURNING id",
            )?
            .query_row(
                params![
                    digest.as_bytes(),
                    i64::try_from(recorded.payload_length).unwrap_or(i64::MAX),
                    holder,
                ],
                |row| row.get(0),
            )?;
        self.0
            .prepare_cached("UPDATE captures SET payload_id = ?2 WHERE id = ?1")?
            .execute([capture, payload])?;
        Ok((capture, Some(payload)))
    }
}
