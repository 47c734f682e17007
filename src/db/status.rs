//! The questions that people ask: how things stand, and why a URL stands where it does.

use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use super::reports::{self, HAS_ONE};
use super::{Db, DbError};
use crate::canonical::{CanonicalUrl, HostKey};
use crate::clock::Moment;
use crate::frontier::UrlState;

/// So many runs are told of.
const RUNS_TOLD: u32 = 5;

/// How things stand, on one screen.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// URLs by state and reason, the most first.
    pub urls: Vec<UrlCount>,
    /// Hosts with URLs waiting, the most first.
    pub hosts: Vec<HostStatus>,
    /// How many hosts there are beyond those listed.
    pub more_hosts: u64,
    /// What is kept.
    pub archive: ArchiveStatus,
    /// Reports by year.
    pub reports: Vec<ReportCount>,
    /// The last runs, the latest first.
    pub runs: Vec<RunStatus>,
}

/// So many URLs are in one state for one reason.
#[derive(Debug, Clone, Serialize)]
pub struct UrlCount {
    /// The state.
    pub state: &'static str,
    /// The reason's word; for a status, with the status.
    pub reason: Option<String>,
    /// How many.
    pub count: u64,
}

/// How one host stands.
#[derive(Debug, Clone, Serialize)]
pub struct HostStatus {
    /// Its name.
    pub host: String,
    /// URLs known of it.
    pub known: u64,
    /// URLs in its queue.
    pub waiting: u64,
    /// Requests in flight.
    pub in_flight: u64,
    /// The gap between two requests, in milliseconds.
    pub delay_ms: u64,
    /// Left alone until then.
    pub next_at: Moment,
    /// Why it is left alone for longer than its pace, if it is.
    pub rest_reason: Option<String>,
    /// The address at which it was asked last.
    pub address: Option<String>,
    /// That address is left alone until then.
    pub address_next_at: Option<Moment>,
    /// Failures that are not forgiven.
    pub failures: u32,
    /// URLs that were not taken in (`scope.max_pages_per_host`).
    pub dropped: u64,
}

/// What is kept.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ArchiveStatus {
    /// Captures of every kind.
    pub captures: u64,
    /// Payloads, each stored once.
    pub payloads: u64,
    /// Bytes of these payloads.
    pub payload_bytes: u64,
    /// WARC files.
    pub segments: u64,
    /// Bytes of these files.
    pub segment_bytes: u64,
}

/// So many pages hold reports of one year.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ReportCount {
    /// The year reported on; none where it is not stated.
    pub year: Option<i64>,
    /// How many pages.
    pub count: u64,
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct RunStatus {
    /// When it began.
    pub started_at: Moment,
    /// When it ended; none while it runs, and for one that was killed.
    pub ended_at: Option<Moment>,
    /// How it ended; none while it runs.
    pub ending: Option<String>,
    /// Pages asked for.
    pub pages: u64,
    /// Reports that were new.
    pub reports: u64,
    /// Requests without a response.
    pub failures: u64,
    /// Body bytes that crossed the wire.
    pub bytes: u64,
}

/// All that is known of a URL.
#[derive(Debug, Clone, Serialize)]
pub struct UrlStatus {
    /// Its row.
    pub id: i64,
    /// Its canonical form.
    pub url: String,
    /// The spelling that is fetched.
    pub spelling: String,
    /// Its host.
    pub host: String,
    /// The seed that it was found from.
    pub seed: Option<String>,
    /// The page that it was found on.
    pub via: Option<String>,
    /// Links between the seed and it.
    pub depth: u32,
    /// 0 to 100.
    pub score: u8,
    /// Why it has that score.
    pub score_why: String,
    /// Its state.
    pub state: &'static str,
    /// Why it is in that state.
    pub reason: Option<String>,
    /// When it is due again.
    pub due_at: Option<Moment>,
    /// Requests that failed since the last success.
    pub attempts: u32,
    /// When it was found.
    pub found_at: Moment,
    /// When it was asked for last.
    pub visited_at: Option<Moment>,
    /// So many URLs of its host come before it.
    pub ahead: u64,
}

/// A URL that was found on a page before it was found anywhere else.
#[derive(Debug, Clone, Serialize)]
pub struct FoundLink {
    /// The URL, canonical.
    pub url: String,
    /// 0 to 100.
    pub score: u8,
    /// Why it has that score.
    pub score_why: String,
    /// Where it stands.
    pub state: &'static str,
}

fn unsigned(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(index).map(i64::unsigned_abs)
}

fn state_name(number: u8) -> &'static str {
    UrlState::from_number(number).map_or("unknown", UrlState::as_str)
}

