//! What an exchange means: for its URL, for its host's clock, for its origin's robots.txt. Pure.

use std::net::IpAddr;
use std::time::Duration;

use crate::clock::Moment;
use crate::config::Config;
use crate::db::hosts::ReadyHost;
use crate::exchange::{Ending, Exchange, FailureKind, Response, Truncated, asks_for_peace};
use crate::fetch::Validators;
use crate::frontier::order::LIKELY_COLUMN;
use crate::frontier::revisit::{self, PageKind};
use crate::frontier::{Lease, state};
use crate::not_page::{self, NotPage};
use crate::outcome::{AddressChange, CaptureFacts, HostChange, RobotsChange, UrlChange};
use crate::politeness::backoff::Failures;
use crate::politeness::pace::{self, HostPace};
use crate::politeness::retry_after;
use crate::politeness::robots::InForce;
use crate::read::media_type;

/// So many connections in a row may break before the host is taken to be failing: a page that
/// breaks its connection is tried twice.
const BROKEN_CONNECTIONS: u32 = 2;

/// So many failures in a row, the last a firewall's refusal, and it refuses us and not one request.
const BLOCKED_IN_A_ROW: u32 = 3;

/// A page that moved for good or is gone is not asked for again.
fn is_final(status: u16) -> bool {
    matches!(status, 301 | 308 | 404 | 410)
}

/// The row of the capture.
pub(super) fn capture_facts(exchange: &Exchange, not_page: Option<&NotPage>) -> CaptureFacts {
    let mut facts = CaptureFacts {
        at: exchange.started,
        status: None,
        mime: None,
        elapsed: exchange.elapsed,
        address: exchange.address.map(|address| address.ip().to_string()),
        truncated: None,
        failure: None,
        not_page: not_page.map(ToString::to_string),
        wire_length: 0,
    };
    match &exchange.ending {
        Ending::Answered(response) => {
            facts.status = Some(response.status);
            facts.mime = response.field("content-type").map(media_type);
            facts.truncated = response.truncated.map(Truncated::as_str);
            facts.wire_length = response.wire_length;
        }
        Ending::Failed(failure) => {
            facts.failure = Some(format!("{}: {}", failure.kind.as_str(), failure.detail));
        }
    }
    facts
}

/// Where the URL goes. `changed`: the payload differs from that of the last visit.
pub(super) fn url_change(
    config: &Config,
    lease: &Lease,
    ending: &Ending,
    is_report: bool,
    changed: bool,
) -> UrlChange {
    let kind = match () {
        () if is_report => PageKind::Report,
        () if lease.depth == 0 || lease.score >= LIKELY_COLUMN => PageKind::Column,
        () => PageKind::Other,
    };
    let interval = revisit::interval(&config.revisit, kind, lease.interval, changed);
    let event = event(ending, changed, interval);
    let again = match &event {
        state::Event::Answered { again_in, .. } => *again_in,
        state::Event::Cut { again_in, .. } => Some(*again_in),
        _ => None,
    };
    UrlChange {
        transition: state::next(&event, lease.attempts, config.fetch.retries),
        interval: again,
        validators: validators(lease, ending),
    }
}

/// Where the URL goes whose answer is not the page. `was_page`: it had one before.
pub(super) fn not_page(
    config: &Config,
    lease: &Lease,
    not_page: &NotPage,
    was_page: bool,
) -> UrlChange {
    let event = state::Event::NotPage {
        not_page: not_page.clone(),
        again_in: was_page.then_some(config.revisit.max),
    };
    UrlChange {
        transition: state::next(&event, lease.attempts, config.fetch.retries),
        interval: None,
        // Those of the page: whether it is back is asked by them.
        validators: lease.validators.clone(),
    }
}

fn event(ending: &Ending, changed: bool, interval: Duration) -> state::Event {
    match ending {
        Ending::Failed(failure) => {
            state::Event::Failed { kind: failure.kind, detail: failure.detail.clone() }
        }
        Ending::Answered(response) => match (response.status, response.truncated) {
            (status, _) if asks_for_peace(status) => state::Event::Peace,
            (status, _) if status >= 500 => state::Event::ServerError { status },
            (_, Some(cut @ (Truncated::Time | Truncated::Disconnect))) => {
                state::Event::Cut { why: cut.as_str(), again_in: interval }
            }
            (status, _) => state::Event::Answered {
                status,
                changed,
                again_in: Some(interval).filter(|_| !is_final(status)),
            },
        },
    }
}

/// What is sent back next time. A body that broke off has none: it is wanted whole.
fn validators(lease: &Lease, ending: &Ending) -> Validators {
    let Ending::Answered(response) = ending else {
        return lease.validators.clone();
    };
    let field = |name| response.field(name).map(str::to_owned);
    match (response.status, response.truncated) {
        (200, None) => Validators { etag: field("etag"), last_modified: field("last-modified") },
        (304, _) => Validators {
            etag: field("etag").or_else(|| lease.validators.etag.clone()),
            last_modified: field("last-modified")
                .or_else(|| lease.validators.last_modified.clone()),
        },
        (200, Some(_)) => Validators::default(),
        _ => lease.validators.clone(),
    }
}

