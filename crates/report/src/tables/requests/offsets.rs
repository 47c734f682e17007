//! Which cells of a row are none of the form's: borders, spans and remarks. What is left out is left
//! out of every row alike; a row by itself cannot tell a blank cell from a border.

use std::collections::HashMap;

use crate::number::{Cell, cell};
use crate::page::Shape;
use crate::tables::cells::Value;

use super::scan::Found;

/// So many rows of one length are the table's usual ones.
const USUAL_ROWS: usize = 3;

/// So many times more rows state their last cell than leave it blank.
const MOST: usize = 6;

/// The cells to leave out, by the shape and the length of a row.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    left_out: HashMap<(bool, usize), Vec<usize>>,
    /// How many cells the rows of an HTML table usually have.
    usual: Option<usize>,
    /// Most rows state their last cell.
    ends_stated: bool,
}

impl Offsets {
    /// What the rows of a table of so many columns have beside them.
    pub(super) fn of(found: &[Found<'_>], columns: usize) -> Self {
        let mut offsets = Self::default();
        let mut rows: HashMap<(bool, usize), Vec<&Found<'_>>> = HashMap::new();
        for row in found.iter().filter(|row| !row.values.is_empty()) {
            rows.entry(key(row)).or_default().push(row);
        }
        for ((is_row, length), rows) in &rows {
            if *length <= columns {
                continue;
            }
            if let Some(left_out) = left_out(rows, *length, *length - columns, *is_row) {
                offsets.left_out.insert((*is_row, *length), left_out);
            }
        }
        let lengths = rows.iter().filter(|((is_row, _), rows)| *is_row && rows.len() >= USUAL_ROWS);
        offsets.usual = lengths.max_by_key(|(_, rows)| rows.len()).map(|((_, length), _)| *length);
        let (stated, blank): (Vec<&Found<'_>>, Vec<&Found<'_>>) = found
            .iter()
            .filter(|row| !row.values.is_empty())
            .partition(|row| row.values.last().is_some_and(|value| !value.is_blank()));
        offsets.ends_stated = stated.len() > blank.len() * MOST;
        offsets
    }

    /// Whether a row's last cell is blank where nearly all rows state it.
    pub(super) fn lost_its_end(&self, values: &[Value<'_>]) -> bool {
        self.ends_stated && values.last().is_some_and(Value::is_blank)
    }

    /// A row's values without them.
    pub(super) fn applied<'a>(&self, found: &Found<'a>) -> Vec<Value<'a>> {
        let left_out = self.left_out.get(&key(found)).map(Vec::as_slice).unwrap_or_default();
        let kept = found.values.iter().enumerate().filter(|(at, _)| !left_out.contains(at));
        kept.map(|(_, value)| *value).collect()
    }

    /// Whether a row has as many cells as its table's rows have.
    pub(super) fn is_usual(&self, found: &Found<'_>) -> bool {
        self.usual.is_none_or(|usual| usual == found.values.len())
            || self.left_out.contains_key(&key(found))
    }
}

fn key(found: &Found<'_>) -> (bool, usize) {
    (found.shape == Shape::Row, found.values.len())
}

/// The places that hold no number in any of these rows, where they are as many as are too many.
fn left_out(
    rows: &[&Found<'_>],
    length: usize,
    surplus: usize,
    is_row: bool,
) -> Option<Vec<usize>> {
    let holds_none = |at: &usize| {
        rows.iter().all(|row| row.values.get(*at).is_none_or(|value| holds_no_number(value)))
    };
    let empty: Vec<usize> = (0..length).filter(holds_none).collect();
    let leading = empty.iter().enumerate().take_while(|(at, place)| at == *place).count();
    let is_block = empty.windows(2).all(|two| matches!(two, [one, next] if one + 1 == *next));
    match () {
        () if empty.len() == surplus => Some(empty),
        // Which of several blanks side by side is left out makes no difference.
        () if empty.len() > surplus && is_block => empty.get(..surplus).map(<[usize]>::to_vec),
        // In text, spans stand as blanks before the values.
        () if !is_row && leading >= surplus => Some((0..surplus).collect()),
        () => None,
    }
}

fn holds_no_number(value: &Value<'_>) -> bool {
    match cell(value.text) {
        Cell::Blank => true,
        Cell::Stated(..) => false,
        Cell::Unreadable => !value.text.chars().any(|c| c.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use crate::page;
    use crate::schema::{Format, Table};

    fn table(rows: &[(&str, &str)]) -> Table {
        let row = |(label, cells): &(&str, &str)| {
            let cells = cells.replace(' ', "</td><td>").replace('_', "");
            format!("<tr><td>{label}</td><td>{cells}</td></tr>")
        };
        let rows: String = rows.iter().map(row).collect();
        let page = page::read(&format!("<table>{rows}</table><p>注</p><p>注</p>"));
        let read = super::super::read(&page, 0..page.len(), Format::Form2021, &mut Vec::new());
        read.unwrap().table
    }

    fn count(table: &Table, row: &str, column: &str) -> Option<i64> {
        table.cell(row, column).and_then(crate::Number::count)
    }

    const LABELS: [&str; 4] =
        ["上年结转政府信息公开申请数量", "予以公开", "属于国家秘密", "重复申请"];

    #[test]
    fn a_cell_that_is_blank_in_every_row_is_none_of_the_form_s() {
        let rows = LABELS.map(|label| (label, "_ _ 1 0 0 0 0 2 3"));
        assert_eq!(count(&table(&rows), "granted", "natural_person"), Some(1));
        let rows = LABELS.map(|label| (label, "1 0 0 0 0 2 3 _"));
        assert_eq!(count(&table(&rows), "granted", "total"), Some(3));
    }

    #[test]
    fn blanks_on_both_sides_that_leave_two_ways_move_no_number() {
        // Two spans before the values and 总计 left blank, or one before and two behind.
        let rows = LABELS.map(|label| (label, "_ _ 1 0 0 0 0 2 _"));
        assert_eq!(table(&rows).stated(), 0);
    }

    #[test]
    fn a_row_that_is_shorter_than_the_others_has_lost_a_cell() {
        let mut rows = LABELS.map(|label| (label, "1 0 0 0 0 2 3 _")).to_vec();
        rows[1].1 = "1 0 0 0 2 3 _";
        let table = table(&rows);
        assert_eq!(count(&table, "granted", "other"), None);
        assert_eq!(count(&table, "carried_in", "other"), Some(2));
    }

    #[test]
    fn a_number_before_the_values_is_no_border() {
        let rows = LABELS.map(|label| (label, "2022年 1 0 0 0 0 2 3"));
        assert_eq!(table(&rows).stated(), 0);
    }
}
