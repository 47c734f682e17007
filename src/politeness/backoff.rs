//! How a host is left alone longer each time it fails or asks for peace, and how it is forgiven: step by
//! step, after it was quiet for as long as it had been left alone.

use std::time::Duration;

use super::retry_after::{self, LONGEST_REST};
use crate::clock::Moment;
use crate::digest::Digest;

/// A host that failed so often in a row keeps failing: it is tried again another day.
pub const KEEPS_FAILING: u32 = 6;

/// A rest is drawn out by up to this part of it, so that hosts that failed together are not asked together.
const JITTER_PARTS: u32 = 8;

/// The failures of a host that are not forgiven yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// When the last was counted, or the last forgiven.
    pub since: Option<Moment>,
}

impl Failures {
    /// After one more.
    #[must_use]
    pub fn failed(self, at: Moment) -> Self {
        Self { count: self.count.saturating_add(1), since: Some(at) }
    }

    /// After an answer that is no complaint: a step is forgiven for each rest of that step that has gone by
    /// quietly.
    #[must_use]
    pub fn answered(self, at: Moment) -> Self {
        let mut left = self;
        while left.count > 0 {
            let quiet_until = left.since.unwrap_or(at).after(retry_after::rest(left.count));
            if quiet_until > at && left.since.is_some() {
                return left;
            }
            left = Self { count: left.count - 1, since: Some(quiet_until.min(at)) };
        }
        Self::default()
    }

    /// How long a host rests that asked for peace without saying how long.
    pub fn rest_of_peace(self, host: &str) -> Duration {
        self.drawn_out(retry_after::rest(self.count), host)
    }

    /// How long a host rests that said how long: from the second time on at least as long as it would have after
    /// the time before without saying so. Else a Retry-After of no time at all would have a page asked for without
    /// end.
    pub fn rest_as_asked(self, asked: Duration) -> Duration {
        match self.count.saturating_sub(1) {
            0 => asked,
            before => asked.max(retry_after::rest(before)),
        }
    }

    /// How long a host rests that failed.
    pub fn rest_of_failure(self, host: &str) -> Duration {
        let rest =
            if self.count >= KEEPS_FAILING { LONGEST_REST } else { retry_after::rest(self.count) };
        self.drawn_out(rest, host)
    }

    /// The rest with its jitter: by host and moment, so that it can be reckoned again.
    fn drawn_out(self, rest: Duration, host: &str) -> Duration {
        let at = self.since.unwrap_or_default().as_millis().to_be_bytes();
        let digest = Digest::of_parts(&[host.as_bytes(), &at]);
        let part = digest.as_bytes().first().copied().unwrap_or_default();
        let jitter = rest / JITTER_PARTS * u32::from(part) / u32::from(u8::MAX);
        rest.saturating_add(jitter).min(LONGEST_REST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = Moment::from_millis(1_000_000);

    #[test]
    fn a_rest_is_drawn_out_by_chance_but_the_same_whenever_it_is_reckoned() {
        let once = Failures::default().failed(START);
        let rests: Vec<Duration> =
            (0..50).map(|n| once.rest_of_peace(&format!("{n}.gov.cn"))).collect();
        let (least, most) = (rests.iter().min().unwrap(), rests.iter().max().unwrap());
        assert!(*least >= Duration::from_mins(1), "never shorter than the rest itself");
        assert!(*most <= Duration::from_mins(1) * 9 / 8 && most > least);
        assert_eq!(once.rest_of_peace("7.gov.cn"), rests[7]);
    }

    #[test]
    fn a_host_that_keeps_failing_is_tried_again_another_day() {
        let failed = |count| Failures { count, since: Some(START) };
        assert!(failed(KEEPS_FAILING - 1).rest_of_failure("a") < Duration::from_hours(1));
        assert_eq!(failed(KEEPS_FAILING).rest_of_failure("a"), LONGEST_REST);
        assert!(failed(KEEPS_FAILING).rest_of_peace("a") < Duration::from_hours(1));
        assert_eq!(failed(99).rest_of_peace("a"), LONGEST_REST, "doubling to a day");
    }

    #[test]
    fn who_asks_for_no_rest_at_all_is_left_alone_from_the_second_time_on_longer_each_time() {
        let failed = |count| Failures { count, since: Some(START) };
        let (none, hour) = (Duration::ZERO, Duration::from_hours(1));
        assert_eq!(failed(1).rest_as_asked(none), none, "obeyed to the letter");
        assert_eq!(failed(2).rest_as_asked(none), Duration::from_mins(1));
        assert_eq!(failed(3).rest_as_asked(none), Duration::from_mins(2));
        assert_eq!(failed(3).rest_as_asked(hour), hour, "never less than was asked for");
        assert_eq!(failed(99).rest_as_asked(none), LONGEST_REST);
    }

    #[test]
    fn failures_are_forgiven_step_by_step_after_quiet() {
        let twice = Failures::default().failed(START).failed(START);
        let soon = START.after(Duration::from_secs(119));
        assert_eq!(twice.answered(soon), twice, "not quiet for long enough");
        let quiet = twice.answered(START.after(Duration::from_mins(2)));
        assert_eq!(quiet.count, 1, "the rest of two failures is two minutes");
        assert_eq!(quiet.answered(START.after(Duration::from_secs(179))).count, 1);
        assert_eq!(quiet.answered(START.after(Duration::from_mins(3))), Failures::default());
        assert_eq!(twice.answered(START.after(Duration::from_hours(9))), Failures::default());
    }
}
