//! The pace of one host: how far apart two requests stand, and whether the next may go out now.
//!
//! governor's GCRA does the arithmetic on a state that is ours: the moment before which the host is
//! to be left alone. The database keeps that moment, so a restart remembers it.

use std::cell::Cell;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use crate::clock::Moment;
use crate::config;

/// Leave to send one request to one host. Made only here, used up by the fetcher: what asks a host
/// has asked its clock before.
#[derive(Debug)]
#[must_use = "a permit that is dropped has moved the host's clock for nothing"]
pub struct Permit {
    next_at: Moment,
}

impl Permit {
    /// The moment before which the host is to be left alone from now on.
    pub fn next_at(&self) -> Moment {
        self.next_at
    }
}

/// What the gap between two requests to a host is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostPace {
    /// The seed's own `delay`, if it sets one.
    pub seed_delay: Option<Duration>,
    /// Crawl-delay of its robots.txt.
    pub crawl_delay: Option<Duration>,
    /// How long it took to answer last.
    pub last_response: Option<Duration>,
}

/// The gap between the end of one request to a host and the start of the next: the greatest of
/// what is configured, what the seed asks for, `delay_factor` times the last response time (these
/// three at most `max_delay`), and the Crawl-delay, however long.
pub fn delay(politeness: &config::Politeness, host: &HostPace) -> Duration {
    let asked = host.seed_delay.unwrap_or_default().max(politeness.delay);
    let busy = busy(politeness, host.last_response);
    asked.max(busy).min(politeness.max_delay).max(host.crawl_delay.unwrap_or_default())
}

/// The gap between the end of one request to an address and the start of the next, whichever hosts they are
/// to: the greater of what is configured and `delay_factor` times the last response time at that address,
/// at most `max_delay`. What a seed or a robots.txt asks for is for its host alone.
pub fn address_delay(politeness: &config::Politeness, last_response: Option<Duration>) -> Duration {
    politeness.delay.max(busy(politeness, last_response)).min(politeness.max_delay)
}

/// What a last response of this length asks for.
fn busy(politeness: &config::Politeness, last_response: Option<Duration>) -> Duration {
    last_response
        .and_then(|took| {
            Duration::try_from_secs_f64(took.as_secs_f64() * politeness.delay_factor).ok()
        })
        .unwrap_or_default()
}

/// May a request go out `now` to a host that is to be left alone until `next_at`? If so its clock
/// moves on by `delay`; if not, when.
///
/// # Errors
/// The moment to wait for.
pub fn admit(next_at: Moment, delay: Duration, now: Moment) -> Result<Permit, Moment> {
    let Some(quota) = Quota::with_period(delay) else {
        // governor knows no pace without a gap: a host of one's own at zero delay.
        return if next_at <= now { Ok(Permit { next_at: now }) } else { Err(next_at) };
    };
    let owed = now.until(next_at);
    let state = HostClock(Cell::new(Some(owed).filter(|owed| !owed.is_zero())));
    let limiter: RateLimiter<_, _, _, NoOpMiddleware<Duration>> =
        RateLimiter::new(quota, state, FixedClock);
    match limiter.check() {
        Ok(()) => Ok(Permit { next_at: now.after(delay) }),
        Err(not_until) => Err(now.after(not_until.wait_time_from(Duration::ZERO))),
    }
}

/// governor's state of one host: its theoretical arrival time, from now.
struct HostClock(Cell<Option<Duration>>);

impl StateStore for HostClock {
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
    fn a_request_goes_out_only_when_the_host_is_due() {
        let now = Moment::from_millis(1_000_000);
        let permit = admit(now, seconds(2), now).unwrap();
        assert_eq!(permit.next_at(), now.after(seconds(2)));
        assert_eq!(admit(permit.next_at(), seconds(2), now).unwrap_err(), permit.next_at());
        assert!(admit(permit.next_at(), seconds(2), permit.next_at()).is_ok());
        let later = now.after(seconds(86_400));
        assert_eq!(admit(later, seconds(2), now).unwrap_err(), later, "a rest outlasts the delay");
        assert_eq!(admit(later, Duration::ZERO, now).unwrap_err(), later);
        assert!(admit(now, Duration::ZERO, now).is_ok());
    }
}
