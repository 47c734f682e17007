//! A body as it crosses the wire, under its limits; what came before one was reached is kept.

use std::time::Duration;

use super::limits::{LARGE_BODY_BYTES, RATE_GRACE};
use super::places::{Place, Places};
use crate::clock::Stopwatch;
use crate::config;
use crate::exchange::Truncated;

/// Collects the body of an answer. `exchange` has been running since the request began.
pub(super) async fn collect(
    answer: &mut reqwest::Response,
    exchange: Stopwatch,
    limits: &config::Fetch,
    places: &Places,
    place: &mut Place,
) -> (Vec<u8>, Option<Truncated>) {
    let cap = usize::try_from(limits.max_body).unwrap_or(usize::MAX);
    let since_head = Stopwatch::start();
    let mut own_doing = Duration::ZERO;
    let mut wire = Vec::new();
    loop {
        let time = Time { exchange, since_head, own_doing };
        let left = time.left(wire.len(), limits);
        if left.is_zero() {
            // What is always ready is taken even when its time is up.
            return (wire, Some(Truncated::Time));
        }
        let part = match tokio::time::timeout(left, answer.chunk()).await {
            Ok(Ok(Some(part))) => part,
            Ok(Ok(None)) => return (wire, None),
            Ok(Err(_broke_off)) => return (wire, Some(Truncated::Disconnect)),
            Err(_elapsed) => return (wire, Some(Truncated::Time)),
        };
        let room = cap.saturating_sub(wire.len());
        wire.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
        if part.len() > room {
            return (wire, Some(Truncated::Length));
        }
        if wire.len() > LARGE_BODY_BYTES {
            // Waiting for a place is our own doing: the server's time stands still meanwhile.
            let waiting = Stopwatch::start();
            places.take(place).await;
            own_doing += waiting.elapsed();
        }
    }
}

/// How long a body has been coming.
struct Time {
    exchange: Stopwatch,
    since_head: Stopwatch,
    /// Of which the server is not to blame for so much.
    own_doing: Duration,
}

impl Time {
    /// How long the next part of a body of which so much came may be waited for: `read_timeout`, what is
    /// left of `timeout`, and until the whole has become slower than `min_rate`.
    fn left(&self, came: usize, limits: &config::Fetch) -> Duration {
        let whole = (limits.timeout + self.own_doing).saturating_sub(self.exchange.elapsed());
        let came = u64::try_from(came).unwrap_or(u64::MAX);
        let enough_for = Duration::from_secs(came / limits.min_rate.max(1)).max(RATE_GRACE);
        let slow =
            enough_for.saturating_add(self.own_doing).saturating_sub(self.since_head.elapsed());
        limits.read_timeout.min(whole).min(slow)
    }
}
