//! What came back: its head is checked, its body read and decoded within the limits of `[fetch]` and of `limits`.

use std::net::SocketAddr;

use reqwest::{StatusCode, Version, header};

use super::body;
use super::coding::{self, Decoded};
use super::limits::{HEAD_BYTES, LARGE_BODY_BYTES};
use super::places::{Place, Places};
use crate::clock::Stopwatch;
use crate::config;
use crate::exchange::{Response, Truncated};

/// What makes a response head none that we asked for.
pub(super) fn check(answer: &reqwest::Response, address: SocketAddr) -> Result<(), String> {
    let peer = answer.remote_addr();
    let is_peer = |peer: SocketAddr| {
        peer.ip().to_canonical() == address.ip().to_canonical() && peer.port() == address.port()
    };
    if !peer.is_some_and(is_peer) {
        return Err(format!("{peer:?} answered, expected {address}"));
    }
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err("status 101: it speaks another protocol, which nobody asked for".to_owned());
    }
    // With `: ` and the end of the line.
    let bytes: usize =
        answer.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > HEAD_BYTES {
        return Err(format!("a response head of {bytes} bytes, expected at most {HEAD_BYTES}"));
    }
    Ok(())
}

/// Who says two lengths may have meant the other (RFC 9112, section 6.3): what comes next on its connection is
/// not to be trusted.
pub(super) fn has_two_lengths(answer: &reqwest::Response) -> bool {
    let fields = answer.headers();
    fields.contains_key(header::TRANSFER_ENCODING) && fields.contains_key(header::CONTENT_LENGTH)
}

/// The whole response. `exchange` has been running since the request began.
pub(super) async fn read(
    mut answer: reqwest::Response,
    exchange: Stopwatch,
    limits: &config::Fetch,
    places: &Places,
    place: &mut Place,
) -> Response {
    let (wire, cut) = body::collect(&mut answer, exchange, limits, places, place).await;
    let status = answer.status();
    let reason = answer.extensions().get::<hyper::ext::ReasonPhrase>().map_or_else(
        || status.canonical_reason().unwrap_or_default().as_bytes().to_vec(),
        |reason| reason.as_bytes().to_vec(),
    );
    let fields: Vec<(String, Vec<u8>)> = answer
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    let wire_length = wire.len() as u64;
    let codings = all_values(&fields, header::CONTENT_ENCODING.as_str());
    let decoded = decode(codings.as_deref(), wire, limits.max_body, places, place).await;
    Response {
        protocol: protocol(answer.version()),
        status: status.as_u16(),
        reason,
        fields,
        payload: decoded.bytes,
        coding: decoded.coding,
        wire_length,
        // A body that was cut breaks off its coding too: the cut is the reason.
        truncated: cut.or(decoded.truncated),
    }
}

/// Undoes the codings. A small body that unpacks to a large one waits for a place before it does.
async fn decode(
    codings: Option<&str>,
    wire: Vec<u8>,
    cap: u64,
    places: &Places,
    place: &mut Place,
) -> Decoded {
    let small = LARGE_BODY_BYTES as u64;
    if codings.is_some() && cap > small && !place.is_taken() {
        let decoded = coding::undo(codings, wire.clone(), small);
        if decoded.truncated != Some(Truncated::Length) {
            return decoded;
        }
        places.take(place).await;
    }
    coding::undo(codings, wire, cap)
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