impl Db {
    /// How things stand, with at most `hosts` hosts told of.
    ///
    /// # Errors
    /// When the database fails.
    pub fn status(&self, hosts: usize) -> Result<Status, DbError> {
        let listed = self.host_status(hosts)?;
        let waiting: u64 =
            self.connection.query_row("SELECT count(*) FROM hosts WHERE known > 0", [], |row| {
                unsigned(row, 0)
            })?;
        Ok(Status {
            urls: self.url_counts()?,
            more_hosts: waiting.saturating_sub(listed.len() as u64),
            hosts: listed,
            archive: self.archive_status()?,
            reports: self.report_counts()?,
            runs: self.last_runs()?,
        })
    }

    /// When the first URL can be asked for of the hosts that are asked in this run: it is due, and its host and
    /// its address are left alone no more. `not_before` puts a moment off to when a host may be asked at all, and
    /// never brings it forward.
    ///
    /// # Errors
    /// When the database fails.
    pub fn next_ask(
        &self,
        now: Moment,
        not_before: impl Fn(&HostKey, Moment) -> Moment,
    ) -> Result<Option<Moment>, DbError> {
        let mut next: Option<Moment> = None;
        // By the index of what comes again: it is left where nothing sooner can come.
        for query in [
            "SELECT h.name, h.next_at, coalesce(a.next_at, 0), 0 FROM hosts h
                 LEFT JOIN addresses a ON a.address = h.address WHERE h.waiting > 0 AND h.active > 0",
            "SELECT h.name, h.next_at, coalesce(a.next_at, 0), u.due_at FROM urls u
                 JOIN hosts h ON h.id = u.host_id LEFT JOIN addresses a ON a.address = h.address
                 WHERE u.due_at IS NOT NULL AND h.active > 0 ORDER BY u.due_at",
        ] {
            let mut statement = self.connection.prepare(query)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let due = Moment::from_millis(row.get(3)?);
                if next.is_some_and(|next| next <= due.max(now)) {
                    break;
                }
                let host = HostKey::from(row.get::<_, String>(0)?);
                let left_alone =
                    Moment::from_millis(row.get(1)?).max(Moment::from_millis(row.get(2)?));
                let at = not_before(&host, due.max(left_alone).max(now));
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        }
        Ok(next)
    }

