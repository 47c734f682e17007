//! How far a seed reaches: which URLs are its own, which are none of ours, and why.
//!
//! - `traps`: URLs that a portal makes without end
//!
//! The rules are asked in this order, and the first that says no gives the reason: `scope` (the
//! host), `port` and `address` (what is not asked wherever it is found: `fetch::check_url`), `exclude`, `include`, `depth`, `kind` (a file that is neither page nor report), `trap`.
//! A seed's own pages, and what they redirect to, need match no `include`: they lead to what does.
//! Patterns match a URL as it is sent or as it is read, so `年报` finds `%E5%B9%B4%E6%8A%A5`.

pub mod traps;

use std::borrow::Cow;

use regex::RegexSet;

use crate::canonical::{CanonicalUrl, HostKey};
use crate::config::Config;
use crate::fetch::{self, Refused};
use crate::frontier::Reason;

/// Path endings of files that are neither pages nor reports: never asked for. Packed files among
/// them, since nothing here looks into one.
const OTHER_KINDS: [&str; 63] = [
    "jpg", "jpeg", "png", "gif", "bmp", "svg", "ico", "webp", "tif", "tiff", "psd", "avif", "heic",
    "css", "less", "scss", "js", "mjs", "json", "map", "woff", "woff2", "ttf", "eot", "otf", "mp3",
    "m4a", "wma", "wav", "ogg", "aac", "amr", "mid", "mp4", "m4v", "avi", "wmv", "mov", "flv",
    "swf", "mkv", "webm", "mpg", "mpeg", "rm", "rmvb", "3gp", "m3u8", "exe", "msi", "apk", "ipa",
    "dmg", "iso", "jar", "cab", "deb", "rpm", "zip", "rar", "7z", "tar", "tgz",
];

/// Which hosts a seed reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// The host of its URLs; a leading `www.` makes no difference, since portals redirect between
    /// the two.
    Host,
    /// All hosts under the registrable domain of its URLs (Public Suffix List: `gov.cn` is a
    /// suffix, `beijing.gov.cn` a domain).
    Domain,
    /// These hosts.
    Hosts(Vec<HostKey>),
}

/// How far one seed reaches, ready to be asked.
#[derive(Debug, Clone)]
pub struct Scope {
    hosts: Vec<String>,
    domains: Vec<String>,
    include: RegexSet,
    exclude: RegexSet,
}

/// Whether a URL is taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    In,
    /// It is not; with the word of the rule that says so.
    Out(Reason),
}

impl Scope {
    /// The scope of a seed with these URLs.
    pub fn new(urls: &[CanonicalUrl], reach: &Reach, include: RegexSet, exclude: RegexSet) -> Self {
        let (mut hosts, mut domains) = (Vec::new(), Vec::new());
        for url in urls {
            let host = url.host();
            match reach {
                Reach::Host => hosts.push(bare(host.as_str()).to_owned()),
                Reach::Hosts(listed) => {
                    hosts.extend(listed.iter().map(|host| bare(host.as_str()).to_owned()));
                    hosts.push(bare(host.as_str()).to_owned());
                }
                Reach::Domain => match psl::domain_str(host.as_str()) {
                    Some(domain) if !is_address(url) => domains.push(domain.to_owned()),
                    _ => hosts.push(bare(host.as_str()).to_owned()),
                },
            }
        }
        for list in [&mut hosts, &mut domains] {
            list.sort_unstable();
            list.dedup();
        }
        Self { hosts, domains, include, exclude }
    }

    /// The hosts that it holds by name, without a leading `www.`.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// The domains all of whose hosts it holds.
    pub fn domains(&self) -> &[String] {
        &self.domains
    }

    /// The patterns of which one must match.
    pub fn include(&self) -> &[String] {
        self.include.patterns()
    }

    /// The patterns of which none may match.
    pub fn exclude(&self) -> &[String] {
        self.exclude.patterns()
    }

