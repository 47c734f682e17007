//! The requests to one host, or to one address, in the order of time: how far apart, how many at once.

use std::time::Duration;

use super::violation::Earlier;
use crate::clock::Moment;
use crate::config::units::write_duration;

/// Moments are kept in whole milliseconds: two of them lie up to one further apart, or closer, than they say.
pub(super) const RESOLUTION: Duration = Duration::from_millis(1);

/// What is kept of a host or an address.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Requests.
    pub(super) requests: u64,
    /// The closest that two of them came, and what was due between these.
    pub(super) least_gap: Option<Gap>,
    /// The closest that two of them began, in milliseconds.
    pub(super) least_between_starts: Option<i64>,
    /// The most that were in flight at once.
    pub(super) most_at_once: u32,
    /// Rules broken by them.
    pub(super) violations: u64,
    /// Requests for which an earlier exchange is not found.
    pub(super) lacking: u64,
    /// How long the last answer took.
    pub(super) last_response: Option<Duration>,
    in_flight: u32,
    /// The one that began last, and the one that is over last.
    newest: Option<Asked>,
    latest: Option<Asked>,
}

/// How far two requests stand apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    /// In milliseconds; negative where the second began before the first ended.
    pub(super) found: i64,
    /// What was due.
    pub(super) due: Duration,
}

impl Gap {
    /// Whether it is as wide as it must be.
    pub(super) fn is_kept(self) -> bool {
        let due = i64::try_from(self.due.saturating_sub(RESOLUTION).as_millis());
        due.is_ok_and(|due| self.found >= due)
    }
}

fn millis(from: Moment, to: Moment) -> i64 {
    to.as_millis().saturating_sub(from.as_millis())
}

/// A time between two moments, in milliseconds, as people read it: `1s40ms`, or `-40ms` where the second came first.
pub fn write_gap(millis: i64) -> String {
    let found = write_duration(Duration::from_millis(millis.unsigned_abs()));
    if millis < 0 { format!("-{found}") } else { found }
}

/// A request in a line.
#[derive(Debug, Clone)]
struct Asked {
    earlier: Earlier,
    finished: Moment,
    /// The gap that follows it.
    due: Duration,
}

/// How a request stands to the one before it.
#[derive(Debug)]
pub(super) struct Step {
    /// The exchange that it follows, or is beside.
    pub(super) before: Earlier,
    /// How far they stand apart.
    pub(super) gap: Gap,
    /// How many are in flight with it, itself included.
    pub(super) at_once: u32,
}

impl Line {
    /// A request begins. `due` is the gap that it asks for, by what is known so far. Where only one exchange at
    /// once is permitted, requests are measured from the end of one to the start of the next, else from start to
    /// start. None for the first.
    pub(super) fn start(
        &mut self,
        earlier: &Earlier,
        finished: Moment,
        due: Duration,
        connections: u32,
    ) -> Option<Step> {
        let now = earlier.at;
        self.requests += 1;
        self.in_flight += 1;
        self.most_at_once = self.most_at_once.max(self.in_flight);
        let asked = Asked { earlier: earlier.clone(), finished, due };
        let latest = self.latest.clone();
        if latest.as_ref().is_none_or(|latest| latest.finished <= finished) {
            self.latest = Some(asked.clone());
        }
        let (newest, latest) = (self.newest.replace(asked)?, latest?);
        let between = millis(newest.earlier.at, now);
        self.least_between_starts =
            Some(self.least_between_starts.map_or(between, |least| least.min(between)));
        let (before, gap) = if connections == 1 {
            let gap = Gap { found: millis(latest.finished, now), due: latest.due };
            (latest.earlier, gap)
        } else {
            (newest.earlier, Gap { found: between, due: newest.due })
        };
        if self.least_gap.is_none_or(|least| gap.found < least.found) {
            self.least_gap = Some(gap);
        }
        Some(Step { before, gap, at_once: self.in_flight })
    }

    /// When the last request began.
    pub(super) fn last_start(&self) -> Option<Moment> {
        self.newest.as_ref().map(|newest| newest.earlier.at)
    }

    /// An exchange of it is over; `due` is the gap that it asks for, by what is known now.
    pub(super) fn end(&mut self, earlier: &Earlier, due: Duration) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(latest) = self.latest.as_mut().filter(|latest| latest.earlier == *earlier) {
            latest.due = due;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUE: Duration = Duration::from_millis(100);

    fn at(millis: i64) -> Moment {
        Moment::from_millis(1_000 + millis)
    }

    fn asked(millis: i64) -> Earlier {
        Earlier { url: format!("http://www.qingshan.gov.cn/{millis}").into(), at: at(millis) }
    }

    #[test]
    fn one_at_once_is_measured_from_the_end_of_one_to_the_start_of_the_next() {
        let mut line = Line::default();
        assert!(line.start(&asked(0), at(50), DUE, 1).is_none());
        line.end(&asked(0), DUE * 2);
        let step = line.start(&asked(200), at(900), DUE, 1).unwrap();
        assert_eq!(step.gap, Gap { found: 150, due: DUE * 2 }, "by what was known at its end");
        assert!(!step.gap.is_kept());
        let beside = line.start(&asked(300), at(400), DUE, 1).unwrap();
        assert_eq!((beside.at_once, beside.gap.found), (2, -600));
        line.end(&asked(300), DUE);
        let third = line.start(&asked(600), at(700), DUE, 1).unwrap();
        assert_eq!(third.before, asked(200), "which is not over yet");
        assert_eq!((line.most_at_once, line.least_between_starts), (2, Some(100)));
    }

    #[test]
    fn where_more_are_permitted_they_are_measured_from_start_to_start() {
        let mut line = Line::default();
        assert!(line.start(&asked(0), at(900), DUE, 3).is_none());
        let step = line.start(&asked(99), at(300), DUE, 3).unwrap();
        assert!(step.gap.is_kept(), "both are kept in whole milliseconds: {step:?}");
        let step = line.start(&asked(197), at(300), DUE, 3).unwrap();
        assert_eq!((step.gap.found, step.gap.is_kept(), step.at_once), (98, false, 3));
        assert_eq!(step.before, asked(99));
    }
}
