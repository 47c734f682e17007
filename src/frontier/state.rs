//! The states of a URL.
//!
//! ```text
//!            admitted                 granted
//!   (found) ----------> waiting -------------------> leased
//!      |                  ^  ^                          |
//!      | out of bounds    |  | due again                | its outcome is committed
//!      v                  |  |                          v
//!   excluded              |  +---- fetched <------------+   a response was kept
//!                         |  +---- unchanged <----------+   the same bytes, or 304
//!                         |  +---- retrying <-----------+   it failed and is tried again
//!                         |        failed <-------------+   it failed too often
//!                         |        excluded <-----------+   robots, redirects, kind
//!                         +-----------------------------+   its host asked for peace, or hides; or the lease lapsed
//! ```
//!
//! Every state but `waiting` and `leased` carries a reason; `fetched`, `unchanged` and `retrying`
//! a moment at which the URL is due again.

use std::fmt;
use std::time::Duration;

use crate::exchange::FailureKind;
use crate::not_page::{self, Kind, NotPage};

/// Where a URL stands. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum UrlState {
    /// In its host's queue.
    Waiting = 0,
    /// Being worked on, or was when the run was killed.
    Leased = 1,
    /// A response was kept.
    Fetched = 2,
    /// The last visit brought the same payload as the one before.
    Unchanged = 3,
    /// Not to be fetched.
    Excluded = 4,
    /// Given up.
    Failed = 5,
    /// Failed, and due again.
    Retrying = 6,
    /// Not in the frontier: a robots.txt, fetched when its origin needs one.
    Apart = 7,
}

/// All states, in the order of their numbers.
pub const ALL: [UrlState; 8] = [
    UrlState::Waiting,
    UrlState::Leased,
    UrlState::Fetched,
    UrlState::Unchanged,
    UrlState::Excluded,
    UrlState::Failed,
    UrlState::Retrying,
    UrlState::Apart,
];

impl UrlState {
    /// The state with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        ALL.get(usize::from(number)).copied()
    }

    /// Its name in messages and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Leased => "leased",
            Self::Fetched => "fetched",
            Self::Unchanged => "unchanged",
            Self::Excluded => "excluded",
            Self::Failed => "failed",
            Self::Retrying => "retrying",
            Self::Apart => "robots.txt",
        }
    }
}

/// Why a URL is in its state: a word that can be counted, and where it helps, the particulars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// `status`, `robots`, `scope`, `trap`, `kind`, `depth`, `redirects`, `dns`, `timeout` …
    pub word: &'static str,
    /// What exactly; may be empty.
    pub detail: String,
}

impl Reason {
    /// A reason with particulars.
    pub fn new(word: &'static str, detail: impl Into<String>) -> Self {
        Self { word, detail: detail.into() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.detail.is_empty() {
            f.write_str(self.word)
        } else {
            write!(f, "{}: {}", self.word, self.detail)
        }
    }
}

/// What a pass came to, for the URL that it worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A response that is worth keeping as it is: 2xx, 3xx, 4xx but 429.
    Answered {
        /// The status.
        status: u16,
        /// The payload differs from the last one, or there was none.
        changed: bool,
        /// When to ask again; never for a redirect that moved for good or a page that is gone.
        again_in: Option<Duration>,
    },
    /// A response whose body broke off: what came is kept, and asked for again.
    Cut {
        /// Why it is incomplete.
        why: &'static str,
        /// When to ask again once the tries are used up.
        again_in: Duration,
    },
    /// 429 or 503: the host asked for peace. The URL keeps its place.
    Peace,
    /// Something was answered in place of the page.
    NotPage {
        /// What, and how that was seen.
        not_page: NotPage,
        /// When to ask again for a page that is gone; never, if there was none before.
        again_in: Option<Duration>,
    },
    /// 5xx: the server failed on this URL.
    ServerError {
        /// The status.
        status: u16,
    },
    /// No response head.
    Failed {
        /// The kind.
        kind: FailureKind,
        /// The particulars.
        detail: String,
    },
}

