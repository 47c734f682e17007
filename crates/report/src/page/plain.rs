//! A page of text to lines; a row's cells stand between tabs or bars.

use std::borrow::Cow;

use super::{Page, Place, Shape, run_on};
use crate::text::plain;

pub(super) fn read(text: &str) -> Page {
    let mut page = Page::default();
    page.reserve(text.lines().filter(|line| !line.trim_ascii().is_empty()).count());
    for line in text.lines() {
        match run_on::parts(line) {
            Some(parts) => parts.iter().for_each(|part| add_line(&mut page, part)),
            None => add_line(&mut page, line),
        }
    }
    page.torn = !text.is_empty() && !text.ends_with(['\n', '\r']);
    page
}

fn add_line(page: &mut Page, line: &str) {
    let mut add = |cells: &[&str], shape| {
        page.add(cells.iter().copied(), shape, false, Place::default());
    };
    let line = &without_marks(line);
    let tabbed = line.contains('\t') && !line.trim().is_empty();
    if !tabbed && !line.contains(['|', '｜']) {
        let line = plain(line);
        if !line.is_empty() {
            add(&[line.as_str()], Shape::Text);
        }
        return;
    }
    let cells: Vec<String> = if tabbed {
        line.split('\t').map(plain).collect()
    } else {
        line.split(['|', '｜']).map(plain).collect()
    };
    let mut stated = cells.iter().filter(|cell| !cell.is_empty());
    match (stated.next(), stated.next()) {
        (None, _) => {}
        // A tab before a paragraph indents it; a bar beside a cell that has its line to itself is
        // its border.
        (Some(only), None) if cells.len() <= if tabbed { 2 } else { 3 } => {
            add(&[only.as_str()], Shape::Text);
        }
        _ => add(&cells.iter().map(String::as_str).collect::<Vec<_>>(), Shape::Split),
    }
}

/// A line without the marks that a converter to Markdown left: `# ` before a heading, `**` around a word.
fn without_marks(line: &str) -> Cow<'_, str> {
    let heading = line.trim_start().trim_start_matches('#');
    let line =
        if heading.starts_with(' ') && line.trim_start().starts_with('#') { heading } else { line };
    if line.contains("**") { Cow::Owned(line.replace("**", "")) } else { Cow::Borrowed(line) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        read(text).all().map(|line| line.cells().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn cells_stand_between_tabs_or_bars() {
        assert_eq!(cells("规章\t1\t\t2"), [["规章", "1", "", "2"]]);
        assert_eq!(cells("## 二、**规章**"), [["二、规章"]]);
        assert_eq!(cells("规章 |\n0 |\n| 1 |"), [["规章"], ["0"], ["1"]]);
        assert_eq!(cells("规章 | 1 ｜ ２\n\n \t\n\t二"), [vec!["规章", "1", "2"], vec!["二"]]);
    }

    #[test]
    fn a_text_that_ends_within_a_line_may_be_torn() {
        assert!(read("一\n12").torn);
        assert!(!read("一\n12\n").torn);
    }
}
