//! Table three: 收到和处理政府信息公开申请情况. Rows and columns are found by their labels; a row that
//! lost cells is placed only where the sums leave one way; labels that do not stand beside their values are not believed.
//!
//! - `labels`: which row a label names
//! - `columns`: which columns the head names
//! - `scan`: the lines of the section to labelled rows
//! - `offsets`: which cells of a row are none of the form's
//! - `shift`: which rows are not believed where labels and values are apart

mod columns;
mod labels;
mod offsets;
mod scan;
mod shift;

use std::ops::Range;

use crate::layout::{APPLICANTS, Group, OTHER_OUTCOME, REQUESTS, RequestRow};
use crate::number::{Cell, Number, Unit, cell};
use crate::page::{Page, Shape};
use crate::schema::{Format, Table};
use crate::warning::Warning;

use super::cells::{LARGEST_COUNT, Value, count, is_run_together, shorten, texts, written};
use super::placement::{self, COLUMNS, Known, Numbers, Rows};
use super::{Read, Stated};
use columns::Column;
use offsets::Offsets;
use scan::{Found, Scan, scan};

/// Reads table three out of the lines of its section. None where no row of it is there.
pub(crate) fn read<'a>(
    page: &'a Page,
    lines: Range<usize>,
    format: Format,
    warnings: &mut Vec<Warning>,
) -> Option<Read<'a>> {
    let scan = scan(page, lines);
    if scan.found.is_empty() {
        return None;
    }
    let form = form(is_2019(&scan, format));
    let columns = match columns::columns(&scan.heads) {
        Some(columns) => columns,
        None if columns::agrees_with_form(&scan.heads) && !lacks_a_column(&scan) => {
            columns::of_the_form()
        }
        None => {
            let message = "the head names the columns in an order that cannot be read";
            warnings.push(Warning::new("head_unreadable", "requests", message));
            return Some(table(&form, &nothing(&form), warnings));
        }
    };
    let offsets = Offsets::of(&scan.found, columns.len());
    let mut rows: Vec<Slots<'_>> = form
        .iter()
        .map(|row| match the_one(row, &scan, warnings) {
            Some(found) => slots(found, &columns, &offsets, page),
            None => Slots::Nothing,
        })
        .collect();
    if is_doubtful(&rows) {
        let message = "in most rows 总计 is not the sum of the applicants: values and columns may not belong together";
        warnings.push(Warning::new("table_doubtful", "requests", message));
        rows = nothing(&form);
    } else if is_shifted(&scan, &form, &rows) {
        warnings.push(Warning::new("rows_shifted", "requests", shift_message(&scan)));
        shift::give_up(&form, &mut rows, scan.apart);
    }
    warn_of_missing(&form, &scan, warnings);
    Some(table(&form, &rows, warnings))
}

/// The head lacks a column, and every row ends with a blank: the column may not be there at all.
fn lacks_a_column(scan: &Scan<'_>) -> bool {
    let mut stated = scan.found.iter().filter(|found| !found.values.is_empty());
    !scan.heads.is_empty() && stated.all(|f| f.values.last().is_some_and(Value::is_blank))
}

fn nothing<'a>(form: &[RequestRow]) -> Vec<Slots<'a>> {
    form.iter().map(|_| Slots::Nothing).collect()
}

/// Says which rows the page does not have, and which it has that the form has not.
fn warn_of_missing(form: &[RequestRow], scan: &Scan<'_>, warnings: &mut Vec<Warning>) {
    for name in scan.unknown.iter().take(form.len()) {
        let message = format!("`{}` is no row of the form", shorten(name));
        warnings.push(Warning::new("row_unknown", "requests", message));
    }
    let is_there = |row: &RequestRow, found: &Found<'_>| {
        found.row == *row && (!found.values.is_empty() || found.shape != Shape::Text)
    };
    for row in form.iter().filter(|row| !scan.found.iter().any(|found| is_there(row, found))) {
        let message = "the page has no such row, or no values beside its label";
        warnings.push(Warning::new("row_missing", path(row), message));
    }
}

/// The rows of a form, in order.
fn form(is_2019: bool) -> Vec<RequestRow> {
    let of_form = |row: RequestRow| match row.key {
        "other_not_corrected" if is_2019 => Some(OTHER_OUTCOME),
        "other_fee_unpaid" | "other_other" if is_2019 => None,
        _ => Some(row),
    };
    REQUESTS.into_iter().filter_map(of_form).collect()
}

