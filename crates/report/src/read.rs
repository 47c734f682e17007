//! A page to a report: what it states, field by field.

use std::collections::HashSet;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::checks::checks;
use crate::evidence;
use crate::kind::{Signs, kind};
use crate::metadata::{self, Claim, Stated, around};
use crate::page::{self, Anchor, Page};
use crate::schema::{Attachment, Format, Kind, Report, SCHEMA};
use crate::sections;
use crate::tables::Tables;
use crate::text::{is_longer, poison, undo_poison, words};
use crate::title;
use crate::warning::Warning;
use crate::{Decoded, Hints};

/// Endings of files that a report is offered as.
const FILE_ENDINGS: [&str; 7] = [".pdf", ".doc", ".docx", ".xls", ".xlsx", ".wps", ".ofd"];

/// A label of the form is no longer than this, in letters.
const LONGEST_LABEL: usize = 60;

/// Reads a page. Never fails: what it does not state is null, and what is unsure says so.
///
/// ```
/// use gongkai_report::{Hints, Kind, decode, read};
///
/// let report = read(&decode(b"<p>404", &Hints::default()), &Hints::default());
/// assert_eq!((report.kind, report.year), (Kind::Other, None));
/// ```
pub fn read(decoded: &Decoded<'_>, hints: &Hints<'_>) -> Report {
    report(decoded, hints, false)
}

/// As [`read`], with [`Report::evidence`]: where each figure stands in the page.
///
/// ```
/// use gongkai_report::{Hints, decode, read_with_evidence};
///
/// let page = "<h1>青杉市统计局2023年政府信息公开工作年度报告</h1><h2>一、总体情况</h2><p>略</p>\
///     <h2>二、主动公开政府信息情况</h2><table><tr><td>信息内容</td><td>本年处理决定数量</td></tr>\
///     <tr><td>行政许可</td><td>１２件</td></tr></table>";
/// let hints = Hints::default();
/// let report = read_with_evidence(&decode(page.as_bytes(), &hints), &hints);
/// let evidence = report.evidence.unwrap();
/// assert_eq!(evidence["proactive.licensing.decisions"].raw, "12件");
/// ```
pub fn read_with_evidence(decoded: &Decoded<'_>, hints: &Hints<'_>) -> Report {
    report(decoded, hints, true)
}

fn report(decoded: &Decoded<'_>, hints: &Hints<'_>, with_evidence: bool) -> Report {
    let mut warnings = Vec::new();
    let page = restored(&decoded.text, &mut warnings);
    let sections = sections::find(&page);
    if sections.is_double() {
        let message = "the page holds two reports: the first is given";
        warnings.push(Warning::new("two_reports", "sections", message));
    }
    let around = around(&page, sections.begin());
    let title = title::find(&page, sections.begin());
    let attachments = attachments(&page, hints);
    let stated = metadata::stated(&page, &sections, &around, title.as_deref(), &mut warnings);
    let of_labels = format(&page);
    let mut of_tables = Vec::new();
    let tables = Tables::read(&page, &sections, of_labels, &mut of_tables);
    let kind = kind(&Signs {
        page: &page,
        sections: &sections,
        title: title.as_deref(),
        stated: &stated,
        tables: &tables,
        attachments: &attachments,
    });
    let is_report = kind == Kind::Report;
    let format = is_report.then(|| tables.format(of_labels));
    let tables = if is_report { tables } else { Tables::default() };
    if is_report {
        warnings.extend(of_tables);
    }
    if format.is_some_and(|format| format != Format::Narrative) {
        tables.warn_of_missing(&mut warnings);
    }
    let evidence =
        with_evidence.then(|| evidence::collect(&page, &sections, &tables, &stated, is_report));
    let mut report = of_stated(stated, title);
    report.charset = decoded.charset.to_string();
    report.metadata = around.to_map();
    (report.kind, report.format) = (kind, format);
    report.sections = is_report.then(|| sections.texts(&page));
    report.proactive = tables.proactive.map(|read| read.table);
    report.requests = tables.requests.map(|read| read.table);
    report.reviews = tables.reviews.map(|read| read.table);
    report.checks = checks(report.requests.as_ref(), report.reviews.as_ref());
    (report.attachments, report.warnings, report.evidence) = (attachments, warnings, evidence);
    report
}

/// The page, what was done to its text undone.
fn restored(text: &str, warnings: &mut Vec<Warning>) -> Page {
    let mut page = if is_binary(text) {
        let message = "these are the bytes of a file, and no text";
        warnings.push(Warning::new("not_text", "text", message));
        Page::default()
    } else {
        page::read(text)
    };
    let poison = poison(page.text());
    if poison.traditional || poison.pinyin {
        page = page::read(&undo_poison(text, poison));
        let message = match (poison.traditional, poison.pinyin) {
            (true, true) => "traditional characters turned back, pinyin in brackets taken out",
            (true, false) => "traditional characters turned back",
            _ => "pinyin in brackets taken out",
        };
        warnings.push(Warning::new("text_restored", "text", message));
    }
    if page.cut {
        let message = "some of the page was left out, being too large or nested too deep";
        warnings.push(Warning::new("page_cut", "text", message));
    }
    page
}

/// Whether a text was made of bytes that are none: a word processor's file, a PDF, an archive.
fn is_binary(text: &str) -> bool {
    const LOOKED_AT: usize = 1_024;
    text.starts_with("%PDF-")
        || text.starts_with("PK\u{3}\u{4}")
        || text.chars().take(LOOKED_AT).any(|letter| letter == '\0')
}

