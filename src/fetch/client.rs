//! Sends one request through reqwest, to one address and by one way after the other.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use rustls::pki_types::CertificateDer;
use url::Url;

use super::clients::{Clients, Destination, NO_ROOTS};
use super::guard::{self, Refused};
use super::places::{Place, Places};
use super::resolve::Resolver;
use super::unanswered::Unanswered;
use super::ways::{self, Known};
use super::{answer, request};
use crate::canonical;
use crate::clock::{self, Stopwatch};
use crate::config::{self, Config};
use crate::exchange::{self, Ending, Exchange, Failure, FailureKind, Response, Tls};
use crate::politeness::{Permit, robots};

/// What the server said of the page when we had it last, sent back to it (RFC 9110, section 13.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// Sent as `If-None-Match`.
    pub etag: Option<String>,
    /// Sent as `If-Modified-Since`.
    pub last_modified: Option<String>,
}

/// What certificate a host must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trust {
    /// One that verifies.
    Verified,
    /// One that verifies, or where it does not, any: its seed says so.
    BrokenAllowed,
}

/// Asks for URLs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Fetcher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    resolver: Resolver,
    network: config::Network,
    limits: config::Fetch,
    clients: Clients,
    known: Known,
    places: Places,
    identity: HeaderMap,
}

/// Why no fetcher could be made.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The contact cannot stand in a header field.
    #[error(
        "`identity.contact` is `{contact}`: expected a URL or a mail address without line breaks"
    )]
    Contact {
        /// What the configuration says.
        contact: String,
    },
    /// rustls could not be set up.
    #[error("cannot set up TLS")]
    Rustls(#[source] rustls::Error),
    /// OpenSSL could not be set up.
    #[error("cannot set up OpenSSL")]
    OpenSsl(#[source] native_tls::Error),
    /// The resolver could not be set up.
    #[error("cannot set up the resolver that `network.resolver` asks for")]
    Resolver(#[source] hickory_resolver::net::NetError),
}

impl Fetcher {
    /// A fetcher that introduces itself as the configuration says.
    ///
    /// # Errors
    /// When the contact cannot be sent, or TLS or the resolver cannot be set up.
    pub fn new(config: &Config, contact: &str) -> Result<Self, FetchError> {
        Self::trusting(&[], config, contact)
    }

    /// One that trusts these roots beside the system's.
    pub(super) fn trusting(
        roots: &[CertificateDer<'static>],
        config: &Config,
        contact: &str,
    ) -> Result<Self, FetchError> {
        Ok(Self(Arc::new(Inner {
            resolver: Resolver::new(config).map_err(FetchError::Resolver)?,
            network: config.network.clone(),
            limits: config.fetch.clone(),
            clients: Clients::new(roots, config.fetch.connect_timeout)?,
            known: Known::default(),
            places: Places::default(),
            identity: request::identity(contact)?,
        })))
    }

    /// The addresses at which `url` may be asked, each with the port to connect to, one or more: by
    /// `network.connect_to`, by what is written out in the URL, or by name. Those of a name that are
    /// neither public nor allowed are left out; IPv4 comes first.
    ///
    /// # Errors
    /// When the URL is refused (its scheme, its port, its address), when no address of the name may be
    /// asked, when it has none, or when that is not known within `fetch.dns_timeout`.
    pub async fn resolve(&self, url: &Url) -> Result<Vec<SocketAddr>, Failure> {
        self.0.resolver.addresses(url).await
    }

    /// Asks for `url` once, at `address` and nowhere else. Never fails: what went wrong is how the
    /// exchange ended. `address` is one that [`Fetcher::resolve`] gave; it is checked again. Credentials in
    /// the URL are dropped. The place is that of the body.
    pub async fn fetch(
        &self,
        permit: Permit,
        url: Url,
        address: SocketAddr,
        validators: &Validators,
        trust: Trust,
    ) -> (Exchange, Place) {
        drop(permit);
        let url = canonical::spelling(&url);
        let fields = request::fields(&self.0.identity, &url, validators);
        let mut exchange = Exchange {
            request: request::head(&url, &fields),
            url,
            started: clock::now(),
            elapsed: Duration::ZERO,
            address: Some(address),
            tls: Tls::default(),
            ending: Ending::Failed(Failure { kind: FailureKind::Timeout, detail: String::new() }),
        };
        let stopwatch = Stopwatch::start();
        let mut place = Place::default();
        let answered = match self.0.check(&exchange.url, address) {
            Ok(()) => {
                let asked = (&exchange.url, address);
                self.0.ask(asked, &fields, trust, stopwatch, &mut place).await
            }
            Err(refused) => {
                exchange.address = None;
                Err((forbidden(&refused), Tls::default()))
            }
        };
        (exchange.ending, exchange.tls) = match answered {
            Ok((response, tls)) => (Ending::Answered(response), tls),
            Err((failure, tls)) => (Ending::Failed(failure), tls),
        };
        exchange.elapsed = exchange::whole_millis(stopwatch.elapsed());
        (exchange, place)
    }
}

impl Inner {
    /// The last door before the network.
    fn check(&self, url: &Url, address: SocketAddr) -> Result<(), Refused> {
        guard::check_url(&self.network, url)?;
        guard::check_address(&self.network, url, address.ip())?;
        let port = guard::mapped(&self.network, url).map(|mapped| mapped.port());
        if port.or(url.port_or_known_default()) == Some(address.port()) {
            return Ok(());
        }
        Err(Refused::Port(address.port()))
    }

    /// Those of the configuration, but for a robots.txt, which is read for 500 KiB whatever they say (RFC 9309,
    /// section 2.5): half a file is no leave for what the other half forbids.
    fn limits_of(&self, url: &Url) -> Cow<'_, config::Fetch> {
        let least = u64::try_from(robots::MAX_BYTES).unwrap_or(u64::MAX);
        if url.path() != "/robots.txt" || self.limits.max_body >= least {
            return Cow::Borrowed(&self.limits);
        }
        Cow::Owned(config::Fetch { max_body: least, ..self.limits.clone() })
    }

    async fn ask(
        &self,
        (url, address): (&Url, SocketAddr),
        fields: &HeaderMap,
        trust: Trust,
        stopwatch: Stopwatch,
        place: &mut Place,
    ) -> Result<(Response, Tls), (Failure, Tls)> {
        let whole = self.limits.timeout;
        let asking = self.answer(url, address, fields, trust);
        let (to, answer, tls) = tokio::time::timeout(whole, asking)
            .await
            .unwrap_or_else(|_elapsed| Err((timed_out(whole), Tls::default())))?;
        let checked = answer::check(&answer, address);
        if checked.is_err() || answer::has_two_lengths(&answer) {
            self.clients.forget(&to);
        }
        checked.map_err(|detail| (Failure { kind: FailureKind::Protocol, detail }, tls.clone()))?;
        let limits = self.limits_of(url);
        Ok((answer::read(answer, stopwatch, &limits, &self.places, place).await, tls))
    }

    /// The response's head, where it came from, and by which way.
    async fn answer(
        &self,
        url: &Url,
        address: SocketAddr,
        fields: &HeaderMap,
        trust: Trust,
    ) -> Result<(Destination, reqwest::Response, Tls), (Failure, Tls)> {
        let target = request::target(url, address).map_err(|failure| (failure, Tls::default()))?;
        let authority = request::authority(url);
        let may_be_http2 = request::authority(&target) == authority;
        let portal =
            (url.scheme() == "https").then_some(ways::Portal { authority, address, trust });
        if portal.is_some() && !self.clients.has_roots && trust == Trust::Verified {
            let failure = Failure { kind: FailureKind::Tls, detail: NO_ROOTS.to_owned() };
            return Err((failure, Tls::default()));
        }
        let mut way = portal.as_ref().map(|portal| self.known.way(portal)).unwrap_or_default();
        loop {
            let to = Destination {
                host: url.host_str().unwrap_or_default().to_owned(),
                address,
                by_openssl: way.openssl,
                is_unverified: way.accepted_though.is_some(),
                may_be_http2,
            };
            match self.head(&to, target.clone(), fields.clone()).await {
                Ok(answer) => {
                    if let Some(portal) = portal {
                        self.known.remember(portal, &way);
                    }
                    return Ok((to, answer, way));
                }
                Err(unanswered) => {
                    way = ways::after(&way, &unanswered, trust).ok_or_else(|| {
                        let tls = if unanswered.is_connected { way } else { Tls::default() };
                        (unanswered.failure, tls)
                    })?;
                }
            }
        }
    }

    async fn head(
        &self,
        to: &Destination,
        target: Url,
        fields: HeaderMap,
    ) -> Result<reqwest::Response, Unanswered> {
        let client = self.clients.of(to).map_err(|error| Unanswered::from(&error))?;
        // Connecting has its own limit within this one.
        let wait = self.limits.connect_timeout.saturating_add(self.limits.read_timeout);
        match tokio::time::timeout(wait, client.get(target).headers(fields).send()).await {
            Ok(answer) => answer.map_err(|error| Unanswered::from(&error)),
            Err(_elapsed) => Err(timed_out(wait).into()),
        }
    }
}

fn timed_out(after: Duration) -> Failure {
    let detail = format!("no response head within {after:?}");
    Failure { kind: FailureKind::Timeout, detail }
}

pub(super) fn forbidden(refused: &Refused) -> Failure {
    Failure { kind: FailureKind::Forbidden, detail: refused.to_string() }
}
