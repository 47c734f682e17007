//! Dates as pages write them. What is no date of the calendar is none.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::text::{pattern, tight};

static DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|\D)((?:19|20)\d{2}) ?[-/.年] ?(\d{1,2}) ?[-/.月] ?(\d{1,2})(?P<rest>(?:\D|$)(?s:.*))",
    )
});

static SPELT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"([二][〇○零OＯ0][〇○零OＯ0一二三四五][〇○零OＯ0一二三四五六七八九])年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})日",
    )
});

/// What stands behind a date: a time, what half of the day it is in, how far it is from Greenwich.
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)^日?[\ T]*(?P<half>上午|下午|[AP]M)?\ ?
        (?P<hour>\d{1,2})[:时](?P<minute>\d{2})(?:[:分](?P<second>\d{2})(?:\.\d{1,9})?)?[分秒]?\ ?
        (?P<half_behind>[AP]M)?\ ?(?P<zone>Z|[+-]\d{2}:?\d{2})?(?P<rest>.*)$",
    )
});

/// Minutes from Greenwich of China's clock.
const CHINA: i64 = 8 * 60;

const DAY: i64 = 24 * 60;

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Day {
    year: u32,
    month: u32,
    of_month: u32,
}

impl Day {
    /// What pages say that were never given a date: it is none.
    const UNSET: [Self; 2] =
        [Self { year: 1970, month: 1, of_month: 1 }, Self { year: 1900, month: 1, of_month: 1 }];

    fn new(year: u32, month: u32, day: u32) -> Option<Self> {
        let is_one = (1..=12).contains(&month) && (1..=days(year, month)).contains(&day);
        let day = Self { year, month, of_month: day };
        (is_one && !Self::UNSET.contains(&day)).then_some(day)
    }

    fn read(found: &Captures<'_>) -> Option<Self> {
        Self::new(number(found, 1)?, number(found, 2)?, number(found, 3)?)
    }

    fn next(self) -> Option<Self> {
        let Self { year, month, of_month: day } = self;
        Self::new(year, month, day + 1)
            .or_else(|| Self::new(year, month + 1, 1))
            .or_else(|| Self::new(year + 1, 1, 1))
    }

    fn before(self) -> Option<Self> {
        let Self { year, month, of_month: day } = self;
        match (month, day) {
            (1, 1) => Self::new(year - 1, 12, 31),
            (_, 1) => Self::new(year, month - 1, days(year, month - 1)),
            _ => Self::new(year, month, day - 1),
        }
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.of_month)
    }
}

fn number(found: &Captures<'_>, index: usize) -> Option<u32> {
    found.get(index)?.as_str().parse().ok()
}

/// A date, `2024-01-17`.
pub(crate) fn date(text: &str) -> Option<String> {
    if let Some(found) = DATE.captures(text) {
        return Day::read(&found).map(|day| day.to_string());
    }
    let tight = tight(text);
    let found = SPELT.captures(&tight)?;
    let part = |index: usize| found.get(index).map_or("", |part| part.as_str());
    let year: Option<String> = part(1).chars().map(crate::title::digit).collect();
    let day = Day::new(year?.parse().ok()?, spelt(part(2))?, spelt(part(3))?);
    day.map(|day| day.to_string())
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

/// A date with its time where one is stated: `2024-01-17T16:58:00+08:00`, by China's clock. A time
/// that is not understood is left out; of two dates that differ, none is meant.
pub(crate) fn moment(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(day) = of_digits(text) {
        return Some(day.to_string());
    }
    let Some(found) = DATE.captures(text) else { return date(text) };
    let day = Day::read(&found)?;
    let rest = found.name("rest").map_or("", |rest| rest.as_str());
    let other = DATE.captures(rest).map(|found| Day::read(&found));
    if other.is_some_and(|other| other != Some(day)) {
        return None;
    }
    Some(timed(day, rest).unwrap_or_else(|| day.to_string()))
}

/// Eight digits and nothing else: `20240117`.
fn of_digits(text: &str) -> Option<Day> {
    if text.len() != 8 || !text.starts_with("20") || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse().ok();
    Day::new(part(0..4)?, part(4..6)?, part(6..8)?)
}

/// The moment at a time of a day.
fn timed(day: Day, text: &str) -> Option<String> {
    let found = TIME.captures(text)?;
    let part = |name: &str| found.name(name).map(|part| part.as_str());
    let number = |name: &str| part(name)?.parse::<u32>().ok();
    // A letter or a digit that goes on with the time says something of it that is not understood.
    let rest = part("rest")?.trim_start();
    if rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | ':' | '.')) {
        return None;
    }
    let (hour, minute) = (number("hour")?, number("minute")?);
    let second = number("second").unwrap_or(0);
    let halves: Vec<bool> = ["half", "half_behind"]
        .into_iter()
        .filter_map(part)
        .map(|half| half == "下午" || half.eq_ignore_ascii_case("PM"))
        .collect();
    let hour = match (halves.as_slice(), hour) {
        ([], _) | ([true], 12..) | ([false], 0..12) => hour,
        ([true], 1..) => hour + 12,
        ([false], 12) => 0,
        _ => return None,
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let offset = part("zone").map_or(Some(CHINA), offset)?;
    let minutes = i64::from(hour * 60 + minute) - offset + CHINA;
    let day = match minutes.div_euclid(DAY) {
        0 => day,
        1 => day.next()?,
        -1 => day.before()?,
        _ => return None,
    };
    let (hour, minute) = (minutes.rem_euclid(DAY) / 60, minutes.rem_euclid(60));
    Some(format!("{day}T{hour:02}:{minute:02}:{second:02}+08:00"))
}

