//! One connection: made to one address, spoken HTTP on, and closed when it is dropped.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::header::{HOST, HeaderMap};
use hyper::rt::Executor;
use hyper::{Request, Response, Uri, Version};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;
use url::Url;

use super::Trust;
use super::dial::Dial;
use super::limits::{HEAD_BYTES, HEAD_FIELDS, READ_AHEAD_BYTES, WINDOW_BYTES};
use super::metered::{Allowance, Metered};
use super::tls::{Duplex, Secured, Ways};
use crate::exchange::{Failure, FailureKind, Tls};

/// What a connection is for; one that was made for another is not used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Destination {
    /// The host of the URL, as the certificate must name it.
    pub(super) host: String,
    pub(super) address: SocketAddr,
    /// Whether by TLS, and with what certificate.
    pub(super) trust: Option<Trust>,
}

/// A connection that is open, or was a moment ago.
#[derive(Debug)]
pub(super) struct Connection {
    sender: Sender,
    allowance: Allowance,
    pub(super) tls: Tls,
    tasks: Tasks,
}

#[derive(Debug)]
enum Sender {
    Http1(http1::SendRequest<Empty<Bytes>>),
    Http2(http2::SendRequest<Empty<Bytes>>),
}

/// Why there is no response head.
pub(super) enum Unanswered {
    /// The connection was closed before anything was sent on it.
    NotSent,
    /// It failed so.
    Failed(Failure),
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Failed(failure) => failure,
            Unanswered::NotSent => protocol("the server closed the connection at once".to_owned()),
        }
    }
}

impl Connection {
    /// Connects to the destination's address and to no other, within `timeout`; it begins anew where TLS
    /// needs a second way.
    pub(super) async fn open(
        to: &Destination,
        ways: &Ways,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let dial = Dial { address: to.address, timeout };
        let Some(trust) = to.trust else {
            let plain: Box<dyn Duplex> = Box::new(dial.connect().await?);
            return Self::speak(Secured { stream: plain, is_http2: false, tls: Tls::default() })
                .await;
        };
        // Neither the dot at the end of a name nor the brackets around an address are in a certificate.
        let host = to.host.trim_end_matches('.').trim_matches(['[', ']']);
        Self::speak(ways.secure(host, trust, dial).await?).await
    }

    async fn speak(secured: Secured) -> Result<Self, Failure> {
        let Secured { stream, is_http2, tls } = secured;
        let allowance = Allowance::default();
        allowance.before_head();
        let io = TokioIo::new(Metered::new(stream, allowance.clone()));
        let tasks = Tasks::default();
        let sender = if is_http2 {
            let (sender, connection) =
                http2(tasks.clone()).handshake(io).await.map_err(|error| not_http(&error))?;
            tasks.execute(quietly(connection));
            Sender::Http2(sender)
        } else {
            let (sender, connection) =
                http1().handshake(io).await.map_err(|error| not_http(&error))?;
            tasks.execute(quietly(connection));
            Sender::Http1(sender)
        };
        Ok(Self { sender, allowance, tls, tasks })
    }

    /// Sends a GET; the response with its head, its body still to come.
    pub(super) async fn get(
        &mut self,
        url: &Url,
        fields: &HeaderMap,
    ) -> Result<Response<Incoming>, Unanswered> {
        let is_http2 = matches!(self.sender, Sender::Http2(_));
        let request = request(url, fields, is_http2)
            .map_err(|error| Unanswered::Failed(protocol(format!("no request target: {error}"))))?;
        self.allowance.before_head();
        let sent = match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await.map_err(|_closed| Unanswered::NotSent)?;
                sender.try_send_request(request).await
            }
            Sender::Http2(sender) => {
                sender.ready().await.map_err(|_closed| Unanswered::NotSent)?;
                sender.try_send_request(request).await
            }
        };
        let response = sent.map_err(unanswered)?;
        self.allowance.of_body();
        Ok(response)
    }

    /// Whether it is of no more use.
    pub(super) fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }
}

impl Drop for Connection {
    /// Nothing goes on behind an exchange that has ended.
    fn drop(&mut self) {
        self.tasks.0.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

/// The tasks by which a connection lives.
#[derive(Debug, Clone, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, task: F) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).spawn(task);
    }
}

async fn quietly(connection: impl Future<Output = hyper::Result<()>>) {
    if let Err(error) = connection.await {
        // Whoever waits for an answer is told the same.
        tracing::trace!(%error, "a connection ended");
    }
}

fn http1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .title_case_headers(true)
        .ignore_invalid_headers_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .max_headers(HEAD_FIELDS)
        .max_header_size(HEAD_BYTES)
        .max_buf_size(READ_AHEAD_BYTES);
    builder
}

fn http2(tasks: Tasks) -> http2::Builder<Tasks> {
    let mut builder = http2::Builder::new(tasks);
    builder
        .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX))
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES);
    builder
}

fn request(
    url: &Url,
    fields: &HeaderMap,
    is_http2: bool,
) -> Result<Request<Empty<Bytes>>, hyper::http::uri::InvalidUri> {
    let mut fields = fields.clone();
    let uri = if is_http2 {
        // Its `:authority` says the host (RFC 9113, section 8.3.1).
        fields.remove(HOST);
        url.as_str().split('#').next().unwrap_or_default().parse::<Uri>()?
    } else {
        super::request::target(url).parse::<Uri>()?
    };
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = uri;
    *request.headers_mut() = fields;
    *request.version_mut() = if is_http2 { Version::HTTP_2 } else { Version::HTTP_11 };
    Ok(request)
}

fn unanswered(error: TrySendError<Request<Empty<Bytes>>>) -> Unanswered {
    if error.message().is_some() {
        return Unanswered::NotSent;
    }
    Unanswered::Failed(not_http(&error.into_error()))
}

fn not_http(error: &hyper::Error) -> Failure {
    protocol(innermost(error))
}

fn protocol(detail: String) -> Failure {
    Failure { kind: FailureKind::Protocol, detail }
}

/// What stands at the root of an error.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
