//! Sends one request and collects what comes back, within the limits of `[fetch]` and of `limits`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{self, HeaderMap};
use hyper::{StatusCode, Version};
use openssl::error::ErrorStack;
use tokio::sync::Semaphore;
use url::Url;

use super::connection::{Connection, Destination, Unanswered};
use super::guard::{self, Refused};
use super::limits::LARGE_BODIES;
use super::pool::Pool;
use super::resolve::Resolver;
use super::tls::Ways;
use super::{body, coding, request};
use crate::canonical;
use crate::clock::{self, Stopwatch};
use crate::config::{self, Config};
use crate::exchange::{self, Ending, Exchange, Failure, FailureKind, Response, Tls};
use crate::politeness::Permit;

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
    ways: Ways,
    pool: Pool,
    large_bodies: Semaphore,
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
    OpenSsl(#[source] ErrorStack),
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
        Self::over(Ways::new()?, config, contact)
    }

    pub(super) fn over(ways: Ways, config: &Config, contact: &str) -> Result<Self, FetchError> {
        Ok(Self(Arc::new(Inner {
            resolver: Resolver::new(config).map_err(FetchError::Resolver)?,
            network: config.network.clone(),
            limits: config.fetch.clone(),
            ways,
            pool: Pool::default(),
            large_bodies: Semaphore::new(LARGE_BODIES),
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
    /// the URL are dropped.
    pub async fn fetch(
        &self,
        permit: Permit,
        url: Url,
        address: SocketAddr,
        validators: &Validators,
        trust: Trust,
    ) -> Exchange {
        drop(permit);
        let url = canonical::spelling(&url);
        let fields = request::fields(&self.0.identity, &url, validators);
        let to = Destination {
            host: url.host_str().unwrap_or_default().to_owned(),
            address,
            trust: (url.scheme() == "https").then_some(trust),
        };
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
        let answered = match self.0.check(&exchange.url, address) {
            Ok(()) => self.0.ask(&exchange.url, to, &fields, stopwatch).await,
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
        exchange
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

    async fn ask(
        &self,
        url: &Url,
        to: Destination,
        fields: &HeaderMap,
        stopwatch: Stopwatch,
    ) -> Result<(Response, Tls), (Failure, Tls)> {
        let whole = self.limits.timeout;
        let asking = self.answer(url, &to, fields);
        let (connection, answer) = tokio::time::timeout(whole, asking)
            .await
            .unwrap_or_else(|_elapsed| Err((timed_out(whole), Tls::default())))?;
        let tls = connection.tls.clone();
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            let detail =
                "status 101: it speaks another protocol, which nobody asked for".to_owned();
            return Err((Failure { kind: FailureKind::Protocol, detail }, tls));
        }
        let (response, is_whole) = self.response(answer, stopwatch).await;
        if is_whole {
            self.pool.keep(to, connection);
        }
        Ok((response, tls))
    }

    /// The response's head, and the connection that its body comes on: one that was idle, or a new one.
    async fn answer(
        &self,
        url: &Url,
        to: &Destination,
        fields: &HeaderMap,
    ) -> Result<(Connection, hyper::Response<Incoming>), (Failure, Tls)> {
        if let Some(mut connection) = self.pool.take(to) {
            match self.head(&mut connection, url, fields).await {
                // The server closed it while it was idle; nothing went over the wire.
                Err(Unanswered::NotSent) => {}
                Err(Unanswered::Failed(failure)) => return Err((failure, connection.tls.clone())),
                Ok(answer) => return Ok((connection, answer)),
            }
        }
        let opened = Connection::open(to, &self.ways, self.limits.connect_timeout).await;
        let mut connection = opened.map_err(|failure| (failure, Tls::default()))?;
        match self.head(&mut connection, url, fields).await {
            Ok(answer) => Ok((connection, answer)),
            Err(unanswered) => Err((unanswered.into(), connection.tls.clone())),
        }
    }

    async fn head(
        &self,
        connection: &mut Connection,
        url: &Url,
        fields: &HeaderMap,
    ) -> Result<hyper::Response<Incoming>, Unanswered> {
        let wait = self.limits.read_timeout;
        tokio::time::timeout(wait, connection.get(url, fields))
            .await
            .unwrap_or_else(|_elapsed| Err(Unanswered::Failed(timed_out(wait))))
    }

    /// The response, and whether it came to its end in a way that leaves the connection good for another.
    async fn response(
        &self,
        answer: hyper::Response<Incoming>,
        stopwatch: Stopwatch,
    ) -> (Response, bool) {
        let (head, mut body) = answer.into_parts();
        let (wire, cut) =
            body::collect(&mut body, stopwatch, &self.limits, &self.large_bodies).await;
        // Who says two lengths may have meant the other (RFC 9112, section 6.3).
        let is_clear = !(head.headers.contains_key(header::TRANSFER_ENCODING)
            && head.headers.contains_key(header::CONTENT_LENGTH));
        let is_whole = cut.is_none() && is_clear;
        let reason = head.extensions.get::<hyper::ext::ReasonPhrase>().map_or_else(
            || head.status.canonical_reason().unwrap_or_default().as_bytes().to_vec(),
            |reason| reason.as_bytes().to_vec(),
        );
        let fields: Vec<(String, Vec<u8>)> = head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect();
        let wire_length = wire.len() as u64;
        let codings = all_values(&fields, header::CONTENT_ENCODING.as_str());
        let decoded = coding::undo(codings.as_deref(), wire, self.limits.max_body);
        let response = Response {
            protocol: protocol(head.version),
            status: head.status.as_u16(),
            reason,
            fields,
            payload: decoded.bytes,
            coding: decoded.coding,
            wire_length,
            // A body that was cut breaks off its coding too: the cut is the reason.
            truncated: cut.or(decoded.truncated),
        };
        (response, is_whole)
    }
}

fn timed_out(after: Duration) -> Failure {
    let detail = format!("no response head within {after:?}");
    Failure { kind: FailureKind::Timeout, detail }
}

pub(super) fn forbidden(refused: &Refused) -> Failure {
    Failure { kind: FailureKind::Forbidden, detail: refused.to_string() }
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    }
}

/// All values of a field as one list (RFC 9110, section 5.3).
fn all_values(fields: &[(String, Vec<u8>)], name: &str) -> Option<String> {
    let values: Vec<_> = fields
        .iter()
        .filter(|(field, _)| field == name)
        .map(|(_, value)| String::from_utf8_lossy(value))
        .collect();
    Some(values.join(", ")).filter(|joined| !joined.is_empty())
}
