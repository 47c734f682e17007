//! The lines of table three's section to labelled rows of values.

use std::ops::Range;

use crate::layout::{Group, OTHER_OUTCOME, REQUESTS, RequestRow};
use crate::page::{Line, Page, Shape};
use crate::tables::cells::{Parts, Value, parts};
use crate::text::{is_longer, label};

use super::COLUMNS;
use super::columns::{Head, columns, head};
use super::labels::{common_row, goes_on, group_named, is_row, row_named};

/// More rows than this are not read: the form has 25.
const MAX_ROWS: usize = 200;

/// So many values without a label are a row that lost its label, and not a number of a page.
const NAMELESS_ROW: usize = 6;

/// So many labels behind each other without a value stand apart from their values.
const BARE_LABELS: usize = 3;

/// A row as it was found: which one it is, and its values as written.
#[derive(Debug, Clone)]
pub(super) struct Found<'a> {
    pub(super) row: RequestRow,
    pub(super) values: Vec<Value<'a>>,
    pub(super) shape: Shape,
    /// The form has other rows before or after it.
    pub(super) is_out_of_order: bool,
}

/// Everything found in the section.
#[derive(Debug, Default)]
pub(super) struct Scan<'a> {
    pub(super) found: Vec<Found<'a>>,
    /// The labels of the table's head, in the order in which they are written.
    pub(super) heads: Vec<Head>,
    /// Rows of values with no label.
    pub(super) nameless: usize,
    /// A row stood under the head of another group.
    pub(super) mismatched: bool,
    /// Several labels stood behind each other before any of their values.
    pub(super) apart: bool,
    /// Labels that name no row of the form and have a whole row of values.
    pub(super) unknown: Vec<&'a str>,
}

pub(super) fn scan(page: &Page, lines: Range<usize>) -> Scan<'_> {
    let mut scanner = Scanner::default();
    for line in page.lines(lines) {
        if scanner.scan.found.len() > MAX_ROWS {
            break;
        }
        if !scanner.scan.found.is_empty() && heads_next_table(line) {
            break;
        }
        let torn = line.is_torn();
        match parts(line, is_row) {
            Some(_) if torn => scanner.close(),
            Some(parts) => scanner.line(parts),
            None => scanner.close(),
        }
    }
    scanner.finish()
}

/// The labels of the head that a text is: one, or several with blanks between them.
fn heads_of(text: &str) -> Vec<Head> {
    if let Some(head) = head(&label(text)) {
        return vec![head];
    }
    let words: Option<Vec<Head>> = text.split(' ').map(|word| head(&label(word))).collect();
    words.unwrap_or_default()
}

/// Whether a line is of the head of table four, whose numbers are not this table's.
fn heads_next_table(line: Line<'_>) -> bool {
    const LONGEST: usize = 80;
    const WORDS: [&str; 3] = ["未经复议直接起诉", "复议后起诉", "结果维持"];
    let text = line.tight();
    matches!(text, "行政复议" | "行政诉讼" | "行政复议行政诉讼")
        || (!is_longer(text, LONGEST) && WORDS.iter().any(|word| text.contains(word)))
}

#[derive(Default)]
struct Scanner<'a> {
    scan: Scan<'a>,
    /// The last row found may still get values.
    is_open: bool,
    /// The group of the last row, and the group that was named last.
    last: Option<Group>,
    group: Option<Group>,
    /// The head of the table goes on.
    in_head: bool,
    /// Lines that may begin a label.
    begun: String,
    /// Values on lines of their own that no row took.
    stray: usize,
    /// Rows whose values stood on the line after their label.
    below: usize,
}

