//! Table four: 政府信息公开行政复议、行政诉讼情况. One row of fifteen numbers, and nothing but that; or a row
//! for each of its three courses.

use std::ops::Range;

use crate::layout::{RESULTS, REVIEWS};
use crate::number::Number;
use crate::page::{Line, Page, Shape};
use crate::schema::Table;
use crate::text::{is_longer, label};
use crate::warning::Warning;

use super::cells::{Parts, Value, count, is_run_together, parts, texts, written};
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
    let head = page.lines(lines.clone()).find(|line| begins(*line))?;
    let lines = head.index..lines.end;
    let found = courses(page, lines.clone()).unwrap_or_else(|| values(page, lines));
    let whole = match &found {
        Ok(values) => whole(values),
        Err(_) => None,
    };
    warn(&found, whole.as_ref(), warnings);
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

/// Says what was inferred, and why nothing was read.
fn warn(
    found: &Result<Vec<Value<'_>>, Fault>,
    whole: Option<&Vec<(&str, Value<'_>)>>,
    warnings: &mut Vec<Warning>,
) {
    let (code, message) = match (found, whole) {
        (Err(Fault::Head), _) => (
            "head_unreadable",
            "the head names courses or results in another order than the form".to_owned(),
        ),
        (Err(Fault::Ambiguous), _) => {
            ("row_ambiguous", "the table has several rows, with different values".to_owned())
        }
        (Ok(values), None) => (
            "row_incomplete",
            format!("{} values for {CELLS} columns: {}", values.len(), written(values)),
        ),
        (Ok(values), Some(_)) if values.len() != CELLS => {
            ("row_inferred", format!("{CELLS} cells run together: {}", written(values)))
        }
        (Ok(_), Some(_)) => return,
    };
    warnings.push(Warning::new(code, "reviews", message));
}

/// The fifteen texts, where there are as many values, or digits run together that can be taken
/// apart in one way.
fn whole<'a>(values: &[Value<'a>]) -> Option<Vec<(&'a str, Value<'a>)>> {
    if values.len() == CELLS {
        if is_of_lines(values) && !sums_up(values) {
            return None;
        }
        return Some(values.iter().map(|value| (value.text, *value)).collect());
    }
    // A cell a line is a cell: digits of a few words have lost their borders.
    if values.len() > REVIEWS.len() || !values.iter().all(|value| is_run_together(value.text)) {
        return None;
    }
    let words: Vec<&str> = values.iter().map(|value| value.text).collect();
    let ends = only_split(&words)?;
    let mut cells = Vec::new();
    for (value, ends) in values.iter().zip(ends) {
        let mut from = 0;
        for end in ends {
            cells.push((value.text.get(from..end)?, *value));
            from = end;
        }
    }
    (cells.len() == CELLS).then_some(cells)
}

