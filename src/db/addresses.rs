//! The addresses: one line each, whatever names a machine has, and a clock that a restart remembers.

use std::net::IpAddr;
use std::time::Duration;

use rusqlite::{OptionalExtension, params};

use super::{Db, DbError, Tx, duration, millis};
use crate::clock::Moment;
use crate::outcome::AddressChange;

/// The clock of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRow {
    /// The address.
    pub address: IpAddr,
    /// Left alone until then.
    pub next_at: Moment,
    /// How long it took to answer last.
    pub last_response: Option<Duration>,
}

impl Tx<'_> {
    /// How long an address took to answer last.
    ///
    /// # Errors
    /// When the database fails.
    pub fn last_response_of(&self, address: IpAddr) -> Result<Option<Duration>, DbError> {
        let mut statement =
            self.0.prepare_cached("SELECT last_response_ms FROM addresses WHERE address = ?1")?;
        let found = statement.query_row([address.to_string()], |row| row.get(0)).optional()?;
        Ok(found.flatten().map(duration))
    }

    /// Moves the clock of an address; never back in time.
    pub(super) fn move_address(&self, change: &AddressChange) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO addresses (address, next_at, last_response_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (address) DO UPDATE SET next_at = max(next_at, ?2),
                     last_response_ms = coalesce(?3, last_response_ms)",
            )?
            .execute(params![
                change.address.to_string(),
                change.next_at.as_millis(),
                change.last_response.map(millis),
            ])?;
        Ok(())
    }
}

impl Db {
    /// The clocks of all addresses that were ever asked.
    ///
    /// # Errors
    /// When the database fails.
    pub fn addresses(&self) -> Result<Vec<AddressRow>, DbError> {
        let mut statement =
            self.connection.prepare("SELECT address, next_at, last_response_ms FROM addresses")?;
        let rows = statement.query_map([], |row| {
            let address: String = row.get(0)?;
            let last_response: Option<i64> = row.get(2)?;
            Ok((address, Moment::from_millis(row.get(1)?), last_response.map(duration)))
        })?;
        rows.map(|row| {
            let (text, next_at, last_response) = row?;
            let address = text
                .parse()
                .map_err(|_| DbError::Corrupt { what: format!("the address `{text}`") })?;
            Ok(AddressRow { address, next_at, last_response })
        })
        .collect()
    }
}
