//! The hosts: one line each, and a clock that a restart remembers.

use std::net::IpAddr;
use std::time::Duration;

use rusqlite::{OptionalExtension, Row, params};

use super::{Db, DbError, Tx, duration, millis};
use crate::canonical::HostKey;
use crate::clock::Moment;
use crate::outcome::{AddressChange, HostChange};
use crate::politeness::backoff::Failures;
use crate::politeness::pace::HostPace;

/// A host whose line is free and whose time has come.
#[derive(Debug, Clone)]
pub struct ReadyHost {
    /// Its row.
    pub id: i64,
    /// Its name.
    pub name: HostKey,
    /// Left alone until then.
    pub next_at: Moment,
    /// What its delay is made of.
    pub pace: HostPace,
    /// Failures that are not forgiven.
    pub failures: Failures,
    /// Connections in a row that broke.
    pub broken: u32,
    /// The address at which it was asked last.
    pub address: Option<IpAddr>,
    /// Places in its line that are taken.
    pub in_flight: u32,
}

/// What the hosts are waiting for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dues {
    /// When the first host is due that is merely kept apart by its pace.
    pub paced: Option<Moment>,
    /// When the first host is due that rests: it asked for peace, or failed.
    pub resting: Option<Moment>,
}

/// How much is to be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// URLs in the queues of the hosts that are asked in this run.
    pub waiting: u64,
    /// How many hosts have a queue.
    pub hosts_waiting: u64,
    /// How many of these rest.
    pub hosts_resting: u64,
}

/// Whether a host is asked in this run, and what delay its seed wants.
pub struct HostPolicy(Box<HostRule>);

type HostRule = dyn Fn(&HostKey) -> (bool, Option<Duration>) + Send;

impl HostPolicy {
    /// This rule.
    pub fn new(rule: impl Fn(&HostKey) -> (bool, Option<Duration>) + Send + 'static) -> Self {
        Self(Box::new(rule))
    }
}

impl std::fmt::Debug for HostPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HostPolicy")
    }
}

pub(super) const READY: &str =
    "id, name, next_at, seed_delay_ms, crawl_delay_ms, last_response_ms, failures,
    failures_since, broken, address, in_flight";

pub(super) fn ready(row: &Row<'_>) -> rusqlite::Result<ReadyHost> {
    let optional = |index| row.get::<_, Option<i64>>(index).map(|ms| ms.map(duration));
    Ok(ReadyHost {
        id: row.get(0)?,
        name: HostKey::from(row.get::<_, String>(1)?),
        next_at: Moment::from_millis(row.get(2)?),
        pace: HostPace {
            seed_delay: optional(3)?,
            crawl_delay: optional(4)?,
            last_response: optional(5)?,
        },
        failures: Failures {
            count: row.get(6)?,
            since: row.get::<_, Option<i64>>(7)?.map(Moment::from_millis),
        },
        broken: row.get(8)?,
        address: row.get::<_, Option<String>>(9)?.and_then(|address| address.parse().ok()),
        in_flight: row.get(10)?,
    })
}

