//! Sends one request and collects what comes back, within the limits of `[fetch]`.

use std::collections::HashMap;
use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{self, HeaderMap, HeaderValue};
use tokio::sync::Semaphore;
use url::Url;

use super::coding;
use super::guard::{self, Refused};
use super::resolve;
use crate::clock::{self, Stopwatch};
use crate::config::{self, Config};
use crate::exchange::{self, Ending, Exchange, Failure, FailureKind, Response, Tls, Truncated};
use crate::politeness::Permit;

/// Bodies beyond this size wait for one of [`LARGE_BODIES`] places, so that memory is bounded by a
/// few large bodies and not by one for each host that is asked.
const LARGE_BODY_BYTES: usize = 1 << 20;

/// So many bodies over [`LARGE_BODY_BYTES`] are read at once.
const LARGE_BODIES: usize = 4;

/// Idle connections are kept a little longer than most delays and closed before most servers
/// close them: a request on a connection that the server has just closed is a request lost.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);

/// More response fields than this are refused by the client library.
const MAX_FIELDS: usize = 512;

const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const ACCEPT_ENCODING: &str = "gzip, deflate, br, zstd";
const ACCEPT_LANGUAGE: &str = "zh-CN,zh;q=0.9,en;q=0.5";

/// What the server said of the page when we had it last, sent back to it (RFC 9110, section 13.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// Sent as `If-None-Match`.
    pub etag: Option<String>,
    /// Sent as `If-Modified-Since`.
    pub last_modified: Option<String>,
}

/// What certificate a host must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// One that verifies.
    Verified,
    /// One that verifies, or where it does not, any: its seed says so.
    BrokenAllowed,
}

/// Asks for URLs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: reqwest::Client,
    network: Arc<config::Network>,
    pinned: Pinned,
    limits: config::Fetch,
    large_bodies: Arc<Semaphore>,
    fields: HeaderMap,
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
    /// The HTTP client could not be set up.
    #[error("cannot set up the HTTP client")]
    Client(#[source] reqwest::Error),
}

impl Fetcher {
    /// A fetcher that introduces itself as the configuration says.
    ///
    /// # Errors
    /// When the contact cannot be sent, or the client library finds no TLS roots.
    pub fn new(config: &Config, contact: &str) -> Result<Self, FetchError> {
        let pinned = Pinned::default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(config.fetch.connect_timeout)
            .read_timeout(config.fetch.read_timeout)
            .pool_idle_timeout(IDLE_CONNECTION)
            .http1_title_case_headers()
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_max_headers(MAX_FIELDS)
            .dns_resolver(Arc::new(pinned.clone()))
            .build()
            .map_err(FetchError::Client)?;
        Ok(Self {
            client,
            network: Arc::new(config.network.clone()),
            pinned,
            limits: config.fetch.clone(),
            large_bodies: Arc::new(Semaphore::new(LARGE_BODIES)),
            fields: identity_fields(contact)?,
        })
    }

    /// The addresses at which `url` may be asked, each with the port to connect to: by
    /// `network.connect_to`, by what is written out in the URL, or by name. Those of a name that are
    /// neither public nor allowed are left out; IPv4 comes first.
    ///
    /// # Errors
    /// When the URL is refused (its scheme, its port, its address), when no address of the name may be
    /// asked, when it has none, or when that is not known within `fetch.dns_timeout`.
    pub async fn resolve(&self, url: &Url) -> Result<Vec<SocketAddr>, Failure> {
        resolve::addresses(&self.network, self.limits.dns_timeout, url).await
    }

