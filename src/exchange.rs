//! One request and what came of it, as a value: the archive keeps it, everything after reads it.
//! A failure is an `Exchange` that ended so, never an error.

use std::net::SocketAddr;
use std::time::Duration;

use url::Url;

use crate::clock::Moment;

/// One request and its ending.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What was asked for, in the spelling that went over the wire.
    pub url: Url,
    /// When the request was sent.
    pub started: Moment,
    /// From the request to the last byte, or to the failure, in whole milliseconds, the last one begun
    /// counted as one: as the archive keeps it, so that what is concluded from it can be concluded again.
    pub elapsed: Duration,
    /// The peer that was asked, whether it answered or not; none when its name did not resolve, or what
    /// it resolved to may not be asked.
    pub address: Option<SocketAddr>,
    /// How the connection was secured, where that is out of the ordinary.
    pub tls: Tls,
    /// The request's head as sent: request line and fields, with the empty line at its end.
    pub request: Vec<u8>,
    /// What came of it.
    pub ending: Ending,
}

/// A started millisecond counts as one: `started` is cut to the millisecond as well, so that their sum
/// would fall short of the true end by up to two, and the next request come too early by as much.
pub(crate) fn whole_millis(elapsed: Duration) -> Duration {
    Duration::from_millis(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).saturating_add(1))
}

/// What is out of the ordinary about the security of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// rustls refused the server's protocol or ciphers, and OpenSSL took them.
    pub openssl: bool,
    /// What is wrong with the certificate that was accepted all the same, since the seed allows it.
    pub accepted_though: Option<String>,
}

impl Exchange {
    /// The exchange that came to nothing because its name did not resolve, or resolved to what may not be
    /// asked: nothing was sent. `elapsed`: what finding that out took.
    pub fn unresolved(url: Url, started: Moment, elapsed: Duration, failure: Failure) -> Self {
        Self {
            url,
            started,
            elapsed: whole_millis(elapsed),
            address: None,
            tls: Tls::default(),
            request: Vec::new(),
            ending: Ending::Failed(failure),
        }
    }

    /// When the last byte came, or the failure.
    pub fn finished(&self) -> Moment {
        self.started.after(self.elapsed)
    }
}

/// How an exchange ended.
#[derive(Debug, Clone)]
pub enum Ending {
    /// A response head arrived, and a body or part of one.
    Answered(Response),
    /// No response head arrived.
    Failed(Failure),
}

/// A response: the head as received, the body with its content coding undone.
#[derive(Debug, Clone)]
pub struct Response {
    /// `HTTP/1.0`, `HTTP/1.1` or `HTTP/2`: the protocol that was spoken.
    pub protocol: &'static str,
    /// The status code.
    pub status: u16,
    /// The reason phrase as received; empty for HTTP/2.
    pub reason: Vec<u8>,
    /// Field names and values, in the order received, values byte for byte.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The payload: the body with transfer and content coding undone.
    pub payload: Vec<u8>,
    /// The content codings that were undone, as the server named them (`gzip`); none for identity.
    pub coding: Option<String>,
    /// How many body bytes crossed the wire (transfer coding undone, content coding not).
    pub wire_length: u64,
    /// Why the payload is shorter than what the server meant to send, if it is.
    pub truncated: Option<Truncated>,
}

impl Response {
    /// The first field of that name (in lower case) as text, if it is visible ASCII or UTF-8.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| std::str::from_utf8(value).ok())
            .map(str::trim)
    }
}

/// The statuses by which a host asks to be left alone (RFC 6585, section 4; RFC 9110, 15.6.4).
pub fn asks_for_peace(status: u16) -> bool {
    matches!(status, 429 | 503)
}

/// Why a payload is incomplete: the values of `WARC-Truncated` (WARC 1.1, clause 5.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncated {
    /// It reached `fetch.max_body`, on the wire or when decoded.
    Length,
    /// It took longer than `fetch.timeout`.
    Time,
    /// The connection ended before the body did, or the coding broke off.
    Disconnect,
}

impl Truncated {
    /// The word that stands in the WARC record and in the index.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Time => "time",
            Self::Disconnect => "disconnect",
        }
    }

    /// Whether another time it may come whole, so that what came is worse than a whole one that came before. What
    /// is too long is cut the same each time.
    pub fn broke_off(self) -> bool {
        matches!(self, Self::Time | Self::Disconnect)
    }

    /// The reason with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Length, Self::Time, Self::Disconnect].into_iter().find(|one| one.as_str() == word)
    }
}

/// Why no response arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind, for counting and for deciding what to do.
    pub kind: FailureKind,
    /// What exactly happened, for people.
    pub detail: String,
}

/// The kinds of failure, each with one word that stands in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The name did not resolve.
    Dns,
    /// The address is not public, or the port not one of the web, and `[network]` does not allow it.
    Forbidden,
    /// The connection was refused, reset or not made in time.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The server's certificate does not verify.
    Certificate,
    /// Connected, but no response head came in time.
    Timeout,
    /// What came was not HTTP, or the connection ended before the head did.
    Protocol,
}

impl FailureKind {
    /// The word that stands in the archive and in the index.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Forbidden => "forbidden_address",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Certificate => "certificate",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
        }
    }

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Dns,
            Self::Forbidden,
            Self::Connect,
            Self::Tls,
            Self::Certificate,
            Self::Timeout,
            Self::Protocol,
        ]
        .into_iter()
        .find(|one| one.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_is_never_shorter_than_the_truth_by_more_than_the_millisecond_of_its_start() {
        for micros in [0, 1, 999, 1_000, 1_001, 59_999_999] {
            let truth = Duration::from_micros(micros);
            let kept = whole_millis(truth);
            assert!(
                kept > truth && kept <= truth + Duration::from_millis(1),
                "{truth:?}: {kept:?}"
            );
        }
    }
}
