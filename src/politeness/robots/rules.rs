//! robots.txt as rules, and what they say of a URL (RFC 9309, section 2.2).
//!
//! Groups, percent-encoding and matching are ours: the matcher of the `robotstxt` crate reads the file
//! anew for each URL, is quadratic on wildcards, and compares encoded with plain letters.

use std::time::Duration;

use url::{Position, Url};

use super::AGENT;
use super::index::{Index, Rule, Span};
use super::limits::{self, VisitTime};
use super::lines::{self, Key, Lines, kept, without_mark};
use super::pattern::{Of, push_normal, with_plain_query};

/// What a robots.txt says to us.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The file, for the text of its lines.
    file: Vec<u8>,
    index: Index,
    group: Option<&'static str>,
    gap: Option<Duration>,
    visit_time: Option<VisitTime>,
    sitemaps: Vec<String>,
}

/// What robots.txt says of one URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// It may be asked for.
    pub allowed: bool,
    /// The group that spoke, as its User-agent line names it; none where no group is for us.
    pub group: Option<&'static str>,
    /// The line that decided, by number (from 1) and text; none where no rule matched.
    pub line: Option<(u32, String)>,
}

impl Rules {
    /// Reads a robots.txt. What is no robots.txt holds no rules, and so allows everything (section
    /// 2.3.1.1: what can be parsed is followed).
    pub fn parse(bytes: &[u8]) -> Self {
        let file = without_mark(kept(bytes));
        let file = file.as_ref();
        let mut reader = Reader::default();
        for (number, line) in (1..).zip(Lines::of(file)) {
            let span = Span::of(&line);
            if let Some(text) = lines::ascii(file.get(line).unwrap_or_default())
                && let Some((key, value)) = lines::read(&text)
            {
                reader.take(key, value, number, span);
            }
        }
        reader.finish(file)
    }

    /// Whether the URL may be asked for, and which line says so: that of the longest pattern that
    /// matches, counted in octets of its normal form; an Allow where two are as long (section 2.2.2).
    /// `/robots.txt` always may.
    pub fn permits(&self, url: &Url) -> Decision {
        let path = &url[Position::BeforePath..Position::AfterQuery];
        let rule = if path == "/robots.txt" || self.index.is_empty() {
            None
        } else {
            let mut normal = String::with_capacity(path.len() + 16);
            push_normal(&mut normal, path, Of::Url);
            self.index.find(&normal, with_plain_query(&normal).as_deref())
        };
        Decision {
            allowed: rule.is_none_or(|rule| rule.allow),
            group: self.group,
            line: rule.map(|rule| (rule.number, rule.line.text(&self.file))),
        }
    }

    /// The least gap between two requests that the file asks for: the greater of Crawl-delay and
    /// Request-rate, at most a day.
    pub fn gap(&self) -> Option<Duration> {
        self.gap
    }

    /// When the host wants to be visited; none where it does not say.
    pub fn visit_time(&self) -> Option<&VisitTime> {
        self.visit_time.as_ref()
    }

    /// The sitemaps that the file names, for everyone.
    pub fn sitemaps(&self) -> &[String] {
        &self.sitemaps
    }

    /// About how many bytes it takes in memory.
    pub fn size(&self) -> usize {
        let sitemaps: usize = self.sitemaps.iter().map(|one| size_of::<String>() + one.len()).sum();
        size_of::<Self>() + self.file.len() + self.index.size() + sitemaps
    }
}

/// Whom the lines that follow are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Group {
    us: bool,
    all: bool,
}

/// What the groups for one agent say, merged (section 2.2.1).
#[derive(Default)]
struct Said {
    rules: Vec<Rule>,
    gap: Option<Duration>,
    visit_time: Option<VisitTime>,
}

impl Said {
    fn add(&mut self, other: &Self) {
        self.rules.extend_from_slice(&other.rules);
        self.gap = self.gap.max(other.gap);
        if let Some(visit_time) = other.visit_time.clone() {
            match &mut self.visit_time {
                Some(times) => times.add(visit_time),
                None => self.visit_time = Some(visit_time),
            }
        }
    }
}

#[derive(Default)]
struct Reader {
    group: Group,
    /// A User-agent line was seen: what stands before the first is for nobody.
    in_group: bool,
    /// What the group at hand says.
    at_hand: Said,
    /// The group has a rule: a User-agent line begins another. Nothing else ends a group: what is no
    /// record of the RFC must not get between those that are (section 2.2.4).
    has_rule: bool,
    /// Whom any group was for.
    named: Group,
    ours: Said,
    everyones: Said,
    patterns: String,
    sitemaps: Vec<String>,
}

