//! The title of a page: which text is it, and is it that of a report.

use std::sync::LazyLock;

use regex::Regex;

use crate::metadata::meta;
use crate::page::Page;
use crate::text::{pattern, tight, trimmed};

/// A title is no longer than this, in letters.
const LONGEST: usize = 80;

/// What is called so is none of ours, whatever else it is called.
const DECOYS: [&str; 20] = [
    "解读",
    "通知",
    "格式",
    "指南",
    "报表",
    "政府工作报告",
    "法治政府",
    "意见",
    "办法",
    "图解",
    "一图读懂",
    "目录",
    "评估",
    "考核",
    "社会责任",
    "环境信息",
    "预算",
    "决算",
    "答记者问",
    "转发",
];

/// Bodies that are no agencies, though they too report on disclosure.
const STRANGERS: [&str; 12] = [
    "医院",
    "学校",
    "中学",
    "小学",
    "大学",
    "学院",
    "幼儿园",
    "公司",
    "供电",
    "银行",
    "集团",
    "水务",
];

static REPORT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:信息|政务)公开(?:工作)?(?:情况)?(?:的)?(?:年度)?(?:工作)?(?:情况)?(?:年度)?(?:报告|年报)|(?:信息|政务)公开年报",
    )
});

/// The year, in digits or in letters, and what stands before it.
static YEAR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(20[0-5]\d|[二2][〇○零Oo0][〇○零O一二三四五][〇○零O一二三四五六七八九])(?:年度?|度)?")
});

/// Whether this is the title of an annual report.
pub(crate) fn names_report(title: &str) -> bool {
    let tight = tight(title);
    REPORT.is_match(&tight) && !is_decoy(&tight)
}

/// Whether this is the title of something that a report may be mistaken for.
pub(crate) fn is_decoy(title: &str) -> bool {
    let tight = tight(title);
    DECOYS.iter().chain(&STRANGERS).any(|word| tight.contains(word))
}

/// The page's title: the first of its places that names a report, else the first that names anything.
pub(crate) fn find(page: &Page, begin: Option<usize>) -> Option<String> {
    let head = page
        .lines
        .get(..begin.unwrap_or(page.lines.len()).min(page.lines.len()))
        .unwrap_or_default();
    let headings = head.iter().filter(|line| line.is_title).map(super::page::Line::text);
    let of_meta = meta(page, &["articletitle"]).map(str::to_owned);
    let of_page = page.title.as_deref().map(without_site);
    let places: Vec<String> =
        of_meta.into_iter().chain(headings).chain(of_page).filter(|text| fits(text)).collect();
    // What a line says of itself is asked last: columns and links stand among the lines.
    let lines = || head.iter().filter(|line| line.cells.len() == 1).map(super::page::Line::text);
    let is_whole = |text: &String| {
        fits(text) && !text.contains(':') && names_report(text) && year(text).is_some()
    };
    let named = places.iter().find(|text| names_report(text)).cloned();
    // A heading over two lines may name its agency on the first alone.
    let whole = named.as_deref().is_none_or(|title| agency(title).is_some());
    let named = if whole { named } else { joined(head).or(named) };
    named
        .or_else(|| {
            let decoy = places.iter().find(|text| is_decoy(text)).cloned();
            decoy
                .or_else(|| joined(head))
                .or_else(|| lines().find(is_whole))
                .or_else(|| places.first().cloned())
        })
        .map(|title| trimmed(&title))
}

/// A title over two lines: `青杉市统计局` above `2023年政府信息公开工作年度报告`.
fn joined(head: &[crate::page::Line]) -> Option<String> {
    head.windows(2).find_map(|two| {
        let [above, below] = two else { return None };
        let (above, below) = (above.text(), below.text());
        let starts = YEAR.find(&tight(&below)).is_some_and(|year| year.start() == 0);
        let is_name = !above.contains([':', '>', '、']) && ends_as_body(&tight(&above));
        (starts && is_name && names_report(&below) && below.chars().count() <= 30)
            .then(|| format!("{above}{below}"))
    })
}

fn fits(text: &str) -> bool {
    let length = text.chars().count();
    length > 1 && length <= LONGEST && !text.contains('>')
}

