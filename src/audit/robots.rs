//! Which robots.txt was in force for an origin, told from its archived exchanges alone.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use url::Url;

use super::request::RobotsAnswer;
use super::violation::{Broken, Earlier, Rule};
use super::{GRANTED_BEFORE, granted_by};
use crate::archive::CaptureKind;
use crate::archive::exchanges::Archived;
use crate::canonical::{CanonicalUrl, HostKey};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::exchange::{Ending, Response};
use crate::not_page;
use crate::politeness::robots::{InForce, Rules, Standing, kept};

fn broken(rule: Rule, found: String, due: String) -> Broken {
    Broken { rule, found, due, after: None, is_lack: false }
}

/// No exchange is found that would permit it.
fn lack(found: String) -> Broken {
    let due = "a robots.txt asked for before the page".to_owned();
    Broken { is_lack: true, ..broken(Rule::Robots, found, due) }
}

/// What an origin's robots.txt said last, and when it was asked for.
#[derive(Debug)]
pub(super) struct Origin {
    in_force: InForce,
    rules: Rules,
    asked: Earlier,
    /// Of the copy.
    digest: Option<Digest>,
}

/// The robots.txt that was in force for an origin at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RobotsInForce {
    /// The origin.
    pub origin: String,
    /// What held, in the word of [`Standing::as_str`].
    pub standing: &'static str,
    /// Why, in words; empty where the file was read.
    pub why: String,
    /// When the copy was fetched; without one, when the last answer came.
    pub fetched_at: Moment,
    /// It was in force no longer than until then.
    pub expires_at: Moment,
    /// Of the copy, where there is one: `sha256:` and 64 hexadecimal digits, as its record says.
    pub digest: Option<String>,
}

/// `robots.txt of ORIGIN: rules, fetched MOMENT (sha256:…), good until MOMENT`
impl fmt::Display for RobotsInForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, standing, why, fetched_at, expires_at, digest } = self;
        write!(f, "robots.txt of {origin}: {standing}, fetched {fetched_at}")?;
        if let Some(digest) = digest {
            write!(f, " ({digest})")?;
        }
        if !why.is_empty() {
            write!(f, " ({why})")?;
        }
        write!(f, ", good until {expires_at}")
    }
}

impl Origin {
    /// What is in force after one more exchange; `before` is what was.
    fn after(before: Option<Self>, answer: &RobotsAnswer, asked: &Earlier) -> Self {
        let digest_before = before.as_ref().and_then(|before| before.digest);
        let before = before.map(|before| before.in_force);
        let copied_before = before.as_ref().map(|before| before.fetched_at);
        let not_page = answer.not_page.as_ref();
        let in_force = InForce::after(before, answer.redirects, &answer.exchange, not_page);
        let is_new = copied_before != Some(in_force.fetched_at);
        let digest = if is_new { answer.digest } else { digest_before };
        let digest = digest.filter(|_| in_force.copy.is_some());
        Self { rules: in_force.rules(), in_force, asked: asked.clone(), digest }
    }

    fn told(&self, origin: &str) -> RobotsInForce {
        let InForce { standing, why, fetched_at, expires_at, .. } = &self.in_force;
        RobotsInForce {
            origin: origin.to_owned(),
            standing: standing.as_str(),
            why: why.clone(),
            fetched_at: *fetched_at,
            expires_at: *expires_at,
            digest: self.digest.map(|digest| digest.to_string()),
        }
    }

    /// The gap between two requests that the copy asks for, if only zero.
    fn gap(&self) -> Duration {
        self.in_force.copy.as_ref().and_then(|_| self.rules.gap()).unwrap_or_default()
    }

    /// Why a page must not be asked for at this moment, if so.
    fn objection(&self, url: &Url, at: Moment) -> Option<Broken> {
        let in_force = &self.in_force;
        let expired = in_force.expires_at;
        match in_force.standing {
            _ if at > expired.after(GRANTED_BEFORE) => {
                Some(lack(format!("a copy that was good until {expired}")))
            }
            Standing::Redirect => Some(lack("a robots.txt that lies elsewhere".to_owned())),
            Standing::Disallow => {
                let found = format!("a robots.txt that cannot be had ({})", in_force.why);
                Some(broken(Rule::Robots, found, "nothing asked of its origin".to_owned()))
            }
            Standing::Allow => None,
            Standing::Rules => self.broken_rule(url, at),
        }
    }

    fn broken_rule(&self, url: &Url, at: Moment) -> Option<Broken> {
        let decision = self.rules.permits(url);
        if !decision.allowed {
            let line = decision.line.map(|(number, text)| format!("line {number}: {text}"));
            let due = "a page that robots.txt permits".to_owned();
            return Some(broken(Rule::Robots, line.unwrap_or_default(), due));
        }
        let times = self.rules.visit_time()?;
        (!times.contains(at) && !times.contains(granted_by(at))).then(|| {
            let due = format!("requests within Visit-time {times}");
            broken(Rule::VisitTime, format!("a request at {at}"), due)
        })
    }

