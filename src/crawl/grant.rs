//! Which URL of which host may be asked now. What is granted is written down before it is sent.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use url::Url;

use super::addresses::Addresses;
use super::lookups::{Lookups, Place};
use super::permission::{RulesAtHand, Word, put_off, word};

use crate::archive::Original;
use crate::canonical::CanonicalUrl;
use crate::clock::Moment;
use crate::config::Config;
use crate::config::units::Hours;
use crate::db::hosts::ReadyHost;
use crate::db::origins::HOURS;
use crate::db::urls::WaitingUrl;
use crate::db::{DbError, Tx};
use crate::exchange::Failure;
use crate::fetch::Validators;
use crate::frontier::{Lease, Purpose};
use crate::outcome::Outcome;
use crate::politeness::Permit;
use crate::politeness::pace::{self, Pace};
use crate::politeness::robots::InForce;
use crate::seeds::Seeds;
use crate::stops::Stops;

/// So many URLs of one host that its robots.txt forbids are set aside in one turn; then the other
/// hosts come first.
const FORBIDDEN_AT_ONCE: u32 = 64;

/// A host whose robots.txt lies where nobody is to be asked is looked at again after so long.
const WITHOUT_ROBOTS: Duration = Duration::from_hours(1);

/// So many hosts are looked at at once.
const HOSTS_AT_ONCE: usize = 256;

/// A lease with all that its pass needs to know of its host.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) lease: Lease,
    pub(super) host: ReadyHost,
    pub(super) permit: Permit,
    /// Where it is asked, or why nowhere.
    pub(super) address: Result<SocketAddr, Failure>,
    /// How long that address took to answer last.
    pub(super) last_response: Option<Duration>,
    /// The payload of the last visit.
    pub(super) last: Option<Original>,
    /// What was in force for the origin, where its robots.txt is asked for.
    pub(super) robots: Option<InForce>,
}

/// What a pass is to do.
#[derive(Debug)]
pub(super) enum Task {
    /// Ask for a URL.
    Ask(Box<Granted>),
    /// Look up where an origin is.
    LookUp {
        /// The origin.
        origin: String,
        /// A URL of it.
        url: Url,
    },
}

/// What is at hand beside the database.
#[derive(Debug, Default)]
pub(super) struct AtHand {
    pub(super) rules: RulesAtHand,
    pub(super) addresses: Addresses,
    pub(super) lookups: Lookups,
}

impl AtHand {
    /// What an outcome changes.
    pub(super) fn take_in(&mut self, outcome: &Outcome) {
        self.release(&outcome.lease);
        if let Some(change) = &outcome.address {
            self.addresses.moved(change);
        }
        if let Some(change) = &outcome.robots {
            self.rules.forget(&change.origin);
        }
        if outcome.is_unreachable() {
            // It may be somewhere else now.
            self.lookups.forget(&outcome.lease.spelling.origin().ascii_serialization());
        }
    }

    /// Gives back the place that a lease took in the line of its address.
    pub(super) fn release(&mut self, lease: &Lease) {
        if let Some(address) = lease.address {
            self.addresses.release(address);
        }
    }
}

/// What was granted.
#[derive(Debug, Default)]
pub(super) struct Grants {
    pub(super) tasks: Vec<Task>,
    /// Pages among them.
    pub(super) pages: u64,
    /// When an address is due that hosts wait for, or a host that has more to be looked through.
    pub(super) wake: Option<Moment>,
}

impl Grants {
    fn wake_at(&mut self, moment: Moment) {
        self.wake = Some(self.wake.map_or(moment, |wake| wake.min(moment)));
    }
}

/// What may be asked for now, of which host, where.
struct Target {
    host: ReadyHost,
    permit: Permit,
    address: Result<SocketAddr, Failure>,
}

/// What stands at one moment of one run, and is the same for every host.
pub(super) struct Turn<'a, 'db> {
    pub(super) tx: &'a Tx<'db>,
    pub(super) config: &'a Config,
    pub(super) seeds: &'a Seeds,
    pub(super) stops: &'a Stops,
    pub(super) run_id: i64,
    pub(super) now: Moment,
}

impl Turn<'_, '_> {
    /// Grants at most `pages` leases of pages and `places` tasks in all.
    pub(super) fn grant(
        &self,
        at_hand: &mut AtHand,
        places: usize,
        pages: u64,
    ) -> Result<Grants, DbError> {
        let mut grants = Grants::default();
        if places == 0 || pages == 0 {
            return Ok(grants);
        }
        let connections = self.config.politeness.per_host_connections;
        let soon = self.now.after(pace::AHEAD);
        loop {
            let called = at_hand.addresses.call(connections, soon);
            for host in &called {
                self.tx.call_host(*host)?;
            }
            if self.grant_ready(at_hand, &mut grants, (places, pages))? {
                return Ok(grants);
            }
            // Who was called may have nothing to ask for: then the next is called.
            if called.is_empty() {
                break;
            }
        }
        if let Some(moment) = at_hand.addresses.first_due(connections) {
            grants.wake_at(moment);
        }
        Ok(grants)
    }

