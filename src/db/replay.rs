//! What a rebuild and a repair write that a crawl does not: URLs taken up without a queue, runs that are
//! over, what is lost.

use std::time::Duration;

use rusqlite::{OptionalExtension, params};
use url::Url;

use super::captures::LOST;
use super::hosts::{READY, ReadyHost, ready};
use super::{Db, DbError, Tx, millis};
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
    /// What is sent.
    pub spelling: Url,
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

    /// The file in which a URL has a capture of this record already.
    ///
    /// # Errors
    /// When the database fails.
    pub fn segment_of(
        &self,
        url: &CanonicalUrl,
        at: Moment,
        record_id: &[u8; 16],
    ) -> Result<Option<String>, DbError> {
        let Some(url_id) = self.find_url(url)? else {
            return Ok(None);
        };
        let mut statement = self.0.prepare_cached(
            "SELECT s.name FROM captures c JOIN segments s ON s.id = c.segment_id
             WHERE c.url_id = ?1 AND c.at = ?2 AND c.record_id = ?3",
        )?;
        let found =
            statement.query_row(params![url_id, at.as_millis(), record_id], |row| row.get(0));
        Ok(found.optional()?)
    }

    /// Whether a URL waits because its bytes were lost, and has no capture later than `at`.
    pub(super) fn waits_for_lost(&self, id: i64, at: Moment) -> Result<bool, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT 1 FROM urls u WHERE u.id = ?1 AND u.state = ?2 AND u.reason = 'lost'
                 AND NOT EXISTS (SELECT 1 FROM captures c WHERE c.url_id = u.id AND c.at > ?3)",
        )?;
        Ok(statement.exists(params![id, UrlState::Waiting as u8, at.as_millis()])?)
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

    /// Until when a host rests for more than its pace, if it does.
    ///
    /// # Errors
    /// When the database fails.
    pub fn rests_until(&self, id: i64) -> Result<Option<Moment>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT next_at FROM hosts WHERE id = ?1 AND rest_reason IS NOT NULL",
        )?;
        let until = statement.query_row([id], |row| row.get(0)).optional()?;
        Ok(until.map(Moment::from_millis))
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
            "SELECT id, host_id, url, coalesce(spelling, url) FROM urls
             WHERE id > ?1 AND state = 0 ORDER BY id LIMIT ?2",
        )?;
        let mut rows = statement.query(params![id, limit])?;
        let mut queued = Vec::new();
        while let Some(row) = rows.next()? {
            let url = super::urls::canonical(&row.get::<_, String>(2)?)?;
            let spelling = super::urls::parse(&row.get::<_, String>(3)?)?;
            queued.push(QueuedUrl { id: row.get(0)?, host_id: row.get(1)?, url, spelling });
        }
        Ok(queued)
    }

    /// Writes down that a record is gone; false where that is known.
    ///
    /// # Errors
    /// When the database fails.
    pub fn add_loss(&self, loss: &Loss, now: Moment) -> Result<bool, DbError> {
        let added = self
            .0
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
        Ok(added > 0)
    }

    /// Puts every URL whose last payload is lost back into its host's queue, to be asked for without a
    /// condition: "not modified" would be no answer. Returns how many there are.
    ///
    /// # Errors
    /// When the database fails.
    pub fn ask_again_for_lost(&self) -> Result<u64, DbError> {
        self.ask_again_for("payload_id IN (SELECT id FROM payloads WHERE capture_id = ?1)", LOST)
    }

    /// Puts these URLs back into their hosts' queues, to be asked for without a condition; those that are
    /// left out stay so.
    pub(super) fn ask_again_for(&self, which: &str, value: i64) -> Result<u64, DbError> {
        let mut hosts = self.0.prepare_cached(&format!(
            "UPDATE urls SET state = ?2, due_at = NULL, interval_ms = NULL, attempts = 0,
                 reason = 'lost', detail = 'the bytes that were kept of it'
             WHERE {which} AND state NOT IN (?2, ?3, ?4, ?5) RETURNING host_id"
        ))?;
        let states = [UrlState::Waiting, UrlState::Leased, UrlState::Excluded, UrlState::Apart];
        let [waiting, leased, excluded, apart] = states.map(|state| state as u8);
        let hosts: Vec<i64> = hosts
            .query_map(params![value, waiting, leased, excluded, apart], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for host in &hosts {
            self.add_waiting(*host, 1)?;
        }
        self.0
            .prepare_cached(&format!(
                "UPDATE urls SET payload_id = NULL, etag = NULL, last_modified = NULL WHERE {which}"
            ))?
            .execute([value])?;
        Ok(hosts.len() as u64)
    }

    /// Lets every host, and every address, rest its delay from now, and `least` at least: nobody knows whether it was asked
    /// just before.
    ///
    /// # Errors
    /// When the database fails.
    pub fn rest_all_hosts(&self, now: Moment, least: Duration) -> Result<(), DbError> {
        self.0.execute(
            "UPDATE hosts SET next_at = max(next_at, ?1 + max(delay_ms, ?2))",
            params![now.as_millis(), millis(least)],
        )?;
        self.0.execute(
            "UPDATE addresses SET next_at = max(next_at, ?1 + ?2)",
            params![now.as_millis(), millis(least)],
        )?;
        Ok(())
    }

    /// The first spelling of a URL that was asked for is that by which its records know it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_spelling(&self, id: i64, spelling: &Url) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE urls SET spelling = nullif(?2, url) WHERE id = ?1 AND visited_at IS NULL
                     AND coalesce(spelling, url) <> ?2",
            )?
            .execute(params![id, spelling.as_str()])?;
        Ok(())
    }

    /// Takes a record off the list of what is gone: it is there.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget_loss(&self, record_id: &[u8; 16]) -> Result<(), DbError> {
        self.0.prepare_cached("DELETE FROM losses WHERE record_id = ?1")?.execute([record_id])?;
        Ok(())
    }
}

impl Db {
    /// What is known to be gone.
    ///
    /// # Errors
    /// When the database fails.
    pub fn each_loss<E: From<DbError>>(
        &self,
        mut each: impl FnMut(Loss) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self
            .connection
            .prepare("SELECT record_id, url, at, kind, digest, why FROM losses")
            .map_err(DbError::from)?;
        let mut rows = statement.query([]).map_err(DbError::from)?;
        while let Some(row) = rows.next().map_err(DbError::from)? {
            let loss = || -> rusqlite::Result<Loss> {
                Ok(Loss {
                    record_id: row.get(0)?,
                    url: row.get(1)?,
                    at: row.get::<_, Option<i64>>(2)?.map(Moment::from_millis),
                    kind: row.get(3)?,
                    digest: row.get::<_, Option<[u8; 32]>>(4)?.map(Digest::from_bytes),
                    why: row.get(5)?,
                })
            };
            each(loss().map_err(DbError::from)?)?;
        }
        Ok(())
    }
}
