//! How long a host is left alone that asked for it (429, 503) or that fails.

use std::time::{Duration, UNIX_EPOCH};

use crate::clock::Moment;

/// The first rest of a host that fails or says "too many" without saying how long.
const FIRST_REST: Duration = Duration::from_mins(1);

/// The longest rest, ours and the server's own: a Retry-After in years is a mistake or a trap.
pub const LONGEST_REST: Duration = Duration::from_hours(24);

/// How long a host rests after its `failures`th failure in a row (1 or more): a minute, then twice
/// as long each time, at most a day.
pub fn rest(failures: u32) -> Duration {
    let doubled = FIRST_REST.saturating_mul(1 << failures.saturating_sub(1).min(16));
    doubled.min(LONGEST_REST)
}

/// What a `Retry-After` field asks for (RFC 9110, section 10.2.3): seconds, or a date in any of the three forms of
/// section 5.6.7, or with the offset of its zone; at most [`LONGEST_REST`]. None where it says neither.
pub fn parse(value: &str, now: Moment) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(LONGEST_REST));
    }
    Some(now.until(date(value)?).min(LONGEST_REST))
}

/// A date in one of the three forms of HTTP (RFC 9110, section 5.6.7), or as mail writes it, in any zone.
fn date(value: &str) -> Option<Moment> {
    if let Ok(date) = httpdate::parse_http_date(value) {
        let since = date.duration_since(UNIX_EPOCH).ok()?;
        return Some(Moment::default().after(since));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?;
    Some(Moment::from_millis(date.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date_and_at_most_a_day() {
        let now = Moment::from_millis(784_111_717_000); // 1994-11-06T08:48:37Z
        for (value, expected) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("99999999999999999999999", Some(86_400)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(60)),
            ("Sun Nov  6 08:49:37 1994", Some(60)),
            ("Sun, 06 Nov 1994 16:49:37 +0800", Some(60)),
            ("Thursday, 01-Jan-70 00:00:00 GMT", Some(0)),
            ("Sat, 06 Nov 2094 08:00:00 GMT", Some(86_400)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ] {
            assert_eq!(parse(value, now), expected.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn a_host_that_keeps_failing_is_left_alone_twice_as_long_each_time() {
        assert_eq!(rest(1), Duration::from_mins(1));
        assert_eq!(rest(2), Duration::from_mins(2));
        assert_eq!(rest(5), Duration::from_mins(16));
        assert_eq!(rest(50), Duration::from_hours(24));
    }
}
