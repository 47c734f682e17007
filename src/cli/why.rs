//! `gongkai why URL`

use url::Url;

use super::exit::{Exit, Failure};
use super::output::{Output, count, table};
use super::status::waits;
use super::{open, seeds};
use crate::canonical::CanonicalUrl;
use crate::clock;
use crate::config::Config;
use crate::db::Db;
use crate::db::status::UrlStatus;
use crate::politeness::robots::Standing;
use crate::scope::Verdict;
use crate::seeds::Seeds;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The URL.
    url: String,
}

pub(super) fn run(args: &Args, config: &Config, output: &mut Output) -> Result<Exit, Failure> {
    let url = canonical(&args.url)?;
    let db = open(config)?;
    let known = db.url_status(&url).map_err(Failure::failed)?;
    let mut rows = vec![["URL".to_owned(), url.to_string()].to_vec()];
    let mut add = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
    add("scope", scope(&url, known.as_ref(), config));
    add("robots.txt", robots(&db, &url)?);
    match &known {
        None => add("state", "not known: no page that was seen links to it".to_owned()),
        Some(known) => of_known(known, &mut add),
    }
    if let Some(host) = db.host(url.host().as_str()).map_err(Failure::failed)? {
        add("host", format!("{} waiting; {}", host.waiting, waits(&host, clock::now())));
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
    match known.due_at {
        Some(at) => add("due again", at.to_string()),
        None if known.state == "waiting" => {
            let come = if known.ahead == 1 { "comes" } else { "come" };
            let ahead = count(known.ahead, "URL");
            add("due", format!("now; {ahead} of its host {come} first"));
        }
        None => {}
    }
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

fn robots(db: &Db, url: &CanonicalUrl) -> Result<String, Failure> {
    let Some(row) = db.origin(&url.origin()).map_err(Failure::failed)? else {
        return Ok("not asked for yet".to_owned());
    };
    Ok(match row.standing {
        Standing::Rules => {
            let decision = row.rules().permits(url);
            let word = if decision.allowed { "allowed" } else { "disallowed" };
            let line = decision.line.map(|(number, text)| format!(" by line {number}: {text}"));
            format!("{word}{} (fetched {})", line.unwrap_or_default(), row.fetched_at)
        }
        standing => format!("{}: {} (fetched {})", standing.as_str(), row.why, row.fetched_at),
    })
}

/// A URL as the frontier knows it.
pub(super) fn canonical(text: &str) -> Result<CanonicalUrl, Failure> {
    let url = Url::parse(text)
        .map_err(|why| Failure::usage(format!("`{text}` is no URL ({why}): expected http://…")))?;
    CanonicalUrl::new(&url).map_err(|why| Failure::usage(format!("`{text}`: {why}")))
}
