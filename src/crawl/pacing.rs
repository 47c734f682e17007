//! How well a run keeps time: what scheduling costs, and how much later than allowed its requests went out.

use std::time::Duration;

use super::grant::{Grants, Task};

/// Lateness is counted in steps of a millisecond, up to this many; what is later counts as so late.
const STEPS: usize = 1_000;

/// What is counted while a run goes on.
#[derive(Debug)]
pub(super) struct Pacing {
    granted: u64,
    scheduling: Duration,
    late: Vec<u64>,
}

/// What was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measured {
    /// Requests that were granted.
    pub granted: u64,
    /// What granting took of the committer's time, in all.
    pub scheduling: Duration,
    /// Of the requests whose host and address were kept apart by their pace alone: half went out no later after
    /// the first allowed moment than this.
    pub late_median: Duration,
    /// Ninety-nine of a hundred.
    pub late_99: Duration,
}

impl Measured {
    /// What granting one request took.
    pub fn scheduling_each(&self) -> Duration {
        self.scheduling / u32::try_from(self.granted.max(1)).unwrap_or(u32::MAX)
    }
}

impl Default for Pacing {
    fn default() -> Self {
        Self { granted: 0, scheduling: Duration::ZERO, late: vec![0; STEPS + 1] }
    }
}

impl Pacing {
    pub(super) fn scheduled(&mut self, grants: &Grants, took: Duration) {
        let asked = grants.tasks.iter().filter(|task| matches!(task, Task::Ask(_)));
        self.granted += asked.count() as u64;
        self.scheduling += took;
    }

    /// A request went out so long after both clocks allowed it.
    pub(super) fn sent(&mut self, late: Duration) {
        let step = usize::try_from(late.as_millis()).unwrap_or(STEPS).min(STEPS);
        if let Some(count) = self.late.get_mut(step) {
            *count += 1;
        }
    }

    pub(super) fn measured(&self) -> Measured {
        Measured {
            granted: self.granted,
            scheduling: self.scheduling,
            late_median: self.quantile(50),
            late_99: self.quantile(99),
        }
    }

    fn quantile(&self, percent: u64) -> Duration {
        let all: u64 = self.late.iter().sum();
        let mut left = (all * percent).div_ceil(100);
        let step = self.late.iter().position(|count| {
            let reached = *count >= left;
            left = left.saturating_sub(*count);
            reached
        });
        Duration::from_millis(step.unwrap_or_default() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantiles_are_those_of_what_was_sent() {
        let mut pacing = Pacing::default();
        for late in (1..=98).chain([400, 90_000]) {
            pacing.sent(Duration::from_millis(late));
        }
        let measured = pacing.measured();
        assert_eq!(measured.late_median, Duration::from_millis(50));
        assert_eq!(measured.late_99, Duration::from_millis(400));
        assert_eq!(Pacing::default().measured().late_99, Duration::ZERO);
    }
}
