//! What the robots.txt of each origin said, kept with the hosts: known before anything else is
//! asked, also after a restart.

use rusqlite::{OptionalExtension, params};
use url::Url;

use super::{DbError, Tx};
use crate::clock::Moment;
use crate::exchange::FailureKind;
use crate::outcome::RobotsChange;
use crate::politeness::robots::{InForce, Standing};

/// How the reason begins for which a host rests outside the hours of its seed.
pub const HOURS: &str = "hours";

const SELECT: &str = "SELECT standing, why, robots, location, redirects, fetched_at, expires_at,
     failures FROM origins WHERE origin = ?1";

pub(super) fn find(
    connection: &rusqlite::Connection,
    origin: &str,
) -> Result<Option<InForce>, DbError> {
    let mut statement = connection.prepare_cached(SELECT)?;
    Ok(statement
        .query_row([origin], |row| {
            let location: Option<String> = row.get(3)?;
            Ok(InForce {
                // A word that nobody knows does not say that we may.
                standing: Standing::from_word(&row.get::<_, String>(0)?)
                    .unwrap_or(Standing::Disallow),
                why: row.get(1)?,
                copy: row.get(2)?,
                // What is no URL leads nowhere: the file is asked for anew.
                location: location.and_then(|location| Url::parse(&location).ok()),
                redirects: row.get(4)?,
                fetched_at: Moment::from_millis(row.get(5)?),
                expires_at: Moment::from_millis(row.get(6)?),
                failures: row.get(7)?,
            })
        })
        .optional()?)
}

impl super::Db {
    /// Lets hosts be asked again that rest only because of a configuration that may have changed: an address of
    /// theirs may not be asked, or it is not their hour. Where it has not, nothing is sent.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget_configured(&mut self, now: Moment) -> Result<(), DbError> {
        let refused = format!("{}: %", FailureKind::Forbidden.as_str());
        let tx = self.begin()?;
        tx.0.execute(
            "UPDATE hosts SET next_at = min(next_at, ?1 + delay_ms), rest_reason = NULL
             WHERE rest_reason LIKE 'robots.txt: ' || ?2 OR rest_reason LIKE ?3",
            params![now.as_millis(), refused, format!("{HOURS}: %")],
        )?;
        tx.0.execute(
            "UPDATE origins SET expires_at = min(expires_at, ?1) WHERE standing = ?3 AND why LIKE ?2",
            params![now.as_millis(), refused, Standing::Disallow.as_str()],
        )?;
        tx.commit()
    }

    /// What is known of an origin's robots.txt.
    ///
    /// # Errors
    /// When the database fails.
    pub fn origin(&self, origin: &str) -> Result<Option<InForce>, DbError> {
        find(&self.connection, origin)
    }
}

impl Tx<'_> {
    /// What is known of an origin's robots.txt.
    ///
    /// # Errors
    /// When the database fails.
    pub fn origin(&self, origin: &str) -> Result<Option<InForce>, DbError> {
        find(&self.0, origin)
    }

    /// Whether the host has another origin, one whose robots.txt lets something be asked.
    ///
    /// # Errors
    /// When the database fails.
    pub fn has_other_origin(&self, host_id: i64, origin: &str) -> Result<bool, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT 1 FROM origins WHERE host_id = ?1 AND origin <> ?2
             AND standing IN ('rules', 'allow')",
        )?;
        Ok(statement.exists(params![host_id, origin])?)
    }

    /// The row of the host that an origin is of.
    pub(super) fn host_of_origin(&self, change: &RobotsChange) -> Result<i64, DbError> {
        let of = super::urls::canonical(&change.origin)?;
        self.host_id(&of.host())
    }

    pub(super) fn set_origin(&self, host_id: i64, change: &RobotsChange) -> Result<(), DbError> {
        let RobotsChange { origin, in_force, gap } = change;
        self.0
            .prepare_cached(
                "INSERT INTO origins (origin, host_id, standing, why, robots, location, redirects,
                     fetched_at, expires_at, failures, gap_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT (origin) DO UPDATE SET standing = ?3, why = ?4, robots = ?5,
                     location = ?6, redirects = ?7, fetched_at = ?8, expires_at = ?9, failures = ?10,
                     gap_ms = ?11",
            )?
            .execute(params![
                origin,
                host_id,
                in_force.standing.as_str(),
                in_force.why,
                in_force.copy,
                in_force.location.as_ref().map(Url::as_str),
                in_force.redirects,
                in_force.fetched_at.as_millis(),
                in_force.expires_at.as_millis(),
                in_force.failures,
                gap.map(super::millis),
            ])?;
        Ok(())
    }
}
