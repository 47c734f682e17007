//! The sums that a report must fulfil, both sides of each. Nothing is altered to make one hold.

use schemars::JsonSchema;
use serde::Serialize;

use crate::layout::{APPLICANTS, Group, OTHER_OUTCOME, REQUESTS, RESULTS, REVIEWS};
use crate::schema::Table;

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Check {
    /// The rule, as an equation of row or column keys.
    pub rule: String,
    /// The column, or the row, that it was asked of.
    pub column: String,
    /// The left side; null where a cell is missing.
    pub left: Option<i64>,
    /// The right side; null where a cell is missing.
    pub right: Option<i64>,
    /// Whether they are equal; null where a cell is missing.
    pub holds: Option<bool>,
}

impl Check {
    fn new(rule: &str, column: &str, left: Option<i64>, right: Option<i64>) -> Self {
        let holds = left.zip(right).map(|(left, right)| left == right);
        Self { rule: rule.to_owned(), column: column.to_owned(), left, right, holds }
    }
}

/// All checks of the tables that are there.
pub(crate) fn checks(requests: Option<&Table>, reviews: Option<&Table>) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(requests) = requests {
        for column in APPLICANTS {
            column_checks(requests, column, &mut checks);
        }
        for (row, _) in &requests.0 {
            let (applicants, total) = (APPLICANTS.get(..6).unwrap_or_default(), "total");
            let right = sum(applicants.iter().map(|column| count(requests, row, column)));
            checks.push(Check::new(
                "total = sum of applicants",
                row,
                count(requests, row, total),
                right,
            ));
        }
    }
    if let Some(reviews) = reviews {
        for row in REVIEWS {
            let results = RESULTS.get(..4).unwrap_or_default();
            let right = sum(results.iter().map(|column| count(reviews, row, column)));
            checks.push(Check::new(
                "total = sum of results",
                row,
                count(reviews, row, "total"),
                right,
            ));
        }
    }
    checks
}

fn column_checks(requests: &Table, column: &str, checks: &mut Vec<Check>) {
    let of = |row: &str| count(requests, row, column);
    let received = sum([of("received_new"), of("carried_in")].into_iter());
    let handled = sum([of("outcome_total"), of("carried_out")].into_iter());
    checks.push(Check::new(
        "received_new + carried_in = outcome_total + carried_out",
        column,
        received,
        handled,
    ));
    let outcomes = sum(outcome_rows(requests).map(of));
    checks.push(Check::new(
        "outcome_total = sum of outcomes",
        column,
        of("outcome_total"),
        outcomes,
    ));
}

/// The rows of outcomes that the table's form has.
fn outcome_rows(requests: &Table) -> impl Iterator<Item = &'static str> + use<> {
    let is_2019 = requests.row(OTHER_OUTCOME.key).is_some();
    let rows = REQUESTS.into_iter().filter(move |row| match row.group {
        Group::Received | Group::Total | Group::CarriedOut => false,
        Group::Other => !is_2019,
        Group::Granted | Group::Refused | Group::Unavailable | Group::Unprocessed => true,
    });
    rows.map(|row| row.key).chain(is_2019.then_some(OTHER_OUTCOME.key))
}

fn count(table: &Table, row: &str, column: &str) -> Option<i64> {
    table.cell(row, column)?.count()
}

fn sum(counts: impl Iterator<Item = Option<i64>>) -> Option<i64> {
    counts.into_iter().try_fold(0_i64, |sum, count| sum.checked_add(count?))
}
