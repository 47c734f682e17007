//! robots.txt as rules, and the match of a URL against them (RFC 9309, section 2.2).
//!
//! The lines are read by the `robotstxt` crate; groups, percent-encoding and matching are ours,
//! since the crate's matcher reads the file anew for each URL, is quadratic on wildcards, and
//! compares encoded with plain letters.

use std::time::Duration;

use robotstxt::RobotsParseHandler;
use robotstxt::parser::RobotsTxtParser;
use url::Position;

use super::AGENT;
use crate::canonical::CanonicalUrl;

/// So much of the file is read, up to the last whole line (RFC 9309, section 2.5: 500 KiB at least).
const MAX_BYTES: usize = 512 * 1024;

/// A longer line holds no rule for a URL that we would admit, and is passed over.
const MAX_LINE_BYTES: usize = 4_096;

/// A Crawl-delay beyond this is a mistake or a wall; the host is then asked once a day.
const MAX_CRAWL_DELAY: f64 = 86_400.0;

/// The part of the file that is read and kept: at most 512 KiB, cut at a line.
pub fn kept(bytes: &[u8]) -> &[u8] {
    let Some(head) = bytes.get(..MAX_BYTES).filter(|_| bytes.len() > MAX_BYTES) else {
        return bytes;
    };
    let end = head.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
    end.and_then(|end| head.get(..=end)).unwrap_or_default()
}

/// What a robots.txt says to us.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The longest first, Allow before Disallow: the first that matches decides.
    by_length: Vec<Rule>,
    group: Option<&'static str>,
    crawl_delay: Option<Duration>,
    sitemaps: Vec<String>,
}

#[derive(Debug, Clone)]
struct Rule {
    allow: bool,
    pattern: Pattern,
    number: u32,
    text: String,
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
    /// Reads a robots.txt. What is no robots.txt holds no rules, and so allows everything.
    pub fn parse(bytes: &[u8]) -> Self {
        let lines = lines(kept(bytes));
        let mut reader = Reader { lines: &lines, ..Reader::default() };
        for (index, line) in lines.iter().enumerate() {
            reader.number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            robotstxt::parse_robotstxt(line, &mut reader);
        }
        reader.finish()
    }

    /// Whether the URL may be asked for, and which line says so.
    pub fn permits(&self, url: &CanonicalUrl) -> Decision {
        let decision = |allowed, line| Decision { allowed, group: self.group, line };
        let path = path_and_query(url.as_url());
        if self.by_length.is_empty() || path == "/robots.txt" {
            return decision(true, None);
        }
        let path = normal_path(path);
        match self.by_length.iter().find(|rule| rule.pattern.matches(&path)) {
            Some(rule) => decision(rule.allow, Some((rule.number, rule.text.clone()))),
            None => decision(true, None),
        }
    }

    /// The gap between two requests that the file asks for (`Crawl-delay`, no part of the RFC).
    pub fn crawl_delay(&self) -> Option<Duration> {
        self.crawl_delay
    }

    /// The sitemaps that the file names, for everyone.
    pub fn sitemaps(&self) -> &[String] {
        &self.sitemaps
    }
}

/// The lines of the file as text; what is no UTF-8 is replaced, and matches nothing.
fn lines(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    let line = |line: &str| {
        if line.len() > MAX_LINE_BYTES { String::new() } else { line.to_owned() }
    };
    text.split('\n').map(line).collect()
}

/// Whom the lines that follow are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Group {
    us: bool,
    all: bool,
}

#[derive(Default)]
struct Reader<'a> {
    lines: &'a [String],
    number: u32,
    group: Group,
    /// The last line of the group was a rule: a User-agent line begins another group.
    in_rules: bool,
    named_us: bool,
    ours: Said,
    everyones: Said,
    sitemaps: Vec<String>,
}

