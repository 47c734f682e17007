//! A page to a report: what kind it is, and what it states.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

use crate::checks::checks;
use crate::metadata::{self, Around, around, foot, meta, moment, signed};
use crate::page::{self, Anchor, Page};
use crate::schema::{Attachment, Format, Kind, Report, SCHEMA, Table};
use crate::sections::{self, Sections};
use crate::tables;
use crate::text::{pattern, tight, undo_poison};
use crate::title;
use crate::warning::Warning;
use crate::{Decoded, Hints};

/// Endings of files that a report is offered as.
const FILE_ENDINGS: [&str; 7] = [".pdf", ".doc", ".docx", ".xls", ".xlsx", ".wps", ".ofd"];

/// A page that names so many reports lists them.
const COLUMN_LINKS: usize = 3;

/// A page that offers its report as a file has no more letters than this of its own.
const FILE_PAGE_LETTERS: usize = 600;

/// A narrative report has no fewer letters than this.
const NARRATIVE_LETTERS: usize = 400;

/// A cheap look at a page's text: false only where it can be no report. Letters that stay whole are
/// looked for, since tags and pinyin break words.
pub fn may_be_report(text: &str) -> bool {
    const KINDS: usize = 3;
    /// Openness; a report's name; what stands in a report's body and in no navigation.
    const WORDS: [(&str, usize); 26] = [
        ("公开", 0),
        ("公開", 0),
        ("年度报告", 1),
        ("年度報告", 1),
        ("年度報", 1),
        ("年报", 1),
        ("年報", 1),
        ("工作报告", 1),
        ("工作報告", 1),
        ("公开办函", 1),
        ("结转下年", 2),
        ("結轉", 2),
        ("結(", 2),
        ("本年新", 2),
        ("勾稽", 2),
        ("总体情况", 2),
        ("總體", 2),
        ("總(", 2),
        ("主动公开政府信息", 2),
        ("主动公开情况", 2),
        ("申请情况", 2),
        ("行政复议", 2),
        (".pdf", 2),
        (".doc", 2),
        (".xls", 2),
        (".wps", 2),
    ];
    #[expect(clippy::expect_used, reason = "a constant list, read by each test")]
    static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
        AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(WORDS.iter().map(|(word, _)| word))
            .expect("a constant list")
    });
    let mut seen = [false; KINDS];
    let mut seen_openness = false;
    for found in SEARCH.find_iter(text) {
        if let Some((word, kind)) = WORDS.get(found.pattern().as_usize())
            && let Some(slot) = seen.get_mut(*kind)
        {
            *slot = true;
            // The longer words hold openness too.
            seen_openness |= word.contains("公开");
        }
        let [openness, name, body] = seen;
        if (openness || seen_openness) && name && body {
            return true;
        }
    }
    false
}

/// Reads a page. Never fails: what it does not state is null, and what is unsure says so.
pub fn read(decoded: &Decoded<'_>, hints: &Hints<'_>) -> Report {
    let (text, undone) = undo_poison(&decoded.text);
    let page = page::read(&text);
    let mut warnings = Vec::new();
    if undone.traditional || undone.pinyin {
        let message = match (undone.traditional, undone.pinyin) {
            (true, true) => "traditional characters turned back, pinyin in brackets taken out",
            (true, false) => "traditional characters turned back",
            _ => "pinyin in brackets taken out",
        };
        warnings.push(Warning::new("text_restored", "text", message));
    }
    if page.cut {
        warnings.push(Warning::new(
            "page_cut",
            "text",
            "the page nests too deep; its rest was not read",
        ));
    }
    let sections = sections::find(&page.lines);
    let around = around(&page.lines, sections.begin());
    let title = title::find(&page, sections.begin());
    let attachments = attachments(&page, hints);
    let format = format(&page);
    let tables = Tables::read(&page, &sections, format, &mut warnings);
    let kind = kind(&page, &sections, title.as_deref(), &tables, &attachments);
    let is_report = kind == Kind::Report;
    if !is_report {
        warnings.retain(|warning| matches!(warning.at.as_str(), "text"));
    }
    let tables = if is_report { tables } else { Tables::default() };
    let mut report = stated(&page, &sections, &around, title);
    report.kind = kind;
    report.checks = checks(tables.requests.as_ref(), tables.reviews.as_ref());
    report.format = is_report.then_some(if tables.is_empty() { Format::Narrative } else { format });
    report.sections = is_report.then(|| sections.texts(&page.lines));
    (report.proactive, report.requests, report.reviews) =
        (tables.proactive, tables.requests, tables.reviews);
    report.attachments = attachments;
    report.warnings = warnings;
    report
}

