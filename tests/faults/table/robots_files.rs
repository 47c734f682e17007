//! Faults of robots.txt (RFC 9309).

use super::OK;
use crate::faults::bombs;
use crate::faults::fault::{Fault, robots};
use crate::faults::plays::{
    answers, drips, endlessly, html, is_silent, redirects_on, redirects_to, says,
};

/// Files that cannot be had.
pub(in crate::faults) fn unreachable() -> Vec<Fault> {
    let unreachable = |why, capture| [why, capture, "robots.txt"];
    vec![
        robots(
            "robots that hang",
            is_silent,
            unreachable("waiting: disallow timeout", "failure timeout"),
        ),
        robots(
            "robots by the byte",
            drips(OK, "#"),
            unreachable("waiting: disallow cut", "response 200 cut time"),
        ),
        robots(
            "robots cut off",
            says("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nUser-agent: *"),
            unreachable("waiting: disallow cut", "response 200 cut disconnect"),
        ),
        robots(
            "robots 500",
            answers("500 x", ""),
            unreachable("waiting: disallow status 500", "response 500"),
        ),
        robots(
            "robots 429",
            answers("429 x", ""),
            unreachable("waiting: disallow status 429", "apart 429"),
        ),
        robots(
            "robots 999",
            answers("999 x", ""),
            unreachable("waiting: disallow status 999", "response 999"),
        ),
        robots(
            "robots 401",
            answers("401 x", ""),
            ["fetched: allow status 401", "response 401", ""],
        ),
        robots("robots 204", answers("204 x", ""), ["fetched: rules", "response 204", ""]),
        robots(
            "robots as html",
            html("<title>首页</title><p>Disallow: /"),
            ["fetched: rules", "response 200", ""],
        ),
    ]
}

/// Files that are none, or too much.
pub(in crate::faults) fn files() -> Vec<Fault> {
    let plain = |body: Vec<u8>| answers("200 OK\r\nContent-Type: text/plain", body);
    let wildcards = format!("User-agent: *\nDisallow: /{}x\n", "*a".repeat(5_000)).repeat(40);
    let file =
        |line: &str, times: usize| format!("User-agent: *\n{}", line.repeat(times)).into_bytes();
    vec![
        robots(
            "robots of fifty megabytes",
            plain(file("Disallow: /trap\n", 3 << 20)),
            ["fetched: rules", "response 200 cut length", ""],
        ),
        robots(
            "robots without end",
            endlessly(OK, "Disallow: /trap\n"),
            ["fetched: rules", "response 200 cut length", ""],
        ),
        robots(
            "robots of noise",
            plain((0..=255).cycle().take(100_000).collect()),
            ["fetched: rules", "response 200", ""],
        ),
        robots(
            "robots of wildcards",
            plain(wildcards.into_bytes()),
            ["fetched: rules", "response 200", ""],
        ),
        robots(
            "robots of a hundred thousand rules",
            plain(file("Allow: /*a*b*c*\n", 30_000)),
            ["fetched: rules", "response 200", ""],
        ),
        robots(
            "robots as a bomb",
            answers("200 OK\r\nContent-Encoding: gzip", bombs::gzip_of_mib(100)),
            ["fetched: rules", "response 200 cut length", ""],
        ),
    ]
}

/// Files that lie elsewhere, and a file that asks for too much.
pub(in crate::faults) fn redirected() -> Vec<Fault> {
    let plain = |body: Vec<u8>| answers("200 OK\r\nContent-Type: text/plain", body);
    vec![
        robots(
            "robots elsewhere and elsewhere",
            redirects_on,
            ["fetched: allow more than 5 redirects", "response 302", ""],
        ),
        robots(
            "robots to itself",
            redirects_to("/robots.txt"),
            ["fetched: allow more than 5 redirects", "response 302", ""],
        ),
        robots(
            "robots of a script",
            redirects_to("javascript:1"),
            ["fetched: allow status 302 to nowhere", "response 302", ""],
        ),
        robots(
            "robots without location",
            answers("302 x", ""),
            ["fetched: allow status 302 to nowhere", "response 302", ""],
        ),
        robots(
            "robots in a private network",
            redirects_to("http://10.0.0.1/robots.txt"),
            ["fetched: allow redirects to nowhere", "response 302", ""],
        ),
        robots(
            "robots at another host",
            redirects_to("http://www.qingshan.gov.cn/robots.txt"),
            ["fetched: allow status 404", "response 302", ""],
        ),
        robots(
            "robots with a delay of a year",
            plain(b"User-agent: *\nCrawl-delay: 31536000\n".to_vec()),
            ["waiting: rules", "response 200", ""],
        ),
    ]
}