    /// Whether a host is one of the seed's.
    pub fn has_host(&self, host: &HostKey) -> bool {
        let name = host.as_str();
        let under = |domain: &String| {
            name.strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.hosts.iter().any(|known| known == bare(name)) || self.domains.iter().any(under)
    }

    /// Whether a URL so many links from the seed is taken in.
    pub fn judge(&self, url: &CanonicalUrl, depth: u32, config: &Config) -> Verdict {
        let out = |word, detail: String| Verdict::Out(Reason::new(word, detail));
        if !self.has_host(&url.host()) {
            return out("scope", url.host().to_string());
        }
        match fetch::check_url(&config.network, url.as_url()) {
            Ok(()) => {}
            Err(why @ Refused::Port(_)) => return out("port", why.to_string()),
            Err(why @ Refused::Address { .. }) => return out("address", why.to_string()),
            Err(why @ Refused::Scheme(_)) => return out("scope", why.to_string()),
        }
        if let Some(pattern) = matching(&self.exclude, url) {
            return out("exclude", pattern.to_owned());
        }
        let must_match = depth > 0 && !self.include.is_empty();
        if must_match && matching(&self.include, url).is_none() {
            return out("include", "no pattern of the seed's `include` matches".to_owned());
        }
        if depth > config.scope.max_depth {
            return out(
                "depth",
                format!(
                    "{depth} links from the seed, scope.max_depth is {}",
                    config.scope.max_depth
                ),
            );
        }
        if let Some(kind) = other_kind(url.as_url().path()) {
            return out("kind", kind.to_owned());
        }
        match traps::trap(url.as_url()) {
            Some(why) => out("trap", why.to_owned()),
            None => Verdict::In,
        }
    }
}

/// A host's name without a leading `www.`.
pub fn bare(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// The first pattern that matches a URL, as it is sent or as it is read.
fn matching<'a>(patterns: &'a RegexSet, url: &CanonicalUrl) -> Option<&'a str> {
    if patterns.is_empty() {
        return None;
    }
    let sent = url.as_str();
    let first = |text: &str| patterns.matches(text).into_iter().next();
    let index = first(sent).or_else(|| match as_read(sent) {
        Cow::Borrowed(_) => None,
        Cow::Owned(read) => first(&read),
    })?;
    patterns.patterns().get(index).map(String::as_str)
}

/// A URL with its percent-encoded letters undone; as it is where they are not UTF-8.
fn as_read(url: &str) -> Cow<'_, str> {
    if !url.contains('%') {
        return Cow::Borrowed(url);
    }
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let mut rest = url.as_bytes();
    let mut read = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        let letter = (*first == b'%')
            .then(|| u8::try_from(digit(after.first())? * 16 + digit(after.get(1))?).ok())
            .flatten();
        read.push(letter.unwrap_or(*first));
        rest = letter.and_then(|_| after.get(2..)).unwrap_or(after);
    }
    String::from_utf8(read).map_or(Cow::Borrowed(url), Cow::Owned)
}

fn is_address(url: &CanonicalUrl) -> bool {
    !matches!(url.as_url().host(), Some(url::Host::Domain(_)))
}

