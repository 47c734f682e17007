//! Exchanges, and what happened beside them, in the order of time. A file holds them in the order in which they ended and were written; who
//! was asked at once, and what was known when, is seen where each begins and ends in its time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::rc::Rc;

use super::line::RESOLUTION;
use super::request::Request;
use crate::archive::event::Event;
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
    /// A stop comes into force, or is taken back.
    Stop(Event),
}

/// Puts exchanges in order.
#[derive(Debug, Default)]
pub(super) struct Order {
    held_back: BinaryHeap<Reverse<At>>,
    in_flight: BinaryHeap<Reverse<At>>,
    count: u64,
}

/// What is to happen, and when; of two at one moment, that which was written first.
#[derive(Debug)]
struct At(Moment, u64, Happening);

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
        self.hold_back(request.asked.at, Happening::Start(Rc::new(request)));
    }

    /// Takes in the event that stands next in the archive.
    pub(super) fn add_event(&mut self, event: Event) {
        self.hold_back(event.at, Happening::Stop(event));
    }

    fn hold_back(&mut self, at: Moment, what: Happening) {
        self.count += 1;
        self.held_back.push(Reverse(At(at, self.count, what)));
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
            return self.in_flight.pop().map(|Reverse(At(.., end))| end);
        }
        let Reverse(At(_, number, next)) = self.held_back.pop()?;
        if let Happening::Start(request) = &next {
            let end = Happening::End(Rc::clone(request));
            self.in_flight.push(Reverse(At(request.finished, number, end)));
        }
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::request::tests::request;

    fn told(next: &Happening) -> String {
        match next {
            Happening::Start(request) => format!("{} starts", request.asked.at.as_millis()),
            Happening::End(request) => format!("{} ends", request.asked.at.as_millis()),
            Happening::Stop(event) => format!("{event:?}"),
        }
    }

    #[test]
    fn each_begins_and_ends_in_its_time_though_files_hold_them_as_they_ended() {
        let mut order = Order::default();
        for (from, to) in [(100, 200), (300, 300), (200, 400), (0, 900)] {
            order.add(request(from, to));
            assert!(order.next().is_none(), "more is to come");
        }
        let all: Vec<_> = std::iter::from_fn(|| order.last()).map(|next| told(&next)).collect();
        let expected = [
            "0 starts",
            "100 starts",
            "100 ends",
            "200 starts",
            "300 starts",
            "300 ends",
            "200 ends",
            "0 ends",
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn no_more_are_held_back_than_may_be() {
        let mut order = Order::default();
        let mut begun = 0;
        for number in 0..i64::try_from(HELD_BACK).unwrap() + 100 {
            order.add(request(number * 10, number * 10 + 5));
            while let Some(next) = order.next() {
                begun += u32::from(matches!(next, Happening::Start(_)));
            }
        }
        assert_eq!(begun, 100);
    }
}