/// Table three's own rows tell its form; where they do not, the labels of the page.
fn is_2019(scan: &Scan<'_>, format: Format) -> bool {
    let has = |key: &str| scan.found.iter().any(|f| f.row.key == key && !f.values.is_empty());
    let is_2021 = has("other_not_corrected") || has("other_fee_unpaid");
    !is_2021 && (has(OTHER_OUTCOME.key) || format == Format::Form2019)
}

/// The rows whose places depend on each other.
fn is_inner(group: Group) -> bool {
    matches!(group, Group::Refused | Group::Unavailable | Group::Unprocessed | Group::Other)
}

fn path(row: &RequestRow) -> String {
    format!("requests.{}", row.key)
}

/// The line of the page that states a row; where several do and differ, none.
fn the_one<'s, 'a>(
    row: &RequestRow,
    scan: &'s Scan<'a>,
    warnings: &mut Vec<Warning>,
) -> Option<&'s Found<'a>> {
    let stated = |found: &&Found<'_>| found.row == *row && !found.values.is_empty();
    let mut of_row = scan.found.iter().filter(stated);
    let first = of_row.next()?;
    if first.is_out_of_order {
        let message = "the label stands where the form has another row";
        warnings.push(Warning::new("row_out_of_order", path(row), message));
        return None;
    }
    let others = of_row.count();
    let differs =
        |found: &&Found<'_>| stated(found) && texts(&found.values) != texts(&first.values);
    if others > 0 && scan.found.iter().any(|found| differs(&found)) {
        let message = format!("the label stands {} times, with different values", others + 1);
        warnings.push(Warning::new("row_ambiguous", path(row), message));
        return None;
    }
    Some(first)
}

/// What a row's values say before any sum is asked.
enum Slots<'a> {
    /// A value a column.
    Whole(Vec<Value<'a>>),
    /// Fewer values than columns, or more, or none that can be told apart.
    Lost { values: Vec<Value<'a>>, ways: Vec<Numbers>, is_run: bool },
    /// The page does not state it.
    Nothing,
}

fn slots<'a>(found: &Found<'a>, columns: &[Column], offsets: &Offsets, page: &Page) -> Slots<'a> {
    let mut values = offsets.applied(found);
    // In text what stands blank at a row's end may be its padding, and no cell.
    let is_padded = found.shape != Shape::Row && values.last().is_some_and(Value::is_empty);
    // Where cells were not told apart, a blank one may be no cell at all.
    let is_sure = found.shape == Shape::Row && offsets.is_usual(found)
        || found.shape != Shape::Row && found.values.len() > COLUMNS && !is_padded
        || values.iter().all(|value| !value.is_empty());
    let is_sure = is_sure
        && !is_of_lines_that_do_not_sum_up(&values)
        && !lost_its_place(&values)
        && !offsets.lost_its_end(&values);
    let is_run = has_run(&values);
    if values.len() == columns.len() && is_sure && !is_run {
        let of = |key: &&str| columns.iter().position(|column| *column == Some(*key));
        let ordered: Option<Vec<Value<'_>>> =
            APPLICANTS.iter().map(|key| values.get(of(key)?).copied()).collect();
        if let Some(ordered) = ordered {
            return Slots::Whole(ordered);
        }
    }
    values.retain(|value| !value.is_empty());
    if values.is_empty() {
        return Slots::Nothing;
    }
    // The page may have broken off within the row; and another order of columns has other sums.
    // Where cells stand a line each, the line at which it broke off was one of them.
    let is_cell_a_line = found.shape == Shape::Text;
    let end = page.len().saturating_sub(usize::from(page.torn && is_cell_a_line));
    let is_last = values.iter().any(|value| value.spot.line + 1 >= end);
    let is_plain = columns.len() == COLUMNS && columns::of_the_form() == columns;
    let ways = if is_last || !is_plain { Vec::new() } else { ways(&values, is_run) };
    Slots::Lost { values, ways, is_run }
}

