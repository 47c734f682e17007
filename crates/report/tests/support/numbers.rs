//! Tables of numbers that satisfy the arithmetic of the forms.

use gongkai_report::{Number, Report, Table};
use proptest::prelude::*;

/// The two forms with tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Of2021,
    Of2019,
}

/// Rows of cells, by the keys of `docs/REPORT.md`.
pub type Rows = Vec<(&'static str, Vec<(&'static str, Number)>)>;

/// The three tables of a report.
#[derive(Debug, Clone)]
pub struct Tables {
    pub form: Form,
    pub proactive: Rows,
    pub requests: Rows,
    pub reviews: Rows,
}

pub const APPLICANTS: [&str; 7] = [
    "natural_person",
    "enterprise",
    "research_institution",
    "public_welfare",
    "legal_service",
    "other",
    "total",
];

pub const RESULTS: [&str; 5] = ["upheld", "corrected", "other", "pending", "total"];

pub const COURSES: [&str; 3] =
    ["reconsideration", "litigation_direct", "litigation_after_reconsideration"];

/// The outcomes of the form of 2021; that of 2019 has `other_outcome` in place of the last three.
pub const OUTCOMES: [&str; 21] = [
    "granted",
    "partly_granted",
    "refused_state_secret",
    "refused_other_law",
    "refused_safety_stability",
    "refused_third_party",
    "refused_internal_affairs",
    "refused_process_information",
    "refused_enforcement_file",
    "refused_administrative_query",
    "unavailable_not_held",
    "unavailable_needs_creation",
    "unavailable_unclear",
    "unprocessed_petition",
    "unprocessed_repeat",
    "unprocessed_publication",
    "unprocessed_excessive",
    "unprocessed_confirmation",
    "other_not_corrected",
    "other_fee_unpaid",
    "other_other",
];

/// The outcomes of a form.
pub fn outcomes(form: Form) -> Vec<&'static str> {
    match form {
        Form::Of2021 => OUTCOMES.to_vec(),
        Form::Of2019 => [&OUTCOMES[..18], &["other_outcome"]].concat(),
    }
}

