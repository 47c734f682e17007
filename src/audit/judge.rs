//! Each request against every rule, in the order of time.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use super::granted_by;
use super::line::{Line, RESOLUTION, Step, write_gap};
use super::request::Request;
use super::robots::{Origins, RobotsInForce};
use super::stops::{Named, Stops};
use super::violation::{Broken, Earlier, Rule, Violation};
use crate::archive::event::Event;
use crate::canonical::HostKey;
use crate::clock::Moment;
use crate::config::units::write_duration;
use crate::fetch;
use crate::politeness::pace::{self, HostPace};

/// So many violations are kept; more are counted.
const KEPT: usize = 10_000;

/// What is known of all hosts and addresses.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    /// The hosts that are told of; none: all.
    only: &'a [HostKey],
    pub(super) hosts: HashMap<HostKey, Host>,
    pub(super) addresses: HashMap<IpAddr, Line>,
    origins: Origins,
    stops: Stops,
    /// Of the hosts that are told of by name, those that stand on a list: by which line, and since when.
    named: HashMap<HostKey, (String, Moment)>,
    pub(super) violations: Vec<Violation>,
    /// Those for which an earlier exchange is not found: what they are is told at the end.
    lacking: Vec<Violation>,
    pub(super) counts: Counts,
}

/// What was looked at, of the hosts that are told of.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) requests: u64,
    pub(super) runs: HashSet<i64>,
    pub(super) first: Option<Moment>,
    pub(super) last: Option<Moment>,
    pub(super) violations: BTreeMap<Rule, u64>,
    pub(super) lacking: u64,
}

/// A host, and what it asked for.
#[derive(Debug, Default)]
pub(super) struct Host {
    pub(super) line: Line,
    /// Where it was found.
    pub(super) addresses: BTreeSet<IpAddr>,
    /// What the robots.txt of each of its origins asks for.
    robots_gaps: BTreeMap<String, Duration>,
    rest: Option<Rest>,
}

/// A host asked to be left alone.
#[derive(Debug)]
struct Rest {
    since: Moment,
    until: Moment,
    words: String,
    asked: Earlier,
}

impl Host {
    fn delay(&self, request: &Request) -> Duration {
        let run = &request.run;
        let pace = HostPace {
            seed_delay: run.seeds.delay_of(&request.host),
            crawl_delay: self.robots_gaps.values().max().copied(),
            last_response: self.line.last_response,
        };
        pace::delay(&run.config.politeness, &pace)
    }

    fn start(&mut self, request: &Request, broken: &mut Vec<Broken>) -> Option<Step> {
        self.addresses.extend(request.address);
        let connections = request.run.config.politeness.per_host_connections;
        // One that is beside others may have been granted before the wish for peace was heard.
        let may_be_granted =
            |rest: &Rest| connections > 1 && granted_by(request.asked.at) < rest.since;
        if let Some(rest) = &self.rest
            && request.asked.at.after(RESOLUTION) < rest.until
            && !may_be_granted(rest)
        {
            broken.push(Broken {
                rule: Rule::RetryAfter,
                found: format!(
                    "a request {} too soon",
                    write_duration(request.asked.at.until(rest.until))
                ),
                due: format!("none before {} ({})", rest.until, rest.words),
                after: Some(rest.asked.clone()),
                is_lack: false,
            });
        }
        let due = self.delay(request);
        let step = self.line.start(&request.asked, request.finished, due, connections)?;
        broken.extend(crowd(&step, connections, request.host.as_str()));
        broken.extend(gap(&step, connections, Rule::Gap));
        Some(step)
    }

    fn end(&mut self, request: &Request) {
        self.line.last_response = request.answered.or(self.line.last_response);
        let due = self.delay(request);
        self.line.end(&request.asked, due);
        if let Some((rest, words)) = &request.peace {
            let until = request.finished.after(*rest);
            if self.rest.as_ref().is_none_or(|before| before.until < until) {
                let (words, asked) = (words.clone(), request.asked.clone());
                self.rest = Some(Rest { since: request.finished, until, words, asked });
            }
        }
    }
}

