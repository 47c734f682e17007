//! A page of HTML to lines, in one pass over its tokens and without a tree: a tree takes quadratic
//! time where elements nest by the hundred thousand, and sixteen times the page in memory.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::LazyLock;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use regex::Regex;

use super::long_tag::without_long_tags;
use super::tag::{attribute, is_block, is_title, starts_with};
use super::{Anchor, Page, Place, Shape};
use crate::text::{Plain, pattern, plain};

/// The page is handed to the tokenizer in pieces of so many bytes, so that it is not held twice.
const PIECE: usize = 1 << 20;

/// A cell with more bytes than this lays out a page.
const LONGEST_CELL: usize = 1_200;

/// Tables nested deeper than this are none of ours.
const MAX_TABLES: usize = 64;

/// More links than this, and more letters in one, are none that tell a page's kind.
const MAX_ANCHORS: usize = 5_000;
const LONGEST_ANCHOR: usize = 600;

/// The text of a `<title>`, or of a script that may hold a page, is read up to so many bytes.
const LONGEST_RAW: usize = 8 << 20;

/// A heading that is not closed ends after so many lines.
const TITLE_LINES: usize = 4;

pub(super) fn read(text: &str) -> Page {
    let (text, cut) = without_long_tags(text);
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    let queue = BufferQueue::default();
    let mut rest: &str = &text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        rest = after;
        queue.push_back(StrTendril::from_slice(piece));
        let _ = tokenizer.feed(&queue);
    }
    tokenizer.end();
    let mut walker = tokenizer.sink.0.into_inner();
    walker.finish();
    walker.page.cut |= cut;
    walker.page
}

