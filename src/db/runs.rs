//! One row a run: when, how it ended, what it brought.

use rusqlite::params;

use super::{Db, DbError, Tx};
use crate::clock::Moment;
use crate::frontier::Purpose;
use crate::outcome::Outcome;

/// What a run has brought so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Pages that were asked for, robots.txt not counted.
    pub pages: u64,
    /// Reports that were not known before.
    pub reports: u64,
    /// Requests that brought no response.
    pub failures: u64,
    /// Body bytes that crossed the wire.
    pub bytes: u64,
}

impl Tally {
    /// Counts what a pass brought.
    pub fn add(&mut self, outcome: &Outcome, new_report: bool) {
        self.pages += u64::from(outcome.lease.purpose == Purpose::Page);
        self.reports += u64::from(new_report);
        self.failures += u64::from(outcome.capture.failure.is_some());
        self.bytes += outcome.capture.wire_length;
    }
}

impl Db {
    /// Begins a run; runs that have no end were killed, and are marked so.
    ///
    /// # Errors
    /// When the database fails.
    pub fn start_run(&mut self, software: &str, now: Moment) -> Result<i64, DbError> {
        let tx = self.begin()?;
        tx.0.execute(
            "UPDATE runs SET ending = 'killed' WHERE ended_at IS NULL AND ending IS NULL",
            [],
        )?;
        tx.0.execute(
            "INSERT INTO runs (started_at, software) VALUES (?1, ?2)",
            params![now.as_millis(), software],
        )?;
        let id = tx.0.last_insert_rowid();
        tx.commit()?;
        Ok(id)
    }
}

impl Tx<'_> {
    /// Writes down what a run has brought so far.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_tally(&self, run_id: i64, tally: Tally) -> Result<(), DbError> {
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.0
            .prepare_cached(
                "UPDATE runs SET pages = ?2, reports = ?3, failures = ?4, bytes = ?5 WHERE id = ?1",
            )?
            .execute(params![
                run_id,
                signed(tally.pages),
                signed(tally.reports),
                signed(tally.failures),
                signed(tally.bytes),
            ])?;
        Ok(())
    }

    /// Ends a run.
    ///
    /// # Errors
    /// When the database fails.
    pub fn end_run(&self, run_id: i64, ending: &str, now: Moment) -> Result<(), DbError> {
        self.0.execute(
            "UPDATE runs SET ended_at = ?2, ending = ?3 WHERE id = ?1",
            params![run_id, now.as_millis(), ending],
        )?;
        Ok(())
    }
}
