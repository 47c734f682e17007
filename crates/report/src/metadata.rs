//! Who, when and which: from the meta tags of the government website guidelines, from labelled pairs
//! around the text, from the title, and from the foot.
//!
//! The order of trust: a labelled pair beside the report (written for it), then the meta tags
//! (often left over from a template), then the title.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::page::{Line, Page};
use crate::text::{pattern, tight, trimmed};

/// Labels that stand around a report, as [`tight`] leaves them.
const LABELS: [&str; 52] = [
    "信息索取号",
    "信息索引号",
    "索引号",
    "索取号",
    "统一编号",
    "发布机构",
    "发布机关",
    "发文机关",
    "发布单位",
    "公开单位",
    "公开机构",
    "责任部门",
    "成文机关",
    "信息来源",
    "来源",
    "成文日期",
    "生成日期",
    "发文日期",
    "印发日期",
    "公开日期",
    "发布日期",
    "发布时间",
    "发文时间",
    "公开时间",
    "日期",
    "时间",
    "发文字号",
    "文号",
    "信息类别",
    "信息分类",
    "主题分类",
    "组配分类",
    "分类",
    "体裁分类",
    "服务对象分类",
    "生命周期分类",
    "公开方式",
    "公开时限",
    "公开范围",
    "公开形式",
    "信息格式",
    "语种",
    "有效性",
    "时效",
    "主题词",
    "关键词",
    "内容概述",
    "信息名称",
    "名称",
    "标题",
    "录入",
    "点击量",
];

/// Signs that end a value and begin the page's tools.
const TOOLS: [&str; 9] =
    ["[字体", "字体:", "字号:", "打印", "浏览次数", "访问量", "分享到", "〖", "点击数"];

/// The head of a page is no longer than this, in lines, where no section begins.
const HEAD_LINES: usize = 120;

/// The foot of a page is no longer than this, in lines.
const FOOT_LINES: usize = 60;

/// What is written around a report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    /// Every labelled pair, in page order, the first of each label.
    pub(crate) pairs: Vec<(String, String)>,
}

/// Reads the labelled pairs of the lines before the report's first section, and the footer's.
pub(crate) fn around(lines: &[Line], begin: Option<usize>) -> Around {
    let mut around = Around::default();
    let head = lines.get(..begin.unwrap_or(lines.len()).min(lines.len())).unwrap_or_default();
    for line in head.iter().take(HEAD_LINES) {
        if line.cells.len() > 1 {
            around.row(&line.cells);
        } else {
            line.cells.iter().for_each(|text| around.text(text));
        }
    }
    around
}

impl Around {
    fn add(&mut self, label: &str, value: &str) {
        let label = tight(label);
        let value = cut_tools(value);
        if !value.is_empty() && !self.pairs.iter().any(|(known, _)| *known == label) {
            self.pairs.push((label, value));
        }
    }

    /// A row of labels and values, side by side, or both in one cell.
    fn row(&mut self, cells: &[String]) {
        let mut cells = cells.iter().peekable();
        while let Some(cell) = cells.next() {
            let bare = tight(cell);
            let bare = bare.trim_end_matches(':');
            if !LABELS.contains(&bare) {
                self.text(cell);
                continue;
            }
            let is_value = |next: &&String| !LABELS.contains(&tight(next).trim_end_matches(':'));
            if let Some(value) = cells.next_if(is_value) {
                self.add(bare, value);
            }
        }
    }

    /// Pairs with a colon, one after the other in a text.
    fn text(&mut self, text: &str) {
        let marks: Vec<_> =
            PAIR.captures_iter(text).filter_map(|found| found.get(1).zip(found.get(0))).collect();
        for (index, (label, mark)) in marks.iter().enumerate() {
            let end = marks.get(index + 1).map_or(text.len(), |(next, _)| next.start());
            self.add(label.as_str(), text.get(mark.end()..end).unwrap_or_default());
        }
    }

    /// The value of the first of these labels that is there.
    pub(crate) fn first(&self, labels: &[&str]) -> Option<&str> {
        labels.iter().find_map(|label| {
            self.pairs.iter().find(|(known, _)| known == label).map(|(_, value)| value.as_str())
        })
    }

    /// As the report gives them.
    pub(crate) fn to_map(&self) -> Map<String, Value> {
        self.pairs
            .iter()
            .map(|(label, value)| (label.clone(), Value::from(value.as_str())))
            .collect()
    }
}

/// A label with a colon. It stands at the beginning, or after a blank or a sign: inside a sentence it
/// is no label. Longer labels come first, since some end in others.
static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    let spaced = |label: &&str| label.chars().map(|c| c.to_string()).collect::<Vec<_>>().join(" *");
    let mut labels: Vec<&str> = LABELS.to_vec();
    labels.sort_by_key(|label| std::cmp::Reverse(label.chars().count()));
    let labels: Vec<String> = labels.iter().map(spaced).collect();
    pattern(&format!(r"(?:^|[ \]\)>|•·*])({}) *:", labels.join("|")))
});

fn cut_tools(value: &str) -> String {
    let end = TOOLS.iter().filter_map(|tool| value.find(tool)).min().unwrap_or(value.len());
    trimmed(value.get(..end).unwrap_or_default()).trim_matches(['|', ',', ';', '[', ' ']).to_owned()
}