fn other_kind(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next()?;
    let (_, ending) = name.rsplit_once('.')?;
    OTHER_KINDS.into_iter().find(|kind| kind.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> CanonicalUrl {
        CanonicalUrl::new(&url::Url::parse(text).unwrap()).unwrap()
    }

    fn scope(reach: &Reach, include: &[&str], exclude: &[&str]) -> Scope {
        Scope::new(
            &[url("http://www.qingshan.gov.cn/")],
            reach,
            RegexSet::new(include).unwrap(),
            RegexSet::new(exclude).unwrap(),
        )
    }

    fn word(scope: &Scope, text: &str) -> &'static str {
        let config = Config::default();
        match scope.judge(&url(text), 3, &config) {
            Verdict::In => "in",
            Verdict::Out(reason) => reason.word,
        }
    }

    #[test]
    fn a_seed_reaches_its_host_with_and_without_www_and_on_any_port() {
        let scope = scope(&Reach::Host, &[], &[]);
        assert_eq!(word(&scope, "http://www.qingshan.gov.cn/a"), "in");
        assert_eq!(word(&scope, "https://qingshan.gov.cn:8443/a"), "in");
        assert_eq!(word(&scope, "http://tj.qingshan.gov.cn/a"), "scope");
        assert_eq!(word(&scope, "http://www.yunling.gov.cn/a"), "scope");
    }

    #[test]
    fn a_seed_may_reach_its_domain_or_a_list_of_hosts() {
        let domain = scope(&Reach::Domain, &[], &[]);
        assert_eq!(word(&domain, "http://tj.qingshan.gov.cn/a"), "in");
        assert_eq!(word(&domain, "http://fakeqingshan.gov.cn/a"), "scope");
        assert_eq!(word(&domain, "http://www.yunling.gov.cn/a"), "scope");
        let hosts = Reach::Hosts(vec![HostKey::from("tj.qingshan.gov.cn".to_owned())]);
        let hosts = scope(&hosts, &[], &[]);
        assert_eq!(word(&hosts, "http://tj.qingshan.gov.cn/a"), "in");
        assert_eq!(word(&hosts, "http://jt.qingshan.gov.cn/a"), "scope");
    }

    #[test]
    fn what_is_left_out_is_left_out_with_the_rule_that_says_so() {
        let scope = scope(&Reach::Host, &["/zwgk/"], &["/english/"]);
        let home = "http://www.qingshan.gov.cn";
        assert_eq!(word(&scope, &format!("{home}/zwgk/a.html")), "in");
        assert_eq!(word(&scope, &format!("{home}/zwgk/english/a.html")), "exclude");
        assert_eq!(word(&scope, &format!("{home}/news/a.html")), "include");
        assert_eq!(word(&scope, &format!("{home}/zwgk/a.JPG")), "kind");
        assert_eq!(word(&scope, &format!("{home}/zwgk/a.pdf")), "in");
        assert_eq!(word(&scope, &format!("{home}/zwgk/a/b/a/b/a/b/")), "trap");
        assert_eq!(word(&scope, &format!("{home}/zwgk/a.RMVB")), "kind");
        for report in ["pdf", "doc", "docx", "xls", "xlsx", "wps", "ofd"] {
            assert_eq!(word(&scope, &format!("{home}/zwgk/a.{report}")), "in", "{report}");
        }
        let mut deep = Config::default();
        deep.scope.max_depth = 2;
        let verdict = scope.judge(&url(&format!("{home}/zwgk/a.html")), 3, &deep);
        assert!(matches!(verdict, Verdict::Out(reason) if reason.word == "depth"));
    }

    #[test]
    fn a_link_to_an_odd_port_or_to_an_address_that_is_not_public_is_left_out() {
        let scope = scope(&Reach::Host, &[], &[]);
        assert_eq!(word(&scope, "http://www.qingshan.gov.cn:6379/a"), "port");
        assert_eq!(word(&scope, "https://www.qingshan.gov.cn:22/a"), "port");
        let urls = [url("http://www.qingshan.gov.cn/")];
        let hosts = Reach::Hosts(vec![HostKey::from("10.0.0.1".to_owned())]);
        let listed = Scope::new(&urls, &hosts, RegexSet::empty(), RegexSet::empty());
        assert_eq!(word(&listed, "http://10.0.0.1/a"), "address");
        assert_eq!(word(&listed, "http://0xa000001/a"), "address");
    }

    #[test]
    fn a_seeds_own_page_need_match_no_include_for_it_leads_to_what_does() {
        let scope = scope(&Reach::Host, &["/zwgk/"], &["/english/"]);
        let config = Config::default();
        let judge = |text: &str| scope.judge(&url(text), 0, &config);
        assert_eq!(judge("http://www.qingshan.gov.cn/index.html"), Verdict::In);
        assert_ne!(judge("http://www.qingshan.gov.cn/english/"), Verdict::In);
    }

    #[test]
    fn a_pattern_in_chinese_matches_the_url_that_it_reads_as() {
        let scope = scope(&Reach::Host, &["年报"], &["/英文/"]);
        let home = "http://www.qingshan.gov.cn";
        assert_eq!(word(&scope, &format!("{home}/年报/a.html")), "in");
        assert_eq!(word(&scope, &format!("{home}/%e5%b9%b4%E6%8A%A5/a.html")), "in");
        assert_eq!(word(&scope, &format!("{home}/年报/英文/a.html")), "exclude");
        assert_eq!(word(&scope, &format!("{home}/%C4%EA%B1%A8/a.html")), "include", "GBK");
    }

    proptest::proptest! {
        #[test]
        fn no_url_brings_it_down(text in "\\PC{0,40}", tail in "[%0-9a-fA-F.&=/]{0,40}") {
            let scope = scope(&Reach::Domain, &["年报"], &["x"]);
            if let Ok(url) = url::Url::parse(&format!("http://www.qingshan.gov.cn/{text}{tail}")) {
                let url = CanonicalUrl::new(&url).unwrap();
                drop(scope.judge(&url, 1, &Config::default()));
            }
        }
    }
}