/// Where an event moves a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The new state.
    pub state: UrlState,
    /// Why.
    pub reason: Option<Reason>,
    /// When it is due again, from now.
    pub again_in: Option<Duration>,
    /// Requests that have failed so far.
    pub attempts: u32,
}

/// Where `event` moves a leased URL that failed `attempts` times before, with `retries` tries more
/// than the first.
pub fn next(event: &Event, attempts: u32, retries: u32) -> Transition {
    match event {
        Event::Answered { status, changed, again_in } => Transition {
            state: if *changed { UrlState::Fetched } else { UrlState::Unchanged },
            reason: Some(Reason::new("status", status.to_string())),
            again_in: *again_in,
            attempts: 0,
        },
        Event::Cut { why, again_in } => {
            let cut = failed(Reason::new("truncated", *why), attempts, retries, false);
            match cut.state {
                // What came is all there is to be had.
                UrlState::Failed => Transition {
                    state: UrlState::Fetched,
                    again_in: Some(*again_in),
                    attempts: 0,
                    ..cut
                },
                _ => cut,
            }
        }
        Event::Peace => Transition {
            state: UrlState::Waiting,
            reason: Some(Reason::new("peace", "the host asked to be left alone")),
            again_in: None,
            attempts,
        },
        Event::NotPage { not_page, again_in } => {
            in_place_of_the_page(not_page, *again_in, attempts, retries)
        }
        Event::ServerError { status } => {
            failed(Reason::new("status", status.to_string()), attempts, retries, false)
        }
        Event::Failed { kind, detail } => {
            let reason = Reason::new(kind.as_str(), detail.clone());
            match kind {
                // What the guard refuses today it refuses tomorrow.
                FailureKind::Forbidden => Transition {
                    state: UrlState::Excluded,
                    reason: Some(reason),
                    again_in: None,
                    attempts,
                },
                FailureKind::Protocol => failed(reason, attempts, retries, true),
                FailureKind::Dns
                | FailureKind::Connect
                | FailureKind::Tls
                | FailureKind::Certificate
                | FailureKind::Timeout => failed(reason, attempts, retries, false),
            }
        }
    }
}

/// What the host does to all its pages costs the URL its place only if it goes on: else the one page that is
/// answered so each day would keep its host from all others.
fn in_place_of_the_page(
    not_page: &NotPage,
    again_in: Option<Duration>,
    attempts: u32,
    retries: u32,
) -> Transition {
    let attempts = attempts + 1;
    let (state, again_in, attempts) = match not_page.kind {
        Kind::Soft404 => (UrlState::Fetched, again_in, 0),
        Kind::Challenge | Kind::Captive | Kind::Maintenance | Kind::Parked
            if attempts <= retries =>
        {
            (UrlState::Waiting, None, attempts)
        }
        Kind::Challenge | Kind::Captive | Kind::Maintenance | Kind::Parked | Kind::Blocked => {
            (UrlState::Retrying, Some(not_page::URL_REST), attempts)
        }
    };
    let reason = Some(Reason::new(not_page.kind.as_str(), not_page.why.clone()));
    Transition { state, reason, again_in, attempts }
}

/// A connection that broke is tried again at the host's own pace the first time; everything else
/// rests longer each time.
fn failed(reason: Reason, attempts: u32, retries: u32, at_once: bool) -> Transition {
    let attempts = attempts + 1;
    if attempts > retries {
        let detail = format!("{} (tried {attempts} times)", reason.detail);
        let reason = Reason::new(reason.word, detail);
        return Transition {
            state: UrlState::Failed,
            reason: Some(reason),
            again_in: None,
            attempts,
        };
    }
    let again_in = if at_once && attempts == 1 { Duration::ZERO } else { retry_in(attempts) };
    Transition {
        state: UrlState::Retrying,
        reason: Some(reason),
        again_in: Some(again_in),
        attempts,
    }
}

