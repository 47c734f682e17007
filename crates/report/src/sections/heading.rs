//! The lines that may be the heading of a section, by their words and their number.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

use super::COUNT;
use crate::layout::SECTIONS;
use crate::page::{Line, Page};
use crate::text::{is_longer, pattern, words};

/// A heading is no longer than this, in letters: a sentence that quotes one is.
const LONGEST: usize = 40;

/// Each section's own number.
const NUMBERS: [char; COUNT] = ['一', '二', '三', '四', '五', '六'];

/// A word of each section's headings as pages vary them, by which [`VARIANTS`] are looked for.
const VARIED: [&str; COUNT] = ["情况", "公开", "公开", "复议", "问题", "事项"];

/// The headings as pages vary them: believed behind the section's own number alone.
static VARIANTS: LazyLock<[Regex; COUNT]> = LazyLock::new(|| {
    [
        "(?:政府信息公开)?(?:工作)?的?(?:总体|基本)情况",
        "(?:政府信息)?主动公开(?:政府信息|政府政府|信息)?的?情况",
        "(?:(?:收到|受理|办理|处理|接收)(?:[和与及、](?:处理|办理|答复))?的?)?政府信息公开申请的?(?:(?:办理|处理)的?)?情况|(?:政府信息)?依申请公开(?:政府信息)?(?:办理|工作)?的?情况",
        r"因?(?:政府信息公开)?(?:工作)?被?(?:申请|提起)?(?:行政)?复议[、,和与及或(]?被?(?:提起)?(?:行政)?诉讼\)?的?情况",
        "(?:政府信息公开)?(?:工作)?中?(?:存在)?的?(?:主要)?问题(?:以及|[及和与、])改进(?:情况|措施)",
        "其[他它](?:需要?|应当?)?(?:报告|说明)?的?事项|需要?(?:报告|说明)的?其[他它]事项",
    ]
    .map(|heading| pattern(&format!("^(?:{heading})(?:[。:;]|$)")))
});

/// How a heading is numbered, the best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Number {
    /// `（一）`, `1.`: below a section, where sections are numbered.
    Below,
    /// Not at all, and a full stop ends it.
    Sentence,
    /// Not at all, or as another section.
    Other,
    /// As its section is.
    Own,
}

/// A line that may head a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heading {
    pub(super) line: usize,
    pub(super) section: usize,
    pub(super) number: Number,
    /// The letters of it that are the heading; none where all of them are.
    letters: Option<usize>,
}

/// The lines that may be headings, in order, with the section that each may head.
pub(super) fn headings(page: &Page) -> Vec<Heading> {
    static WORDS: LazyLock<(AhoCorasick, Vec<usize>)> = LazyLock::new(|| {
        let by_section = SECTIONS.iter().zip(VARIED).enumerate();
        let all: Vec<(usize, &str)> = by_section
            .flat_map(|(at, (fixed, varied))| {
                fixed.iter().copied().chain([varied]).map(move |word| (at, word))
            })
            .collect();
        (words(all.iter().map(|(_, word)| *word)), all.iter().map(|(at, _)| *at).collect())
    });
    let (words, sections) = &*WORDS;
    let mut headings = Vec::new();
    let mut asked = [None; COUNT];
    for (line, word) in page.lines_with(words) {
        let Some(section) = sections.get(word).copied() else { continue };
        let Some(asked) = asked.get_mut(section) else { continue };
        if asked.replace(line.index) != Some(line.index) {
            headings.extend(heading(line, section));
        }
    }
    headings
}

/// A line as the heading of a section, if it may be one.
fn heading(line: Line<'_>, section: usize) -> Option<Heading> {
    let text = line.tight();
    let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
    let (head, is_short) = (text.get(..end)?, end == text.len());
    let found = |number, end: Option<usize>| {
        let letters = end.and_then(|end| head.get(..end)).map(|head| head.chars().count());
        Heading { line: line.index, section, number, letters }
    };
    let own = own_number(head, section);
    if let Some(own) = own
        && let Some(varied) = VARIANTS.get(section)?.find(head.get(own..)?)
    {
        let end = own + varied.end();
        return Some(found(Number::Own, (end < text.len()).then_some(end)));
    }
    let (start, end) = fixed(head, section)?;
    let before = head.get(..start)?;
    if ["无", "没有", "未"].iter().any(|no| before.contains(no)) {
        return None;
    }
    let end = match inline(head, end, own.is_some()) {
        Some(_) if line.only().is_none() => None,
        end => end,
    };
    if !is_short && end.is_none() {
        return None;
    }
    let number = match before.chars().next() {
        _ if own.is_some() => Number::Own,
        Some('(' | '0'..='9' | '㈠'..='㈩' | '①'..='⑳' | '⑴'..='⒛') => Number::Below,
        _ if head.ends_with('。') && numeral(head).is_none() => Number::Sentence,
        _ => Number::Other,
    };
    Some(found(number, end))
}

/// Where the section's own words stand.
fn fixed(head: &str, section: usize) -> Option<(usize, usize)> {
    let words = SECTIONS.get(section)?.iter();
    let places = words.filter_map(|word| head.find(word).map(|at| (at, at + word.len())));
    places.min_by_key(|(start, end)| (*start, usize::MAX - end))
}