/// The form, by its labels and not by the notice that a report cites.
fn format(page: &Page) -> Format {
    const LABELS_2021: [&str; 3] = ["本年制发件数", "本年废止件数", "现行有效件"];
    const LABELS_2019: [&str; 5] =
        ["本年新制作数量", "本年新公开数量", "对外公开总数量", "上一年项目数量", "采购项目数量"];
    static WORDS: LazyLock<AhoCorasick> =
        LazyLock::new(|| words(LABELS_2021.into_iter().chain(LABELS_2019)));
    let mut is_2019 = false;
    for (line, word) in page.lines_with(&WORDS) {
        let is_label = line.cells().len() > 1 || !is_longer(line.tight(), LONGEST_LABEL);
        if is_label && word < LABELS_2021.len() {
            return Format::Form2021;
        }
        is_2019 |= is_label;
    }
    if is_2019 { Format::Form2019 } else { Format::Narrative }
}

fn attachments(page: &Page, hints: &Hints<'_>) -> Vec<Attachment> {
    let is_file = |anchor: &&Anchor| {
        let path = anchor.target.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        FILE_ENDINGS.iter().any(|ending| path.ends_with(ending))
    };
    let base = hints.url.and_then(|base| url::Url::parse(base).ok());
    let resolve = |target: &str| match base.as_ref().and_then(|base| base.join(target).ok()) {
        Some(url) => url.into(),
        None => target.to_owned(),
    };
    let mut known = HashSet::new();
    let files = page.anchors.iter().filter(is_file);
    let files = files.map(|anchor| (resolve(&anchor.target), anchor));
    files
        .filter(|(url, _)| known.insert(url.clone()))
        .map(|(url, anchor)| Attachment { url, text: anchor.text.clone() })
        .collect()
}

/// The fields of the head and the foot.
fn of_stated(stated: Stated, title: Option<String>) -> Report {
    let value = |claim: Option<Claim>| claim.map(|claim| claim.value);
    let labelled = |key: &str| {
        let claim = stated.labelled.iter().find(|(known, _)| *known == key);
        claim.map(|(_, claim)| claim.value.clone())
    };
    let site_id = value(stated.site_id);
    Report {
        schema: SCHEMA,
        kind: Kind::Other,
        charset: String::new(),
        title: title.filter(|title| !title.is_empty()),
        agency: stated.agency.as_ref().map(|(claim, _)| claim.value.clone()),
        agency_from: stated.agency.map(|(_, from)| from),
        year: stated.year.map(|(year, _)| year),
        published: value(stated.published),
        generated: value(stated.generated),
        signed: value(stated.signed),
        index_number: labelled("index_number"),
        document_number: labelled("document_number"),
        category: labelled("category"),
        subject: labelled("subject"),
        disclosure_method: labelled("disclosure_method"),
        disclosure_period: labelled("disclosure_period"),
        disclosure_scope: labelled("disclosure_scope"),
        source: value(stated.source),
        division: site_id
            .as_deref()
            .and_then(|id| id.get(..6))
            .filter(|code| is_division(code))
            .map(str::to_owned),
        site_id,
        icp: value(stated.icp),
        site_name: value(stated.site_name),
        metadata: serde_json::Map::new(),
        format: None,
        sections: None,
        proactive: None,
        requests: None,
        reviews: None,
        checks: Vec::new(),
        warnings: Vec::new(),
        attachments: Vec::new(),
        evidence: None,
    }
}

/// Whether six digits may be a division of GB/T 2260: some sites' numbers begin with none.
fn is_division(code: &str) -> bool {
    /// The provinces, by their two digits.
    const PROVINCES: [&str; 34] = [
        "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37",
        "41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64",
        "65", "71", "81", "82",
    ];
    /// The provinces with divisions that no prefecture stands over, numbered 90.
    const WITHOUT_PREFECTURE: [&str; 4] = ["41", "42", "46", "65"];
    let (province, rest) = code.split_at_checked(2).unwrap_or_default();
    code.bytes().all(|byte| byte.is_ascii_digit())
        && PROVINCES.contains(&province)
        && (!rest.starts_with("90") || WITHOUT_PREFECTURE.contains(&province))
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
        assert!(crate::may_be_report(page));
    }

    #[test]
    fn a_file_that_is_no_text_says_so_and_nothing_else() {
        for bytes in
            [b"%PDF-1.7 2023".as_slice(), b"PK\x03\x04 <p>", b"\xd0\xcf\x11\xe0\0\0 <p>2023"]
        {
            let hints = Hints::default();
            let report = read(&decode(bytes, &hints), &hints);
            assert_eq!((report.kind, report.title), (Kind::Other, None));
            assert_eq!(report.warnings.len(), 1);
            assert_eq!(report.warnings[0].code, "not_text");
        }
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
        let page = "<table><tr><td rowspan=65535 colspan=2147483648>1".repeat(300)
            + &"<td>2".repeat(50_000);
        assert_eq!(parse(&page).kind, Kind::Other);
    }

    proptest! {
        #[test]
        fn no_bytes_bring_it_down(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let hints = Hints::default();
            let _ = read_with_evidence(&decode(&bytes, &hints), &hints);
        }

        #[test]
        fn no_table_brings_it_down(
            cells in proptest::collection::vec("(一、总体情况|二、主动公开政府信息情况|三、收到和处理政府信息公开申请情况|规章|（七）总计|<tr>|<td>|</table>|<table>|\\PC{0,6})", 0..60),
        ) {
            let _ = parse(&cells.concat());
        }
    }
}
