//! When a page is asked for again: what was seen to change is visited sooner, what was not, later.

use std::time::Duration;

use crate::config;

/// What a page is, as far as its next visit goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageKind {
    /// It lists reports, or leads to pages that do: new reports appear here.
    Column,
    /// A report: published once, sometimes altered.
    Report,
    /// Everything else.
    Other,
}

/// A report rests so many times `revisit.min` after it is first seen: it seldom changes.
const REPORT_RESTS: u32 = 30;

/// Any other page rests so many times `revisit.min` at first: it is no business of ours.
const OTHER_RESTS: u32 = 60;

/// After a visit that found it changed the rest is halved; unchanged, doubled; never outside
/// `revisit.min` and `revisit.max`. `previous` is none at the first visit.
pub fn interval(
    revisit: &config::Revisit,
    kind: PageKind,
    previous: Option<Duration>,
    changed: bool,
) -> Duration {
    let interval = match (previous, kind) {
        (Some(previous), _) if changed => previous / 2,
        (Some(previous), _) => previous.saturating_mul(2),
        (None, PageKind::Column) => revisit.min,
        (None, PageKind::Report) => revisit.min.saturating_mul(REPORT_RESTS),
        (None, PageKind::Other) => revisit.min.saturating_mul(OTHER_RESTS),
    };
    interval.clamp(revisit.min, revisit.max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_visited_sooner_and_what_does_not_later_within_bounds() {
        let revisit = crate::config::Config::default().revisit;
        let day = Duration::from_hours(24);
        let after = |previous, changed| interval(&revisit, PageKind::Column, previous, changed);
        assert_eq!(after(None, true), day);
        assert_eq!(after(Some(day), false), 2 * day);
        assert_eq!(after(Some(8 * day), true), 4 * day);
        assert_eq!(after(Some(day), true), revisit.min);
        assert_eq!(after(Some(150 * day), false), revisit.max);
        assert_eq!(interval(&revisit, PageKind::Report, None, true), 30 * day);
    }
}