/// The rows of table two with their columns.
pub fn proactive_columns(form: Form) -> Vec<(&'static str, &'static [&'static str])> {
    match form {
        Form::Of2021 => vec![
            ("rules", &["issued", "repealed", "in_force"]),
            ("normative_documents", &["issued", "repealed", "in_force"]),
            ("licensing", &["decisions"]),
            ("penalties", &["decisions"]),
            ("coercive_measures", &["decisions"]),
            ("fees", &["amount_10k_yuan"]),
        ],
        Form::Of2019 => vec![
            ("rules", &["made", "published", "total"]),
            ("normative_documents", &["made", "published", "total"]),
            ("licensing", &["previous", "change", "decisions"]),
            ("other_services", &["previous", "change", "decisions"]),
            ("penalties", &["previous", "change", "decisions"]),
            ("coercive_measures", &["previous", "change", "decisions"]),
            ("fees", &["previous", "change"]),
            ("procurement", &["projects", "amount_yuan"]),
        ],
    }
}

/// Any count; as in real reports mostly nothing, seldom much.
fn count() -> impl Strategy<Value = i64> {
    prop_oneof![6 => Just(0), 3 => 1_i64..10, 1 => 10_i64..100, 1 => 100_i64..100_000]
}

/// Tables of either form.
pub fn tables() -> impl Strategy<Value = Tables> {
    prop_oneof![Just(Form::Of2021), Just(Form::Of2019)].prop_flat_map(|form| {
        let cells = proactive_columns(form).iter().map(|(_, columns)| columns.len()).sum::<usize>();
        (
            prop::collection::vec(count(), 6 * outcomes(form).len()),
            prop::collection::vec((count(), count()), 6),
            prop::collection::vec(count(), 12),
            prop::collection::vec((count(), 0_i64..100, any::<bool>()), cells),
        )
            .prop_map(move |(outcomes, carried, reviews, proactive)| Tables {
                form,
                proactive: proactive_of(form, &proactive),
                requests: requests_of(form, &outcomes, &carried),
                reviews: reviews_of(&reviews),
            })
    })
}

fn with_total(values: Vec<i64>) -> Vec<i64> {
    let total = values.iter().sum();
    [values, vec![total]].concat()
}

fn row(
    key: &'static str,
    columns: &[&'static str],
    values: Vec<i64>,
) -> (&'static str, Vec<(&'static str, Number)>) {
    (key, columns.iter().copied().zip(values.into_iter().map(Number::Whole)).collect())
}

fn requests_of(form: Form, cells: &[i64], carried: &[(i64, i64)]) -> Rows {
    let keys = outcomes(form);
    let sums: Vec<i64> =
        (0..6).map(|column| cells.iter().skip(column).step_by(6).sum::<i64>()).collect();
    // What was carried in is no more than all that was handled.
    let carried: Vec<(i64, i64)> = carried
        .iter()
        .zip(&sums)
        .map(|((inward, outward), sum)| ((*inward).min(sum + outward), *outward))
        .collect();
    let new = sums.iter().zip(&carried).map(|(sum, (inward, outward))| sum + outward - inward);
    let mut rows = vec![
        row("received_new", &APPLICANTS, with_total(new.collect())),
        row("carried_in", &APPLICANTS, with_total(carried.iter().map(|(i, _)| *i).collect())),
    ];
    rows.extend(
        keys.iter()
            .zip(cells.chunks(6))
            .map(|(key, cells)| row(key, &APPLICANTS, with_total(cells.to_vec()))),
    );
    rows.push(row("outcome_total", &APPLICANTS, with_total(sums.clone())));
    rows.push(row("carried_out", &APPLICANTS, with_total(carried.iter().map(|c| c.1).collect())));
    rows
}

fn reviews_of(cells: &[i64]) -> Rows {
    COURSES
        .iter()
        .zip(cells.chunks(4))
        .map(|(key, cells)| row(key, &RESULTS, with_total(cells.to_vec())))
        .collect()
}

fn proactive_of(form: Form, cells: &[(i64, i64, bool)]) -> Rows {
    let mut cells = cells.iter();
    let mut number = |column: &str| {
        let (whole, hundredths, is_odd) = *cells.next().unwrap();
        match column {
            "change" if is_odd => Number::Whole(-whole),
            "amount_10k_yuan" | "amount_yuan" if is_odd => {
                Number::Decimal(format!("{whole}.{hundredths:02}").parse().unwrap())
            }
            _ => Number::Whole(whole),
        }
    };
    proactive_columns(form)
        .into_iter()
        .map(|(key, columns)| (key, columns.iter().map(|c| (*c, number(c))).collect()))
        .collect()
}

/// Every cell of tables, by its path.
pub fn cells(tables: &Tables) -> Vec<(String, Number)> {
    let named = [
        ("proactive", &tables.proactive),
        ("requests", &tables.requests),
        ("reviews", &tables.reviews),
    ];
    named
        .into_iter()
        .flat_map(|(name, rows)| {
            rows.iter().flat_map(move |(row, cells)| {
                cells.iter().map(move |(column, n)| (format!("{name}.{row}.{column}"), *n))
            })
        })
        .collect()
}

/// Every cell that a report states, by its path.
pub fn stated(report: &Report) -> Vec<(String, Number)> {
    let of = |name: &'static str, table: Option<&Table>| {
        let rows = table.map(|table| table.0.clone()).unwrap_or_default();
        rows.into_iter().flat_map(move |(row, cells)| {
            cells
                .into_iter()
                .filter_map(move |(column, n)| Some((format!("{name}.{row}.{column}"), n?)))
        })
    };
    of("proactive", report.proactive.as_ref())
        .chain(of("requests", report.requests.as_ref()))
        .chain(of("reviews", report.reviews.as_ref()))
        .collect()
}
