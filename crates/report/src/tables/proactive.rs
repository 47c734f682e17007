//! Table two: 主动公开政府信息情况. Rows by their labels, cells by the labels of the head above them.

use std::ops::Range;

use crate::layout::{PROACTIVE, ProactiveRow};
use crate::number::{Cell, Number, Unit, cell};
use crate::page::{Page, Shape};
use crate::schema::{Cells, Format, Table};
use crate::text::label;
use crate::warning::Warning;

use super::cells::{Value, parts, shorten, texts, written};
use super::{Read, Stated};

/// So many yuan are one unit of a column in 万元.
const YUAN: f64 = 10_000.0;

/// A row as it was found: its values, and the head above it.
struct Found<'a> {
    row: &'static ProactiveRow,
    values: Vec<Value<'a>>,
    head: Vec<Head>,
}

/// A cell of a head: its column, where it is one of ours, and the unit that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    column: Option<&'static str>,
    unit: Option<Unit>,
}

/// Reads table two out of the lines of its section. None where no row of it is there.
pub(crate) fn read<'a>(
    page: &'a Page,
    lines: Range<usize>,
    format: Format,
    warnings: &mut Vec<Warning>,
) -> Option<Read<'a>> {
    let found = scan(page, lines);
    if found.is_empty() {
        return None;
    }
    let mut read = Read { table: Table::default(), stated: Vec::new() };
    for row in &PROACTIVE {
        let columns = match format {
            Format::Form2019 => row.cells_2019,
            Format::Form2021 | Format::Narrative => row.cells_2021,
        };
        if columns.is_empty() {
            continue;
        }
        let cells = match the_one(row, &found, warnings) {
            Some(found) => cells(found, columns, &mut read.stated, warnings),
            None => blank(columns),
        };
        read.table.0.push((row.key, cells));
    }
    Some(read)
}

fn blank(columns: &[&'static str]) -> Cells {
    columns.iter().map(|column| (*column, None)).collect()
}

fn scan(page: &Page, lines: Range<usize>) -> Vec<Found<'_>> {
    let mut found: Vec<Found<'_>> = Vec::new();
    let (mut head, mut in_head, mut is_open) = (Vec::new(), false, false);
    let mut begun = String::new();
    for line in page.lines(lines) {
        let torn = line.is_torn();
        let Some(parts) = parts(line, is_row).filter(|_| !torn) else {
            (is_open, in_head) = (false, false);
            begun.clear();
            continue;
        };
        if parts.labels.is_empty() {
            if let (true, Some(found)) = (is_open, found.last_mut()) {
                found.values.extend(parts.values);
                is_open = parts.shape == Shape::Text;
            }
            continue;
        }
        let names: Vec<String> = parts.labels.iter().map(|text| label(text)).collect();
        let row =
            names.iter().find_map(|name| row_named(name)).or_else(|| match names.as_slice() {
                [name] if !begun.is_empty() => row_named(&format!("{begun}{name}")),
                _ => None,
            });
        if let Some(row) = row {
            begun.clear();
            in_head = false;
            is_open = parts.shape == Shape::Text || !parts.is_stated();
            let values = if parts.is_stated() { parts.values } else { Vec::new() };
            found.push(Found { row, values, head: head.clone() });
            continue;
        }
        is_open = false;
        for (text, name) in parts.labels.iter().zip(&names) {
            if name == "信息内容" || name.starts_with("第二十条") {
                if !in_head || name == "信息内容" {
                    head.clear();
                }
                in_head = true;
                begun.clear();
                continue;
            }
            let joined = format!("{begun}{name}");
            match column_named(name).or_else(|| column_named(&joined)) {
                Some(column) => {
                    begun.clear();
                    head.push(Head { column: Some(column), unit: unit_named(text) });
                }
                None if in_head && parts.labels.len() > 1 => {
                    head.push(Head { column: None, unit: None });
                }
                None => begun.clone_from(name),
            }
        }
    }
    found
}

fn is_row(text: &str) -> bool {
    row_named(&label(text)).is_some()
}

fn row_named(name: &str) -> Option<&'static ProactiveRow> {
    // Copies in traditional characters put other words for 文件.
    let is_document = ["行政规范性", "规范性"].iter().any(|head| name.starts_with(head));
    let name = if is_document && name.chars().count() <= 12 { "规范性文件" } else { name };
    let longest = |row: &&ProactiveRow| name.chars().count() <= row.label.chars().count() + 6;
    let named = |row: &&ProactiveRow| name == row.label || name.starts_with(row.label);
    PROACTIVE.iter().find(|row| name == row.label).or_else(|| {
        PROACTIVE.iter().filter(longest).find(|row| row.label.chars().count() >= 4 && named(row))
    })
}

