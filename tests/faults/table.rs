//! The faults, a line each: a name, what the host does, and what must be recorded of it (see `Fault`).

use super::bombs;
use super::fault::{Fault, connection, nobody, page, pages, robots};
use super::plays::{
    answers, calendar, drips, endlessly, falls_silent_after, html, is_silent, keeps_open,
    never_the_same, redirects_on, redirects_to, redirects_to_and_fro, resets, says,
};

/// Whatever is said after it is a body that ends with the connection.
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Tried a second time at once, and then later.
const NO_HTTP: [&str; 3] = ["retrying protocol", "failure protocol", ""];
const TOO_LATE: [&str; 3] = ["retrying timeout", "failure timeout", "timeout"];
const FETCHED: [&str; 3] = ["fetched status", "response 200", ""];
/// What came before a limit was reached is kept.
const TOO_LONG: [&str; 3] = ["fetched status", "response 200 cut length", ""];
const BROKEN_OFF: [&str; 3] = ["retrying truncated", "response 200 cut disconnect", ""];
const TOO_SLOW: [&str; 3] = ["retrying truncated", "response 200 cut time", ""];
const MOVED: [&str; 3] = ["fetched status", "response 302", ""];
const PEACE: [&str; 3] = ["waiting peace", "apart 503", "asked for peace"];

pub(super) fn connections() -> Vec<Fault> {
    let broken = ["waiting: disallow protocol", "failure protocol", "robots.txt"];
    vec![
        nobody(
            "connection refused",
            ["waiting: disallow connect", "failure connect", "robots.txt"],
        ),
        connection("reset after accept", resets, broken),
        connection("closed after accept", |_| Ok(()), broken),
        connection(
            "accepted in silence",
            is_silent,
            ["waiting: disallow timeout", "failure timeout", "robots.txt"],
        ),
        connection("another protocol", says("SSH-2.0-OpenSSH_9.6\r\n"), broken),
        connection("preface of http 2", says(b"\0\0\0\x04\0\0\0\0\0".as_slice()), broken),
        connection("babble without end", endlessly("", "\u{fffd}\0"), broken),
    ]
}

