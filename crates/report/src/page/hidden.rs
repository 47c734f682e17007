//! What a page holds and does not show: struck out, hidden, or for others than its readers.
//!
//! Such an element ends with its tag, or where the cell, the row or the block ends that holds it:
//! one that is never closed hides no more than that.

use html5ever::tokenizer::Tag;

use super::tag::{attribute, is_block};

/// How an element is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As though it were not there: a cell of this kind is no cell.
    Gone,
    /// Its place is kept: a cell of this kind is a blank one.
    Blank,
}

/// How a tag hides what it holds, if it does.
pub(super) fn way(tag: &Tag) -> Option<Way> {
    let name: &str = &tag.name;
    match name {
        // A script shows the page when it has loaded; the others hold nothing.
        "html" | "body" | "br" | "hr" | "img" | "input" | "meta" | "link" | "base" | "col"
        | "wbr" | "area" | "embed" | "source" | "track" | "param" => None,
        "del" | "s" | "strike" | "rt" | "rp" | "template" | "button" | "noscript" => {
            Some(Way::Blank)
        }
        _ if attribute(tag, "hidden").is_some() => Some(Way::Gone),
        _ => way_of_style(attribute(tag, "style")?),
    }
}

fn way_of_style(style: &str) -> Option<Way> {
    let style = style.to_ascii_lowercase();
    let mut found = None;
    for part in style.split(';') {
        let (name, value) = part.split_once(':').unwrap_or_default();
        let (name, value) = (name.trim(), value.trim());
        match name {
            "display" if value.starts_with("none") => return Some(Way::Gone),
            "visibility" if value.starts_with("hidden") => found = Some(Way::Blank),
            "mso-hide" if value.starts_with("all") => found = Some(Way::Blank),
            "text-decoration" | "text-decoration-line" if value.contains("line-through") => {
                found = Some(Way::Blank);
            }
            _ => {}
        }
    }
    found
}

/// A hidden element that is open.
pub(super) struct Hidden {
    name: String,
    /// It stands in a table.
    in_table: bool,
    /// Open elements of its name, itself among them.
    nested: u32,
    /// Open tables within it.
    tables: u32,
    /// Open blocks within it.
    blocks: u32,
}

impl Hidden {
    pub(super) fn new(name: &str, in_table: bool) -> Self {
        Self { name: name.to_owned(), in_table, nested: 1, tables: 0, blocks: 0 }
    }

    /// A tag begins. Whether the element ended before it.
    pub(super) fn ends_before(&mut self, name: &str) -> bool {
        let is_item = |name: &str| matches!(name, "li" | "dt" | "dd");
        let is_implied = (self.name == "p" && is_block(name))
            || (self.blocks == 0 && is_item(&self.name) && is_item(name));
        if is_implied || (name != "table" && self.ends_with_part(name)) {
            return true;
        }
        if name == self.name {
            self.nested = self.nested.saturating_add(1);
        } else if name == "table" {
            self.tables = self.tables.saturating_add(1);
        } else if is_closed(name) {
            self.blocks = self.blocks.saturating_add(1);
        }
        false
    }

    /// A tag ends. None where the element goes on; else whether the tag ends more than it.
    pub(super) fn ends_at(&mut self, name: &str) -> Option<bool> {
        if name == self.name {
            self.nested = self.nested.saturating_sub(1);
            let is_part = (1..TABLE).contains(&rank(name));
            return (self.nested == 0).then_some(is_part);
        }
        if name == "table" && self.tables > 0 {
            self.tables -= 1;
            return None;
        }
        if is_closed(name) && self.blocks > 0 {
            self.blocks -= 1;
            return None;
        }
        let ends_with_block = is_closed(name) && rank(&self.name) == 0 && !is_closed(&self.name);
        let ends = ends_with_block || matches!(name, "body" | "html") || self.ends_with_part(name);
        ends.then_some(true)
    }

    /// Whether it ends with such a part of the table that holds it.
    fn ends_with_part(&self, name: &str) -> bool {
        let (own, part) = (rank(&self.name), rank(name));
        self.in_table && self.tables == 0 && own < TABLE && part > 0 && part >= own
    }
}

const TABLE: u8 = 4;

/// The parts of a table, each in the next; 0 for what is none.
fn rank(name: &str) -> u8 {
    match name {
        "td" | "th" => 1,
        "tr" => 2,
        "tbody" | "thead" | "tfoot" | "caption" => 3,
        "table" => TABLE,
        _ => 0,
    }
}

