//! Table two: 主动公开政府信息情况. Rows by their labels, cells by the labels of the head above them.

use std::ops::Range;
use std::rc::Rc;

use crate::layout::{PROACTIVE, ProactiveRow};
use crate::number::{Cell, Number, Unit, cell};
use crate::page::{Page, Shape};
use crate::schema::{Cells, Format, Table};
use crate::text::label;
use crate::warning::Warning;

use super::cells::{LARGEST_COUNT, Parts, Value, parts, shorten, texts, written};
use super::{Read, Stated};

/// So many yuan are one unit of a column in 万元.
const YUAN: f64 = 10_000.0;

/// More rows than this are none of the form's.
const MAX_ROWS: usize = 100;

/// The longest rows of the form have so many numbers.
const WHOLE_ROW: usize = 3;

/// A head has no more cells.
const MAX_HEAD: usize = 8;

/// A row as it was found: its values, and the head above it.
struct Found<'a> {
    row: &'static ProactiveRow,
    /// Its name is the form's, and no longer one that begins so.
    is_exact: bool,
    values: Vec<Value<'a>>,
    head: Rc<[Head]>,
}

/// A cell of a head: its column, where it is one of ours, and the unit that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    column: Option<&'static str>,
    unit: HeadUnit,
}

/// The unit that a head names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum HeadUnit {
    #[default]
    None,
    One(Unit),
    /// Several: `万元/元`.
    Unclear,
}

/// Reads table two out of the lines of its section. None where no row of it is there.
pub(crate) fn read<'a>(
    page: &'a Page,
    lines: Range<usize>,
    format: Format,
    warnings: &mut Vec<Warning>,
) -> Option<Read<'a>> {
    let Scan { found, has_head } = scan(page, lines);
    if found.iter().all(|found| found.values.is_empty()) {
        return None;
    }
    // Three numbers beside 规章 are a row of this table; one beside 行政许可 may be any table's.
    let is_whole = |f: &Found<'_>| f.is_exact && f.values.len() == WHOLE_ROW;
    let has_head = has_head || found.iter().any(is_whole);
    if !has_head {
        let message = "no head names a column of the form";
        warnings.push(Warning::new("head_unreadable", "proactive", message));
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
        let cells = match the_one(row, &found, warnings).filter(|_| has_head) {
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

/// The rows of the section, and whether any head names a column.
struct Scan<'a> {
    found: Vec<Found<'a>>,
    has_head: bool,
}

fn scan(page: &Page, lines: Range<usize>) -> Scan<'_> {
    let mut scanner = Scanner::default();
    for line in page.lines(lines) {
        if scanner.found.len() >= MAX_ROWS {
            break;
        }
        let torn = line.is_torn();
        match parts(line, is_row).filter(|_| !torn) {
            Some(parts) => scanner.line(parts),
            None => scanner.close(),
        }
    }
    Scan { found: scanner.found, has_head: scanner.has_head }
}

#[derive(Default)]
struct Scanner<'a> {
    found: Vec<Found<'a>>,
    has_head: bool,
    head: Vec<Head>,
    /// The unit that the line above the head names for all of it.
    unit: HeadUnit,
    in_head: bool,
    /// The last row found may still get values.
    is_open: bool,
    /// A line that may begin a label.
    begun: String,
}

impl<'a> Scanner<'a> {
    fn close(&mut self) {
        (self.is_open, self.in_head) = (false, false);
        self.begun.clear();
    }

    fn line(&mut self, parts: Parts<'a>) {
        if parts.labels.is_empty() {
            if let (true, Some(found)) = (self.is_open, self.found.last_mut()) {
                found.values.extend(parts.values);
                self.is_open = parts.shape == Shape::Text;
            }
            return;
        }
        let row = parts.labels.iter().find_map(|text| row_of(text)).or_else(|| self.begun(&parts));
        if let Some((row, is_exact)) = row {
            self.begun.clear();
            self.in_head = false;
            self.is_open = parts.shape == Shape::Text || !parts.is_stated();
            let values = if parts.is_stated() { parts.values } else { Vec::new() };
            let head = Rc::from(self.head.as_slice());
            self.found.push(Found { row, is_exact, values, head });
            return;
        }
        self.is_open = false;
        let is_row = parts.labels.len() > 1;
        parts.labels.iter().for_each(|text| self.of_head(text, is_row));
    }

