//! Any table of numbers that satisfies the arithmetic, written by any of the systems, is read as exactly
//! those numbers.

use gongkai_report::{Kind, Report};
use proptest::prelude::*;

use crate::support::numbers::{Tables, cells, stated, tables};
use crate::support::systems::{AGENCY, SYSTEMS, YEAR, page, plain_text};
use crate::support::{Choices, parse};

fn says_exactly(report: &Report, tables: &Tables, page: &str) {
    assert_eq!(report.kind, Kind::Report, "{page}");
    assert_eq!((report.agency.as_deref(), report.year), (Some(AGENCY), Some(YEAR)), "{page}");
    assert_eq!(report.warnings, [], "{page}");
    assert_eq!(stated(report), cells(tables), "{page}");
    assert!(report.checks.iter().all(|check| check.holds == Some(true)), "{page}");
}

proptest! {
    #[test]
    fn any_table_in_any_system_s_html_is_read_as_it_is(
        system in prop::sample::select(&SYSTEMS[..]), tables in tables(), seed in any::<u64>(),
    ) {
        let page = page(system, &tables, &mut Choices::new(seed));
        says_exactly(&parse(page.as_bytes()), &tables, &page);
    }

    #[test]
    fn any_table_in_any_extracted_text_is_read_as_it_is(
        separator in prop::sample::select(&["\t", " | ", "\n", "   "][..]), tables in tables(),
    ) {
        let text = plain_text(&tables, separator);
        says_exactly(&parse(text.as_bytes()), &tables, &text);
    }
}