    /// Asks for `url` once, at `address` and nowhere else. Never fails: what went wrong is how the
    /// exchange ended.
    pub async fn fetch(
        &self,
        permit: Permit,
        url: Url,
        address: SocketAddr,
        validators: &Validators,
        trust: Trust,
    ) -> Exchange {
        drop((permit, trust));
        let fields = self.request_fields(&url, validators);
        let mut exchange = Exchange {
            request: request_head(&url, &fields),
            url,
            started: clock::now(),
            elapsed: Duration::ZERO,
            address: Some(address),
            tls: Tls::default(),
            ending: Ending::Failed(Failure { kind: FailureKind::Timeout, detail: String::new() }),
        };
        let stopwatch = Stopwatch::start();
        exchange.ending = match self.ask(&exchange.url, address, fields, stopwatch).await {
            Ok(response) => Ending::Answered(response),
            Err(failure) => Ending::Failed(failure),
        };
        exchange.elapsed = exchange::whole_millis(stopwatch.elapsed());
        exchange
    }

    async fn ask(
        &self,
        url: &Url,
        address: SocketAddr,
        fields: HeaderMap,
        stopwatch: Stopwatch,
    ) -> Result<Response, Failure> {
        let target = self.target(url, address).map_err(|error| forbidden(&error))?;
        let request = self.client.get(target).headers(fields).send();
        let mut answer = match tokio::time::timeout(self.limits.timeout, request).await {
            Ok(answer) => answer.map_err(|error| failure(&error))?,
            Err(_elapsed) => return Err(self.timed_out()),
        };
        let (protocol, status) = (protocol(answer.version()), answer.status());
        let reason = answer.extensions().get::<hyper::ext::ReasonPhrase>().map_or_else(
            || status.canonical_reason().unwrap_or_default().as_bytes().to_vec(),
            |reason| reason.as_bytes().to_vec(),
        );
        let fields: Vec<(String, Vec<u8>)> = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect();
        let (wire, cut) = self.body(&mut answer, stopwatch).await;
        let wire_length = wire.len() as u64;
        let codings = all_values(&fields, header::CONTENT_ENCODING.as_str());
        let decoded = coding::undo(codings.as_deref(), wire, self.limits.max_body);
        Ok(Response {
            protocol,
            status: status.as_u16(),
            reason,
            fields,
            payload: decoded.bytes,
            coding: decoded.coding,
            wire_length,
            // A body that was cut breaks off its coding too: the cut is the reason.
            truncated: cut.or(decoded.truncated),
        })
    }

    /// Where the request really goes.
    fn target(&self, url: &Url, address: SocketAddr) -> Result<Url, Refused> {
        guard::check_url(&self.network, url)?;
        guard::check_address(&self.network, url, address.ip())?;
        let mut target = url.clone();
        if url.scheme() == "http" {
            let moved = target
                .set_ip_host(address.ip())
                .and_then(|()| target.set_port(Some(address.port())));
            debug_assert!(moved.is_ok(), "an http URL takes any address");
        } else {
            self.pinned.set(url.host_str().unwrap_or_default(), address);
        }
        Ok(target)
    }

    fn request_fields(&self, url: &Url, validators: &Validators) -> HeaderMap {
        let mut fields = self.fields.clone();
        let mut set = |name, value: &str| match HeaderValue::from_str(value) {
            Ok(value) => drop(fields.insert(name, value)),
            Err(error) => tracing::debug!(%url, %error, "a validator that cannot be sent back"),
        };
        set(header::HOST, &authority(url));
        if let Some(etag) = &validators.etag {
            set(header::IF_NONE_MATCH, etag);
        }
        if let Some(last_modified) = &validators.last_modified {
            set(header::IF_MODIFIED_SINCE, last_modified);
        }
        fields
    }

