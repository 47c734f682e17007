//! Redirects to nowhere, or without end (RFC 9110, section 15.4), and what a host asks for that wants to be left alone.

use super::{FETCHED, MOVED, NO_HTTP, PEACE};
use crate::faults::fault::{Fault, page, pages};
use crate::faults::plays::{
    answers, endlessly, html, redirects_on, redirects_to, redirects_to_and_fro, says,
};

/// Redirects.
pub(in crate::faults) fn redirects() -> Vec<Fault> {
    vec![
        page("location of a hundred kilobytes", redirects_to("/a".repeat(50_000)), NO_HTTP),
        page("location of twenty kilobytes", redirects_to("/a".repeat(10_000)), MOVED),
        page("location without end", endlessly("HTTP/1.1 302 Found\r\nLocation: ", "/a"), NO_HTTP),
        page("location of itself", redirects_to("/"), MOVED),
        pages("location to and fro", redirects_to_and_fro, MOVED),
        pages("location on and on", redirects_on, MOVED),
        page("location of a file", redirects_to("file:///etc/passwd"), MOVED),
        page("location of a script", redirects_to("javascript:alert(1)"), MOVED),
        page("location of data", redirects_to("data:text/html,<p>x"), MOVED),
        page("location by ftp", redirects_to("ftp://ftp.yunling.gov.cn/"), MOVED),
        page(
            "location at another port",
            redirects_to("//location-at-another-port.yunling.gov.cn:22/"),
            MOVED,
        ),
        page("location in a private network", redirects_to("http://10.0.0.1/"), MOVED),
        page("location of no host", redirects_to("http://"), MOVED),
        page("location that is empty", redirects_to(""), MOVED),
        page("no location", answers("302 Found", ""), MOVED),
        page("two locations", answers("302 x\r\nLocation: /a\r\nLocation: /b", ""), MOVED),
        page(
            "location that is no text",
            says(b"HTTP/1.1 302 x\r\nLocation: /\xff\xfe\r\nContent-Length: 0\r\n\r\n".as_slice()),
            MOVED,
        ),
        page("refresh of itself", html("<meta http-equiv=refresh content=0><p>x"), FETCHED),
    ]
}

/// Servers that cannot answer now.
pub(in crate::faults) fn rests() -> Vec<Fault> {
    let peace = |retry_after: &str| answers(format!("503 x\r\nRetry-After: {retry_after}"), "");
    vec![
        page("retry after nonsense", peace("presently"), PEACE),
        page("retry after the past", peace("Mon, 01 Jan 2001 00:00:00 GMT"), PEACE),
        page("retry after ten years", peace("315360000"), PEACE),
        page("retry after more than 64 bits", peace("99999999999999999999999"), PEACE),
        page("retry after less than nothing", peace("-1"), PEACE),
        page("status 500", answers("500 x", ""), ["retrying status", "response 500", ""]),
    ]
}