/// Where the heading ends that the section's text follows on the same line: `一、总体情况。2023年，……`,
/// or, behind its own number, `一、总体情况2023年，……`.
fn inline(head: &str, end: usize, is_own: bool) -> Option<usize> {
    static STOPPED: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^[一二三四五六]、[^。:;]{2,36}?(?:情况|事项)[。:;]"));
    if let Some(stopped) = STOPPED.find(head)
        && stopped.end() > end
    {
        return (stopped.end() < head.len()).then_some(stopped.end());
    }
    let (before, rest) = head.split_at_checked(end)?;
    let is_text = rest.trim_end_matches(['。', ':', ';']).contains([',', '。', ':', ';'])
        || is_longer(head, LONGEST - 1);
    (is_own && is_text && !before.contains(['。', ':', ';', ','])).then_some(end)
}

/// The number before `、` of a line.
fn numeral(head: &str) -> Option<char> {
    let mut letters = head.chars();
    let number = letters.next().filter(|c| "一二三四五六七八九".contains(*c))?;
    (letters.next() == Some('、')).then_some(number)
}

/// Where the words begin behind the section's own number.
fn own_number(head: &str, section: usize) -> Option<usize> {
    let rest = head.strip_prefix(*NUMBERS.get(section)?)?;
    let rest = rest.strip_prefix(['、', '.', ',', ':', '．'])?;
    Some(head.len() - rest.len())
}

/// A section's heading, and what of its text stands on the same line.
pub(super) fn split(line: Line<'_>, section: usize) -> (String, String) {
    let text = line.text();
    let letters = heading(line, section).and_then(|heading| heading.letters);
    let is_letter = |(_, c): &(usize, char)| !matches!(c, ' ' | '\n');
    let end = letters.and_then(|letters| text.char_indices().filter(is_letter).nth(letters));
    match end {
        Some((end, _)) => {
            let (heading, rest) = text.split_at(end);
            let heading = heading.trim_end().trim_end_matches(['。', ':', ';']);
            (heading.to_owned(), rest.trim().to_owned())
        }
        None => (text.into_owned(), String::new()),
    }
}

/// The number of a line that is a short heading: `三、依申请公开`.
pub(crate) fn numbered_heading(line: Line<'_>) -> Option<char> {
    const LONGEST: usize = 24;
    let number = numeral(line.only()?)?;
    (!is_longer(line.tight(), LONGEST)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    /// The section that a line heads, with how it is numbered.
    fn of(text: &str) -> Vec<(usize, Number)> {
        let found = headings(&page::read(text));
        found.iter().map(|one| (one.section + 1, one.number)).collect()
    }

    #[test]
    fn headings_are_known_as_pages_vary_them_behind_their_own_number() {
        for (section, number, heading) in [
            (1, '一', "工作基本情况"),
            (1, '一', "基本情况"),
            (2, '二', "主动公开情况"),
            (2, '二', "主动公开政府政府情况"),
            (3, '三', "依申请公开情况"),
            (3, '三', "处理政府信息公开申请的情况"),
            (3, '三', "办理政府信息公开申请情况"),
            (4, '四', "因政府信息公开工作被申请行政复议、提起行政诉讼情况"),
            (4, '四', "因政府信息公开工作被申请行政复议和提起行政诉讼的情况"),
            (4, '四', "因政府信息公开工作被申请行政复议提起行政诉讼情况"),
            (4, '四', "行政复议及行政诉讼情况"),
            (4, '四', "复议诉讼情况"),
            (4, '四', "行政复议与行政诉讼情况"),
            (4, '四', "行政复议（行政诉讼）情况"),
            (4, '四', "政府信息公开行政复议和诉讼情况"),
            (5, '五', "存在的问题及改进情况"),
            (5, '五', "存在问题及改进情况"),
            (5, '五', "主要问题及改进措施"),
            (5, '五', "存在的主要问题和改进措施"),
            (6, '六', "其他事项"),
            (6, '六', "其它需要报告的事项"),
            (6, '六', "其他需报告的事项"),
            (6, '六', "需要报告的其他事项"),
        ] {
            assert_eq!(of(&format!("{number}、{heading}")), [(section, Number::Own)], "{heading}");
            assert_eq!(of(&format!("七、{heading}之外")), [], "{heading}");
        }
        assert_eq!(of("基本情况\n其他事项\n（二）主动公开情况"), []);
    }

    #[test]
    fn the_number_of_a_heading_is_told() {
        assert_eq!(of("一、总体情况"), [(1, Number::Own)]);
        assert_eq!(of("总体情况"), [(1, Number::Other)]);
        assert_eq!(of("总体情况如下。"), [(1, Number::Sentence)]);
        assert_eq!(of("（一）总体情况"), [(1, Number::Below)]);
    }

    #[test]
    fn a_heading_and_its_text_may_run_on() {
        for (line, heading, text) in [
            ("一、总体情况2021年，我区", "一、总体情况", "2021年,我区"),
            ("一、总体 情况 2021年，我区", "一、总体 情况", "2021年,我区"),
            ("一、总体情况。我区", "一、总体情况", "我区"),
            ("一、总体情况。", "一、总体情况。", ""),
            ("一、基本情况：我区", "一、基本情况", "我区"),
        ] {
            let page = page::read(line);
            let line = page.line(0).unwrap();
            assert_eq!(split(line, 0), (heading.to_owned(), text.to_owned()));
        }
        let long = format!("一、总体情况{}", "公开工作".repeat(20));
        assert_eq!(of(&long), [(1, Number::Own)]);
        assert_eq!(of(&format!("总体情况{}", "公开工作".repeat(20))), []);
    }
}
