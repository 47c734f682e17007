//! Faults of pages.

use super::{FETCHED, TOO_LONG};
use crate::faults::fault::{Fault, page, pages};
use crate::faults::plays::{answers, calendar, html, never_the_same};

/// Pages.
pub(in crate::faults) fn documents() -> Vec<Fault> {
    let typed =
        |kind: &str, body: &[u8]| answers(format!("200 OK\r\nContent-Type: {kind}"), body.to_vec());
    let utf16: Vec<u8> =
        "<title>云岭县</title>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let links: Vec<_> = (0..50_000).map(|link| format!("<a href=/{link}>x</a>")).collect();
    let noise: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    vec![
        page("a million links", html("<a href=x>x</a>".repeat(1_000_000)), TOO_LONG),
        page("fifty thousand links", html(links.concat()), FETCHED),
        page(
            "a link of a megabyte",
            html(format!("<a href=/{}>x</a>", "x".repeat(1_000_000))),
            FETCHED,
        ),
        page("a hundred thousand nested tags", html("<div>".repeat(100_000)), FETCHED),
        page("fifty thousand nested tables", html("<table><tr><td>".repeat(50_000)), FETCHED),
        page(
            "a tag of a hundred thousand attributes",
            html(format!("<a {}>", "a=b ".repeat(100_000))),
            FETCHED,
        ),
        page("a comment without end", html(format!("<!--{}", "x".repeat(1_000_000))), FETCHED),
        page(
            "an attribute without end",
            html(format!("<a href=\"{}", "x".repeat(1_000_000))),
            FETCHED,
        ),
        page("a script without end", html(format!("<script>{}", "<".repeat(1_000_000))), FETCHED),
        page("a title without end", html(format!("<title>{}", "年".repeat(300_000))), FETCHED),
        page("entities without end", html("&amp".repeat(250_000)), FETCHED),
        page(
            "a wrong charset",
            typed("text/html; charset=utf-8", b"<title>\xc7\xe0\xc9\xbc\xca\xd0</title>"),
            FETCHED,
        ),
        page("a charset that is none", typed("text/html; charset=nonsense", b"<p>x"), FETCHED),
        page("utf 16", typed("text/html; charset=utf-16", &utf16), FETCHED),
        page("utf 7", typed("text/html; charset=utf-7", b"+ADw-script+AD4-"), FETCHED),
        page("noise as html", typed("text/html", &noise), FETCHED),
        page("a content type that is none", typed("\u{1}///;;;charset", b"<p>x"), FETCHED),
        page(
            "a content type of many kilobytes",
            typed(&"text/html;".repeat(3_000), b"<p>x"),
            FETCHED,
        ),
        page("nothing at all", html(""), FETCHED),
        pages("a calendar without end", calendar, FETCHED),
        pages("a page that is never the same", never_the_same, FETCHED),
    ]
}