#[derive(Default)]
struct Tables {
    proactive: Option<Table>,
    requests: Option<Table>,
    reviews: Option<Table>,
}

impl Tables {
    fn read(page: &Page, sections: &Sections, format: Format, warnings: &mut Vec<Warning>) -> Self {
        let lines = |number| sections.lines(number, &page.lines).unwrap_or_default();
        Self {
            proactive: tables::proactive::read(lines(2), format, warnings),
            requests: tables::requests::read(lines(3), format, warnings),
            reviews: tables::reviews::read(lines(4), warnings),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Table> {
        [&self.proactive, &self.requests, &self.reviews].into_iter().flatten()
    }

    fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// Cells that hold a number: a template has tables, and no numbers in them.
    fn stated(&self) -> usize {
        self.all().map(Table::stated).sum()
    }
}

/// The form, by its labels and not by the notice that a report cites.
fn format(page: &Page) -> Format {
    let has = |words: &[&str]| {
        page.lines.iter().any(|line| {
            let text = tight(&line.text());
            text.chars().count() < 200 && words.iter().any(|word| text.contains(word))
        })
    };
    if has(&["本年制发件数", "本年废止件数", "现行有效件"]) {
        Format::Form2021
    } else if has(&[
        "本年新制作数量",
        "本年新公开数量",
        "对外公开总数量",
        "上一年项目数量",
        "采购项目数量",
    ]) {
        Format::Form2019
    } else {
        Format::Narrative
    }
}

fn kind(
    page: &Page,
    sections: &Sections,
    title: Option<&str>,
    tables: &Tables,
    attachments: &[Attachment],
) -> Kind {
    let names = title.is_some_and(title::names_report);
    let decoy = title.is_some_and(title::is_decoy);
    let letters: usize = page.lines.iter().map(|line| line.text().chars().count()).sum();
    let year = title.and_then(title::year);
    let listed = page.anchors.iter().filter(|anchor| names_a_years_report(anchor)).count();
    let has_body = tables.stated() > 0 && sections.count() >= 2;
    match () {
        () if decoy => Kind::Other,
        () if has_body && (names || sections.count() >= 4) => Kind::Report,
        () if names && sections.count() >= 3 => Kind::Report,
        () if listed >= COLUMN_LINKS && !(names && year.is_some()) => Kind::Column,
        () if names && year.is_some() && is_narrative(page, letters) => Kind::Report,
        () if names && !attachments.is_empty() && own_letters(page) <= FILE_PAGE_LETTERS => {
            Kind::ReportFile
        }
        () => Kind::Other,
    }
}

fn names_a_years_report(anchor: &Anchor) -> bool {
    title::names_report(&anchor.text) && title::year(&anchor.text).is_some()
}

/// A report of the years before the tables: both halves of the duty are told of, at length.
fn is_narrative(page: &Page, letters: usize) -> bool {
    let has = |word: &str| page.lines.iter().any(|line| line.text().contains(word));
    letters >= NARRATIVE_LETTERS
        && has("主动公开")
        && (has("依申请公开") || has("公开申请"))
        && has("情况")
}

/// The letters of a page that are not those of its links.
fn own_letters(page: &Page) -> usize {
    let all: usize = page.lines.iter().map(|line| line.text().chars().count()).sum();
    let links: usize = page.anchors.iter().map(|anchor| anchor.text.chars().count()).sum();
    all.saturating_sub(links)
}

fn attachments(page: &Page, hints: &Hints<'_>) -> Vec<Attachment> {
    let is_file = |anchor: &&Anchor| {
        let path = anchor.target.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        FILE_ENDINGS.iter().any(|ending| path.ends_with(ending))
    };
    let mut attachments: Vec<Attachment> = Vec::new();
    for anchor in page.anchors.iter().filter(is_file) {
        let url = resolve(hints.url, &anchor.target);
        if !attachments.iter().any(|known| known.url == url) {
            attachments.push(Attachment { url, text: anchor.text.clone() });
        }
    }
    attachments
}

fn resolve(base: Option<&str>, target: &str) -> String {
    let base = base.and_then(|base| url::Url::parse(base).ok());
    match base.and_then(|base| base.join(target).ok()) {
        Some(url) => url.into(),
        None => target.to_owned(),
    }
}

/// The fields of the head and the foot.
fn stated(page: &Page, sections: &Sections, around: &Around, title: Option<String>) -> Report {
    let first = |labels: &[&str]| around.first(labels).map(str::to_owned);
    let source =
        first(&["信息来源", "来源"]).or_else(|| meta(page, &["contentsource"]).map(str::to_owned));
    let (agency, agency_from) = agency(page, around, source.as_deref(), title.as_deref());
    let (foot_id, icp) = foot(&page.lines);
    let site_id =
        meta(page, &["siteidcode"]).filter(|id| is_site_id(id)).map(str::to_owned).or(foot_id);
    let year = title.as_deref().filter(|title| title::names_report(title)).and_then(title::year);
    Report {
        schema: SCHEMA,
        kind: Kind::Other,
        year: year.or_else(|| year_of_text(page, sections)),
        title: title.filter(|title| !title.is_empty()),
        agency,
        agency_from,
        published: published(page, around),
        generated: around.first(&["生成日期", "成文日期"]).and_then(metadata::date),
        signed: signed(&page.lines, sections.begin()),
        index_number: first(&["信息索取号", "信息索引号", "索引号", "索取号"]),
        document_number: first(&["文号", "发文字号"]),
        category: first(&["信息类别", "信息分类"]),
        subject: first(&["主题分类", "主题词"]),
        disclosure_method: first(&["公开方式"]),
        disclosure_period: first(&["公开时限"]),
        disclosure_scope: first(&["公开范围"]),
        source,
        division: site_id.as_deref().and_then(|id| id.get(..6)).map(str::to_owned),
        site_id,
        icp,
        site_name: meta(page, &["sitename"]).map(str::to_owned),
        metadata: around.to_map(),
        format: None,
        sections: None,
        proactive: None,
        requests: None,
        reviews: None,
        checks: Vec::new(),
        warnings: Vec::new(),
        attachments: Vec::new(),
    }
}

/// A labelled date beside the report, else the meta tag's, else the date of the document.
fn published(page: &Page, around: &Around) -> Option<String> {
    around
        .first(&["发布日期", "发布时间", "公开日期", "公开时间", "日期", "时间"])
        .and_then(moment)
        .or_else(|| meta(page, &["pubdate"]).and_then(moment))
        .or_else(|| around.first(&["发文日期", "印发日期", "发文时间"]).and_then(moment))
}

fn is_site_id(id: &str) -> bool {
    id.len() == 10 && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// The agency, and which place named it.
fn agency(
    page: &Page,
    around: &Around,
    source: Option<&str>,
    title: Option<&str>,
) -> (Option<String>, Option<&'static str>) {
    const PUBLISHERS: [&str; 8] = [
        "发布机构",
        "发布机关",
        "发布单位",
        "公开单位",
        "公开机构",
        "发文机关",
        "责任部门",
        "成文机关",
    ];
    let of_metadata = around
        .first(&PUBLISHERS)
        .map(str::to_owned)
        .or_else(|| source.filter(|source| title::ends_as_body(&tight(source))).map(str::to_owned));
    if let Some(agency) = of_metadata {
        return (Some(agency), Some("metadata"));
    }
    let of_title = title.filter(|title| title::names_report(title)).and_then(title::agency);
    if let Some(agency) = of_title {
        return (Some(agency), Some("title"));
    }
    match signature(page) {
        Some(agency) => (Some(agency), Some("signature")),
        None => (None, None),
    }
}

/// The body that stands alone on the line above the date at the report's foot.
fn signature(page: &Page) -> Option<String> {
    let is_date = |text: &str| {
        text.chars().count() <= 12 && metadata::date(text).is_some_and(|_| !text.contains(':'))
    };
    let lines: Vec<String> = page.lines.iter().map(|line| tight(&line.text())).collect();
    let at = lines.iter().rposition(|text| is_date(text))?;
    let above = lines.get(at.checked_sub(1)?)?;
    let length = above.chars().count();
    ((3..=30).contains(&length) && title::ends_as_body(above)).then(|| above.clone())
}

/// The year that the first section speaks of first.
fn year_of_text(page: &Page, sections: &Sections) -> Option<i32> {
    static YEAR: LazyLock<Regex> = LazyLock::new(|| pattern(r"(20[0-5]\d) ?年"));
    let lines = sections.lines(1, &page.lines)?;
    let text = lines.iter().map(super::page::Line::text).find(|text| YEAR.is_match(text))?;
    YEAR.captures(&text)?.get(1)?.as_str().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode;
    use proptest::prelude::*;

    fn parse(text: &str) -> Report {
        let hints = Hints::default();
        read(&decode(text.as_bytes(), &hints), &hints)
    }

    #[test]
    fn a_page_that_offers_its_report_as_a_file_says_where() {
        let page = "<title>青杉市统计局2023年政府信息公开工作年度报告</title><body>\
            <p>点击下载：<a href='./P0202401.pdf'>年度报告.pdf</a></p>";
        let hints = Hints { url: Some("http://x.gov.cn/nb/t1.html"), ..Hints::default() };
        let report = read(&decode(page.as_bytes(), &hints), &hints);
        assert_eq!(report.kind, Kind::ReportFile);
        assert_eq!(report.attachments[0].url, "http://x.gov.cn/nb/P0202401.pdf");
        assert!(may_be_report(page));
    }

    #[test]
    fn a_narrative_report_has_a_year_and_no_tables() {
        let text = "主动公开情况如下。依申请公开情况如下。".repeat(30);
        let page = format!("<h1>青杉市2016年政府信息公开工作年度报告</h1><p>{text}</p>");
        let report = parse(&page);
        assert_eq!((report.kind, report.format), (Kind::Report, Some(Format::Narrative)));
        assert_eq!((report.year, report.requests), (Some(2016), None));
    }

    #[test]
    fn the_form_that_the_notice_gives_holds_no_numbers_and_is_no_report() {
        let page = "<title>关于印发政府信息公开工作年度报告格式的通知</title><p>一、总体情况<p>二、主动公开政府信息情况\
            <table><tr><td>信息内容</td><td>本年制发件数</td></tr><tr><td>规章</td><td></td></tr></table>\
            <p>三、收到和处理政府信息公开申请情况<p>四、政府信息公开行政复议、行政诉讼情况";
        let report = parse(page);
        assert_eq!((report.kind, report.requests), (Kind::Other, None));
    }

    #[test]
    fn spans_and_cells_without_end_are_read_in_reasonable_time() {
        let page =
            "<table><tr><td rowspan=65535 colspan=65535>1".repeat(300) + &"<td>2".repeat(50_000);
        assert_eq!(parse(&page).kind, Kind::Other);
    }

    proptest! {
        #[test]
        fn no_bytes_bring_it_down(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let hints = Hints::default();
            let _ = read(&decode(&bytes, &hints), &hints);
        }

        #[test]
        fn no_table_brings_it_down(
            cells in proptest::collection::vec("(一、总体情况|二、主动公开政府信息情况|三、收到和处理政府信息公开申请情况|规章|（七）总计|<tr>|<td>|</table>|<table>|\\PC{0,6})", 0..60),
        ) {
            let _ = parse(&cells.concat());
        }
    }
}