    /// Whether a robots.txt is looked for at this URL after so many redirects.
    fn leads_to(&self, url: &CanonicalUrl) -> bool {
        let location = self.in_force.location.as_ref();
        location.and_then(|to| CanonicalUrl::new(to).ok()).is_some_and(|to| to == *url)
    }
}

/// What is known of all origins.
#[derive(Debug, Default)]
pub(super) struct Origins(HashMap<String, Origin>);

impl Origins {
    /// Takes in an exchange; the host of the origin, with the gap that its robots.txt asks for.
    pub(super) fn learn(
        &mut self,
        answer: &RobotsAnswer,
        asked: &Earlier,
    ) -> Option<(HostKey, Duration)> {
        let before = self.0.remove(&answer.origin);
        let origin = Origin::after(before, answer, asked);
        let gap = origin.gap();
        self.0.insert(answer.origin.clone(), origin);
        let url = Url::parse(&answer.origin).ok()?;
        Some((CanonicalUrl::new(&url).ok()?.host(), gap))
    }

    /// Whether what is said to be asked for as a robots.txt is one: at its place, or where it was said to be.
    pub(super) fn is_one(&self, answer: &RobotsAnswer, url: &CanonicalUrl) -> bool {
        let is_at_its_place = url.origin() == answer.origin && url.robots_url() == *url;
        let origin = self.0.get(&answer.origin);
        is_at_its_place || origin.is_some_and(|origin| origin.leads_to(url))
    }

    /// What was learned last of the origins of these hosts.
    pub(super) fn of_hosts(&self, hosts: &[HostKey]) -> Vec<RobotsInForce> {
        let is_of = |origin: &str| {
            let url = Url::parse(origin).ok().and_then(|url| CanonicalUrl::new(&url).ok());
            url.is_some_and(|url| hosts.contains(&url.host()))
        };
        let of_hosts = self.0.iter().filter(|(origin, _)| is_of(origin));
        let mut told: Vec<_> = of_hosts.map(|(origin, of)| of.told(origin)).collect();
        told.sort_by(|one, other| one.origin.cmp(&other.origin));
        told
    }

    /// What is wrong with asking for a page at this moment, if anything is.
    pub(super) fn judge(&self, url: &CanonicalUrl, spelling: &Url, at: Moment) -> Option<Broken> {
        let Some(origin) = self.0.get(&url.origin()) else {
            return Some(lack("no robots.txt of its origin before it".to_owned()));
        };
        let broken = origin.objection(spelling, at)?;
        Some(Broken { after: Some(origin.asked.clone()), ..broken })
    }
}

/// The robots files of an archive by their digests: one that comes again unchanged is a revisit, whose bytes
/// stand elsewhere, under any URL.
#[derive(Debug, Default)]
pub(super) struct Payloads {
    kept: HashMap<Digest, Arc<[u8]>>,
    /// Those that stand with a page.
    wanted: HashSet<Digest>,
    missing: HashSet<Digest>,
}

impl Payloads {
    /// Keeps what this exchange brings of robots files, or gives it what it left to another record; whether it is
    /// whole then.
    pub(super) fn take(&mut self, archived: &mut Archived) -> bool {
        let is_robots = archived.metadata.provenance.robots_of.is_some();
        let recorded = &archived.recorded;
        let (Some(digest), Ending::Answered(response)) =
            (recorded.payload, &mut archived.exchange.ending)
        else {
            return true;
        };
        // Of others the status says all.
        let is_robots = is_robots && matches!(response.status, 200..=299);
        match recorded.kind {
            CaptureKind::Response if is_robots || self.wanted.contains(&digest) => {
                let url = &archived.exchange.url;
                let bytes = self.kept.entry(digest).or_insert_with(|| telling(url, response));
                if is_robots {
                    response.payload = bytes.to_vec();
                }
                true
            }
            CaptureKind::Revisit if is_robots => {
                let bytes = self.kept.get(&digest);
                if let Some(bytes) = bytes {
                    response.payload = bytes.to_vec();
                } else {
                    self.missing.insert(digest);
                }
                bytes.is_some()
            }
            _ => true,
        }
    }

    /// Another look at the archive, for robots files that stand with pages; none where that would find nothing more.
    pub(super) fn look_again(self) -> Option<Self> {
        let is_new = self.missing.iter().any(|digest| !self.wanted.contains(digest));
        is_new.then(|| Self { wanted: self.missing, ..Self::default() })
    }
}

/// A robots file as far as it is read. Of one that tells us nothing, such as a page in its place, nothing; but a
/// page by which a host hides is told by its words.
fn telling(url: &Url, response: &Response) -> Arc<[u8]> {
    let bytes = kept(&response.payload);
    let hides = || not_page::recognise(url, response).is_some_and(|what| what.hides_the_host());
    let says = || Rules::parse(bytes).permits(url).group.is_some();
    if says() || hides() { bytes.into() } else { Arc::default() }
}
