//! A page of HTML to lines, in one pass over its tokens and without a tree: a tree takes quadratic
//! time where elements nest by the hundred thousand, and sixteen times the page in memory.

mod beside;

use std::borrow::Cow;
use std::cell::RefCell;

use html5ever::TokenizerResult;
use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use self::beside::LONGEST_ANCHOR;
use super::hidden::{self, Hidden, Way};
use super::long_tag::without_long_tags;
use super::tag::{is_block, is_named, is_title};
use super::{Anchor, Page, Place, Shape};
use crate::text::{Plain, plain};

/// The page is handed to the tokenizer in pieces of so many bytes, so that it is not held twice.
const PIECE: usize = 1 << 20;

/// A cell with more bytes than this lays out a page.
const LONGEST_CELL: usize = 1_200;

/// Tables nested deeper than this are none of ours.
const MAX_TABLES: usize = 64;

/// The text of a `<title>`, or of a script that may hold a page, is read up to so many bytes.
const LONGEST_RAW: usize = 8 << 20;

/// A heading that is not closed ends after so many lines.
const TITLE_LINES: usize = 4;

pub(super) fn read(text: &str) -> Page {
    let (text, cut) = without_long_tags(text);
    let mut walker = walk(&text, Walker::default());
    if let Some(kept) = walker.kept.take()
        && !walker.page.has_section()
    {
        let (text, cut) = without_long_tags(&kept);
        walker = walk(
            &text,
            Walker { page: walker.page, numbered: walker.numbered, ..Walker::default() },
        );
        walker.page.cut |= cut;
    }
    walker.page.cut |= cut;
    walker.page
}

fn walk(mut rest: &str, walker: Walker) -> Walker {
    let tokenizer = Tokenizer::new(Sink(RefCell::new(walker)), TokenizerOpts::default());
    let queue = BufferQueue::default();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        rest = after;
        queue.push_back(StrTendril::from_slice(piece));
        // It pauses only where the sink asks it to.
        while !matches!(tokenizer.feed(&queue), TokenizerResult::Done) {}
    }
    tokenizer.end();
    let mut walker = tokenizer.sink.0.into_inner();
    walker.finish();
    walker
}

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
    hidden: Option<Hidden>,
    /// The blank since the last letter.
    blank: Blank,
    /// A page that a script keeps.
    kept: Option<String>,
    /// The open link leads to a footnote.
    in_note: bool,
}

/// What stands between two letters, the stronger last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Blank {
    #[default]
    None,
    Space,
    /// A line break of the source, which means nothing between Chinese letters.
    Break,
    /// A blank that is shown, whatever the source is broken at.
    Shown,
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
                if self.hidden.is_none() {
                    self.letters(text);
                }
            }
        }
    }

    /// Text that is shown. The blank at its end is kept back: what it means, the next tag tells.
    fn letters(&mut self, text: &str) {
        let letters = text.trim_start();
        let (before, _) = text.split_at(text.len() - letters.len());
        self.blank = self.blank.max(blank(before));
        if letters.is_empty() {
            return;
        }
        let before = match std::mem::take(&mut self.blank) {
            Blank::None => "",
            Blank::Space | Blank::Shown => " ",
            Blank::Break => "\n",
        };
        let whole = letters.trim_end();
        let (_, after) = letters.split_at(whole.len());
        self.blank = blank(after);
        if let Some(Table { cell: Some(cell), is_layout: false, .. }) = self.tables.last_mut() {
            cell.push(before);
            cell.push(whole);
            if cell.len() > LONGEST_CELL {
                self.lay_out();
            }
        } else {
            self.line.push(before);
            self.line.push(whole);
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
            _ => {}
        }
        if !self.is_passed_over(tag) {
            self.begin(tag);
        }
        TokenSinkResult::Continue
    }

    /// Whether a tag stands in what is hidden, or hides what follows.
    fn is_passed_over(&mut self, tag: &Tag) -> bool {
        if let Some(hidden) = &mut self.hidden {
            if !hidden.ends_before(&tag.name) {
                return true;
            }
            self.hidden = None;
        }
        let Some(way) = hidden::way(tag) else { return false };
        match &*tag.name {
            "td" | "th" if way == Way::Gone => self.end_cell(),
            "td" | "th" => self.begin_cell(tag),
            "tr" | "tbody" | "thead" | "tfoot" => self.end_row(),
            name if is_block(name) => self.end_line(),
            _ => {}
        }
        let in_table = !self.tables.is_empty() || self.beyond > 0;
        self.hidden = Some(Hidden::new(&tag.name, in_table));
        true
    }

    /// A tag of what is shown.
    fn begin(&mut self, tag: &Tag) {
        let name: &str = &tag.name;
        // A template puts each of its elements on a line; an editor breaks lines anywhere.
        if self.blank == Blank::Break && is_named(tag) {
            self.blank = Blank::Shown;
        }
        match name {
            "select" => self.in_select = true,
            "sup" | "sub" => self.blank = Blank::Shown,
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
            _ => {}
        }
        let is_own = match &mut self.hidden {
            None => true,
            Some(hidden) => match hidden.ends_at(name) {
                None => false,
                Some(is_own) => {
                    self.hidden = None;
                    is_own
                }
            },
        };
        if is_own {
            self.end_shown(name);
        }
    }

    fn end_shown(&mut self, name: &str) {
        match name {
            "select" => self.in_select = false,
            "sup" | "sub" => self.blank = Blank::Shown,
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
        self.blank = Blank::None;
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
        self.blank = Blank::None;
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

/// What blanks of the source mean.
fn blank(text: &str) -> Blank {
    let of = |c: char| match c {
        '\n' | '\r' | '\u{2028}' | '\u{2029}' => Blank::Break,
        _ => Blank::Space,
    };
    text.chars().map(of).max().unwrap_or_default()
}

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
    fn a_table_that_its_template_names_is_a_table() {
        let page = "<p>一</p>\n<table class=tb>\n<tr class=a>\n<td class=b>规章</td>\n<td class=c></td></tr></table>";
        assert_eq!(cells(page), [vec!["一"], vec!["规章", ""]]);
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
    fn a_line_break_before_an_element_of_the_template_is_a_blank() {
        assert_eq!(
            cells("<span class=a>\n来源：甲办\n</span>\n<span class=b>\n时间：2025-03-10</span>"),
            [["来源:甲办 时间:2025-03-10"]]
        );
        assert_eq!(cells("<b>来源：甲</b> <b>时间：乙</b>"), [["来源:甲 时间:乙"]]);
        assert_eq!(
            cells("<p><span>政府信</span>\n<span class=GramE>息公\n开</span>"),
            [["政府信息公开"]]
        );
    }

    #[test]
    fn headings_and_links_are_known() {
        let page = read(
            "<h1>甲<br>乙</h1><div class=Article_Title>丙</div><p>丁<a href='javascript:;' oldsrc='a.pdf' title='附件'>x</a>",
        );
        let titles: Vec<_> =
            page.all().filter(|line| line.is_title()).map(crate::page::Line::text).collect();
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