/// Minutes from Greenwich: `Z`, `+08:00`, `-0330`.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..)?.parse().ok()?;
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
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

    fn check(pairs: &[(&str, Option<&str>)]) {
        for (text, expected) in pairs {
            assert_eq!(moment(text).as_deref(), *expected, "{text}");
        }
    }

    #[test]
    fn a_date_is_one_of_the_calendar_or_none() {
        check(&[
            ("2024-01-17 16:58", Some("2024-01-17T16:58:00+08:00")),
            ("2024年1月7日", Some("2024-01-07")),
            ("2024/1/17 8:05:09", Some("2024-01-17T08:05:09+08:00")),
            ("2024-01-17T16:58:00", Some("2024-01-17T16:58:00+08:00")),
            ("2024-01-17 16:58:00.0", Some("2024-01-17T16:58:00+08:00")),
            ("2024年01月17日 16时58分", Some("2024-01-17T16:58:00+08:00")),
            ("二〇二四年一月三十一日", Some("2024-01-31")),
            ("二○二四年十二月十日", Some("2024-12-10")),
            ("20240117", Some("2024-01-17")),
            ("20240132", None),
            ("1705481880000", None),
            ("二〇二四年二月三十日", None),
            ("2024-02-30", None),
            ("2024130日", None),
            ("20201月1日", None),
            ("2024-1-171", None),
            ("2023-13-45", None),
            ("20223年1月1日", None),
            ("1970-01-01 08:00:00", None),
            ("0001-01-01", None),
            ("2024-01-17,2025-02-02", None),
        ]);
    }

    #[test]
    fn a_time_of_another_clock_is_given_by_china_s() {
        check(&[
            ("2024-01-17T08:58:00Z", Some("2024-01-17T16:58:00+08:00")),
            ("2024-01-17T08:58:00.000+00:00", Some("2024-01-17T16:58:00+08:00")),
            ("2023-12-31T20:58:00Z", Some("2024-01-01T04:58:00+08:00")),
            ("2024-03-01 00:30:00+1200", Some("2024-02-29T20:30:00+08:00")),
            ("2024-01-17T16:58:00+08:00", Some("2024-01-17T16:58:00+08:00")),
            ("2024-01-17 16:58:00 EST", Some("2024-01-17")),
            ("2024-01-17 16:58+3", Some("2024-01-17")),
        ]);
    }

    #[test]
    fn a_time_says_its_half_of_the_day_or_is_left_out() {
        check(&[
            ("2024/1/17 5:30:00 PM", Some("2024-01-17T17:30:00+08:00")),
            ("2024/1/17 下午 5:30:00", Some("2024-01-17T17:30:00+08:00")),
            ("2024-01-17 12:30:00 AM", Some("2024-01-17T00:30:00+08:00")),
            ("2024-01-17 12:30 pm", Some("2024-01-17T12:30:00+08:00")),
            ("2024-01-17 上午9:05", Some("2024-01-17T09:05:00+08:00")),
            ("2024-01-17 晚上9:05", Some("2024-01-17")),
            ("2024-01-17 15:30 AM", Some("2024-01-17")),
            ("2024-01-17 24:00", Some("2024-01-17")),
            ("2024-01-17 165800", Some("2024-01-17")),
        ]);
    }
}