impl Reader {
    fn take(&mut self, key: Key, value: &str, number: u32, line: Span) {
        match key {
            Key::UserAgent => self.user_agent(value),
            Key::Allow => self.rule(true, value, number, line),
            Key::Disallow => self.rule(false, value, number, line),
            Key::Sitemap => self.sitemaps.push(value.to_owned()),
            Key::CrawlDelay | Key::RequestRate | Key::VisitTime if !self.in_group => {}
            Key::CrawlDelay => self.at_hand.gap = self.at_hand.gap.max(limits::crawl_delay(value)),
            Key::RequestRate => {
                self.at_hand.gap = self.at_hand.gap.max(limits::request_rate(value));
            }
            Key::VisitTime => {
                let visit_time = VisitTime::parse(value);
                self.at_hand.add(&Said { visit_time, ..Said::default() });
            }
        }
    }

    /// A product token is made of letters, `-` and `_`, and compared whole, whatever the case (section
    /// 2.2.1); what follows it (`/2.0`) is left aside.
    fn user_agent(&mut self, value: &str) {
        if std::mem::take(&mut self.has_rule) {
            self.end_group();
        }
        self.in_group = true;
        let end = value.find(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '-' | '_')));
        let token = value.get(..end.unwrap_or(value.len())).unwrap_or_default();
        self.group.us |= token.eq_ignore_ascii_case(AGENT);
        self.group.all |= value == "*" || value.starts_with("* ") || value.starts_with("*\t");
    }

    /// A rule without a value rules nothing, but is one.
    fn rule(&mut self, allow: bool, value: &str, number: u32, line: Span) {
        self.has_rule = true;
        if (self.group.us || self.group.all) && !value.is_empty() {
            self.at_hand.rules.push(Rule::new(&mut self.patterns, allow, value, number, line));
        }
    }

    fn end_group(&mut self) {
        let said = std::mem::take(&mut self.at_hand);
        let group = std::mem::take(&mut self.group);
        if group.us {
            self.named.us = true;
            self.ours.add(&said);
        }
        if group.all {
            self.named.all = true;
            self.everyones.add(&said);
        }
    }

    /// Our group, however little it says, overrides everyone's (section 2.2.1).
    fn finish(mut self, file: &[u8]) -> Rules {
        self.end_group();
        let (said, group) = match self.named {
            Group { us: true, .. } => (self.ours, Some(AGENT)),
            Group { all: true, .. } => (self.everyones, Some("*")),
            Group { .. } => (Said::default(), None),
        };
        let Said { rules, gap, visit_time } = said;
        let file = if rules.is_empty() { Vec::new() } else { file.to_vec() };
        let index = Index::new(self.patterns, rules);
        Rules { file, index, group, gap, visit_time, sitemaps: self.sitemaps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn allowed(robots: &str, path: &str) -> bool {
        let url = Url::parse(&format!("http://x.gov.cn{path}")).unwrap();
        Rules::parse(robots.as_bytes()).permits(&url).allowed
    }

    #[test]
    fn the_sitemaps_are_those_of_the_whole_file() {
        let rules =
            Rules::parse(b"Sitemap: http://x.gov.cn/a\nUser-agent: y\nSitemap: /b\nDisallow: /");
        assert_eq!(rules.sitemaps(), ["http://x.gov.cn/a", "/b"]);
    }

    #[test]
    fn rubbish_and_ten_megabytes_are_read_as_far_as_they_go() {
        assert!(allowed("<html><body>404</body></html>", "/a"));
        let mut long = b"User-agent: *\nDisallow: /a\n".to_vec();
        long.resize(10 << 20, b'x');
        let url = Url::parse("http://x.gov.cn/a").unwrap();
        assert!(!Rules::parse(&long).permits(&url).allowed);
        let hostile = format!("User-agent: *\nDisallow: /{}b\n", "a*".repeat(2_000));
        assert!(allowed(&hostile, &format!("/{}", "a".repeat(2_000))));
    }

    /// The RFC's matching, letter by letter, as slow as it is plain.
    fn naive(pattern: &[u8], path: &[u8]) -> bool {
        match pattern {
            [] => true,
            [b'$'] => path.is_empty(),
            [b'*', rest @ ..] => (0..=path.len()).any(|skip| naive(rest, &path[skip..])),
            [first, rest @ ..] => path.first() == Some(first) && naive(rest, &path[1..]),
        }
    }

    proptest! {
        #[test]
        fn a_pattern_matches_as_the_plain_reading_does(pattern in "/[ab*]{0,8}\\$?", path in "/[ab]{0,10}") {
            let ours = !allowed(&format!("User-agent: *\nDisallow: {pattern}"), &path);
            prop_assert_eq!(ours, naive(pattern.as_bytes(), path.as_bytes()));
        }

        #[test]
        fn no_text_brings_it_down(text in "(User-agent|Disallow|Allow)?:? ?\\PC{0,60}") {
            let _ = Rules::parse(text.as_bytes()).gap();
        }
    }
}
