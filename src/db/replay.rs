//! What a rebuild and a repair write that a crawl does not: URLs taken up without a queue, runs that are
//! over, what is lost.

use rusqlite::{OptionalExtension, params};

use super::captures::LOST;
use super::hosts::{READY, ReadyHost, ready};
use super::{DbError, Tx};
use crate::archive::Original;
use crate::canonical::CanonicalUrl;
use crate::clock::Moment;
use crate::digest::Digest;
use crate::frontier::UrlState;

/// How a run that is known from the archive alone ended.
const REBUILT: &str = "rebuilt";

/// A record whose bytes are gone.
#[derive(Debug, Clone)]
pub struct Loss {
    /// Its identifier.
    pub record_id: [u8; 16],
    /// The URL that it was captured from.
    pub url: String,
    /// When.
    pub at: Option<Moment>,
    /// `response`, `revisit`, `apart`, `failure`.
    pub kind: String,
    /// Of its payload.
    pub digest: Option<Digest>,
    /// Why it is gone.
    pub why: String,
}

impl Loss {
    /// The record that a revisit refers to, and that nobody has.
    pub fn of_original(original: &Original, why: &str) -> Self {
        Self {
            record_id: original.record_id,
            url: original.url.clone(),
            at: Some(original.at),
            kind: "response".to_owned(),
            digest: Some(original.digest),
            why: why.to_owned(),
        }
    }
}

/// A URL in some host's queue.
#[derive(Debug, Clone)]
pub struct QueuedUrl {
    /// Its row.
    pub id: i64,
    /// Its host's row.
    pub host_id: i64,
    /// What it is known by.
    pub url: CanonicalUrl,
}

impl Tx<'_> {
    /// Takes a URL up as a lease would, wherever it stands.
    ///
    /// # Errors
    /// When the database fails.
    pub fn take_up_url(&self, id: i64) -> Result<(), DbError> {
        let mut waiting =
            self.0.prepare_cached("SELECT host_id FROM urls WHERE id = ?1 AND state = 0")?;
        if let Some(host_id) = waiting.query_row([id], |row| row.get(0)).optional()? {
            self.add_waiting(host_id, -1)?;
        }
        self.0
            .prepare_cached("UPDATE urls SET state = ?2, due_at = NULL WHERE id = ?1")?
            .execute(params![id, UrlState::Leased as u8])?;
        Ok(())
    }

    /// Whether a URL has a capture of this record already, in a file that is known.
    ///
    /// # Errors
    /// When the database fails.
    pub fn knows_record(
        &self,
        url: &CanonicalUrl,
        at: Moment,
        record_id: &[u8; 16],
    ) -> Result<bool, DbError> {
        let Some(url_id) = self.find_url(url)? else {
            return Ok(false);
        };
        let mut statement = self.0.prepare_cached(
            "SELECT 1 FROM captures c JOIN segments s ON s.id = c.segment_id
             WHERE c.url_id = ?1 AND c.at = ?2 AND c.record_id = ?3",
        )?;
        Ok(statement.exists(params![url_id, at.as_millis(), record_id])?)
    }

    /// A host by its row.
    ///
    /// # Errors
    /// When the database fails, or there is no such row.
    pub fn host(&self, id: i64) -> Result<ReadyHost, DbError> {
        let mut statement =
            self.0.prepare_cached(&format!("SELECT {READY} FROM hosts WHERE id = ?1"))?;
        Ok(statement.query_row([id], ready)?)
    }

    /// Writes down a run that is over.
    ///
    /// # Errors
    /// When the database fails.
    pub fn insert_past_run(&self, id: i64, software: &str, began: Moment) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO runs (id, started_at, ended_at, ending, software)
                 VALUES (?1, ?2, ?2, ?3, ?4) ON CONFLICT (id) DO NOTHING",
            )?
            .execute(params![id, began.as_millis(), REBUILT, software])?;
        Ok(())
    }

    /// Says that a run that is over was still at work at `now`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn prolong_past_run(&self, id: i64, now: Moment) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE runs SET ended_at = max(ended_at, ?2) WHERE id = ?1 AND ending = ?3",
            )?
            .execute(params![id, now.as_millis(), REBUILT])?;
        Ok(())
    }

    /// The next URLs in the queues of all hosts, in the order of their rows.
    ///
    /// # Errors
    /// When the database fails, or a row holds what is no URL.
    pub fn queued_after(&self, id: i64, limit: u32) -> Result<Vec<QueuedUrl>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, host_id, url FROM urls WHERE id > ?1 AND state = 0 ORDER BY id LIMIT ?2",
        )?;
        let mut rows = statement.query(params![id, limit])?;
        let mut queued = Vec::new();
        while let Some(row) = rows.next()? {
            let url = super::urls::canonical(&row.get::<_, String>(2)?)?;
            queued.push(QueuedUrl { id: row.get(0)?, host_id: row.get(1)?, url });
        }
        Ok(queued)
    }

    /// Writes down that a record is gone.
    ///
    /// # Errors
    /// When the database fails.
    pub fn add_loss(&self, loss: &Loss, now: Moment) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO losses (record_id, url, at, kind, digest, why, noticed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (record_id) DO NOTHING",
            )?
            .execute(params![
                loss.record_id,
                loss.url,
                loss.at.map(Moment::as_millis),
                loss.kind,
                loss.digest.as_ref().map(Digest::as_bytes),
                loss.why,
                now.as_millis(),
            ])?;
        Ok(())
    }

    /// Puts every URL whose last payload is lost back into its host's queue, to be asked for without a
    /// condition: "not modified" would be no answer. Returns how many there are.
    ///
    /// # Errors
    /// When the database fails.
    pub fn ask_again_for_lost(&self) -> Result<u64, DbError> {
        let lost = "payload_id IN (SELECT id FROM payloads WHERE capture_id = ?1)";
        let asked = self.0.execute(
            &format!(
                "UPDATE urls SET state = ?2, due_at = NULL, interval_ms = NULL, reason = 'lost',
                     detail = 'the bytes that were kept of it' WHERE {lost} AND state IN (?3, ?4, ?5)"
            ),
            params![
                LOST,
                UrlState::Waiting as u8,
                UrlState::Fetched as u8,
                UrlState::Unchanged as u8,
                UrlState::Retrying as u8,
            ],
        )?;
        self.0.execute(
            &format!(
                "UPDATE urls SET payload_id = NULL, etag = NULL, last_modified = NULL WHERE {lost}"
            ),
            [LOST],
        )?;
        if asked > 0 {
            self.0.execute(
                "UPDATE hosts SET waiting =
                     (SELECT count(*) FROM urls WHERE host_id = hosts.id AND state = 0)",
                [],
            )?;
        }
        Ok(asked as u64)
    }

    /// Lets every host rest its delay from now: nobody knows whether it was asked just before.
    ///
    /// # Errors
    /// When the database fails.
    pub fn rest_all_hosts(&self, now: Moment) -> Result<(), DbError> {
        self.0
            .execute("UPDATE hosts SET next_at = max(next_at, ?1 + delay_ms)", [now.as_millis()])?;
        Ok(())
    }
}
