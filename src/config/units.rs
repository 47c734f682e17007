//! Sizes, durations and hours as people write them.

use std::fmt;
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::clock::Moment;

/// Units of time, in milliseconds, the greatest first.
const TIMES: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Units of size, in bytes.
const SIZES: [(&str, u64); 8] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("KB", 1_000),
    ("B", 1),
];

/// What a duration looks like, for messages.
pub const DURATION: &str = "a duration in quotes such as \"2s\", \"1500ms\", \"1h30m\" or \"1d\"";

/// What a size looks like, for messages.
pub const SIZE: &str = "a size in quotes such as \"64MiB\" or \"1GiB\"";

/// What hours look like, for messages.
pub const HOURS: &str = "hours in quotes such as \"22:00-07:00 Asia/Shanghai\"";

/// Reads a duration: numbers with their units, the greatest first.
///
/// # Errors
/// What to write instead.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || {
        let meant = meant_duration(text).map(|meant| format!(": write \"{meant}\""));
        format!("expected {DURATION}, found {text:?}{}", meant.unwrap_or_default())
    };
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let millis = TIMES.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?.1;
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let part = number.checked_mul(millis).ok_or_else(wrong)?;
        total =
            total.checked_add(part).filter(|all| i64::try_from(*all).is_ok()).ok_or_else(wrong)?;
        rest = after;
    }
    if text.trim().is_empty() { Err(wrong()) } else { Ok(Duration::from_millis(total)) }
}

/// What a duration that [`duration`] does not read most likely means, as it would be written:
/// `2 sec`, `1.5h`, `30分钟`; a bare number is taken for seconds.
pub fn meant_duration(text: &str) -> Option<String> {
    /// Three hundred years, in milliseconds: nobody means more.
    const MOST: f64 = 1e13;
    let text: String = text.to_lowercase().split_whitespace().collect();
    let mut rest = text.as_str();
    let mut total = 0.0;
    while !rest.is_empty() {
        let (number, unit, after) = number_and_unit(rest)?;
        let millis = match unit {
            "ms" | "msec" | "msecs" | "毫秒" => 1.0,
            "" | "s" | "sec" | "secs" | "second" | "seconds" | "秒" => 1e3,
            "m" | "min" | "mins" | "minute" | "minutes" | "分" | "分钟" => 6e4,
            "h" | "hr" | "hrs" | "hour" | "hours" | "时" | "小时" => 36e5,
            "d" | "day" | "days" | "天" | "日" => 864e5,
            _ => return None,
        };
        total += number * millis;
        rest = after;
    }
    (1.0..=MOST)
        .contains(&total)
        .then(|| Duration::try_from_secs_f64(total / 1e3).ok())?
        .map(write_duration)
}

/// What a size that [`size`] does not read most likely means: `64M`, `64mib`; a bare number is taken
/// for bytes.
fn meant_size(text: &str) -> Option<String> {
    let text: String = text.to_lowercase().split_whitespace().collect();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let bytes = match unit {
        "" | "b" | "byte" | "bytes" => 1_u64,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        _ => return None,
    };
    let meant = number.parse::<u64>().ok()?.checked_mul(bytes)?;
    (meant > 0 && i64::try_from(meant).is_ok()).then(|| write_size(meant))
}

/// A number that may have a fraction, the letters after it, and what follows them.
fn number_and_unit(text: &str) -> Option<(f64, &str, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, after) = text.split_at(digits);
    let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
    let (unit, after) = after.split_at(letters);
    Some((number.parse().ok()?, unit, after))
}