/// `<title>` without the site's name after a dash or a bar.
fn without_site(title: &str) -> String {
    let parts = title.split(['-', '_', '|', '—']).map(str::trim);
    let named = parts.clone().find(|part| names_report(part));
    named.or_else(|| parts.clone().next()).unwrap_or(title).to_owned()
}

/// The year that a title names.
pub(crate) fn year(title: &str) -> Option<i32> {
    let tight = tight(title);
    let written = YEAR.captures(&tight)?.get(1)?.as_str();
    let digits: Option<String> = written.chars().map(digit).collect();
    digits?.parse().ok().filter(|year| (2003..2060).contains(year))
}

fn digit(letter: char) -> Option<char> {
    Some(match letter {
        '〇' | '○' | '零' | 'O' | 'o' => '0',
        '一' => '1',
        '二' => '2',
        '三' => '3',
        '四' => '4',
        '五' => '5',
        '六' => '6',
        '七' => '7',
        '八' => '8',
        '九' => '9',
        digit => digit.is_ascii_digit().then_some(digit)?,
    })
}

/// The agency that a title names: what stands before the year.
pub(crate) fn agency(title: &str) -> Option<String> {
    let tight = tight(title);
    let before = match YEAR.find(&tight) {
        Some(year) => tight.get(..year.start())?,
        None => tight.get(..REPORT.find(&tight)?.start())?.trim_end_matches("政府"),
    };
    let name = before
        .trim_start_matches(['《', '关', '于'])
        .trim_matches(['(', ')', '-', '"', '“', '”', '《']);
    (name.chars().count() >= 3 && name.chars().count() <= 40 && !name.contains([':', ',', '。']))
        .then(|| name.to_owned())
}

/// Whether a name ends as those of agencies do.
pub(crate) fn ends_as_body(name: &str) -> bool {
    const ENDS: [&str; 22] = [
        "政府",
        "局",
        "委员会",
        "委",
        "办公室",
        "办事处",
        "厅",
        "街道",
        "镇",
        "乡",
        "中心",
        "处",
        "院",
        "队",
        "署",
        "馆",
        "站",
        "所",
        "部",
        "会",
        "办",
        "管理区",
    ];
    ENDS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    #[test]
    fn titles_of_reports_are_told_from_decoys() {
        for title in [
            "青杉市统计局2023年政府信息公开工作年度报告",
            "云岭县人民政府办公室 2019 年政府信息公开年度报告",
            "某街道办事处2023年度政务公开工作年度报告",
            "二〇一八年政府信息公开工作报告",
            "青杉市2016年政府信息公开年报",
        ] {
            assert!(names_report(title), "{title}");
        }
        for title in [
            "《青杉市2023年政府信息公开工作年度报告》解读",
            "关于做好2023年政府信息公开工作年度报告编制工作的通知",
            "2023年政府工作报告",
            "青杉市2023年政府网站工作年度报表",
            "青杉市人民医院2023年信息公开工作年度报告",
            "青杉市2023年法治政府建设年度报告",
            "政府信息公开指南",
            "市领导调研政务公开工作",
        ] {
            assert!(!names_report(title), "{title}");
        }
    }

    #[test]
    fn a_title_names_its_agency_and_its_year() {
        let of = |title: &str| (agency(title), year(title));
        assert_eq!(
            of("青杉市统计局 2023 年政府信息公开工作年度报告"),
            (Some("青杉市统计局".into()), Some(2023))
        );
        assert_eq!(
            of("云岭县二〇一九年政府信息公开工作年度报告"),
            (Some("云岭县".into()), Some(2019))
        );
        assert_eq!(of("2023年政府信息公开工作年度报告"), (None, Some(2023)));
        assert_eq!(of("青杉市统计局政府信息公开年报").0, Some("青杉市统计局".into()));
    }

    #[test]
    fn the_site_s_name_is_no_part_of_the_title() {
        let page = page::read(
            "<title>青杉市统计局2023年政府信息公开工作年度报告_青杉市人民政府</title><body><p>x",
        );
        assert_eq!(find(&page, None).unwrap(), "青杉市统计局2023年政府信息公开工作年度报告");
        let page = page::read(
            "<div><h1>青杉市统计局<br>2023年政府信息公开工作年度报告</h1><p>一、总体情况",
        );
        assert_eq!(find(&page, Some(2)).unwrap(), "青杉市统计局2023年政府信息公开工作年度报告");
    }
}