impl<'a> Scanner<'a> {
    fn line(&mut self, parts: Parts<'a>) {
        if self.is_head(&parts) {
            return;
        }
        let named = !parts.labels.is_empty() && self.named(&parts);
        if !parts.is_stated() {
            if let (true, Some(found)) = (named, self.scan.found.last_mut()) {
                found.shape = parts.shape;
            }
            return;
        }
        if parts.labels.is_empty() {
            self.values_alone(parts);
        } else if named {
            if let Some(found) = self.scan.found.last_mut() {
                (found.values, found.shape) = (parts.values, parts.shape);
            }
            // Values on the line of their label are all there are, unless cells stand a line each.
            self.is_open = parts.shape == Shape::Text;
            self.stray = 0;
        } else {
            let stated = parts.values.iter().filter(|value| !value.is_blank()).count();
            if stated >= NAMELESS_ROW && !self.scan.found.is_empty() {
                self.scan.unknown.extend(parts.labels.last());
            }
            self.close();
        }
    }

    /// Whether a line is of the table's head; its labels are kept.
    fn is_head(&mut self, parts: &Parts<'_>) -> bool {
        let names: Vec<String> = parts.labels.iter().map(|text| label(text)).collect();
        let heads: Vec<Head> = parts.labels.iter().flat_map(|text| heads_of(text)).collect();
        let opens = |head: &Head| !matches!(head, Head::Of("other" | "total"));
        let one_line = match names.as_slice() {
            [name] => self.in_head.then(|| self.joined_head(name)).flatten(),
            _ => None,
        };
        let heads = if heads.is_empty() { one_line.into_iter().collect() } else { heads };
        if !heads.is_empty() && (self.in_head || heads.iter().any(opens)) && !parts.is_stated() {
            // A head that is written again after a break says nothing new.
            let is_new = self.last.is_none() || self.scan.heads.is_empty();
            if is_new && columns(&self.scan.heads).is_none() {
                self.scan.heads.extend(heads);
            }
            self.in_head = true;
            self.begun.clear();
            self.is_open = false;
            return true;
        }
        if self.in_head
            && parts.labels.len() == 1
            && !parts.is_stated()
            && self.row(&names).is_none()
        {
            self.begun = names.concat();
            return true;
        }
        self.in_head = false;
        false
    }

    /// 商业 and 企业 on two lines.
    fn joined_head(&self, name: &str) -> Option<Head> {
        head(&format!("{}{name}", self.begun))
    }

    fn row(&self, names: &[String]) -> Option<RequestRow> {
        let of = |name: &String| {
            row_named(name).or_else(|| {
                (!self.in_head).then(|| common_row(name, self.group, self.last)).flatten()
            })
        };
        let found = names.iter().filter_map(of).next_back();
        found.or_else(|| (names.len() > 1).then(|| row_named(&names.concat())).flatten())
    }

    /// Reads the labels of a line: the head of a group, the label of a row, or both.
    fn named(&mut self, parts: &Parts<'_>) -> bool {
        let names: Vec<String> = parts.labels.iter().map(|text| label(text)).collect();
        if names.iter().all(String::is_empty) {
            return false;
        }
        for name in &names {
            self.group = group_named(name).or(self.group);
            if name.starts_with("结转下年") || name.starts_with("总计") {
                self.group = None;
            }
        }
        let whole = self.row(&names);
        let row = whole.or_else(|| self.begun_row(&names));
        self.begun = if row.is_some() { String::new() } else { self.begun_with(&names) };
        match row {
            // The head of the last group is a row by itself in the form of 2019.
            Some(row) if row == OTHER_OUTCOME && self.has(&row) => false,
            Some(row) => {
                self.found(row);
                true
            }
            None => {
                let goes_on = names.iter().all(|name| self.is_rest(name));
                if !goes_on && !names.iter().any(|name| group_named(name).is_some()) {
                    self.is_open = false;
                }
                false
            }
        }
    }

    /// A label over several lines.
    fn begun_row(&self, names: &[String]) -> Option<RequestRow> {
        let [name] = names else { return None };
        if self.begun.is_empty() {
            return None;
        }
        let joined = format!("{}{name}", self.begun);
        row_named(&joined).or_else(|| common_row(&joined, self.group, self.last))
    }

    fn begun_with(&self, names: &[String]) -> String {
        const LONGEST: usize = 120;
        let text = names.concat();
        if self.begun.len() + text.len() > LONGEST { text } else { format!("{}{text}", self.begun) }
    }

    fn has(&self, row: &RequestRow) -> bool {
        self.scan.found.iter().any(|found| found.row == *row)
    }

