//! One pass: a lease is fetched, its page read, its records encoded, its outcome concluded.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::conclude;
use super::grant::Granted;
use super::starts::Starts;
use crate::archive::metadata::Provenance;
use crate::archive::{Context, Encoded, Gzip, Original, encode};
use crate::canonical::{self, CanonicalUrl};
use crate::clock::{self, Moment};
use crate::config::Config;
use crate::db::hosts::ReadyHost;
use crate::digest::Digest;
use crate::discover::{self, Link, PageContext};
use crate::exchange::{Ending, Exchange, Response};
use crate::fetch::{Fetcher, Place, Trust};
use crate::frontier::{Found, Lease, Purpose, Reason};
use crate::not_page::{self, NotPage};
use crate::outcome::{Outcome, ReportFacts};
use crate::politeness::pace;
use crate::politeness::robots::{InForce, PageTag};
use crate::read::Answer;
use crate::scope::Verdict;
use crate::seeds::Seeds;

/// Pages up to this size are read where they arrived; larger ones would keep the network waiting.
const SMALL_PAGE_BYTES: usize = 256 * 1024;

/// What every pass of a run goes by.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) config: Config,
    pub(crate) seeds: Seeds,
    pub(crate) run: i64,
}

thread_local! {
    static GZIP: RefCell<Gzip> = RefCell::new(Gzip::new());
}

/// A pass that has ended: what it changes, and its records, to be appended first.
#[derive(Debug)]
pub(super) struct Worked {
    pub(super) outcome: Outcome,
    pub(super) encoded: Encoded,
    /// Since when it was allowed.
    pub(super) due: Moment,
    /// Until they are appended.
    pub(super) place: Place,
}

/// Works a lease to its outcome. None only where the runtime is going down.
pub(super) async fn pass(
    granted: Granted,
    fetcher: Fetcher,
    settings: Arc<Settings>,
    (large, starts): (Arc<Semaphore>, Arc<Starts>),
) -> Option<Worked> {
    let due = granted.permit.due();
    let (ground, exchange, place) = ask(granted, &fetcher, &settings, &starts).await;
    let size = match &exchange.ending {
        Ending::Answered(response) => response.payload.len(),
        Ending::Failed(_) => 0,
    };
    if size <= SMALL_PAGE_BYTES {
        return Some(work(ground, &exchange, &settings, (due, place)));
    }
    let _core = large.acquire_owned().await.ok()?;
    tokio::task::spawn_blocking(move || work(ground, &exchange, &settings, (due, place))).await.ok()
}

/// Asks when the moment has come, no sooner.
async fn ask(
    granted: Granted,
    fetcher: &Fetcher,
    settings: &Settings,
    starts: &Starts,
) -> (Ground, Exchange, Place) {
    let Granted { lease, host, permit, address, last_response, last, robots } = granted;
    let url = lease.spelling.clone();
    let (exchange, place) = match address {
        Err(failure) => {
            let unresolved = Exchange::unresolved(url, clock::now(), Duration::ZERO, failure);
            (unresolved, Place::default())
        }
        Ok(address) => {
            let broken = settings.seeds.allows_broken_certificate(&lease.url.host());
            let trust = if broken { Trust::BrokenAllowed } else { Trust::Verified };
            clock::wait_for(permit.due()).await;
            let politeness = &settings.config.politeness;
            if politeness.per_host_connections > 1 {
                let at_host = (&host.name, pace::delay(politeness, &host.pace));
                let at_address = (address.ip(), pace::address_delay(politeness, last_response));
                starts.turn(at_host, at_address).await;
            }
            fetcher.fetch(permit, url, address, &lease.validators, trust).await
        }
    };
    (Ground { lease, host, last_response, last, robots }, exchange, place)
}

/// What was known before the exchange.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) lease: Lease,
    pub(crate) host: ReadyHost,
    /// How long its address took to answer last.
    pub(crate) last_response: Option<Duration>,
    pub(crate) last: Option<Original>,
    /// What was in force for the origin, where its robots.txt is asked for.
    pub(crate) robots: Option<InForce>,
}

fn work(
    ground: Ground,
    exchange: &Exchange,
    settings: &Settings,
    (due, place): (Moment, Place),
) -> Worked {
    let lease = &ground.lease;
    let reading = read(lease, &exchange.ending, settings);
    let provenance = Provenance {
        via: lease.via.clone(),
        depth: lease.depth,
        redirects: lease.redirects,
        score: lease.score,
        run: settings.run,
        robots_of: match &lease.purpose {
            Purpose::Page => None,
            Purpose::Robots { origin, redirects } => Some((origin.clone(), *redirects)),
        },
        charset: reading.charset.clone(),
        robots_tag: reading.tag.words(),
    };
    let context = Context {
        provenance,
        not_modified: ground.last.clone(),
        not_page: reading.not_page.clone(),
    };
    let encoded = GZIP.with_borrow_mut(|gzip| encode(exchange, &context, gzip));
    let outcome = outcome(ground, exchange, encoded.recorded.payload, reading, &settings.config);
    Worked { outcome, encoded, due, place }
}

