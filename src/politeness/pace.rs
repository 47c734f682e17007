//! The pace of a host and of an address: how far apart two requests stand, and when the next may go out.
//! Many portals share one machine, so that a request goes out only when both allow it.
//!
//! governor's GCRA does the arithmetic on a state that is ours: the moment before which a host, or an
//! address, is to be left alone. The database keeps that moment, so a restart remembers it.

use std::cell::Cell;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use crate::clock::Moment;
use crate::config;

/// A request that may go out so soon is granted now, to be sent when its moment comes: what granting
/// takes (a transaction, synced) then delays nobody.
pub const AHEAD: Duration = Duration::from_millis(100);

/// Leave to send one request to one host at one address. Made only here, used up by the fetcher: what asks
/// has asked both clocks before.
#[derive(Debug)]
#[must_use = "a permit that is dropped has moved the clocks for nothing"]
pub struct Permit {
    due: Moment,
    host_next_at: Moment,
    address_next_at: Moment,
}

impl Permit {
    /// The moment since which both clocks allow it: it may lie a little ahead, and is to be waited for.
    pub fn due(&self) -> Moment {
        self.due
    }

    /// The moment before which the host is to be left alone from now on.
    pub fn host_next_at(&self) -> Moment {
        self.host_next_at
    }

    /// The moment before which the address is to be left alone from now on.
    pub fn address_next_at(&self) -> Moment {
        self.address_next_at
    }
}

/// What the gap between two requests to a host is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostPace {
    /// The seed's own `delay`, if it sets one.
    pub seed_delay: Option<Duration>,
    /// What its robots.txt asks for (Crawl-delay, Request-rate).
    pub crawl_delay: Option<Duration>,
    /// How long it took to answer last.
    pub last_response: Option<Duration>,
}

/// The clock of a host, or of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// To be left alone until then.
    pub next_at: Moment,
    /// And then for so long after each request.
    pub delay: Duration,
}

/// The gap between the end of one request to a host and the start of the next: the greatest of
/// what is configured, what the seed asks for, `delay_factor` times the last response time (these
/// three at most `max_delay`), and what robots.txt asks for, however long.
pub fn delay(politeness: &config::Politeness, host: &HostPace) -> Duration {
    let asked = host.seed_delay.unwrap_or_default().min(politeness.max_delay);
    address_delay(politeness, host.last_response)
        .max(asked)
        .max(host.crawl_delay.unwrap_or_default())
}

/// The gap between the end of one request to an address and the start of the next: what is configured, and
/// `delay_factor` times the last response time, at most `max_delay`. What a seed or a robots.txt asks for is
/// for its host alone.
pub fn address_delay(politeness: &config::Politeness, last_response: Option<Duration>) -> Duration {
    // What is longer than any time can be is longer than `max_delay`.
    let busy = last_response.map_or(Duration::ZERO, |took| {
        let longer = Duration::try_from_secs_f64(took.as_secs_f64() * politeness.delay_factor);
        longer.unwrap_or(Duration::MAX)
    });
    politeness.delay.max(busy).min(politeness.max_delay)
}

/// May a request go out `now`, or so soon that it can be granted now, to a host at an address? If so both
/// clocks move on; if not, when.
///
/// # Errors
/// The moment to wait for.
pub fn admit(host: Pace, address: Pace, now: Moment) -> Result<Permit, Moment> {
    let due = host.next_at.max(address.next_at);
    let at = due.max(now);
    if now.until(at) > AHEAD {
        return Err(at);
    }
    Ok(Permit { due, host_next_at: next_at(host, at)?, address_next_at: next_at(address, at)? })
}

/// Where a clock stands after a request at `at`.
fn next_at(pace: Pace, at: Moment) -> Result<Moment, Moment> {
    let Some(quota) = Quota::with_period(pace.delay) else {
        // governor knows no pace without a gap: a host of one's own at zero delay.
        return if pace.next_at <= at { Ok(at) } else { Err(pace.next_at) };
    };
    let owed = at.until(pace.next_at);
    let state = OneClock(Cell::new(Some(owed).filter(|owed| !owed.is_zero())));
    let limiter: RateLimiter<_, _, _, NoOpMiddleware<Duration>> =
        RateLimiter::new(quota, state, FixedClock);
    match limiter.check() {
        Ok(()) => Ok(at.after(pace.delay)),
        Err(not_until) => Err(at.after(not_until.wait_time_from(Duration::ZERO))),
    }
}