/// The values stand on lines of their own: a page's number may be one of them.
fn is_of_lines(values: &[Value<'_>]) -> bool {
    values.windows(2).all(|two| matches!(two, [one, next] if one.spot.line != next.spot.line))
}

/// In each course the total is the sum of the results, as far as all are stated.
fn sums_up(values: &[Value<'_>]) -> bool {
    values.chunks(RESULTS.len()).all(|course| {
        let counts: Option<Vec<i64>> = course
            .iter()
            .map(|value| count(value.text, "", &mut Vec::new()).and_then(Number::count))
            .collect();
        counts.is_none_or(|counts| {
            counts.split_last().is_none_or(|(total, results)| {
                *total == results.iter().fold(0_i64, |sum, count| sum.saturating_add(*count))
            })
        })
    })
}

/// Where each word's cells end, if the sums of the three courses leave one way.
fn only_split(words: &[&str]) -> Option<Vec<Vec<usize>>> {
    const LONGEST: usize = 40;
    let digits: Vec<i64> = words.concat().bytes().map(|byte| i64::from(byte - b'0')).collect();
    if !(CELLS..=LONGEST).contains(&digits.len()) {
        return None;
    }
    let mut borders = vec![0];
    for word in words {
        borders.push(borders.last().copied().unwrap_or(0) + word.len());
    }
    // The ends of each course's cells, by where the course begins.
    let mut ways: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..REVIEWS.len() {
        let mut longer = Vec::new();
        for way in &ways {
            let from = way.last().copied().unwrap_or(0);
            for course in courses_from(&digits, &borders, from) {
                longer.push([way.as_slice(), &course].concat());
            }
        }
        if longer.len() > MAX_WAYS {
            return None;
        }
        ways = longer;
    }
    ways.retain(|way| way.last() == Some(&digits.len()));
    let [way] = ways.as_slice() else { return None };
    let starts = borders.iter().zip(borders.iter().skip(1));
    let of_word = |(start, end): (&usize, &usize)| {
        way.iter().filter(|at| *at > start && *at <= end).map(|at| at - start).collect()
    };
    Some(starts.map(of_word).collect())
}

/// The ends of five counts from a place on, without leading zeros, the last the sum of the others.
fn courses_from(digits: &[i64], borders: &[usize], from: usize) -> Vec<Vec<usize>> {
    /// So many digits count no cases.
    const LONGEST: usize = 5;
    let mut open = vec![(Vec::new(), 0_i64, from)];
    let mut done = Vec::new();
    while let Some((ends, sum, from)) = open.pop() {
        let border = borders.iter().copied().find(|border| *border > from).unwrap_or(from);
        let mut number = 0;
        for to in from + 1..=border.min(from + LONGEST) {
            number = number * 10 + digits.get(to - 1).copied().unwrap_or(0);
            let ends = [ends.as_slice(), &[to]].concat();
            if ends.len() < RESULTS.len() {
                open.push((ends, sum + number, to));
            } else if number == sum {
                done.push(ends);
            }
            if digits.get(from) == Some(&0) {
                break;
            }
        }
    }
    done
}

/// Why no values were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The head is of another order than the form's.
    Head,
    /// Several rows say different things.
    Ambiguous,
}

/// More ways than this are not followed.
const MAX_WAYS: usize = 2_000;

/// Whether a line begins the head: a label, and no sentence.
fn begins(line: Line<'_>) -> bool {
    const LONGEST: usize = 24;
    let text = line.tight();
    let is_label = line.cells().len() > 1 || !is_longer(text, LONGEST);
    let is_all_labels =
        || line.only().is_some_and(|text| text.contains(' ') && text.split(' ').all(is_head));
    text == "行政复议"
        || is_all_labels()
        || (is_label && (text.contains("结果维持") || text.contains("未经复议直接起诉")))
        || (line.cells().len() > 1 && text.contains("行政复议") && text.contains("行政诉讼"))
}

fn is_head(text: &str) -> bool {
    is_known(&label(text))
}

/// A row for each course, with its name before it.
fn courses(page: &Page, lines: Range<usize>) -> Option<Result<Vec<Value<'_>>, Fault>> {
    const NAMES: [&str; 3] = ["行政复议", "未经复议直接起诉", "复议后起诉"];
    let mut found: [Option<Vec<Value<'_>>>; NAMES.len()] = [const { None }; NAMES.len()];
    let mut order = Order::default();
    for line in page.lines(lines).filter(|line| line.shape() != Shape::Text) {
        let Some(Parts { labels, values, .. }) = parts(line, is_head) else { continue };
        if values.iter().all(Value::is_empty) {
            for text in &labels {
                order.read_result(text);
            }
        }
        let name = labels.last().map(|text| label(text)).unwrap_or_default();
        let course = NAMES.iter().position(|known| *known == name);
        if values.len() == RESULTS.len()
            && let Some(place) = course.and_then(|course| found.get_mut(course))
        {
            *place = Some(values);
        }
    }
    let [Some(one), Some(two), Some(three)] = found else { return None };
    Some(if order.is_other { Err(Fault::Head) } else { Ok([one, two, three].concat()) })
}

/// The values that follow the head: on one row, in words of a line, or a cell a line.
fn values(page: &Page, lines: Range<usize>) -> Result<Vec<Value<'_>>, Fault> {
    let mut values: Vec<Value<'_>> = Vec::new();
    let mut row: Option<Vec<Value<'_>>> = None;
    let mut head = Order::default();
    let mut has_ended = false;
    for line in page.lines(lines) {
        let torn = line.is_torn();
        let Some(parts) = parts(line, is_head).filter(|_| !torn) else {
            // A sentence before the values is none of the table.
            if values.is_empty() && row.is_none() && !torn {
                continue;
            }
            break;
        };
        let is_label = parts.labels.iter().any(|text| !is_head(text) && !is_measure(text));
        // Below the table there may be another: last year's.
        has_ended |= is_label && !(values.is_empty() && row.is_none());
        if has_ended && (parts.shape == Shape::Text || parts.values.len() != CELLS) {
            continue;
        }
        if values.is_empty() && row.is_none() {
            for text in &parts.labels {
                head.read(text);
            }
        }
        if !parts.is_stated() || is_label {
            continue;
        }
        // Results beside their numbers: the table lies on its side.
        let is_beside = parts.values.len() < CELLS && parts.labels.iter().any(|text| is_head(text));
        if is_beside {
            return Err(Fault::Head);
        }
        if parts.shape == Shape::Text {
            values.extend(parts.values);
            continue;
        }
        let found = of_row(parts, values.is_empty());
        // The rule under a head is a row of dashes.
        if is_numbering(&found) || found.iter().all(Value::is_blank) {
            continue;
        }
        match &row {
            Some(row) if texts(row) != texts(&found) => return Err(Fault::Ambiguous),
            Some(_) => {}
            None => row = Some(found),
        }
    }
    let values = match row {
        Some(row) if values.is_empty() => row,
        Some(row) => [values, row].concat(),
        None => values,
    };
    if head.is_other && values.iter().any(|value| !value.is_empty()) {
        return Err(Fault::Head);
    }
    Ok(values)
}

/// 件数 before the values says what is counted.
fn is_measure(text: &str) -> bool {
    matches!(label(text).as_str(), "件数" | "数量" | "案件数量" | "案件数")
}

