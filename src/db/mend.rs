//! What a repair writes: rows moved to where their records lie now, taken away with what was lost, and the
//! payloads that this leaves without bytes.

use std::collections::HashMap;

use rusqlite::params;

use super::captures::LOST;
use super::{DbError, Tx};
use crate::archive::{Placed, Recorded};
use crate::clock::Moment;
use crate::digest::Digest;

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
            "SELECT c.record_id, c.id, u.url, c.at, c.kind, p.digest FROM captures c
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
            });
        }
        Ok(captures)
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
                "UPDATE payloads SET capture_id = ?2 WHERE digest = ?1 AND NOT EXISTS
                     (SELECT 1 FROM captures WHERE id = payloads.capture_id AND kind = 'response')",
            )?
            .execute(params![digest.as_bytes(), id])?;
        Ok(())
    }

    /// Takes a capture away, with the reports that were read out of it; where its record was lost, and was
    /// not merely never there, that is written down.
    ///
    /// # Errors
    /// When the database fails.
    pub fn remove_capture(&self, id: i64, lost: Option<&str>, now: Moment) -> Result<(), DbError> {
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
        }
        self.0.prepare_cached("DELETE FROM reports WHERE capture_id = ?1")?.execute([id])?;
        self.0.prepare_cached("DELETE FROM captures WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Takes away the row of a file that no capture lies in any more.
    ///
    /// # Errors
    /// When the database fails.
    pub fn remove_segment(&self, name: &str) -> Result<(), DbError> {
        self.0.execute("DELETE FROM segments WHERE name = ?1", [name])?;
        Ok(())
    }

    /// Whether the index has a row for a file.
    ///
    /// # Errors
    /// When the database fails.
    pub fn has_segment(&self, name: &str) -> Result<bool, DbError> {
        let mut statement = self.0.prepare_cached("SELECT 1 FROM segments WHERE name = ?1")?;
        Ok(statement.exists([name])?)
    }

    /// Settles what becomes of payloads whose capture was taken away: one that nothing refers to any more
    /// goes; one that revisits refer to stays, and is known to be lost. Pages that stood so are asked for
    /// again; returns how many.
    ///
    /// # Errors
    /// When the database fails.
    pub fn settle_payloads(&self) -> Result<u64, DbError> {
        self.0.execute(
            "UPDATE payloads SET capture_id = ?1 WHERE capture_id <> ?1
                 AND NOT EXISTS (SELECT 1 FROM captures WHERE id = payloads.capture_id)",
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
