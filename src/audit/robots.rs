//! Which robots.txt was in force for an origin, told from its archived exchanges alone.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::GRANTED_BEFORE;
use super::request::RobotsAnswer;
use super::violation::{Broken, Earlier, Rule};
use crate::archive::CaptureKind;
use crate::archive::exchanges::Archived;
use crate::canonical::{CanonicalUrl, HostKey};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::exchange::Ending;
use crate::politeness::robots::{InForce, Rules, Standing, kept};

/// What an origin's robots.txt said last, and when it was asked for.
#[derive(Debug)]
pub(super) struct Origin {
    in_force: InForce,
    rules: Rules,
    asked: Earlier,
}

impl Origin {
    /// What is in force after one more exchange; `before` is what was.
    fn after(before: Option<Self>, answer: &RobotsAnswer, asked: &Earlier) -> Self {
        let before = before.map(|before| before.in_force);
        let in_force = InForce::after(before, answer.redirects, &answer.exchange);
        Self { rules: in_force.rules(), in_force, asked: asked.clone() }
    }

    /// The gap between two requests that a file that was just read asks for, if only zero; none where none was
    /// read, and what was said before goes on.
    fn gap(&self) -> Option<Duration> {
        let was_read = self.in_force.standing == Standing::Rules && self.in_force.failures == 0;
        was_read.then(|| self.rules.crawl_delay().unwrap_or_default())
    }

    /// Why a page must not be asked for at this moment, if so.
    fn objection(&self, url: &CanonicalUrl, at: Moment) -> Option<(String, &'static str)> {
        const ASK_FIRST: &str = "a robots.txt asked for before the page";
        let in_force = &self.in_force;
        if at > in_force.expires_at.after(GRANTED_BEFORE) {
            let expired = in_force.expires_at;
            return Some((format!("a copy that was good until {expired}"), ASK_FIRST));
        }
        match in_force.standing {
            Standing::Allow => None,
            Standing::Redirect => Some(("a robots.txt that is elsewhere".to_owned(), ASK_FIRST)),
            Standing::Disallow => Some((
                format!("a robots.txt that cannot be had ({})", in_force.why),
                "nothing asked of its origin",
            )),
            Standing::Rules => {
                let decision = self.rules.permits(url);
                let line = decision.line.map(|(number, text)| format!("line {number}: {text}"));
                (!decision.allowed).then(|| (line.unwrap_or_default(), "a page that is permitted"))
            }
        }
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
    /// Takes in an exchange; the host whose delay it sets, with the gap that its robots.txt asks for.
    pub(super) fn learn(
        &mut self,
        answer: &RobotsAnswer,
        asked: &Earlier,
    ) -> Option<(HostKey, Duration)> {
        let before = self.0.remove(&answer.origin);
        let origin = Origin::after(before, answer, asked);
        let gap = origin.gap();
        self.0.insert(answer.origin.clone(), origin);
        let url = url::Url::parse(&answer.origin).ok()?;
        Some((CanonicalUrl::new(&url).ok()?.host(), gap?))
    }

    /// Whether what is said to be asked for as a robots.txt is one: at its place, or where it was said to be.
    pub(super) fn is_one(&self, answer: &RobotsAnswer, url: &CanonicalUrl) -> bool {
        let is_at_its_place = url.origin() == answer.origin && url.robots_url() == *url;
        let origin = self.0.get(&answer.origin);
        is_at_its_place || origin.is_some_and(|origin| origin.leads_to(url))
    }

    /// What is wrong with asking for a page at this moment, if anything is.
    pub(super) fn judge(&self, url: &CanonicalUrl, at: Moment) -> Option<Broken> {
        let Some(origin) = self.0.get(&url.origin()) else {
            return Some(Broken {
                rule: Rule::Robots,
                found: "no robots.txt of its origin before it".to_owned(),
                due: "a robots.txt asked for before the page".to_owned(),
                after: None,
            });
        };
        let (found, due) = origin.objection(url, at)?;
        let after = Some(origin.asked.clone());
        Some(Broken { rule: Rule::Robots, found, due: due.to_owned(), after })
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
                let bytes = self.kept.entry(digest).or_insert_with(|| speaking(&response.payload));
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

/// A robots file as far as it is read; nothing of one that says nothing to us, such as a page in its place.
fn speaking(payload: &[u8]) -> Arc<[u8]> {
    let (bytes, nowhere) = (kept(payload), url::Url::parse("http://localhost/"));
    let says = nowhere
        .ok()
        .and_then(|url| CanonicalUrl::new(&url).ok())
        .is_none_or(|url| Rules::parse(bytes).permits(&url).group.is_some());
    if says { bytes.into() } else { Arc::default() }
}