    /// The hosts with a queue that are not asked in this run, and how many URLs wait there.
    ///
    /// # Errors
    /// When the database fails.
    pub fn not_asked(&self) -> Result<Vec<(HostKey, u64)>, DbError> {
        let mut statement = self
            .connection
            .prepare("SELECT name, waiting FROM hosts WHERE waiting > 0 AND active = 0")?;
        let rows = statement.query_map([], |row| {
            Ok((HostKey::from(row.get::<_, String>(0)?), unsigned(row, 1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn url_counts(&self) -> Result<Vec<UrlCount>, DbError> {
        let mut statement = self.connection.prepare(
            "SELECT state, CASE WHEN reason = 'status' THEN 'status ' || substr(detail, 1, 3)
                 ELSE reason END AS why, count(*) AS n
             FROM urls WHERE state <> ?1 GROUP BY state, why ORDER BY state, n DESC",
        )?;
        let rows = statement.query_map([UrlState::Apart as u8], |row| {
            Ok(UrlCount {
                state: state_name(row.get(0)?),
                reason: row.get(1)?,
                count: unsigned(row, 2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn host_status(&self, limit: usize) -> Result<Vec<HostStatus>, DbError> {
        let mut statement = self.connection.prepare(
            "SELECT h.name, h.known, h.waiting, h.in_flight, h.delay_ms, h.next_at, h.rest_reason,
                 h.failures, h.dropped, h.address, a.next_at
             FROM hosts h LEFT JOIN addresses a ON a.address = h.address
             WHERE h.known > 0 ORDER BY h.waiting DESC, h.name LIMIT ?1",
        )?;
        let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            Ok(HostStatus {
                host: row.get(0)?,
                known: unsigned(row, 1)?,
                waiting: unsigned(row, 2)?,
                in_flight: unsigned(row, 3)?,
                delay_ms: unsigned(row, 4)?,
                next_at: Moment::from_millis(row.get(5)?),
                rest_reason: row.get(6)?,
                failures: row.get(7)?,
                dropped: unsigned(row, 8)?,
                address: row.get(9)?,
                address_next_at: row.get::<_, Option<i64>>(10)?.map(Moment::from_millis),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn archive_status(&self) -> Result<ArchiveStatus, DbError> {
        Ok(self.connection.query_row(
            "SELECT (SELECT count(*) FROM captures), (SELECT count(*) FROM payloads),
                 (SELECT coalesce(sum(length), 0) FROM payloads),
                 (SELECT count(*) FROM segments), (SELECT coalesce(sum(length), 0) FROM segments)",
            [],
            |row| {
                Ok(ArchiveStatus {
                    captures: unsigned(row, 0)?,
                    payloads: unsigned(row, 1)?,
                    payload_bytes: unsigned(row, 2)?,
                    segments: unsigned(row, 3)?,
                    segment_bytes: unsigned(row, 4)?,
                })
            },
        )?)
    }

    fn report_counts(&self) -> Result<Vec<ReportCount>, DbError> {
        // Of each page the one that `reports` tells.
        let mut statement = self.connection.prepare(&format!(
            "SELECT year, count(*) FROM ({} WHERE {HAS_ONE}) GROUP BY year ORDER BY year",
            reports::select("1")
        ))?;
        let rows = statement
            .query_map([], |row| Ok(ReportCount { year: row.get(0)?, count: unsigned(row, 1)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn last_runs(&self) -> Result<Vec<RunStatus>, DbError> {
        let mut statement = self.connection.prepare(
            "SELECT started_at, ended_at, ending, pages, reports, failures, bytes
             FROM runs ORDER BY id DESC LIMIT ?1",
        )?;
        let rows = statement.query_map([RUNS_TOLD], |row| {
            Ok(RunStatus {
                started_at: Moment::from_millis(row.get(0)?),
                ended_at: row.get::<_, Option<i64>>(1)?.map(Moment::from_millis),
                ending: row.get(2)?,
                pages: unsigned(row, 3)?,
                reports: unsigned(row, 4)?,
                failures: unsigned(row, 5)?,
                bytes: unsigned(row, 6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The URLs that were found on a page first, the likeliest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn found_on(&self, url_id: i64) -> Result<Vec<FoundLink>, DbError> {
        let mut statement = self.connection.prepare(
            "SELECT url, score, score_why, state FROM urls WHERE via_id = ?1 ORDER BY rank, id",
        )?;
        let rows = statement.query_map([url_id], |row| {
            Ok(FoundLink {
                url: row.get(0)?,
                score: row.get(1)?,
                score_why: row.get(2)?,
                state: state_name(row.get(3)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// All that is known of a URL.
    ///
    /// # Errors
    /// When the database fails.
    pub fn url_status(&self, url: &CanonicalUrl) -> Result<Option<UrlStatus>, DbError> {
        let mut statement = self.connection.prepare(
            "SELECT u.id, u.url, coalesce(u.spelling, u.url), h.name, s.name, via.url, u.depth,
                 u.score, u.score_why, u.state,
                 CASE WHEN coalesce(u.detail, '') = '' THEN u.reason
                      ELSE u.reason || ': ' || u.detail END,
                 u.due_at, u.attempts, u.found_at, u.visited_at,
                 CASE WHEN u.state = 0 THEN (SELECT count(*) FROM urls a WHERE a.host_id = u.host_id
                     AND a.state <= 1 AND a.state = 0 AND (a.rank < u.rank OR (a.rank = u.rank AND a.id < u.id)))
                     ELSE 0 END
             FROM urls u JOIN hosts h ON h.id = u.host_id LEFT JOIN seeds s ON s.id = u.seed_id
             LEFT JOIN urls via ON via.id = u.via_id WHERE u.hash = ?1 AND u.url = ?2",
        )?;
        let moment = |millis: Option<i64>| millis.map(Moment::from_millis);
        Ok(statement
            .query_row(params![url.hash64(), url.as_str()], |row| {
                Ok(UrlStatus {
                    id: row.get(0)?,
                    url: row.get(1)?,
                    spelling: row.get(2)?,
                    host: row.get(3)?,
                    seed: row.get(4)?,
                    via: row.get(5)?,
                    depth: row.get(6)?,
                    score: row.get(7)?,
                    score_why: row.get(8)?,
                    state: state_name(row.get(9)?),
                    reason: row.get(10)?,
                    due_at: moment(row.get(11)?),
                    attempts: row.get(12)?,
                    found_at: Moment::from_millis(row.get(13)?),
                    visited_at: moment(row.get(14)?),
                    ahead: unsigned(row, 15)?,
                })
            })
            .optional()?)
    }

    /// How one host stands.
    ///
    /// # Errors
    /// When the database fails.
    pub fn host(&self, name: &str) -> Result<Option<HostStatus>, DbError> {
        Ok(self.host_status(usize::MAX)?.into_iter().find(|host| host.host == name))
    }
}
