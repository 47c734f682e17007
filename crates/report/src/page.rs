//! A page as lines: each a row of a table with its cells, or a block of text with one.
//!
//! What the layouts differ in ends here: layout tables are walked through, cells keep the order in
//! which they are written, and what stands in scripts and styles is no text.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use scraper::{ElementRef, Html, Node};

use crate::text::{pattern, plain, trimmed};

/// A tree deeper than this is cut: no page that people read is, and building one takes quadratic time.
const MAX_DEPTH: usize = 400;

/// More cells in one row than this are no table of ours.
const MAX_CELLS: usize = 64;

/// One line of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its cells, in [`plain`] form, trimmed; one where it is no row.
    pub(crate) cells: Vec<String>,
    /// It is a row of a table, so that a blank cell is known to be blank.
    pub(crate) is_row: bool,
    /// It stood in a heading (`<h1>` to `<h3>`, or a block whose class says title).
    pub(crate) is_title: bool,
}

impl Line {
    /// Its cells, joined.
    pub(crate) fn text(&self) -> String {
        self.cells.join(" ").trim().to_owned()
    }
}

/// A link of a page: text and target, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub(crate) text: String,
    pub(crate) target: String,
}

/// A page, read into lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    pub(crate) lines: Vec<Line>,
    /// `<meta name=… content=…>`, names in lower case; the first of each.
    pub(crate) meta: HashMap<String, String>,
    /// `<title>`.
    pub(crate) title: Option<String>,
    pub(crate) anchors: Vec<Anchor>,
    /// It was cut at [`MAX_DEPTH`].
    pub(crate) cut: bool,
}

/// Reads a page, or plain text, told apart by content.
pub(crate) fn read(text: &str) -> Page {
    if is_html(text) { from_html(text) } else { from_text(text) }
}

/// Whether a text holds a tag that pages hold.
fn is_html(text: &str) -> bool {
    static TAG: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)</?(?:html|head|body|title|meta|div|p|span|table|tr|td|ul|ol|li|h[1-6]|a|br|b)[\s/>]",
        )
    });
    TAG.is_match(text)
}

/// Lines of text; a row's cells stand between tabs or bars.
fn from_text(text: &str) -> Page {
    let line = |line: &str| {
        // The bar may be full-width, and is one of the signs that `plain` narrows.
        let narrow = line.replace('｜', "|");
        let separator = if narrow.contains('\t') { '\t' } else { '|' };
        let cells: Vec<String> = narrow.split(separator).take(MAX_CELLS).map(trimmed).collect();
        Line { cells, ..Line::default() }
    };
    let lines = text.lines().map(line).filter(|line| !line.text().is_empty()).collect();
    Page { lines, ..Page::default() }
}

fn from_html(text: &str) -> Page {
    let (text, cut) = shallow(without_torn_number(text));
    let html = Html::parse_document(&text);
    let mut walker =
        Walker { page: Page { cut, ..Page::default() }, line: String::new(), is_title: false };
    walker.walk(html.root_element());
    walker.end_line();
    walker.page
}

/// A page that ends in the middle of a number broke off there: `12` may have been `121`.
fn without_torn_number(text: &str) -> &str {
    text.trim_end_matches(|c: char| c.is_numeric() || matches!(c, '.' | ',' | '，'))
}

/// The page up to where it nests too deep for a tree to be built in reasonable time.
fn shallow(text: &str) -> (String, bool) {
    let bytes = text.as_bytes();
    let mut depth: usize = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'<' {
            continue;
        }
        match bytes.get(at + 1) {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(letter) if letter.is_ascii_alphabetic() && !is_void(bytes, at + 1) => depth += 1,
            _ => {}
        }
        // Tags that are never closed (`<p>`, `<li>`, `<td>`) count too, so the bound is generous.
        if depth > MAX_DEPTH * 25 {
            return (text.get(..at).unwrap_or_default().to_owned(), true);
        }
    }
    (text.to_owned(), false)
}

