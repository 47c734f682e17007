//! The seeds: where each crawl begins, and how far it goes from there.
//!
//! - `file` reads seed files, a bad one beside the good ones

pub mod file;

use std::collections::HashMap;
use std::time::Duration;

use regex::RegexSet;
use url::Url;

use crate::canonical::{self, CanonicalUrl, HostKey};
use crate::config::{Config, units::Hours};
use crate::frontier::Reason;
use crate::scope::{Reach, Scope, Verdict, bare};

pub use file::{Reading, read_dir, read_file, read_toml};

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
    /// Its hosts are asked only within these hours.
    pub hours: Option<Hours>,
    /// Its hosts are asked though their certificates are broken.
    pub allow_broken_certificate: bool,
    /// The file and line that name it.
    place: String,
    reach: Reach,
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
        Self {
            name,
            place: source.clone(),
            source,
            urls,
            delay,
            hours: None,
            allow_broken_certificate: false,
            reach: reach.clone(),
            scope,
        }
    }

    /// A seed of nothing but a URL: its host, everything on it.
    pub fn from_url(url: &Url, source: &str) -> Self {
        let name = url.host_str().unwrap_or_default().to_owned();
        let none = (RegexSet::empty(), RegexSet::empty());
        Self::new(name, source.to_owned(), vec![url.clone()], &Reach::Host, none, None)
    }

    /// As a seed file says it.
    pub fn to_toml(&self) -> toml::Table {
        let texts = |texts: &[String]| texts.iter().cloned().map(toml::Value::String).collect();
        let scope = match &self.reach {
            Reach::Host => toml::Value::from("host"),
            Reach::Domain => toml::Value::from("domain"),
            Reach::Hosts(hosts) => {
                toml::Value::Array(hosts.iter().map(|host| host.as_str().into()).collect())
            }
        };
        let mut table = toml::Table::new();
        // The archive says so for ever: without credentials.
        let urls = self.urls.iter().map(|url| canonical::spelling(url).as_str().into()).collect();
        table.insert("name".to_owned(), self.name.as_str().into());
        table.insert("urls".to_owned(), toml::Value::Array(urls));
        table.insert("scope".to_owned(), scope);
        for (key, patterns) in
            [("include", self.scope.include()), ("exclude", self.scope.exclude())]
        {
            if !patterns.is_empty() {
                table.insert(key.to_owned(), toml::Value::Array(texts(patterns)));
            }
        }
        if let Some(delay) = self.delay {
            table.insert("delay".to_owned(), format!("{}ms", delay.as_millis()).into());
        }
        if let Some(hours) = &self.hours {
            table.insert("hours".to_owned(), hours.to_string().into());
        }
        if self.allow_broken_certificate {
            table.insert("allow_broken_certificate".to_owned(), true.into());
        }
        table
    }

    /// How far it reaches.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

/// All seeds of a run: tens of thousands of them, so that none is looked for one by one.
#[derive(Debug, Clone, Default)]
pub struct Seeds {
    all: Vec<Seed>,
    by_name: HashMap<String, usize>,
    /// The seeds whose scope holds a host, or all hosts of a domain.
    by_host: HashMap<String, Vec<usize>>,
    by_domain: HashMap<String, Vec<usize>>,
}

