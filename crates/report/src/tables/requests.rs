//! Table three: 收到和处理政府信息公开申请情况. Rows are found by their statutory labels, in their
//! statutory order; a row counts only with exactly seven values.

use crate::layout::{APPLICANTS, GROUP_HEADS, Group, OTHER_OUTCOME, REQUESTS, RequestRow};
use crate::page::Line;
use crate::schema::{Cells, Format, Table};
use crate::text::{label, tight};
use crate::warning::Warning;

use super::{count, is_run_together, is_value, shorten};

const COLUMNS: usize = APPLICANTS.len();

/// A row as it was found: which one it is, and its values as written.
struct Found {
    row: RequestRow,
    values: Vec<String>,
    /// Blank cells are known to be blank, since the row came as cells.
    is_row: bool,
}

/// Reads table three out of the lines of its section. None where no row of it is there.
pub(crate) fn read(lines: &[Line], format: Format, warnings: &mut Vec<Warning>) -> Option<Table> {
    let mut reader = Reader::default();
    for line in lines {
        reader.line(line);
    }
    let Reader { found, nameless, mismatched, .. } = reader;
    if found.is_empty() {
        return None;
    }
    let has_other_outcome =
        found.iter().any(|found| found.row == OTHER_OUTCOME && !found.values.is_empty());
    let is_2019 = format == Format::Form2019 || (format != Format::Form2021 && has_other_outcome);
    let shifted = nameless > 0 || mismatched;
    if shifted {
        warnings.push(Warning::new(
            "rows_shifted",
            "requests",
            format!("labels and values do not stand side by side ({nameless} rows of values without a label): the rows between 部分公开 and 总计 are not believed"),
        ));
    }
    let mut table = Table::default();
    for row in form(is_2019) {
        let of_row: Vec<&Found> = found.iter().filter(|found| found.row == row).collect();
        let cells = match of_row.as_slice() {
            _ if shifted && is_inner(row.group) => blank(),
            [] => blank(),
            [one] => values(one, warnings),
            several => {
                let message = format!("the label stands {} times", several.len());
                warnings.push(Warning::new("row_ambiguous", path(&row), message));
                blank()
            }
        };
        table.0.push((row.key, cells));
    }
    Some(table)
}

/// The rows of a form, in order.
fn form(is_2019: bool) -> impl Iterator<Item = RequestRow> {
    REQUESTS.into_iter().filter_map(move |row| match row.key {
        "other_not_corrected" if is_2019 => Some(OTHER_OUTCOME),
        "other_fee_unpaid" | "other_other" if is_2019 => None,
        _ => Some(row),
    })
}

/// The rows whose places depend on each other.
fn is_inner(group: Group) -> bool {
    matches!(group, Group::Refused | Group::Unavailable | Group::Unprocessed | Group::Other)
}

fn blank() -> Cells {
    APPLICANTS.iter().map(|column| (*column, None)).collect()
}

fn path(row: &RequestRow) -> String {
    format!("requests.{}", row.key)
}

fn values(found: &Found, warnings: &mut Vec<Warning>) -> Cells {
    let at = path(&found.row);
    let mut values: Vec<&str> = found.values.iter().map(String::as_str).collect();
    if let [one] = values.as_slice()
        && is_run_together(one)
    {
        values = vec!["0"; COLUMNS];
    }
    if values.len() > COLUMNS {
        // Cells beyond the table's own are empty: they hold its right or left border.
        while values.len() > COLUMNS && values.last().is_some_and(|value| value.is_empty()) {
            values.pop();
        }
        while values.len() > COLUMNS && values.first().is_some_and(|value| value.is_empty()) {
            values.remove(0);
        }
    }
    // Where cells were not told apart, a blank one may be no cell at all.
    let sure = found.is_row || values.iter().all(|value| !value.is_empty());
    if values.len() != COLUMNS || !sure {
        if values.iter().any(|value| !value.is_empty()) {
            let message = format!(
                "{} values for {COLUMNS} columns: {}",
                values.len(),
                shorten(&values.join(" "))
            );
            warnings.push(Warning::new("row_incomplete", at, message));
        }
        return blank();
    }
    let cell = |(column, value): (&&'static str, &&str)| {
        (*column, count(value, &format!("{at}.{column}"), warnings))
    };
    APPLICANTS.iter().zip(&values).map(cell).collect()
}

#[derive(Default)]
struct Reader {
    found: Vec<Found>,
    /// The place in the form of the row found last.
    last: Option<usize>,
    /// The group that was named last.
    group: Option<Group>,
    /// Rows of seven values with no label.
    nameless: usize,
    /// A row stood under the head of another group.
    mismatched: bool,
    done: bool,
}

impl Reader {
    fn line(&mut self, line: &Line) {
        if self.done {
            return;
        }
        // The values follow the last label; a blank before the first of them is a cell too.
        let is_label = |cell: &String| !cell.is_empty() && !is_value(cell);
        let end = line.cells.iter().rposition(is_label).map_or(0, |at| at + 1);
        let labels = line.cells.get(..end).unwrap_or_default();
        let values = line.cells.get(end..).unwrap_or_default();
        let stated = values.iter().any(|value| !value.is_empty());
        let named = labels.iter().any(|cell| !cell.is_empty());
        if named {
            self.labels(labels);
        }
        if !stated {
            return;
        }
        let is_row = line.is_row || line.cells.len() > COLUMNS;
        match self.found.last_mut() {
            Some(found) if !named && line.cells.len() == 1 => {
                // A cell a line: it belongs to the label that stood last.
                found.values.extend(values.iter().cloned());
            }
            Some(found) if named && found.values.is_empty() => {
                found.values = values.to_vec();
                found.is_row = is_row;
            }
            Some(_) if !named => self.nameless += usize::from(values.len() >= COLUMNS),
            _ => {}
        }
    }

