//! A report's numbers, one by one: every cell of its tables that states one.

use serde_json::{Map, Number, Value};

use super::{ExportError, Work};
use crate::db::reports::ReportRow;

/// The parts of a report that are tables: rows of cells, by their names.
const TABLES: [&str; 3] = ["proactive", "requests", "reviews"];

/// The rows and columns whose cells are amounts of money.
const MONEY: [&str; 3] = ["fees", "amount_10k_yuan", "amount_yuan"];

/// A number, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    /// The table.
    pub(super) table: &'static str,
    /// Its row.
    pub(super) row: &'a str,
    /// Its column.
    pub(super) column: &'a str,
    /// The number.
    pub(super) value: &'a Number,
}

impl Cell<'_> {
    /// What a row of a table of numbers says.
    pub(super) const COLUMNS: [&'static str; 10] = [
        "agency",
        "year",
        "division",
        "table",
        "row",
        "column",
        "value",
        "url",
        "captured_at",
        "payload",
    ];

    /// The number as text. An amount of money has its decimal point though it be whole, so that who
    /// guesses the column's type by its first rows does not take it for one of whole numbers.
    pub(super) fn text(&self) -> String {
        let text = self.value.to_string();
        let is_money = MONEY.contains(&self.row) || MONEY.contains(&self.column);
        if is_money && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return format!("{text}.0");
        }
        text
    }
}

/// Hands on each number of a report, in the report's own order.
pub(super) fn each_of<'a>(
    report: &'a Map<String, Value>,
    mut each: impl FnMut(&Cell<'a>) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    for table in TABLES {
        let Some(Value::Object(rows)) = report.get(table) else { continue };
        for (row, cells) in rows {
            let Value::Object(cells) = cells else { continue };
            for (column, value) in cells {
                if let Value::Number(value) = value {
                    each(&Cell { table, row, column, value })?;
                }
            }
        }
    }
    Ok(())
}

/// Hands on each report that was chosen, with its object and the count of its numbers to be kept.
pub(super) fn each(
    work: &mut Work<'_>,
    mut each: impl FnMut(&ReportRow, &Map<String, Value>, &mut u64) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let selection = work.selection;
    let reports = selection.each_report(|report| {
        work.stop.check()?;
        each(&report, &report.object()?, &mut work.tally.cells)?;
        work.tally.reports += 1;
        work.tell_done(work.tally.reports, 0);
        Ok::<_, ExportError>(())
    })?;
    if reports == 0 { Err(ExportError::Nothing) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_number_is_a_row_and_nothing_else_is() {
        let report = json!({
            "title": "x", "year": 2023,
            "proactive": {"fees": {"amount_10k_yuan": 5}, "rules": {"issued": null, "in_force": 3}},
            "requests": {"granted": {"natural_person": 0, "total": 12}, "carried_out": null},
            "reviews": null, "checks": [{"left": 1}],
        });
        let mut found = Vec::new();
        each_of(report.as_object().unwrap(), |cell| {
            found.push(format!("{}.{}.{}={}", cell.table, cell.row, cell.column, cell.text()));
            Ok(())
        })
        .unwrap();
        assert_eq!(
            found,
            [
                "proactive.fees.amount_10k_yuan=5.0",
                "proactive.rules.in_force=3",
                "requests.granted.natural_person=0",
                "requests.granted.total=12",
            ]
        );
    }
}
