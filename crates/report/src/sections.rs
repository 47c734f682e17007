//! The six sections of a report, by the words of their headings.

mod heading;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

pub(crate) use self::heading::numbered_heading;
use self::heading::{Heading, Number, headings};
use crate::layout::SECTIONS;
use crate::page::{Line, Page};
use crate::schema::Section;
use crate::text::{is_longer, words};
use crate::title;

const COUNT: usize = SECTIONS.len();

/// With so many sections each, two reports stand in one page.
const WHOLE: usize = 4;

/// So many sections of a report have text, and more than a line of it: a list of headings has none.
const WITH_TEXT: usize = 3;

/// The title of a second report stands no further before its first heading, in lines.
const TITLE_LINES: usize = 12;

type Starts = [Option<usize>; COUNT];

/// Where each section stands in the page's lines, heading included; none for one that is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sections {
    places: [Option<Range<usize>>; COUNT],
    is_double: bool,
}

/// Finds the sections. A page may list its headings before the report or after it: of the first and
/// the last line for each heading, those are taken that hold more between them. Of two reports it is
/// the first.
pub(crate) fn find(page: &Page) -> Sections {
    let all = headings(page);
    let numbered = numbered(&all);
    let (starts, of_all) = (longest(&numbered), longest(&all));
    // A list may be numbered where the report is not.
    let is_list = weight(&starts).1.saturating_mul(2) < weight(&of_all).1
        && weight(&starts).0 <= weight(&of_all).0;
    if is_list {
        return placed(page, of_all, page.len(), false);
    }
    match two(page, &numbered) {
        Some((starts, end)) => placed(page, starts, end, true),
        None => placed(page, starts, page.len(), false),
    }
}

/// How many sections there are, and how many lines from the first to the last.
fn weight(starts: &Starts) -> (usize, usize) {
    let mut found = starts.iter().flatten();
    let first = found.next();
    let span = first.zip(found.next_back()).map_or(0, |(first, last)| last - first);
    (starts.iter().flatten().count(), span)
}

fn longest(headings: &[Heading]) -> Starts {
    let (first, last) = (forward(headings), backward(headings));
    if weight(&last) > weight(&first) { last } else { first }
}

/// Of the headings of each section those that are numbered best; where two sections have their own
/// number, what is numbered below them is no section.
fn numbered(all: &[Heading]) -> Vec<Heading> {
    let best = |section: usize| {
        all.iter().filter(|one| one.section == section).map(|one| one.number).max()
    };
    let best: [Option<Number>; COUNT] = std::array::from_fn(best);
    let own = best.iter().filter(|best| **best == Some(Number::Own)).count();
    let least = if own > 1 { Number::Sentence } else { Number::Below };
    all.iter()
        .filter(|one| one.number >= least && best.get(one.section) == Some(&Some(one.number)))
        .copied()
        .collect()
}

/// The first of two reports, and where it ends.
fn two(page: &Page, headings: &[Heading]) -> Option<(Starts, usize)> {
    let second = backward(headings);
    let begin = second.iter().flatten().copied().next()?;
    let before: Vec<Heading> = headings.iter().filter(|one| one.line < begin).copied().collect();
    let first = forward(&before);
    let is_whole = |starts: &Starts| {
        let starts: Vec<usize> = starts.iter().flatten().copied().collect();
        let with_text = starts.windows(2).filter(|two| matches!(two, [a, b] if b - a > 1)).count();
        starts.len() >= WHOLE && with_text >= WITH_TEXT
    };
    if !is_whole(&first) || !is_whole(&second) {
        return None;
    }
    // The second begins with its title.
    let last = first.iter().flatten().copied().next_back()?;
    let mut lines = page.lines((last + 1).max(begin.saturating_sub(TITLE_LINES))..begin);
    Some((first, lines.find(|line| line.is_title()).map_or(begin, |line| line.index)))
}

fn placed(page: &Page, starts: Starts, end: usize, is_double: bool) -> Sections {
    let last = starts.iter().flatten().copied().next_back();
    let mut end = last.and_then(|last| foot(page, last + 1..end)).unwrap_or(end);
    let mut sections = Sections { is_double, ..Sections::default() };
    for (place, start) in sections.places.iter_mut().zip(starts).rev() {
        if let Some(start) = start {
            *place = Some(start..end);
            end = start;
        }
    }
    sections
}

/// The line at which the page's foot begins.
fn foot(page: &Page, within: Range<usize>) -> Option<usize> {
    const LONGEST: usize = 40;
    static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
        words([
            "版权所有",
            "主办单位",
            "主办:",
            "网站标识码",
            "ICP备",
            "上一篇",
            "下一篇",
            "打印本页",
            "关闭窗口",
            "政府主办",
            "办公室主办",
            "承办:",
            "技术支持",
            "访问人数",
            "尾页",
            "相关附件",
            "相关阅读",
            "相关文章",
            "历年年报",
            "往年年报",
            "扫一扫",
            "责任编辑",
            "我要纠错",
            "分享到",
        ])
    });
    let is_foot = |text: &str| {
        let mut found = WORDS.find_iter(text);
        let begins = found.next().is_some_and(|found| found.start() == 0);
        begins || (!text.contains('。') && (!is_longer(text, LONGEST) || found.next().is_some()))
    };
    let mut asked = None;
    let lines = page.lines_with(&WORDS).map(|(line, _)| line);
    let mut lines = lines.filter(|line| {
        within.contains(&line.index) && asked.replace(line.index) != Some(line.index)
    });
    let worded = lines.find(|line| is_foot(line.tight())).map(|line| line.index);
    // A list of other reports.
    let is_other = |line: &Line<'_>| {
        !is_longer(line.tight(), LONGEST)
            && title::names_report(line.tight())
            && title::year(line.tight()).is_some()
    };
    let last = within.end.saturating_sub(MOST_FOOT_LINES).max(within.start);
    let listed = page.lines(last..within.end).find(is_other).map(|line| line.index);
    worded.into_iter().chain(listed).min()
}