impl<'a> Judge<'a> {
    pub(super) fn new(only: &'a [HostKey]) -> Self {
        Self {
            only,
            hosts: HashMap::new(),
            addresses: HashMap::new(),
            origins: Origins::default(),
            stops: Stops::default(),
            named: HashMap::new(),
            violations: Vec::new(),
            lacking: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Whether a host is told of.
    pub(super) fn tells_of(&self, host: &HostKey) -> bool {
        self.only.is_empty() || self.only.contains(host)
    }

    /// A run begins, with these stops in force.
    pub(super) fn begin(&mut self, stops: Stops, at: Moment) {
        self.stops = stops;
        self.note_named(at);
    }

    /// A stop comes into force, or is taken back.
    pub(super) fn event(&mut self, event: &Event) {
        self.stops.event(event);
        self.note_named(event.at);
    }

    fn note_named(&mut self, since: Moment) {
        for host in self.only {
            match (self.stops.names(host), self.named.get(host)) {
                (Some(by), Some((before, _))) if by == *before => {}
                (Some(by), _) => drop(self.named.insert(host.clone(), (by, since))),
                (None, _) => drop(self.named.remove(host)),
            }
        }
    }

    /// What was in force at the end for the hosts that are told of by name.
    pub(super) fn in_force(&self) -> (Vec<RobotsInForce>, Vec<Named>) {
        let named = self.only.iter().filter_map(|host| {
            let (by, since) = self.named.get(host)?.clone();
            let last_request = self.hosts.get(host).and_then(|of| of.line.last_start());
            Some(Named { host: host.clone(), by, since, last_request })
        });
        (self.origins.of_hosts(self.only), named.collect())
    }

    /// A request is sent.
    pub(super) fn start(&mut self, request: &Request) {
        if !request.sent {
            return;
        }
        if self.tells_of(&request.host) {
            self.counts.add(request);
        }
        let mut broken = Vec::new();
        let host = self.hosts.entry(request.host.clone()).or_default();
        let step = host.start(request, &mut broken);
        broken.extend(self.address(request, step.as_ref()));
        broken.extend(self.robots(request));
        broken.extend(hours(request));
        broken.extend(self.stops.judge(&request.host, request.asked.at));
        broken.extend(not_public(request));
        for broken in broken {
            self.violation(request, broken);
        }
    }

    /// Its exchange is over.
    pub(super) fn end(&mut self, request: &Request) {
        if let Some(answer) = &request.robots
            && let Some((host, gap)) = self.origins.learn(answer, &request.asked)
        {
            let gaps = &mut self.hosts.entry(host).or_default().robots_gaps;
            gaps.insert(answer.origin.clone(), gap);
        }
        if !request.sent {
            return;
        }
        if let Some(host) = self.hosts.get_mut(&request.host) {
            host.end(request);
        }
        if let Some(line) = request.address.and_then(|address| self.addresses.get_mut(&address)) {
            line.last_response = request.answered.or(line.last_response);
            let due = pace::address_delay(&request.run.config.politeness, line.last_response);
            line.end(&request.asked, due);
        }
    }

    /// What is told of a host is not told of its address once more: where both are measured against the same
    /// exchange, the host's rule asks for no less.
    fn address(&mut self, request: &Request, at_host: Option<&Step>) -> Vec<Broken> {
        let Some(address) = request.address else {
            return Vec::new();
        };
        let line = self.addresses.entry(address).or_default();
        let politeness = &request.run.config.politeness;
        let due = pace::address_delay(politeness, line.last_response);
        let connections = politeness.per_host_connections;
        let Some(step) = line.start(&request.asked, request.finished, due, connections) else {
            return Vec::new();
        };
        if at_host.is_some_and(|at_host| at_host.before == step.before) {
            return Vec::new();
        }
        let crowd = crowd(&step, connections, &address.to_string());
        crowd.into_iter().chain(gap(&step, connections, Rule::AddressGap)).collect()
    }

    fn robots(&self, request: &Request) -> Option<Broken> {
        let is_one =
            request.robots.as_ref().is_some_and(|answer| self.origins.is_one(answer, &request.url));
        if is_one {
            None
        } else {
            self.origins.judge(&request.url, &request.spelling, request.asked.at)
        }
    }

    /// Whether requests broke a rule for which an earlier exchange is not found: they did, unless the archive
    /// `has_gaps` in which it may have stood; then they are given back, as what cannot be told.
    pub(super) fn settle(&mut self, has_gaps: bool) -> Vec<Violation> {
        let lacking = std::mem::take(&mut self.lacking);
        if has_gaps || lacking.is_empty() {
            return lacking;
        }
        let hosts = self.hosts.values_mut().map(|host| &mut host.line);
        for line in hosts.chain(self.addresses.values_mut()) {
            line.violations += line.lacking;
        }
        let lacked = std::mem::take(&mut self.counts.lacking);
        *self.counts.violations.entry(Rule::Robots).or_default() += lacked;
        self.violations.extend(lacking);
        self.violations.sort_by_key(|violation| violation.at);
        self.violations.truncate(KEPT);
        Vec::new()
    }

    fn violation(&mut self, request: &Request, broken: Broken) {
        let at_host = self.hosts.get_mut(&request.host).map(|host| &mut host.line);
        let at_address = request.address.and_then(|address| self.addresses.get_mut(&address));
        for line in at_host.into_iter().chain(at_address) {
            line.violations += u64::from(!broken.is_lack);
            line.lacking += u64::from(broken.is_lack);
        }
        if !self.tells_of(&request.host) {
            return;
        }
        let Broken { rule, found, due, after, is_lack } = broken;
        let kept = if is_lack {
            self.counts.lacking += 1;
            &mut self.lacking
        } else {
            *self.counts.violations.entry(rule).or_default() += 1;
            &mut self.violations
        };
        if kept.len() < KEPT {
            kept.push(Violation {
                rule,
                host: request.host.clone(),
                address: request.address,
                url: request.asked.url.clone(),
                at: request.asked.at,
                file: request.file.clone(),
                offset: request.offset,
                found,
                due,
                after,
            });
        }
    }
}

impl Counts {
    fn add(&mut self, request: &Request) {
        self.requests += 1;
        self.runs.insert(request.run.number);
        self.first = Some(self.first.map_or(request.asked.at, |at| at.min(request.asked.at)));
        self.last = self.last.max(Some(request.finished));
    }
}

fn crowd(step: &Step, most: u32, who: &str) -> Option<Broken> {
    (step.at_once > most).then(|| Broken {
        rule: Rule::AtOnce,
        found: format!("{} at once at {who}", step.at_once),
        due: format!("{most} at most"),
        after: Some(step.before.clone()),
        is_lack: false,
    })
}

/// Where one request overlaps the last, and may not, that is told already.
fn gap(step: &Step, connections: u32, rule: Rule) -> Option<Broken> {
    let overlaps = connections == 1 && step.at_once > 1;
    (!overlaps && !step.gap.is_kept()).then(|| Broken {
        rule,
        found: write_gap(step.gap.found),
        due: write_duration(step.gap.due),
        after: Some(step.before.clone()),
        is_lack: false,
    })
}

fn hours(request: &Request) -> Option<Broken> {
    let (run, at) = (&request.run, request.asked.at);
    let mut both = [run.config.politeness.hours.as_ref(), run.seeds.hours_of(&request.host)]
        .into_iter()
        .flatten();
    let hours = both.find(|hours| !hours.contains(at) && !hours.contains(granted_by(at)))?;
    Some(Broken {
        rule: Rule::Hours,
        found: format!("a request at {at}"),
        due: format!("requests within {hours}"),
        after: None,
        is_lack: false,
    })
}

fn not_public(request: &Request) -> Option<Broken> {
    let address = request.address?;
    (!fetch::permits(&request.run.config.network, address)).then(|| Broken {
        rule: Rule::NotPublic,
        found: format!("a request to {address}"),
        due: "a public address, or one that network.allow_private names".to_owned(),
        after: None,
        is_lack: false,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::audit::request;
    use crate::audit::request::Run;
    use crate::config::Config;
    use crate::seeds::Seeds;

    fn request(connections: u32, (from, to): (i64, i64), peace: bool) -> Request {
        let mut config = Config::default();
        config.politeness.per_host_connections = connections;
        config.politeness.delay = Duration::ZERO;
        Request {
            run: Arc::new(Run { number: 1, config, seeds: Seeds::default() }),
            peace: peace.then(|| (Duration::from_mins(1), "429".to_owned())),
            ..request::tests::request(from, to)
        }
    }

    /// Whether a request that was sent so long after the wish for peace broke it.
    fn is_accused(connections: u32, after: i64) -> bool {
        let mut host = Host::default();
        let asked = request(connections, (1_000, 2_000), true);
        host.start(&asked, &mut Vec::new());
        host.end(&asked);
        let mut broken = Vec::new();
        host.start(&request(connections, (2_000 + after, 9_000), false), &mut broken);
        broken.iter().any(|broken| broken.rule == Rule::RetryAfter)
    }

    #[test]
    fn only_what_may_have_been_granted_before_a_wish_for_peace_was_heard_does_not_break_it() {
        assert!(is_accused(1, 40), "one at a time: it was heard before the next was granted");
        assert!(!is_accused(4, 40));
        assert!(is_accused(4, 30_000));
        assert!(!is_accused(1, 60_000), "the rest is over");
    }
}
