//! Dates as pages write them. What is no date of the calendar is none.

use std::sync::LazyLock;

use regex::Regex;

use crate::text::{pattern, tight};

static DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|\D)((?:19|20)\d{2}) ?[-/.年] ?(\d{1,2}) ?[-/.月] ?(\d{1,2})(?:\D|$)(?:日? ?T?(\d{1,2}):(\d{2})(?::(\d{2}))?)?",
    )
});

static SPELT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"([二][〇○零OＯ0][〇○零OＯ0一二三四五][〇○零OＯ0一二三四五六七八九])年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})日",
    )
});

/// A date, `2024-01-17`.
pub(crate) fn date(text: &str) -> Option<String> {
    if let Some(found) = DATE.captures(text) {
        let part = |index: usize| found.get(index).and_then(|part| part.as_str().parse().ok());
        return of_calendar(part(1)?, part(2)?, part(3)?);
    }
    let tight = tight(text);
    let found = SPELT.captures(&tight)?;
    let part = |index: usize| found.get(index).map_or("", |part| part.as_str());
    let year: Option<String> = part(1).chars().map(crate::title::digit).collect();
    of_calendar(year?.parse().ok()?, spelt(part(2))?, spelt(part(3))?)
}

fn of_calendar(year: u32, month: u32, day: u32) -> Option<String> {
    ((1..=12).contains(&month) && (1..=days(year, month)).contains(&day))
        .then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// A number below 100, in letters: 二十一.
fn spelt(text: &str) -> Option<u32> {
    let digit = |c: char| crate::title::digit(c).and_then(|digit| digit.to_digit(10));
    match text.split_once('十') {
        None => text.chars().next().and_then(digit),
        Some((tens, ones)) => {
            let tens = if tens.is_empty() { 1 } else { digit(tens.chars().next()?)? };
            let ones = if ones.is_empty() { 0 } else { digit(ones.chars().next()?)? };
            Some(tens * 10 + ones)
        }
    }
}

/// A date with its time where one is stated: `2024-01-17T16:58:00+08:00`, by China's clock.
pub(crate) fn moment(text: &str) -> Option<String> {
    let date = date(text)?;
    let Some(found) = DATE.captures(text) else { return Some(date) };
    let part = |index: usize| found.get(index).and_then(|part| part.as_str().parse::<u32>().ok());
    let time = part(4).zip(part(5)).filter(|(hour, minute)| *hour < 24 && *minute < 60);
    let second = part(6).filter(|second| *second < 60).unwrap_or(0);
    Some(match time {
        Some((hour, minute)) => format!("{date}T{hour:02}:{minute:02}:{second:02}+08:00"),
        None => date,
    })
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_one_of_the_calendar_or_none() {
        for (text, expected) in [
            ("2024-01-17 16:58", Some("2024-01-17T16:58:00+08:00")),
            ("2024年1月7日", Some("2024-01-07")),
            ("2024/1/17 8:05:09", Some("2024-01-17T08:05:09+08:00")),
            ("2024-01-17T16:58:00", Some("2024-01-17T16:58:00+08:00")),
            ("二〇二四年一月三十一日", Some("2024-01-31")),
            ("二○二四年十二月十日", Some("2024-12-10")),
            ("二〇二四年二月三十日", None),
            ("2024-02-30", None),
            ("2024130日", None),
            ("20201月1日", None),
            ("2024-1-171", None),
            ("2023-13-45", None),
            ("20223年1月1日", None),
        ] {
            assert_eq!(moment(text).as_deref(), expected, "{text}");
        }
    }
}
