//! What the robots.txt of each origin said, kept with the hosts: known before anything else is
//! asked, also after a restart.

use rusqlite::{OptionalExtension, params};

use super::{DbError, Tx};
use crate::clock::Moment;
use crate::outcome::RobotsChange;

/// The robots.txt in force for an origin.
#[derive(Debug, Clone)]
pub struct OriginRow {
    /// `rules`, `allow`, `disallow`, `redirect`.
    pub standing: String,
    /// In words.
    pub why: String,
    /// The file, where it holds rules.
    pub robots: Option<Vec<u8>>,
    /// Where to ask next.
    pub location: Option<String>,
    /// Redirects followed so far.
    pub redirects: u32,
    /// When it was fetched.
    pub fetched_at: Moment,
    /// To be asked again after this.
    pub expires_at: Moment,
    /// Failures in a row.
    pub failures: u32,
}

const SELECT: &str = "SELECT standing, why, robots, location, redirects, fetched_at, expires_at,
     failures FROM origins WHERE origin = ?1";

pub(super) fn find(
    connection: &rusqlite::Connection,
    origin: &str,
) -> Result<Option<OriginRow>, DbError> {
    let mut statement = connection.prepare_cached(SELECT)?;
    Ok(statement
        .query_row([origin], |row| {
            Ok(OriginRow {
                standing: row.get(0)?,
                why: row.get(1)?,
                robots: row.get(2)?,
                location: row.get(3)?,
                redirects: row.get(4)?,
                fetched_at: Moment::from_millis(row.get(5)?),
                expires_at: Moment::from_millis(row.get(6)?),
                failures: row.get(7)?,
            })
        })
        .optional()?)
}

impl super::Db {
    /// What is known of an origin's robots.txt.
    ///
    /// # Errors
    /// When the database fails.
    pub fn origin(&self, origin: &str) -> Result<Option<OriginRow>, DbError> {
        find(&self.connection, origin)
    }
}

impl Tx<'_> {
    /// What is known of an origin's robots.txt.
    ///
    /// # Errors
    /// When the database fails.
    pub fn origin(&self, origin: &str) -> Result<Option<OriginRow>, DbError> {
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

    pub(super) fn set_origin(
        &self,
        host_id: i64,
        at: Moment,
        change: &RobotsChange,
    ) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO origins (origin, host_id, standing, why, robots, location, redirects,
                     fetched_at, expires_at, failures)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (origin) DO UPDATE SET standing = ?3, why = ?4, robots = ?5,
                     location = ?6, redirects = ?7, fetched_at = ?8, expires_at = ?9, failures = ?10",
            )?
            .execute(params![
                change.origin,
                host_id,
                change.standing,
                change.why,
                change.robots,
                change.location,
                change.redirects,
                at.as_millis(),
                change.expires_at.as_millis(),
                change.failures,
            ])?;
        Ok(())
    }
}
