//! The six sections of a report, by the words of their headings.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

use crate::layout::SECTIONS;
use crate::page::{Line, Page};
use crate::schema::Section;
use crate::text::{is_longer, pattern, words};

/// A heading is no longer than this, in letters: a sentence that quotes one is.
const LONGEST_HEADING: usize = 40;

const COUNT: usize = SECTIONS.len();

/// Where each section stands in the page's lines, heading included; none for one that is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sections {
    places: [Option<Range<usize>>; COUNT],
}

/// Finds the sections. A page may list its headings before the report or after it: of the first and
/// the last line for each heading, those are taken that hold more between them.
pub(crate) fn find(page: &Page) -> Sections {
    let headings = headings(page);
    let (first, last) = (forward(&headings), backward(&headings));
    let weight = |starts: &[Option<usize>; COUNT]| {
        let found: Vec<usize> = starts.iter().flatten().copied().collect();
        let span = found.first().zip(found.last()).map_or(0, |(first, last)| last - first);
        (found.len(), span)
    };
    let starts = if weight(&last) > weight(&first) { last } else { first };
    let mut sections = Sections::default();
    let mut end = page.len();
    for (place, start) in sections.places.iter_mut().zip(starts).rev() {
        if let Some(start) = start {
            *place = Some(start..end);
            end = start;
        }
    }
    sections
}

/// The lines that may be headings, in order, with the section that each may head.
fn headings(page: &Page) -> Vec<(usize, usize)> {
    static WORDS: LazyLock<AhoCorasick> =
        LazyLock::new(|| words(SECTIONS.iter().flat_map(|words| words.iter().copied())));
    let section = |word: usize| {
        let mut ends = SECTIONS.iter().scan(0, |end, words| {
            *end += words.len();
            Some(*end)
        });
        ends.position(|end| word < end)
    };
    let heads = |(line, word): (Line<'_>, usize)| {
        let section = section(word)?;
        is_heading(line, SECTIONS.get(section)?).then_some((line.index, section))
    };
    let mut headings: Vec<(usize, usize)> = page.lines_with(&WORDS).filter_map(heads).collect();
    headings.dedup();
    headings
}

/// Each the first after the section before it.
fn forward(headings: &[(usize, usize)]) -> [Option<usize>; COUNT] {
    let mut starts = [None; COUNT];
    let mut next = 0;
    for (section, start) in starts.iter_mut().enumerate() {
        let found = headings.iter().find(|(line, of)| *of == section && *line >= next);
        if let Some((line, _)) = found {
            *start = Some(*line);
            next = line + 1;
        }
    }
    starts
}

/// Each the last before the section after it.
fn backward(headings: &[(usize, usize)]) -> [Option<usize>; COUNT] {
    let mut starts = [None; COUNT];
    let mut next = usize::MAX;
    for (section, start) in starts.iter_mut().enumerate().rev() {
        let found = headings.iter().rev().find(|(line, of)| *of == section && *line < next);
        if let Some((line, _)) = found {
            *start = Some(*line);
            next = *line;
        }
    }
    starts
}

/// Whether a line that holds such words is a heading.
fn is_heading(line: Line<'_>, words: &[&str]) -> bool {
    let text = line.tight();
    if !is_longer(text, LONGEST_HEADING) {
        return true;
    }
    inline_heading(text).is_some_and(|heading| words.iter().any(|word| heading.contains(word)))
}

/// A heading that its section's text follows on the same line: `一、总体情况。2023年，……`.
fn inline_heading(text: &str) -> Option<&str> {
    static HEADING: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^[一二三四五六] ?、[^。:;]{2,36}(?:情况|事项)(?:[。:;]|$)"));
    HEADING.find(text).map(|heading| heading.as_str())
}

/// The number of a line that is a short heading: `三、依申请公开`.
pub(crate) fn numbered_heading(line: Line<'_>) -> Option<char> {
    const LONGEST: usize = 24;
    let mut letters = line.only()?.chars();
    let number = letters.next().filter(|c| "一二三四五六七八九".contains(*c))?;
    let is_short = !is_longer(line.tight(), LONGEST);
    (is_short && letters.next() == Some('、')).then_some(number)
}

impl Sections {
    /// Where section `number` (1 to 6) stands, heading included.
    pub(crate) fn place(&self, number: usize) -> Option<Range<usize>> {
        self.places.get(number.checked_sub(1)?)?.clone()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.places.iter().flatten().count()
    }

