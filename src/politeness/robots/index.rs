//! Thousands of rules, and the one that decides: found by the literal heads of their patterns.
//!
//! Of the heads in order, all those that begin a path are the one that stands last before it and, from
//! there, the longest that begins that one, and so on: so a check costs one search in a sorted list, and
//! only patterns whose head begins the path are looked at; of those with wildcards, only such as could match by
//! the pairs of octets in them.

use std::cmp::Reverse;
use std::ops::Range;

use super::pattern::{Of, matches, pairs, push_normal, with_plain_query};

/// A part of a text of less than 4 GiB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) fn of(range: &Range<usize>) -> Self {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: place(range.start), end: place(range.end) }
    }

    fn range(self) -> Range<usize> {
        let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        place(self.start)..place(self.end)
    }

    fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// The text there, without blanks around it; what is no UTF-8 is replaced.
    pub(super) fn text(self, file: &[u8]) -> String {
        let bytes = file.get(self.range()).unwrap_or_default();
        String::from_utf8_lossy(bytes.trim_ascii()).into_owned()
    }
}

/// One rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) allow: bool,
    /// The pattern must reach the path's end.
    anchored: bool,
    /// The pattern names a query, whose delimiters are compared plain.
    of_query: bool,
    /// The line, from 1.
    pub(super) number: u32,
    /// The line, in the file.
    pub(super) line: Span,
    /// The pattern in normal form without the `$` at its end, in the index's text.
    pattern: Span,
    /// How long it is up to its first `*`.
    head: u32,
    /// The pairs of what stands between its wildcards.
    pairs: u128,
}

impl Rule {
    /// `value` is not empty. A pattern without its slash means the path all the same, though the RFC's
    /// grammar (section 2.2) has none.
    pub(super) fn new(
        patterns: &mut String,
        allow: bool,
        value: &str,
        number: u32,
        line: Span,
    ) -> Self {
        let (value, anchored) = match value.strip_suffix('$') {
            Some(value) => (value, true),
            None => (value, false),
        };
        let start = patterns.len();
        if !value.starts_with(['/', '*']) && !value.is_empty() {
            patterns.push('/');
        }
        push_normal(patterns, value, Of::Pattern);
        let mut text = patterns.get(start..).unwrap_or_default();
        let plain = with_plain_query(text);
        if let Some(plain) = &plain {
            patterns.truncate(start);
            patterns.push_str(plain);
            text = plain;
        }
        let head = text.find('*').unwrap_or(text.len());
        let of_query = text.contains('?');
        let parts = text.get(head..).unwrap_or_default().split('*');
        let pairs = parts.fold(0, |bits, part| bits | pairs(part));
        Self {
            allow,
            anchored,
            of_query,
            number,
            line,
            pattern: Span::of(&(start..patterns.len())),
            head: u32::try_from(head).unwrap_or(u32::MAX),
            pairs,
        }
    }

    fn head(&self) -> Span {
        let Span { start, .. } = self.pattern;
        Span { start, end: start.saturating_add(self.head) }
    }

    /// The longer decides; an Allow where two are as long.
    fn rank(&self) -> (u32, bool) {
        (self.pattern.len() + u32::from(self.anchored), self.allow)
    }
}

/// Rules that begin alike.
#[derive(Debug, Clone)]
struct Head {
    text: Span,
    /// The longest other head that begins this one.
    shorter: Option<usize>,
    /// In the list of rules; the one that would decide first stands first.
    rules: Range<usize>,
}

/// The rules of one robots.txt.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    patterns: String,
    rules: Vec<Rule>,
    /// In order.
    heads: Vec<Head>,
}

impl Index {
    pub(super) fn new(patterns: String, mut rules: Vec<Rule>) -> Self {
        let text = |span: Span| patterns.get(span.range()).unwrap_or_default();
        rules.sort_by(|a, b| {
            let by_head = text(a.head()).cmp(text(b.head()));
            by_head.then_with(|| (Reverse(a.rank()), a.number).cmp(&(Reverse(b.rank()), b.number)))
        });
        let mut heads: Vec<Head> = Vec::new();
        for (at, rule) in rules.iter().enumerate() {
            let head = text(rule.head());
            match heads.last_mut() {
                Some(last) if text(last.text) == head => last.rules.end = at + 1,
                _ => {
                    let mut shorter = heads.len().checked_sub(1);
                    while let Some(other) = shorter.and_then(|at| heads.get(at)) {
                        if head.starts_with(text(other.text)) {
                            break;
                        }
                        shorter = other.shorter;
                    }
                    heads.push(Head { text: rule.head(), shorter, rules: at..at + 1 });
                }
            }
        }
        Self { patterns, rules, heads }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// About how many bytes it takes in memory.
    pub(super) fn size(&self) -> usize {
        self.patterns.len() + size_of_val(&*self.rules) + size_of_val(&*self.heads)
    }

    /// The rule that decides on a path in normal form. `plain`: the path with the delimiters of its
    /// query plain, where that differs.
    pub(super) fn find(&self, path: &str, plain: Option<&str>) -> Option<&Rule> {
        let mut best = None;
        match plain {
            None => self.look(path, |_| true, &mut best),
            Some(plain) => {
                self.look(path, |rule| !rule.of_query, &mut best);
                self.look(plain, |rule| rule.of_query, &mut best);
            }
        }
        best
    }

    fn look<'a>(
        &'a self,
        path: &str,
        is_asked: impl Fn(&Rule) -> bool,
        best: &mut Option<&'a Rule>,
    ) {
        let text = |span: Span| self.patterns.get(span.range()).unwrap_or_default();
        let there = pairs(path);
        let after = self.heads.partition_point(|head| text(head.text) <= path);
        let mut at = after.checked_sub(1);
        while let Some(head) = at.and_then(|at| self.heads.get(at)) {
            at = head.shorter;
            let Some(left) = path.strip_prefix(text(head.text)) else {
                continue;
            };
            let rules = self.rules.get(head.rules.clone()).unwrap_or_default();
            for rule in rules {
                if best.is_some_and(|best| best.rank() >= rule.rank()) {
                    break;
                }
                if rule.pairs & !there != 0 {
                    continue;
                }
                let rest = text(rule.pattern).get(text(head.text).len()..).unwrap_or_default();
                if is_asked(rule) && matches(rest, rule.anchored, left) {
                    *best = Some(rule);
                    break;
                }
            }
        }
    }
}
