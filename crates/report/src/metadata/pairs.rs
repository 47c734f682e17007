//! Labelled pairs around a report: in tables of labels and values, in lists, in the line under the
//! title, in one cell or two.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::page::{Line, Page, Shape};
use crate::text::{is_longer, pattern, plain, tight};
use crate::title;

/// Labels that stand around a report, as [`tight`] leaves them.
const LABELS: [&str; 74] = [
    "信息索取号",
    "信息索引号",
    "索引号",
    "索取号",
    "统一编号",
    "发布机构",
    "发布机关",
    "发文机关",
    "发文机构",
    "发布单位",
    "公开单位",
    "公开机构",
    "公开主体",
    "公开责任部门",
    "责任部门",
    "成文机关",
    "制发机关",
    "信息来源",
    "稿件来源",
    "文章来源",
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
    "生成时间",
    "成文时间",
    "更新时间",
    "生效日期",
    "废止日期",
    "实施日期",
    "日期",
    "时间",
    "发文字号",
    "发布文号",
    "文件编号",
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
    "公开属性",
    "信息格式",
    "语种",
    "有效性",
    "时效性",
    "时效",
    "主题词",
    "关键词",
    "关键字",
    "内容概述",
    "信息名称",
    "名称",
    "标题",
    "录入",
    "作者",
    "责任编辑",
    "编辑",
    "审核",
    "点击量",
    "阅读量",
];

/// Labels that are words of every text: without a colon they are none.
const COMMON: [&str; 12] = [
    "来源",
    "日期",
    "时间",
    "分类",
    "名称",
    "标题",
    "作者",
    "编辑",
    "审核",
    "录入",
    "语种",
    "关键词",
];

/// Signs that end a value and begin the page's tools.
const TOOLS: [&str; 18] = [
    "[字体",
    "【字体",
    "(字体",
    "字体:",
    "字体 ",
    "字号:",
    "打印",
    "浏览",
    "访问量",
    "阅读次数",
    "访问次数",
    "分享到",
    "分享:",
    "〖",
    "点击数",
    "点击率",
    "【",
    "扫一扫",
];

/// So many lines before a report may hold what is written around it.
const HEAD_LINES: usize = 250;

/// So many lines from a page's beginning, where no section begins.
const WHOLE_LINES: usize = 500;

/// So many lines after it.
const FOOT_LINES: usize = 40;

/// A line with more letters is prose.
const LONGEST_LINE: usize = 400;

/// A value has no more letters.
const LONGEST_VALUE: usize = 200;

/// No page has more pairs.
const MAX_PAIRS: usize = 100;

/// A labelled pair, and the line where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) line: usize,
}

/// What is written around a report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    /// Every labelled pair, in page order, the first of each label.
    pub(crate) pairs: Vec<Pair>,
}

/// Reads the labelled pairs of the lines before the report's first section, and of those at the
/// page's end.
pub(crate) fn around(page: &Page, begin: Option<usize>) -> Around {
    let mut around = Around::default();
    match begin {
        Some(begin) => {
            around.lines(page, begin.saturating_sub(HEAD_LINES)..begin);
            around.lines(page, page.len().saturating_sub(FOOT_LINES).max(begin)..page.len());
        }
        None => around.lines(page, 0..WHOLE_LINES),
    }
    around
}

impl Around {
    fn lines(&mut self, page: &Page, range: Range<usize>) {
        let mut lines = page.lines(range).peekable();
        while let Some(line) = lines.next() {
            if is_longer(line.tight(), LONGEST_LINE) {
                continue;
            }
            if line.shape() != Shape::Text {
                self.row(line);
            } else if let Some(label) = label_alone(line) {
                let value = lines.next_if(|next| is_value_alone(*next));
                if let Some(value) = value {
                    self.add(label, &value.text(), line.index);
                }
            } else {
                self.text(&line.text(), line.index);
            }
        }
    }

    fn add(&mut self, label: &str, value: &str, line: usize) {
        let label = tight(label);
        let value = cut_tools(value);
        if !value.is_empty()
            && !is_longer(&value, LONGEST_VALUE)
            && self.pairs.len() < MAX_PAIRS
            && !self.pairs.iter().any(|known| known.label == label)
        {
            self.pairs.push(Pair { label, value, line });
        }
    }

    /// A row of labels and values, side by side, or both in one cell.
    fn row(&mut self, line: Line<'_>) {
        let mut cells = line.cells().peekable();
        while let Some(cell) = cells.next() {
            let bare = tight(cell);
            let bare = bare.trim_end_matches(':');
            if !LABELS.contains(&bare) {
                self.text(cell, line.index);
                continue;
            }
            let is_value = |next: &&str| !LABELS.contains(&tight(next).trim_end_matches(':'));
            if let Some(value) = cells.next_if(is_value) {
                self.add(bare, value, line.index);
            }
        }
    }

    /// Pairs with a colon, one after the other in a text.
    fn text(&mut self, text: &str, line: usize) {
        if !text.contains(':') {
            return;
        }
        let marks: Vec<_> =
            PAIR.captures_iter(text).filter_map(|found| found.get(1).zip(found.get(0))).collect();
        for (index, (label, mark)) in marks.iter().enumerate() {
            let end = marks.get(index + 1).map_or(text.len(), |(next, _)| next.start());
            self.add(label.as_str(), text.get(mark.end()..end).unwrap_or_default(), line);
        }
    }

