//! What portals do wrong: each becomes a recorded outcome with a reason, and costs nothing else.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use crate::support::{Portals, Workspace};

/// A server that plays one trick on every connection, to the end of the test.
pub(crate) fn trick(play: impl Fn(TcpStream, String) + Send + 'static) -> SocketAddr {
    trick_at("127.0.0.1:0", play)
}

pub(crate) fn trick_at(
    address: &str,
    play: impl Fn(TcpStream, String) + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind(address).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = vec![0; 4_096];
            let read = stream.read(&mut request).unwrap_or(0);
            play(stream, String::from_utf8_lossy(&request[..read]).into_owned());
        }
    });
    address
}

pub(crate) fn respond(mut stream: TcpStream, head: impl AsRef<[u8]>, body: &[u8]) {
    let head = [b"HTTP/1.1 ", head.as_ref(), b"\r\nConnection: close\r\n\r\n"].concat();
    // Whoever asked may be gone.
    let _sent = stream.write_all(&head);
    let _sent = stream.write_all(body);
}

fn is_robots(request: &str) -> bool {
    request.starts_with("GET /robots.txt")
}

/// Crawls `http://www.baishan.gov.cn/`, served at this address; then what `why` says of it.
fn crawl(address: SocketAddr) -> (Workspace, String) {
    let workspace = Workspace::with(
        &format!("connect_to = [\"www.baishan.gov.cn:80={address}\"]\n"),
        "http://www.baishan.gov.cn/\n",
    );
    workspace.result(&["crawl"]);
    workspace.assert_whole();
    let why = workspace.result(&["why", "http://www.baishan.gov.cn/"]);
    (workspace, why)
}

#[track_caller]
fn check(address: SocketAddr, expected: &str) {
    let (_, why) = crawl(address);
    assert!(why.contains(expected), "expected `{expected}` in\n{why}");
}

#[test]
fn a_host_that_refuses_is_left_alone_with_the_reason() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check(closed, "disallowed: connect: Connection refused");
}

#[test]
fn a_host_that_hangs_is_left_alone_with_the_reason() {
    let keep = std::sync::Mutex::new(Vec::new());
    check(trick(move |stream, _| keep.lock().unwrap().push(stream)), "timeout");
}

#[test]
fn a_name_that_does_not_resolve_is_left_alone_with_the_reason() {
    let workspace = Workspace::with("", "http://no-such-host.invalid/\n");
    workspace.result(&["crawl"]);
    let why = workspace.result(&["why", "http://no-such-host.invalid/"]);
    assert!(why.contains("disallowed: dns: "), "{why}");
}

#[test]
fn an_address_that_is_not_public_is_not_asked() {
    let workspace = Workspace::with("", "http://10.0.0.1/\n");
    workspace.result(&["crawl"]);
    let why = workspace.result(&["why", "http://10.0.0.1/"]);
    assert!(why.contains("forbidden_address"), "{why}");
}

#[test]
fn a_robots_file_that_cannot_be_had_forbids_everything() {
    check(
        trick(|stream, _| respond(stream, "503 Busy\r\nContent-Length: 0", b"")),
        "disallowed: status 503",
    );
}

#[test]
fn a_robots_file_of_ten_megabytes_is_read_as_far_as_it_goes() {
    let mut long = b"User-agent: *\nDisallow: /\n".to_vec();
    long.resize(10 << 20, b'#');
    check(
        trick(move |stream, _| respond(stream, "200 OK", &long)),
        "excluded (robots: line 2: Disallow: /)",
    );
}

#[test]
fn a_robots_file_of_rubbish_allows() {
    let rubbish: Vec<u8> =
        (0..100_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    let address = trick(move |stream, request| {
        let body: &[u8] = if is_robots(&request) { &rubbish } else { b"<html>page" };
        respond(stream, "200 OK\r\nContent-Type: text/html", body);
    });
    check(address, "fetched (status: 200)");
}

#[test]
fn a_body_larger_than_the_cap_is_cut_and_says_so() {
    let address = trick(|stream, request| {
        let body = if is_robots(&request) { Vec::new() } else { vec![b'x'; 3 << 20] };
        respond(stream, "200 OK\r\nContent-Type: text/html", &body);
    });
    let (workspace, _) = crawl(address);
    let shown = workspace.result(&["show", "http://www.baishan.gov.cn/"]);
    assert!(shown.contains("cut: length") && shown.contains(&(2 << 20).to_string()), "{shown}");
}

#[test]
fn a_connection_that_ends_midway_is_kept_as_far_as_it_came_and_tried_again() {
    let address = trick(|stream, request| {
        let head = "200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000";
        if is_robots(&request) {
            respond(stream, "404 None\r\nContent-Length: 0", b"");
        } else {
            respond(stream, head, b"<html><a href=/found.html>x</a>");
        }
    });
    let (workspace, why) = crawl(address);
    assert!(why.contains("retrying (truncated: disconnect)"), "{why}");
    assert!(workspace.result(&["show", "http://www.baishan.gov.cn/"]).contains("cut: disconnect"));
    assert!(workspace.frontier().contains_key("http://www.baishan.gov.cn/found.html"));
}

#[test]
fn what_is_no_http_becomes_a_reason() {
    let address = trick(|mut stream, request| {
        if is_robots(&request) {
            respond(stream, "404 None\r\nContent-Length: 0", b"");
        } else {
            let _sent = stream.write_all(b"\x00\x01\x02 nonsense\r\n\r\n");
        }
    });
    check(address, "retrying (protocol: ");
}

#[test]
fn the_hazards_of_the_sample_portals_are_recorded_each_with_its_reason() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    workspace.result(&["crawl"]);
    for (url, expected) in [
        ("http://www.qingshanshi.gov.cn/news/error.html", "retrying (status: 500)"),
        ("http://www.qingshanshi.gov.cn/missing.html", "fetched (status: 404)"),
        ("http://www.qingshanshi.gov.cn/calendar?year=2024&month=1", "excluded (trap: a calendar)"),
        ("http://www.qingshanshi.gov.cn/images/logo.png", "excluded (kind: png)"),
        (
            "http://www.yunlingxian.gov.cn/art/2024/1/3/art_1002_999.html",
            "retrying (truncated: disconnect)",
        ),
        ("http://www.yunlingxian.gov.cn/loop/b.html", "fetched (status: 302)"),
        ("http://tjj.baishuizhou.gov.cn/xxgk/busy.html", "fetched (status: 200)"),
    ] {
        let why = workspace.result(&["why", url]);
        assert!(why.contains(expected), "expected `{expected}` in\n{why}");
    }
    let bomb = workspace.result(&["show", "http://tjj.baishuizhou.gov.cn/xxgk/download.html"]);
    assert!(bomb.contains("cut: length"), "{bomb}");
}
