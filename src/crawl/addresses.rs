//! The lines of the addresses: at one machine no more requests at once, and no closer together, than at one
//! host, whatever names it has.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use crate::clock::Moment;
use crate::config;
use crate::db::addresses::AddressRow;
use crate::outcome::AddressChange;
use crate::politeness::pace::{self, Pace};

/// Every address that was asked: what the database keeps of them, what is in flight, and who waits.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    lines: HashMap<IpAddr, Line>,
    /// Hosts that were due but for their address: since when, and their rows. Where many share a machine, these are
    /// nearly all of them, and none is looked at before its address can be asked.
    behind: HashMap<IpAddr, BTreeSet<(Moment, i64)>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Line {
    next_at: Moment,
    last_response: Option<Duration>,
    in_flight: u32,
}

impl Addresses {
    /// As the database has them.
    pub(super) fn new(rows: Vec<AddressRow>) -> Self {
        let line = |row: AddressRow| {
            let AddressRow { address, next_at, last_response } = row;
            (address, Line { next_at, last_response, in_flight: 0 })
        };
        Self { lines: rows.into_iter().map(line).collect(), behind: HashMap::new() }
    }

    fn line(&self, address: IpAddr) -> Line {
        self.lines.get(&address).copied().unwrap_or_default()
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

    /// Whether its line is taken, or its time has not come by `soon`.
    pub(super) fn is_blocked(&self, address: IpAddr, connections: u32, soon: Moment) -> bool {
        let line = self.line(address);
        line.in_flight >= connections || line.next_at > soon
    }

    /// A host waits for it.
    pub(super) fn wait_behind(&mut self, address: IpAddr, host: (Moment, i64)) {
        self.behind.entry(address).or_default().insert(host);
    }

    /// Of each address that may be asked before `soon`, the hosts that have waited longest, as many as it has places:
    /// they wait no more.
    pub(super) fn call(&mut self, connections: u32, soon: Moment) -> Vec<i64> {
        let mut called = Vec::new();
        let lines = &self.lines;
        self.behind.retain(|address, hosts| {
            let line = lines.get(address).copied().unwrap_or_default();
            let places = if line.next_at > soon { 0 } else { connections };
            for _ in line.in_flight..places {
                called.extend(hosts.pop_first().map(|(_, host)| host));
            }
            !hosts.is_empty()
        });
        called
    }

    /// When the first address may be asked that hosts wait for and that is not being asked.
    pub(super) fn first_due(&self, connections: u32) -> Option<Moment> {
        let lines = self.behind.keys().map(|address| self.line(*address));
        lines.filter(|line| line.in_flight < connections).map(|line| line.next_at).min()
    }

    /// Takes a place in its line.
    pub(super) fn occupy(&mut self, address: IpAddr, next_at: Moment) {
        let line = self.lines.entry(address).or_default();
        line.in_flight += 1;
        line.next_at = line.next_at.max(next_at);
    }

    /// Gives the place back.
    pub(super) fn release(&mut self, address: IpAddr) {
        let line = self.lines.entry(address).or_default();
        line.in_flight = line.in_flight.saturating_sub(1);
    }

    /// Moves its clock as the database moves it.
    pub(super) fn moved(&mut self, change: &AddressChange) {
        let line = self.lines.entry(change.address).or_default();
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
        assert!(!addresses.is_blocked(address, 1, now));
        addresses.occupy(address, now);
        assert!(addresses.is_blocked(address, 1, now));
        assert!(!addresses.is_blocked(address, 2, now));
        assert!(!addresses.is_blocked(other, 1, now));
        let next_at = now.after(Duration::from_secs(2));
        addresses.release(address);
        addresses.moved(&AddressChange { address, next_at, last_response: None });
        assert!(addresses.is_blocked(address, 1, now));
        assert!(!addresses.is_blocked(address, 1, next_at));
    }

    #[test]
    fn who_has_waited_longest_is_called_first_and_nobody_before_the_machine_may_be_asked() {
        let address: IpAddr = "192.0.2.7".parse().unwrap();
        let mut addresses = Addresses::default();
        let at = Moment::from_millis;
        addresses.occupy(address, at(2_000));
        for (since, host) in [(30, 3), (10, 1), (20, 2)] {
            addresses.wait_behind(address, (at(since), host));
        }
        assert_eq!(addresses.call(1, at(2_000)), [0; 0], "it is being asked");
        assert_eq!(addresses.first_due(1), None, "what is in flight there wakes who waits");
        addresses.release(address);
        assert_eq!(addresses.first_due(1), Some(at(2_000)));
        assert_eq!(addresses.call(1, at(1_999)), [0; 0], "its time has not come");
        assert_eq!(addresses.call(1, at(2_000)), [1]);
        assert_eq!(addresses.call(2, at(2_000)), [2, 3]);
        assert_eq!(addresses.first_due(1), None);
    }
}
