//! Which URL of which host may be asked now. What is granted is written down before it is sent.

use std::collections::HashMap;

use url::Url;

use crate::archive::Original;
use crate::canonical::CanonicalUrl;
use crate::clock::Moment;
use crate::config::Config;
use crate::db::hosts::ReadyHost;
use crate::db::urls::WaitingUrl;
use crate::db::{DbError, Tx};
use crate::fetch::Validators;
use crate::frontier::{Lease, Purpose, Reason};
use crate::politeness::robots::{InForce, Rules, Standing};
use crate::politeness::{Permit, pace};

/// So many URLs of one host that its robots.txt forbids are set aside in one turn; then the other
/// hosts come first.
const FORBIDDEN_AT_ONCE: u32 = 64;

/// So many bytes of parsed rules are kept at hand: those of 30,000 usual files, of 60 made to be large.
const RULES_AT_HAND_BYTES: usize = 64 << 20;

/// A lease with all that its pass needs to know of its host.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) lease: Lease,
    pub(super) host: ReadyHost,
    pub(super) permit: Permit,
    /// The payload of the last visit.
    pub(super) last: Option<Original>,
    /// What was in force for the origin, where its robots.txt is asked for.
    pub(super) robots: Option<InForce>,
}

/// Robots rules at hand, parsed, by origin.
#[derive(Debug, Default)]
pub(super) struct RulesAtHand {
    rules: HashMap<String, (Moment, Rules)>,
    bytes: usize,
}

impl RulesAtHand {
    /// Forgets what was known of an origin.
    pub(super) fn forget(&mut self, origin: &str) {
        if let Some((_, rules)) = self.rules.remove(origin) {
            self.bytes -= rules.size();
        }
    }

    fn keep(&mut self, origin: &str, expires_at: Moment, rules: Rules) {
        self.forget(origin);
        if self.bytes + rules.size() > RULES_AT_HAND_BYTES {
            *self = Self::default();
        }
        self.bytes += rules.size();
        self.rules.insert(origin.to_owned(), (expires_at, rules));
    }
}

/// What robots.txt says of a URL.
enum Word {
    Allowed,
    Forbidden(Reason),
    /// The robots.txt must be asked for first, at this URL.
    AskFirst {
        at: Url,
        redirects: u32,
        previous: Option<Box<InForce>>,
    },
    /// The host does not want to be visited now.
    Closed {
        until: Moment,
        why: String,
    },
    /// It could not be had: the host is left alone.
    Unreachable {
        until: Moment,
        why: String,
    },
}

/// What stands at one moment of one run, and is the same for every host.
pub(super) struct Turn<'a, 'db> {
    pub(super) tx: &'a Tx<'db>,
    pub(super) config: &'a Config,
    pub(super) run_id: i64,
    pub(super) now: Moment,
}

impl Turn<'_, '_> {
    /// Grants at most `pages` leases of pages and `places` leases in all.
    pub(super) fn grant(
        &self,
        rules: &mut RulesAtHand,
        places: usize,
        mut pages: u64,
    ) -> Result<Vec<Granted>, DbError> {
        let connections = self.config.politeness.per_host_connections;
        let mut granted = Vec::new();
        if places == 0 || pages == 0 {
            return Ok(granted);
        }
        for host in self.tx.ready_hosts(self.now, connections, places)? {
            let mut next_at = host.next_at;
            for taken in host.in_flight..connections {
                if granted.len() >= places || pages == 0 {
                    return Ok(granted);
                }
                let delay = pace::delay(&self.config.politeness, &host.pace);
                let Ok(permit) = pace::admit(next_at, delay, self.now) else {
                    break;
                };
                next_at = permit.next_at();
                let Some(one) = self.grant_one(rules, &host, permit, taken)? else {
                    break;
                };
                let is_page = one.lease.purpose == Purpose::Page;
                granted.push(one);
                if !is_page {
                    // Nothing else is asked of the host before its robots.txt is known.
                    break;
                }
                pages -= 1;
            }
        }
        Ok(granted)
    }

