//! The one reader of the time: every other module is told what time it is.
#![expect(clippy::disallowed_methods, reason = "this is the door to the clock")]

use std::fmt;
use std::time::{Duration, Instant};

/// A moment, in whole milliseconds since the Unix epoch: what the database stores and what every
/// decision about waiting is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(i64);

impl Moment {
    /// The moment so many milliseconds after the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The moment that a text names as RFC 3339 writes it, as a WARC file does.
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(text.parse::<jiff::Timestamp>().ok()?.as_millisecond()))
    }

    /// The moment `by` later; the end of time where that would overflow.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long until `later`; zero when it has passed.
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }
}

/// `2026-01-31T08:15:30.123Z`: as WARC 1.1 (clause 5.4) and our JSON write a time.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp:.3}"),
            Err(_out_of_range) => write!(f, "{}ms", self.0),
        }
    }
}

impl serde::Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Now, by the wall clock.
pub fn now() -> Moment {
    Moment(jiff::Timestamp::now().as_millisecond())
}

/// Waits until `moment` has gone by: the whole millisecond of it, since what is measured is cut to those.
pub async fn wait_for(moment: Moment) {
    const WHOLE: Duration = Duration::from_millis(1);
    loop {
        let now = now();
        if now > moment {
            return;
        }
        tokio::time::sleep(now.until(moment) + WHOLE).await;
    }
}

/// How long the processor has worked for this thread.
pub fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}

/// A stopwatch on the monotonic clock, which no change of the wall clock disturbs.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts one.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long it has been running.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_warc_wants_it() {
        let moment = Moment::from_millis(1_769_847_330_123);
        assert_eq!(moment.to_string(), "2026-01-31T08:15:30.123Z");
        assert_eq!(Moment::parse("2026-01-31T08:15:30.123Z"), Some(moment));
        assert_eq!(Moment::parse("31 January"), None);
    }

    #[test]
    fn waiting_never_runs_backwards() {
        let early = Moment::from_millis(1_000);
        let late = early.after(Duration::from_secs(2));
        assert_eq!(early.until(late), Duration::from_secs(2));
        assert_eq!(late.until(early), Duration::ZERO);
    }
}