/// The value of a meta tag, by its name in lower case.
pub(crate) fn meta<'a>(page: &'a Page, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| page.meta.get(*name)).map(String::as_str)
}

static DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|\D)((?:19|20)\d{2}) ?[-/.年] ?(\d{1,2}) ?[-/.月] ?(\d{1,2})(?:\D|$)(?:日? ?T?(\d{1,2}):(\d{2})(?::(\d{2}))?)?",
    )
});

/// A date, `2024-01-17`. What is no date of the calendar is none.
pub(crate) fn date(text: &str) -> Option<String> {
    let found = DATE.captures(text)?;
    let part = |index: usize| found.get(index).and_then(|part| part.as_str().parse::<u32>().ok());
    let (year, month, day) = (part(1)?, part(2)?, part(3)?);
    ((1..=12).contains(&month) && (1..=days(year, month)).contains(&day))
        .then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// A date with its time where one is stated: `2024-01-17T16:58:00+08:00`, by China's clock.
pub(crate) fn moment(text: &str) -> Option<String> {
    let date = date(text)?;
    let found = DATE.captures(text)?;
    let part = |index: usize| found.get(index).and_then(|part| part.as_str().parse::<u32>().ok());
    let time = part(4).zip(part(5)).filter(|(hour, minute)| *hour < 24 && *minute < 60);
    let second = part(6).filter(|second| *second < 60).unwrap_or(0);
    Some(match time {
        Some((hour, minute)) => format!("{date}T{hour:02}:{minute:02}:{second:02}+08:00"),
        None => date,
    })
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

static SITE_ID: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"标识码 ?:? ?[A-Za-z]{0,3}(\d{10})(?:\D|$)"));

static ICP: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(\p{Han}ICP(?:备|证)\d{6,10}号?(?:-\d{1,3})?)"));

/// 政府网站标识码 and 备案号, from the foot of the page.
pub(crate) fn foot(lines: &[Line]) -> (Option<String>, Option<String>) {
    let from = lines.len().saturating_sub(FOOT_LINES);
    let foot = lines.get(from..).unwrap_or_default();
    let find = |regex: &Regex| {
        foot.iter().find_map(|line| Some(regex.captures(&line.text())?.get(1)?.as_str().to_owned()))
    };
    (find(&SITE_ID), find(&ICP))
}

/// The date under the signature: the last line of the report that is a date and nothing else.
pub(crate) fn signed(lines: &[Line], begin: Option<usize>) -> Option<String> {
    let body = lines.get(begin?..).unwrap_or_default();
    let is_date = |line: &&Line| {
        let text = tight(&line.text());
        line.cells.len() == 1 && text.chars().count() <= 12 && ONLY_DATE.is_match(&text)
    };
    date(&tight(&body.iter().rev().find(is_date)?.text()))
}

static ONLY_DATE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^20\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}日?$"));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    fn pairs(text: &str) -> Vec<(String, String)> {
        around(&page::read(text).lines, None).pairs
    }

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = pairs(text);
        let found: Vec<_> = found.iter().map(|(l, v)| (l.as_str(), v.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn labelled_pairs_are_found_in_one_cell_or_two_in_lists_and_in_lines() {
        check(
            "日期：2024-01-17 16:58  来源：青杉市统计局   录入:web",
            &[("日期", "2024-01-17 16:58"), ("来源", "青杉市统计局"), ("录入", "web")],
        );
        check(
            "<table><tr><td>索 引 号：</td><td>A-1</td><td>文　　号</td><td></td></tr></table>",
            &[("索引号", "A-1")],
        );
        check(
            "<ul><li>公开方式： 主动公开<li>信息索取号:0001/2024</ul>",
            &[("公开方式", "主动公开"), ("信息索取号", "0001/2024")],
        );
        check(
            "发布日期: 2024-01-22 19:19 来源:\n字号: 〖大 小〗",
            &[("发布日期", "2024-01-22 19:19")],
        );
        check(
            "发布单位:甲局 来源:乙网 点击量:80 [字体: ]打印",
            &[("发布单位", "甲局"), ("来源", "乙网"), ("点击量", "80")],
        );
        check("本报告的信息来源于各处:略", &[]);
    }

    #[test]
    fn a_date_is_one_of_the_calendar_or_none() {
        for (text, expected) in [
            ("2024-01-17 16:58", Some("2024-01-17T16:58:00+08:00")),
            ("2024年1月7日", Some("2024-01-07")),
            ("2024/1/17 8:05:09", Some("2024-01-17T08:05:09+08:00")),
            ("2024-02-30", None),
            ("2024130日", None),
            ("20201月1日", None),
            ("2024-1-171", None),
            ("2024-13-01", None),
        ] {
            assert_eq!(moment(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_foot_names_the_site() {
        let lines = page::read("政府网站标识码：4501000001  桂ICP备05000001号-1").lines;
        assert_eq!(foot(&lines), (Some("4501000001".into()), Some("桂ICP备05000001号-1".into())));
        assert_eq!(foot(&page::read("标识码: 45010000012").lines).0, None);
    }
}