/// How the clocks of the host and of its address move. `last_response`: how long the address took to answer
/// before.
pub(super) fn clocks(
    config: &Config,
    host: &ReadyHost,
    address: (Option<IpAddr>, Option<Duration>),
    exchange: &Exchange,
    not_page: Option<&NotPage>,
) -> (HostChange, Option<AddressChange>) {
    let (politeness, finished) = (&config.politeness, exchange.finished());
    let answered = matches!(exchange.ending, Ending::Answered(_));
    let last_response = Some(exchange.elapsed).filter(|_| answered);
    let pace = HostPace { last_response: last_response.or(host.pace.last_response), ..host.pace };
    let delay = pace::delay(politeness, &pace);
    let Rested { failures, broken, rest } = rest(host, exchange, not_page);
    let next_at = finished.after(rest.as_ref().map_or(delay, |(rest, _)| delay.max(*rest)));
    // What the pace was when the request went out holds from there.
    let granted_until = exchange.started.after(pace::delay(politeness, &host.pace));
    let host = HostChange {
        next_at: next_at.max(granted_until),
        rest_reason: rest.map(|(_, why)| why),
        failures,
        broken,
        delay,
        last_response,
    };
    let (address, before) = address;
    let address = address.map(|address| {
        let granted_until = exchange.started.after(pace::address_delay(politeness, before));
        let delay = pace::address_delay(politeness, last_response.or(before));
        AddressChange { address, next_at: finished.after(delay).max(granted_until), last_response }
    });
    (host, address)
}

/// What follows for a host beside its pace.
struct Rested {
    failures: Failures,
    /// Connections in a row that broke.
    broken: u32,
    /// How long it is left alone, and why.
    rest: Option<(Duration, String)>,
}

fn rest(host: &ReadyHost, exchange: &Exchange, not_page: Option<&NotPage>) -> Rested {
    let (at, name) = (exchange.finished(), host.name.as_str());
    let quiet = |failures| Rested { failures, broken: 0, rest: None };
    let failed = host.failures.failed(at);
    match &exchange.ending {
        Ending::Answered(response) => match not_page {
            Some(what) if what.kind != not_page::Kind::Soft404 => {
                let is_blocked = what.kind == not_page::Kind::Blocked;
                let rests = !is_blocked || failed.count >= BLOCKED_IN_A_ROW;
                let rest = rests.then(|| (not_page::HOST_REST, what.to_string()));
                Rested { failures: failed, broken: 0, rest }
            }
            _ if asks_for_peace(response.status) => {
                let (rest, word) = asked_rest(response, failed, name, at);
                let why = format!("asked for peace: {}, {word}", response.status);
                Rested { failures: failed, broken: 0, rest: Some((rest, why)) }
            }
            // A server that fails on one page neither clears nor blames its host.
            _ if response.status >= 500 => quiet(host.failures),
            // One page that is gone says nothing of its host.
            _ => quiet(host.failures.answered(at)),
        },
        Ending::Failed(failure) => match failure.kind {
            // A machine that answers, by another scheme perhaps, is none that fails.
            FailureKind::Forbidden | FailureKind::Certificate => quiet(host.failures),
            // One page that breaks its connection, and breaks it again, is no host that fails.
            FailureKind::Protocol if host.broken < BROKEN_CONNECTIONS => {
                Rested { failures: host.failures, broken: host.broken + 1, rest: None }
            }
            kind => {
                let why = format!("{}: {}", kind.as_str(), failure.detail);
                let rest = Some((failed.rest_of_failure(name), why));
                Rested { failures: failed, broken: host.broken, rest }
            }
        },
    }
}

fn asked_rest(
    response: &Response,
    failures: Failures,
    host: &str,
    now: Moment,
) -> (Duration, String) {
    match response.field("retry-after").map(|value| (value, retry_after::parse(value, now))) {
        Some((value, Some(asked))) => {
            (failures.rest_as_asked(asked), format!("Retry-After: {value}"))
        }
        _ => (failures.rest_of_peace(host), "no Retry-After".to_owned()),
    }
}

/// What an answer to `/robots.txt` changes for its origin. `previous`: what was in force for it before.
pub(super) fn robots_change(
    origin: &str,
    redirects: u32,
    previous: Option<InForce>,
    exchange: &Exchange,
    not_page: Option<&NotPage>,
) -> RobotsChange {
    let in_force = InForce::after(previous, redirects, exchange, not_page);
    let gap = in_force.copy.is_some().then(|| in_force.rules().gap()).flatten();
    RobotsChange { origin: origin.to_owned(), in_force, gap }
}