/// Cells that stand a line each, and whose total is not their sum: one of them may be a page's number.
fn is_of_lines_that_do_not_sum_up(values: &[Value<'_>]) -> bool {
    let is_of_lines = values
        .windows(2)
        .any(|two| two.first().map(|v| v.spot.line) != two.last().map(|v| v.spot.line));
    is_of_lines && counts(values).is_some_and(|counts| !sums_up(&counts))
}

/// 总计 is blank, and the value before it is the sum of those before: a cell is missing among them.
fn lost_its_place(values: &[Value<'_>]) -> bool {
    let Some((total, applicants)) = values.split_last() else { return false };
    let counts: Option<Vec<i64>> = applicants.iter().map(|value| value_count(value.text)).collect();
    total.is_blank()
        && counts.is_some_and(|counts| {
            counts.split_last().is_some_and(|(last, others)| {
                let sum = others.iter().fold(0_i64, |sum, count| sum.saturating_add(*count));
                *last > 0 && *last == sum
            })
        })
}

fn counts(values: &[Value<'_>]) -> Option<[i64; COLUMNS]> {
    let counts: Option<Vec<i64>> = values.iter().map(|value| value_count(value.text)).collect();
    counts?.try_into().ok()
}

/// 总计 is the sum of the applicants.
fn sums_up(counts: &[i64; COLUMNS]) -> bool {
    counts.split_last().is_some_and(|(total, applicants)| {
        *total == applicants.iter().fold(0_i64, |sum, count| sum.saturating_add(*count))
    })
}

/// Whether in most of the rows that count something the total is not the sum.
fn is_doubtful(rows: &[Slots<'_>]) -> bool {
    const FEWEST: usize = 3;
    let counted = rows.iter().filter_map(numbers_of).filter(|row| row.iter().any(|n| *n != 0));
    let (right, wrong): (Vec<_>, Vec<_>) = counted.partition(sums_up);
    wrong.len() >= FEWEST && wrong.len() > right.len()
}

/// Digits that are no count stand among the values, or a whole row's digits as one.
fn has_run(values: &[Value<'_>]) -> bool {
    let stated: Vec<&str> = values.iter().map(|v| v.text).filter(|text| !text.is_empty()).collect();
    let all_digits = stated.iter().all(|text| is_run_together(text));
    let has_zeros = stated.iter().any(|text| text.len() > 1 && text.starts_with('0'));
    all_digits && (has_zeros || matches!(stated.as_slice(), [one] if one.len() >= COLUMNS))
}

fn ways(values: &[Value<'_>], is_run: bool) -> Vec<Numbers> {
    let words: Vec<&str> = values.iter().map(|value| value.text).collect();
    let run = if words.iter().all(|word| is_run_together(word)) {
        placement::ways_of_run(&words)
    } else {
        Vec::new()
    };
    if is_run {
        return run;
    }
    // A sign for nothing among the values says that a cell is there, and not which.
    let counts: Option<Vec<i64>> = values.iter().map(|value| value_count(value.text)).collect();
    let lost = counts.map(|counts| placement::ways_of_lost(&counts)).unwrap_or_default();
    // `500000 5` may be two counts, and may be seven.
    [lost, run].concat()
}

fn value_count(text: &str) -> Option<i64> {
    match cell(text) {
        Cell::Stated(number, Unit::Unnamed | Unit::Pieces, None) => {
            number.count().filter(|count| *count <= LARGEST_COUNT)
        }
        _ => None,
    }
}

/// Whether values stand beside the labels of other rows: values without a label, labels under the
/// head of another group, or a total that another row fulfils.
fn is_shifted(scan: &Scan<'_>, form: &[RequestRow], rows: &[Slots<'_>]) -> bool {
    scan.nameless > 0 || scan.mismatched || scan.apart || is_total_elsewhere(form, rows)
}

fn shift_message(scan: &Scan<'_>) -> String {
    format!(
        "labels and values do not stand side by side ({} rows of values without a label): the rows between 部分公开 and 总计 are not believed",
        scan.nameless
    )
}

/// The row beside 总计 is not the sum of the outcomes, and the row after or before it is.
fn is_total_elsewhere(form: &[RequestRow], rows: &[Slots<'_>]) -> bool {
    let numbers: Option<Vec<[i64; COLUMNS]>> = rows.iter().map(numbers_of).collect();
    let (Some(numbers), Some(total)) =
        (numbers, form.iter().position(|row| row.group == Group::Total))
    else {
        return false;
    };
    let first = form.iter().take_while(|row| row.group == Group::Received).count();
    let is_sum = |at: usize| {
        let outcomes = numbers.get(first..at).unwrap_or_default();
        numbers.get(at).is_some_and(|sums| {
            sums.iter().enumerate().all(|(column, sum)| {
                let column = outcomes.iter().filter_map(|row| row.get(column));
                *sum == column.fold(0_i64, |sum, count| sum.saturating_add(*count))
            })
        })
    };
    let is_stated = |at: usize| numbers.get(at).is_some_and(|row| row.iter().any(|n| *n != 0));
    !is_sum(total) && [total - 1, total + 1].into_iter().any(|at| is_sum(at) && is_stated(at))
}

fn numbers_of(slots: &Slots<'_>) -> Option<[i64; COLUMNS]> {
    let Slots::Whole(values) = slots else { return None };
    counts(values)
}

fn known(slots: &Slots<'_>) -> Known {
    match slots {
        Slots::Whole(values) => {
            let mut cells: Numbers = [None; COLUMNS];
            for (cell, value) in cells.iter_mut().zip(values) {
                *cell = value_count(value.text);
            }
            Known::Cells(cells)
        }
        Slots::Lost { ways, .. } if !ways.is_empty() => Known::Ways(ways.clone()),
        Slots::Lost { .. } | Slots::Nothing => Known::Nothing,
    }
}

/// The cells of every row, those that lost some placed where the sums allow it.
fn table<'a>(form: &[RequestRow], rows: &[Slots<'a>], warnings: &mut Vec<Warning>) -> Read<'a> {
    let outcomes = form.iter().filter(|row| is_inner(row.group) || row.group == Group::Granted);
    let placed =
        placement::place(rows.iter().map(known).collect(), Rows { outcomes: outcomes.count() });
    let mut read = Read { table: Table::default(), stated: Vec::new() };
    for ((row, slots), placed) in form.iter().zip(rows).zip(placed) {
        let cells = match slots {
            Slots::Whole(values) => whole(row, values, &mut read.stated, warnings),
            Slots::Lost { values, is_run, .. } => {
                warn_of_lost(row, values, *is_run, placed.as_ref(), warnings);
                placed_cells(row, values, placed.as_ref(), &mut read.stated)
            }
            Slots::Nothing => APPLICANTS.iter().map(|column| (*column, None)).collect(),
        };
        read.table.0.push((row.key, cells));
    }
    read
}

fn whole<'a>(
    row: &RequestRow,
    values: &[Value<'a>],
    stated: &mut Vec<Stated<'a>>,
    warnings: &mut Vec<Warning>,
) -> Vec<(&'static str, Option<Number>)> {
    let cell = |(column, value): (&&'static str, &Value<'a>)| {
        let path = format!("requests.{}.{column}", row.key);
        let number = count(value.text, &path, warnings);
        if number.is_some() {
            stated.push(Stated { path, values: vec![*value] });
        }
        (*column, number)
    };
    APPLICANTS.iter().zip(values).map(cell).collect()
}

fn placed_cells<'a>(
    row: &RequestRow,
    values: &[Value<'a>],
    placed: Option<&Numbers>,
    stated: &mut Vec<Stated<'a>>,
) -> Vec<(&'static str, Option<Number>)> {
    let placed = placed.copied().unwrap_or([None; COLUMNS]);
    let cell = |(column, number): (&&'static str, Option<i64>)| {
        if number.is_some() {
            let path = format!("requests.{}.{column}", row.key);
            stated.push(Stated { path, values: values.to_vec() });
        }
        (*column, number.map(Number::Whole))
    };
    APPLICANTS.iter().zip(placed).map(cell).collect()
}

fn warn_of_lost(
    row: &RequestRow,
    values: &[Value<'_>],
    is_run: bool,
    placed: Option<&Numbers>,
    warnings: &mut Vec<Warning>,
) {
    let count = placed.map_or(0, |cells| cells.iter().flatten().count());
    let how = if is_run { "run together" } else { "placed by their sums" };
    if count > 0 {
        let message = format!("{count} of {COLUMNS} cells {how}: {}", written(values));
        warnings.push(Warning::new("row_inferred", path(row), message));
    }
    if count < COLUMNS {
        let message = format!("{} values for {COLUMNS} columns: {}", values.len(), written(values));
        warnings.push(Warning::new("row_incomplete", path(row), message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::GROUP_HEADS;
    use crate::page;

    /// A table as text, a row a line, cells between tabs.
    fn full() -> String {
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
        text.push_str("四、政府信息公开行政复议、行政诉讼情况\n");
        text
    }

    fn table(text: &str) -> (Table, Vec<Warning>) {
        let mut warnings = Vec::new();
        let page = page::read(text);
        let read = read(&page, 0..page.len(), Format::Form2021, &mut warnings).unwrap();
        (read.table, warnings)
    }

    fn cell_of(table: &Table, row: &str, column: &str) -> Option<i64> {
        table.cell(row, column).and_then(Number::count)
    }

    #[test]
    fn every_row_is_found_by_its_label() {
        let (table, warnings) = table(&full());
        assert_eq!(warnings, []);
        assert_eq!((table.0.len(), table.stated()), (25, 175));
        assert_eq!(cell_of(&table, "other_other", "natural_person"), Some(1));
    }

    #[test]
    fn a_row_that_lost_cells_says_so_and_is_not_guessed() {
        let text = full().replace("重复申请\t1\t2\t", "重复申请\t");
        let (table, warnings) = table(&text);
        assert_eq!(table.cell("unprocessed_repeat", "natural_person"), None);
        assert_eq!(warnings[0].at, "requests.unprocessed_repeat");
        assert!(warnings[0].message.contains("5 values for 7 columns: 3 4 5 6 21"), "{warnings:?}");
        assert_eq!(table.stated(), 168);
    }

    #[test]
    fn rows_under_the_head_of_another_group_are_not_believed() {
        let text = full().replace("不予公开\t属于四类过程性信息", "无法提供\t属于四类过程性信息");
        let (table, warnings) = table(&text);
        assert_eq!(warnings[0].code, "rows_shifted");
        assert_eq!(table.cell("refused_third_party", "total"), None);
        assert_eq!(cell_of(&table, "granted", "total"), Some(21));
        assert_eq!(cell_of(&table, "carried_out", "total"), Some(21));
    }

    #[test]
    fn a_blank_cell_moves_no_number() {
        let row = |cells: &[&str]| {
            let cells = cells.join("</td><td>");
            let page = format!(
                "<table><tr><td>一、本年新收政府信息公开申请数量</td><td>{cells}</td></tr></table><p>注"
            );
            let (table, _) = table(&page);
            let cell = |column| cell_of(&table, "received_new", column);
            (cell("natural_person"), cell("enterprise"), cell("total"))
        };
        assert_eq!(row(&["", "1", "2", "3", "4", "5", "15"]), (None, Some(1), Some(15)));
        // Which of two blanks is the border, a row by itself cannot tell.
        assert_eq!(row(&["", "1", "2", "3", "4", "5", "15", ""]), (None, None, Some(15)));
        // Which applicant is missing is not known; that the last is the total, their sum says.
        assert_eq!(row(&["1", "2", "3", "4", "5", "15"]), (None, None, Some(15)));
    }

    #[test]
    fn a_cell_a_line_and_words_of_a_line_are_cells() {
        for separator in ["\n", " "] {
            let mut text = String::new();
            for line in full().lines() {
                let (head, row) = line.split_once('\t').unwrap_or(("", line));
                text.push_str(&format!("{head}\n{}\n", row.replace('\t', separator)));
            }
            let (table, warnings) = table(&text);
            assert_eq!((table.stated(), warnings.len()), (175, 0), "{separator:?} {warnings:?}");
        }
    }

    #[test]
    fn a_label_over_two_lines_is_one() {
        let text = full()
            .replace('\t', "\n")
            .replace("其他法律行政法规禁止公开", "其他法律行政\n法规禁止公开");
        let text = text.replace("部分公开", "部分公开（区分处理的，只计这一情形，\n不计其他情形）");
        let (table, warnings) = table(&text);
        assert_eq!((table.stated(), warnings), (175, vec![]), "{table:?}");
    }

    #[test]
    fn a_row_of_no_label_that_is_known_gives_its_values_to_no_other_row() {
        let text = full().replace("重复申请\t1\t2\t3\t4\t5\t6\t21", "重复申请");
        let text = text.replace(
            "\n不予处理\t要求提供公开出版物",
            "\n不予处理\t甲乙丙\t9\t9\t9\t9\t9\t9\t54\n不予处理\t要求提供公开出版物",
        );
        let (table, _) = table(&text);
        assert_eq!(table.cell("unprocessed_repeat", "total"), None);
    }

    #[test]
    fn a_total_beside_the_label_of_the_next_row_is_seen() {
        let mut text = String::new();
        for (at, row) in form(false).iter().enumerate() {
            // The values of each row from 重复申请 on stand one label further down.
            let value = match at {
                0 | 2 => 3,
                16 => 1,
                24 => 4,
                _ => 0,
            };
            let value = if at == 0 { 4 } else { value };
            text.push_str(&format!("{}\t{value}\t0\t0\t0\t0\t0\t{value}\n", row.label));
        }
        let (table, warnings) = table(&text);
        assert!(warnings.iter().any(|warning| warning.code == "rows_shifted"), "{warnings:?}");
        assert_eq!(table.cell("unprocessed_repeat", "total"), None);
    }
}
