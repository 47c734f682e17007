//! Which URL of a host comes first: likely reports, then the columns that lead to them, then the
//! rest, and among equals the one found first.

/// The score from which a link is taken for a likely report.
pub const LIKELY_REPORT: u8 = 80;

/// The score from which a link is taken for a column that leads to reports.
pub const LIKELY_COLUMN: u8 = 50;

/// The place in its host's queue: the database sorts by it, lowest first. Pages that lie deeper
/// give way to those of the same score nearer to the seed.
pub fn rank(score: u8, depth: u32) -> i64 {
    /// So many ranks lie between one score and the next: more than a depth ever reaches.
    const STEP: i64 = 1_000;
    i64::from(100 - score.min(100)) * STEP + i64::from(depth).min(STEP - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likely_reports_come_first_then_columns_then_the_rest() {
        let mut queue = [(10, 0), (95, 9), (60, 3), (60, 2), (0, 0), (100, 12)];
        queue.sort_by_key(|&(score, depth)| rank(score, depth));
        assert_eq!(queue, [(100, 12), (95, 9), (60, 2), (60, 3), (10, 0), (0, 0)]);
    }
}
