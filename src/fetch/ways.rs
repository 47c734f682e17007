//! The ways to a secure connection: rustls first, and where it refuses what an old server offers, OpenSSL,
//! which verifies as strictly.
//!
//! rustls knows neither RSA key exchange nor CBC and DHE suites, which old portals have nothing beside
//! (TLS 1.2 all the same: older versions stay out). A broken certificate is accepted only where the
//! seed of the host allows it, and only after it was verified and found so. [`Tls`] says both of an exchange,
//! and therefore which way it was asked.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hashlink::LruCache;

use super::Trust;
use super::limits::{CERTIFICATE_KNOWN, HOSTS_KNOWN};
use super::unanswered::Unanswered;
use crate::clock::Stopwatch;
use crate::exchange::{FailureKind, Tls};

/// The way to try after this one came to `unanswered`, if there is one.
pub(super) fn after(way: &Tls, unanswered: &Unanswered, trust: Trust) -> Option<Tls> {
    if unanswered.is_incompatible && !way.openssl {
        return Some(Tls { openssl: true, ..way.clone() });
    }
    let is_broken = unanswered.failure.kind == FailureKind::Certificate;
    (is_broken && trust == Trust::BrokenAllowed && way.accepted_though.is_none())
        .then(|| Tls { accepted_though: Some(unanswered.failure.detail.clone()), ..way.clone() })
}

/// The hosts for which the first way is not the one: asked at once as they were last.
#[derive(Debug)]
pub(super) struct Known(Mutex<LruCache<(String, Trust), (Tls, Stopwatch)>>);

impl Default for Known {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(HOSTS_KNOWN)))
    }
}

impl Known {
    /// How to ask a host.
    pub(super) fn way(&self, host: &str, trust: Trust) -> Tls {
        let mut known = self.lock();
        let host = (host.to_owned(), trust);
        let Some((way, since)) = known.get(&host) else { return Tls::default() };
        if way.accepted_though.is_none() || since.elapsed() < CERTIFICATE_KNOWN {
            return way.clone();
        }
        known.remove(&host);
        Tls::default()
    }

    /// This was the way to it.
    pub(super) fn remember(&self, host: &str, trust: Trust, way: &Tls) {
        let mut known = self.lock();
        let host = (host.to_owned(), trust);
        if *way == Tls::default() {
            known.remove(&host);
        } else if known.get(&host).is_none_or(|(before, _)| before != way) {
            known.insert(host, (way.clone(), Stopwatch::start()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<(String, Trust), (Tls, Stopwatch)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