/// The column that a name of the head means, in either form.
fn column_named(name: &str) -> Option<&'static str> {
    const COLUMNS: [(&str, &str); 12] = [
        ("制发件数", "issued"),
        ("废止件数", "repealed"),
        ("现行有效件", "in_force"),
        ("新制作数量", "made"),
        ("新公开数量", "published"),
        ("对外公开总数量", "total"),
        ("上一年项目数量", "previous"),
        ("本年增减", "change"),
        ("处理决定数量", "decisions"),
        ("收费金额", "amount_10k_yuan"),
        ("采购项目数量", "projects"),
        ("采购总金额", "amount_yuan"),
    ];
    COLUMNS.iter().find(|(word, _)| name.contains(word)).map(|(_, key)| *key)
}

fn unit_named(text: &str) -> Option<Unit> {
    let name = label(text);
    if name.ends_with("万元") {
        Some(Unit::TenThousandYuan)
    } else {
        name.ends_with('元').then_some(Unit::Yuan)
    }
}

/// The line of the page that states a row; where several do and differ, none.
fn the_one<'s, 'a>(
    row: &ProactiveRow,
    found: &'s [Found<'a>],
    warnings: &mut Vec<Warning>,
) -> Option<&'s Found<'a>> {
    let mut of_row = found.iter().filter(|f| f.row.key == row.key && !f.values.is_empty());
    let first = of_row.next()?;
    if of_row.any(|other| texts(&other.values) != texts(&first.values)) {
        let at = format!("proactive.{}", row.key);
        let message = "the label stands several times, with different values";
        warnings.push(Warning::new("row_ambiguous", at, message));
        return None;
    }
    Some(first)
}