#[derive(Default)]
struct Said {
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

impl Reader<'_> {
    /// The value is read from the line itself: the crate loses a `%` that escapes nothing.
    fn rule(&mut self, allow: bool) {
        self.in_rules = true;
        let index = usize::try_from(self.number).unwrap_or(usize::MAX).saturating_sub(1);
        let line = self.lines.get(index).map(String::as_str).unwrap_or_default();
        let (_, value, _) = RobotsTxtParser::<Self>::parse_key_value(line);
        let Some(pattern) = Pattern::new(value) else {
            return;
        };
        let rule = Rule { allow, pattern, number: self.number, text: line.trim().to_owned() };
        if self.group.us {
            self.ours.rules.push(rule.clone());
        }
        if self.group.all {
            self.everyones.rules.push(rule);
        }
    }

    fn finish(self) -> Rules {
        let (said, group) = match (self.named_us, self.everyones) {
            (true, _) => (self.ours, Some(AGENT)),
            (false, said) if said.rules.is_empty() && said.crawl_delay.is_none() => (said, None),
            (false, said) => (said, Some("*")),
        };
        let mut rules = said.rules;
        rules.sort_by_key(|rule| (std::cmp::Reverse(rule.pattern.length), !rule.allow));
        Rules { by_length: rules, group, crawl_delay: said.crawl_delay, sitemaps: self.sitemaps }
    }
}

impl RobotsParseHandler for Reader<'_> {
    fn handle_robots_start(&mut self) {}

    fn handle_robots_end(&mut self) {}

    fn handle_user_agent(&mut self, _line: u32, value: &str) {
        if std::mem::take(&mut self.in_rules) {
            self.group = Group::default();
        }
        let token = value.split(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '-' | '_')));
        let us = token.into_iter().next().is_some_and(|token| token.eq_ignore_ascii_case(AGENT));
        self.group.us |= us;
        self.named_us |= us;
        self.group.all |= value == "*" || value.starts_with("* ") || value.starts_with("*\t");
    }

    fn handle_allow(&mut self, _line: u32, _value: &str) {
        self.rule(true);
    }

    fn handle_disallow(&mut self, _line: u32, _value: &str) {
        self.rule(false);
    }

    fn handle_sitemap(&mut self, _line: u32, value: &str) {
        self.sitemaps.push(value.to_owned());
    }

    fn handle_unknown_action(&mut self, _line: u32, action: &str, value: &str) {
        if !action.eq_ignore_ascii_case("crawl-delay") {
            return;
        }
        let Some(seconds) = value.parse::<f64>().ok().filter(|s| s.is_finite() && *s >= 0.0) else {
            return;
        };
        let delay = Duration::from_secs_f64(seconds.min(MAX_CRAWL_DELAY));
        for (applies, said) in
            [(self.group.us, &mut self.ours), (self.group.all, &mut self.everyones)]
        {
            if applies {
                said.crawl_delay = said.crawl_delay.max(Some(delay));
            }
        }
    }
}

/// A pattern in normal form, cut at its wildcards.
#[derive(Debug, Clone)]
struct Pattern {
    /// What must begin the path.
    head: String,
    /// What must follow, in this order, with anything between.
    rest: Vec<String>,
    /// It must reach the path's end.
    anchored: bool,
    /// In octets: the longest pattern that matches decides.
    length: usize,
}

impl Pattern {
    /// None for an empty value, which rules nothing.
    fn new(value: &str) -> Option<Self> {
        if value.is_empty() {
            return None;
        }
        let (value, anchored) = match value.strip_suffix('$') {
            Some(value) => (value, true),
            None => (value, false),
        };
        let length = value.len() + usize::from(anchored);
        let mut parts = value.split('*').map(|part| normal(part, false));
        let head = parts.next().unwrap_or_default();
        let rest: Vec<String> = parts.collect();
        // A rule without its slash means the path all the same.
        let head = if head.is_empty() || head.starts_with('/') { head } else { format!("/{head}") };
        Some(Self { head, rest, anchored, length })
    }

