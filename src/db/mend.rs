//! What a repair writes: rows moved to where their records lie now, taken away with what was lost, and the
//! payloads that this leaves without bytes.

use std::collections::HashMap;

use rusqlite::params;

use super::captures::LOST;
use super::{DbError, Tx};
use crate::archive::{Placed, Recorded};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::exchange::{Ending, Exchange, Truncated};

/// A row of a capture, as far as a repair goes by it.
#[derive(Debug, Clone)]
pub struct CaptureRow {
    /// Its row.
    pub id: i64,
    /// The canonical form of its URL; none where that row is gone.
    pub url: Option<String>,
    /// When.
    pub at: Moment,
    /// `response`, `revisit`, `apart`, `failure`.
    pub kind: String,
    /// Its payload.
    pub payload: Option<Digest>,
    /// The status.
    pub status: Option<u16>,
    /// Why the payload is incomplete, if it is.
    pub truncated: Option<String>,
}

impl CaptureRow {
    /// Whether the status and the truncation are those of the exchange.
    pub fn facts_of(&self, exchange: &Exchange) -> bool {
        let Ending::Answered(response) = &exchange.ending else {
            return self.status.is_none();
        };
        self.status == Some(response.status)
            && self.truncated.as_deref() == response.truncated.map(Truncated::as_str)
    }
}