impl Tx<'_> {
    /// The row of a host, made if there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub fn host_id(&self, host: &HostKey) -> Result<i64, DbError> {
        let mut find = self.0.prepare_cached("SELECT id FROM hosts WHERE name = ?1")?;
        if let Some(id) = find.query_row([host.as_str()], |row| row.get(0)).optional()? {
            return Ok(id);
        }
        let (active, delay) = self.1.map_or((true, None), |policy| (policy.0)(host));
        self.0
            .prepare_cached("INSERT INTO hosts (name, active, seed_delay_ms) VALUES (?1, ?2, ?3)")?
            .execute(params![host.as_str(), active, delay.map(millis)])?;
        Ok(self.0.last_insert_rowid())
    }

    /// The first hosts that may be asked by `until` and have a place in their line, those due longest first;
    /// `after` is where to go on, the moment and the row of the last.
    ///
    /// # Errors
    /// When the database fails.
    pub fn ready_hosts(
        &self,
        until: Moment,
        connections: u32,
        after: Option<(Moment, i64)>,
        limit: usize,
    ) -> Result<Vec<ReadyHost>, DbError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {READY} FROM hosts
             WHERE waiting > 0 AND active = 1 AND next_at <= ?1 AND in_flight < ?2
                 AND next_at >= ?4 AND (next_at, id) > (?4, ?5)
             ORDER BY next_at, id LIMIT ?3"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let (at, id) = after.map_or((i64::MIN, 0), |(at, id)| (at.as_millis(), id));
        let hosts =
            statement.query_map(params![until.as_millis(), connections, limit, at, id], ready)?;
        Ok(hosts.collect::<Result<_, _>>()?)
    }

    /// When the first host is due that is not due at `now`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn dues(&self, now: Moment, connections: u32) -> Result<Dues, DbError> {
        let first = |resting: &str| -> Result<Option<Moment>, DbError> {
            let mut statement = self.0.prepare_cached(&format!(
                "SELECT next_at FROM hosts WHERE waiting > 0 AND active = 1 AND in_flight < ?1
                     AND next_at > ?2 AND rest_reason IS {resting} ORDER BY next_at LIMIT 1"
            ))?;
            let found =
                statement.query_row(params![connections, now.as_millis()], |row| row.get(0));
            Ok(found.optional()?.map(Moment::from_millis))
        };
        Ok(Dues { paced: first("NULL")?, resting: first("NOT NULL")? })
    }

    /// Takes a place in the host's line, to ask it at this address, and moves its clock; `taken` URLs leave its
    /// queue with it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn occupy_host(
        &self,
        host_id: i64,
        run_id: i64,
        address: Option<IpAddr>,
        next_at: Moment,
        taken: u32,
    ) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE hosts SET in_flight = in_flight + 1, waiting = waiting - ?5, lease_run = ?2,
                     next_at = ?3, address = coalesce(?4, address)
                 WHERE id = ?1",
            )?
            .execute(params![
                host_id,
                run_id,
                next_at.as_millis(),
                address.map(|address| address.to_string()),
                taken,
            ])?;
        Ok(())
    }

    /// Gives the place back, and moves the clock as the outcome says; never back in time.
    pub(super) fn release_host(&self, host_id: i64, change: &HostChange) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE hosts SET in_flight = in_flight - 1, next_at = max(next_at, ?2),
                     rest_reason = ?3, failures = ?4, failures_since = ?5, broken = ?6, delay_ms = ?7,
                     last_response_ms = coalesce(?8, last_response_ms)
                 WHERE id = ?1",
            )?
            .execute(params![
                host_id,
                change.next_at.as_millis(),
                change.rest_reason,
                change.failures.count,
                change.failures.since.map(Moment::as_millis),
                change.broken,
                millis(change.delay),
                change.last_response.map(millis),
            ])?;
        Ok(())
    }

    /// Keeps to the greatest gap that an origin of the host asks for, from `now` on.
    pub(super) fn keep_gap(&self, host_id: i64, now: Moment) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE hosts SET crawl_delay_ms = gap, delay_ms = max(delay_ms, coalesce(gap, 0)),
                     next_at = max(next_at, ?2 + coalesce(gap, 0))
                 FROM (SELECT max(gap_ms) AS gap FROM origins WHERE host_id = ?1) WHERE id = ?1",
            )?
            .execute(params![host_id, now.as_millis()])?;
        Ok(())
    }

    /// Leaves a host alone until `until`, for a reason.
    ///
    /// # Errors
    /// When the database fails.
    pub fn rest_host(&self, host_id: i64, until: Moment, reason: &str) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE hosts SET next_at = max(next_at, ?2), rest_reason = ?3 WHERE id = ?1",
            )?
            .execute(params![host_id, until.as_millis(), reason])?;
        Ok(())
    }

    /// Adds to the number of a host's waiting URLs.
    pub(super) fn add_waiting(&self, host_id: i64, by: i64) -> Result<(), DbError> {
        self.0
            .prepare_cached("UPDATE hosts SET waiting = waiting + ?2 WHERE id = ?1")?
            .execute(params![host_id, by])?;
        Ok(())
    }
}

