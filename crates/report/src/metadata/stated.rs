//! The fields of a report's head and foot: each from the most trusted of its places, with a warning where
//! another says something else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use super::dates::moment;
use super::foot::{Signature, is_site_id, signature, site};
use super::meta;
use super::pairs::{Around, Pair};
use crate::page::{Line, Page};
use crate::sections::Sections;
use crate::text::{pattern, tight};
use crate::title;
use crate::warning::Warning;

/// Labels of the body that publishes.
const PUBLISHERS: [&str; 12] = [
    "发布机构",
    "发布机关",
    "发布单位",
    "公开单位",
    "公开机构",
    "公开主体",
    "公开责任部门",
    "发文机关",
    "发文机构",
    "责任部门",
    "成文机关",
    "制发机关",
];

const SOURCES: [&str; 4] = ["信息来源", "来源", "稿件来源", "文章来源"];

const PUBLISHED: [&str; 7] =
    ["发布日期", "发布时间", "信息时间", "公开日期", "公开时间", "日期", "时间"];

const GENERATED: [&str; 4] = ["生成日期", "成文日期", "生成时间", "成文时间"];

/// The letters of a date without its time.
const DATE_LETTERS: usize = "2024-01-17".len();

/// What a page says of itself in one place.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub(crate) value: String,
    /// As it is written, where the value is a date.
    pub(crate) raw: Option<String>,
    /// The label, `meta NAME`, `title`, `signature`, `foot`.
    pub(crate) place: String,
    /// The line where it stands; none for what is not text.
    pub(crate) line: Option<usize>,
}

