//! A cell as a number: what is written, and never more.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Serialize, Serializer};

use crate::text::{pattern, plain, tight};

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

    /// The number, if it is one of counting or of money and not below nothing.
    pub(crate) fn is_amount(self) -> bool {
        match self {
            Self::Whole(whole) => whole >= 0,
            Self::Decimal(decimal) => decimal >= 0.0,
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

/// The unit written behind a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// None.
    Unnamed,
    /// One of counting: 件, 项.
    Pieces,
    /// 元
    Yuan,
    /// 万元
    TenThousandYuan,
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// Nothing, or a sign for nothing: `/`, `—`, `-`, `无`.
    Blank,
    /// A number, with its unit, and a remark beside it where there is one: `22（其中修订16件）`.
    Stated(Number, Unit, Option<String>),
    /// Something else.
    Unreadable,
}

/// Reads a cell.
pub(crate) fn cell(text: &str) -> Cell {
    // Nearly every cell is a digit or two.
    if !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return number(text)
            .map_or(Cell::Unreadable, |number| Cell::Stated(number, Unit::Unnamed, None));
    }
    if is_word(text) {
        return Cell::Unreadable;
    }
    // `1 2` are two cells of which the border was lost, or one number that was broken.
    let breaks = |two: (char, char)| two.0 == ' ' && two.1.is_ascii_digit();
    let narrow = plain(text);
    let mut before = None;
    for two in narrow.chars().zip(narrow.chars().skip(1)) {
        if breaks(two) && before.is_some_and(|c: char| c.is_ascii_digit()) {
            return Cell::Unreadable;
        }
        before = Some(two.0);
    }
    // The minus signs of word processors.
    let tight = match tight(&narrow) {
        text if text.starts_with(['−', '–', '－']) && text.len() > '−'.len_utf8() => {
            text.replacen(['−', '–', '－'], "-", 1)
        }
        text => text,
    };
    let bare = tight.trim_matches(['-', '—', '–', '―', '－', '/', '\\', '一', '_', '*', '.', '~']);
    if bare.is_empty() || matches!(bare, "无" | "空" | "无。") {
        return Cell::Blank;
    }
    if tight == "零" {
        return Cell::Stated(Number::Whole(0), Unit::Unnamed, None);
    }
    let Some(parts) = NUMBER.captures(&tight) else {
        return Cell::Unreadable;
    };
    let part = |name| parts.name(name).map_or("", |found| found.as_str());
    let Some(number) = number(part("number")) else {
        return Cell::Unreadable;
    };
    let unit = match part("unit") {
        "元" => Unit::Yuan,
        "万元" => Unit::TenThousandYuan,
        "" => Unit::Unnamed,
        _ => Unit::Pieces,
    };
    let note = Some(part("note").to_owned()).filter(|note| !note.is_empty());
    Cell::Stated(number, unit, note)
}

/// Most texts are words, and begin as no number and no sign for nothing does.
fn is_word(text: &str) -> bool {
    let first = text.trim_start().chars().next();
    first
        .is_some_and(|c| c.is_alphabetic() && !matches!(c, '零' | '无' | '空' | '一' | '０'..='９'))
}

/// Digits with thousands separators at their places, and nothing else around but a unit or a
/// remark in brackets.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?P<number>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?P<unit>件|宗|项|条|个|次|起|份|部|万元|元)?(?P<note>\(.*\)|\[.*\])?$",
    )
});

fn number(text: &str) -> Option<Number> {
    // `0000` is four cells run together and no count.
    let digits = text.trim_start_matches(['+', '-']);
    if digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.") {
        return None;
    }
    let text = text.replace(',', "");
    if text.contains('.') {
        return text.parse().ok().filter(|n: &f64| n.is_finite()).map(Number::Decimal);
    }
    text.trim_start_matches('+').parse().ok().map(Number::Whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(number: Number) -> Cell {
        Cell::Stated(number, Unit::Unnamed, None)
    }

    #[test]
    fn a_number_is_what_is_written() {
        for (text, number) in [
            ("0", 0),
            ("\u{a0}0", 0),
            ("１２", 12),
            ("零", 0),
            ("1,234", 1_234),
            ("-3", -3),
            ("−3", -3),
            ("–3", -3),
            ("+2", 2),
        ] {
            assert_eq!(cell(text), plain(Number::Whole(number)), "{text}");
        }
        let decimal = |number, unit| Cell::Stated(Number::Decimal(number), unit, None);
        assert_eq!(cell("96.5万元"), decimal(96.5, Unit::TenThousandYuan));
        assert_eq!(cell("12件"), Cell::Stated(Number::Whole(12), Unit::Pieces, None));
        let yuan = Cell::Stated(Number::Whole(251_000), Unit::Yuan, None);
        assert_eq!(cell("251000元"), yuan);
        let noted = Some("(其中修订16件)".to_owned());
        let noted = Cell::Stated(Number::Whole(22), Unit::Unnamed, noted);
        assert_eq!(cell("22（其中修订16件）"), noted);
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
            "1 2",
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
            prop_assert_eq!(cell(&count.to_string()), plain(Number::Whole(count)));
        }
    }
}