/// Elements that hold nothing, and those that end by themselves.
fn is_void(bytes: &[u8], at: usize) -> bool {
    const TAGS: [&[u8]; 16] = [
        b"br", b"img", b"meta", b"link", b"input", b"hr", b"p", b"li", b"td", b"tr", b"th", b"dd",
        b"dt", b"option", b"area", b"col",
    ];
    let name = bytes.get(at..).unwrap_or_default();
    let end = name.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(name.len());
    let name = name.get(..end).unwrap_or_default();
    TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(name))
}

struct Walker {
    page: Page,
    line: String,
    is_title: bool,
}

/// A step through the tree: the walk keeps its own stack, so that no depth of nesting can exhaust
/// the thread's.
enum Step<'a> {
    Enter(ElementRef<'a>),
    Text(&'a str),
    EndBlock,
    EndTitle,
}

impl Walker {
    fn walk(&mut self, root: ElementRef<'_>) {
        let mut stack = vec![Step::Enter(root)];
        while let Some(step) = stack.pop() {
            match step {
                Step::Text(text) => self.line.push_str(text),
                Step::EndBlock => self.end_line(),
                Step::EndTitle => {
                    self.end_line();
                    self.is_title = false;
                }
                Step::Enter(element) => self.enter(element, &mut stack),
            }
        }
    }

    fn enter<'a>(&mut self, element: ElementRef<'a>, stack: &mut Vec<Step<'a>>) {
        match element.value().name() {
            "script" | "style" | "noscript" | "template" | "select" | "textarea" => return,
            "title" => {
                let title = trimmed(&element.text().collect::<String>());
                self.page.title = self.page.title.take().or(Some(title).filter(|t| !t.is_empty()));
                return;
            }
            "meta" => return self.meta(element),
            "br" => return self.end_line(),
            "tr" if !holds_table(element) => return self.row(element),
            "a" => self.anchor(element),
            _ => {}
        }
        if is_title(element) {
            self.end_line();
            self.is_title = true;
            stack.push(Step::EndTitle);
        } else if is_block(element.value().name()) {
            self.end_line();
            stack.push(Step::EndBlock);
        }
        for child in element.children().rev() {
            match child.value() {
                Node::Text(text) => stack.push(Step::Text(text)),
                Node::Element(_) => stack.extend(ElementRef::wrap(child).map(Step::Enter)),
                _ => {}
            }
        }
    }

    fn end_line(&mut self) {
        let text = trimmed(&std::mem::take(&mut self.line));
        if !text.is_empty() {
            let is_title = self.is_title;
            self.page.lines.push(Line { cells: vec![text], is_row: false, is_title });
        }
    }

    /// A row whose cells hold no tables: the cells as they stand.
    fn row(&mut self, row: ElementRef<'_>) {
        self.end_line();
        let cells = row.child_elements().filter(|cell| matches!(cell.value().name(), "td" | "th"));
        let texts: Vec<String> = cells.take(MAX_CELLS).map(cell_text).collect();
        for anchor in row.descendants().filter_map(ElementRef::wrap) {
            if anchor.value().name() == "a" {
                self.anchor(anchor);
            }
        }
        match texts.as_slice() {
            // A table of one column lays out text.
            [one] => {
                let lines = one.split('\n').map(trimmed).filter(|line| !line.is_empty());
                let line = |text| Line { cells: vec![text], ..Line::default() };
                self.page.lines.extend(lines.map(line));
            }
            _ if texts.iter().all(|text| text.trim().is_empty()) => {}
            _ => {
                let cells = texts.iter().map(|text| trimmed(text)).collect();
                self.page.lines.push(Line { cells, is_row: true, is_title: false });
            }
        }
    }

    fn meta(&mut self, element: ElementRef<'_>) {
        let value = element.value();
        let (Some(name), Some(content)) = (value.attr("name"), value.attr("content")) else {
            return;
        };
        let content = trimmed(content);
        if !content.is_empty() {
            self.page.meta.entry(name.trim().to_ascii_lowercase()).or_insert(content);
        }
    }

    fn anchor(&mut self, element: ElementRef<'_>) {
        let Some(target) = element.value().attr("href") else {
            return;
        };
        let text = trimmed(&element.text().collect::<String>());
        let title = element.value().attr("title").map(trimmed).unwrap_or_default();
        let text = if title.len() > text.len() { title } else { text };
        self.page.anchors.push(Anchor { text, target: target.trim().to_owned() });
    }
}

