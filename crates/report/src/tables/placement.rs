//! Rows that lost cells: which of a row's values stands in which column, where the sums of table
//! three leave no doubt.
//!
//! Each row has ways in which its values may stand; a way is given up when a column's sum cannot
//! be reached with it, whatever ways the other rows take. What stands at the same place in every way that
//! is left is placed. A missing cell is never taken for 0.

/// The applicants and their total.
pub(super) const COLUMNS: usize = 7;

/// Where the total stands.
const TOTAL: usize = COLUMNS - 1;

/// A row's numbers by column; none where a cell is missing or blank.
pub(super) type Numbers = [Option<i64>; COLUMNS];

/// What is known of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// Where each of its values stands.
    Cells(Numbers),
    /// Its values, and the ways in which they may stand.
    Ways(Vec<Numbers>),
    /// Nothing.
    Nothing,
}

/// The rows of table three, by what the form's arithmetic says of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows {
    /// How many rows of outcomes follow the two that are received.
    pub(super) outcomes: usize,
}

impl Rows {
    const RECEIVED: usize = 2;

    fn total(self) -> usize {
        Self::RECEIVED + self.outcomes
    }

    fn count(self) -> usize {
        self.total() + 2
    }
}

/// More digits than this were not run together in one row of counts.
const LONGEST_RUN: usize = 24;

/// So many rounds settle every table; a way given up may give up others.
const ROUNDS: usize = 30;

/// The ways in which fewer values than columns may stand, in their order.
pub(super) fn ways_of_lost(values: &[i64]) -> Vec<Numbers> {
    let mut ways = Vec::new();
    if values.is_empty() || values.len() >= COLUMNS {
        return ways;
    }
    for columns in 0_u32..(1 << COLUMNS) {
        if usize::try_from(columns.count_ones()) != Ok(values.len()) {
            continue;
        }
        let mut way = [None; COLUMNS];
        let mut rest = values.iter();
        for (column, cell) in way.iter_mut().enumerate() {
            if columns >> column & 1 == 1 {
                *cell = rest.next().copied();
            }
        }
        if bounds(&way).is_some() {
            ways.push(way);
        }
    }
    ways
}

/// The ways in which the digits of a whole row may be taken apart, where borders between its cells
/// were lost: seven counts without leading zeros, the last the sum of the others.
pub(super) fn ways_of_run(words: &[&str]) -> Vec<Numbers> {
    let digits: Vec<u8> = words.iter().flat_map(|word| word.bytes()).collect();
    let mut ways = Vec::new();
    if !(COLUMNS..=LONGEST_RUN).contains(&digits.len()) {
        return ways;
    }
    let mut borders = vec![0];
    for word in words {
        borders.push(borders.last().copied().unwrap_or(0) + word.len());
    }
    split(&digits, &borders, 0, &mut Vec::new(), &mut ways);
    ways
}

fn split(
    digits: &[u8],
    borders: &[usize],
    from: usize,
    cells: &mut Vec<i64>,
    ways: &mut Vec<Numbers>,
) {
    if cells.len() == COLUMNS {
        if from == digits.len()
            && let Ok(cells) = <[i64; COLUMNS]>::try_from(cells.as_slice())
            && sum(cells.iter().take(TOTAL)) == sum(cells.iter().skip(TOTAL))
        {
            ways.push(cells.map(Some));
        }
        return;
    }
    let next_border = borders.iter().copied().find(|border| *border > from).unwrap_or(from);
    let mut number: i64 = 0;
    for to in from + 1..=next_border {
        let Some(digit) = digits.get(to - 1) else { return };
        number = number * 10 + i64::from(digit - b'0');
        // Eleven digits count no applications.
        if to - from > 10 {
            return;
        }
        cells.push(number);
        split(digits, borders, to, cells, ways);
        cells.pop();
        if digits.get(from) == Some(&b'0') {
            return;
        }
    }
}

fn sum<'n>(numbers: impl Iterator<Item = &'n i64>) -> i64 {
    numbers.fold(0, |sum, number| sum.saturating_add(*number))
}

/// A cell lies between these; no upper bound where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bounds {
    low: i64,
    high: Option<i64>,
}

impl Bounds {
    const ANY: Self = Self { low: 0, high: None };

    fn exactly(value: i64) -> Self {
        Self { low: value, high: Some(value) }
    }