/// The fields of the head and the foot, with the places that they were read from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stated {
    pub(crate) agency: Option<(Claim, &'static str)>,
    pub(crate) year: Option<(i32, Claim)>,
    pub(crate) published: Option<Claim>,
    pub(crate) generated: Option<Claim>,
    pub(crate) signed: Option<Claim>,
    pub(crate) source: Option<Claim>,
    pub(crate) site_id: Option<Claim>,
    pub(crate) icp: Option<Claim>,
    pub(crate) site_name: Option<Claim>,
    /// The fields that one label states: key and claim.
    pub(crate) labelled: Vec<(&'static str, Claim)>,
}

/// The fields that one label states, by their keys.
const LABELLED: [(&str, &[&str]); 7] = [
    ("index_number", &["信息索取号", "信息索引号", "索引号", "索取号"]),
    ("document_number", &["文号", "发文字号", "发布文号", "文件编号"]),
    ("category", &["信息类别", "信息分类"]),
    ("subject", &["主题分类", "主题词"]),
    ("disclosure_method", &["公开方式"]),
    ("disclosure_period", &["公开时限"]),
    ("disclosure_scope", &["公开范围"]),
];

/// Reads the fields.
pub(crate) fn stated(
    page: &Page,
    sections: &Sections,
    around: &Around,
    title: Option<&str>,
    warnings: &mut Vec<Warning>,
) -> Stated {
    let last = (1..=6).rev().find_map(|number| sections.place(number)).map(|place| place.start);
    let signature = signature(page, last.or_else(|| sections.begin_of_text(page)));
    let label = |labels: &[&str]| around.first(labels).map(of_pair);
    let tag = |name: &str| of_meta(page, name);
    let (foot_id, icp) = site(page);
    let sources: Vec<Claim> = [label(&SOURCES), tag("contentsource"), tag("script:source")]
        .into_iter()
        .flatten()
        .filter(|claim| claim.value.chars().any(char::is_alphabetic))
        .collect();
    let ids =
        [foot_id.map(|id| claim(id, "foot")), tag("siteidcode").filter(|id| is_site_id(&id.value))];
    let agency = agency(around, &sources, title, &signature, warnings);
    let beside = beside(page, sections, around, title, signature.date.as_deref());
    let published = published(page, &beside, warnings);
    if published.is_none()
        && let Some(pair) = around
            .pairs
            .iter()
            .find(|pair| PUBLISHED.contains(&pair.label.as_str()) && !beside.pairs.contains(pair))
    {
        let message = format!("{} {} stands among other pages' dates", pair.label, pair.value);
        warnings.push(Warning::new("date_set_aside", "published", message));
    }
    let year = year(page, sections, title, warnings);
    let says_none =
        |claim: &Claim| ["无", "无文号", "暂无", "/", "-", "—"].contains(&&*tight(&claim.value));
    let labelled = LABELLED.iter().filter_map(|(key, labels)| Some((*key, label(labels)?)));
    let labelled = labelled.filter(|(key, claim)| *key != "document_number" || !says_none(claim));
    Stated {
        agency,
        published: not_before(published, year.as_ref(), warnings),
        year,
        generated: dated("generated", around, &GENERATED, warnings).map(|claim| Claim {
            value: claim.value.chars().take(DATE_LETTERS).collect(),
            ..claim
        }),
        signed: signature.date.map(|date| Claim {
            line: Some(signature.line),
            raw: signature.written,
            ..claim(date, "signature")
        }),
        source: settle("source", sources, says_the_same, warnings),
        site_id: settle("site_id", ids.into_iter().flatten().collect(), |a, b| a == b, warnings),
        icp: icp.map(|icp| claim(icp, "foot")),
        site_name: tag("sitename"),
        labelled: labelled.collect(),
    }
}

fn claim(value: impl Into<String>, place: &str) -> Claim {
    Claim { value: value.into(), raw: None, place: place.to_owned(), line: None }
}

fn of_pair(pair: &Pair) -> Claim {
    Claim { value: pair.value.clone(), raw: None, place: pair.label.clone(), line: Some(pair.line) }
}

fn of_meta(page: &Page, name: &str) -> Option<Claim> {
    meta(page, name).map(|value| claim(value, &format!("meta {name}")))
}

/// The most trusted claim; each that says something else is warned of.
fn settle(
    field: &str,
    claims: Vec<Claim>,
    same: impl Fn(&str, &str) -> bool,
    warnings: &mut Vec<Warning>,
) -> Option<Claim> {
    let mut claims = claims.into_iter();
    let first = claims.next()?;
    for other in claims.filter(|other| !same(&first.value, &other.value)) {
        let message = format!(
            "{} says {}, {} says {}; the first is taken",
            first.place, first.value, other.place, other.value
        );
        warnings.push(Warning::new("metadata_disagrees", field, message));
    }
    Some(first)
}

/// Two names of one body or site: the one is a part of the other.
fn says_the_same(one: &str, two: &str) -> bool {
    let (one, two) = (tight(one), tight(two));
    one.contains(&two) || two.contains(&one)
}

fn same_day(one: &str, two: &str) -> bool {
    one.get(..DATE_LETTERS) == two.get(..DATE_LETTERS)
}

/// The date that a pair states; one that is no date of the calendar is warned of.
fn dated(
    field: &str,
    around: &Around,
    labels: &[&str],
    warnings: &mut Vec<Warning>,
) -> Option<Claim> {
    let mut unreadable = None;
    for claim in labels.iter().filter_map(|label| around.first(&[label]).map(of_pair)) {
        match moment(&claim.value) {
            Some(value) => return Some(Claim { raw: Some(claim.value), value, ..claim }),
            None => unreadable = unreadable.or(Some(claim)),
        }
    }
    let claim = unreadable.filter(|claim| claim.value.chars().any(|c| c.is_ascii_digit()))?;
    warnings.push(no_date(field, &claim));
    None
}

/// The pairs without the dates of lists. 日期 and 时间 are words of every page, and are the report's
/// near its title or above its first section alone; a date below it that is older than its signature
/// is another page's.
fn beside(
    page: &Page,
    sections: &Sections,
    around: &Around,
    title: Option<&str>,
    signed: Option<&str>,
) -> Around {
    const NEAR: usize = 12;
    let Some(begin) = sections.begin() else { return around.clone() };
    let title = title.map(tight).filter(|title| !title.is_empty());
    let is_title = |line: &Line<'_>| title.as_ref().is_some_and(|title| line.tight() == title);
    let head = page.lines(0..begin).rev().find(is_title).map_or(begin, |line| line.index);
    let is_older =
        |pair: &Pair| signed.zip(moment(&pair.value)).is_some_and(|(signed, date)| *date < *signed);
    let is_its_own = |pair: &&Pair| match pair.label.as_str() {
        "日期" | "时间" => pair.line < begin && pair.line + NEAR >= head,
        label => pair.line < begin || !PUBLISHED.contains(&label) || !is_older(pair),
    };
    Around { pairs: around.pairs.iter().filter(is_its_own).cloned().collect() }
}

/// A labelled date beside the report, else the meta tag's, else the date of the document.
fn published(page: &Page, around: &Around, warnings: &mut Vec<Warning>) -> Option<Claim> {
    let at_moment = |claim: &Claim| {
        let raw = Some(claim.value.clone());
        moment(&claim.value).map(|value| Claim { value, raw, ..claim.clone() })
    };
    let labelled = dated("published", around, &PUBLISHED, warnings);
    let tags: Vec<Claim> = ["pubdate", "script:pubdate", "script:pubdata"]
        .into_iter()
        .filter_map(|name| of_meta(page, name))
        .collect();
    let tag = tags.iter().find_map(at_moment);
    if labelled.is_none()
        && tag.is_none()
        && let Some(unreadable) = tags.first().filter(|tag| !tag.value.trim().is_empty())
    {
        warnings.push(no_date("published", unreadable));
    }
    let claims: Vec<Claim> = [labelled, tag].into_iter().flatten().collect();
    settle("published", claims, same_day, warnings)
        .or_else(|| dated("published", around, &["发文日期", "印发日期", "发文时间"], warnings))
}

fn no_date(field: &str, claim: &Claim) -> Warning {
    let message = format!("{}: `{}` is no date", claim.place, claim.value);
    Warning::new("date_unreadable", field, message)
}

/// No report is published before the year that it reports on has begun.
fn not_before(
    published: Option<Claim>,
    year: Option<&(i32, Claim)>,
    warnings: &mut Vec<Warning>,
) -> Option<Claim> {
    let published = published?;
    let of_date = published.value.get(..4).and_then(|year| year.parse::<i32>().ok());
    let (year, _) = match (of_date, year) {
        (Some(of_date), Some(year)) if of_date < year.0 => year,
        _ => return Some(published),
    };
    let message = format!("{}: {} is before {year}", published.place, published.value);
    warnings.push(Warning::new("date_set_aside", "published", message));
    None
}

/// The agency, and which place named it.
fn agency(
    around: &Around,
    sources: &[Claim],
    title: Option<&str>,
    signature: &Signature,
    warnings: &mut Vec<Warning>,
) -> Option<(Claim, &'static str)> {
    let is_body = |claim: &&Claim| title::ends_as_body(&tight(&claim.value));
    let of_label = around
        .first(&PUBLISHERS)
        .map(of_pair)
        .filter(|claim| claim.value.chars().any(char::is_alphabetic));
    let of_metadata = of_label.or_else(|| sources.iter().find(is_body).cloned());
    let of_title = title
        .filter(|title| title::names_report(title))
        .and_then(title::agency)
        .map(|agency| claim(agency, "title"));
    let of_signature = signature
        .agency
        .clone()
        .map(|agency| Claim { line: signature.line.checked_sub(1), ..claim(agency, "signature") });
    let from = match (&of_metadata, &of_title, &of_signature) {
        (Some(_), ..) => "metadata",
        (None, Some(_), _) => "title",
        (None, None, Some(_)) => "signature",
        (None, None, None) => return None,
    };
    let claims = [of_metadata, of_title, of_signature].into_iter().flatten().collect();
    settle("agency", claims, is_same_body, warnings).map(|claim| (claim, from))
}

/// Two names of one body: letters of the one stand in the other, in their order (团结办事处,
/// 团结街道办事处), or one is the government of the place that the other names.
fn is_same_body(one: &str, two: &str) -> bool {
    let core = |name: &str| tight(name).replace("人民政府", "").replace("政府", "");
    let (one, two) = (core(one), core(two));
    let (short, long) = if one.len() < two.len() { (one, two) } else { (two, one) };
    let mut letters = long.chars();
    short.chars().all(|letter| letters.any(|other| other == letter))
}

/// The year that the title names, else that of the period that the report counts, else the first that its
/// first section speaks of.
fn year(
    page: &Page,
    sections: &Sections,
    title: Option<&str>,
    warnings: &mut Vec<Warning>,
) -> Option<(i32, Claim)> {
    let of_title = title.filter(|title| title::names_report(title)).and_then(title::year);
    let of_title = of_title.map(|year| claim(year.to_string(), "title"));
    let period = period(page, sections);
    let claims = [of_title, period].into_iter().flatten().collect();
    let found = settle("year", claims, |one, two| one == two, warnings);
    let found = found.or_else(|| year_of_text(page, sections, warnings))?;
    Some((found.value.parse().ok()?, found))
}

static PERIOD: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|\D)(20[0-5]\d)年1月1日起?[^年\d]{0,6}(20[0-5]\d)?年?12月31日"));

