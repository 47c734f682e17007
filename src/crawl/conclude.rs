//! What an exchange means: for its URL, for its host's clock, for its origin's robots.txt. Pure.

use std::time::Duration;

use crate::clock::Moment;
use crate::config::Config;
use crate::exchange::{Ending, Exchange, FailureKind, Response, Truncated, asks_for_peace};
use crate::fetch::Validators;
use crate::frontier::order::LIKELY_COLUMN;
use crate::frontier::revisit::{self, PageKind};
use crate::frontier::{Lease, state};
use crate::outcome::{CaptureFacts, HostChange, RobotsChange, UrlChange};
use crate::politeness::pace::{self, HostPace};
use crate::politeness::retry_after;
use crate::politeness::robots::{InForce, Standing};
use crate::read::media_type;

/// So many connections in a row may break before the host is taken to be failing: a page that
/// breaks its connection is tried twice.
const BROKEN_CONNECTIONS: u32 = 2;

/// A page that moved for good or is gone is not asked for again.
fn is_final(status: u16) -> bool {
    matches!(status, 301 | 308 | 404 | 410)
}

/// The row of the capture.
pub(super) fn capture_facts(exchange: &Exchange) -> CaptureFacts {
    let mut facts = CaptureFacts {
        at: exchange.started,
        status: None,
        mime: None,
        elapsed: exchange.elapsed,
        address: exchange.address.map(|address| address.ip().to_string()),
        truncated: None,
        failure: None,
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

/// How the host's clock moves.
pub(super) fn host_change(
    config: &Config,
    pace: &HostPace,
    failures: u32,
    exchange: &Exchange,
) -> HostChange {
    let finished = exchange.finished();
    // What the pace was when the request went out holds from there.
    let granted_until = exchange.started.after(pace::delay(&config.politeness, pace));
    let answered = matches!(exchange.ending, Ending::Answered(_));
    let last_response = Some(exchange.elapsed).filter(|_| answered);
    let pace = HostPace { last_response: last_response.or(pace.last_response), ..*pace };
    let delay = pace::delay(&config.politeness, &pace);
    let (failures, rest) = rest(&exchange.ending, failures, finished);
    let next_at = finished.after(rest.as_ref().map_or(delay, |(rest, _)| delay.max(*rest)));
    HostChange {
        next_at: next_at.max(granted_until),
        rest_reason: rest.map(|(_, why)| why),
        failures,
        delay,
        last_response,
        crawl_delay: None,
    }
}

/// The failures in a row, this one included, and the rest that the host is given, with its reason.
fn rest(ending: &Ending, failures: u32, now: Moment) -> (u32, Option<(Duration, String)>) {
    match ending {
        Ending::Answered(response) if asks_for_peace(response.status) => {
            let failures = failures + 1;
            let (rest, word) = asked_rest(response, failures, now);
            (failures, Some((rest, format!("asked for peace: {}, {word}", response.status))))
        }
        // A server that fails on one page neither clears nor blames its host.
        Ending::Answered(response) if response.status >= 500 => (failures, None),
        Ending::Answered(_) => (0, None),
        Ending::Failed(failure) => match failure.kind {
            FailureKind::Forbidden => (failures, None),
            // One page that breaks its connection, and breaks it again, is no host that fails.
            FailureKind::Protocol if failures < BROKEN_CONNECTIONS => (failures + 1, None),
            kind => {
                let failures = failures + 1;
                let why = format!("{}: {}", kind.as_str(), failure.detail);
                (failures, Some((retry_after::rest(failures), why)))
            }
        },
    }
}

fn asked_rest(response: &Response, failures: u32, now: Moment) -> (Duration, String) {
    match response.field("retry-after").map(|value| (value, retry_after::parse(value, now))) {
        Some((value, Some(rest))) => (rest, format!("Retry-After: {value}")),
        _ => (retry_after::rest(failures), "no Retry-After".to_owned()),
    }
}

/// What an answer to `/robots.txt` changes, for its origin and for its host. `previous`: what was in force
/// for the origin before.
pub(super) fn robots_change(
    origin: &str,
    redirects: u32,
    previous: Option<InForce>,
    exchange: &Exchange,
    host: &mut HostChange,
) -> RobotsChange {
    let in_force = InForce::after(previous, redirects, exchange);
    // A copy that goes on serving has said what it says.
    if in_force.standing == Standing::Rules && in_force.failures == 0 {
        host.crawl_delay = Some(in_force.rules().gap());
    }
    if let (Some(Some(crawl_delay)), None) = (host.crawl_delay, &host.rest_reason) {
        host.delay = host.delay.max(crawl_delay);
        host.next_at = host.next_at.max(exchange.finished().after(host.delay));
    }
    RobotsChange { origin: origin.to_owned(), in_force }
}
