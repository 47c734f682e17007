//! Table two: 主动公开政府信息情况.

use crate::layout::{PROACTIVE, ProactiveRow};
use crate::number::{Cell, Number, cell};
use crate::page::Line;
use crate::schema::{Format, Table};
use crate::text::label;
use crate::warning::Warning;

use super::{is_value, shorten};

/// So many yuan are one unit of a column in 万元.
const YUAN: f64 = 10_000.0;

/// Reads table two out of the lines of its section. None where no row of it is there.
pub(crate) fn read(lines: &[Line], format: Format, warnings: &mut Vec<Warning>) -> Option<Table> {
    let mut found: Vec<(&ProactiveRow, Vec<String>)> = Vec::new();
    for line in lines {
        let name = line.cells.first().map(|cell| label(cell)).unwrap_or_default();
        let values = line.cells.get(1..).unwrap_or_default();
        match row_named(&name) {
            Some(row) if values.iter().all(|value| is_value(value)) => {
                found.push((row, values.to_vec()));
            }
            Some(_) => {}
            None => {
                let alone = line.cells.len() == 1 && line.cells.iter().all(|cell| is_value(cell));
                if let (true, Some((_, values))) = (alone, found.last_mut()) {
                    values.extend(line.cells.iter().cloned());
                } else if let Some((_, values)) = found.last_mut()
                    && values.is_empty()
                {
                    // Another text stands where the values should: there are none.
                    values.push(String::new());
                }
            }
        }
    }
    if found.is_empty() {
        return None;
    }
    let mut table = Table::default();
    for row in &PROACTIVE {
        let columns = match format {
            Format::Form2019 => row.cells_2019,
            Format::Form2021 | Format::Narrative => row.cells_2021,
        };
        if columns.is_empty() {
            continue;
        }
        let mut of_row = found.iter().filter(|(known, _)| known.key == row.key);
        let values = of_row.next().map(|(_, values)| values.as_slice()).unwrap_or_default();
        table.0.push((row.key, cells(row, columns, values, warnings)));
    }
    Some(table)
}

fn row_named(name: &str) -> Option<&'static ProactiveRow> {
    let name = name.strip_prefix("行政").filter(|rest| *rest == "规范性文件").unwrap_or(name);
    PROACTIVE.iter().find(|row| row.label == name)
}

fn cells(
    row: &ProactiveRow,
    columns: &[&'static str],
    values: &[String],
    warnings: &mut Vec<Warning>,
) -> Vec<(&'static str, Option<Number>)> {
    let at = format!("proactive.{}", row.key);
    let mut values: Vec<&str> = values.iter().map(String::as_str).collect();
    // A value that spans the table's other columns is followed by what these hold: nothing.
    while values.len() > columns.len() && values.last().is_some_and(|value| value.is_empty()) {
        values.pop();
    }
    if values.len() != columns.len() {
        if values.iter().any(|value| !value.is_empty()) {
            let message = format!(
                "{} values for {} columns: {}",
                values.len(),
                columns.len(),
                shorten(&values.join(" "))
            );
            warnings.push(Warning::new("row_incomplete", at, message));
        }
        return columns.iter().map(|column| (*column, None)).collect();
    }
    let read = |(column, value): (&&'static str, &&str)| {
        (*column, amount(column, value, &format!("{at}.{column}"), warnings))
    };
    columns.iter().zip(&values).map(read).collect()
}

/// The number in a cell: a count, an amount of money, or in the form of 2019 a change.
fn amount(column: &str, text: &str, at: &str, warnings: &mut Vec<Warning>) -> Option<Number> {
    let money = matches!(column, "amount_10k_yuan" | "amount_yuan");
    let signed = column == "change";
    let fits = |number: &Number| match number {
        Number::Whole(whole) => signed || *whole >= 0,
        Number::Decimal(decimal) => signed || money && *decimal >= 0.0,
    };
    match cell(text) {
        Cell::Blank => None,
        Cell::Number(number) if fits(&number) => Some(number),
        Cell::Noted(number, note) if fits(&number) => {
            warnings.push(Warning::new("cell_note", at, note));
            Some(number)
        }
        Cell::Yuan(yuan) if column == "amount_10k_yuan" => {
            let message = format!("`{}` in a column of 万元", shorten(text));
            warnings.push(Warning::new("unit_converted", at, message));
            Some(Number::Decimal(yuan / YUAN))
        }
        Cell::Yuan(yuan) if column == "amount_yuan" => Some(Number::Decimal(yuan)),
        Cell::Number(_) | Cell::Noted(..) | Cell::Yuan(_) | Cell::Unreadable => {
            let message = format!("`{}` is no number of this column", shorten(text));
            warnings.push(Warning::new("cell_unreadable", at, message));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    fn table(text: &str, format: Format) -> (Table, Vec<Warning>) {
        let mut warnings = Vec::new();
        (read(&page::read(text).lines, format, &mut warnings).unwrap(), warnings)
    }

    #[test]
    fn rows_are_found_by_their_labels_in_both_forms() {
        let (table, warnings) = table(
            "信息内容\t本年制发件数\n规章\t1\t2\t3\n行政规范性文件\t4\t5\t6（含修订1件）\n行政许可\t7\t\t\n行政处罚\t8\n\
             行政强制\t/\n行政事业性收费\t9.5",
            Format::Form2021,
        );
        assert_eq!(table.cell("normative_documents", "in_force"), Some(Number::Whole(6)));
        assert_eq!(table.cell("licensing", "decisions"), Some(Number::Whole(7)));
        assert_eq!(table.cell("coercive_measures", "decisions"), None);
        assert_eq!(table.cell("fees", "amount_10k_yuan"), Some(Number::Decimal(9.5)));
        assert_eq!(warnings.len(), 1);
        let (table, warnings) = self::table(
            "规章\t1\t2\t3\n规范性文件\t1\t2\t3\n行政许可\t10\t-2\t8\n其他对外管理服务事项\t1\t+1\t2\n政府集中采购\t3\t75394432.52",
            Format::Form2019,
        );
        assert_eq!(warnings, []);
        assert_eq!(table.cell("licensing", "change"), Some(Number::Whole(-2)));
        assert_eq!(table.cell("procurement", "amount_yuan"), Some(Number::Decimal(75_394_432.52)));
    }

    #[test]
    fn what_cannot_be_decided_is_null_with_a_warning() {
        let (table, warnings) = table(
            "规章\t1\t2\n行政许可\t-5\n行政处罚\n行政强制\n行政事业性收费\t251000元",
            Format::Form2021,
        );
        assert_eq!(table.cell("rules", "issued"), None);
        assert_eq!(table.cell("licensing", "decisions"), None);
        assert_eq!(table.cell("penalties", "decisions"), None);
        assert_eq!(table.cell("fees", "amount_10k_yuan"), Some(Number::Decimal(25.1)));
        let codes: Vec<_> = warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(codes, ["row_incomplete", "cell_unreadable", "unit_converted"]);
    }
}
