//! The ways to a secure connection: rustls first, and where it refuses what an old server offers, OpenSSL,
//! which verifies as strictly.
//!
//! rustls knows neither RSA key exchange nor CBC and DHE suites, which old portals have nothing beside
//! (TLS 1.2 all the same: older versions stay out). A broken certificate is accepted only where the
//! seed of the host allows it, and only after it was verified and found so. [`Tls`] says both of an exchange,
//! and therefore which way it was asked.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashlink::LruCache;

use super::Trust;
use super::limits::{CERTIFICATE_KNOWN, PORTALS_KNOWN};
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

/// Who is asked, and what certificate it must have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Portal {
    /// Host and port of an `https` URL.
    pub(super) authority: String,
    pub(super) address: SocketAddr,
    pub(super) trust: Trust,
}

/// The portals for which the first way is not the one: asked at once as they were last.
#[derive(Debug)]
pub(super) struct Known(Mutex<LruCache<Portal, (Tls, Stopwatch)>>);

impl Default for Known {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(PORTALS_KNOWN)))
    }
}

impl Known {
    /// How to ask this portal.
    pub(super) fn way(&self, portal: &Portal) -> Tls {
        let mut known = self.lock();
        let Some((way, since)) = known.get(portal) else { return Tls::default() };
        if way.accepted_though.is_none() || since.elapsed() < CERTIFICATE_KNOWN {
            return way.clone();
        }
        known.remove(portal);
        Tls::default()
    }

    /// This was the way to it.
    pub(super) fn remember(&self, portal: Portal, way: &Tls) {
        if *way == Tls::default() {
            return;
        }
        let mut known = self.lock();
        if known.get(&portal).is_none_or(|(before, _)| before != way) {
            known.insert(portal, (way.clone(), Stopwatch::start()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Portal, (Tls, Stopwatch)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
