//! The lines of the addresses: at one machine no more requests at once, and no closer together, than at one
//! host, whatever names it has.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::clock::Moment;
use crate::config;
use crate::db::addresses::AddressRow;
use crate::outcome::AddressChange;
use crate::politeness::pace::{self, Pace};

/// Every address that was asked: what the database keeps of them, and what is in flight.
#[derive(Debug, Default)]
pub(super) struct Addresses(HashMap<IpAddr, Line>);

#[derive(Debug, Clone, Copy, Default)]
struct Line {
    next_at: Moment,
    last_response: Option<Duration>,
    in_flight: u32,
}

/// Why an address is not to be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocked {
    /// Until what is in flight there has come in.
    InFlight,
    /// Until then.
    Until(Moment),
}

impl Addresses {
    /// As the database has them.
    pub(super) fn new(rows: Vec<AddressRow>) -> Self {
        let line = |row: AddressRow| {
            let AddressRow { address, next_at, last_response } = row;
            (address, Line { next_at, last_response, in_flight: 0 })
        };
        Self(rows.into_iter().map(line).collect())
    }

    fn line(&self, address: IpAddr) -> Line {
        self.0.get(&address).copied().unwrap_or_default()
    }

    /// Its clock.
    pub(super) fn pace(&self, address: IpAddr, politeness: &config::Politeness) -> Pace {
        let Line { next_at, last_response, .. } = self.line(address);
        Pace { next_at, delay: pace::address_delay(politeness, last_response) }
    }

    /// How long it took to answer last.
    pub(super) fn last_response(&self, address: IpAddr) -> Option<Duration> {
        self.line(address).last_response
    }

    /// Why it is not to be asked before `soon`, if it is not.
    pub(super) fn blocked(
        &self,
        address: IpAddr,
        connections: u32,
        soon: Moment,
    ) -> Option<Blocked> {
        let line = self.line(address);
        if line.in_flight >= connections {
            return Some(Blocked::InFlight);
        }
        (line.next_at > soon).then_some(Blocked::Until(line.next_at))
    }

    /// Takes a place in its line.
    pub(super) fn occupy(&mut self, address: IpAddr, next_at: Moment) {
        let line = self.0.entry(address).or_default();
        line.in_flight += 1;
        line.next_at = line.next_at.max(next_at);
    }

    /// Gives the place back.
    pub(super) fn release(&mut self, address: IpAddr) {
        let line = self.0.entry(address).or_default();
        line.in_flight = line.in_flight.saturating_sub(1);
    }

    /// Moves its clock as the database moves it.
    pub(super) fn moved(&mut self, change: &AddressChange) {
        let line = self.0.entry(change.address).or_default();
        line.next_at = line.next_at.max(change.next_at);
        line.last_response = change.last_response.or(line.last_response);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_one_machine_wait_for_each_other() {
        let address: IpAddr = "192.0.2.7".parse().unwrap();
        let other: IpAddr = "192.0.2.8".parse().unwrap();
        let mut addresses = Addresses::default();
        let now = Moment::from_millis(1_000);
        assert_eq!(addresses.blocked(address, 1, now), None);
        addresses.occupy(address, now);
        assert_eq!(addresses.blocked(address, 1, now), Some(Blocked::InFlight));
        assert_eq!(addresses.blocked(address, 2, now), None);
        assert_eq!(addresses.blocked(other, 1, now), None);
        let next_at = now.after(Duration::from_secs(2));
        addresses.release(address);
        addresses.moved(&AddressChange { address, next_at, last_response: None });
        assert_eq!(addresses.blocked(address, 1, now), Some(Blocked::Until(next_at)));
        assert_eq!(addresses.blocked(address, 1, next_at), None);
    }
}