    /// Where the first begins.
    pub(crate) fn begin(&self) -> Option<usize> {
        self.places.iter().flatten().map(|place| place.start).next()
    }

    /// Where the report's text begins: with its first section, or with a heading numbered 一.
    pub(crate) fn begin_of_text(&self, page: &Page) -> Option<usize> {
        let first = |line: &Line<'_>| numbered_heading(*line) == Some('一');
        self.begin().or_else(|| page.all().find(first).map(|line| line.index))
    }

    /// As the report gives them.
    pub(crate) fn texts(&self, page: &Page) -> Vec<Section> {
        let section = |(number, place): (u8, &Option<Range<usize>>)| {
            let mut lines = page.lines(place.clone()?);
            let first = lines.next()?.text().into_owned();
            let (heading, rest) = match inline_heading(&first) {
                Some(heading) if heading.len() < first.len() => {
                    let rest = first.get(heading.len()..).unwrap_or_default().trim().to_owned();
                    (heading.trim_end_matches(['。', ':', ';']).to_owned(), Some(rest))
                }
                _ => (first, None),
            };
            let mut text = rest.unwrap_or_default();
            for line in lines {
                if !text.is_empty() {
                    text.push('\n');
                }
                write_line(line, &mut text);
            }
            Some(Section { number, heading, text })
        };
        (1..).zip(&self.places).filter_map(section).collect()
    }

    /// Each line's section, and where in its text the line begins, in letters.
    pub(crate) fn offsets(&self, page: &Page) -> HashMap<usize, (u8, usize)> {
        let mut offsets = HashMap::new();
        for (number, place) in (1..).zip(&self.places) {
            let Some(place) = place.clone() else { continue };
            let head = page.line(place.start).map(Line::text).unwrap_or_default();
            let mut letters = match inline_heading(&head) {
                Some(heading) if heading.len() < head.len() => {
                    head.get(heading.len()..).unwrap_or_default().trim().chars().count() + 1
                }
                _ => 0,
            };
            for line in page.lines(place.start + 1..place.end) {
                offsets.insert(line.index, (number, letters));
                let mut text = String::new();
                write_line(line, &mut text);
                letters += text.chars().count() + 1;
            }
        }
        offsets
    }
}

/// A line as a section's text has it: the cells of a row between tabs.
fn write_line(line: Line<'_>, text: &mut String) {
    let from = text.len();
    for (at, cell) in line.cells().enumerate() {
        if at > 0 {
            text.push('\t');
        }
        text.push_str(cell);
    }
    while text.len() > from && text.ends_with(['\t', ' ']) {
        text.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    #[test]
    fn sections_are_found_by_the_words_of_their_headings() {
        let page = page::read(
            "标题\n一、总体情况\n甲\n二、主动公开政府信息情况\n乙\n三、收到和处理政府信息公开申请情况\n丙\n\
             四、结转下年度继续办理\n四、政府信息公开行政复议、行政诉讼情况\n丁\n五、存在的主要问题及改进情况\n\
             六、其他需要报告的事项\n无",
        );
        let sections = find(&page);
        assert_eq!(sections.count(), 6);
        let texts = sections.texts(&page);
        assert_eq!(texts[2].text, "丙\n四、结转下年度继续办理");
        assert_eq!(texts[3].heading, "四、政府信息公开行政复议、行政诉讼情况");
        assert_eq!(sections.begin(), Some(1));
        assert_eq!(sections.offsets(&page).get(&7), Some(&(3, 2)));
    }

    #[test]
    fn a_list_of_the_headings_before_the_report_or_after_it_is_not_the_report() {
        let list = "总体情况\n主动公开政府信息情况\n其他需要报告的事项\n";
        let body = "一、总体情况\n甲\n二、主动公开政府信息情况\n乙\n六、其他需要报告的事项\n丙\n";
        for text in [format!("{list}{body}"), format!("{body}{list}")] {
            let page = page::read(&text);
            let texts = find(&page).texts(&page);
            assert_eq!((texts[0].text.as_str(), texts[1].text.as_str()), ("甲", "乙"), "{text}");
        }
    }

    #[test]
    fn a_heading_may_stand_before_its_text_on_one_line() {
        let text = format!("一、总体情况。{}", "公开工作。".repeat(20));
        let page = page::read(&text);
        let texts = find(&page).texts(&page);
        assert_eq!(texts[0].heading, "一、总体情况");
        assert!(texts[0].text.starts_with("公开工作。"));
    }
}
