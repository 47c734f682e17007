//! The request: who asks, what for and where, and what we had of it last.

use std::net::SocketAddr;

use reqwest::header::{self, HeaderMap, HeaderValue};
use url::Url;

use super::{FetchError, Validators, guard};
use crate::exchange::{Failure, FailureKind};

const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const ACCEPT_ENCODING: &str = "gzip, deflate, br, zstd";
const ACCEPT_LANGUAGE: &str = "zh-CN,zh;q=0.9,en;q=0.5";

/// The fields of every request.
pub(super) fn identity(contact: &str) -> Result<HeaderMap, FetchError> {
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

/// The fields of one request.
pub(super) fn fields(identity: &HeaderMap, url: &Url, validators: &Validators) -> HeaderMap {
    let mut fields = identity.clone();
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

/// The request's head as it goes over an HTTP/1.1 wire.
pub(super) fn head(url: &Url, fields: &HeaderMap) -> Vec<u8> {
    // RFC 9112, section 3.2.1.
    let (path, query) =
        (url.path(), url.query().map_or_else(String::new, |query| format!("?{query}")));
    let mut head = format!("GET {path}{query} HTTP/1.1\r\n").into_bytes();
    for (name, value) in fields {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// The URL by which reqwest goes to `address`: with its port, and where no certificate has to name the host,
/// its IP address.
pub(super) fn target(url: &Url, address: SocketAddr) -> Result<Url, Failure> {
    let mut target = url.clone();
    let mut is_led = target.set_port(Some(address.port())).is_ok();
    if url.scheme() == "http" {
        is_led &= target.set_ip_host(address.ip()).is_ok();
    } else if let Some(written) = guard::literal_address(url) {
        // reqwest goes to what is written.
        is_led &= written.to_canonical() == address.ip().to_canonical();
    } else if let Some(name) = url.host_str().and_then(|host| host.strip_suffix('.')) {
        // The dot at the end of a name is in no certificate.
        is_led &= target.set_host(Some(name)).is_ok();
    }
    if is_led {
        return Ok(target);
    }
    let detail = format!(
        "`network.connect_to` leads from {} to {address}: by https it can lead from a name, and not from an address",
        authority(url)
    );
    Err(Failure { kind: FailureKind::Connect, detail })
}

/// Host and port, as the `Host` field says them.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
