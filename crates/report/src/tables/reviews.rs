//! Table four: 政府信息公开行政复议、行政诉讼情况. One row of fifteen numbers, and nothing but that.

use crate::layout::{RESULTS, REVIEWS};
use crate::page::Line;
use crate::schema::Table;
use crate::text::tight;
use crate::warning::Warning;

use super::{count, is_value, shorten};

const CELLS: usize = REVIEWS.len() * RESULTS.len();

/// Reads table four out of the lines of its section. None where it is not there.
pub(crate) fn read(lines: &[Line], warnings: &mut Vec<Warning>) -> Option<Table> {
    let has_head = |line: &Line| {
        let text = tight(&line.text());
        text.contains("结果维持") || text.contains("未经复议直接起诉") || text == "行政复议"
    };
    let start = lines.iter().position(has_head)?;
    let lines = lines.get(start..).unwrap_or_default();
    let values = row(lines).unwrap_or_else(|| cell_a_line(lines));
    let sure = values.len() == CELLS;
    if !sure && values.iter().any(|value| !value.is_empty()) {
        let message =
            format!("{} values for {CELLS} columns: {}", values.len(), shorten(&values.join(" ")));
        warnings.push(Warning::new("row_incomplete", "reviews", message));
    }
    let mut table = Table::default();
    for (course, key) in REVIEWS.iter().enumerate() {
        let cell = |(place, column): (usize, &&'static str)| {
            let value = values.get(course * RESULTS.len() + place).filter(|_| sure);
            let at = format!("reviews.{key}.{column}");
            (*column, value.and_then(|value| count(value, &at, warnings)))
        };
        table.0.push((key, RESULTS.iter().enumerate().map(cell).collect()));
    }
    Some(table)
}

/// The one row of values, where cells were told apart.
fn row(lines: &[Line]) -> Option<Vec<String>> {
    let is_values = |line: &&Line| {
        line.cells.len() > RESULTS.len()
            && line.cells.iter().all(|cell| is_value(cell))
            && line.cells.iter().any(|cell| !cell.is_empty())
    };
    let line = lines.iter().find(is_values)?;
    let mut cells = line.cells.clone();
    while cells.len() > CELLS && cells.last().is_some_and(String::is_empty) {
        cells.pop();
    }
    // In plain text a blank between two separators may be a border.
    let blank = cells.iter().any(String::is_empty);
    Some(if blank && !line.is_row {
        cells.into_iter().filter(|cell| !cell.is_empty()).collect()
    } else {
        cells
    })
}

/// The values that stand one on each line after the last label.
fn cell_a_line(lines: &[Line]) -> Vec<String> {
    let values = lines.iter().skip_while(|line| !is_alone(line)).take_while(|line| is_alone(line));
    values.flat_map(|line| line.cells.iter().cloned()).collect()
}

fn is_alone(line: &Line) -> bool {
    line.cells.len() == 1 && line.cells.iter().all(|cell| !cell.is_empty() && is_value(cell))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    fn table(text: &str) -> (Option<Table>, Vec<Warning>) {
        let mut warnings = Vec::new();
        let table = read(&page::read(text).lines, &mut warnings);
        (table, warnings)
    }

    const HEAD: &str = "行政复议\t行政诉讼\n结果维持\t结果纠正\t其他结果\t尚未审结\t总计\n";

    #[test]
    fn fifteen_values_are_three_courses() {
        for separator in ["\t", "\n", " | "] {
            let values: Vec<String> = (1..=15).map(|n| n.to_string()).collect();
            let (table, warnings) = table(&format!("{HEAD}{}", values.join(separator)));
            let table = table.unwrap();
            assert_eq!(warnings, [], "{separator:?}");
            assert_eq!(table.cell("litigation_direct", "upheld").unwrap().count(), Some(6));
            assert_eq!(
                table.cell("litigation_after_reconsideration", "total").unwrap().count(),
                Some(15)
            );
        }
    }

    #[test]
    fn fewer_than_fifteen_are_not_placed() {
        let (table, warnings) = table(&format!("{HEAD}0\n0\n1\n0"));
        assert_eq!(table.unwrap().stated(), 0);
        assert_eq!(warnings[0].at, "reviews");
        assert!(self::table("一、总体情况\n无。").0.is_none());
    }
}