    /// A label over two lines.
    fn begun(&self, parts: &Parts<'_>) -> Option<(&'static ProactiveRow, bool)> {
        let [text] = parts.labels.as_slice() else { return None };
        if self.begun.is_empty() {
            return None;
        }
        row_named(&format!("{}{}", self.begun, label(text)))
    }

    fn of_head(&mut self, text: &str, is_row: bool) {
        let name = label(text);
        let unit = unit_named(&name);
        if name == "信息内容" || name.starts_with("第二十条") {
            if !self.in_head || name == "信息内容" {
                self.head.clear();
            }
            if name != "信息内容" {
                self.unit = unit;
            }
            self.in_head = true;
            self.begun.clear();
            return;
        }
        let joined = format!("{}{name}", self.begun);
        match column_named(&name).or_else(|| column_named(&joined)) {
            Some(column) => {
                self.begun.clear();
                self.has_head = true;
                let unit = if unit == HeadUnit::None { self.unit } else { unit };
                self.add(Head { column: Some(column), unit });
            }
            // A unit on a line of its own is that of the column above.
            None if name.starts_with("单位") || matches!(name.as_str(), "元" | "万元") => {
                if let Some(head) = self.head.last_mut() {
                    head.unit = unit;
                }
            }
            None if self.in_head && is_row => {
                self.add(Head { column: None, unit: HeadUnit::None });
            }
            None => self.begun.clone_from(&name),
        }
    }

    fn add(&mut self, head: Head) {
        if self.head.len() < MAX_HEAD {
            self.head.push(head);
        }
    }
}

fn is_row(text: &str) -> bool {
    row_of(text).is_some()
}

/// The row that a label names, with a remark in brackets behind it or without; and whether it names
/// it as the form does.
fn row_of(text: &str) -> Option<(&'static ProactiveRow, bool)> {
    row_named(&label(text)).or_else(|| {
        let (name, _) = text.split_once('(')?;
        row_named(&label(name)).filter(|(_, is_exact)| *is_exact)
    })
}

