//! Whatever is cut from a page or changed in it: no panic, and no number that the page does not hold.

use std::sync::LazyLock;

use gongkai_report::{Number, Report};
use proptest::prelude::*;

use crate::support::fixtures::{self, Fixture};
use crate::support::numbers::{cells, stated, tables};
use crate::support::page_text::page_text;
use crate::support::systems::{SYSTEMS, page, plain_text};
use crate::support::{Choices, parse};

static FIXTURES: LazyLock<Vec<Fixture>> = LazyLock::new(fixtures::all);

/// Each stated cell is written in its evidence, and its evidence in the page.
fn states_only_what_is_written(report: &Report, page: &str) {
    let text = page_text(page);
    let evidence = report.evidence.as_ref().unwrap();
    for (path, number) in stated(report) {
        let raw = &evidence.get(&path).unwrap_or_else(|| panic!("{path} has no evidence")).raw;
        assert!(is_written(number, raw), "{path}: {number:?} is not written in {raw:?}");
        let words = raw.split(' ').map(|word| word.replace(',', ""));
        for word in words.filter(|word| !word.is_empty()) {
            assert!(text.contains(&word), "{path}: {word:?} is not written in the page {page}");
        }
    }
}

/// Whether a number is written in its evidence; amounts are converted between 元 and 万元.
fn is_written(number: Number, raw: &str) -> bool {
    match number {
        Number::Whole(0) => raw.contains(['0', '零']),
        Number::Whole(whole) => {
            raw.replace([',', ' '], "").contains(&whole.unsigned_abs().to_string())
        }
        Number::Decimal(_) => raw.contains(|c: char| c.is_ascii_digit()),
    }
}

/// A part of a page's bytes, by two shares of its length.
fn span(length: usize, from: u16, to: u16) -> std::ops::Range<usize> {
    let at = |share: u16| length * usize::from(share) / usize::from(u16::MAX);
    at(from.min(to))..at(from.max(to))
}

/// One damage to a page's bytes.
#[derive(Debug, Clone)]
enum Damage {
    CutOff(u16),
    Without(u16, u16),
    Twice(u16, u16),
    Byte(u16, u8),
    Put(u16, &'static str),
}

fn damage() -> impl Strategy<Value = Damage> {
    const PUT: [&str; 14] = [
        "<td>",
        "</td>",
        "</tr>",
        "<tr>",
        "</table>",
        "<table>",
        "12",
        "0",
        " ",
        "\t",
        "\n",
        "|",
        "（七）总计",
        "其他",
    ];
    prop_oneof![
        any::<u16>().prop_map(Damage::CutOff),
        (any::<u16>(), 0_u16..2000).prop_map(|(a, n)| Damage::Without(a, a.saturating_add(n))),
        (any::<u16>(), 0_u16..6000).prop_map(|(a, n)| Damage::Twice(a, a.saturating_add(n))),
        (any::<u16>(), any::<u8>()).prop_map(|(a, b)| Damage::Byte(a, b)),
        (any::<u16>(), prop::sample::select(&PUT[..])).prop_map(|(a, text)| Damage::Put(a, text)),
    ]
}

fn done(bytes: &mut Vec<u8>, damage: &Damage) {
    let length = bytes.len();
    match damage {
        Damage::CutOff(at) => bytes.truncate(span(length, *at, 0).end),
        Damage::Without(from, to) => drop(bytes.drain(span(length, *from, *to))),
        Damage::Twice(from, to) => {
            let span = span(length, *from, *to);
            let part = bytes[span.clone()].to_vec();
            bytes.splice(span.end..span.end, part);
        }
        Damage::Byte(at, byte) => {
            if let Some(slot) = bytes.get_mut(span(length, *at, 0).end) {
                *slot = *byte;
            }
        }
        Damage::Put(at, text) => {
            let at = span(length, *at, 0).end;
            bytes.splice(at..at, text.bytes());
        }
    }
}

proptest! {
    #[test]
    fn a_report_cut_anywhere_states_no_number_that_the_whole_does_not(
        system in prop::sample::select(&SYSTEMS[..]), tables in tables(), seed in any::<u64>(), at in any::<u16>(),
    ) {
        let page = page(system, &tables, &mut Choices::new(seed));
        let mut bytes = page.clone().into_bytes();
        done(&mut bytes, &Damage::CutOff(at));
        let whole = cells(&tables);
        for cell in stated(&parse(&bytes)) {
            prop_assert!(whole.contains(&cell), "{cell:?} of {}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn a_text_cut_anywhere_states_no_number_that_the_whole_does_not(
        separator in prop::sample::select(&["\t", " | ", "\n", "   "][..]), tables in tables(), at in any::<u16>(),
    ) {
        let mut bytes = plain_text(&tables, separator).into_bytes();
        done(&mut bytes, &Damage::CutOff(at));
        let whole = cells(&tables);
        for cell in stated(&parse(&bytes)) {
            prop_assert!(whole.contains(&cell), "{cell:?} of {}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn a_damaged_page_of_any_system_states_only_what_is_written_in_it(
        system in prop::sample::select(&SYSTEMS[..]), tables in tables(), seed in any::<u64>(),
        damages in prop::collection::vec(damage(), 1..6),
    ) {
        let mut bytes = page(system, &tables, &mut Choices::new(seed)).into_bytes();
        for damage in &damages {
            done(&mut bytes, damage);
        }
        let report = parse(&bytes);
        states_only_what_is_written(&report, &String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_damaged_page_of_those_beside_states_only_its_evidence(
        which in any::<prop::sample::Index>(), damages in prop::collection::vec(damage(), 1..6),
    ) {
        let fixture = which.get(&FIXTURES);
        let mut bytes = fixture.bytes.clone();
        for damage in &damages {
            done(&mut bytes, damage);
        }
        let report = fixture.parse(&bytes);
        let evidence = report.evidence.as_ref().unwrap();
        for (path, number) in stated(&report) {
            let raw = &evidence[&path].raw;
            prop_assert!(is_written(number, raw), "{path}: {number:?} is not written in {raw:?}");
        }
    }
}
