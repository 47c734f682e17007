//! A cell as a number: what is written, and never more.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Serialize, Serializer};

use crate::text::{pattern, tight};

/// A number as a report states it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A count.
    Whole(i64),
    /// An amount of money, in the unit of its column.
    Decimal(f64),
}

impl Number {
    /// The number, if it is a count of nothing or more.
    pub fn count(self) -> Option<i64> {
        match self {
            Self::Whole(count) if count >= 0 => Some(count),
            Self::Whole(_) | Self::Decimal(_) => None,
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(whole) => serializer.serialize_i64(*whole),
            Self::Decimal(decimal) => serializer.serialize_f64(*decimal),
        }
    }
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// Nothing, or a sign for nothing: `/`, `—`, `-`, `无`.
    Blank,
    /// A number.
    Number(Number),
    /// A number, and a remark beside it: `22（其中修订16件）`.
    Noted(Number, String),
    /// An amount in yuan, where the column counts ten thousands.
    Yuan(f64),
    /// Something else.
    Unreadable,
}

/// Reads a cell.
pub(crate) fn cell(text: &str) -> Cell {
    let tight = tight(text);
    let bare = tight.trim_matches(['-', '—', '–', '/', '\\', '一', '_', '*']);
    if bare.is_empty() || matches!(bare, "无" | "空" | "无。") {
        return Cell::Blank;
    }
    if tight == "零" {
        return Cell::Number(Number::Whole(0));
    }
    let Some(parts) = NUMBER.captures(&tight) else {
        return Cell::Unreadable;
    };
    let part = |name| parts.name(name).map_or("", |found| found.as_str());
    let Some(number) = number(part("number")) else {
        return Cell::Unreadable;
    };
    match (part("unit"), part("note"), number) {
        ("元", "", Number::Whole(yuan)) => precise(yuan).map_or(Cell::Unreadable, Cell::Yuan),
        ("元", "", Number::Decimal(yuan)) => Cell::Yuan(yuan),
        ("元", ..) => Cell::Unreadable,
        (_, "", number) => Cell::Number(number),
        (_, note, number) => Cell::Noted(number, note.to_owned()),
    }
}

/// A whole number as a decimal, if it can be one without loss.
fn precise(whole: i64) -> Option<f64> {
    i32::try_from(whole).ok().map(f64::from)
}

/// Digits with thousands separators at their places, and nothing else around but a unit or a
/// remark in brackets.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?P<number>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?P<unit>件|宗|项|条|个|次|起|份|万元|元)?(?P<note>\(.*\))?$",
    )
});

fn number(text: &str) -> Option<Number> {
    let text = text.replace(',', "");
    // `0000` is four cells run together and no count.
    let digits = text.trim_start_matches(['+', '-']);
    if digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.") {
        return None;
    }
    if text.contains('.') {
        return text.parse().ok().filter(|n: &f64| n.is_finite()).map(Number::Decimal);
    }
    text.trim_start_matches('+').parse().ok().map(Number::Whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_is_what_is_written() {
        for (text, number) in [
            ("0", 0),
            ("\u{a0}0", 0),
            ("１２", 12),
            ("零", 0),
            ("1,234", 1_234),
            ("12件", 12),
            ("-3", -3),
            ("+2", 2),
        ] {
            assert_eq!(cell(text), Cell::Number(Number::Whole(number)), "{text}");
        }
        assert_eq!(cell("96.5万元"), Cell::Number(Number::Decimal(96.5)));
        assert_eq!(cell("251000元"), Cell::Yuan(251_000.0));
        assert_eq!(
            cell("22（其中修订16件）"),
            Cell::Noted(Number::Whole(22), "(其中修订16件)".to_owned())
        );
    }

    #[test]
    fn a_blank_is_never_zero() {
        for text in ["", " ", "\u{3000}", "/", "-", "—", "——", "无", "－"] {
            assert_eq!(cell(text), Cell::Blank, "{text:?}");
        }
    }

    #[test]
    fn what_is_not_sure_is_no_number() {
        for text in [
            "0000000",
            "007",
            "1 2件3",
            "约12",
            "1,23",
            "1.2.3",
            "十二",
            "12（",
            "99999999999999999999",
            "0元5",
        ] {
            assert_eq!(cell(text), Cell::Unreadable, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_brings_it_down(text in "\\PC{0,20}") {
            let _ = cell(&text);
        }

        #[test]
        fn a_written_count_is_read_as_it_is(count in 0_i64..1_000_000_000) {
            prop_assert_eq!(cell(&count.to_string()), Cell::Number(Number::Whole(count)));
        }
    }
}