/// What the exchange changes: the same whenever it is asked, today by a crawl or later by a rebuild.
pub(crate) fn outcome(
    ground: Ground,
    exchange: &Exchange,
    payload: Option<Digest>,
    reading: Reading,
    config: &Config,
) -> Outcome {
    let Ground { lease, host, last_response, last, robots: in_force } = ground;
    let was_page = last.is_some();
    let changed = match &exchange.ending {
        Ending::Answered(response) if response.status == 304 => false,
        _ => payload.is_none() || payload != last.map(|last| last.digest),
    };
    let not_page = reading.not_page.as_ref();
    let (mut host, address) =
        conclude::clocks(config, &host, (lease.address, last_response), exchange, not_page);
    let (mut url, mut robots) = (None, None);
    match &lease.purpose {
        Purpose::Page => {
            let is_report = reading.report.is_some();
            url = Some(not_page.map_or_else(
                || conclude::url_change(config, &lease, &exchange.ending, is_report, changed),
                |not_page| conclude::not_page(config, &lease, not_page, was_page),
            ));
        }
        Purpose::Robots { origin, redirects } => {
            host.rest_reason = host.rest_reason.map(|why| format!("robots.txt: {why}"));
            robots =
                Some(conclude::robots_change(origin, *redirects, in_force, exchange, not_page));
        }
    }
    Outcome {
        finished: exchange.finished(),
        capture: conclude::capture_facts(exchange, not_page),
        url,
        host,
        address,
        robots,
        report: reading.report,
        found: reading.found,
        lease,
    }
}

/// What was read out of an answer.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// What it is, if it is not the page; then nothing else was read.
    not_page: Option<NotPage>,
    charset: Option<String>,
    /// What the page asks of robots. What it asks not to be archived is archived all the same: an agency is bound
    /// by law to publish it. The archive says so beside it.
    tag: PageTag,
    report: Option<ReportFacts>,
    found: Vec<Found>,
}

/// What an answer is, and what it says, if it is a page for the frontier.
pub(crate) fn read(lease: &Lease, ending: &Ending, settings: &Settings) -> Reading {
    let Ending::Answered(response) = ending else {
        return Reading::default();
    };
    let not_page = not_page::recognise(&lease.spelling, response);
    if not_page.is_some() || lease.purpose != Purpose::Page {
        return Reading { not_page, ..Reading::default() };
    }
    let mut tag = PageTag::of_response(response);
    if let 300..=399 = response.status {
        let found = redirect(lease, response, settings).into_iter().collect();
        return Reading { tag, found, ..Reading::default() };
    }
    let answer = Answer {
        url: lease.spelling.as_str(),
        status: response.status,
        content_type: response.field("content-type"),
        payload: &response.payload,
    };
    let Some(read) = answer.page() else {
        return Reading { tag, ..Reading::default() };
    };
    let page = discover::links(read.text(), &lease.spelling);
    let context = PageContext {
        title: page.title.as_deref().unwrap_or_default(),
        score: lease.score,
        depth: lease.depth,
        url: &lease.spelling,
    };
    tag.add(page.tag);
    let links = page.links.iter().filter(|link| !tag.nofollow && !link.nofollow);
    let found = links.filter_map(|link| admit(lease, link, &context, settings)).collect();
    Reading { not_page: None, charset: Some(read.charset()), tag, report: read.report(), found }
}

fn admit(
    lease: &Lease,
    link: &Link,
    context: &PageContext<'_>,
    settings: &Settings,
) -> Option<Found> {
    let url = CanonicalUrl::new(&link.url).ok()?;
    if url == lease.url {
        return None;
    }
    let depth = lease.depth + 1;
    let (seed, excluded) = judge(lease, &url, depth, settings)?;
    let score = discover::score(link, context);
    Some(Found {
        url,
        spelling: canonical::spelling(&link.url),
        seed,
        depth,
        redirects: 0,
        score: score.value,
        why: score.why,
        excluded,
    })
}

fn redirect(lease: &Lease, response: &Response, settings: &Settings) -> Option<Found> {
    let target = lease.spelling.join(response.field("location")?).ok()?;
    let url = CanonicalUrl::new(&target).ok()?;
    if url == lease.url {
        return None;
    }
    let redirects = lease.redirects + 1;
    let (seed, excluded) = judge(lease, &url, lease.depth, settings)?;
    let too_many = (redirects > settings.config.fetch.max_redirects)
        .then(|| Reason::new("redirects", format!("{redirects} one after the other")));
    Some(Found {
        url,
        spelling: canonical::spelling(&target),
        seed,
        depth: lease.depth,
        redirects,
        score: lease.score,
        why: "a page of this score redirects to it",
        excluded: excluded.or(too_many),
    })
}

/// The seed that takes the URL in, and why it is left out all the same; none where no seed's scope
/// holds it.
fn judge(
    lease: &Lease,
    url: &CanonicalUrl,
    depth: u32,
    settings: &Settings,
) -> Option<(String, Option<Reason>)> {
    let (verdict, seed) = settings.seeds.judge(&lease.seed, url, depth, &settings.config);
    match verdict {
        Verdict::In => Some((seed.to_owned(), None)),
        Verdict::Out(reason) if reason.word == "scope" => None,
        Verdict::Out(reason) => Some((seed.to_owned(), Some(reason))),
    }
}