/// The order in which a row's columns stand, by the head above it; None where the head is of
/// another order than can be read.
fn order(head: &[Head], columns: &[&'static str]) -> Option<Vec<&'static str>> {
    let named: Vec<&'static str> = head.iter().filter_map(|head| head.column).collect();
    let is_whole = named.len() == columns.len() && columns.iter().all(|key| named.contains(key));
    if is_whole {
        return Some(named);
    }
    // A damaged head agrees with the form as far as it can be read.
    let agrees = head.len() != columns.len()
        || head.iter().zip(columns).all(|(h, key)| h.column.is_none_or(|column| column == *key));
    agrees.then(|| columns.to_vec())
}

fn cells<'a>(
    found: &Found<'a>,
    columns: &[&'static str],
    stated: &mut Vec<Stated<'a>>,
    warnings: &mut Vec<Warning>,
) -> Cells {
    let at = format!("proactive.{}", found.row.key);
    let mut values = found.values.clone();
    // A value that spans the table's other columns is followed by what these hold: nothing.
    while values.len() > columns.len() && values.last().is_some_and(|value| value.text.is_empty()) {
        values.pop();
    }
    let Some(order) = order(&found.head, columns).filter(|_| values.len() == columns.len()) else {
        if values.iter().any(|value| !value.text.is_empty()) {
            let message = format!(
                "{} values for {} columns: {}",
                values.len(),
                columns.len(),
                written(&values)
            );
            warnings.push(Warning::new("row_incomplete", at, message));
        }
        return blank(columns);
    };
    let mut cell = |column: &&'static str| {
        let path = format!("{at}.{column}");
        let place = order.iter().position(|key| key == column);
        let value = place.and_then(|place| values.get(place))?;
        let head = found.head.iter().find(|head| head.column == Some(column));
        let unit = head.and_then(|head| head.unit);
        let number = amount(column, value.text, unit, &path, warnings)?;
        stated.push(Stated { path, values: vec![*value] });
        Some(number)
    };
    columns.iter().map(|column| (*column, cell(column))).collect()
}

/// The number in a cell: a count, an amount of money, or in the form of 2019 a change.
fn amount(
    column: &str,
    text: &str,
    head: Option<Unit>,
    at: &str,
    warnings: &mut Vec<Warning>,
) -> Option<Number> {
    let (sign, bare) = if column == "change" { signed(text) } else { (1, text) };
    let (number, unit, note) = match cell(bare) {
        Cell::Blank => return None,
        Cell::Stated(number, unit, note) => (number, unit, note),
        Cell::Unreadable => return unreadable(text, at, warnings),
    };
    let number = match (column, number) {
        ("change", Number::Whole(whole)) => Number::Whole(whole.checked_mul(sign)?),
        ("amount_10k_yuan" | "amount_yuan", number) if number.is_amount() => {
            let written = if unit == Unit::Unnamed { head.unwrap_or(unit) } else { unit };
            in_unit_of(column, number, written, text, at, warnings)?
        }
        (_, Number::Whole(whole)) if whole >= 0 && matches!(unit, Unit::Unnamed | Unit::Pieces) => {
            number
        }
        // The form of 2019 asks for fees by their number of items; some state an amount.
        ("previous", Number::Decimal(_)) if number.is_amount() => number,
        _ => return unreadable(text, at, warnings),
    };
    if let Some(note) = note {
        warnings.push(Warning::new("cell_note", at, note));
    }
    Some(number)
}

fn unreadable(text: &str, at: &str, warnings: &mut Vec<Warning>) -> Option<Number> {
    let message = format!("`{}` is no number of this column", shorten(text));
    warnings.push(Warning::new("cell_unreadable", at, message));
    None
}

/// `增加2`, `减少1`: what a change says in words.
fn signed(text: &str) -> (i64, &str) {
    let strip = |words: &[&str]| words.iter().find_map(|word| text.strip_prefix(word));
    if let Some(rest) = strip(&["增加", "增"]) {
        (1, rest)
    } else if let Some(rest) = strip(&["减少", "减"]) {
        (-1, rest)
    } else {
        (1, text)
    }
}

/// An amount in the unit of its column, converted where it is written in another.
fn in_unit_of(
    column: &str,
    number: Number,
    written: Unit,
    text: &str,
    at: &str,
    warnings: &mut Vec<Warning>,
) -> Option<Number> {
    let decimal = || match number {
        Number::Whole(whole) => whole.to_string().parse().ok(),
        Number::Decimal(decimal) => Some(decimal),
    };
    let (converted, unit) = match (column, written) {
        ("amount_10k_yuan", Unit::Yuan) => (decimal()? / YUAN, "万元"),
        // In whole fen: the product of a decimal is not exact.
        ("amount_yuan", Unit::TenThousandYuan) => {
            ((decimal()? * YUAN * 100.0).round() / 100.0, "元")
        }
        _ => return Some(number),
    };
    let message = format!("`{}` in a column of {unit}", shorten(text));
    warnings.push(Warning::new("unit_converted", at, message));
    Some(Number::Decimal(converted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    fn table(text: &str, format: Format) -> (Table, Vec<Warning>) {
        let mut warnings = Vec::new();
        let text = format!("{text}\n三、收到和处理");
        let page = page::read(&text);
        (read(&page, 0..page.len(), format, &mut warnings).unwrap().table, warnings)
    }

    #[test]
    fn rows_are_found_by_their_labels_in_both_forms() {
        let (table, warnings) = table(
            "信息内容\t本年制发件数\t本年废止件数\t现行有效件数\n规章\t1\t2\t3\n行政规范性文件\t4\t5\t6（含修订1件）\n\
             信息内容\t本年处理决定数量\n行政许可\t7\t\t\n行政处罚\t8\n行政强制\t/\n信息内容\t本年收费金额（单位：万元）\n行政事业性收费\t9.5",
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
    fn columns_stand_as_the_head_says() {
        let (table, warnings) = table(
            "信息内容\t现行有效件数\t本年制发件数\t本年废止件数\n规章\t30\t10\t20",
            Format::Form2021,
        );
        assert_eq!(warnings, []);
        assert_eq!(table.cell("rules", "in_force"), Some(Number::Whole(30)));
        assert_eq!(table.cell("rules", "repealed"), Some(Number::Whole(20)));
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

    #[test]
    fn an_amount_is_in_the_unit_of_its_key() {
        let (table, warnings) = table(
            "信息内容\t采购项目数量\t采购总金额（单位：万元）\n政府集中采购\t3\t96171.6",
            Format::Form2019,
        );
        assert_eq!(table.cell("procurement", "amount_yuan"), Some(Number::Decimal(961_716_000.0)));
        assert_eq!(warnings[0].code, "unit_converted");
    }
}
