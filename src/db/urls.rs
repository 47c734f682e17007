//! The URLs: admitted once, leased one at a time, moved by their outcomes.

use rusqlite::{OptionalExtension, params};
use url::Url;

use super::{DbError, Tx, duration, millis};
use crate::archive::Original;
use crate::canonical::CanonicalUrl;
use crate::clock::Moment;
use crate::fetch::Validators;
use crate::frontier::{Found, Reason, UrlState, order};
use crate::outcome::UrlChange;

/// So many URLs become due in one transaction: a transaction stays short.
const DUE_AT_ONCE: u32 = 2_000;

/// The first URL in a host's queue.
#[derive(Debug, Clone)]
pub struct WaitingUrl {
    /// Its row.
    pub id: i64,
    /// What it is known by.
    pub url: CanonicalUrl,
    /// What is fetched.
    pub spelling: Url,
    /// The seed it was found from, by name.
    pub seed: String,
    /// The page it was found on.
    pub via: Option<String>,
    /// Links between the seed and it.
    pub depth: u32,
    /// Redirects between the link and it.
    pub redirects: u32,
    /// 0 to 100.
    pub score: u8,
    /// Requests that failed so far.
    pub attempts: u32,
    /// From the last visit.
    pub validators: Validators,
    /// The rest after the last visit.
    pub interval: Option<std::time::Duration>,
    /// The payload of the last visit, as the archive holds it.
    pub last: Option<Original>,
}

/// The payload of a page, as a visit brought it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    /// Its row.
    pub(super) payload: i64,
    /// It may come whole another time.
    pub(super) broke_off: bool,
}

/// What became of a URL that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitted {
    /// It has a row now.
    New,
    /// It had one, and moved up in its queue.
    Raised,
    /// It had one.
    Known,
    /// Its host has `scope.max_pages_per_host` of them.
    Dropped,
}

pub(super) fn find(
    connection: &rusqlite::Connection,
    url: &CanonicalUrl,
) -> Result<Option<i64>, DbError> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM urls WHERE hash = ?1 AND url = ?2")?;
    Ok(statement.query_row(params![url.hash64(), url.as_str()], |row| row.get(0)).optional()?)
}