    fn grant_one(
        &self,
        rules: &mut RulesAtHand,
        host: &ReadyHost,
        permit: Permit,
        taken: u32,
    ) -> Result<Option<Granted>, DbError> {
        for _ in 0..FORBIDDEN_AT_ONCE {
            let Some(url) = self.tx.next_url(host.id)? else {
                self.tx.recount_waiting(host.id)?;
                return Ok(None);
            };
            match self.word(rules, &url.url)? {
                Word::Allowed => return Ok(Some(self.grant_page(host, url, permit)?)),
                Word::Forbidden(reason) => self.tx.exclude_url(url.id, host.id, &reason)?,
                Word::AskFirst { .. } if taken > 0 => return Ok(None),
                Word::AskFirst { at, redirects, previous } => {
                    let granted = self.grant_robots(host, &url, &at, redirects, permit)?;
                    let robots = previous.map(|previous| *previous);
                    return Ok(granted.map(|one| Granted { robots, ..one }));
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
        Ok(None)
    }

    fn word(&self, at_hand: &mut RulesAtHand, url: &CanonicalUrl) -> Result<Word, DbError> {
        let origin = url.origin();
        if let Some((_, rules)) =
            at_hand.rules.get(&origin).filter(|(expires_at, _)| *expires_at > self.now)
        {
            return Ok(permitted(rules, url, self.now));
        }
        let ask_anew = |previous: Option<InForce>| Word::AskFirst {
            at: url.robots_url().as_url().clone(),
            redirects: 0,
            previous: previous.map(Box::new),
        };
        let known = self.tx.origin(&origin)?;
        let Some(robots) = known.as_ref().filter(|robots| robots.expires_at > self.now) else {
            return Ok(ask_anew(known));
        };
        Ok(match robots.standing {
            Standing::Rules => {
                let rules = robots.rules();
                let word = permitted(&rules, url, self.now);
                at_hand.keep(&origin, robots.expires_at, rules);
                word
            }
            Standing::Allow => Word::Allowed,
            Standing::Redirect => match robots.location.clone() {
                Some(at) => Word::AskFirst {
                    at,
                    redirects: robots.redirects,
                    previous: known.map(Box::new),
                },
                None => ask_anew(known),
            },
            Standing::Disallow => {
                Word::Unreachable { until: robots.expires_at, why: robots.why.clone() }
            }
        })
    }

    fn grant_page(
        &self,
        host: &ReadyHost,
        url: WaitingUrl,
        permit: Permit,
    ) -> Result<Granted, DbError> {
        self.tx.lease_url(url.id, host.id)?;
        self.tx.occupy_host(host.id, self.run_id, permit.next_at())?;
        let lease = Lease {
            url_id: url.id,
            host_id: host.id,
            host: host.name.clone(),
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
        Ok(Granted { lease, host: host.clone(), permit, last: url.last, robots: None })
    }

    /// The robots.txt that must be known before `url` is asked for.
    fn grant_robots(
        &self,
        host: &ReadyHost,
        url: &WaitingUrl,
        at: &Url,
        redirects: u32,
        permit: Permit,
    ) -> Result<Option<Granted>, DbError> {
        let Ok(canonical) = CanonicalUrl::new(at) else {
            tracing::warn!(%at, "a robots.txt redirects to where nobody can ask");
            return Ok(None);
        };
        let at = canonical.as_url().clone();
        let url_id = self.tx.apart_url(&canonical, host.id, self.now)?;
        self.tx.occupy_host(host.id, self.run_id, permit.next_at())?;
        let lease = Lease {
            url_id,
            host_id: host.id,
            host: host.name.clone(),
            url: canonical,
            spelling: at,
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
        Ok(Some(Granted { lease, host: host.clone(), permit, last: None, robots: None }))
    }
}

fn permitted(rules: &Rules, url: &CanonicalUrl, now: Moment) -> Word {
    match (forbidden(rules, url), closed(rules, now)) {
        (Some(reason), _) => Word::Forbidden(reason),
        (None, Some((until, why))) => Word::Closed { until, why },
        (None, None) => Word::Allowed,
    }
}

/// Until when a host does not want to be visited, and why, if it does not want to be now.
pub(crate) fn closed(rules: &Rules, now: Moment) -> Option<(Moment, String)> {
    let times = rules.visit_time().filter(|times| !times.contains(now))?;
    Some((times.opens_after(now), format!("robots.txt: Visit-time {times}")))
}

/// Why robots.txt keeps us from a URL, if it does.
pub(crate) fn forbidden(rules: &Rules, url: &CanonicalUrl) -> Option<Reason> {
    let decision = rules.permits(url);
    if decision.allowed {
        return None;
    }
    let line = decision.line.map(|(number, text)| format!("line {number}: {text}"));
    Some(Reason::new("robots", line.unwrap_or_default()))
}

/// Puts a URL off whose origin's robots.txt cannot be had: alone where its host has another origin that may
/// be asked (a host may be dead by one scheme and well by the other), else with its whole host. True
/// where the URL alone was put off.
pub(crate) fn put_off(
    tx: &Tx<'_>,
    url: (i64, &CanonicalUrl),
    host_id: i64,
    until: Moment,
    why: &str,
) -> Result<bool, DbError> {
    if !tx.has_other_origin(host_id, &url.1.origin())? {
        tx.rest_host(host_id, until, &format!("robots.txt: {why}"))?;
        return Ok(false);
    }
    tx.put_off_url(url.0, host_id, until, &Reason::new("robots", why))?;
    Ok(true)
}