/// The text of a cell; blocks and breaks within it stand on lines of their own.
fn cell_text(cell: ElementRef<'_>) -> String {
    let mut text = String::new();
    let mut stack: Vec<_> = cell.children().rev().collect();
    while let Some(node) = stack.pop() {
        match node.value() {
            Node::Text(part) => text.push_str(&plain(part)),
            Node::Element(element) => {
                let name = element.name();
                if matches!(name, "script" | "style") {
                    continue;
                }
                if (name == "br" || is_block(name)) && !text.is_empty() {
                    text.push('\n');
                }
                stack.extend(node.children().rev());
            }
            _ => {}
        }
    }
    text
}

fn holds_table(row: ElementRef<'_>) -> bool {
    row.descendants().filter_map(ElementRef::wrap).any(|element| element.value().name() == "table")
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "li"
            | "ul"
            | "ol"
            | "dl"
            | "dt"
            | "dd"
            | "tr"
            | "td"
            | "th"
            | "table"
            | "tbody"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "nav"
            | "form"
            | "center"
            | "blockquote"
            | "pre"
            | "body"
            | "caption"
            | "fieldset"
            | "ucaptitle"
            | "ucapcontent"
            | "hr"
    )
}

fn is_title(element: ElementRef<'_>) -> bool {
    let value = element.value();
    let named = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("title") && !text.contains("subtitle") && !text.contains("titles")
    };
    matches!(value.name(), "h1" | "h2" | "ucaptitle")
        || (matches!(value.name(), "div" | "p" | "td" | "h3" | "span")
            && (value.id().is_some_and(named) || value.attr("class").is_some_and(named)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        read(text).lines.into_iter().map(|line| line.cells).collect()
    }

    #[test]
    fn blocks_are_lines_and_rows_keep_their_cells() {
        assert_eq!(
            cells("<div>一<p>二 <b>三</b></p>四<br>五<script>x</script></div>"),
            [["一"], ["二 三"], ["四"], ["五"]]
        );
        assert_eq!(
            cells("<table><tr><td>规章</td><td><p>1</p></td><td>\u{a0}</td></tr></table>"),
            [["规章", "1", ""]]
        );
    }

    #[test]
    fn a_number_at_which_the_page_breaks_off_is_not_believed() {
        assert_eq!(cells("<table><tr><td>规章</td><td>12"), [["规章", ""]]);
        assert_eq!(cells("<table><tr><td>规章</td><td>12</td>"), [["规章", "12"]]);
    }

    #[test]
    fn a_layout_table_is_walked_through() {
        let page = "<table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td><td>c</td></tr></table>";
        assert_eq!(cells(page), [vec!["a", "b"], vec!["c"]]);
    }

    #[test]
    fn words_broken_within_a_cell_stay_one_cell() {
        assert_eq!(
            cells("<table><tr><td>结果<br>纠正</td><td>0</td></tr></table>"),
            [["结果 纠正", "0"]]
        );
    }

    #[test]
    fn text_has_cells_between_tabs_or_bars() {
        assert_eq!(cells("规章\t1\t\t2"), [["规章", "1", "", "2"]]);
        assert_eq!(cells("规章 | 1 | 2"), [["规章", "1", "2"]]);
    }

    #[test]
    fn a_hundred_thousand_nested_elements_are_cut() {
        let page = read(&("<div>".repeat(100_000) + "x"));
        assert!(page.cut);
    }
}