    /// Each part is looked for once, from the left: no pattern takes more than one way through.
    fn matches(&self, path: &str) -> bool {
        let Some(mut left) = path.strip_prefix(self.head.as_str()) else {
            return false;
        };
        let Some((last, middle)) = self.rest.split_last() else {
            return !self.anchored || left.is_empty();
        };
        for part in middle {
            let Some((_, after)) = left.split_once(part.as_str()) else {
                return false;
            };
            left = after;
        }
        if self.anchored { left.ends_with(last.as_str()) } else { left.contains(last.as_str()) }
    }
}

fn path_and_query(url: &url::Url) -> &str {
    &url[Position::BeforePath..Position::AfterQuery]
}

fn normal_path(path: &str) -> String {
    normal(path, true)
}

/// Percent-encoding in normal form: unreserved letters plain, everything else that is encoded in
/// upper case, what is not ASCII encoded (RFC 9309, section 2.2.2). In a URL `*` and `$` are
/// themselves and stand encoded, so that a pattern's `%2A` and `%24` meet them.
fn normal(text: &str, is_url: bool) -> String {
    let mut bytes = text.bytes().peekable();
    let mut out = String::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => match escaped(&mut bytes) {
                Some(byte) if is_unreserved(byte) => out.push(char::from(byte)),
                Some(byte) => encode(&mut out, byte),
                None => out.push_str("%25"),
            },
            b'*' | b'$' if is_url => encode(&mut out, byte),
            byte if byte.is_ascii_graphic() => out.push(char::from(byte)),
            byte => encode(&mut out, byte),
        }
    }
    out
}

fn encode(out: &mut String, byte: u8) {
    out.push('%');
    for digit in [byte >> 4, byte & 15] {
        out.extend(char::from_digit(u32::from(digit), 16).map(|digit| digit.to_ascii_uppercase()));
    }
}

