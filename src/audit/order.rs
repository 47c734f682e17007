//! Exchanges in the order of time. A file holds them in the order in which they ended and were written; who
//! was asked at once, and what was known when, is seen where each begins and ends in its time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::rc::Rc;

use super::line::RESOLUTION;
use super::request::Request;
use crate::clock::Moment;

/// So many exchanges are held back: one that is overtaken by more of them, in the time that it takes, comes
/// later than its turn. At 250 requests a second that is longer than `fetch.timeout` by its default.
const HELD_BACK: usize = 16_384;

/// What happens next.
#[derive(Debug)]
pub(super) enum Happening {
    /// A request is sent.
    Start(Rc<Request>),
    /// Its exchange is over.
    End(Rc<Request>),
}

/// Puts exchanges in order.
#[derive(Debug, Default)]
pub(super) struct Order {
    held_back: BinaryHeap<Reverse<At>>,
    in_flight: BinaryHeap<Reverse<At>>,
    count: u64,
}

/// A moment of a request; of two at one moment, that which was written first.
#[derive(Debug)]
struct At(Moment, u64, Rc<Request>);

impl At {
    fn key(&self) -> (Moment, u64) {
        (self.0, self.1)
    }
}

impl Ord for At {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for At {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for At {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for At {}

impl Order {
    /// Takes in the exchange that stands next in the archive.
    pub(super) fn add(&mut self, request: Request) {
        self.count += 1;
        self.held_back.push(Reverse(At(request.asked.at, self.count, Rc::new(request))));
    }

    /// What happens next, as far as that is known while more is to come.
    pub(super) fn next(&mut self) -> Option<Happening> {
        if self.held_back.len() > HELD_BACK { self.last() } else { None }
    }

    /// What happens next, when no more is to come.
    pub(super) fn last(&mut self) -> Option<Happening> {
        let start = self.held_back.peek().map(|Reverse(At(at, ..))| *at);
        // An exchange lasts from its first moment to before its last: an end comes before a start.
        let is_over =
            |end: &Reverse<At>| start.is_none_or(|start| end.0.0 <= start.after(RESOLUTION));
        if self.in_flight.peek().is_some_and(is_over) {
            let Reverse(At(.., request)) = self.in_flight.pop()?;
            return Some(Happening::End(request));
        }
        let Reverse(At(_, number, request)) = self.held_back.pop()?;
        self.in_flight.push(Reverse(At(request.finished, number, Rc::clone(&request))));
        Some(Happening::Start(request))
    }
}