    /// Whether a text goes on with the label of the row found last.
    fn is_rest(&self, name: &str) -> bool {
        let last = self.scan.found.last();
        self.is_open && last.is_some_and(|f| f.values.is_empty() && goes_on(&f.row, name))
    }

    fn found(&mut self, row: RequestRow) {
        let is_grouped = matches!(
            row.group,
            Group::Refused | Group::Unavailable | Group::Unprocessed | Group::Other
        );
        self.scan.mismatched |= is_grouped && self.group.is_some_and(|group| group != row.group);
        self.last = Some(row.group);
        self.is_open = true;
        self.stray = 0;
        let shape = Shape::Text;
        self.scan.found.push(Found { row, values: Vec::new(), shape, is_out_of_order: false });
    }

    /// Values on a line of their own: those of the label that stood last, a cell a line or all at
    /// once.
    fn values_alone(&mut self, parts: Parts<'a>) {
        let Some(found) = self.scan.found.last_mut() else { return };
        let is_cells = parts.shape != Shape::Text;
        let has_room = found.values.len() + parts.values.len() <= COLUMNS + usize::from(is_cells);
        if self.is_open && has_room && (!is_cells || found.values.is_empty()) {
            self.below += usize::from(is_cells);
            found.values.extend(parts.values);
            found.shape = parts.shape;
            self.is_open = !is_cells;
        } else {
            // One more than there are columns: a page's number stands among them, or a remark.
            if self.is_open && !is_cells && found.values.len() == COLUMNS {
                found.values.extend(parts.values.iter().take(1));
                self.is_open = false;
            }
            self.stray += parts.values.iter().filter(|value| !value.is_blank()).count();
            if self.stray >= NAMELESS_ROW {
                self.scan.nameless += 1;
                self.stray = 0;
            }
        }
    }

    /// What follows belongs to no row found so far.
    fn close(&mut self) {
        self.is_open = false;
        self.begun.clear();
    }

    fn finish(self) -> Scan<'a> {
        let mut scan = self.scan;
        // Values below their labels are a layout; below some of them they are a fault.
        let beside = scan.found.iter().filter(|f| !f.values.is_empty()).count()
            - self.below.min(scan.found.len());
        if self.below > 0 && beside > 0 {
            scan.nameless += self.below;
        }
        let is_bare = |found: &Found<'_>| found.values.is_empty() && found.shape == Shape::Text;
        scan.apart = scan.nameless > 0
            && scan.found.windows(BARE_LABELS).any(|labels| labels.iter().all(is_bare));
        mark_order(&mut scan.found);
        scan
    }
}

/// Marks what stands out of the form's order: the fewest rows that leave the others in order.
fn mark_order(found: &mut [Found<'_>]) {
    let place = |row: &RequestRow| {
        let first = |key: &str| REQUESTS.iter().position(|known| known.key == key);
        if *row == OTHER_OUTCOME { first("other_not_corrected") } else { first(row.key) }
    };
    let places: Vec<Option<usize>> = found.iter().map(|f| place(&f.row)).collect();
    // The longest run in order that ends at each row, and the row before it in that run.
    let mut best: Vec<(usize, Option<usize>)> = Vec::new();
    for (at, place) in places.iter().enumerate() {
        let before = places.iter().take(at).zip(&best).enumerate();
        let fitting = before.filter(|(_, (earlier, _))| *earlier <= place);
        let longest = fitting.max_by_key(|(_, (_, (length, _)))| *length);
        best.push(longest.map_or((1, None), |(at, (_, (length, _)))| (length + 1, Some(at))));
    }
    let mut at = best.iter().enumerate().max_by_key(|(_, (length, _))| *length).map(|(at, _)| at);
    let mut kept = vec![false; found.len()];
    while let Some(row) = at {
        if let Some(kept) = kept.get_mut(row) {
            *kept = true;
        }
        at = best.get(row).and_then(|(_, before)| *before);
    }
    for (found, kept) in found.iter_mut().zip(kept) {
        found.is_out_of_order = !kept;
    }
}
