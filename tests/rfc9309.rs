//! RFC 9309, sentence by sentence: what robots.txt says of a URL, and what an answer for it means.

mod cases;

use std::time::Duration;

use gongkai::clock::Moment;
use gongkai::exchange::{Ending, Exchange, Failure, FailureKind, Response, Truncated};
use gongkai::politeness::robots::{InForce, Rules, Standing};
use proptest::prelude::*;
use url::Url;

use cases::{ANSWERS, ERRORS, GROUPS, MATCHES, RuleCase};

const HOST: &str = "http://www.qingshan.gov.cn";

fn url(path: &str) -> Url {
    Url::parse(&format!("{HOST}{path}")).unwrap()
}

#[track_caller]
fn check((section, what, file, path, line): RuleCase) {
    let decision = Rules::parse(file).permits(&url(path));
    let number = decision.line.as_ref().map_or(0, |(number, _)| i64::from(*number));
    let found = (decision.allowed, number);
    assert_eq!(found, (line >= 0, line.abs()), "{section}: {what}");
}

#[test]
fn what_the_rfc_says_of_rules_holds_in_each_of_96_cases() {
    let cases = [GROUPS.as_slice(), &MATCHES, &ERRORS].concat();
    assert_eq!(cases.len(), 96);
    for case in cases {
        check(case);
    }
}

fn ending(answer: &[&str]) -> Ending {
    let response = |status, field: Option<(&str, &str)>| Response {
        protocol: "HTTP/1.1",
        status,
        reason: Vec::new(),
        fields: field.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        payload: b"User-agent: *\nDisallow: /a\n".to_vec(),
        coding: None,
        wire_length: 0,
        truncated: None,
    };
    let word = answer[0];
    if let Ok(status) = word.parse::<u16>() {
        let name = if status < 400 { "location" } else { "retry-after" };
        return Ending::Answered(response(status, answer.get(1).map(|value| (name, *value))));
    }
    if word == "cut" {
        let truncated = Truncated::from_word(answer[1]);
        assert!(truncated.is_some(), "{answer:?}");
        return Ending::Answered(Response { truncated, ..response(200, None) });
    }
    let kind = FailureKind::from_word(word).unwrap();
    Ending::Failed(Failure { kind, detail: String::new() })
}

fn hours(moment: Moment) -> i64 {
    moment.as_millis() / 3_600_000
}

/// What is in force after these answers, asked for as the crawl asks.
fn after(answers: &[&str]) -> InForce {
    let mut now: Option<InForce> = None;
    for answer in answers {
        let words: Vec<&str> = answer.split(' ').collect();
        let asked = now.as_ref().and_then(|now| Some((now.location.clone()?, now.redirects)));
        let (asked, redirects) =
            asked.unwrap_or_else(|| (Url::parse(HOST).unwrap().join("/robots.txt").unwrap(), 0));
        let exchange = Exchange {
            url: asked,
            started: Moment::default().after(Duration::from_hours(words[0].parse().unwrap())),
            elapsed: Duration::ZERO,
            address: None,
            tls: gongkai::exchange::Tls::default(),
            request: Vec::new(),
            ending: ending(&words[1..]),
        };
        now = Some(InForce::after(now, redirects, &exchange, None));
    }
    now.unwrap()
}

#[test]
fn what_the_rfc_says_of_answers_holds_in_each_of_36_cases() {
    for (section, what, answers, expected) in ANSWERS {
        let now = after(answers);
        let found = match (now.standing, &now.location) {
            (Standing::Redirect, Some(location)) => format!("redirect to {location}"),
            (standing, _) => format!("{} until {}", standing.as_str(), hours(now.expires_at)),
        };
        assert_eq!(found, expected, "{section}: {what}");
        if now.standing == Standing::Rules {
            assert!(!now.rules().permits(&url("/a")).allowed, "{section}: {what}");
        }
    }
}

/// Section 2.5: at least 500 KiB are read; what is beyond our limit is cut at a line.
#[test]
fn five_hundred_kibibytes_are_read_and_the_rest_is_cut_at_a_line() {
    let padded = |bytes: usize| {
        let mut file = b"User-agent: *\n".to_vec();
        while file.len() < bytes {
            file.extend_from_slice(b"# a line of no importance\n");
        }
        file.extend_from_slice(b"Disallow: /a\nDisallow: /b\n");
        file
    };
    let within = Rules::parse(&padded(500 * 1024));
    assert!(!within.permits(&url("/b")).allowed);
    let mut beyond = padded(512 * 1024 - 20);
    let end = beyond.len();
    beyond.extend_from_slice(&vec![b'x'; 1 << 20]);
    let read = gongkai::politeness::robots::kept(&beyond);
    assert!(read.len() <= 512 * 1024 && read.len() < end);
    assert_eq!(read.last(), Some(&b'\n'), "a rule is never cut in two");
}