/// governor's state of one clock: its theoretical arrival time, from now.
struct OneClock(Cell<Option<Duration>>);

impl StateStore for OneClock {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _key: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (outcome, next) = decide(self.0.get().map(Nanos::from))?;
        self.0.set(Some(next.into()));
        Ok(outcome)
    }
}

/// A decision is made at one instant; everything is told from it.
#[derive(Clone)]
struct FixedClock;

impl Clock for FixedClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn the_delay_is_the_greatest_of_what_is_asked() {
        let politeness = crate::config::Config::default().politeness;
        let of = |seed, crawl, took: Option<u64>| {
            delay(
                &politeness,
                &HostPace {
                    seed_delay: seed,
                    crawl_delay: crawl,
                    last_response: took.map(Duration::from_millis),
                },
            )
        };
        assert_eq!(of(None, None, None), seconds(2));
        assert_eq!(of(Some(seconds(3)), None, None), seconds(3));
        assert_eq!(of(Some(seconds(1)), None, None), seconds(2), "never below politeness.delay");
        assert_eq!(of(None, None, Some(700)), seconds(7), "ten times the response time");
        assert_eq!(of(None, None, Some(30_000)), seconds(60), "our own measure stops at max_delay");
        assert_eq!(of(None, Some(seconds(300)), None), seconds(300), "a Crawl-delay is obeyed");
    }

    #[test]
    fn an_address_is_left_alone_for_what_is_configured_or_for_what_its_last_answer_took() {
        let politeness = crate::config::Config::default().politeness;
        let of = |took: Option<u64>| address_delay(&politeness, took.map(Duration::from_millis));
        assert_eq!(of(None), seconds(2));
        assert_eq!(of(Some(100)), seconds(2));
        assert_eq!(of(Some(700)), seconds(7), "ten times the response time");
        assert_eq!(of(Some(30_000)), seconds(60), "at most max_delay");
    }

    #[test]
    fn a_request_goes_out_only_when_host_and_address_are_due() {
        let now = Moment::from_millis(1_000_000);
        let pace = |next_at, delay| Pace { next_at, delay };
        let free = pace(now, Duration::ZERO);
        let permit = admit(pace(now, seconds(2)), pace(now, seconds(3)), now).unwrap();
        assert_eq!(permit.host_next_at(), now.after(seconds(2)));
        assert_eq!(permit.address_next_at(), now.after(seconds(3)));
        let later = now.after(seconds(2));
        assert_eq!(admit(pace(later, seconds(2)), free, now).unwrap_err(), later);
        assert_eq!(admit(free, pace(later, seconds(2)), now).unwrap_err(), later, "its machine");
        assert!(admit(pace(later, seconds(2)), free, later).is_ok());
        let far = now.after(seconds(86_400));
        assert_eq!(admit(pace(far, seconds(2)), free, now).unwrap_err(), far, "a rest");
        assert_eq!(admit(pace(far, Duration::ZERO), free, now).unwrap_err(), far);
    }

    #[test]
    fn what_is_due_at_once_is_granted_now_and_sent_no_earlier_than_it_is_due() {
        let now = Moment::from_millis(1_000_000);
        let soon = now.after(AHEAD);
        let host = Pace { next_at: soon, delay: seconds(2) };
        let permit = admit(host, Pace { next_at: now, delay: seconds(2) }, now).unwrap();
        assert_eq!(permit.due(), soon);
        assert_eq!(permit.host_next_at(), soon.after(seconds(2)));
        let late = Pace { next_at: Moment::from_millis(5), delay: seconds(2) };
        let permit = admit(late, late, now).unwrap();
        assert_eq!(permit.due(), Moment::from_millis(5));
        assert_eq!(permit.host_next_at(), now.after(seconds(2)), "a gap that was not used is lost");
    }
}
