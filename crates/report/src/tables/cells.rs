//! A line of a table, as labels and values; and a value as a number.

use std::sync::LazyLock;

use regex::Regex;

use crate::number::{Cell, Number, Unit, cell};
use crate::page::{Line, Shape};
use crate::text::{is_longer, pattern};
use crate::warning::Warning;

/// A value as written, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) text: &'a str,
    pub(crate) spot: Spot,
}

/// Where a value stands: its line, its cell within it, and its letters within the cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) line: usize,
    pub(crate) cell: usize,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Value<'_> {
    /// Nothing is written in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// It holds nothing, or a sign for nothing.
    pub(crate) fn is_blank(&self) -> bool {
        matches!(cell(self.text), Cell::Blank)
    }
}

/// What one line of a table's section says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    /// Its labels, blank ones left out; none for a line of values.
    pub(crate) labels: Vec<&'a str>,
    /// Its values, blanks among them where cells were told apart.
    pub(crate) values: Vec<Value<'a>>,
    /// How its cells were told apart.
    pub(crate) shape: Shape,
}

impl Parts<'_> {
    /// One of its values is more than a blank.
    pub(crate) fn is_stated(&self) -> bool {
        self.values.iter().any(|value| !value.text.is_empty())
    }
}

/// A line with more letters than this is prose: no number of it belongs to a table.
const LONGEST_LABEL: usize = 110;

/// No table of these reports counts more.
pub(crate) const LARGEST_COUNT: i64 = 9_999_999_999;

/// Takes a line apart. `knows` tells whether a text is the label of a row; None for prose.
pub(crate) fn parts(line: Line<'_>, knows: impl Fn(&str) -> bool) -> Option<Parts<'_>> {
    match line.only() {
        Some(text) if line.shape() == Shape::Text => of_text(line, text, knows),
        _ => Some(of_cells(line, knows)),
    }
}

/// Values follow the last label that is known, else the last text that can be no value.
fn of_cells<'a>(line: Line<'a>, knows: impl Fn(&str) -> bool) -> Parts<'a> {
    let cells: Vec<&str> = line.cells().collect();
    let is_text = |cell: &&str| !cell.is_empty() && !is_value(cell);
    let has_values = cells.iter().any(|cell| !cell.is_empty() && is_value(cell));
    let label = cells.iter().rposition(|cell| has_values && is_text(cell) && knows(cell));
    let last = label.or_else(|| cells.iter().rposition(is_text));
    let end = last.map_or(0, |at| at + 1);
    let value = |(at, text): (usize, &&'a str)| Value {
        text,
        spot: Spot { line: line.index, cell: at, from: 0, to: text.chars().count() },
    };
    let labels = cells.iter().take(end).filter(|cell| !cell.is_empty()).copied().collect();
    let values = cells.iter().enumerate().skip(end).map(value).collect();
    Parts { labels, values, shape: line.shape() }
}

/// A label, a label with values behind it, or values with blanks between them.
fn of_text<'a>(line: Line<'a>, text: &'a str, knows: impl Fn(&str) -> bool) -> Option<Parts<'a>> {
    if is_longer(text, LONGEST_LABEL) {
        return None;
    }
    let whole = |from: usize, to: usize| {
        let part = text.get(from..to)?;
        let before = text.get(..from)?.chars().count();
        let spot =
            Spot { line: line.index, cell: 0, from: before, to: before + part.chars().count() };
        Some(Value { text: part, spot })
    };
    let only = |labels, values| Some(Parts { labels, values, shape: Shape::Text });
    if is_value(text) {
        return only(Vec::new(), whole(0, text.len()).into_iter().collect());
    }
    // The words of the text from the end, as long as they are values.
    let mut start = text.len();
    let mut values = Vec::new();
    for word in text.split(' ').rev() {
        let from = start - word.len();
        if !is_value(word) {
            break;
        }
        values.extend(whole(from, start));
        start = from.saturating_sub(1);
        if from == 0 {
            break;
        }
    }
    values.reverse();
    let label = text.get(..start).unwrap_or_default().trim_end();
    if let Some(at) = glued(label, &knows) {
        values.splice(0..0, whole(at, label.len()));
        return only(vec![label.get(..at)?], values);
    }
    if label.is_empty() || knows(label) {
        return only(Vec::from_iter((!label.is_empty()).then_some(label)), values);
    }
    if let Some((head, label)) = led(label, &knows) {
        return only(vec![head, label], values);
    }
    only(vec![text], Vec::new())
}