impl Seeds {
    /// These seeds; of two with one name the second gives way.
    pub fn new(seeds: Vec<Seed>) -> Self {
        let mut kept = Self::default();
        for seed in seeds {
            if kept.by_name.contains_key(&seed.name) {
                continue;
            }
            let index = kept.all.len();
            kept.by_name.insert(seed.name.clone(), index);
            for host in seed.scope.hosts() {
                kept.by_host.entry(host.clone()).or_default().push(index);
            }
            for domain in seed.scope.domains() {
                kept.by_domain.entry(domain.clone()).or_default().push(index);
            }
            kept.all.push(seed);
        }
        kept
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Seed> {
        self.all.iter()
    }

    /// The one with this name.
    pub fn get(&self, name: &str) -> Option<&Seed> {
        self.all.get(*self.by_name.get(name)?)
    }

    /// The seeds whose scope holds a host.
    fn of_host(&self, host: &HostKey) -> impl Iterator<Item = &Seed> {
        let by_name = self.by_host.get(bare(host.as_str())).into_iter().flatten();
        let suffixes =
            std::iter::successors(Some(host.as_str()), |name| Some(name.split_once('.')?.1));
        let by_domain = suffixes.filter_map(|name| self.by_domain.get(name)).flatten();
        by_name.chain(by_domain).filter_map(|index| self.all.get(*index))
    }

    /// Whether a host belongs to one of them.
    pub fn has_host(&self, host: &HostKey) -> bool {
        self.of_host(host).next().is_some()
    }

    /// The greatest delay that a seed of this host asks for.
    pub fn delay_of(&self, host: &HostKey) -> Option<Duration> {
        self.of_host(host).filter_map(|seed| seed.delay).max()
    }

    /// The hours in which a host may be asked, by the first of its seeds that says any.
    pub fn hours_of(&self, host: &HostKey) -> Option<&Hours> {
        self.of_host(host).find_map(|seed| seed.hours.as_ref())
    }

    /// Whether a seed of this host allows its certificate to be broken.
    pub fn allows_broken_certificate(&self, host: &HostKey) -> bool {
        self.of_host(host).any(|seed| seed.allow_broken_certificate)
    }

    /// Whether a URL found from a seed is taken in, and by which seed. The seed that it was found
    /// from decides about its own hosts; about others the first seed that takes it in, or where
    /// none does, the first whose host it is.
    pub fn judge<'a>(
        &'a self,
        from: &'a str,
        url: &CanonicalUrl,
        depth: u32,
        config: &Config,
    ) -> (Verdict, &'a str) {
        let host = url.host();
        let ask = |seed: &'a Seed| (seed.scope.judge(url, depth, config), seed.name.as_str());
        if let Some(own) = self.get(from).filter(|seed| seed.scope.has_host(&host)) {
            return ask(own);
        }
        let mut first = None;
        for asked in self.of_host(&host).map(ask) {
            if asked.0 == Verdict::In {
                return asked;
            }
            first = first.or(Some(asked));
        }
        first.unwrap_or_else(|| (Verdict::Out(Reason::new("scope", host.to_string())), from))
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
        let config = Config::default();
        let judge = |text: &str| {
            let url = CanonicalUrl::new(&Url::parse(text).unwrap()).unwrap();
            let (verdict, name) = seeds.judge("www.qingshan.gov.cn", &url, 1, &config);
            (verdict == Verdict::In, name.to_owned())
        };
        assert_eq!(judge("http://www.qingshan.gov.cn/a"), (true, "www.qingshan.gov.cn".to_owned()));
        assert_eq!(judge("http://www.yunling.gov.cn/a"), (true, "www.yunling.gov.cn".to_owned()));
        assert!(!judge("http://www.elsewhere.gov.cn/a").0);
    }

    #[test]
    fn what_one_seed_leaves_out_another_may_take_in_but_not_over_the_head_of_its_own() {
        let url = |path: &str| Url::parse(&format!("http://www.yunling.gov.cn/{path}")).unwrap();
        let seed = |name: &str, include: &str| {
            let include = RegexSet::new([include]).unwrap();
            let patterns = (include, RegexSet::empty());
            Seed::new(name.to_owned(), String::new(), vec![url("")], &Reach::Host, patterns, None)
        };
        let seeds = Seeds::new(vec![seed("laws", "/law/"), seed("reports", "/nb/")]);
        let config = Config::default();
        let judge = |from: &'static str, path: &str| {
            let (verdict, name) =
                seeds.judge(from, &CanonicalUrl::new(&url(path)).unwrap(), 1, &config);
            (verdict == Verdict::In, name.to_owned())
        };
        assert_eq!(judge("elsewhere", "nb/1.html"), (true, "reports".to_owned()));
        assert_eq!(judge("elsewhere", "x/1.html"), (false, "laws".to_owned()));
        assert_eq!(judge("laws", "nb/1.html"), (false, "laws".to_owned()));
    }

    #[test]
    fn what_is_archived_of_a_seed_bears_no_credentials() {
        let url = Url::parse("http://user:secret@www.qingshan.gov.cn/").unwrap();
        let seed = Seed::from_url(&url, "command line");
        let kept = seed.to_toml().to_string();
        assert!(kept.contains("http://www.qingshan.gov.cn/") && !kept.contains("secret"), "{kept}");
    }

    #[test]
    fn a_host_belongs_to_each_seed_whose_scope_holds_it() {
        let url = Url::parse("http://www.qingshan.gov.cn/").unwrap();
        let none = || (RegexSet::empty(), RegexSet::empty());
        let seed = |name: &str, reach: &Reach, seconds| {
            let delay = Some(Duration::from_secs(seconds));
            Seed::new(name.to_owned(), String::new(), vec![url.clone()], reach, none(), delay)
        };
        let seeds = Seeds::new(vec![seed("a", &Reach::Host, 3), seed("b", &Reach::Domain, 5)]);
        let host = |name: &str| HostKey::from(name.to_owned());
        assert_eq!(seeds.delay_of(&host("qingshan.gov.cn")), Some(Duration::from_secs(5)));
        assert_eq!(seeds.delay_of(&host("tjj.qingshan.gov.cn")), Some(Duration::from_secs(5)));
        assert!(!seeds.has_host(&host("gov.cn")) && !seeds.has_host(&host("yunling.gov.cn")));
    }
}
