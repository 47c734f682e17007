//! A page as lines: each a row of a table with its cells, or a block of text with one.
//!
//! What the layouts differ in ends here: layout tables are walked through, cells keep the order in
//! which they are written, and what stands in scripts and styles is no text.
//!
//! - `html`: a page of HTML to lines
//! - `hidden`: what a page holds and does not show
//! - `tag`: what is asked of a tag
//! - `long_tag`: tags that are too long
//! - `plain`: a page of text to lines
//! - `run_on`: a text that lost its line breaks

mod hidden;
mod html;
mod long_tag;
mod plain;
mod run_on;
mod tag;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::layout::SECTIONS;
use crate::text::words;

/// More cells in one row than this are no table of ours.
const MAX_CELLS: usize = 64;

/// How the cells of a line were told apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// It is a block of text.
    #[default]
    Text,
    /// It is a row of an HTML table: a blank cell is known to be blank.
    Row,
    /// It is a line of text with tabs or bars: a blank may be a border.
    Split,
}

/// Where a row stands among the tables of an HTML page, both counted from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) table: u32,
    pub(crate) row: u32,
}

/// A link of a page: text and target, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub(crate) text: String,
    pub(crate) target: String,
}

/// A page, read into lines. Texts stand one behind the other in two strings, since a page may have
/// millions of short lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    text: String,
    tight: String,
    /// Where each cell begins in `text` and in `tight`.
    cells: Vec<(u32, u32)>,
    lines: Vec<Entry>,
    /// Where the rows of tables stand.
    places: Vec<Place>,
    /// `<meta name=… content=…>`, names in lower case; the first of each.
    pub(crate) meta: HashMap<String, String>,
    /// `<title>`.
    pub(crate) title: Option<String>,
    pub(crate) anchors: Vec<Anchor>,
    /// Something of it was left out, being too large.
    pub(crate) cut: bool,
    /// It broke off within its last line.
    pub(crate) torn: bool,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    cells: u32,
    shape: Shape,
    is_title: bool,
    /// Its number in `places`, counted from 1; 0 for what is no row. A page may have millions of
    /// lines, and few of them are rows.
    place: u32,
}

/// One line of a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    page: &'a Page,
    /// Its place among the page's lines.
    pub(crate) index: usize,
}

/// Reads a page, or plain text, told apart by content.
pub(crate) fn read(text: &str) -> Page {
    if tag::is_html(text) { html::read(text) } else { plain::read(text) }
}