/// The two digits after a `%`, taken only if they are digits.
fn escaped<I: Iterator<Item = u8> + Clone>(bytes: &mut std::iter::Peekable<I>) -> Option<u8> {
    let mut ahead = bytes.clone();
    let high = char::from(ahead.next()?).to_digit(16)?;
    let low = char::from(ahead.next()?).to_digit(16)?;
    *bytes = ahead;
    u8::try_from(high * 16 + low).ok()
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn allowed(robots: &str, path: &str) -> bool {
        let url = url::Url::parse(&format!("http://x.gov.cn{path}")).unwrap();
        Rules::parse(robots.as_bytes()).permits(&CanonicalUrl::new(&url).unwrap()).allowed
    }

    fn check(rules: &str, cases: &[(&str, bool)]) {
        for (path, expected) in cases {
            assert_eq!(
                allowed(&format!("User-agent: *\n{rules}"), path),
                *expected,
                "{rules:?} {path}"
            );
        }
    }

    #[test]
    fn the_longest_match_decides_and_allow_wins_a_tie() {
        check("Disallow: /\nAllow: /zwgk/", &[("/zwgk/a", true), ("/zwg", false), ("/", false)]);
        check("Allow: /p\nDisallow: /", &[("/page", true), ("/x", false)]);
        check("Allow: /folder\nDisallow: /folder", &[("/folder/page", true)]);
        check("Allow: /page\nDisallow: /*.htm", &[("/page.htm", false)]);
        check("Disallow:", &[("/", true)]);
        check("Disallow: /", &[("/robots.txt", true)]);
    }

    #[test]
    fn wildcards_and_the_end_are_matched_as_the_rfc_says() {
        check(
            "Disallow: /*.pdf$",
            &[("/x.pdf.pdf", false), ("/x.pdf", false), ("/x.pdfx", true), ("/x.pdf?a=1", true)],
        );
        check("Disallow: /fish*", &[("/fish", false), ("/fish.html", false), ("/Fish.asp", true)]);
        check("Disallow: *gif$", &[("/a/b.gif", false), ("/b.gift", true)]);
        check("Disallow: /a*b*c", &[("/axxbxxc", false), ("/axxcxxb", true), ("/abc/d", false)]);
        check("Disallow: /a$", &[("/a", false), ("/ab", true)]);
        check("Disallow: /index.html", &[("/", true), ("/index.html", false)]);
    }

    #[test]
    fn percent_encoding_is_compared_in_normal_form() {
        check("Disallow: /foo/bar/ツ", &[("/foo/bar/%E3%83%84", false), ("/foo/bar/ツ", false)]);
        check("Disallow: /a%3cd.html", &[("/a%3Cd.html", false), ("/a%3cd.html", false)]);
        check("Disallow: /%7Ejoe/", &[("/~joe/a", false), ("/%7ejoe/a", false)]);
        check("Disallow: /a%2fb", &[("/a%2Fb", false), ("/a/b", true)]);
        check(
            "Disallow: /path/file-with-a-%2A.html",
            &[("/path/file-with-a-*.html", false), ("/path/file-with-a-x.html", true)],
        );
    }

    #[test]
    fn our_group_overrides_everyones_even_if_it_is_empty() {
        let robots = "User-agent: *\nDisallow: /\n\nUser-agent: GongKai\nDisallow:\n";
        assert!(allowed(robots, "/a"));
        let merged = "User-agent: gongkai/2.0\nDisallow: /a\n\nUser-agent: other\nDisallow: /\n\
            User-agent: gongkai\nDisallow: /b\n";
        assert!(!allowed(merged, "/a") && !allowed(merged, "/b") && allowed(merged, "/c"));
        let shared = "User-agent: one\nUser-agent: gongkai\nDisallow: /a\n";
        assert!(!allowed(shared, "/a"));
        assert!(allowed("User-agent: gongkaibot\nDisallow: /", "/a"), "another name");
    }

    #[test]
    fn a_bom_and_any_line_ending_are_read() {
        for robots in [
            "\u{feff}User-agent: *\nDisallow: /a",
            "User-agent: *\r\nDisallow: /a\r\n",
            "User-agent: *\rDisallow: /a",
            "user-agent:*\n\n# a comment\nDISALLOW : /a # why",
        ] {
            assert!(!allowed(robots, "/a"), "{robots:?}");
        }
    }

    #[test]
    fn the_line_that_decides_is_named() {
        let rules = Rules::parse(b"User-agent: *\n\nDisallow: /a  # no\nCrawl-delay: 2.5\nSitemap: http://x.gov.cn/s.xml");
        let url = CanonicalUrl::new(&url::Url::parse("http://x.gov.cn/ab").unwrap()).unwrap();
        let decision = rules.permits(&url);
        assert_eq!(decision.line, Some((3, "Disallow: /a  # no".to_owned())));
        assert_eq!(decision.group, Some("*"));
        assert_eq!(rules.crawl_delay(), Some(Duration::from_millis(2500)));
        assert_eq!(rules.sitemaps(), ["http://x.gov.cn/s.xml"]);
    }

    #[test]
    fn rubbish_and_ten_megabytes_are_read_as_far_as_they_go() {
        assert!(allowed("<html><body>404</body></html>", "/a"));
        let mut long = b"User-agent: *\nDisallow: /a\n".to_vec();
        long.resize(10 << 20, b'x');
        let url = CanonicalUrl::new(&url::Url::parse("http://x.gov.cn/a").unwrap()).unwrap();
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
            let ours = Pattern::new(&pattern).unwrap().matches(&path);
            prop_assert_eq!(ours, naive(pattern.as_bytes(), path.as_bytes()));
        }

        #[test]
        fn no_bytes_bring_it_down(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let url = CanonicalUrl::new(&url::Url::parse("http://x.gov.cn/a").unwrap()).unwrap();
            let _ = Rules::parse(&bytes).permits(&url);
        }

        #[test]
        fn no_text_brings_it_down(text in "(User-agent|Disallow|Allow)?:? ?\\PC{0,60}") {
            let _ = Rules::parse(text.as_bytes()).crawl_delay();
        }
    }
}