/// 统计期限: the year whose first day begins the period, and whose last day ends it.
fn period(page: &Page, sections: &Sections) -> Option<Claim> {
    const LINES_BEFORE: usize = 30;
    let begin = sections.begin()?;
    let end = sections.place(1).map_or(begin, |place| place.end);
    let mut lines = page.lines(begin.saturating_sub(LINES_BEFORE)..end);
    lines.find_map(|line| {
        if !line.tight().contains("12月31日") {
            return None;
        }
        let found = PERIOD.captures(line.tight())?;
        let (from, to) = (found.get(1)?.as_str(), found.get(2).map(|to| to.as_str()));
        to.is_none_or(|to| to == from)
            .then(|| Claim { line: Some(line.index), ..claim(from, "统计期限") })
    })
}

/// The one year that the first section speaks of, those of laws and of comparisons not counted; of
/// several, the last, if it alone is called a whole year.
fn year_of_text(page: &Page, sections: &Sections, warnings: &mut Vec<Warning>) -> Option<Claim> {
    static YEAR: LazyLock<Regex> = LazyLock::new(|| pattern(r"(20[0-5]\d)(?:年度|年全年|年)"));
    let (mut all, mut whole) = (BTreeMap::new(), BTreeSet::new());
    for line in page.lines(sections.place(1)?) {
        let text = line.tight();
        for found in YEAR.captures_iter(text) {
            let (Some(span), Some(year)) = (found.get(0), found.get(1)) else { continue };
            let before = text.get(..span.start()).unwrap_or_default();
            let behind = text.get(span.end()..).unwrap_or_default();
            if before.ends_with(|c: char| c.is_ascii_digit()) || is_of_other(before, behind) {
                continue;
            }
            all.entry(year.as_str()).or_insert(line.index);
            if !span.as_str().ends_with("年") || span.as_str().ends_with("全年") {
                whole.insert(year.as_str());
            }
        }
    }
    let (year, line) = all.last_key_value()?;
    let is_sure = all.len() == 1 || (whole.len() == 1 && whole.contains(year));
    let message = if is_sure {
        format!("the title names no year; the first section speaks of {year}")
    } else {
        let years: Vec<&str> = all.keys().copied().collect();
        format!("the title names no year; the first section speaks of {}", years.join(", "))
    };
    warnings.push(Warning::new("year_from_text", "year", message));
    is_sure.then(|| Claim { line: Some(*line), ..claim(*year, "总体情况") })
}