#[derive(Default)]
struct Sink(RefCell<Walker>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut walker = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => walker.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return walker.start(&tag),
            Token::TagToken(tag) => walker.end(&tag.name),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[derive(Default)]
struct Walker {
    page: Page,
    /// The text outside of cells.
    line: Plain,
    tables: Vec<Table>,
    /// How many tables were begun.
    numbered: u32,
    /// Tables begun beyond [`MAX_TABLES`].
    beyond: usize,
    title: Option<Title>,
    anchor: Option<Anchor>,
    raw: Option<Raw>,
    in_select: bool,
}

/// A table that is open.
#[derive(Default)]
struct Table {
    place: Place,
    /// The finished cells of its row.
    cells: Vec<String>,
    /// The open cell.
    cell: Option<Plain>,
    /// Its row lays out a page: what stands in it are lines.
    is_layout: bool,
    /// A heading stood in its row.
    has_title: bool,
}

/// A heading that is open.
struct Title {
    name: String,
    nested: u32,
    line: usize,
}

enum Raw {
    Title(String),
    Script(String),
    Other,
}

impl Walker {
    fn text(&mut self, text: &str) {
        match &mut self.raw {
            Some(Raw::Title(raw) | Raw::Script(raw)) if raw.len() < LONGEST_RAW => {
                raw.push_str(text);
            }
            Some(_) => {}
            None if self.in_select => {}
            None => {
                if let Some(anchor) = &mut self.anchor
                    && anchor.text.len() < LONGEST_ANCHOR
                {
                    anchor.text.push_str(text);
                }
                match self.tables.last_mut() {
                    Some(Table { cell: Some(cell), is_layout: false, .. }) => {
                        cell.push(text);
                        if cell.len() > LONGEST_CELL {
                            self.lay_out();
                        }
                    }
                    _ => self.line.push(text),
                }
            }
        }
    }

    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        match name {
            "title" => {
                self.raw = Some(Raw::Title(String::new()));
                return TokenSinkResult::RawData(RawKind::Rcdata);
            }
            "textarea" => {
                self.raw = Some(Raw::Other);
                return TokenSinkResult::RawData(RawKind::Rcdata);
            }
            "script" => {
                self.raw = Some(Raw::Script(String::new()));
                return TokenSinkResult::RawData(RawKind::ScriptData);
            }
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => {
                self.raw = Some(Raw::Other);
                return TokenSinkResult::RawData(RawKind::Rawtext);
            }
            "meta" => self.meta(tag),
            "a" => self.begin_anchor(tag),
            "select" => self.in_select = true,
            "br" => self.end_line(),
            "table" => self.begin_table(),
            "tr" => self.begin_row(),
            "td" | "th" => self.begin_cell(tag),
            "caption" | "tbody" | "thead" | "tfoot" => self.end_row(),
            _ => {}
        }
        if is_block(name) {
            self.in_select = false;
            self.end_line();
        }
        self.begin_title(tag);
        TokenSinkResult::Continue
    }

    fn end(&mut self, name: &str) {
        match name {
            "title" => {
                if let Some(Raw::Title(text)) = self.raw.take() {
                    let title = Some(plain(&text)).filter(|title| !title.is_empty());
                    self.page.title = self.page.title.take().or(title);
                }
            }
            "script" => {
                if let Some(Raw::Script(text)) = self.raw.take() {
                    self.script(&text);
                }
            }
            "textarea" | "style" | "xmp" | "iframe" | "noembed" | "noframes" => self.raw = None,
            "a" => self.end_anchor(),
            "select" => self.in_select = false,
            "table" if self.beyond > 0 => self.beyond -= 1,
            "table" => {
                self.end_row();
                self.tables.pop();
            }
            "tr" | "tbody" | "thead" | "tfoot" => self.end_row(),
            "td" | "th" => self.end_cell(),
            _ if is_block(name) => self.end_line(),
            _ => {}
        }
        self.end_title(name);
    }

    fn end_line(&mut self) {
        match self.tables.last_mut() {
            Some(Table { cell: Some(cell), is_layout: false, .. }) => cell.end_line(),
            _ => self.add_line(),
        }
    }

    /// Adds the text outside of cells as a line.
    fn add_line(&mut self) {
        let text = self.line.take();
        if text.is_empty() {
            return;
        }
        let is_title = self.title.is_some();
        self.page.add([text.as_str()].into_iter(), Shape::Text, is_title, Place::default());
        let lines = self.page.len();
        if self.title.as_ref().is_some_and(|title| lines > title.line + TITLE_LINES) {
            self.title = None;
        }
    }

    fn begin_table(&mut self) {
        if self.tables.len() == MAX_TABLES {
            self.beyond += 1;
            self.page.cut = true;
            return;
        }
        // A row that holds a table lays it out.
        self.lay_out();
        self.end_line();
        self.numbered = self.numbered.saturating_add(1);
        let place = Place { table: self.numbered, row: 0 };
        self.tables.push(Table { place, ..Table::default() });
    }

    /// The row that is open lays out a page: its cells so far are lines.
    fn lay_out(&mut self) {
        let Some(table) = self.tables.last_mut() else { return };
        let Some(mut cell) = table.cell.replace(Plain::default()) else {
            table.cell = None;
            return;
        };
        table.is_layout = true;
        let cells = std::mem::take(&mut table.cells);
        for cell in cells {
            self.add_lines(&cell, false);
        }
        // Its last line may go on.
        let text = cell.take();
        let (whole, last) = text.rsplit_once('\n').unwrap_or(("", &text));
        self.add_lines(whole, false);
        self.line.push(last);
    }

    fn add_lines(&mut self, text: &str, is_title: bool) {
        for line in text.split('\n').filter(|line| !line.is_empty()) {
            self.page.add([line].into_iter(), Shape::Text, is_title, Place::default());
        }
    }

    fn begin_row(&mut self) {
        self.end_row();
        self.end_line();
        if let Some(table) = self.tables.last_mut() {
            table.place.row = table.place.row.saturating_add(1);
        }
    }

    fn begin_cell(&mut self, tag: &Tag) {
        self.end_cell();
        self.end_line();
        if let Some(table) = self.tables.last_mut() {
            table.cell = Some(Plain::default());
            table.has_title |= is_title(tag);
        }
    }

    fn end_cell(&mut self) {
        let Some(table) = self.tables.last_mut() else { return };
        if table.is_layout {
            self.end_line();
        } else if let Some(mut cell) = table.cell.take() {
            table.cells.push(cell.take());
        }
    }

    fn end_row(&mut self) {
        self.end_cell();
        let Some(table) = self.tables.last_mut() else { return };
        table.cell = None;
        table.is_layout = false;
        let is_title = std::mem::take(&mut table.has_title);
        let cells = std::mem::take(&mut table.cells);
        let place = table.place;
        match cells.as_slice() {
            // A table of one column lays out text.
            [one] => self.add_lines(one, is_title),
            _ if cells.iter().all(String::is_empty) => {}
            _ => {
                let cells = cells.iter().map(|cell| joined(cell));
                let cells: Vec<Cow<'_, str>> = cells.collect();
                self.page.add(cells.iter().map(AsRef::as_ref), Shape::Row, false, place);
            }
        }
    }

    fn begin_title(&mut self, tag: &Tag) {
        let name: &str = &tag.name;
        match &mut self.title {
            Some(title) if title.name == name => title.nested = title.nested.saturating_add(1),
            None if matches!(name, "td" | "th") => {}
            None if is_title(tag) => {
                if matches!(name, "h1" | "h2" | "ucaptitle") {
                    self.lay_out();
                }
                self.end_line();
                if let Some(table) = self.tables.last_mut() {
                    table.has_title |= table.cell.is_some();
                }
                self.title =
                    Some(Title { name: name.to_owned(), nested: 1, line: self.page.len() });
            }
            _ => {}
        }
    }

    fn end_title(&mut self, name: &str) {
        let Some(title) = &mut self.title else { return };
        if title.name == name {
            title.nested = title.nested.saturating_sub(1);
            if title.nested == 0 {
                self.end_line();
                self.title = None;
            }
        }
    }

    fn begin_anchor(&mut self, tag: &Tag) {
        self.end_anchor();
        let value = |name| attribute(tag, name).map(str::trim).filter(|value| !value.is_empty());
        // A file may be named beside a link that a script follows.
        let target = value("href")
            .filter(|href| !href.starts_with('#') && !starts_with(href, "javascript:"))
            .or_else(|| value("oldsrc"))
            .or_else(|| value("data-href"));
        if let Some(target) = target {
            let text = value("title").map(|title| format!("{title}\n")).unwrap_or_default();
            self.anchor = Some(Anchor { text, target: target.to_owned() });
        }
    }

    fn end_anchor(&mut self) {
        let Some(mut anchor) = self.anchor.take() else { return };
        let (title, text) = anchor.text.split_once('\n').unwrap_or(("", &anchor.text));
        let (title, text) = (plain(title), plain(text));
        anchor.text = if title.len() > text.len() { title } else { text };
        if self.page.anchors.len() < MAX_ANCHORS {
            self.page.anchors.push(anchor);
        }
    }

    fn meta(&mut self, tag: &Tag) {
        let name = attribute(tag, "name").or_else(|| attribute(tag, "property"));
        let (Some(name), Some(content)) = (name, attribute(tag, "content")) else {
            return;
        };
        let content = plain(content);
        if !content.is_empty() {
            self.page.meta.entry(plain(name).to_ascii_lowercase()).or_insert(content);
        }
    }

    /// Scripts in which some systems keep what their pages show.
    fn script(&mut self, text: &str) {
        static DATE: LazyLock<Regex> = LazyLock::new(|| {
            pattern(
                r#"(?i)\bvar\s+(pubda[a-z]{1,3}|source|laiyuan)\s*=\s*["']([^"'\\<>]{1,60})["']"#,
            )
        });
        if text.len() < LONGEST_RAW && text.contains("var") {
            for found in DATE.captures_iter(text).take(MAX_CELLS_OF_SCRIPT) {
                let part = |at| found.get(at).map_or("", |part: regex::Match<'_>| part.as_str());
                let name = format!("script:{}", part(1).to_ascii_lowercase());
                self.page.meta.entry(name).or_insert_with(|| plain(part(2)));
            }
        }
    }

    fn finish(&mut self) {
        if self.beyond > 0 || self.raw.is_some() {
            self.page.cut = true;
        }
        self.end_anchor();
        let in_row =
            self.tables.iter().any(|table| !table.cells.is_empty() || table.cell.is_some());
        let in_line = !self.line.is_empty();
        // What stands in a table and in no cell stands before the table, so that the row at which
        // the page breaks off is the last line.
        self.add_line();
        while !self.tables.is_empty() {
            self.end_row();
            self.end_line();
            self.tables.pop();
        }
        self.page.torn = in_row || in_line;
    }
}

/// So many values are taken from one script.
const MAX_CELLS_OF_SCRIPT: usize = 16;

/// A cell on one line: what breaks within it breaks a label between two letters.
fn joined(cell: &str) -> Cow<'_, str> {
    if cell.contains('\n') { Cow::Owned(cell.replace('\n', " ")) } else { Cow::Borrowed(cell) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        read(text).all().map(|line| line.cells().map(str::to_owned).collect()).collect()
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
        assert_eq!(
            cells("<TABLE><TR><TD>规章<TD>1<TR><TD>二<TD>&#50;</TABLE>"),
            [["规章", "1"], ["二", "2"]]
        );
    }

    #[test]
    fn a_row_at_which_the_page_breaks_off_says_so() {
        assert!(read("<table><tr><td>规章</td><td>12").torn);
        assert!(!read("<table><tr><td>规章</td><td>12</td></tr></table>").torn);
        assert!(read("<table><tr><td>规章</td><td>12</td>").torn);
    }

    #[test]
    fn a_layout_table_is_walked_through() {
        let page = "<table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td><td>c</td></tr></table>";
        assert_eq!(cells(page), [vec!["a", "b"], vec!["c"]]);
        let long = "公开".repeat(400);
        let page = format!("<table><tr><td>左</td><td><p>{long}</p><p>二</p></td></tr></table>");
        assert_eq!(cells(&page), [vec!["左".to_owned()], vec![long], vec!["二".to_owned()]]);
    }

    #[test]
    fn words_broken_within_a_cell_stay_one_cell() {
        let page = "<table><tr><td>结果<br>纠正</td><td>0</td></tr></table>";
        assert_eq!(cells(page), [["结果 纠正", "0"]]);
        assert_eq!(
            read(page).all().next().map(|line| line.tight().to_owned()).as_deref(),
            Some("结果纠正0")
        );
    }

    #[test]
    fn headings_and_links_are_known() {
        let page = read(
            "<h1>甲<br>乙</h1><div class=Article_Title>丙</div><p>丁<a href='javascript:;' oldsrc='a.pdf' title='附件'>x</a>",
        );
        let titles: Vec<_> =
            page.all().filter(|line| line.is_title()).map(|line| line.text()).collect();
        assert_eq!(titles, ["甲", "乙", "丙"]);
        assert_eq!(page.anchors, [Anchor { text: "附件".into(), target: "a.pdf".into() }]);
    }

    #[test]
    fn a_tag_that_is_too_long_is_shortened_and_closed() {
        let page =
            format!("<p>一<img src=\"{}\">二<p {}>三", "A".repeat(40_000), "a=b ".repeat(9_000));
        assert_eq!(cells(&page), [["一二"], ["三"]]);
        assert!(read(&page).cut);
        assert!(!read("<p>a < b").cut);
    }

    #[test]
    fn a_hundred_thousand_nested_elements_are_read() {
        let page = read(&("<div><table>".repeat(100_000) + "x</table><p>y"));
        assert_eq!(page.all().last().map(|line| line.text().into_owned()).as_deref(), Some("y"));
        assert!(page.cut);
    }
}
