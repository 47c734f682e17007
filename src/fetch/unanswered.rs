//! Why no answer came: reqwest's error, sorted by what stands at its root.

use std::error::Error;
use std::io;
use std::iter;

use crate::exchange::{Failure, FailureKind};

/// What hyper-util says of a connection that TCP did not make; its type is not public.
const NO_TCP: &str = "tcp connect error";

/// reqwest does not tell what of it took so long.
const NOT_IN_TIME: &str = "no connection, TLS included, within `fetch.connect_timeout`";

/// What OpenSSL says when it refuses a certificate.
const NOT_VERIFIED: &str = "certificate verify failed";

/// rustls says no more than `UnknownIssuer`.
const UNKNOWN_ISSUER: &str = "unknown issuer: it is self-signed, its CA is not trusted, or the server does not send its whole chain";

/// A request without an answer.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) failure: Failure,
    /// The two sides have no protocol or cipher in common: another TLS library may.
    pub(super) is_incompatible: bool,
    /// The connection was made; what failed came after.
    pub(super) is_connected: bool,
}

impl From<Failure> for Unanswered {
    fn from(failure: Failure) -> Self {
        let is_connected = matches!(failure.kind, FailureKind::Protocol | FailureKind::Timeout);
        Self { failure, is_incompatible: false, is_connected }
    }
}

impl From<&reqwest::Error> for Unanswered {
    fn from(error: &reqwest::Error) -> Self {
        if !error.is_connect() {
            return Failure { kind: FailureKind::Protocol, detail: innermost(error) }.into();
        }
        if error.is_timeout() {
            return Failure { kind: FailureKind::Connect, detail: NOT_IN_TIME.to_owned() }.into();
        }
        let of_tls = causes(error).find_map(|cause| {
            let rustls = cause.downcast_ref().map(of_rustls);
            rustls.or_else(|| cause.downcast_ref().map(of_openssl))
        });
        of_tls.unwrap_or_else(|| {
            let is_https = error.url().is_some_and(|url| url.scheme() == "https");
            let has_tcp = !causes(error).any(|cause| cause.to_string() == NO_TCP);
            let kind = if is_https && has_tcp { FailureKind::Tls } else { FailureKind::Connect };
            Failure { kind, detail: innermost(error) }.into()
        })
    }
}

fn of_rustls(error: &rustls::Error) -> Unanswered {
    let (kind, detail, is_incompatible) = match error {
        rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => {
            (FailureKind::Certificate, UNKNOWN_ISSUER.to_owned(), false)
        }
        rustls::Error::InvalidCertificate(why) => {
            (FailureKind::Certificate, why.to_string(), false)
        }
        rustls::Error::NoCertificatesPresented => {
            (FailureKind::Certificate, error.to_string(), false)
        }
        rustls::Error::PeerIncompatible(_)
        | rustls::Error::PeerMisbehaved(_)
        | rustls::Error::AlertReceived(_) => (FailureKind::Tls, error.to_string(), true),
        _ => (FailureKind::Tls, error.to_string(), false),
    };
    Unanswered { is_incompatible, ..Failure { kind, detail }.into() }
}

fn of_openssl(error: &native_tls::Error) -> Unanswered {
    let words = error.to_string();
    if !words.contains(NOT_VERIFIED) {
        return Failure { kind: FailureKind::Tls, detail: words }.into();
    }
    // What is wrong with it stands in brackets at the end.
    let why = words.rsplit_once(" (").map(|(_, why)| why.trim_end_matches(')').to_owned());
    Failure { kind: FailureKind::Certificate, detail: why.unwrap_or(words) }.into()
}

fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// An error and what it comes from. An `io::Error` passes over the error that it wraps.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |cause: &&'a (dyn Error + 'static)| {
        let cause: &'a (dyn Error + 'static) = *cause;
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        }
    })
}
