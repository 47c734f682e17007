//! Sample portals, served on loopback: what `gongkai demo` crawls, and what the tests crawl.
//!
//! Three portals of places that do not exist, made in the likeness of real ones:
//! - `city`: UTF-8, the folders and pages of a common content-management system
//! - `county`: GBK, another system, tables pasted from a word processor
//! - `bureau`: the charset in the header alone, pages by `?page=`, compressed, with validators
//!
//! `report_page` writes their reports, `site` the frame around each page, `server` serves them with
//! their hazards, `request_log` writes down who asked when.

mod bureau;
mod city;
mod county;
mod report_page;
mod request_log;
mod server;
mod site;

pub use report_page::Sample;
pub use request_log::{Logged, RequestLog};
pub use server::{listen, places, serve};
pub use site::Portal;

/// The sample portals.
pub fn portals() -> Vec<Portal> {
    vec![city::portal(), county::portal(), bureau::portal()]
}

/// A report that a crawl must find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Where it lies.
    pub url: String,
    /// Who reports.
    pub agency: String,
    /// On which year.
    pub year: i32,
    /// `2021` or `2019`.
    pub format: &'static str,
    /// Requests received, all applicants.
    pub received_new_total: u64,
    /// The sums in it hold; in one they do not, as in real life.
    pub sums_hold: bool,
}

/// Every report that is linked and permitted.
pub fn expected_reports() -> Vec<Expected> {
    portals().into_iter().flat_map(|portal| portal.expected).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gongkai_report::{Hints, Kind, decode, read};
    use std::sync::LazyLock;

    #[test]
    fn every_expected_report_is_one_to_the_parser_with_its_number() {
        let mut seen = 0;
        for portal in portals() {
            for expected in &portal.expected {
                let path = expected.url.split(portal.host).nth(1).unwrap();
                let (body, content_type) = portal.body(path).unwrap();
                let hints = Hints { content_type: content_type.as_deref(), ..Hints::default() };
                let report = read(&decode(&body, &hints), &hints);
                assert_eq!(report.kind, Kind::Report, "{}", expected.url);
                assert_eq!(report.agency.as_deref(), Some(expected.agency.as_str()));
                assert_eq!(report.year, Some(expected.year), "{}", expected.url);
                assert_eq!(report.format.unwrap().as_str(), expected.format, "{}", expected.url);
                let total = report.requests.as_ref().unwrap().cell("received_new", "total");
                let total = total.and_then(gongkai_report::Number::count).unwrap();
                assert_eq!(total.unsigned_abs(), expected.received_new_total, "{}", expected.url);
                let holds = report.checks.iter().all(|check| check.holds == Some(true));
                assert_eq!(holds, expected.sums_hold, "{}", expected.url);
                assert_eq!(report.warnings, [], "{}", expected.url);
                seen += 1;
            }
        }
        assert!(seen > 40, "{seen}");
    }

    static PORTALS: LazyLock<Vec<Portal>> = LazyLock::new(portals);
    static REPORTS: LazyLock<Vec<Expected>> = LazyLock::new(expected_reports);

    /// Every cell that a report states, by its path.
    fn cells(report: &gongkai_report::Report) -> Vec<(String, gongkai_report::Number)> {
        let tables = [&report.proactive, &report.requests, &report.reviews];
        let mut cells = Vec::new();
        for (table, number) in tables.into_iter().flatten().zip(0..) {
            for (row, columns) in &table.0 {
                let stated = columns.iter().filter_map(|(column, cell)| Some((column, (*cell)?)));
                cells.extend(
                    stated.map(|(column, cell)| (format!("{number}.{row}.{column}"), cell)),
                );
            }
        }
        cells
    }

    /// A report cut at this part of its bytes states no number that the whole one does not.
    fn never_another_number(expected: &Expected, part: f64) {
        let portal = PORTALS.iter().find(|portal| expected.url.contains(portal.host)).unwrap();
        let path = expected.url.split(portal.host).nth(1).unwrap();
        let (body, content_type) = portal.body(path).unwrap();
        let hints = Hints { content_type: content_type.as_deref(), ..Hints::default() };
        let whole = cells(&read(&decode(&body, &hints), &hints));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "any place in the page will do"
        )]
        let end = (body.len() as f64 * part) as usize;
        for cell in cells(&read(&decode(&body[..end], &hints), &hints)) {
            assert!(whole.contains(&cell), "{} cut at {end}: {cell:?}", expected.url);
        }
    }

    proptest::proptest! {
        #[test]
        fn a_page_that_breaks_off_anywhere_never_states_another_number(
            which in 0_usize..45, part in 0.0_f64..1.0,
        ) {
            never_another_number(&REPORTS[which], part);
        }
    }

    #[test]
    fn a_page_that_breaks_off_within_a_number_does_not_state_its_first_digits() {
        // Found by the test above: `121` was cut to `12`.
        never_another_number(&REPORTS[42], 0.189_663_319_157_779_37);
    }

    #[test]
    fn the_pages_that_are_no_reports_are_none_to_the_parser() {
        for portal in portals() {
            let expected: Vec<_> = portal.expected.iter().map(|one| one.url.as_str()).collect();
            for (path, url) in portal.paths() {
                if expected.contains(&url.as_str()) || portal.is_forbidden(path) {
                    continue;
                }
                let Some((body, content_type)) = portal.body(path) else {
                    continue;
                };
                let hints = Hints { content_type: content_type.as_deref(), ..Hints::default() };
                let report = read(&decode(&body, &hints), &hints);
                assert!(
                    matches!(report.kind, Kind::Column | Kind::Other),
                    "{url}: {:?}",
                    report.kind
                );
            }
        }
    }
}
