//! How fast and when a robots.txt lets us come: Crawl-delay, Request-rate, Visit-time. No part of the
//! RFC (section 2.2.4); they are read as robots that knew them read them.

use std::fmt;
use std::time::Duration;

use crate::clock::Moment;

/// A longer gap is a mistake or a wall; the host is then asked once a day.
pub(super) const LONGEST_GAP: Duration = Duration::from_hours(24);

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: u16 = 1_440;

/// The gap of a `Crawl-delay`: seconds, fractions too, or a number with `s`, `m` or `h`.
pub(super) fn crawl_delay(value: &str) -> Option<Duration> {
    Some(gap(seconds(value)?))
}

/// The gap of a `Request-rate`: `1/5` is one page in five seconds, `2/1h` two in an hour. A window
/// (`1/10m 0600-0845`) is left aside: who keeps the gap always keeps it then.
pub(super) fn request_rate(value: &str) -> Option<Duration> {
    let (pages, rest) = value.split_once('/')?;
    let pages: f64 = pages.trim().parse().ok()?;
    let time = seconds(rest.split_whitespace().next()?)?;
    if !pages.is_finite() || pages < 0.0 {
        return None;
    }
    // No page at all in whatever time is a wall.
    Some(if pages == 0.0 { LONGEST_GAP } else { gap(time / pages) })
}

fn gap(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).map_or(LONGEST_GAP, |gap| gap.min(LONGEST_GAP))
}

fn seconds(value: &str) -> Option<f64> {
    let value = value.trim();
    let unit = value.bytes().last()?.to_ascii_lowercase();
    let (number, factor) = match unit {
        b's' => (value.get(..value.len() - 1)?, 1.0),
        b'm' => (value.get(..value.len() - 1)?, 60.0),
        b'h' => (value.get(..value.len() - 1)?, 3_600.0),
        _ => (value, 1.0),
    };
    let number: f64 = number.trim_end().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number * factor)
}

/// The times of the day (UTC) at which a host wants to be visited: one window a `Visit-time`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitTime {
    /// First minute of the day, and the minute after the last: below the first where it wraps midnight.
    windows: Vec<(u16, u16)>,
}

impl VisitTime {
    /// Reads `0600-0845`, or `06:00-08:45`.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let (from, to) = value.split_once('-')?;
        Some(Self { windows: vec![(minute(from)?, minute(to)?)] })
    }

    /// Takes in the windows of another; more than these are as many as there are minutes in a day.
    pub(super) fn add(&mut self, other: Self) {
        for window in other.windows {
            if !self.windows.contains(&window) && self.windows.len() < usize::from(DAY_MINUTES) {
                self.windows.push(window);
            }
        }
    }

    /// Whether the host wants to be visited at that moment.
    pub fn contains(&self, moment: Moment) -> bool {
        let minute = moment.as_millis().rem_euclid(DAY_MS) / MINUTE_MS;
        self.windows.iter().any(|&(from, to)| {
            let (from, to) = (i64::from(from), i64::from(to));
            match from.cmp(&to) {
                std::cmp::Ordering::Less => (from..to).contains(&minute),
                std::cmp::Ordering::Equal => true,
                std::cmp::Ordering::Greater => minute >= from || minute < to,
            }
        })
    }

    /// The first moment from this one on at which it wants to be visited.
    pub fn opens_after(&self, moment: Moment) -> Moment {
        if self.contains(moment) {
            return moment;
        }
        let into_day = moment.as_millis().rem_euclid(DAY_MS);
        let wait = |from: u16| (i64::from(from) * MINUTE_MS - into_day).rem_euclid(DAY_MS);
        let shortest = self.windows.iter().map(|&(from, _)| wait(from)).min().unwrap_or(0);
        moment.after(Duration::from_millis(shortest.unsigned_abs()))
    }
}