/// Blocks that pages close.
fn is_closed(name: &str) -> bool {
    is_block(name) && !matches!(name, "p" | "li" | "dt" | "dd" | "hr" | "body" | "table")
}

#[cfg(test)]
mod tests {
    use crate::page::read;

    fn cells(text: &str) -> Vec<Vec<String>> {
        read(text).all().map(|line| line.cells().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn what_is_struck_or_hidden_is_no_text() {
        for value in [
            "<del>9</del>1",
            "<s>9</s>1",
            "1<strike>9</strike>",
            "<ruby>1<rp>(</rp><rt>9</rt></ruby>",
            "<template>9</template>1",
            "1<button>9</button>",
            "<noscript>9</noscript>1",
            "<span hidden>9</span>1",
            "<span style='color:red; DISPLAY : none !important'>9<span>9</span>9</span>1",
            "1<font style='visibility:hidden'>9</font>",
            "<span style='mso-hide:all'>9</span>1",
            "<span style='text-decoration:underline line-through'>9</span>1",
            "<div hidden>9<table><tr><td>9</td></tr></table>9</div>1",
            "1<del>9",
            "1<input hidden>",
        ] {
            let page = format!("<table><tr><td>规章</td><td>{value}</td><td>2</td></tr></table>");
            assert_eq!(cells(&page), [["规章", "1", "2"]], "{value}");
        }
    }

    #[test]
    fn a_cell_that_is_not_there_is_none_and_one_whose_text_is_hidden_is_blank() {
        for (cell, row) in [
            ("<td style=display:none>9</td>", vec!["规章", "1"]),
            ("<td hidden>9", vec!["规章", "1"]),
            ("<td style=visibility:hidden>9</td>", vec!["规章", "", "1"]),
            ("<td><span hidden>9</span></td>", vec!["规章", "", "1"]),
        ] {
            let page = format!("<table><tr><td>规章</td>{cell}<td>1</td></tr></table>");
            assert_eq!(cells(&page), [row], "{cell}");
        }
    }

    #[test]
    fn a_hidden_row_or_table_is_left_out_with_what_it_holds() {
        let row = "<tr><td>规章</td><td>1</td></tr>";
        for hidden in [
            "<tr hidden><td>规章</td><td>9</td></tr>",
            "<tr style='display:none'><td>规章<td><table><tr><td>9</table>",
            "<tbody hidden><tr><td>规章</td><td>9</td></tr></tbody>",
        ] {
            assert_eq!(cells(&format!("<table>{hidden}{row}</table>")), [["规章", "1"]]);
        }
        let hidden = format!("<table hidden>{row}<tr><td><table>{row}</table></td></tr></table>");
        assert_eq!(cells(&format!("{hidden}<table>{row}</table>")), [["规章", "1"]]);
        let hidden = format!("<div style='display:none'><table>{row}</table><div>x</div></div>");
        assert_eq!(cells(&format!("{hidden}<table>{row}</table>")), [["规章", "1"]]);
    }

    #[test]
    fn a_hidden_element_that_is_not_closed_hides_no_more_than_what_holds_it() {
        let page = "<table><tr><td>规章<td>1<s>9<td>2<tr><td><p hidden>9<p>甲<td>3</table><div><span hidden>9</div>乙";
        assert_eq!(cells(page), [vec!["规章", "1", "2"], vec!["甲", "3"], vec!["乙"]]);
    }

    #[test]
    fn a_page_that_a_script_shows_is_read_and_links_of_hidden_lists_are_kept() {
        assert_eq!(cells("<body style='display:none'><p>甲"), [["甲"]]);
        let page = read("<div hidden><a href=a.pdf>附件</a></div>甲");
        assert_eq!((page.anchors.len(), page.len()), (1, 1));
    }

    #[test]
    fn raised_and_lowered_text_stands_apart() {
        for (value, read) in [
            ("1<sup>1</sup>", "1 1"),
            ("<sub>2</sub>1", "2 1"),
            ("1<sup>[1]</sup>", "1 [1]"),
            ("1<a href='#_ftn1' name=_ftnref1>1</a>2", "1 1 2"),
            ("1<a href='a.html'>1</a>", "11"),
        ] {
            let page = format!("<table><tr><td>规章</td><td>{value}</td></tr></table>");
            assert_eq!(cells(&page), [["规章", read]], "{value}");
        }
    }
}