/// 栏次: the columns' numbers.
fn is_numbering(values: &[Value<'_>]) -> bool {
    values.len() == CELLS && (1..).zip(values).all(|(at, value)| value.text == at.to_string())
}

/// Whether the labels of the head follow each other as in the form, as far as they can be read.
#[derive(Debug, Default)]
struct Order {
    result: Option<usize>,
    course: Option<usize>,
    /// Labels are broken in two, so that only some can be read.
    is_broken: bool,
    is_other: bool,
}

impl Order {
    /// As [`Order::read`], of the results alone.
    fn read_result(&mut self, text: &str) {
        let course = self.course.take();
        self.read(text);
        self.course = course;
    }

    fn read(&mut self, text: &str) {
        const NAMES: [&str; RESULTS.len()] =
            ["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"];
        const COURSES: [&str; 4] = ["行政复议", "行政诉讼", "未经复议直接起诉", "复议后起诉"];
        let names: Vec<String> = match label(text) {
            name if is_known(&name) => vec![name],
            _ => text.split(' ').map(label).collect(),
        };
        for name in names {
            if let Some(at) = NAMES.iter().position(|known| *known == name) {
                let follows = match self.result {
                    None => at <= 1,
                    // A course ends and the next begins.
                    Some(last) => at > last || (last >= 3 && at <= 1),
                };
                self.is_other |= !follows && !self.is_broken;
                self.result = Some(at);
            } else if let Some(at) = COURSES.iter().position(|known| *known == name) {
                self.is_other |= self.course.is_some_and(|last| at < last);
                self.course = Some(at);
            } else {
                self.is_broken |= is_known(&name);
            }
        }
    }
}

fn is_known(name: &str) -> bool {
    HEADS.contains(&name)
}

/// The values of a row; in plain text a blank between two separators may be a border.
fn of_row(parts: Parts<'_>, is_first: bool) -> Vec<Value<'_>> {
    if !is_first {
        return Vec::new();
    }
    let (shape, mut values) = (parts.shape, parts.values);
    let blanks = |values: &[Value<'_>]| values.iter().filter(|value| value.is_empty()).count();
    if shape == Shape::Row && values.len() > CELLS && blanks(&values) > values.len() - CELLS {
        return values;
    }
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
            let values = "2 3 4 5 14 6 7 8 9 30 1 2 3 4 10".split(' ').collect::<Vec<_>>();
            let (table, warnings) = table(&format!("{HEAD}{}\n五、问题", values.join(separator)));
            let table = table.unwrap();
            assert_eq!(warnings, [], "{separator:?}");
            assert_eq!(table.cell("litigation_direct", "upheld").unwrap().count(), Some(6));
            let last = table.cell("litigation_after_reconsideration", "total").unwrap();
            assert_eq!(last.count(), Some(10));
        }
    }

    #[test]
    fn digits_run_together_are_taken_apart_where_the_sums_leave_one_way() {
        let read = |run: &str| table(&format!("{HEAD}{run}\n五、问题"));
        let (table, warnings) = read("10203120001200000");
        let table = table.unwrap();
        let cell = |course, result| table.cell(course, result).unwrap().count();
        assert_eq!(cell("reconsideration", "total"), Some(3));
        assert_eq!(cell("litigation_direct", "upheld"), Some(12));
        assert_eq!(cell("litigation_after_reconsideration", "total"), Some(0));
        assert_eq!(warnings[0].code, "row_inferred");
        // Thirteen values, two of them of two digits, are not fifteen.
        let (table, warnings) = read("10\n0\n0\n10\n0\n0\n0\n0\n0\n0\n0\n0\n0");
        assert_eq!((table.unwrap().stated(), warnings[0].code), (0, "row_incomplete"));
    }

    #[test]
    fn courses_and_results_in_another_order_are_not_believed() {
        let values = ["0"; 15].join("\t");
        for head in [
            "行政诉讼\t行政复议\n结果维持\t结果纠正",
            "行政复议\t行政诉讼\n总计\t结果维持\t结果纠正\t其他结果\t尚未审结",
            "行政复议\t行政诉讼\n复议后起诉\t未经复议直接起诉\n结果维持\t结果纠正",
        ] {
            let (table, warnings) = table(&format!("{head}\n{values}\n五、问题"));
            assert_eq!(table.unwrap().stated(), 0, "{head}");
            assert_eq!(warnings[0].code, "head_unreadable", "{head}");
        }
    }

    #[test]
    fn of_two_rows_that_differ_neither_is_believed_and_the_columns_numbers_are_none() {
        let row =
            |from: u32| (from..from + 15).map(|n| n.to_string()).collect::<Vec<_>>().join("\t");
        let (two, warnings) = table(&format!("{HEAD}{}\n{}\n五、问题", row(2), row(30)));
        assert_eq!((two.unwrap().stated(), warnings[0].code), (0, "row_ambiguous"));
        let (numbered, _) = table(&format!("{HEAD}{}\n件数\t{}\n五、问题", row(1), row(30)));
        assert_eq!(numbered.unwrap().cell("reconsideration", "upheld").unwrap().count(), Some(30));
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