impl Tx<'_> {
    /// The row of a seed, made if there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_seed(&self, name: &str, source: &str) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO seeds (name, source) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET source = ?2",
            )?
            .execute([name, source])?;
        Ok(())
    }

    /// Takes in a URL that was found on the page `via`. One that is known moves up, now or when it is
    /// due again, if it is now more likely; one that was left out for its depth or redirects is taken in if it is
    /// now nearer.
    ///
    /// # Errors
    /// When the database fails.
    pub fn admit(
        &self,
        found: &Found,
        via: Option<i64>,
        max_pages: u64,
        now: Moment,
    ) -> Result<Admitted, DbError> {
        let mut find = self.0.prepare_cached(
            "SELECT id, state, score, host_id, reason FROM urls WHERE hash = ?1 AND url = ?2",
        )?;
        let known = find
            .query_row(params![found.url.hash64(), found.url.as_str()], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, u8>(1)?,
                    row.get::<_, u8>(2)?,
                    row.get::<_, i64>(3)?,
                    row.get::<_, Option<String>>(4)?,
                ))
            })
            .optional()?;
        let Some((id, state, score, host_id, reason)) = known else {
            return self.insert_url(found, via, max_pages, now);
        };
        if found.excluded.is_some() {
            return Ok(Admitted::Known);
        }
        let nearer = state == UrlState::Excluded as u8
            && matches!(reason.as_deref(), Some("depth" | "redirects"));
        if nearer {
            self.raise(id, found, true)?;
            self.add_waiting(host_id, 1)?;
            return Ok(Admitted::Raised);
        }
        // Whatever its state: what the frontier knows of a URL must follow from what was captured, and
        // not from when it was asked for.
        if state != UrlState::Apart as u8 && found.score > score {
            self.raise(id, found, false)?;
            return Ok(Admitted::Raised);
        }
        Ok(Admitted::Known)
    }

    fn raise(&self, id: i64, found: &Found, take_in: bool) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE urls SET score = ?2, score_why = ?3, rank = ?4, depth = ?5, redirects = ?6,
                     state = CASE WHEN ?7 THEN 0 ELSE state END,
                     reason = CASE WHEN ?7 THEN NULL ELSE reason END,
                     detail = CASE WHEN ?7 THEN NULL ELSE detail END
                 WHERE id = ?1",
            )?
            .execute(params![
                id,
                found.score,
                found.why,
                order::rank(found.score, found.depth),
                found.depth,
                found.redirects,
                take_in,
            ])?;
        Ok(())
    }

    fn insert_url(
        &self,
        found: &Found,
        via: Option<i64>,
        max_pages: u64,
        now: Moment,
    ) -> Result<Admitted, DbError> {
        let host_id = self.host_id(&found.url.host())?;
        let waiting = i64::from(found.excluded.is_none());
        let taken = self
            .0
            .prepare_cached(
                "UPDATE hosts SET known = known + 1, waiting = waiting + ?3
                 WHERE id = ?1 AND known < ?2",
            )?
            .execute(params![host_id, i64::try_from(max_pages).unwrap_or(i64::MAX), waiting])?;
        if taken == 0 {
            self.0
                .prepare_cached("UPDATE hosts SET dropped = dropped + 1 WHERE id = ?1")?
                .execute([host_id])?;
            return Ok(Admitted::Dropped);
        }
        let state = if waiting == 1 { UrlState::Waiting } else { UrlState::Excluded };
        let spelling = found.spelling.as_str();
        self.0
            .prepare_cached(
                "INSERT INTO urls (hash, url, spelling, host_id, seed_id, via_id, depth, redirects,
                     score, score_why, rank, state, reason, detail, found_at)
                 VALUES (?1, ?2, ?3, ?4, (SELECT id FROM seeds WHERE name = ?5), ?6, ?7, ?8, ?9,
                     ?10, ?11, ?12, ?13, ?14, ?15)",
            )?
            .execute(params![
                found.url.hash64(),
                found.url.as_str(),
                Some(spelling).filter(|spelling| *spelling != found.url.as_str()),
                host_id,
                found.seed,
                via,
                found.depth,
                found.redirects,
                found.score,
                found.why,
                order::rank(found.score, found.depth),
                state as u8,
                found.excluded.as_ref().map(|reason| reason.word),
                found.excluded.as_ref().map(|reason| reason.detail.as_str()),
                now.as_millis(),
            ])?;
        Ok(Admitted::New)
    }

    /// The row of a robots.txt, which stands apart from the frontier.
    ///
    /// # Errors
    /// When the database fails.
    pub fn apart_url(&self, url: &CanonicalUrl, host_id: i64, now: Moment) -> Result<i64, DbError> {
        if let Some(id) = find(&self.0, url)? {
            return Ok(id);
        }
        self.0
            .prepare_cached(
                "INSERT INTO urls (hash, url, host_id, depth, score, score_why, rank, state, found_at)
                 VALUES (?1, ?2, ?3, 0, 0, 'asked for before anything else', 0, ?4, ?5)",
            )?
            .execute(params![
                url.hash64(),
                url.as_str(),
                host_id,
                UrlState::Apart as u8,
                now.as_millis(),
            ])?;
        Ok(self.0.last_insert_rowid())
    }

    /// The first URL in a host's queue.
    ///
    /// # Errors
    /// When the database fails, or a row holds what is no URL.
    pub fn next_url(&self, host_id: i64) -> Result<Option<WaitingUrl>, DbError> {
        // As the index says it.
        let first = "u.host_id = ?1 AND u.state <= 1 AND u.state = 0 ORDER BY u.rank, u.id LIMIT 1";
        self.url_where(first, host_id)
    }

    /// A URL by its row, as if it stood first in its queue.
    ///
    /// # Errors
    /// When the database fails, or the row holds what is no URL.
    pub fn url_by_id(&self, id: i64) -> Result<Option<WaitingUrl>, DbError> {
        self.url_where("u.id = ?1", id)
    }

    fn url_where(&self, condition: &str, value: i64) -> Result<Option<WaitingUrl>, DbError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT u.id, u.url, u.spelling, coalesce(s.name, ''), via.url, u.depth, u.redirects,
                 u.score, u.attempts, u.etag, u.last_modified, u.interval_ms, u.payload_id
             FROM urls u LEFT JOIN seeds s ON s.id = u.seed_id LEFT JOIN urls via ON via.id = u.via_id
             WHERE {condition}"
        ))?;
        let mut rows = statement.query([value])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let canonical = canonical(&row.get::<_, String>(1)?)?;
        let spelling = match row.get::<_, Option<String>>(2)? {
            Some(spelling) => parse(&spelling)?,
            None => canonical.as_url().clone(),
        };
        let payload: Option<i64> = row.get(12)?;
        Ok(Some(WaitingUrl {
            id: row.get(0)?,
            url: canonical,
            spelling,
            seed: row.get(3)?,
            via: row.get(4)?,
            depth: row.get(5)?,
            redirects: row.get(6)?,
            score: row.get(7)?,
            attempts: row.get(8)?,
            validators: Validators { etag: row.get(9)?, last_modified: row.get(10)? },
            interval: row.get::<_, Option<i64>>(11)?.map(duration),
            last: payload.map(|id| self.original_of(id)).transpose()?.flatten(),
        }))
    }

    /// The row of a URL, if it is known.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find_url(&self, url: &CanonicalUrl) -> Result<Option<i64>, DbError> {
        find(&self.0, url)
    }

    /// Takes a URL up, to work on it; [`Tx::occupy_host`] takes it off its host's count.
    ///
    /// # Errors
    /// When the database fails.
    pub fn lease_url(&self, id: i64) -> Result<(), DbError> {
        self.0
            .prepare_cached("UPDATE urls SET state = ?2 WHERE id = ?1")?
            .execute(params![id, UrlState::Leased as u8])?;
        Ok(())
    }

    /// Takes a URL out of its host's queue for good.
    ///
    /// # Errors
    /// When the database fails.
    pub fn exclude_url(&self, id: i64, host_id: i64, reason: &Reason) -> Result<(), DbError> {
        self.0
            .prepare_cached("UPDATE urls SET state = ?2, reason = ?3, detail = ?4 WHERE id = ?1")?
            .execute(params![id, UrlState::Excluded as u8, reason.word, reason.detail])?;
        self.add_waiting(host_id, -1)
    }

    /// Takes a URL out of its host's queue until `until`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn put_off_url(
        &self,
        id: i64,
        host_id: i64,
        until: Moment,
        reason: &Reason,
    ) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE urls SET state = ?2, reason = ?3, detail = ?4, due_at = ?5 WHERE id = ?1",
            )?
            .execute(params![
                id,
                UrlState::Retrying as u8,
                reason.word,
                reason.detail,
                until.as_millis(),
            ])?;
        self.add_waiting(host_id, -1)
    }

    /// Moves a leased URL to where its outcome says. A page that broke off takes the place of none that is there.
    pub(super) fn move_url(
        &self,
        id: i64,
        host_id: i64,
        change: &UrlChange,
        page: Option<Page>,
        now: Moment,
    ) -> Result<(), DbError> {
        let transition = &change.transition;
        self.0
            .prepare_cached(
                "UPDATE urls SET state = ?2, reason = ?3, detail = ?4, due_at = ?5, attempts = ?6,
                     interval_ms = coalesce(?7, interval_ms), etag = ?8, last_modified = ?9,
                     payload_id = CASE WHEN ?12 THEN coalesce(payload_id, ?10) ELSE coalesce(?10, payload_id) END,
                     visited_at = ?11
                 WHERE id = ?1",
            )?
            .execute(params![
                id,
                transition.state as u8,
                transition.reason.as_ref().map(|reason| reason.word),
                transition.reason.as_ref().map(|reason| reason.detail.as_str()),
                transition.again_in.map(|rest| now.after(rest).as_millis()),
                transition.attempts,
                change.interval.map(millis),
                change.validators.etag,
                change.validators.last_modified,
                page.map(|page| page.payload),
                now.as_millis(),
                page.is_some_and(|page| page.broke_off),
            ])?;
        if transition.state == UrlState::Waiting {
            self.add_waiting(host_id, 1)?;
        }
        Ok(())
    }

    /// Says when a URL that stands apart was asked for; it was found when it was asked for first.
    pub(super) fn note_visit(&self, id: i64, at: Moment, now: Moment) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE urls SET found_at = CASE WHEN visited_at IS NULL THEN ?2 ELSE found_at END,
                     visited_at = ?3 WHERE id = ?1",
            )?
            .execute(params![id, at.as_millis(), now.as_millis()])?;
        Ok(())
    }

    /// Puts URLs whose time has come back into their hosts' queues; when the next is due.
    ///
    /// # Errors
    /// When the database fails.
    pub fn promote_due(&self, now: Moment) -> Result<Option<Moment>, DbError> {
        let first = self.first_due()?;
        if first.is_none_or(|first| first > now) {
            return Ok(first);
        }
        let mut statement = self.0.prepare_cached(
            "UPDATE urls SET state = 0, due_at = NULL WHERE id IN
                 (SELECT id FROM urls WHERE due_at <= ?1 LIMIT ?2) RETURNING host_id",
        )?;
        let hosts: Vec<i64> = statement
            .query_map(params![now.as_millis(), DUE_AT_ONCE], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for host in hosts {
            self.add_waiting(host, 1)?;
        }
        self.first_due()
    }

    /// When the first URL is due again.
    ///
    /// # Errors
    /// When the database fails.
    pub fn first_due(&self) -> Result<Option<Moment>, DbError> {
        let mut first =
            self.0.prepare_cached("SELECT min(due_at) FROM urls WHERE due_at IS NOT NULL")?;
        let first: Option<i64> = first.query_row([], |row| row.get(0))?;
        Ok(first.map(Moment::from_millis))
    }

    /// Counts a host's queue anew: asked for when its count and its queue disagree.
    ///
    /// # Errors
    /// When the database fails.
    pub fn recount_waiting(&self, host_id: i64) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE hosts SET waiting =
                     (SELECT count(*) FROM urls WHERE host_id = ?1 AND state <= 1 AND state = 0) WHERE id = ?1",
            )?
            .execute([host_id])?;
        Ok(())
    }
}

pub(super) fn canonical(text: &str) -> Result<CanonicalUrl, DbError> {
    let url = parse(text)?;
    CanonicalUrl::new(&url)
        .map_err(|why| DbError::Corrupt { what: format!("the URL `{text}`: {why}") })
}

pub(super) fn parse(text: &str) -> Result<Url, DbError> {
    Url::parse(text).map_err(|why| DbError::Corrupt { what: format!("the URL `{text}`: {why}") })
}
