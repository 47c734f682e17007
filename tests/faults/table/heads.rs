//! Faults of the heads of responses (RFC 9112, sections 4 and 5; RFC 9110, section 15).

use super::{FETCHED, NO_HTTP, TOO_LATE};
use crate::faults::fault::{Fault, page};
use crate::faults::plays::{
    answers, drips, endlessly, falls_silent_after, floods, keeps_open, says,
};

/// Heads that end too late, or never.
pub(in crate::faults) fn endless() -> Vec<Fault> {
    vec![
        page("half a status line", says("HTTP/1."), NO_HTTP),
        page("silence within the status line", falls_silent_after("HTTP/1."), TOO_LATE),
        page("status line without end", endlessly("HTTP/1.1 200 ", "very "), NO_HTTP),
        page("head without end", endlessly("HTTP/1.1 200 OK\r\n", "A: b\r\n"), NO_HTTP),
        page("field without end", endlessly("HTTP/1.1 200 OK\r\nA: ", "bbbbbbbb"), NO_HTTP),
        page("field name without end", endlessly("HTTP/1.1 200 OK\r\n", "aaaaaaaa"), NO_HTTP),
        page(
            "field folded without end",
            endlessly("HTTP/1.1 200 OK\r\nA: b\r\n", " c\r\n"),
            NO_HTTP,
        ),
        page(
            "field of a hundred megabytes",
            |client| {
                client.say("HTTP/1.1 200 OK\r\nA: ")?;
                (0..100).try_for_each(|_| client.say(vec![b'b'; 1 << 20]))?;
                client.say("\r\n\r\n")
            },
            NO_HTTP,
        ),
        page(
            "a hundred thousand fields",
            says(format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(100_000))),
            NO_HTTP,
        ),
        page("head byte by byte", drips("HTTP/1.1 200 OK\r\nA: ", "b"), TOO_LATE),
        page("field by field", drips("HTTP/1.1 200 OK\r\n", "A: b\r\n"), TOO_LATE),
        page("head that is cut off", says("HTTP/1.1 200 OK\r\nContent-Ty"), NO_HTTP),
    ]
}

/// Fields that break the grammar.
pub(in crate::faults) fn fields() -> Vec<Fault> {
    vec![
        page("nul in a field", says("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n<p>"), NO_HTTP),
        page(
            "control characters in a field",
            says("HTTP/1.1 200 OK\r\nA: \u{1}\u{8}\u{7f}\r\nContent-Type: text/html\r\n\r\n<p>"),
            FETCHED,
        ),
        page(
            "folded field",
            says("HTTP/1.1 200 OK\r\nContent-Type:\r\n text/html\r\n\r\n<p>"),
            FETCHED,
        ),
        page(
            "lines that end with lf",
            says("HTTP/1.1 200 OK\nContent-Type: text/html\n\n<p>"),
            FETCHED,
        ),
        page(
            "field without a colon",
            says("HTTP/1.1 200 OK\r\nnonsense\r\nContent-Type: text/html\r\n\r\n<p>"),
            FETCHED,
        ),
        page(
            "field without a name",
            says("HTTP/1.1 200 OK\r\n: x\r\nContent-Type: text/html\r\n\r\n<p>"),
            FETCHED,
        ),
    ]
}

/// Versions and statuses.
pub(in crate::faults) fn statuses() -> Vec<Fault> {
    vec![
        page("http 0 9", says("<title>HTTP/0.9</title>"), NO_HTTP),
        page("http 3 7", says("HTTP/3.7 200 OK\r\n\r\n<p>"), NO_HTTP),
        page("status 99", says("HTTP/1.1 99 x\r\n\r\n"), NO_HTTP),
        page("status 099", says("HTTP/1.1 099 x\r\n\r\n"), NO_HTTP),
        page("status 1000", says("HTTP/1.1 1000 x\r\n\r\n"), NO_HTTP),
        page("status below zero", says("HTTP/1.1 -200 OK\r\n\r\n"), NO_HTTP),
        page("status in words", says("HTTP/1.1 OK\r\n\r\n"), NO_HTTP),
        page("status 999", answers("999 x", ""), ["retrying status", "response 999", ""]),
        page("status 600", answers("600 x", ""), ["retrying status", "response 600", ""]),
        page("status 100 without end", floods("", "HTTP/1.1 100 Continue\r\n\r\n"), TOO_LATE),
        page("status 103 now and then", drips("", "HTTP/1.1 103 Early Hints\r\n\r\n"), TOO_LATE),
        page(
            "status 101",
            says("HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"),
            NO_HTTP,
        ),
    ]
}

/// Answers that nobody asked for.
pub(in crate::faults) fn unasked() -> Vec<Fault> {
    vec![
        page(
            "status 204 with a body",
            keeps_open("HTTP/1.1 204 x\r\nContent-Length: 6\r\n\r\nPOISON"),
            ["fetched status", "response 204", ""],
        ),
        page(
            "status 304 unasked",
            says("HTTP/1.1 304 x\r\n\r\n"),
            ["unchanged status", "response 304", ""],
        ),
        page(
            "status 206 unasked",
            answers("206 x\r\nContent-Range: bytes 5-6/900", "ab"),
            ["fetched status", "response 206", ""],
        ),
        page(
            "status 407",
            answers("407 x\r\nProxy-Authenticate: Basic", ""),
            ["fetched status", "response 407", ""],
        ),
        page(
            "cookie that is wanted back",
            answers(
                "200 x\r\nContent-Type: text/html\r\nSet-Cookie: k=1; Domain=gov.cn; Max-Age=99999999",
                "<a href=/next.html>x</a>",
            ),
            FETCHED,
        ),
    ]
}