fn row_named(name: &str) -> Option<(&'static ProactiveRow, bool)> {
    // Copies in traditional characters put other words for 文件.
    let is_document = ["行政规范性", "规范性"].iter().any(|head| name.starts_with(head));
    let name = if is_document && name.chars().count() <= 12 { "规范性文件" } else { name };
    let exact = PROACTIVE.iter().find(|row| name == row.label);
    exact.map(|row| (row, true)).or_else(|| {
        let longest = |row: &&ProactiveRow| name.chars().count() <= row.label.chars().count() + 6;
        let begun =
            |row: &&ProactiveRow| row.label.chars().count() >= 4 && name.starts_with(row.label);
        PROACTIVE.iter().filter(longest).find(begun).map(|row| (row, false))
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

fn unit_named(name: &str) -> HeadUnit {
    let rest = name.replacen("万元", "", 1);
    match (rest.len() != name.len(), rest.ends_with('元')) {
        (true, true) => HeadUnit::Unclear,
        (true, false) if name.ends_with("万元") => HeadUnit::One(Unit::TenThousandYuan),
        (false, true) => HeadUnit::One(Unit::Yuan),
        _ => HeadUnit::None,
    }
}

/// The line of the page that states a row; where several do and differ, none.
fn the_one<'s, 'a>(
    row: &ProactiveRow,
    found: &'s [Found<'a>],
    warnings: &mut Vec<Warning>,
) -> Option<&'s Found<'a>> {
    let of_row = || found.iter().filter(|found| found.row.key == row.key);
    // `行政许可变更数量` is another row where 行政许可 has its own, blank or not.
    let has_exact = of_row().any(|found| found.is_exact);
    let mut of_row = of_row().filter(|f| !f.values.is_empty() && (f.is_exact || !has_exact));
    let Some(first) = of_row.next() else {
        if !found.iter().any(|found| found.row.key == row.key) {
            let message = "the page has no such row";
            let at = format!("proactive.{}", row.key);
            warnings.push(Warning::new("row_missing", at, message));
        }
        return None;
    };
    if of_row.any(|other| texts(&other.values) != texts(&first.values)) {
        let at = format!("proactive.{}", row.key);
        let message = "the label stands several times, with different values";
        warnings.push(Warning::new("row_ambiguous", at, message));
        return None;
    }
    Some(first)
}

/// The columns of a row that has a value for each cell of its head, those among them that the form
/// does not have.
fn by_head(head: &[Head], columns: &[&'static str], values: usize) -> Option<Vec<&'static str>> {
    let times = |key: &&&'static str| head.iter().filter(|h| h.column == Some(**key)).count();
    (head.len() == values && columns.iter().all(|key| times(&key) == 1))
        .then(|| head.iter().map(|head| head.column.unwrap_or_default()).collect())
}

/// The order in which a row's columns stand, by the head above it; None where the head is of
/// another order than can be read.
fn order(head: &[Head], columns: &[&'static str]) -> Option<Vec<&'static str>> {
    let named: Vec<&'static str> = head.iter().filter_map(|head| head.column).collect();
    let is_whole = named.len() == columns.len() && columns.iter().all(|key| named.contains(key));
    if is_whole {
        return Some(named);
    }
    if head.is_empty() {
        return Some(columns.to_vec());
    }
    // A damaged head agrees with the form as far as it can be read, and something of it can.
    let mut form = columns.iter();
    let agrees = named.iter().all(|column| form.any(|key| key == column));
    (agrees && !named.is_empty()).then(|| columns.to_vec())
}

fn cells<'a>(
    found: &Found<'a>,
    columns: &[&'static str],
    stated: &mut Vec<Stated<'a>>,
    warnings: &mut Vec<Warning>,
) -> Cells {
    let at = format!("proactive.{}", found.row.key);
    let mut values = found.values.clone();
    let by_head = by_head(&found.head, columns, values.len());
    // A value that spans the table's other columns is followed by what these hold: nothing.
    while by_head.is_none()
        && values.len() > columns.len()
        && values.last().is_some_and(Value::is_empty)
    {
        values.pop();
    }
    let order = by_head.or_else(|| {
        // A column that the form does not have, and that the head names, is one of the row's.
        let is_wider = found.head.len() > columns.len();
        order(&found.head, columns).filter(|_| values.len() == columns.len() && !is_wider)
    });
    let Some(order) = order else {
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
        let unit = head.map(|head| head.unit).unwrap_or_default();
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
    head: HeadUnit,
    at: &str,
    warnings: &mut Vec<Warning>,
) -> Option<Number> {
    let (sign, bare) = if column == "change" { signed(text) } else { (None, text) };
    let (number, unit, note) = match cell(bare) {
        Cell::Blank => return None,
        Cell::Stated(number, unit, note) => (number, unit, note),
        Cell::Unreadable => return unreadable(text, at, warnings),
    };
    let is_counted = matches!(unit, Unit::Unnamed | Unit::Pieces);
    let is_signed = bare.starts_with(['+', '-', '−', '–', '－']);
    let number = match (column, number) {
        // `减-2` says two things.
        ("change", Number::Whole(whole)) if is_counted && (sign.is_none() || !is_signed) => {
            Number::Whole(whole.checked_mul(sign.unwrap_or(1))?)
        }
        ("amount_10k_yuan" | "amount_yuan", number) if number.is_amount() => {
            match (unit, head) {
                // `2项` counts no money.
                (Unit::Pieces, _) | (Unit::Unnamed, HeadUnit::Unclear) => {
                    return unreadable(text, at, warnings);
                }
                (Unit::Unnamed, HeadUnit::One(head)) => {
                    in_unit_of(column, number, head, text, at, warnings)?
                }
                _ => in_unit_of(column, number, unit, text, at, warnings)?,
            }
        }
        ("change", _) => return unreadable(text, at, warnings),
        (_, Number::Whole(whole)) if (0..=LARGEST_COUNT).contains(&whole) && is_counted => number,
        // The form of 2019 asks for fees by their number of items; some state an amount.
        ("previous", Number::Decimal(_)) if number.is_amount() && unit == Unit::Unnamed => number,
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
fn signed(text: &str) -> (Option<i64>, &str) {
    let strip = |words: &[&str]| words.iter().find_map(|word| text.strip_prefix(word));
    if let Some(rest) = strip(&["增加", "增"]) {
        (Some(1), rest)
    } else if let Some(rest) = strip(&["减少", "减"]) {
        (Some(-1), rest)
    } else {
        (None, text)
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
        let table = read(&page, 0..page.len(), format, &mut warnings).unwrap().table;
        // These tables have few rows.
        warnings.retain(|warning| warning.code != "row_missing");
        (table, warnings)
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
            "信息内容\t本年制发件数\n规章\t1\t2\n信息内容\t本年处理决定数量\n行政许可\t-5\n行政处罚\n行政强制\n\
             信息内容\t本年收费金额\n行政事业性收费\t251000元",
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
    fn a_number_beside_a_known_word_is_none_of_a_table_without_its_head() {
        for text in ["类别\t公开条数\n行政许可\t120", "行政许可\n12"] {
            let (table, warnings) = table(text, Format::Form2021);
            assert_eq!(table.stated(), 0, "{text}");
            assert_eq!(warnings[0].code, "head_unreadable", "{text}");
        }
        let other = "信息内容\t现行有效数\t本年制定数\t本年废止数\n规章\t30\t10\t20";
        assert_eq!(table(other, Format::Form2021).0.stated(), 0);
    }

    #[test]
    fn a_row_that_begins_as_another_does_not_stand_for_it() {
        let text = "信息内容\t本年处理决定数量\n行政许可\t\n行政许可变更数量\t99";
        assert_eq!(table(text, Format::Form2021).0.cell("licensing", "decisions"), None);
        let noted = "信息内容\t本年处理决定数量\n行政许可（指依申请作出的决定）\t99";
        let (table, _) = table(noted, Format::Form2021);
        assert_eq!(table.cell("licensing", "decisions"), Some(Number::Whole(99)));
    }

    #[test]
    fn a_change_says_one_thing() {
        for (text, change) in [
            ("减4", Some(-4)),
            ("增1423", Some(1423)),
            ("−3", Some(-3)),
            ("减-2", None),
            ("+2万元", None),
        ] {
            let text = format!(
                "信息内容\t上一年项目数量\t本年增/减\t处理决定数量\n行政许可\t10\t{text}\t8"
            );
            let (table, warnings) = table(&text, Format::Form2019);
            assert_eq!(table.cell("licensing", "change"), change.map(Number::Whole), "{text}");
            assert_eq!(warnings.len(), usize::from(change.is_none()), "{text}");
        }
    }

    #[test]
    fn a_unit_may_stand_on_a_line_of_its_own_or_be_unclear() {
        let fee = |head: &str, value: &str| {
            let text = format!("第二十条第（八）项\n信息内容\n{head}\n行政事业性收费\n{value}");
            table(&text, Format::Form2021).0.cell("fees", "amount_10k_yuan")
        };
        assert_eq!(fee("本年收费金额\n（单位：元）", "105000"), Some(Number::Decimal(10.5)));
        assert_eq!(fee("本年收费金额\n（单位：万元）", "10.5"), Some(Number::Decimal(10.5)));
        assert_eq!(fee("本年收费金额（万元/元）", "10.5"), None);
        assert_eq!(fee("本年收费金额", "2项"), None);
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