impl Page {
    /// All its text, one line behind the other.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// A line.
    pub(crate) fn line(&self, index: usize) -> Option<Line<'_>> {
        (index < self.lines.len()).then_some(Line { page: self, index })
    }

    /// The lines in a range.
    pub(crate) fn lines(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = Line<'_>> {
        let range = range.start.min(self.len())..range.end.min(self.len());
        range.map(|index| Line { page: self, index })
    }

    /// Every line.
    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = Line<'_>> {
        self.lines(0..self.len())
    }

    /// The lines that hold one of these words, blanks not counted, in order; each with the word's
    /// place in the list, and as often as it holds them.
    pub(crate) fn lines_with(
        &self,
        words: &AhoCorasick,
    ) -> impl Iterator<Item = (Line<'_>, usize)> {
        let mut at = 0;
        words.find_overlapping_iter(&self.tight).filter_map(move |found| {
            while self.tight_range(at).end <= found.start() && at < self.lines.len() {
                at += 1;
            }
            let is_within = found.end() <= self.tight_range(at).end;
            is_within.then_some((Line { page: self, index: at }, found.pattern().as_usize()))
        })
    }

    /// Whether it names a section of a report beyond the first.
    fn has_section(&self) -> bool {
        static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
            words(SECTIONS.iter().skip(1).flat_map(|words| words.iter().copied()))
        });
        WORDS.is_match(&self.tight)
    }

    fn tight_range(&self, line: usize) -> Range<usize> {
        let cells = self.cell_range(line);
        let start =
            |at: usize| self.cells.get(at).map_or(self.tight.len(), |(_, tight)| index(*tight));
        start(cells.start)..start(cells.end)
    }

    /// Makes room for so many lines of one cell: what grows by doubling takes twice that.
    fn reserve(&mut self, lines: usize) {
        self.lines.reserve_exact(lines);
        self.cells.reserve_exact(lines);
    }

    /// Adds a line of these cells, each in plain form. A page of more than 4 GiB is cut.
    fn add<'c>(
        &mut self,
        cells: impl Iterator<Item = &'c str>,
        shape: Shape,
        is_title: bool,
        place: Place,
    ) {
        let Ok(first) = u32::try_from(self.cells.len()) else {
            self.cut = true;
            return;
        };
        let place = if shape == Shape::Row {
            self.places.push(place);
            u32::try_from(self.places.len()).unwrap_or_default()
        } else {
            0
        };
        self.lines.push(Entry { cells: first, shape, is_title, place });
        for cell in cells.take(MAX_CELLS) {
            let (Ok(text), Ok(tight)) =
                (u32::try_from(self.text.len()), u32::try_from(self.tight.len()))
            else {
                self.cut = true;
                return;
            };
            self.cells.push((text, tight));
            self.text.push_str(cell);
            for word in cell.split([' ', '\n']) {
                self.tight.push_str(word);
            }
        }
    }

    fn cell_range(&self, line: usize) -> Range<usize> {
        let start = |entry: Option<&Entry>| entry.map_or(self.cells.len(), |e| index(e.cells));
        start(self.lines.get(line))..start(self.lines.get(line + 1))
    }
}

/// An offset of 32 bits as one of this machine.
fn index(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

impl<'a> Line<'a> {
    /// Its cells, in plain form; one where it is no row.
    pub(crate) fn cells(self) -> impl DoubleEndedIterator<Item = &'a str> + ExactSizeIterator {
        let range = self.page.cell_range(self.index);
        range.map(move |at| self.text_of(at))
    }

    fn text_of(self, at: usize) -> &'a str {
        let start = |at: usize| {
            self.page.cells.get(at).map_or(self.page.text.len(), |(text, _)| index(*text))
        };
        self.page.text.get(start(at)..start(at + 1)).unwrap_or_default()
    }

    /// Its only cell, if it has one.
    pub(crate) fn only(self) -> Option<&'a str> {
        (self.cells().len() == 1).then(|| self.cells().next()).flatten()
    }

    /// Its cells, joined.
    pub(crate) fn text(self) -> Cow<'a, str> {
        if let Some(text) = self.only() {
            return Cow::Borrowed(text);
        }
        let cells: Vec<&str> = self.cells().filter(|cell| !cell.is_empty()).collect();
        Cow::Owned(cells.join(" "))
    }

    /// Its text without blanks.
    pub(crate) fn tight(self) -> &'a str {
        self.page.tight.get(self.page.tight_range(self.index)).unwrap_or_default()
    }

    /// How its cells were told apart.
    pub(crate) fn shape(self) -> Shape {
        self.page.lines.get(self.index).map(|line| line.shape).unwrap_or_default()
    }

    /// It stood in a heading (`<h1>`, `<h2>`, or a block whose class says title).
    pub(crate) fn is_title(self) -> bool {
        self.page.lines.get(self.index).is_some_and(|line| line.is_title)
    }

    /// Its row, where it is one of an HTML table.
    pub(crate) fn place(self) -> Option<Place> {
        let line = self.page.lines.get(self.index)?;
        self.page.places.get(index(line.place).checked_sub(1)?).copied()
    }

    /// The page broke off within it.
    pub(crate) fn is_torn(self) -> bool {
        self.page.torn && self.index + 1 == self.page.len()
    }
}