    fn up_to(high: i64) -> Self {
        Self { low: 0, high: Some(high) }
    }

    fn hull(self, other: Self) -> Self {
        let high = self.high.zip(other.high).map(|(one, two)| one.max(two));
        Self { low: self.low.min(other.low), high }
    }

    fn plus(self, other: Self) -> Self {
        let high = self.high.zip(other.high).map(|(one, two)| one.saturating_add(two));
        Self { low: self.low.saturating_add(other.low), high }
    }

    fn meets(self, other: Self) -> bool {
        let below = |low: i64, high: Option<i64>| high.is_none_or(|high| low <= high);
        below(self.low, other.high) && below(other.low, self.high)
    }
}

/// What a row's cells may be when its values stand so; None where its own sum forbids it.
fn bounds(way: &Numbers) -> Option<[Bounds; COLUMNS]> {
    let (total, applicants) = way.split_last()?;
    let stated = sum(applicants.iter().flatten());
    let missing = applicants.iter().filter(|value| value.is_none()).count();
    let rest = total.map(|total| total.saturating_sub(stated));
    if rest.is_some_and(|rest| rest < 0 || (missing == 0 && rest != 0)) {
        return None;
    }
    let mut cells = [Bounds::ANY; COLUMNS];
    for (cell, value) in cells.iter_mut().zip(way) {
        *cell = match (value, rest) {
            (Some(value), _) => Bounds::exactly(*value),
            (None, Some(rest)) if missing == 1 => Bounds::exactly(rest),
            (None, Some(rest)) => Bounds::up_to(rest),
            (None, None) => Bounds::ANY,
        };
    }
    if total.is_none()
        && let Some(last) = cells.last_mut()
    {
        *last =
            if missing == 0 { Bounds::exactly(stated) } else { Bounds { low: stated, high: None } };
    }
    Some(cells)
}

fn bounds_of_known(known: &Known) -> [Bounds; COLUMNS] {
    let stated = |cells: &Numbers| cells.map(|value| value.map_or(Bounds::ANY, Bounds::exactly));
    match known {
        Known::Nothing => [Bounds::ANY; COLUMNS],
        // A source may break its own sums: what it states stands.
        Known::Cells(cells) => bounds(cells).unwrap_or_else(|| stated(cells)),
        Known::Ways(ways) => {
            let all = ways.iter().filter_map(bounds);
            all.reduce(|mut hull, way| {
                for (one, two) in hull.iter_mut().zip(way) {
                    *one = one.hull(two);
                }
                hull
            })
            .unwrap_or([Bounds::ANY; COLUMNS])
        }
    }
}

/// The cells of each row whose values could be placed; none for the other rows, and for rows that
/// needed no placing.
pub(super) fn place(mut known: Vec<Known>, rows: Rows) -> Vec<Option<Numbers>> {
    if known.len() != rows.count() {
        return vec![None; known.len()];
    }
    settle(&mut known, rows);
    // The last value is the row's total where it equals the sum of the others, unless the columns
    // forbid it.
    let sound = known.clone();
    for row in &mut known {
        if let Known::Ways(ways) = row {
            let is_total = |way: &Numbers| {
                let (total, applicants) =
                    (way.iter().skip(TOTAL).flatten(), way.iter().take(TOTAL));
                let stated = applicants.flatten().count();
                let others = sum(way.iter().take(TOTAL).flatten());
                stated > 0 && total.copied().next() == Some(others)
            };
            if ways.iter().any(is_total) {
                ways.retain(is_total);
            }
        }
    }
    settle(&mut known, rows);
    let is_lost = |row: &Known| matches!(row, Known::Ways(ways) if ways.is_empty());
    let found = if known.iter().zip(&sound).any(|(row, sound)| is_lost(row) && !is_lost(sound)) {
        sound
    } else {
        known
    };
    found.iter().map(agreed).collect()
}

/// What every way that is left agrees on.
fn agreed(row: &Known) -> Option<Numbers> {
    let Known::Ways(ways) = row else { return None };
    let mut agreed = *ways.first()?;
    for way in ways {
        for (cell, value) in agreed.iter_mut().zip(way) {
            if cell != value {
                *cell = None;
            }
        }
    }
    agreed.iter().any(Option::is_some).then_some(agreed)
}