/// Section 2.2.4: what the RFC does not know is ours to read, group by group.
#[test]
fn the_limits_are_those_of_our_group_and_of_all_its_agents() {
    let of = |file: &str| Rules::parse(file.as_bytes());
    let gap = |file: &str| of(file).gap().map(|gap| gap.as_secs());
    assert_eq!(gap("Crawl-delay: 9\nUser-agent: *\nDisallow: /a"), None, "for nobody");
    assert_eq!(gap("User-agent: *\nCrawl-delay: 9\nUser-agent: gongkai\nDisallow: /a"), Some(9));
    assert_eq!(gap("User-agent: *\nCrawl-delay: 9\nAllow: /\nUser-agent: gongkai\nAllow: /"), None);
    assert_eq!(gap("User-agent: *\nCrawl-delay: 9\nRequest-rate: 1/30s"), Some(30));
    assert_eq!(gap("User-agent: *\nCrawl-delay: 40\nRequest-rate: 1/30s 0100-0200"), Some(40));
    assert_eq!(
        gap("User-agent: *\nCrawl-delay: 1\nDisallow:\n\nUser-agent: *\nCrawl-delay: 5"),
        Some(5)
    );
    let times =
        of("User-agent: *\nVisit-time: 0600-0845\nVisit-time: 2200-0400\nVisit-time: never");
    assert_eq!(times.visit_time().unwrap().to_string(), "0600-0845, 2200-0400");
    assert!(of("User-agent: x\nVisit-time: 0600-0845").visit_time().is_none());
}

#[test]
fn the_decision_names_group_number_and_text() {
    let rules =
        Rules::parse("\u{feff}# 青杉市\r\nUser-agent: *\r\n  Disallow: /年  # 不\r\n".as_bytes());
    let decision = rules.permits(&url("/年报"));
    assert_eq!((decision.allowed, decision.group), (false, Some("*")));
    assert_eq!(decision.line, Some((3, "Disallow: /年  # 不".to_owned())));
    let ours = Rules::parse(b"User-agent: GongKai/1.0\nDisallow:\n").permits(&url("/"));
    assert_eq!((ours.group, ours.line), (Some("gongkai"), None));
    assert_eq!(Rules::parse(b"User-agent: x\nDisallow: /").permits(&url("/")).group, None);
}

fn file() -> impl Strategy<Value = String> {
    let agent = "User-agent: (\\*|gongkai|Gongkai/2|other)\n";
    let rule = "(Allow|Disallow): /[ab/]{0,6}(\\*|\\$|)\n";
    let other = "(# c|)\n";
    proptest::collection::vec(
        proptest::string::string_regex(&format!("({agent}|{rule}|{rule}|{other})")).unwrap(),
        0..12,
    )
    .prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Google's matcher as it was ported, where that is right: plain ASCII, no encoding, nothing after a `*`, no
    /// empty segment of a path, no `/index.html`, and no other record, which to it parts User-agent lines.
    #[test]
    fn the_matcher_of_others_says_the_same(file in file(), path in "(/[ab]{1,3}){1,4}/?") {
        let theirs = robotstxt::DefaultMatcher::default()
            .one_agent_allowed_by_robots(&file, "gongkai", &format!("{HOST}{path}"));
        prop_assert_eq!(Rules::parse(file.as_bytes()).permits(&url(&path)).allowed, theirs, "{}", file);
    }

    /// The rule that decides is the one that looking at each in turn would find.
    #[test]
    fn the_index_finds_what_a_look_at_every_rule_finds(
        patterns in proptest::collection::vec(("(Allow|Disallow)", "/[ab]{0,3}[ab*]{0,4}\\$?"), 0..40),
        path in "/[ab]{0,8}",
    ) {
        let lines = patterns.iter().map(|(key, pattern)| format!("{key}: {pattern}"));
        let file: Vec<String> = std::iter::once("User-agent: *".to_owned()).chain(lines).collect();
        let found = Rules::parse(file.join("\n").as_bytes()).permits(&url(&path));
        let alone = |(key, pattern): &(String, String)| {
            let one = Rules::parse(format!("User-agent: *\nDisallow: {pattern}").as_bytes());
            (!one.permits(&url(&path)).allowed).then_some((pattern.len(), key == "Allow"))
        };
        let best = patterns.iter().filter_map(alone).max();
        prop_assert_eq!(found.allowed, best.is_none_or(|(_, allow)| allow));
        prop_assert_eq!(found.line.is_some(), best.is_some());
    }

    #[test]
    fn no_octets_bring_it_down(octets in proptest::collection::vec(any::<u8>(), 0..300), path in "/\\PC{0,20}") {
        let mut file = b"User-agent: *\nDisallow: /".to_vec();
        file.extend(octets);
        let _decision = Rules::parse(&file).permits(&url(&path));
    }
}
