//! Table four: 政府信息公开行政复议、行政诉讼情况. One row of fifteen numbers, and nothing but that; or a row
//! for each of its three courses.

use std::ops::Range;

use crate::layout::{RESULTS, REVIEWS};
use crate::page::{Page, Shape};
use crate::schema::Table;
use crate::text::label;
use crate::warning::Warning;

use super::cells::{Parts, Value, count, is_run_together, parts, written};
use super::{Read, Stated};

const CELLS: usize = REVIEWS.len() * RESULTS.len();

/// Labels of the table's head; letters of them where they stand over two lines.
const HEADS: [&str; 18] = [
    "行政复议",
    "行政诉讼",
    "结果维持",
    "结果纠正",
    "其他结果",
    "尚未审结",
    "总计",
    "未经复议直接起诉",
    "复议后起诉",
    "结果",
    "维持",
    "纠正",
    "其他",
    "尚未",
    "审结",
    "未经复议",
    "直接起诉",
    "合计",
];

/// Reads table four out of the lines of its section. None where it is not there.
pub(crate) fn read<'a>(
    page: &'a Page,
    lines: Range<usize>,
    warnings: &mut Vec<Warning>,
) -> Option<Read<'a>> {
    let has_head = |text: &str| {
        text.contains("结果维持") || text.contains("未经复议直接起诉") || text == "行政复议"
    };
    let head = page.lines(lines.clone()).find(|line| has_head(line.tight()))?;
    let lines = head.index..lines.end;
    let values = courses(page, lines.clone()).unwrap_or_else(|| values(page, lines));
    let whole = whole(&values);
    if whole.is_none() && values.iter().any(|value| !value.text.is_empty()) {
        let message = format!("{} values for {CELLS} columns: {}", values.len(), written(&values));
        warnings.push(Warning::new("row_incomplete", "reviews", message));
    }
    let mut read = Read { table: Table::default(), stated: Vec::new() };
    for (course, key) in REVIEWS.iter().enumerate() {
        let mut cells = Vec::new();
        for (place, column) in RESULTS.iter().enumerate() {
            let path = format!("reviews.{key}.{column}");
            let value = whole.as_ref().and_then(|w| w.get(course * RESULTS.len() + place));
            let number = value.and_then(|(text, _)| count(text, &path, warnings));
            if let (Some(_), Some((_, value))) = (number, value) {
                read.stated.push(Stated { path, values: vec![*value] });
            }
            cells.push((*column, number));
        }
        read.table.0.push((key, cells));
    }
    Some(read)
}

/// The fifteen texts, where there are as many values, or as many digits run together.
fn whole<'a>(values: &[Value<'a>]) -> Option<Vec<(&'a str, Value<'a>)>> {
    if values.len() == CELLS {
        return Some(values.iter().map(|value| (value.text, *value)).collect());
    }
    let is_run = values.iter().all(|value| is_run_together(value.text));
    let digits: usize = values.iter().map(|value| value.text.len()).sum();
    (is_run && digits == CELLS).then(|| {
        let of = |value: &Value<'a>| {
            let value = *value;
            (0..value.text.len()).filter_map(move |at| Some((value.text.get(at..=at)?, value)))
        };
        values.iter().flat_map(of).collect()
    })
}

fn is_head(text: &str) -> bool {
    HEADS.contains(&label(text).as_str())
}

/// A row for each course, with its name before it.
fn courses(page: &Page, lines: Range<usize>) -> Option<Vec<Value<'_>>> {
    const NAMES: [&str; 3] = ["行政复议", "未经复议直接起诉", "复议后起诉"];
    let mut found: [Option<Vec<Value<'_>>>; NAMES.len()] = [const { None }; NAMES.len()];
    for line in page.lines(lines).filter(|line| line.shape() != Shape::Text) {
        let Some(Parts { labels, values, .. }) = parts(line, is_head) else { continue };
        let name = labels.last().map(|text| label(text)).unwrap_or_default();
        let course = NAMES.iter().position(|known| *known == name);
        if values.len() == RESULTS.len()
            && let Some(place) = course.and_then(|course| found.get_mut(course))
        {
            *place = Some(values);
        }
    }
    let [Some(one), Some(two), Some(three)] = found else { return None };
    Some([one, two, three].concat())
}

