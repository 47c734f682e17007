//! `gongkai why URL`

use url::Url;

use super::exit::{Exit, Failure};
use super::output::{Output, count, table};
use super::robots::Word;
use super::status::waits;
use super::{open, seeds};
use crate::canonical::{self, CanonicalUrl, HostKey};
use crate::clock::{self, Moment};
use crate::config::Config;
use crate::db::Db;
use crate::db::status::{HostStatus, UrlStatus};
use crate::scope::Verdict;
use crate::seeds::Seeds;
use crate::stops::Stops;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The URL.
    url: String,
}

pub(super) fn run(args: &Args, config: &Config, output: &mut Output) -> Result<Exit, Failure> {
    let (url, spelling) = canonical(&args.url)?;
    let db = open(config)?;
    let known = db.url_status(&url).map_err(Failure::failed)?;
    let mut rows = vec![["URL".to_owned(), url.to_string()].to_vec()];
    let mut add = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
    add("scope", scope(&url, known.as_ref(), config));
    add("robots.txt", robots(&db, &url, &sent(known.as_ref(), spelling))?);
    let host = db.host(url.host().as_str()).map_err(Failure::failed)?;
    let stops = Stops::read(&config.stops).map_err(Failure::failed)?;
    let now = clock::now();
    match &known {
        None => add("state", "not known: no page that was seen links to it".to_owned()),
        Some(known) => {
            of_known(known, &mut add);
            if let Some(due) = due(known, host.as_ref(), &stops, config, now) {
                add("due", due);
            }
        }
    }
    if let Some(host) = &host {
        add("host", format!("{} waiting; {}", host.waiting, waits(host, &stops, now)));
        if host.failures > 0 {
            let failures = count(host.failures.into(), "failure");
            add("", format!("{failures} of the host not forgiven yet"));
        }
    }
    output.line(table(&rows))?;
    Ok(if known.is_some() { Exit::Done } else { Exit::Failed })
}

fn of_known(known: &UrlStatus, add: &mut impl FnMut(&str, String)) {
    let reason = known.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    add("state", format!("{}{reason}", known.state));
    let from = known.via.clone().or_else(|| known.seed.clone()).unwrap_or_else(|| "?".to_owned());
    let links = count(u64::from(known.depth), "link");
    add("found", format!("{} from {from}, {links} from the seed", known.found_at));
    add("score", format!("{}: {}", known.score, known.score_why));
    if let Some(at) = known.visited_at {
        add("asked last", at.to_string());
    }
    if known.attempts > 0 {
        add("failures", known.attempts.to_string());
    }
}

/// When it is asked for, and what it waits for until then; none where it is not.
fn due(
    known: &UrlStatus,
    host: Option<&HostStatus>,
    stops: &Stops,
    config: &Config,
    now: Moment,
) -> Option<String> {
    if known.state != "waiting" {
        return known.due_at.map(|at| format!("again at {at}"));
    }
    let mut waits_for = Vec::new();
    if stops.is_stopped() {
        waits_for.push("a crawl may ask again: the stop file is there".to_owned());
    }
    if let Some(stop) = stops.why(&HostKey::from(known.host.clone())) {
        waits_for.push(format!("its host may be asked: {stop}"));
    }
    if let Some(hours) = config.politeness.hours.as_ref().filter(|hours| !hours.contains(now)) {
        waits_for.push(format!("the hours {hours}, from {}", hours.opens_after(now)));
    }
    if let Some(host) = host {
        let reason = host.rest_reason.as_deref().unwrap_or("its pace");
        if host.next_at > now {
            waits_for.push(format!("its host, until {} ({reason})", host.next_at));
        }
        if let Some(at) = host.address_next_at.filter(|at| *at > now) {
            let address = host.address.as_deref().unwrap_or_default();
            waits_for.push(format!("its address {address}, until {at}"));
        }
    }
    if known.ahead > 0 {
        waits_for.push(format!("{} of its host that come first", count(known.ahead, "URL")));
    }
    if waits_for.is_empty() {
        return Some("now: the next crawl asks for it".to_owned());
    }
    Some(format!("waits for {}", waits_for.join("; for ")))
}

fn scope(url: &CanonicalUrl, known: Option<&UrlStatus>, config: &Config) -> String {
    let Ok(reading) = seeds::gather(&[], config) else {
        return "not asked: the seeds cannot be read".to_owned();
    };
    let seeds = Seeds::new(reading.seeds);
    let from = known.and_then(|known| known.seed.clone()).unwrap_or_default();
    let depth = known.map_or(1, |known| known.depth);
    match seeds.judge(&from, url, depth, config) {
        (Verdict::In, seed) => format!("in, of the seed {seed}"),
        (Verdict::Out(reason), _) => format!("out: {reason}"),
    }
}

/// What is sent: the spelling that the frontier keeps, or else the one that was typed.
fn sent(known: Option<&UrlStatus>, typed: Url) -> Url {
    known.and_then(|known| known.spelling.parse().ok()).unwrap_or(typed)
}

fn robots(db: &Db, url: &CanonicalUrl, spelling: &Url) -> Result<String, Failure> {
    let Some(in_force) = db.origin(&url.origin()).map_err(Failure::failed)? else {
        return Ok("not asked for yet".to_owned());
    };
    let word = Word::of_origin(spelling, &in_force, clock::now());
    Ok(format!("{} (fetched {})", word.sentence(), in_force.fetched_at))
}

/// A URL as the frontier knows it, and as it would be sent.
pub(super) fn canonical(text: &str) -> Result<(CanonicalUrl, Url), Failure> {
    let url = Url::parse(text)
        .map_err(|why| Failure::usage(format!("`{text}` is no URL ({why}): expected http://…")))?;
    let canonical = CanonicalUrl::new(&url);
    let canonical = canonical.map_err(|why| Failure::usage(format!("`{text}`: {why}")))?;
    Ok((canonical, canonical::spelling(&url)))
}