/// A duration as [`duration`] reads it.
pub fn write_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, millis) in TIMES {
        if rest >= millis {
            text.push_str(&format!("{}{unit}", rest / millis));
            rest %= millis;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Reads a size in bytes.
///
/// # Errors
/// What to write instead.
pub fn size(text: &str) -> Result<u64, String> {
    let wrong = || {
        let meant = meant_size(text).map(|meant| format!(": write \"{meant}\""));
        format!("expected {SIZE}, found {text:?}{}", meant.unwrap_or_default())
    };
    let text_ = text.trim();
    let digits = text_.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text_.split_at(digits);
    let bytes = SIZES.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(wrong)?.1;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(bytes).filter(|all| i64::try_from(*all).is_ok()).ok_or_else(wrong)
}

/// A size as [`size`] reads it.
pub fn write_size(bytes: u64) -> String {
    let unit = SIZES.iter().find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{bytes}B"), |(name, unit)| format!("{}{name}", bytes / unit))
}

/// The hours of the day in which portals may be asked: `22:00-07:00 Asia/Shanghai`.
#[derive(Debug, Clone, PartialEq)]
pub struct Hours {
    from: Time,
    to: Time,
    zone: TimeZone,
    written: String,
}

impl Hours {
    /// Reads hours with their time zone.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected {HOURS}, found {text:?}");
        let (hours, zone) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let (from, to) = hours.split_once('-').ok_or_else(wrong)?;
        let time = |text: &str| Time::strptime("%H:%M", text).map_err(|_| wrong());
        let to = if to == "24:00" { "00:00" } else { to };
        let (from, to) = (time(from)?, time(to)?);
        if from == to {
            return Err(format!(
                "expected {HOURS}; {text:?} begins when it ends: for any hour write \"\""
            ));
        }
        let zone_name = zone.trim();
        let zone = TimeZone::get(zone_name)
            .map_err(|_| format!("expected {HOURS}; {zone_name:?} is no time zone"))?;
        Ok(Self { from, to, zone, written: text.trim().to_owned() })
    }

    /// Whether `moment` lies in them: from the first minute, to before the last.
    pub fn contains(&self, moment: Moment) -> bool {
        let Ok(timestamp) = jiff::Timestamp::from_millisecond(moment.as_millis()) else {
            return false;
        };
        let time = self.zone.to_datetime(timestamp).time();
        if self.from < self.to {
            self.from <= time && time < self.to
        } else {
            self.from <= time || time < self.to
        }
    }
}

impl Hours {
    /// When they begin next after `moment`, by the minute; a day later at the latest.
    pub fn opens_after(&self, moment: Moment) -> Moment {
        const MINUTE: i64 = 60_000;
        const MINUTES_OF_A_DAY: i64 = 24 * 60;
        let next = (moment.as_millis() / MINUTE + 1) * MINUTE;
        let minutes = (0..MINUTES_OF_A_DAY).map(|n| Moment::from_millis(next + n * MINUTE));
        let day_later = Moment::from_millis(next + MINUTES_OF_A_DAY * MINUTE);
        minutes.into_iter().find(|minute| self.contains(*minute)).unwrap_or(day_later)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them_and_written_back() {
        for (text, millis) in [
            ("2s", 2_000),
            ("1500ms", 1_500),
            ("1h30m", 5_400_000),
            ("180d", 180 * 86_400_000),
            ("0s", 0),
        ] {
            let read = duration(text).unwrap();
            assert_eq!(read.as_millis(), millis, "{text}");
            assert_eq!(duration(&write_duration(read)).unwrap(), read, "{text}");
        }
        for text in ["", "2", "s", "2 s", "-2s", "2sec", "99999999999999999999d", "1.5s", "２s"] {
            assert!(duration(text).unwrap_err().contains("\"2s\""), "{text}");
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them_and_written_back() {
        for (text, bytes) in
            [("1GiB", 1 << 30), ("64 MiB", 64 << 20), ("500kB", 500_000), ("7B", 7)]
        {
            let read = size(text).unwrap();
            assert_eq!(read, bytes, "{text}");
            assert_eq!(size(&write_size(read)).unwrap(), read, "{text}");
        }
        for text in ["", "5", "MiB", "-1MiB", "5mib", "99999999999GiB"] {
            assert!(size(text).unwrap_err().contains("64MiB"), "{text}");
        }
    }

    #[test]
    fn what_was_meant_is_said() {
        for (text, meant) in [
            ("3", "3s"),
            ("3 sec", "3s"),
            ("1.5h", "1h30m"),
            ("30 Minutes", "30m"),
            ("90分钟", "1h30m"),
            ("250 msec", "250ms"),
            ("1 day 2 hours", "1d2h"),
        ] {
            let error = duration(text).unwrap_err();
            assert!(error.ends_with(&format!("write \"{meant}\"")), "{error}");
            assert!(duration(meant).is_ok(), "{meant}");
        }
        for (text, meant) in
            [("64M", "64MiB"), ("64mib", "64MiB"), ("1048576", "1MiB"), ("5 gb", "5GB")]
        {
            let error = size(text).unwrap_err();
            assert!(error.ends_with(&format!("write \"{meant}\"")), "{error}");
            assert!(size(meant).is_ok(), "{meant}");
        }
        for text in ["", "soon", "-3s", "1x", "9999999999999d", "1.2.3s"] {
            assert!(!duration(text).unwrap_err().contains("write"), "{text}");
        }
    }

    #[test]
    fn hours_may_pass_midnight_and_are_those_of_their_zone() {
        let night = Hours::parse("22:00-07:00 Asia/Shanghai").unwrap();
        let at = |text: &str| {
            Moment::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
        };
        assert!(night.contains(at("2026-01-31T14:00:00Z")), "22:00 in Shanghai");
        assert!(night.contains(at("2026-01-31T22:59:59Z")), "06:59:59");
        assert!(!night.contains(at("2026-01-31T23:00:00Z")), "07:00");
        assert_eq!(night.opens_after(at("2026-01-31T03:10:20Z")), at("2026-01-31T14:00:00Z"));
        let evening = Hours::parse("20:00-24:00 Asia/Shanghai").unwrap();
        assert!(evening.contains(at("2026-01-31T15:59:59Z")), "23:59:59");
        assert!(!evening.contains(at("2026-01-31T16:00:00Z")), "00:00");
        let day = Hours::parse("09:00-17:30 UTC").unwrap();
        assert!(day.contains(at("2026-01-31T17:29:00Z")));
        assert!(!day.contains(at("2026-01-31T08:59:00Z")));
        for text in [
            "22:00-07:00",
            "22-07 UTC",
            "25:00-07:00 UTC",
            "01:00-01:00 UTC",
            "1:00-2:00 Mars/Base",
        ] {
            assert!(Hours::parse(text).unwrap_err().contains("Asia/Shanghai"), "{text}");
        }
    }
}
