//! `gongkai why URL`

use url::Url;

use super::exit::{Exit, Failure};
use super::open;
use super::output::{Output, count, table};
use super::robots::Word;
use super::status::{Outlook, waits};
use crate::canonical::{self, CanonicalUrl};
use crate::clock::Moment;
use crate::config::Config;
use crate::db::status::{HostStatus, UrlStatus};
use crate::politeness::robots::{InForce, Standing};
use crate::scope::Verdict;

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
    let outlook = Outlook::now(config)?;
    add("scope", scope(&url, known.as_ref(), config, &outlook));
    let in_force = db.origin(&url.origin()).map_err(Failure::failed)?;
    let robots = in_force.as_ref().map(|in_force| {
        (in_force, Word::of_origin(&sent(known.as_ref(), spelling), in_force, outlook.now))
    });
    add(
        "robots.txt",
        robots.as_ref().map_or_else(
            || "not asked for yet".to_owned(),
            |(in_force, word)| format!("{} (fetched {})", word.sentence(), in_force.fetched_at),
        ),
    );
    let host = db.host(url.host().as_str()).map_err(Failure::failed)?;
    match &known {
        None => add("state", "not known: no page that was seen links to it".to_owned()),
        Some(known) => {
            of_known(known, &mut add);
            if let Some(due) = due(known, host.as_ref(), robots.as_ref(), &outlook) {
                add("due", due);
            }
        }
    }
    if let Some(host) = &host {
        add("host", format!("{} waiting; {}", host.waiting, waits(host, &outlook)));
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
    robots: Option<&(&InForce, Word)>,
    outlook: &Outlook<'_>,
) -> Option<String> {
    let is_waiting = known.state == "waiting";
    if !is_waiting && known.due_at.is_none() {
        return None;
    }
    if is_waiting && outlook.has_no_seed(&known.host) {
        return Some("it is not asked: no seed holds its host".to_owned());
    }
    if let Some((in_force, word)) = robots.filter(|(in_force, word)| forbids(in_force, word)) {
        let why = word.sentence();
        let stands = if in_force.expires_at > outlook.now {
            "it is not going to be asked: robots.txt forbids it"
        } else {
            "it is not going to be asked as robots.txt stood; the next crawl asks for that again first"
        };
        return Some(format!("{stands} ({why})"));
    }
    let at = known.due_at.unwrap_or(outlook.now).max(outlook.now);
    let mut waits_for = kept_by(known, host, outlook, at);
    if known.ahead > 0 {
        waits_for.push(format!("{} of its host that come first", count(known.ahead, "URL")));
    }
    let waits_for = waits_for.join("; ");
    Some(match known.due_at.filter(|_| !is_waiting) {
        None if waits_for.is_empty() => "now: the next crawl asks for it".to_owned(),
        None => format!("waits for: {waits_for}"),
        Some(again) if waits_for.is_empty() => format!("again at {again}"),
        Some(again) => format!("again at {again}; then it waits for: {waits_for}"),
    })
}

/// Whether rules were read, and a line of them forbids the URL: all else that disallows passes.
fn forbids(in_force: &InForce, word: &Word) -> bool {
    in_force.standing == Standing::Rules && !word.is_allowed()
}

/// What keeps a URL from being asked for though it is due at `at`.
fn kept_by(
    known: &UrlStatus,
    host: Option<&HostStatus>,
    outlook: &Outlook<'_>,
    at: Moment,
) -> Vec<String> {
    let mut kept = Vec::new();
    if let Some(file) = outlook.stop_file() {
        kept.push(format!("the stop file to be taken away ({})", file.display()));
    }
    if let Some(line) = outlook.listed(&known.host) {
        kept.push(format!("its host to be taken off a list ({line})"));
    }
    if outlook.has_no_seed(&known.host) {
        kept.push("a seed that holds its host".to_owned());
    }
    if let Some((opens, hours)) = outlook.closed_at(at) {
        kept.push(format!("the hours {hours}, from {opens}"));
    }
    let Some(host) = host else { return kept };
    if host.next_at > at {
        let reason = host.rest_reason.as_deref().unwrap_or("its pace");
        kept.push(format!("its host, until {} ({reason})", host.next_at));
    }
    if let Some(until) = host.address_next_at.filter(|until| *until > at) {
        let address = host.address.as_deref().unwrap_or_default();
        kept.push(format!("its address {address}, until {until}"));
    }
    kept
}

fn scope(
    url: &CanonicalUrl,
    known: Option<&UrlStatus>,
    config: &Config,
    outlook: &Outlook<'_>,
) -> String {
    let Some(seeds) = &outlook.seeds else {
        return "not asked: the seeds cannot be read".to_owned();
    };
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

/// A URL as the frontier knows it, and as it would be sent.
pub(super) fn canonical(text: &str) -> Result<(CanonicalUrl, Url), Failure> {
    let url = Url::parse(text)
        .map_err(|why| Failure::usage(format!("`{text}` is no URL ({why}): expected http://…")))?;
    let canonical = CanonicalUrl::new(&url);
    let canonical = canonical.map_err(|why| Failure::usage(format!("`{text}`: {why}")))?;
    Ok((canonical, canonical::spelling(&url)))
}
