//! What the robots.txt of an origin says of a URL that is next, or whether it must be asked for first.

use std::collections::HashMap;

use url::Url;

use crate::canonical::CanonicalUrl;
use crate::clock::Moment;
use crate::db::{DbError, Tx};
use crate::frontier::Reason;
use crate::politeness::robots::{InForce, Rules, Standing};

/// So many bytes of parsed rules are kept at hand: those of 30,000 usual files, of 60 made to be large.
const RULES_AT_HAND_BYTES: usize = 64 << 20;

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
pub(super) enum Word {
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

/// What robots.txt says of `url` now.
pub(super) fn word(
    tx: &Tx<'_>,
    at_hand: &mut RulesAtHand,
    url: &CanonicalUrl,
    now: Moment,
) -> Result<Word, DbError> {
    let origin = url.origin();
    if let Some((_, rules)) = at_hand.rules.get(&origin).filter(|(expires_at, _)| *expires_at > now)
    {
        return Ok(permitted(rules, url, now));
    }
    let ask_anew = |previous: Option<InForce>| Word::AskFirst {
        at: url.robots_url().as_url().clone(),
        redirects: 0,
        previous: previous.map(Box::new),
    };
    let known = tx.origin(&origin)?;
    let Some(robots) = known.as_ref().filter(|robots| robots.expires_at > now) else {
        return Ok(ask_anew(known));
    };
    Ok(match robots.standing {
        Standing::Rules => {
            let rules = robots.rules();
            let word = permitted(&rules, url, now);
            at_hand.keep(&origin, robots.expires_at, rules);
            word
        }
        Standing::Allow => Word::Allowed,
        Standing::Redirect => match robots.location.clone() {
            Some(at) => {
                Word::AskFirst { at, redirects: robots.redirects, previous: known.map(Box::new) }
            }
            None => ask_anew(known),
        },
        Standing::Disallow => {
            Word::Unreachable { until: robots.expires_at, why: robots.why.clone() }
        }
    })
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