/// A known label with its group's head before it, a blank between them.
fn led(text: &str, knows: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
    let blanks = text.match_indices(' ').map(|(at, _)| at);
    let parts = blanks.filter_map(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
    parts.into_iter().find(|(_, label)| knows(label))
}

/// Where the number begins that stands behind a known label without a blank.
fn glued(text: &str, knows: impl Fn(&str) -> bool) -> Option<usize> {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"[+-]?\d[\d,]*(?:\.\d+)?(?:件|宗|项|条|个|次|起|份|部|万元|元)?$")
    });
    let at = NUMBER.find(text)?.start();
    (at > 0 && knows(text.get(..at)?)).then_some(at)
}

/// Whether a cell can only be a value: a number, a sign for nothing, or a blank.
pub(crate) fn is_value(text: &str) -> bool {
    !matches!(cell(text), Cell::Unreadable) || is_run_together(text)
}

/// `0000000`, `230 000023`: digits of cells whose borders were lost.
pub(crate) fn is_run_together(text: &str) -> bool {
    !text.is_empty() && text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number in a cell that counts something; `at` is its path. Warns of what it could not read.
pub(crate) fn count(text: &str, at: &str, warnings: &mut Vec<Warning>) -> Option<Number> {
    match cell(text) {
        Cell::Blank => None,
        Cell::Stated(Number::Whole(count), Unit::Unnamed | Unit::Pieces, note)
            if (0..=LARGEST_COUNT).contains(&count) =>
        {
            if let Some(note) = note {
                warnings.push(Warning::new("cell_note", at, note));
            }
            Some(Number::Whole(count))
        }
        Cell::Stated(..) | Cell::Unreadable => {
            let message = format!("`{}` is no count", shorten(text));
            warnings.push(Warning::new("cell_unreadable", at, message));
            None
        }
    }
}

/// What stands in a warning is as long as a cell, not as long as a page.
pub(crate) fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Values as they are compared.
pub(crate) fn texts<'a>(values: &[Value<'a>]) -> Vec<&'a str> {
    values.iter().map(|value| value.text).collect()
}

/// Values as a warning carries them.
pub(crate) fn written(values: &[Value<'_>]) -> String {
    let words: Vec<&str> = values.iter().take(40).map(|value| value.text).collect();
    shorten(&words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    fn taken(text: &str) -> Option<(Vec<String>, Vec<String>)> {
        let page = page::read(text);
        let line = page.line(0)?;
        let parts = parts(line, |label| label == "2.重复申请")?;
        let own = |text: &str| text.to_owned();
        let values = parts.values.iter().map(|value| own(value.text)).collect();
        Some((parts.labels.into_iter().map(own).collect(), values))
    }

    fn check(text: &str, labels: &[&str], values: &[&str]) {
        let (found, stated) = taken(text).unwrap();
        assert_eq!(
            (found.as_slice(), stated.as_slice()),
            (labels.map_own().as_slice(), values.map_own().as_slice()),
            "{text}"
        );
    }

    trait Own {
        fn map_own(&self) -> Vec<String>;
    }

    impl Own for &[&str] {
        fn map_own(&self) -> Vec<String> {
            self.iter().map(|text| (*text).to_owned()).collect()
        }
    }

    #[test]
    fn values_follow_their_label_in_cells_in_words_and_glued_to_it() {
        check("2.重复申请\t1\t\t3", &["2.重复申请"], &["1", "", "3"]);
        check("不予处理\t2.重复申请\t注\t1\t3", &["不予处理", "2.重复申请"], &["注", "1", "3"]);
        check("2.重复申请 1 0 3", &["2.重复申请"], &["1", "0", "3"]);
        check("2.重复申请10 0 3", &["2.重复申请"], &["10", "0", "3"]);
        check("2.重复申请290000029", &["2.重复申请"], &["290000029"]);
        check("2.重复申请1282件", &["2.重复申请"], &["1282件"]);
        check("2.重复申请24252.31", &["2.重复申请"], &["24252.31"]);
        check("1 0 3", &[], &["1", "0", "3"]);
        check("（五）不予处理 2.重复申请 1 0 3", &["(五)不予处理", "2.重复申请"], &["1", "0", "3"]);
        check("2.重复申请", &["2.重复申请"], &[]);
    }

    #[test]
    fn numbers_of_prose_belong_to_no_table() {
        check("全年收到申请 12", &["全年收到申请 12"], &[]);
        assert!(taken(&"公开".repeat(80)).is_none());
    }
}
