//! Faults of the bodies of responses (RFC 9112, sections 6 and 7), and of what follows them.

use super::{BROKEN_OFF, CHUNKED, FETCHED, NO_HTTP, OK, TOO_LONG, TOO_SLOW};
use crate::faults::fault::{Fault, page};
use crate::faults::plays::{drips, endlessly, falls_silent_after, floods, keeps_open, says};

/// Lengths.
pub(in crate::faults) fn lengths() -> Vec<Fault> {
    let ok = |fields: &str, body: &str| {
        says(format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{fields}\r\n\r\n{body}"))
    };
    let second = "<a href=/next.html>x</a>HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON";
    vec![
        page("length too large", ok("Content-Length: 99", "<p>"), BROKEN_OFF),
        page(
            "length too small",
            keeps_open(format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\r\n{second}"
            )),
            FETCHED,
        ),
        page("length below zero", ok("Content-Length: -3", "<p>"), NO_HTTP),
        page("length in words", ok("Content-Length: three", "<p>"), NO_HTTP),
        page(
            "length beyond 64 bits",
            ok("Content-Length: 99999999999999999999999", "<p>"),
            NO_HTTP,
        ),
        page("length of 16 exabytes", ok("Content-Length: 18446744073709551615", "<p>"), NO_HTTP),
        page("two lengths", ok("Content-Length: 3\r\nContent-Length: 4", "<p>x"), NO_HTTP),
        page(
            "length and chunks",
            keeps_open(
                CHUNKED.replace("\r\n\r\n", "\r\nContent-Length: 9\r\n\r\n")
                    + "18\r\n<a href=/next.html>x</a>\r\n0\r\n\r\nPOISON",
            ),
            FETCHED,
        ),
        page("unknown transfer coding", ok("Transfer-Encoding: nonsense", "<p>"), FETCHED),
    ]
}

/// Chunks.
pub(in crate::faults) fn chunks() -> Vec<Fault> {
    vec![
        page("chunk size that is none", says(format!("{CHUNKED}3\r\n<p>\r\nxyz\r\n")), BROKEN_OFF),
        page("chunk of 16 exabytes", says(format!("{CHUNKED}ffffffffffffffff\r\n<p>")), BROKEN_OFF),
        page(
            "chunk beyond 64 bits",
            says(format!("{CHUNKED}10000000000000000\r\n<p>")),
            BROKEN_OFF,
        ),
        page("chunk below zero", says(format!("{CHUNKED}-3\r\n<p>\r\n0\r\n\r\n")), BROKEN_OFF),
        page("chunk extension without end", endlessly(CHUNKED, "3;x"), BROKEN_OFF),
        page("chunk size without end", floods(CHUNKED, "0000"), TOO_SLOW),
        page(
            "trailers without end",
            |client| {
                client.say(format!("{CHUNKED}3\r\n<p>\r\n0\r\n"))?;
                client.say_for_ever(b"A: b\r\n")
            },
            BROKEN_OFF,
        ),
        page("no last chunk", says(format!("{CHUNKED}3\r\n<p>\r\n")), BROKEN_OFF),
    ]
}

/// Bodies that come too slowly, or never end.
pub(in crate::faults) fn slow() -> Vec<Fault> {
    vec![
        page("a byte now and then", drips(OK, "x"), TOO_SLOW),
        page("chunks of one byte now and then", drips(CHUNKED, "1\r\nx\r\n"), TOO_SLOW),
        page("silence within the body", falls_silent_after(OK), TOO_SLOW),
        page("body without end", endlessly(OK, "<p>x"), TOO_LONG),
        page(
            "chunks without end",
            |client| {
                client.say(CHUNKED)?;
                client.say_for_ever(format!("400\r\n{}\r\n", "<p>x".repeat(256)).as_bytes())
            },
            TOO_LONG,
        ),
    ]
}

/// What follows a body.
pub(in crate::faults) fn after() -> Vec<Fault> {
    vec![
        page(
            "garbage after the response",
            keeps_open(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\r\n<a href=/next.html>x</a>\0POISON\r\n",
            ),
            FETCHED,
        ),
        page(
            "two responses to one request",
            |client| {
                let twice = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\r\n<a href=/next.html>x</a>";
                client.say(
                    [twice, &twice.replace("<a href=/next.html>x</a>", "POISON                  ")]
                        .concat(),
                )
            },
            FETCHED,
        ),
        page(
            "closed after keep alive",
            says(
                "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\r\n<a href=/next.html>x</a>",
            ),
            FETCHED,
        ),
    ]
}