impl Tx<'_> {
    /// The captures of a file by the identifiers of their records; of two with one identifier the one that
    /// was written first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn captures_by_record(
        &self,
        segment: &str,
    ) -> Result<HashMap<Vec<u8>, Vec<CaptureRow>>, DbError> {
        let mut statement = self.0.prepare(
            "SELECT c.record_id, c.id, u.url, c.at, c.kind, p.digest, c.status, c.truncated FROM captures c
             JOIN segments s ON s.id = c.segment_id LEFT JOIN urls u ON u.id = c.url_id
             LEFT JOIN payloads p ON p.id = c.payload_id WHERE s.name = ?1 ORDER BY c.id",
        )?;
        let mut rows = statement.query([segment])?;
        let mut captures: HashMap<Vec<u8>, Vec<CaptureRow>> = HashMap::new();
        while let Some(row) = rows.next()? {
            captures.entry(row.get(0)?).or_default().push(CaptureRow {
                id: row.get(1)?,
                url: row.get(2)?,
                at: Moment::from_millis(row.get(3)?),
                kind: row.get(4)?,
                payload: row.get::<_, Option<[u8; 32]>>(5)?.map(Digest::from_bytes),
                status: row.get(6)?,
                truncated: row.get(7)?,
            });
        }
        Ok(captures)
    }

    /// Where the records of a file lie, as its rows say: offset and length, in the order of the bytes.
    ///
    /// # Errors
    /// When the database fails.
    pub fn places_in(&self, segment: &str) -> Result<Vec<(u64, u64)>, DbError> {
        let mut statement = self.0.prepare(
            "SELECT c.offset, c.length FROM captures c JOIN segments s ON s.id = c.segment_id
             WHERE s.name = ?1 ORDER BY c.offset",
        )?;
        let unsigned =
            |row: &rusqlite::Row<'_>, index| row.get::<_, i64>(index).map(i64::unsigned_abs);
        let places =
            statement.query_map([segment], |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?)))?;
        Ok(places.collect::<Result<_, _>>()?)
    }

    /// Says where the record of a capture lies now.
    ///
    /// # Errors
    /// When the database fails.
    pub fn place_capture(&self, id: i64, placed: &Placed) -> Result<(), DbError> {
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.0
            .prepare_cached(
                "UPDATE captures SET segment_id = (SELECT id FROM segments WHERE name = ?2),
                     offset = ?3, length = ?4 WHERE id = ?1",
            )?
            .execute(params![id, placed.segment, signed(placed.offset), signed(placed.length)])?;
        Ok(())
    }

    /// The payload of a response is held by its capture, whatever its row said.
    ///
    /// # Errors
    /// When the database fails.
    pub fn hold_payload(&self, id: i64, recorded: &Recorded) -> Result<(), DbError> {
        let Some(digest) = &recorded.payload else {
            return Ok(());
        };
        self.0
            .prepare_cached(
                "UPDATE payloads SET length = CASE WHEN capture_id = ?2 THEN ?3 ELSE length END,
                     capture_id = CASE WHEN EXISTS (SELECT 1 FROM captures c
                         WHERE c.id = payloads.capture_id AND c.kind = 'response'
                             AND c.payload_id = payloads.id) THEN capture_id ELSE ?2 END
                 WHERE digest = ?1",
            )?
            .execute(params![
                digest.as_bytes(),
                id,
                i64::try_from(recorded.payload_length).unwrap_or(i64::MAX)
            ])?;
        Ok(())
    }

    /// Takes a capture away, with the reports that were read out of it. Where its record was lost, and was
    /// not merely never there, that is written down, and its page is asked for again unless a later capture
    /// has it. Returns how many are.
    ///
    /// # Errors
    /// When the database fails.
    pub fn remove_capture(&self, id: i64, lost: Option<&str>, now: Moment) -> Result<u64, DbError> {
        let mut asked = 0;
        if let Some(why) = lost {
            self.0
                .prepare_cached(
                    "INSERT INTO losses (record_id, url, at, kind, digest, why, noticed_at)
                     SELECT c.record_id, coalesce(u.spelling, u.url, ''), c.at, c.kind, p.digest, ?2, ?3
                     FROM captures c LEFT JOIN urls u ON u.id = c.url_id
                     LEFT JOIN payloads p ON p.id = c.payload_id WHERE c.id = ?1
                     ON CONFLICT (record_id) DO NOTHING",
                )?
                .execute(params![id, why, now.as_millis()])?;
            asked = self.ask_again_for(
                "id = (SELECT url_id FROM captures c WHERE c.id = ?1
                AND NOT EXISTS (SELECT 1 FROM captures l WHERE l.url_id = c.url_id
                    AND (l.at > c.at OR l.at = c.at AND l.id > c.id)))",
                id,
            )?;
        }
        self.0.prepare_cached("DELETE FROM reports WHERE capture_id = ?1")?.execute([id])?;
        self.0.prepare_cached("DELETE FROM captures WHERE id = ?1")?.execute([id])?;
        Ok(asked)
    }

    /// Takes away the row of a file that no capture lies in any more.
    ///
    /// # Errors
    /// When the database fails.
    pub fn remove_segment(&self, name: &str) -> Result<(), DbError> {
        self.0.execute("DELETE FROM segments WHERE name = ?1", [name])?;
        Ok(())
    }

    /// Settles what becomes of payloads whose capture was taken away: one that nothing refers to any more
    /// goes; one that revisits refer to stays, and is known to be lost. Pages that stood so are asked for
    /// again; returns how many.
    ///
    /// # Errors
    /// When the database fails.
    pub fn settle_payloads(&self) -> Result<u64, DbError> {
        // Another response may hold it too: an empty one is archived anew each time.
        self.0.execute(
            "UPDATE payloads SET capture_id = coalesce((SELECT min(c.id) FROM captures c
                     WHERE c.payload_id = payloads.id AND c.kind = 'response'), ?1)
             WHERE capture_id = ?1 OR NOT EXISTS (SELECT 1 FROM captures c
                 WHERE c.id = payloads.capture_id AND c.payload_id = payloads.id)",
            [LOST],
        )?;
        let asked = self.ask_again_for_lost()?;
        self.0.execute(
            "DELETE FROM payloads WHERE capture_id = ?1
                 AND NOT EXISTS (SELECT 1 FROM captures WHERE payload_id = payloads.id)",
            [LOST],
        )?;
        Ok(asked)
    }
}