/// Gives up ways until no sum of a column forbids one.
fn settle(known: &mut [Known], rows: Rows) {
    for _ in 0..ROUNDS {
        let hulls: Vec<[Bounds; COLUMNS]> = known.iter().map(bounds_of_known).collect();
        let mut changed = false;
        for (at, row) in known.iter_mut().enumerate() {
            if let Known::Ways(ways) = row {
                let before = ways.len();
                ways.retain(|way| fits(at, way, &hulls, rows));
                changed |= ways.len() != before;
            }
        }
        if !changed {
            return;
        }
    }
}

/// Whether every column's sums can be reached with this row standing so.
fn fits(at: usize, way: &Numbers, hulls: &[[Bounds; COLUMNS]], rows: Rows) -> bool {
    let Some(own) = bounds(way) else { return false };
    (0..COLUMNS).all(|column| {
        let cell = |row: usize| {
            let cells = if row == at { Some(&own) } else { hulls.get(row) };
            cells.and_then(|cells| cells.get(column)).copied().unwrap_or(Bounds::ANY)
        };
        let total = rows.total();
        let outcomes = (Rows::RECEIVED..total).map(cell).fold(Bounds::exactly(0), Bounds::plus);
        let received = cell(0).plus(cell(1));
        cell(total).meets(outcomes) && received.meets(cell(total).plus(cell(total + 1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: Rows = Rows { outcomes: 3 };

    fn cells(cells: [i64; COLUMNS]) -> Known {
        Known::Cells(cells.map(Some))
    }

    /// Two received, three outcomes, their total, and what is carried on.
    fn table() -> Vec<Known> {
        vec![
            cells([5, 1, 0, 0, 0, 0, 6]),
            cells([1, 0, 0, 0, 0, 0, 1]),
            cells([3, 0, 0, 0, 0, 0, 3]),
            cells([2, 1, 0, 0, 0, 0, 3]),
            cells([0, 0, 0, 0, 0, 0, 0]),
            cells([5, 1, 0, 0, 0, 0, 6]),
            cells([1, 0, 0, 0, 0, 0, 1]),
        ]
    }

    fn placed(row: usize, values: &[i64]) -> Option<Numbers> {
        let mut table = table();
        table[row] = Known::Ways(ways_of_lost(values));
        place(table, ROWS)[row]
    }

    #[test]
    fn what_the_sums_leave_one_place_for_is_placed() {
        // The applicants that are not 0 have one place; which of the zeros is missing stays open.
        assert_eq!(
            placed(3, &[2, 1, 0, 0, 0, 3]),
            Some([Some(2), Some(1), None, None, None, None, Some(3)])
        );
        assert_eq!(
            placed(3, &[2, 1, 3]),
            Some([Some(2), Some(1), None, None, None, None, Some(3)])
        );
    }

    #[test]
    fn a_total_that_was_lost_is_not_made_of_the_last_applicant() {
        let mut table = table();
        table[0] = cells([5, 2, 0, 0, 0, 2, 9]);
        table[3] = Known::Ways(ways_of_lost(&[2, 2, 0, 0, 0, 2]));
        table[5] = cells([5, 2, 0, 0, 0, 2, 9]);
        table[2] = cells([3, 0, 0, 0, 0, 0, 3]);
        let found = place(table, ROWS)[3];
        assert_eq!(found, Some([Some(2), Some(2), Some(0), Some(0), Some(0), Some(2), None]));
    }

    #[test]
    fn zeros_alone_say_only_their_total() {
        assert_eq!(placed(4, &[0, 0, 0]), Some([None, None, None, None, None, None, Some(0)]));
    }

    #[test]
    fn values_that_no_sum_allows_are_not_placed() {
        assert_eq!(placed(3, &[7, 1, 0, 0, 0, 8]), None);
    }

    #[test]
    fn digits_run_together_are_taken_apart_where_one_way_sums_up() {
        let way = |words: &[&str]| ways_of_run(words);
        assert_eq!(way(&["0000000"]), [[Some(0); COLUMNS]]);
        let twenty_nine = [29, 0, 0, 0, 0, 0, 29].map(Some);
        assert_eq!(way(&["290000029"]), [twenty_nine]);
        assert_eq!(way(&["230", "000023"]), [[23, 0, 0, 0, 0, 0, 23].map(Some)]);
        assert_eq!(way(&["123"]), [] as [Numbers; 0]);
    }
}
