//! Weighs a link: is it a report, does it lead to reports, or neither.
//!
//! A first cut, by words alone: what the link is called, where it points, and what the page that it
//! stands on was worth. The rules are asked in order; the first that speaks decides.

use url::Url;

use super::links::{Link, LinkKind};
use crate::frontier::order::LIKELY_COLUMN;

/// The page that a link stands on.
#[derive(Debug, Clone, Copy)]
pub struct PageContext<'a> {
    /// Its title.
    pub title: &'a str,
    /// Its own score, 0 to 100.
    pub score: u8,
    /// Links between the seed and it.
    pub depth: u32,
    /// Where it was found.
    pub url: &'a Url,
}

/// How likely a link is, or leads to, a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// 0 to 100; [`crate::frontier::order`] says from where on it is taken for what.
    pub value: u8,
    /// The rule that spoke.
    pub why: &'static str,
}

// All scores, in one place. From LIKELY_REPORT (80) on a report, from LIKELY_COLUMN (50) on a column.
const NAMES_A_REPORT: Score = Score { value: 95, why: "its name is that of an annual report" };
const YEAR_IN_COLUMN: Score = Score { value: 85, why: "a year's report in a column of reports" };
const NAMES_THE_COLUMN: Score = Score { value: 75, why: "its name is that of the reports' column" };
const PATH_OF_COLUMN: Score = Score { value: 70, why: "its path is that of a reports' column" };
const STANDS_IN_COLUMN: Score = Score { value: 55, why: "it stands in a column of reports" };
const DISCLOSURE: Score = Score { value: 45, why: "its name leads to information disclosure" };
const DISCLOSURE_PATH: Score = Score { value: 40, why: "its path leads to information disclosure" };
const AGENCIES: Score = Score { value: 35, why: "it lists agencies" };
const OTHER: Score = Score { value: 10, why: "nothing speaks for it" };
const DECOY: Score = Score { value: 5, why: "its name is that of something else" };

/// The best that a link can inherit by paging: a page of a column is a column.
const MOST_INHERITED: u8 = 79;

/// A page is worth paging through from this score on.
const WORTH_PAGING: u8 = 30;

/// What is called so is no report of ours, whatever else it is called.
const DECOYS: [&str; 21] = [
    "解读",
    "政府工作报告",
    "法治政府",
    "年度报表",
    "工作报表",
    "预算",
    "决算",
    "指南",
    "通知",
    "格式",
    "统计公报",
    "环境信息",
    "社会责任",
    "企业年报",
    "年检",
    "医院",
    "学校",
    "供电",
    "公司",
    "财务",
    "招标",
];

/// Both kinds of openness by which a report may call itself.
const OPENNESS: [&str; 4] = ["信息公开", "政务公开", "資訊公開", "信息公開"];

const REPORTS: [&str; 4] = ["年度报告", "年报", "工作报告", "年度報告"];

/// Names of folders that hold the column (31 provincial portals: seven in ten).
const COLUMN_FOLDERS: [&str; 11] = [
    "zfxxgknb",
    "xxgknb",
    "zfxxgkndbg",
    "xxgkndbg",
    "zfxxgkgzndbg",
    "zfxxgkzdgz_ndbg",
    "zfxgknb",
    "gknb",
    "gkndbg",
    "ndbg",
    "xxgknianbao",
];

/// Names of folders that lead to it.
const DISCLOSURE_FOLDERS: [&str; 8] =
    ["zfxxgk", "xxgk", "zwgk", "gkml", "xxgkml", "openness", "fdzdgknr", "zfxxgkzl"];

const AGENCY_WORDS: [&str; 9] =
    ["部门", "街道", "乡镇", "镇街", "县区", "区县", "县市", "委办局", "各单位"];

/// Weighs a link.
pub fn score(link: &Link, page: &PageContext<'_>) -> Score {
    if link.kind != LinkKind::Anchor {
        // What stands in a page's frame, or where it sends its reader, is the page.
        return inherited(page, "the page that shows it has this score");
    }
    let text: String = link.text.chars().filter(|c| !c.is_whitespace()).collect();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let in_column = page.score >= LIKELY_COLUMN;
    if has(&DECOYS) {
        return DECOY;
    }
    let year = names_a_year(&text);
    if has(&OPENNESS) && has(&REPORTS) {
        return if year { NAMES_A_REPORT } else { NAMES_THE_COLUMN };
    }
    if in_column && year && (has(&REPORTS) || has(&OPENNESS)) {
        return YEAR_IN_COLUMN;
    }
    if is_paging(&text, link, page) {
        return inherited(page, "a further page of a column with this score");
    }
    if ["年报", "年度报告", "公开年报"].contains(&text.as_str()) {
        return NAMES_THE_COLUMN;
    }
    if has_folder(&link.url, &COLUMN_FOLDERS) {
        return PATH_OF_COLUMN;
    }
    if in_column && year {
        return STANDS_IN_COLUMN;
    }
    if has(&OPENNESS) {
        return DISCLOSURE;
    }
    if page.score >= WORTH_PAGING && has(&AGENCY_WORDS) {
        return AGENCIES;
    }
    if has_folder(&link.url, &DISCLOSURE_FOLDERS) && is_index(&link.url) {
        return DISCLOSURE_PATH;
    }
    OTHER
}