impl Db {
    /// How much waits for the hosts that are asked in this run.
    ///
    /// # Errors
    /// When the database fails.
    pub fn backlog(&self) -> Result<Backlog, DbError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(sum(waiting), 0), count(*), count(rest_reason)
             FROM hosts WHERE waiting > 0 AND active = 1",
        )?;
        let unsigned = |value: i64| value.unsigned_abs();
        Ok(statement.query_row([], |row| {
            Ok(Backlog {
                waiting: unsigned(row.get(0)?),
                hosts_waiting: unsigned(row.get(1)?),
                hosts_resting: unsigned(row.get(2)?),
            })
        })?)
    }

    /// Says which hosts are asked in this run, and what delay their seeds want: those that are known,
    /// and those that will be found.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_host_policy(&mut self, policy: HostPolicy) -> Result<(), DbError> {
        let tx = self.begin()?;
        {
            let mut hosts = tx.0.prepare("SELECT id, name FROM hosts")?;
            let known: Vec<(i64, String)> = hosts
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            let mut update =
                tx.0.prepare("UPDATE hosts SET active = ?2, seed_delay_ms = ?3 WHERE id = ?1")?;
            for (id, name) in known {
                let (active, delay) = (policy.0)(&HostKey::from(name));
                update.execute(params![id, active, delay.map(millis)])?;
            }
        }
        tx.commit()?;
        self.policy = Some(policy);
        Ok(())
    }

    /// Takes over what a killed run held: its leases lapse, and every host and address that it may have been
    /// asking is left alone for its delay from now, since nobody knows when it was asked last. Returns how
    /// many URLs were in flight.
    ///
    /// # Errors
    /// When the database fails.
    pub fn take_over(
        &mut self,
        now: Moment,
        delay: impl Fn(&HostPace) -> Duration,
        address_delay: impl Fn(Option<Duration>) -> Duration,
    ) -> Result<u64, DbError> {
        let tx = self.begin()?;
        let lapsed = {
            let mut statement =
                tx.0.prepare(&format!("SELECT {READY} FROM hosts WHERE in_flight > 0"))?;
            let hosts: Vec<ReadyHost> =
                statement.query_map([], ready)?.collect::<Result<_, _>>()?;
            let mut lapsed = 0;
            for host in &hosts {
                let urls = tx.0.execute(
                    "UPDATE urls SET state = 0 WHERE host_id = ?1 AND state <= 1 AND state = 1",
                    [host.id],
                )?;
                lapsed += urls as u64;
                let next_at = host.next_at.max(now.after(delay(&host.pace)));
                if let Some(address) = host.address {
                    let last_response = tx.last_response_of(address)?;
                    let next_at = now.after(address_delay(last_response));
                    tx.move_address(&AddressChange { address, next_at, last_response: None })?;
                }
                tx.0.execute(
                    "UPDATE hosts SET in_flight = 0, waiting = waiting + ?2, next_at = ?3
                     WHERE id = ?1",
                    params![host.id, i64::try_from(urls).unwrap_or(i64::MAX), next_at.as_millis()],
                )?;
            }
            lapsed
        };
        tx.commit()?;
        Ok(lapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::politeness::pace;

    fn db() -> (tempfile::TempDir, Db) {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("gongkai.db")).unwrap();
        (dir, db)
    }

    fn host(name: &str) -> HostKey {
        HostKey::from(name.to_owned())
    }

    #[test]
    fn a_host_that_is_found_while_a_run_goes_on_gets_the_delay_of_its_seed() {
        let (_dir, mut db) = db();
        let policy = |host: &HostKey| (host.as_str() != "b.gov.cn", Some(Duration::from_secs(7)));
        db.set_host_policy(HostPolicy::new(policy)).unwrap();
        let tx = db.begin().unwrap();
        for name in ["a.gov.cn", "b.gov.cn"] {
            let id = tx.host_id(&host(name)).unwrap();
            tx.add_waiting(id, 1).unwrap();
        }
        let ready = tx.ready_hosts(Moment::from_millis(0), 1, None, 9).unwrap();
        assert_eq!(ready.len(), 1, "the other is not asked in this run");
        assert_eq!(ready[0].name, host("a.gov.cn"));
        assert_eq!(ready[0].pace.seed_delay, Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_host_whose_line_a_killed_run_held_rests_a_full_delay() {
        let (_dir, mut db) = db();
        let now = Moment::from_millis(1_000_000);
        let tx = db.begin().unwrap();
        let id = tx.host_id(&host("a.gov.cn")).unwrap();
        tx.occupy_host(id, 1, None, Moment::from_millis(5), 0).unwrap();
        tx.add_waiting(id, 1).unwrap();
        tx.commit().unwrap();
        let politeness = Config::default().politeness;
        db.take_over(now, |pace| pace::delay(&politeness, pace), |_| politeness.delay).unwrap();
        let tx = db.begin().unwrap();
        assert!(tx.ready_hosts(now, 1, None, 9).unwrap().is_empty());
        let later = now.after(politeness.delay);
        assert_eq!(tx.ready_hosts(later, 1, None, 9).unwrap().len(), 1);
        assert_eq!(tx.dues(now, 1).unwrap().paced, Some(later));
    }

    #[test]
    fn a_host_that_asked_for_peace_is_remembered() {
        let (dir, mut db) = db();
        let until = Moment::from_millis(9_000_000);
        let tx = db.begin().unwrap();
        let id = tx.host_id(&host("a.gov.cn")).unwrap();
        tx.add_waiting(id, 1).unwrap();
        tx.rest_host(id, until, "asked for peace").unwrap();
        tx.commit().unwrap();
        drop(db);
        let mut db = Db::open(&dir.path().join("gongkai.db")).unwrap();
        let tx = db.begin().unwrap();
        assert!(tx.ready_hosts(Moment::from_millis(8_999_999), 1, None, 9).unwrap().is_empty());
        assert_eq!(tx.dues(Moment::default(), 1).unwrap().resting, Some(until));
    }
}