    /// The value of the first of these labels that is there.
    pub(crate) fn first(&self, labels: &[&str]) -> Option<&Pair> {
        labels.iter().find_map(|label| self.pairs.iter().find(|known| known.label == *label))
    }

    /// As the report gives them.
    pub(crate) fn to_map(&self) -> Map<String, Value> {
        let pair = |pair: &Pair| (pair.label.clone(), Value::from(pair.value.as_str()));
        self.pairs.iter().map(pair).collect()
    }
}

/// The label that a line is, and nothing else.
fn label_alone(line: Line<'_>) -> Option<&'static str> {
    let bare = line.tight().trim_end_matches(':');
    let label = LABELS.into_iter().find(|label| *label == bare)?;
    (line.tight().ends_with(':') || !COMMON.contains(&label)).then_some(label)
}

/// A line that may be the value of the label above it: no label itself, and none with its value.
fn is_value_alone(line: Line<'_>) -> bool {
    const LABEL_LETTERS: usize = 8;
    let text = line.tight();
    line.shape() == Shape::Text
        && !line.is_title()
        && !title::names_report(text)
        && !is_longer(text, LONGEST_VALUE)
        && !text.chars().take(LABEL_LETTERS).any(|c| c == ':')
        && !LABELS.contains(&text)
}

/// A label with a colon. It stands at the beginning, or after a blank or a sign: inside a sentence it
/// is no label. Longer labels come first, since some end in others.
static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    let spaced = |label: &&str| label.chars().map(|c| c.to_string()).collect::<Vec<_>>().join(" *");
    let mut labels: Vec<&str> = LABELS.to_vec();
    labels.sort_by_key(|label| std::cmp::Reverse(label.chars().count()));
    let labels: Vec<String> = labels.iter().map(spaced).collect();
    pattern(&format!(r"(?:^|[ \]\)】>|•·*;,])({}) *:", labels.join("|")))
});

/// A word with a colon behind a value begins another pair, or a tool; a date behind a name is one
/// without its label.
static NEXT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r" \p{Han}{1,8} ?:| 人气| 点击[量数率]|^\p{Han}[^:]*?( 20\d\d[-/.年]\d)")
});

/// Tools that stand at the end of a line, with nothing but a blank between.
static TRAILING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:(?:^| )(?:大|中|小|大中小|收藏|关闭|选择阅读|分享|微信|微博|QQ空间|无障碍|朗读|复制链接|繁体|手机版))+$",
    )
});

fn cut_tools(value: &str) -> String {
    let end = TOOLS.iter().filter_map(|tool| value.find(tool)).min().unwrap_or(value.len());
    let value = plain(value.get(..end).unwrap_or_default());
    let next = NEXT.captures(&value).and_then(|found| found.get(1).or(found.get(0)));
    let value = value.get(..next.map_or(value.len(), |next| next.start())).unwrap_or_default();
    let end = TRAILING.find(value).map_or(value.len(), |tools| tools.start());
    let value = value.get(..end).unwrap_or_default();
    value.trim_matches(['|', ',', ';', '[', '(', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = around(&page::read(text), None).pairs;
        let found: Vec<_> = found.iter().map(|p| (p.label.as_str(), p.value.as_str())).collect();
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
            "<dl><dt>索引号<dd>0001/2024<dt>文号：<dd>青发〔2024〕1号</dl>",
            &[("索引号", "0001/2024"), ("文号", "青发〔2024〕1号")],
        );
        check(
            "发布日期: 2024-01-22 19:19 来源:\n字号: 〖大 小〗",
            &[("发布日期", "2024-01-22 19:19")],
        );
        check(
            "发布单位:甲局 来源:乙网 点击量:80 [字体: ]打印",
            &[("发布单位", "甲局"), ("来源", "乙网"), ("点击量", "80")],
        );
    }

    #[test]
    fn a_value_ends_where_the_page_s_tools_begin() {
        for tools in [
            "点击：123",
            "大 中 小",
            "人气：12 收藏",
            "选择阅读",
            "阅读：2041 次",
            "2024-01-17",
            "微信",
            "有效期至：2099-01-01",
        ] {
            check(&format!("发布机构：青杉市统计局 {tools}"), &[("发布机构", "青杉市统计局")]);
        }
        check("来源：微信", &[]);
        check("发布日期：2024-01-17 16:58", &[("发布日期", "2024-01-17 16:58")]);
        check("主题词：统计 公开 报告", &[("主题词", "统计 公开 报告")]);
    }

    #[test]
    fn the_title_is_no_value_of_an_empty_label_above_it() {
        check("<ul><li>文号：</li></ul><h1>青杉市统计局的一个通知</h1>", &[]);
        check("<li>文号：</li><p>青杉市统计局2023年政府信息公开工作年度报告", &[]);
        check("<li>发布文号：</li><p>青发〔2024〕1号", &[("发布文号", "青发〔2024〕1号")]);
    }

    #[test]
    fn a_word_of_a_sentence_is_no_label_and_a_label_no_value() {
        check("本报告的信息来源于各处:略", &[]);
        check("来源\n青杉市统计局", &[]);
        check("<table><tr><td>文 号</td><td>有 效 性</td><td></td></tr></table>", &[]);
        check("索引号\n发布机构\n青杉市统计局", &[("发布机构", "青杉市统计局")]);
    }
}