    /// The body as it crosses the wire, up to the cap and the deadline; what came is kept.
    async fn body(
        &self,
        answer: &mut reqwest::Response,
        stopwatch: Stopwatch,
    ) -> (Vec<u8>, Option<Truncated>) {
        let cap = usize::try_from(self.limits.max_body).unwrap_or(usize::MAX);
        let mut deadline = self.limits.timeout;
        let mut large = None;
        let mut wire = Vec::new();
        loop {
            let left = deadline.saturating_sub(stopwatch.elapsed());
            let part = match tokio::time::timeout(left, answer.chunk()).await {
                Ok(Ok(Some(part))) => part,
                Ok(Ok(None)) => return (wire, None),
                Ok(Err(error)) if error.is_timeout() => return (wire, Some(Truncated::Time)),
                Ok(Err(_disconnected)) => return (wire, Some(Truncated::Disconnect)),
                Err(_elapsed) => return (wire, Some(Truncated::Time)),
            };
            let room = cap.saturating_sub(wire.len());
            wire.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
            if part.len() > room {
                return (wire, Some(Truncated::Length));
            }
            if wire.len() > LARGE_BODY_BYTES && large.is_none() {
                // Waiting for a place is our own doing: the server's time stands still meanwhile.
                let before = stopwatch.elapsed();
                large = self.large_bodies.acquire().await.ok();
                deadline += stopwatch.elapsed().saturating_sub(before);
            }
        }
    }

    fn timed_out(&self) -> Failure {
        Failure {
            kind: FailureKind::Timeout,
            detail: format!("no response head within {:?}", self.limits.timeout),
        }
    }
}

fn identity_fields(contact: &str) -> Result<HeaderMap, FetchError> {
    let wrong = |_| FetchError::Contact { contact: contact.to_owned() };
    let agent = format!("gongkai/{} (+{contact})", env!("CARGO_PKG_VERSION"));
    let mut fields = HeaderMap::new();
    fields.insert(header::USER_AGENT, HeaderValue::from_str(&agent).map_err(wrong)?);
    fields.insert(header::FROM, HeaderValue::from_str(contact).map_err(wrong)?);
    fields.insert(header::ACCEPT, HeaderValue::from_static(ACCEPT));
    fields.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(ACCEPT_LANGUAGE));
    fields.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(ACCEPT_ENCODING));
    Ok(fields)
}

/// The request's head as it goes over an HTTP/1.1 wire.
fn request_head(url: &Url, fields: &HeaderMap) -> Vec<u8> {
    let mut head = format!("GET {}", url.path()).into_bytes();
    if let Some(query) = url.query() {
        head.extend_from_slice(b"?");
        head.extend_from_slice(query.as_bytes());
    }
    head.extend_from_slice(b" HTTP/1.1\r\n");
    for (name, value) in fields {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn protocol(version: reqwest::Version) -> &'static str {
    match version {
        reqwest::Version::HTTP_10 => "HTTP/1.0",
        reqwest::Version::HTTP_2 => "HTTP/2",
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

/// Sorts an error of the client library by what stands at its root.
fn failure(error: &reqwest::Error) -> Failure {
    let mut detail = String::new();
    let mut tls = false;
    let mut source = error.source();
    while let Some(cause) = source {
        tls |=
            cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref).is_some_and(
                <dyn std::error::Error + std::marker::Send + std::marker::Sync + 'static>::is::<
                    rustls::Error,
                >,
            );
        detail = cause.to_string();
        source = cause.source();
    }
    let kind = match () {
        () if tls => FailureKind::Tls,
        // A connection that times out is a connection that was not made.
        () if error.is_connect() => FailureKind::Connect,
        () if error.is_timeout() => FailureKind::Timeout,
        () => FailureKind::Protocol,
    };
    Failure { kind, detail: if detail.is_empty() { error.to_string() } else { detail } }
}

pub(super) fn forbidden(refused: &Refused) -> Failure {
    Failure { kind: FailureKind::Forbidden, detail: refused.to_string() }
}

/// The resolver that the client library is given: it knows the addresses that were decided on.
#[derive(Debug, Clone, Default)]
struct Pinned(Arc<Mutex<HashMap<String, SocketAddr>>>);

impl Pinned {
    fn set(&self, host: &str, address: SocketAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned(), address);
    }
}

impl Resolve for Pinned {
    fn resolve(&self, name: Name) -> Resolving {
        let known =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name.as_str()).copied();
        Box::pin(async move { Ok(Box::new(known.into_iter()) as Addrs) })
    }
}