/// Whether a year is that of a law, or one that is compared with.
fn is_of_other(before: &str, behind: &str) -> bool {
    static LAW: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(?:\d{1,2}月)?(?:\d{1,2}日)?(?:起|以来)?(?:最?新)?(?:正式)?(?:修订|修正|施行|实施|颁布|生效|制定|出台|通过|印发|下发|成立)",
        )
    });
    LAW.is_match(behind)
        || ["比", "较", "与", "同", "〔", "[", "("].iter().any(|word| before.ends_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::around;
    use crate::{page, sections};

    fn read(text: &str) -> (Stated, Vec<Warning>) {
        let page = page::read(text);
        let sections = sections::find(&page);
        let around = around(&page, sections.begin());
        let title = title::find(&page, sections.begin());
        let mut warnings = Vec::new();
        let stated = stated(&page, &sections, &around, title.as_deref(), &mut warnings);
        (stated, warnings)
    }

    #[test]
    fn a_label_beside_the_report_is_believed_before_a_meta_tag() {
        let (stated, warnings) = read(
            "<meta name=PubDate content='2020-01-01'><meta content='青杉市人民政府' name='contentSource'>\
             <h1>青杉市统计局2023年政府信息公开工作年度报告</h1><p>发布日期：2024-01-17 来源：青杉市统计局<p>一、总体情况",
        );
        assert_eq!(stated.published.unwrap().value, "2024-01-17");
        assert_eq!(stated.source.unwrap().value, "青杉市统计局");
        let places: Vec<_> = warnings.iter().map(|w| (w.code, w.at.as_str())).collect();
        let disagrees = "metadata_disagrees";
        assert_eq!(places, [(disagrees, "published"), (disagrees, "source")]);
    }

    #[test]
    fn a_meta_tag_that_is_no_date_says_so() {
        for tag in ["1705481880000", "Wed Jan 17 16:58:00 CST 2024", "2024-01-1716:58"] {
            let page = format!("<meta name=PubDate content='{tag}'><p>一、总体情况");
            let (stated, warnings) = read(&page);
            assert!(stated.published.is_none(), "{tag}");
            let places: Vec<_> = warnings.iter().map(|w| (w.code, w.at.as_str())).collect();
            assert_eq!(places, [("date_unreadable", "published")], "{tag}");
        }
    }

    #[test]
    fn the_first_section_says_the_year_if_it_speaks_of_one() {
        for (text, expected) in [
            ("自2019年5月15日新修订的《条例》施行以来，2023年本局认真公开。", Some(2023)),
            ("根据国办公开办函〔2021〕30号和2007年颁布的条例，现公布2023年度报告。", Some(2023)),
            ("2023年度收到12件，与2022年相比略增。", Some(2023)),
            ("2023年全年收到12件，2022年收到3件。", Some(2023)),
            ("2022年度报告公布以来，2023年收到12件。", None),
            ("2022年收到3件，2023年收到12件。", None),
        ] {
            let (stated, warnings) =
                read(&format!("一、总体情况\n{text}\n二、主动公开政府信息情况"));
            assert_eq!(stated.year.map(|(year, _)| year), expected, "{text}");
            let places: Vec<_> = warnings.iter().map(|w| (w.code, w.at.as_str())).collect();
            assert_eq!(places, [("year_from_text", "year")], "{text}");
        }
    }

    #[test]
    fn a_document_without_a_number_has_none() {
        for (value, expected) in
            [("无", None), ("无文号", None), ("青发〔2024〕1号", Some("青发〔2024〕1号"))]
        {
            let (stated, _) = read(&format!("文号：{value}\n一、总体情况"));
            let number = stated.labelled.into_iter().find(|(key, _)| *key == "document_number");
            assert_eq!(number.map(|(_, claim)| claim.value).as_deref(), expected);
        }
    }

    #[test]
    fn a_date_before_the_year_reported_on_is_not_when_the_report_was_published() {
        let read = |date: &str| {
            let (stated, warnings) = read(&format!(
                "<h1>青杉市统计局2023年政府信息公开工作年度报告</h1><p>发布日期：{date}<p>一、总体情况<p>略"
            ));
            (stated.published.map(|claim| claim.value), warnings.len())
        };
        assert_eq!(read("2021-02-03"), (None, 1));
        assert_eq!(read("2023-12-29"), (Some("2023-12-29".to_owned()), 0));
    }

    #[test]
    fn a_time_of_a_list_is_not_when_the_report_was_published() {
        let report = "<h1>青杉市统计局2023年政府信息公开工作年度报告</h1><p>一、总体情况<p>略";
        let published = |text: &str| read(text).0.published.map(|claim| claim.value);
        assert_eq!(published(&format!("{report}<p>甲通知<p>时间：2021-02-03")), None);
        let far = format!("<p>时间：2021-02-03{}{report}", "<p>甲".repeat(20));
        assert_eq!(published(&far), None);
        let signed = "<p>六、其他需要报告的事项<p>青杉市统计局<p>2024年1月17日";
        let older = format!("{report}{signed}<p>发布时间：2021-02-03");
        assert_eq!(published(&older), None);
        let warnings = read(&older).1;
        let warned = warnings.iter().map(|w| (w.code, w.at.as_str()));
        assert!(warned.eq([("date_set_aside", "published")]), "{warnings:?}");
        let near = report.replace("<p>一、", "<p>时间：2024-01-17<p>一、");
        assert_eq!(published(&near).as_deref(), Some("2024-01-17"));
    }

    #[test]
    fn names_of_one_body_do_not_disagree() {
        for (one, two, same) in [
            ("团结办事处", "团结街道办事处", true),
            ("青杉市", "青杉市人民政府", true),
            ("青杉市统计局", "云岭县统计局", false),
        ] {
            assert_eq!(is_same_body(one, two), same, "{one} {two}");
        }
    }

    #[test]
    fn a_source_that_names_nothing_is_none() {
        assert!(read("来源:1\n一、总体情况").0.source.is_none());
    }

    #[test]
    fn the_period_says_the_year_where_the_title_does_not() {
        let (stated, _) = read("统计期限自2022年1月1日起至2022年12月31日止\n一、总体情况\n2023年");
        assert_eq!(stated.year.map(|(year, _)| year), Some(2022));
        let (stated, _) = read("一、总体情况\n20223年");
        assert_eq!(stated.year.map(|(year, _)| year), None);
    }
}