    /// Goes through the hosts that are due; true where no more may be granted.
    fn grant_ready(
        &self,
        at_hand: &mut AtHand,
        grants: &mut Grants,
        (places, pages): (usize, u64),
    ) -> Result<bool, DbError> {
        let connections = self.config.politeness.per_host_connections;
        let soon = self.now.after(pace::AHEAD);
        let mut after = None;
        loop {
            let hosts = self.tx.ready_hosts(soon, connections, after, HOSTS_AT_ONCE)?;
            let Some(last) = hosts.last() else {
                return Ok(false);
            };
            after = Some((last.next_at, last.id));
            let is_last = hosts.len() < HOSTS_AT_ONCE;
            for host in hosts {
                if grants.tasks.len() >= places || grants.pages >= pages {
                    return Ok(true);
                }
                self.grant_of_host(at_hand, grants, host, (places, pages))?;
            }
            if is_last {
                return Ok(false);
            }
        }
    }

    fn grant_of_host(
        &self,
        at_hand: &mut AtHand,
        grants: &mut Grants,
        mut host: ReadyHost,
        (places, pages): (usize, u64),
    ) -> Result<(), DbError> {
        if self.stops.names(&host.name) {
            return Ok(());
        }
        if let Some((until, hours)) = self.outside_hours(&host) {
            let why = format!("{HOURS}: it is asked {hours}");
            return self.tx.rest_host(host.id, until, &why);
        }
        let connections = self.config.politeness.per_host_connections;
        for _ in host.in_flight..connections {
            if grants.tasks.len() >= places || grants.pages >= pages {
                return Ok(());
            }
            let before = grants.pages;
            let Some(next_at) = self.grant_one(at_hand, grants, &host)? else {
                return Ok(());
            };
            if grants.pages == before {
                // Nothing else is asked of the host before its robots.txt is known.
                return Ok(());
            }
            (host.next_at, host.in_flight) = (next_at, host.in_flight + 1);
        }
        Ok(())
    }

    /// When the hours of its seed begin again, where they are over by when the host could be asked; and which.
    fn outside_hours(&self, host: &ReadyHost) -> Option<(Moment, &Hours)> {
        let hours = self.seeds.hours_of(&host.name)?;
        let is_outside = !hours.contains(host.next_at.max(self.now));
        is_outside.then(|| (hours.opens_after(self.now), hours))
    }

    /// Grants the first URL of the host's queue that may be asked for; the host's clock after it.
    fn grant_one(
        &self,
        at_hand: &mut AtHand,
        grants: &mut Grants,
        host: &ReadyHost,
    ) -> Result<Option<Moment>, DbError> {
        if let Some(address) = host.address
            && self.is_blocked(at_hand, host, address)?
        {
            return Ok(None);
        }
        for _ in 0..FORBIDDEN_AT_ONCE {
            let Some(url) = self.tx.next_url(host.id)? else {
                self.tx.recount_waiting(host.id)?;
                return Ok(None);
            };
            match word(self.tx, &mut at_hand.rules, (&url.url, &url.spelling), self.now)? {
                Word::Allowed => {
                    let target = self.target(at_hand, grants, host.clone(), &url.spelling)?;
                    let Some(target) = target else {
                        return Ok(None);
                    };
                    let next_at = target.permit.host_next_at();
                    grants.pages += 1;
                    grants.tasks.push(self.grant_page(at_hand, target, url)?);
                    return Ok(Some(next_at));
                }
                Word::Forbidden(reason) => self.tx.exclude_url(url.id, host.id, &reason)?,
                Word::AskFirst { at, redirects, previous } => {
                    let asked = (at, redirects, previous.map(|previous| *previous));
                    self.grant_robots(at_hand, grants, (host, &url), asked)?;
                    return Ok(None);
                }
                Word::Closed { until, why } => {
                    self.tx.rest_host(host.id, until, &why)?;
                    return Ok(None);
                }
                Word::Unreachable { until, why } => {
                    if !put_off(self.tx, (url.id, &url.url), host.id, until, &why)? {
                        return Ok(None);
                    }
                }
            }
        }
        grants.wake_at(self.now);
        Ok(None)
    }

    /// Whether the line of an address is taken, or its time has not come: then the host waits behind it.
    fn is_blocked(
        &self,
        at_hand: &mut AtHand,
        host: &ReadyHost,
        address: IpAddr,
    ) -> Result<bool, DbError> {
        let connections = self.config.politeness.per_host_connections;
        let soon = self.now.after(pace::AHEAD);
        let is_blocked = at_hand.addresses.is_blocked(address, connections, soon);
        if is_blocked {
            at_hand.addresses.wait_behind(address, (host.next_at, host.id));
            self.tx.put_behind(host.id)?;
        }
        Ok(is_blocked)
    }

