//! When the hosts have to be looked at again: not with each outcome, but when one of them is due, or something has
//! changed that nobody foresaw.

use std::time::Duration;

use crate::clock::Moment;
use crate::db::hosts::Dues;
use crate::outcome::Outcome;
use crate::politeness::pace;

/// The hosts are looked at so long before the first is due: those that are due a little later are granted with it.
const BEFORE: Duration = Duration::from_millis(50);

/// What is known of when hosts are due, since they were looked at last.
#[derive(Debug)]
pub(super) struct Agenda {
    /// The first host that is merely kept apart, the first that rests, the first URL that comes again.
    paced: Option<Moment>,
    resting: Option<Moment>,
    again: Option<Moment>,
    /// Something may be due that none of these tells of.
    must_look: bool,
}

impl Default for Agenda {
    fn default() -> Self {
        Self { paced: None, resting: None, again: None, must_look: true }
    }
}

fn first(one: Option<Moment>, other: Option<Moment>) -> Option<Moment> {
    [one, other].into_iter().flatten().min()
}

impl Agenda {
    /// Something has changed: an origin was looked up, a pass broke off, a list of stops.
    pub(super) fn changed(&mut self) {
        self.must_look = true;
    }

    /// An outcome: its host and its address are due again. `has_news`: it brought URLs, of any host.
    pub(super) fn take_in(&mut self, outcome: &Outcome, has_news: bool) {
        let at = Some(outcome.host.next_at);
        if outcome.host.rest_reason.is_none() {
            self.paced = first(self.paced, at);
        } else {
            self.resting = first(self.resting, at);
        }
        self.paced = first(self.paced, outcome.address.map(|address| address.next_at));
        if let Some(rest) = outcome.url.as_ref().and_then(|url| url.transition.again_in) {
            self.again = first(self.again, Some(outcome.finished.after(rest)));
        }
        // Whose robots.txt it is may be another host.
        self.must_look |= has_news || outcome.robots.is_some();
    }

    /// Whether the hosts are to be looked at now.
    pub(super) fn is_due(&self, now: Moment) -> bool {
        let is_near = |at: Option<Moment>| at.is_some_and(|at| at <= now.after(BEFORE));
        self.must_look
            || is_near(first(self.paced, self.resting))
            || self.again.is_some_and(|at| at <= now)
    }

    /// They were looked at, for all that is due within [`pace::AHEAD`]; `is_cut`: and not all, since no more
    /// could be granted.
    pub(super) fn looked(
        &mut self,
        dues: Dues,
        again: Option<Moment>,
        wake: Option<Moment>,
        is_cut: bool,
    ) {
        *self = Self {
            paced: first(dues.paced, wake),
            resting: dues.resting,
            again,
            must_look: is_cut,
        };
    }

    /// When hosts are due that are merely kept apart.
    pub(super) fn paced(&self) -> Option<Moment> {
        self.paced
    }

    /// When hosts are due that rest, or URLs that come again.
    pub(super) fn later(&self) -> Option<Moment> {
        first(self.resting, self.again)
    }

    /// How long until the hosts are to be looked at for what is due at `due`.
    pub(super) fn until(due: Moment, now: Moment) -> Duration {
        debug_assert!(BEFORE < pace::AHEAD);
        now.until(due).saturating_sub(BEFORE)
    }
}
