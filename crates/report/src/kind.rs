//! What kind of page it is.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::metadata::Stated;
use crate::page::{Anchor, Page};
use crate::schema::{Attachment, Kind};
use crate::sections::{Sections, numbered_heading};
use crate::tables::Tables;
use crate::text::words;
use crate::title;

/// A page that names so many reports lists them.
const COLUMN_LINKS: usize = 3;

/// A page that offers its report as a file has no more letters than this of its own.
const FILE_PAGE_LETTERS: usize = 800;

/// A narrative report has no fewer letters than this.
const NARRATIVE_LETTERS: usize = 400;

/// Or no fewer headings than this.
const NARRATIVE_HEADINGS: usize = 4;

/// A report without its headings states no fewer cells than this.
const TABLE_CELLS: usize = 10;

/// What the kind is told by.
pub(crate) struct Signs<'a> {
    pub(crate) page: &'a Page,
    pub(crate) sections: &'a Sections,
    pub(crate) title: Option<&'a str>,
    pub(crate) stated: &'a Stated,
    pub(crate) tables: &'a Tables<'a>,
    pub(crate) attachments: &'a [Attachment],
}

/// Tells the kind. A page that may be a report and may be about one is none.
pub(crate) fn kind(signs: &Signs<'_>) -> Kind {
    let Signs { page, sections, title, tables, attachments, .. } = signs;
    let names = title.is_some_and(title::names_report);
    let year = title.and_then(title::year);
    let listed = page.anchors.iter().filter(|anchor| names_a_years_report(anchor)).count();
    let has_body = tables.stated() > 0 && sections.count() >= 2;
    match () {
        () if title.is_some_and(title::is_decoy) || is_of_stranger(signs) => {
            if listed >= COLUMN_LINKS && !has_body && sections.count() == 0 {
                return Kind::Column;
            }
            Kind::Other
        }
        () if has_body && (names || sections.count() >= 4) => Kind::Report,
        () if names && sections.count() >= 3 && !is_template(signs) => Kind::Report,
        // Copies of reports have lost their headings.
        () if names && tables.stated() >= TABLE_CELLS => Kind::Report,
        () if listed >= COLUMN_LINKS && !(names && year.is_some()) => Kind::Column,
        () if names && year.is_some() && is_narrative(page) => Kind::Report,
        () if names && !attachments.is_empty() && own_letters(page) <= FILE_PAGE_LETTERS => {
            Kind::ReportFile
        }
        () => Kind::Other,
    }
}

/// The body that publishes is no agency.
fn is_of_stranger(signs: &Signs<'_>) -> bool {
    let agency = signs.stated.agency.as_ref();
    agency.is_some_and(|(claim, from)| *from != "text" && title::is_stranger(&claim.value))
        && !signs.title.is_some_and(|title| {
            title::agency(title).is_some_and(|agency| title::ends_as_body(&agency))
        })
}

/// A form that nobody filled in: its tables hold no numbers.
fn is_template(signs: &Signs<'_>) -> bool {
    !signs.tables.is_empty() && signs.tables.stated() == 0 && signs.stated.agency.is_none()
}

fn names_a_years_report(anchor: &Anchor) -> bool {
    title::names_report(&anchor.text) && title::year(&anchor.text).is_some()
}

/// A report of the years before the tables: both halves of the duty are told of, at length or under
/// headings of their own.
fn is_narrative(page: &Page) -> bool {
    static WORDS: LazyLock<AhoCorasick> =
        LazyLock::new(|| words(["主动公开", "依申请公开", "公开申请", "情况"]));
    let mut has = [false; 4];
    for (_, word) in page.lines_with(&WORDS) {
        if let Some(has) = has.get_mut(word) {
            *has = true;
        }
    }
    let [proactive, on_request, requests, told] = has;
    let headings = || page.all().filter(|line| numbered_heading(*line).is_some()).count();
    proactive
        && (on_request || requests)
        && told
        && (own_letters(page) >= NARRATIVE_LETTERS || headings() >= NARRATIVE_HEADINGS)
}

/// The letters of a page that are not those of its links.
fn own_letters(page: &Page) -> usize {
    let all: usize = page.all().map(|line| line.tight().chars().count()).sum();
    let links: usize = page.anchors.iter().map(|anchor| anchor.text.chars().count()).sum();
    all.saturating_sub(links)
}

#[cfg(test)]
mod tests {
    use crate::{Hints, Kind, decode, read};

    #[test]
    fn a_report_without_its_headings_is_one_by_its_title_and_its_tables() {
        let row = |label: &str| format!("<tr><td>{label}</td>{}</tr>", "<td>1</td>".repeat(3));
        let head = |label: &str| {
            format!(
                "<tr><td>信息内容</td><td>上一年项目数量</td><td>本年增/减</td><td>{label}</td></tr>"
            )
        };
        let table = [
            "<tr><td>信息内容</td><td>本年新制作数量</td><td>本年新公开数量</td><td>对外公开总数量</td></tr>",
            &row("规章"),
            &row("规范性文件"),
            &head("处理决定数量"),
            &row("行政许可"),
            &row("行政处罚"),
        ];
        let kind = |title: &str| {
            let page = format!("<h1>{title}</h1><table>{}</table>", table.concat());
            read(&decode(page.as_bytes(), &Hints::default()), &Hints::default()).kind
        };
        assert_eq!(kind("青杉市统计局2020年政府信息公开工作年度报告"), Kind::Report);
        assert_eq!(kind("青杉市统计局2020年政府信息公开工作年度报告（样例）"), Kind::Other);
        assert_eq!(kind("青杉市统计局2020年统计公报"), Kind::Other);
    }
}