/// How long a URL rests after its `attempts`th failure: 5 minutes, an hour, then 12 hours each.
fn retry_in(attempts: u32) -> Duration {
    match attempts {
        0 | 1 => Duration::from_mins(5),
        2 => Duration::from_hours(1),
        _ => Duration::from_hours(12),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_numbers_read_back_as_the_states_they_were() {
        for state in ALL {
            assert_eq!(UrlState::from_number(state as u8), Some(state));
        }
        assert_eq!(UrlState::from_number(8), None);
    }

    #[test]
    fn a_url_that_fails_is_tried_again_and_then_given_up_with_its_reason() {
        let event = Event::ServerError { status: 500 };
        let first = next(&event, 0, 2);
        assert_eq!((first.state, first.attempts), (UrlState::Retrying, 1));
        let second = next(&event, 1, 2);
        assert_eq!(second.state, UrlState::Retrying);
        assert!(second.again_in > first.again_in);
        let last = next(&event, 2, 2);
        assert_eq!((last.state, last.again_in), (UrlState::Failed, None));
        assert_eq!(last.reason.unwrap().to_string(), "status: 500 (tried 3 times)");
    }

    #[test]
    fn a_host_that_asks_for_peace_costs_the_url_nothing() {
        let next = next(&Event::Peace, 2, 2);
        assert_eq!((next.state, next.attempts), (UrlState::Waiting, 2));
    }

    #[test]
    fn a_url_whose_host_hides_keeps_its_place_until_its_tries_are_used_up() {
        for kind in [Kind::Challenge, Kind::Captive, Kind::Maintenance, Kind::Parked] {
            let not_page = NotPage { kind, why: "why".to_owned() };
            let event = Event::NotPage { not_page, again_in: None };
            let first = next(&event, 0, 2);
            assert_eq!((first.state, first.attempts), (UrlState::Waiting, 1), "{kind:?}");
            assert_eq!(first.reason.unwrap().to_string(), format!("{}: why", kind.as_str()));
            assert_eq!(next(&event, 1, 2).state, UrlState::Waiting);
            let last = next(&event, 2, 2);
            assert_eq!((last.state, last.again_in), (UrlState::Retrying, Some(not_page::URL_REST)));
        }
    }

    #[test]
    fn a_url_at_which_we_were_blocked_is_put_off_for_long_and_never_given_up() {
        let not_page = NotPage { kind: Kind::Blocked, why: "why".to_owned() };
        let event = Event::NotPage { not_page, again_in: None };
        for attempts in [0, 9] {
            let next = next(&event, attempts, 2);
            assert_eq!((next.state, next.again_in), (UrlState::Retrying, Some(not_page::URL_REST)));
            assert_eq!(next.attempts, attempts + 1);
        }
    }

    #[test]
    fn a_soft_404_is_gone_and_asked_for_again_only_if_there_was_a_page() {
        let event = |again_in| {
            let not_page = NotPage { kind: Kind::Soft404, why: "title 404".to_owned() };
            next(&Event::NotPage { not_page, again_in }, 1, 2)
        };
        let never = event(None);
        assert_eq!((never.state, never.again_in), (UrlState::Fetched, None));
        assert_eq!(never.reason.unwrap().to_string(), "soft-404: title 404");
        assert_eq!(event(Some(Duration::from_hours(24))).again_in, Some(Duration::from_hours(24)));
    }

    #[test]
    fn a_body_that_broke_off_is_asked_for_again_and_then_taken_as_it_is() {
        let event = Event::Cut { why: "disconnect", again_in: Duration::from_hours(24) };
        assert_eq!(next(&event, 0, 1).state, UrlState::Retrying);
        let last = next(&event, 1, 1);
        assert_eq!(
            (last.state, last.again_in),
            (UrlState::Fetched, Some(Duration::from_hours(24)))
        );
        assert_eq!(last.reason.unwrap().to_string(), "truncated: disconnect (tried 2 times)");
    }

    #[test]
    fn an_address_that_may_not_be_asked_is_not_tried_again() {
        let event = Event::Failed { kind: FailureKind::Forbidden, detail: "10.0.0.1".into() };
        assert_eq!(next(&event, 0, 9).state, UrlState::Excluded);
    }
}