/// A list of other reports is looked for in so many lines from the end.
const MOST_FOOT_LINES: usize = 200;

/// Each the first after the section before it.
fn forward(headings: &[Heading]) -> Starts {
    let mut starts = [None; COUNT];
    let mut next = 0;
    for (section, start) in starts.iter_mut().enumerate() {
        let found = headings.iter().find(|one| one.section == section && one.line >= next);
        if let Some(found) = found {
            *start = Some(found.line);
            next = found.line + 1;
        }
    }
    starts
}

/// Each the last before the section after it.
fn backward(headings: &[Heading]) -> Starts {
    let mut starts = [None; COUNT];
    let mut next = usize::MAX;
    for (section, start) in starts.iter_mut().enumerate().rev() {
        let found = headings.iter().rev().find(|one| one.section == section && one.line < next);
        if let Some(found) = found {
            *start = Some(found.line);
            next = found.line;
        }
    }
    starts
}

impl Sections {
    /// Where section `number` (1 to 6) stands, heading included.
    pub(crate) fn place(&self, number: usize) -> Option<Range<usize>> {
        self.places.get(number.checked_sub(1)?)?.clone()
    }

    /// Whether the page holds a second report behind the one whose sections these are.
    pub(crate) fn is_double(&self) -> bool {
        self.is_double
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
            let first = lines.next()?;
            let (heading, mut text) = heading::split(first, usize::from(number) - 1);
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
            let head = page.line(place.start);
            let split = head.map(|head| heading::split(head, usize::from(number) - 1));
            let mut letters = match split {
                Some((_, text)) if !text.is_empty() => text.chars().count() + 1,
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

    fn texts(text: &str) -> Vec<Section> {
        let page = page::read(text);
        find(&page).texts(&page)
    }

    const REPORT: [&str; 6] = [
        "一、总体情况",
        "二、主动公开政府信息情况",
        "三、收到和处理政府信息公开申请情况",
        "四、政府信息公开行政复议、行政诉讼情况",
        "五、存在的主要问题及改进情况",
        "六、其他需要报告的事项",
    ];

    /// A report whose sections hold this.
    fn report(text: &str) -> String {
        REPORT.map(|heading| format!("{heading}\n{text}\n")).concat()
    }

    #[test]
    fn a_heading_below_a_section_is_none_of_its_own() {
        let below =
            "（一）主动公开政府信息情况。\n全面\n（二）收到和处理政府信息公开申请情况。\n无";
        let text = report("乙").replacen("乙", below, 1);
        let found = texts(&text);
        assert_eq!(found.len(), 6);
        assert_eq!(found[0].text, below.replace('（', "(").replace('）', ")"));
        let without = text.replace("二、主动公开政府信息情况\n乙\n", "");
        let numbers: Vec<u8> = texts(&without).iter().map(|section| section.number).collect();
        assert_eq!(numbers, [1, 3, 4, 5, 6]);
    }

    #[test]
    fn a_sentence_that_there_is_nothing_is_no_heading() {
        for heading in ["六、其他需要报告的事项", "其他需要报告的事项"] {
            let text = report("无其他需要报告的事项。").replace("六、其他需要报告的事项", heading);
            let six = &texts(&text)[5];
            assert_eq!((&*six.heading, &*six.text), (heading, "无其他需要报告的事项。"));
        }
    }

    #[test]
    fn the_foot_of_the_page_is_no_text_of_the_last_section() {
        for foot in [
            "【打印本页】【关闭窗口】",
            "甲市政府主办　乙维护\n甲ICP备1号",
            "上一篇：无",
            "责任编辑：甲",
            "历年年报",
            "版权所有：甲县",
            "使用帮助 | 网站标识码：1",
        ] {
            let found = texts(&format!("{}{foot}\n其他", report("甲")));
            assert_eq!(found[5].text, "甲", "{foot}");
        }
    }

    #[test]
    fn of_two_reports_in_one_page_the_first_is_given_and_a_list_of_headings_is_no_report() {
        let two = page::read(&format!("{}{}", report("甲"), report("乙\n丙")));
        let sections = find(&two);
        assert!(sections.is_double());
        assert!(sections.texts(&two).iter().all(|section| section.text == "甲"));
        for text in [report("甲"), REPORT.join("\n") + "\n" + &report("甲")] {
            let page = page::read(&text);
            let sections = find(&page);
            assert!(!sections.is_double());
            assert!(sections.texts(&page).iter().all(|section| section.text == "甲"), "{text}");
        }
    }

    #[test]
    fn a_report_without_numbers_behind_a_numbered_list_is_found() {
        let plain = report("甲\n乙\n丙");
        let plain = REPORT.iter().fold(plain, |text, heading| text.replace(heading, &heading[6..]));
        let found = texts(&format!("{}\n{plain}", REPORT.join("\n")));
        assert_eq!(found.len(), 6);
        assert!(found.iter().all(|section| section.text == "甲\n乙\n丙"));
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
