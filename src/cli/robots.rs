//! `gongkai robots URL`, and what `why` says of robots.txt.

use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::exit::{Exit, Failure};
use super::output::{Output, table};
use super::parse::bytes;
use super::status::Outlook;
use super::why::canonical;
use super::{configuration, open};
use crate::canonical::CanonicalUrl;
use crate::clock::{self, Moment};
use crate::config::Config;
use crate::config::units::write_duration;
use crate::politeness::robots::{InForce, Rules, Standing};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The URL.
    url: String,
    /// Go by this robots.txt and not by the archive's copy; `-` reads standard input.
    #[arg(long)]
    file: Option<PathBuf>,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, cli: &super::Cli, output: &mut Output) -> Result<Exit, Failure> {
    let (url, spelling) = canonical(&args.url)?;
    let now = clock::now();
    let word = match &args.file {
        Some(file) => Word::of_file(&spelling, &Rules::parse(&bytes(file)?), file, now),
        None => of_archive((&url, &spelling), &configuration(cli)?, now)?,
    };
    if args.json {
        output.json(&word)?;
        return Ok(Exit::Done);
    }
    output.line(word.sentence())?;
    let rows = word.rows(now);
    if !rows.is_empty() {
        output.line(table(&rows))?;
    }
    Ok(Exit::Done)
}

fn of_archive(
    (url, spelling): (&CanonicalUrl, &Url),
    config: &Config,
    now: Moment,
) -> Result<Word, Failure> {
    let origin = url.origin();
    if let Some(in_force) = open(config)?.origin(&origin).map_err(Failure::failed)? {
        return Ok(Word::of_origin(spelling, &in_force, now));
    }
    let next = if Outlook::now(config)?.has_no_seed(url.host().as_str()) {
        "no seed holds its host, so that no crawl asks for it"
    } else {
        "the next crawl that asks anything there asks for it first"
    };
    Err(Failure::failed(format!(
        "the archive has no robots.txt of {origin}: {next}; `--file FILE` goes by a file"
    )))
}

/// What robots.txt says of a URL.
#[derive(Debug, Default, serde::Serialize)]
pub(super) struct Word {
    url: String,
    allowed: bool,
    /// The group that spoke, as its User-agent line names it.
    group: Option<&'static str>,
    /// The line that decided, from 1.
    line: Option<u32>,
    rule: Option<String>,
    /// Why, where no line decided.
    why: Option<String>,
    /// Why an old copy serves.
    remark: Option<String>,
    /// The least gap between requests that the file asks for.
    delay_ms: Option<u64>,
    /// When the host wants to be visited (UTC).
    visit_time: Option<String>,
    /// Where it does not want to be now: when it does next.
    opens_at: Option<Moment>,
    /// The file that this goes by, where it is not the archive's copy.
    file: Option<String>,
    /// When the copy was fetched, or the answer came that no copy came of.
    fetched_at: Option<Moment>,
    /// Until when this holds; the next crawl then asks for robots.txt first.
    serves_until: Option<Moment>,
}

impl Word {
    /// By the archive's copy, of the spelling that is sent.
    pub(super) fn of_origin(url: &Url, in_force: &InForce, now: Moment) -> Self {
        let word = match in_force.standing {
            _ if is_robots(url) => Self::of_rules(url, &Rules::default(), now),
            Standing::Rules => Self::of_rules(url, &in_force.rules(), now),
            Standing::Allow => Self::because(url, true, &in_force.why),
            Standing::Disallow => Self::because(url, false, &in_force.why),
            Standing::Redirect => {
                let to = in_force.location.as_ref().map(|to| format!(" to {to}"));
                let why = format!("redirected{}, not asked there yet", to.unwrap_or_default());
                Self::because(url, false, &why)
            }
        };
        let serves = in_force.standing == Standing::Rules && !in_force.why.is_empty();
        Self {
            remark: serves.then(|| in_force.why.clone()),
            fetched_at: Some(in_force.fetched_at),
            serves_until: Some(in_force.expires_at),
            ..word
        }
    }

    fn of_file(url: &Url, rules: &Rules, file: &Path, now: Moment) -> Self {
        let file = Some(file.display().to_string());
        Self { file, ..Self::of_rules(url, rules, now) }
    }

    fn because(url: &Url, allowed: bool, why: &str) -> Self {
        Self { url: url.to_string(), allowed, why: Some(why.to_owned()), ..Self::default() }
    }

    fn of_rules(url: &Url, rules: &Rules, now: Moment) -> Self {
        let decision = rules.permits(url);
        let why = match (&decision.line, decision.group) {
            (Some(_), _) => None,
            _ if is_robots(url) => Some("robots.txt may always be asked for"),
            (None, Some(_)) => Some("no rule matches"),
            (None, None) => Some("no group is for us"),
        };
        let (line, rule) = decision.line.unzip();
        let closed = rules.visit_time().filter(|times| !times.contains(now) && !is_robots(url));
        Self {
            url: url.to_string(),
            allowed: decision.allowed,
            group: decision.group,
            line,
            rule,
            why: why.map(str::to_owned),
            delay_ms: rules.gap().map(|gap| u64::try_from(gap.as_millis()).unwrap_or(u64::MAX)),
            visit_time: rules.visit_time().map(ToString::to_string),
            opens_at: closed.map(|times| times.opens_after(now)),
            ..Self::default()
        }
    }

    /// Whether it may be asked for.
    pub(super) fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// Its first word is `allowed` or `disallowed`.
    pub(super) fn sentence(&self) -> String {
        let word = if self.allowed { "allowed" } else { "disallowed" };
        match (self.line, &self.rule, &self.why) {
            (Some(line), Some(rule), _) => format!("{word} by line {line}: {rule}"),
            (_, _, Some(why)) => format!("{word}: {why}"),
            _ => word.to_owned(),
        }
    }

    fn rows(&self, now: Moment) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        let mut add = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
        if let Some(group) = self.group {
            add("group", group.to_owned());
            let delay = self.delay_ms.map(|delay| write_duration(Duration::from_millis(delay)));
            add("delay", delay.unwrap_or_else(|| "none asked for".to_owned()));
        }
        if let Some(remark) = &self.remark {
            add("remark", remark.clone());
        }
        if let Some(times) = &self.visit_time {
            let closed = self.opens_at.map(|at| format!("; closed until {at}"));
            add("visit time", format!("{times} UTC{}", closed.unwrap_or_default()));
        }
        if let Some(file) = &self.file {
            add("file", file.clone());
        }
        if let (Some(at), Some(until)) = (self.fetched_at, self.serves_until) {
            let age = write_duration(Duration::from_secs(at.until(now).as_secs()));
            let serves = if until > now {
                format!("serves until {until}")
            } else {
                format!("served until {until}: the next crawl asks for it first")
            };
            add("copy", format!("fetched {at}, {age} ago; {serves}"));
        }
        rows
    }
}

fn is_robots(url: &Url) -> bool {
    url.path() == "/robots.txt" && url.query().is_none()
}