/// As the file writes it: `0600-0845, 2200-0400`.
impl fmt::Display for VisitTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for &(from, to) in &self.windows {
            let [from, to] = [from, to].map(|minute| minute / 60 * 100 + minute % 60);
            write!(f, "{comma}{from:04}-{to:04}")?;
            comma = ", ";
        }
        Ok(())
    }
}

/// The minute of the day: `0845`, `8:45`, and `2400` for its end.
fn minute(text: &str) -> Option<u16> {
    let digits: String = text.trim().chars().filter(|c| *c != ':').collect();
    if !(3..=4).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u16 = digits.parse().ok()?;
    let minute = number / 100 * 60 + number % 100;
    (number % 100 < 60 && minute <= DAY_MINUTES).then_some(minute)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_crawl_delay_and_a_request_rate_are_gaps() {
        for (value, expected) in [
            ("10", Some(10_000)),
            ("2.5", Some(2_500)),
            ("10s", Some(10_000)),
            ("1 m", Some(60_000)),
            ("0", Some(0)),
            ("1e99", Some(86_400_000)),
            ("-1", None),
            ("nan", None),
            ("inf", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(crawl_delay(value), expected.map(Duration::from_millis), "{value}");
        }
        for (value, expected) in [
            ("1/5", Some(5_000)),
            ("1/10s", Some(10_000)),
            ("1/5m", Some(300_000)),
            ("2/1h", Some(1_800_000)),
            ("1/10m 0600-0845", Some(600_000)),
            ("10/1", Some(100)),
            ("0/1", Some(86_400_000)),
            ("1/99h", Some(86_400_000)),
            ("1/-5", None),
            ("-1/5", None),
            ("1/", None),
            ("1 5", None),
            ("nan/1", None),
        ] {
            assert_eq!(request_rate(value), expected.map(Duration::from_millis), "{value}");
        }
    }

    fn at(hour: u64, minute: u64) -> Moment {
        Moment::default().after(Duration::from_mins((20_000 * 24 + hour) * 60 + minute))
    }

    #[test]
    fn a_visit_time_says_when_it_opens() {
        let mut times = VisitTime::parse("0600-0845").unwrap();
        for (now, opens) in [
            (at(5, 59), at(6, 0)),
            (at(6, 0), at(6, 0)),
            (at(8, 44), at(8, 44)),
            (at(8, 45), at(30, 0)),
            (at(23, 0), at(30, 0)),
        ] {
            assert_eq!(times.opens_after(now), opens, "{now}");
            assert_eq!(times.contains(now), now == opens, "{now}");
        }
        times.add(VisitTime::parse("22:00 - 04:00").unwrap());
        assert_eq!(times.to_string(), "0600-0845, 2200-0400");
        assert!(times.contains(at(23, 0)) && times.contains(at(3, 59)), "across midnight");
        assert_eq!(times.opens_after(at(9, 0)), at(22, 0));
        assert_eq!(times.opens_after(at(4, 0)), at(6, 0));
        assert!(VisitTime::parse("0000-2400").unwrap().contains(at(23, 59)));
        for rubbish in ["", "0600", "0660-0700", "2500-2600", "a-b", "06000-0700", "2401-0000"] {
            assert_eq!(VisitTime::parse(rubbish), None, "{rubbish}");
        }
    }

    proptest! {
        #[test]
        fn it_is_open_when_it_opens_and_closed_until_then(from in 0..1_440_u16, to in 0..1_440_u16, now in any::<i32>()) {
            let clock = |minute: u16| format!("{:02}{:02}", minute / 60, minute % 60);
            let times = VisitTime::parse(&format!("{}-{}", clock(from), clock(to))).unwrap();
            let now = Moment::from_millis(i64::from(now) * 1_000);
            let opens = times.opens_after(now);
            prop_assert!(times.contains(opens));
            prop_assert!(now.until(opens) < LONGEST_GAP);
            if opens > now {
                let before = Moment::from_millis(opens.as_millis() - 1);
                prop_assert!(!times.contains(now) && !times.contains(before));
            }
        }
    }
}