pub(super) fn heads() -> Vec<Fault> {
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
        page("http 0 9", says("<title>HTTP/0.9</title>"), NO_HTTP),
        page("http 3 7", says("HTTP/3.7 200 OK\r\n\r\n<p>"), NO_HTTP),
        page("status 99", says("HTTP/1.1 99 x\r\n\r\n"), NO_HTTP),
        page("status 099", says("HTTP/1.1 099 x\r\n\r\n"), NO_HTTP),
        page("status 1000", says("HTTP/1.1 1000 x\r\n\r\n"), NO_HTTP),
        page("status below zero", says("HTTP/1.1 -200 OK\r\n\r\n"), NO_HTTP),
        page("status in words", says("HTTP/1.1 OK\r\n\r\n"), NO_HTTP),
        page("status 999", answers("999 x", ""), ["retrying status", "response 999", ""]),
        page("status 600", answers("600 x", ""), ["retrying status", "response 600", ""]),
        page("status 100 without end", endlessly("", "HTTP/1.1 100 Continue\r\n\r\n"), NO_HTTP),
        page("status 103 now and then", drips("", "HTTP/1.1 103 Early Hints\r\n\r\n"), TOO_LATE),
        page(
            "status 101",
            says("HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"),
            NO_HTTP,
        ),
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

pub(super) fn lengths() -> Vec<Fault> {
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
        page("chunk size that is none", says(format!("{CHUNKED}3\r\n<p>\r\nxyz\r\n")), BROKEN_OFF),
        page("chunk of 16 exabytes", says(format!("{CHUNKED}ffffffffffffffff\r\n<p>")), BROKEN_OFF),
        page(
            "chunk beyond 64 bits",
            says(format!("{CHUNKED}10000000000000000\r\n<p>")),
            BROKEN_OFF,
        ),
        page("chunk below zero", says(format!("{CHUNKED}-3\r\n<p>\r\n0\r\n\r\n")), BROKEN_OFF),
        page("chunk extension without end", endlessly(CHUNKED, "3;x"), BROKEN_OFF),
        page("chunk size without end", endlessly(CHUNKED, "0000"), TOO_SLOW),
        page(
            "trailers without end",
            |client| {
                client.say(format!("{CHUNKED}3\r\n<p>\r\n0\r\n"))?;
                client.say_for_ever(b"A: b\r\n")
            },
            BROKEN_OFF,
        ),
        page("no last chunk", says(format!("{CHUNKED}3\r\n<p>\r\n")), BROKEN_OFF),
        page("a byte now and then", drips(OK, "x"), TOO_SLOW),
        page("chunks of one byte now and then", drips(CHUNKED, "1\r\nx\r\n"), TOO_SLOW),
        page("silence within the body", falls_silent_after(OK), TOO_SLOW),
        page("body without end", endlessly(OK, "<p>x"), TOO_LONG),
        page("chunks without end", endlessly(CHUNKED, "a\r\n<p>0123456\r\n"), TOO_LONG),
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

pub(super) fn codings() -> Vec<Fault> {
    let coded = |coding: &str, body: Vec<u8>| {
        answers(format!("200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {coding}"), body)
    };
    let cut = |mut body: Vec<u8>| {
        body.truncate(body.len() / 2);
        body
    };
    let text: Vec<u8> = (0..2_000_u32)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    vec![
        page("gzip of nearly a gigabyte", coded("gzip", bombs::gzip_of_mib(900)), TOO_LONG),
        page("gzip of ten gigabytes", coded("gzip", bombs::gzip_of_mib(10 << 10)), TOO_LONG),
        page("gzip in gzip", coded("gzip, gzip", bombs::gzip_in_gzip()), TOO_LONG),
        page(
            "gzip in gzip in gzip",
            coded("gzip, gzip, gzip", bombs::gzip_in_gzip_in_gzip()),
            TOO_LONG,
        ),
        page(
            "gzip ten times",
            coded(
                "gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip",
                bombs::gzip_in_gzip_in_gzip(),
            ),
            FETCHED,
        ),
        page("brotli of a gigabyte", coded("br", bombs::brotli()), TOO_LONG),
        page("zstd of ten gigabytes", coded("zstd", bombs::zstd()), TOO_LONG),
        page("gzip that is cut off", coded("gzip", cut(bombs::gzip(&text))), BROKEN_OFF),
        page("gzip that is none", coded("gzip", b"<p>plain".to_vec()), FETCHED),
        page("deflate that is none", coded("deflate", b"<p>plain".to_vec()), FETCHED),
        page("brotli that is none", coded("br", b"<p>plain".to_vec()), FETCHED),
        page("zstd that is none", coded("zstd", b"<p>plain".to_vec()), FETCHED),
        page("unknown coding", coded("nonsense", b"<p>plain".to_vec()), FETCHED),
        page("gzip of nothing", coded("gzip", Vec::new()), FETCHED),
    ]
}

pub(super) fn redirects() -> Vec<Fault> {
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

pub(super) fn rests() -> Vec<Fault> {
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

pub(super) fn documents() -> Vec<Fault> {
    let typed =
        |kind: &str, body: &[u8]| answers(format!("200 OK\r\nContent-Type: {kind}"), body.to_vec());
    let utf16: Vec<u8> =
        "<title>云岭县</title>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let noise: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    vec![
        page("a million links", html("<a href=x>x</a>".repeat(1_000_000)), TOO_LONG),
        page(
            "fifty thousand links",
            html((0..50_000).map(|link| format!("<a href=/{link}>x</a>")).collect::<String>()),
            FETCHED,
        ),
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

pub(super) fn robots_files() -> Vec<Fault> {
    let plain = |body: Vec<u8>| answers("200 OK\r\nContent-Type: text/plain", body);
    let wildcards = format!("User-agent: *\nDisallow: /{}x\n", "*a".repeat(5_000)).repeat(40);
    let file =
        |line: &str, times: usize| format!("User-agent: *\n{}", line.repeat(times)).into_bytes();
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