/// The values that follow the head: on one row, in words of a line, or a cell a line.
fn values(page: &Page, lines: Range<usize>) -> Vec<Value<'_>> {
    let mut values: Vec<Value<'_>> = Vec::new();
    for line in page.lines(lines) {
        let torn = line.is_torn();
        let Some(parts) = parts(line, is_head).filter(|_| !torn) else { break };
        let is_label = parts.labels.iter().any(|text| !is_head(text));
        if is_label && !values.is_empty() {
            break;
        }
        if !parts.is_stated() || is_label {
            continue;
        }
        if parts.shape != Shape::Text {
            let row = of_row(parts, values.is_empty());
            values.extend(row);
            break;
        }
        values.extend(parts.values);
    }
    values
}

/// The values of a row; in plain text a blank between two separators may be a border.
fn of_row(parts: Parts<'_>, is_first: bool) -> Vec<Value<'_>> {
    if !is_first {
        return Vec::new();
    }
    let (shape, mut values) = (parts.shape, parts.values);
    while values.len() > CELLS && values.last().is_some_and(|value| value.text.is_empty()) {
        values.pop();
    }
    while values.len() > CELLS && values.first().is_some_and(|value| value.text.is_empty()) {
        values.remove(0);
    }
    if shape == Shape::Split && values.len() != CELLS {
        values.retain(|value| !value.text.is_empty());
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    fn table(text: &str) -> (Option<Table>, Vec<Warning>) {
        let mut warnings = Vec::new();
        let page = page::read(text);
        let table = read(&page, 0..page.len(), &mut warnings).map(|read| read.table);
        (table, warnings)
    }

    const HEAD: &str = "行政复议\t行政诉讼\n结果维持\t结果纠正\t其他结果\t尚未审结\t总计\n";

    #[test]
    fn fifteen_values_are_three_courses() {
        for separator in ["\t", "\n", " | ", " "] {
            let values: Vec<String> = (1..=15).map(|n| n.to_string()).collect();
            let (table, warnings) = table(&format!("{HEAD}{}\n五、问题", values.join(separator)));
            let table = table.unwrap();
            assert_eq!(warnings, [], "{separator:?}");
            assert_eq!(table.cell("litigation_direct", "upheld").unwrap().count(), Some(6));
            let last = table.cell("litigation_after_reconsideration", "total").unwrap();
            assert_eq!(last.count(), Some(15));
        }
        let (run, _) = table(&format!("{HEAD}000010000100000\n五、问题"));
        assert_eq!(run.unwrap().cell("reconsideration", "total").unwrap().count(), Some(1));
    }

    #[test]
    fn fewer_than_fifteen_are_not_placed() {
        let (table, warnings) = table(&format!("{HEAD}0\n0\n1\n0\n五、问题"));
        assert_eq!(table.unwrap().stated(), 0);
        assert_eq!(warnings[0].at, "reviews");
        assert!(self::table("一、总体情况\n无。").0.is_none());
    }

    #[test]
    fn a_row_for_each_course_is_read_by_its_name() {
        let rows = "行政复议\t1\t0\t0\t0\t1\n行政诉讼\t未经复议直接起诉\t2\t0\t0\t0\t2\n\t复议后起诉\t3\t0\t0\t0\t3\n五、问题\n";
        let (table, warnings) =
            table(&format!("课程\t{}{rows}", &HEAD[HEAD.find('结').unwrap()..]));
        assert_eq!(warnings, []);
        let table = table.unwrap();
        assert_eq!(
            table.cell("litigation_after_reconsideration", "upheld").unwrap().count(),
            Some(3)
        );
    }
}