    /// The labels before the values: a group's head, a row's label, or both.
    fn labels(&mut self, cells: &[String]) {
        let mut row = None;
        for cell in cells.iter().filter(|cell| !cell.is_empty()) {
            let name = label(cell);
            if let Some((_, group)) = GROUP_HEADS.iter().find(|(head, _)| *head == name) {
                self.group = Some(*group);
                row = (*group == Group::Other).then_some(OTHER_OUTCOME).or(row);
            } else if let Some(found) = self.row_named(&name, cell) {
                row = Some(found);
            }
        }
        let Some(row) = row else { return };
        let place = REQUESTS.iter().position(|known| *known == row);
        if let Some(place) = place {
            self.last = Some(place);
            self.mismatched |=
                is_inner(row.group) && self.group.is_some_and(|group| group != row.group);
            self.done = row.group == Group::CarriedOut && self.found.iter().any(|f| f.row == row);
        }
        if row == OTHER_OUTCOME && self.found.iter().any(|found| found.row == row) {
            return;
        }
        self.found.push(Found { row, values: Vec::new(), is_row: false });
    }

    /// The row with this label, if it may stand here: after the one before it, and, where the label
    /// is a common word, in its own group or with its number.
    fn row_named(&self, name: &str, written: &str) -> Option<RequestRow> {
        let from = self.last.map_or(0, |last| last + 1);
        let fits = |row: &&RequestRow| match row.key {
            "other_other" => name == row.label && self.group == Some(Group::Other),
            "outcome_total" => name == row.label && tight(written).contains('七'),
            "granted" | "partly_granted" => name.starts_with(row.label) && self.last.is_some(),
            "received_new" => name == row.label,
            _ => {
                name == row.label || (row.label.chars().count() >= 4 && name.starts_with(row.label))
            }
        };
        // Only the first row may open the table; its header repeats no label before that.
        if self.last.is_none() {
            return REQUESTS.first().filter(fits).copied();
        }
        REQUESTS.get(from..)?.iter().find(fits).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    /// A table as text, a row a line, cells between tabs.
    fn full(other: &str) -> String {
        let mut text = String::new();
        for row in form(false) {
            let numbered = match row.key {
                "outcome_total" => "（七）总计".to_owned(),
                _ => row.label.to_owned(),
            };
            let head = GROUP_HEADS.iter().find(|(_, group)| *group == row.group);
            let head = head.map_or("", |(head, _)| head);
            text.push_str(&format!("{head}\t{numbered}\t1\t2\t3\t4\t5\t6\t21\n"));
        }
        text.replace("其他\t1", other)
    }

    fn table(text: &str) -> (Table, Vec<Warning>) {
        let mut warnings = Vec::new();
        let lines = page::read(text).lines;
        (read(&lines, Format::Form2021, &mut warnings).unwrap(), warnings)
    }

    #[test]
    fn every_row_is_found_by_its_label() {
        let (table, warnings) = table(&full("其他\t1"));
        assert_eq!(warnings, []);
        assert_eq!((table.0.len(), table.stated()), (25, 175));
        assert_eq!(table.cell("other_other", "natural_person").unwrap().count(), Some(1));
    }

    #[test]
    fn a_row_that_lost_cells_says_so_and_is_not_guessed() {
        let text = full("其他\t1").replace("重复申请\t1\t2\t", "重复申请\t");
        let (table, warnings) = table(&text);
        assert_eq!(table.cell("unprocessed_repeat", "natural_person"), None);
        assert_eq!(warnings[0].at, "requests.unprocessed_repeat");
        assert!(warnings[0].message.contains("5 values for 7 columns: 3 4 5 6 21"), "{warnings:?}");
        assert_eq!(table.stated(), 168);
    }

    #[test]
    fn rows_beside_the_wrong_label_are_not_believed() {
        let text =
            full("其他\t1").replace("不予公开\t属于四类过程性信息", "无法提供\t属于四类过程性信息");
        let (table, warnings) = table(&text);
        assert_eq!(warnings[0].code, "rows_shifted");
        assert_eq!(table.cell("refused_third_party", "total"), None);
        assert_eq!(table.cell("granted", "total").unwrap().count(), Some(21));
        assert_eq!(table.cell("carried_out", "total").unwrap().count(), Some(21));
    }

    #[test]
    fn a_blank_cell_moves_no_number() {
        let row = |cells: &[&str]| {
            let cells = cells.join("</td><td>");
            let page = format!(
                "<table><tr><td>一、本年新收政府信息公开申请数量</td><td>{cells}</td></tr></table>"
            );
            let (table, _) = table(&page);
            let cell = |column| table.cell("received_new", column).and_then(crate::Number::count);
            (cell("natural_person"), cell("enterprise"), cell("total"))
        };
        assert_eq!(row(&["", "1", "2", "3", "4", "5", "15"]), (None, Some(1), Some(15)));
        assert_eq!(row(&["", "1", "2", "3", "4", "5", "15", ""]), (None, Some(1), Some(15)));
        assert_eq!(row(&["1", "2", "3", "4", "5", "15"]), (None, None, None));
    }

    #[test]
    fn a_cell_a_line_is_read_only_if_all_are_there() {
        let text = full("其他\t1").replace('\t', "\n");
        let (table, warnings) = table(&text);
        assert_eq!((table.stated(), warnings.len()), (175, 0));
    }
}