    /// Where, and by whose leave, a URL of this host is asked for; none while that is looked up, or while its
    /// address or the host is to be left alone.
    fn target(
        &self,
        at_hand: &mut AtHand,
        grants: &mut Grants,
        host: ReadyHost,
        url: &Url,
    ) -> Result<Option<Target>, DbError> {
        let politeness = &self.config.politeness;
        let origin = url.origin().ascii_serialization();
        let address = match at_hand.lookups.place(&origin, host.address, self.now) {
            Place::At(address) => Ok(address),
            Place::Nowhere(failure) => Err(failure),
            Place::Asked => return Ok(None),
            Place::Unknown => {
                at_hand.lookups.asked(&origin);
                grants.tasks.push(Task::LookUp { origin, url: url.clone() });
                return Ok(None);
            }
        };
        let clock = match &address {
            Ok(address) if self.is_blocked(at_hand, &host, address.ip())? => return Ok(None),
            Ok(address) => at_hand.addresses.pace(address.ip(), politeness),
            Err(_) => Pace { next_at: Moment::default(), delay: Duration::ZERO },
        };
        let pace = Pace { next_at: host.next_at, delay: pace::delay(politeness, &host.pace) };
        match pace::admit(pace, clock, self.now) {
            Ok(permit) => {
                if address.is_err() {
                    at_hand.lookups.forget(&origin);
                }
                Ok(Some(Target { host, permit, address }))
            }
            Err(moment) => {
                grants.wake_at(moment);
                Ok(None)
            }
        }
    }

    fn grant_page(
        &self,
        at_hand: &mut AtHand,
        target: Target,
        url: WaitingUrl,
    ) -> Result<Task, DbError> {
        self.tx.lease_url(url.id)?;
        let lease = Lease {
            url_id: url.id,
            host_id: target.host.id,
            host: target.host.name.clone(),
            address: None,
            url: url.url,
            spelling: url.spelling,
            purpose: Purpose::Page,
            seed: url.seed,
            via: url.via,
            depth: url.depth,
            redirects: url.redirects,
            score: url.score,
            attempts: url.attempts,
            validators: url.validators,
            interval: url.interval,
            granted: self.now,
        };
        self.granted(at_hand, target, lease, url.last, None)
    }

    /// The robots.txt that must be known before `url` is asked for. It may lie at another host, whose line and
    /// clock it then goes by.
    fn grant_robots(
        &self,
        at_hand: &mut AtHand,
        grants: &mut Grants,
        (host, url): (&ReadyHost, &WaitingUrl),
        (at, redirects, previous): (Url, u32, Option<InForce>),
    ) -> Result<(), DbError> {
        let Ok(canonical) = CanonicalUrl::new(&at) else {
            tracing::warn!(%at, "a robots.txt redirects to where nobody can ask");
            return Ok(());
        };
        let mut asked = host.clone();
        if canonical.host() != host.name {
            asked = self.tx.host(self.tx.host_id(&canonical.host())?)?;
            if asked.next_at > self.now.after(pace::AHEAD) {
                let why = format!("robots.txt: it lies at {}, which is left alone", asked.name);
                return self.tx.rest_host(host.id, asked.next_at, &why);
            }
            if let Some((until, hours)) = self.outside_hours(&asked) {
                let why = format!("robots.txt: it lies at {}, which is asked {hours}", asked.name);
                return self.tx.rest_host(host.id, until, &why);
            }
        }
        if self.stops.names(&asked.name) {
            let why = format!("robots.txt: it lies at {}, which is not to be asked", asked.name);
            return self.tx.rest_host(host.id, self.now.after(WITHOUT_ROBOTS), &why);
        }
        if asked.in_flight > 0 {
            return Ok(());
        }
        let Some(target) = self.target(at_hand, grants, asked, canonical.as_url())? else {
            return Ok(());
        };
        let lease = Lease {
            url_id: self.tx.apart_url(&canonical, target.host.id, self.now)?,
            host_id: target.host.id,
            host: target.host.name.clone(),
            address: None,
            spelling: canonical.as_url().clone(),
            url: canonical,
            purpose: Purpose::Robots { origin: url.url.origin(), redirects },
            seed: url.seed.clone(),
            via: None,
            depth: 0,
            redirects,
            score: 0,
            attempts: 0,
            validators: Validators::default(),
            interval: None,
            granted: self.now,
        };
        grants.tasks.push(self.granted(at_hand, target, lease, None, previous)?);
        Ok(())
    }

    fn granted(
        &self,
        at_hand: &mut AtHand,
        target: Target,
        mut lease: Lease,
        last: Option<Original>,
        robots: Option<InForce>,
    ) -> Result<Task, DbError> {
        let Target { host, permit, address } = target;
        let ip = address.as_ref().ok().map(SocketAddr::ip);
        let taken = u32::from(lease.purpose == Purpose::Page);
        self.tx.occupy_host(host.id, self.run_id, ip, permit.host_next_at(), taken)?;
        let mut last_response = None;
        if let Some(ip) = ip {
            last_response = at_hand.addresses.last_response(ip);
            at_hand.addresses.occupy(ip, permit.address_next_at());
        }
        lease.address = ip;
        Ok(Task::Ask(Box::new(Granted {
            lease,
            host,
            permit,
            address,
            last_response,
            last,
            robots,
        })))
    }
}