fn inherited(page: &PageContext<'_>, why: &'static str) -> Score {
    Score { value: page.score.min(MOST_INHERITED).saturating_sub(1), why }
}

/// `2023年`, `2023`, `二〇二三年`: a year from 2008, the regulation's first, to 2059.
fn names_a_year(text: &str) -> bool {
    if ["二〇", "二○", "二零"].iter().any(|century| text.contains(century)) {
        return true;
    }
    text.as_bytes().windows(4).any(|four| {
        std::str::from_utf8(four)
            .ok()
            .and_then(|four| four.parse::<u16>().ok())
            .is_some_and(|year| (2008..2060).contains(&year))
    })
}

/// A link to a further page of the list that it stands in.
fn is_paging(text: &str, link: &Link, page: &PageContext<'_>) -> bool {
    const WORDS: [&str; 10] =
        ["下一页", "下页", "上一页", "上页", "尾页", "末页", "首页", "后一页", "下一頁", "next"];
    if page.score < WORTH_PAGING || folder(&link.url) != folder(page.url) {
        return false;
    }
    let bare = text.trim_matches(|c: char| !c.is_alphanumeric());
    let is_number = !bare.is_empty() && bare.len() <= 4 && bare.bytes().all(|b| b.is_ascii_digit());
    // 首页 is the home page too, but that lies in another folder.
    is_number
        || WORDS.iter().any(|word| bare.eq_ignore_ascii_case(word))
        || matches!(text, ">" | ">>" | "»" | "›")
}

fn folder(url: &Url) -> (&str, &str) {
    let path = url.path();
    (url.host_str().unwrap_or_default(), path.rsplit_once('/').map_or("", |(folder, _)| folder))
}

fn has_folder(url: &Url, names: &[&str]) -> bool {
    url.path().split('/').any(|segment| names.iter().any(|name| segment.eq_ignore_ascii_case(name)))
}

/// The first page of a folder, and not one of the thousand articles in it.
fn is_index(url: &Url) -> bool {
    let last = url.path().rsplit('/').next().unwrap_or_default();
    last.is_empty()
        || !last.contains('.')
        || ["index.", "list.", "default."].iter().any(|head| last.starts_with(head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontier::order::LIKELY_REPORT;

    fn value(text: &str, target: &str, page_score: u8) -> u8 {
        let page = Url::parse("http://x.gov.cn/zwgk/zfxxgknb/index.html").unwrap();
        let link = Link {
            url: page.join(target).unwrap(),
            text: text.to_owned(),
            kind: LinkKind::Anchor,
            nofollow: false,
        };
        score(&link, &PageContext { title: "", score: page_score, depth: 1, url: &page }).value
    }

    #[test]
    fn what_is_called_a_report_is_a_likely_report() {
        for text in [
            "青杉市统计局2023年政府信息公开工作年度报告",
            "2019年度政务公开工作年度报告",
            "二〇二二年政府信息公开年报",
        ] {
            assert!(value(text, "/a.html", 10) >= LIKELY_REPORT, "{text}");
        }
        assert!(value("市统计局2023年度报告", "t1.html", 75) >= LIKELY_REPORT);
        assert!(value("市统计局2023年度报告", "t1.html", 10) < LIKELY_REPORT, "outside a column");
    }

    #[test]
    fn the_column_of_the_reports_is_a_likely_column() {
        for (text, target) in [
            ("政府信息公开年报", "/a/"),
            ("政府信息公开工作年度报告", "/a/"),
            ("年报", "/a/"),
            ("更多", "/zwgk/zfxxgknb/"),
        ] {
            let value = value(text, target, 10);
            assert!((LIKELY_COLUMN..LIKELY_REPORT).contains(&value), "{text}: {value}");
        }
    }

    #[test]
    fn the_next_page_of_a_column_is_worth_what_the_column_is() {
        for (text, target) in [
            ("下一页", "index_1.html"),
            ("[2]", "index_1.html"),
            (">", "?page=2"),
            ("3", "index_2.html"),
        ] {
            assert!(value(text, target, 75) >= LIKELY_COLUMN, "{text}");
            assert!(value(text, target, 10) < LIKELY_COLUMN.max(71), "{text}");
        }
        assert!(value("2", "/news/index_1.html", 75) < LIKELY_COLUMN, "another column's");
    }

    #[test]
    fn decoys_and_news_come_last() {
        for text in [
            "2023年政府工作报告",
            "《2023年政府信息公开工作年度报告》解读",
            "关于编制2023年政府信息公开工作年度报告的通知",
            "2023年政府网站工作年度报表",
            "政府信息公开指南",
            "市人民医院2023年信息公开年度报告",
        ] {
            assert!(value(text, "t1.html", 75) < 20, "{text}");
        }
        assert!(value("市长调研", "/news/t1.html", 60) < LIKELY_COLUMN);
        assert!(value("政府信息公开", "/zwgk/", 10) > value("市长调研", "/news/1.html", 10));
    }
}
