//! The seeds: where each crawl begins, and how far it goes from there.
//!
//! - `file` reads seed files, a bad one beside the good ones

pub mod file;

use std::time::Duration;

use regex::RegexSet;
use url::Url;

use crate::canonical::{CanonicalUrl, HostKey};
use crate::config;
use crate::frontier::Reason;
use crate::scope::{Reach, Scope, Verdict};

pub use file::{Reading, read_dir, read_file};

/// One portal: its name, where to begin, how far to go.
#[derive(Debug, Clone)]
pub struct Seed {
    /// Its name; for a bare URL, the host.
    pub name: String,
    /// The file that it was read from, or `command line`.
    pub source: String,
    /// Where to begin, one or more.
    pub urls: Vec<Url>,
    /// The least gap between two requests to its hosts.
    pub delay: Option<Duration>,
    scope: Scope,
}

impl Seed {
    /// A seed whose parts were checked.
    pub fn new(
        name: String,
        source: String,
        urls: Vec<Url>,
        reach: &Reach,
        patterns: (RegexSet, RegexSet),
        delay: Option<Duration>,
    ) -> Self {
        let canonical: Vec<CanonicalUrl> =
            urls.iter().filter_map(|url| CanonicalUrl::new(url).ok()).collect();
        let scope = Scope::new(&canonical, reach, patterns.0, patterns.1);
        Self { name, source, urls, delay, scope }
    }

    /// A seed of nothing but a URL: its host, everything on it.
    pub fn from_url(url: &Url, source: &str) -> Self {
        let name = url.host_str().unwrap_or_default().to_owned();
        let none = (RegexSet::empty(), RegexSet::empty());
        Self::new(name, source.to_owned(), vec![url.clone()], &Reach::Host, none, None)
    }

    /// How far it reaches.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

/// All seeds of a run.
#[derive(Debug, Clone, Default)]
pub struct Seeds(Vec<Seed>);

impl Seeds {
    /// These seeds; of two with one name the second gives way.
    pub fn new(seeds: Vec<Seed>) -> Self {
        let mut kept: Vec<Seed> = Vec::with_capacity(seeds.len());
        let mut names = std::collections::HashSet::new();
        for seed in seeds {
            if names.insert(seed.name.clone()) {
                kept.push(seed);
            }
        }
        Self(kept)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Seed> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one with this name.
    pub fn get(&self, name: &str) -> Option<&Seed> {
        self.0.iter().find(|seed| seed.name == name)
    }

    /// Whether a host belongs to one of them.
    pub fn has_host(&self, host: &HostKey) -> bool {
        self.0.iter().any(|seed| seed.scope.has_host(host))
    }

    /// The greatest delay that a seed of this host asks for.
    pub fn delay_of(&self, host: &HostKey) -> Option<Duration> {
        let of_host = self.0.iter().filter(|seed| seed.scope.has_host(host));
        of_host.filter_map(|seed| seed.delay).max()
    }

    /// Whether a URL found from a seed is taken in, and by which seed: the one that it was found
    /// from, or another whose scope holds it.
    pub fn judge<'a>(
        &'a self,
        from: &'a str,
        url: &CanonicalUrl,
        depth: u32,
        limits: &config::Scope,
    ) -> (Verdict, &'a str) {
        let own = self.get(from);
        let verdict = match own {
            Some(seed) => seed.scope.judge(url, depth, limits),
            None => Verdict::Out(Reason::new("scope", url.host().to_string())),
        };
        if !matches!(&verdict, Verdict::Out(reason) if reason.word == "scope") {
            return (verdict, from);
        }
        let host = url.host();
        match self.0.iter().find(|seed| seed.scope.has_host(&host)) {
            Some(other) => (other.scope.judge(url, depth, limits), other.name.as_str()),
            None => (verdict, from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_into_another_seeds_portal_is_taken_in_by_that_seed() {
        let seed = |text: &str| Seed::from_url(&Url::parse(text).unwrap(), "command line");
        let seeds = Seeds::new(vec![
            seed("http://www.qingshan.gov.cn/"),
            seed("http://www.yunling.gov.cn/"),
        ]);
        let limits = config::Config::default().scope;
        let judge = |text: &str| {
            let url = CanonicalUrl::new(&Url::parse(text).unwrap()).unwrap();
            let (verdict, name) = seeds.judge("www.qingshan.gov.cn", &url, 1, &limits);
            (verdict == Verdict::In, name.to_owned())
        };
        assert_eq!(judge("http://www.qingshan.gov.cn/a"), (true, "www.qingshan.gov.cn".to_owned()));
        assert_eq!(judge("http://www.yunling.gov.cn/a"), (true, "www.yunling.gov.cn".to_owned()));
        assert!(!judge("http://www.elsewhere.gov.cn/a").0);
    }
}
