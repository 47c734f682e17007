//! What a server says costs no more than the limits allow.

use super::super::limits::{HEAD_BYTES, LARGE_BODIES, LARGE_BODY_BYTES};
use super::*;
use crate::exchange::{FailureKind, Truncated};

/// How an answer fails, the server closing after it.
async fn failing(answer: impl Into<Vec<u8>>) -> Failure {
    let answer = answer.into();
    let server = Server::start("127.0.0.1", move |stream| {
        stream.write_all(&answer)?;
        stream.shutdown(std::net::Shutdown::Both)
    });
    failure(fetch(&fetcher(&config()), &server.url(), server.address).await)
}

#[tokio::test]
async fn a_head_is_bounded_in_size_and_in_fields() {
    let line = format!("x-filler: {}\r\n", "a".repeat(1_000));
    let head = |lines: usize| format!("HTTP/1.1 200 OK\r\n{}", line.repeat(lines));
    let long = failing(head(HEAD_BYTES / line.len() + 1) + "\r\n").await;
    assert_eq!(long.kind, FailureKind::Protocol, "{long:?}");
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(600));
    let many = failing(many).await;
    assert_eq!(many.kind, FailureKind::Protocol, "{many:?}");
    let good = head(HEAD_BYTES / line.len() - 1) + "content-length: 0\r\n\r\n";
    let server = Server::saying("127.0.0.1", good);
    let good = response(fetch(&fetcher(&config()), &server.url(), server.address).await);
    assert_eq!(good.status, 200, "a head below the limit is a head");
}

#[tokio::test]
async fn a_head_without_end_is_given_up_after_so_many_bytes() {
    for endless in ["HTTP/1.1 200 OK\r\nx: ", "HTTP/1.1 200 "] {
        let filler = "a".repeat(16_000);
        let server = Server::start("127.0.0.1", move |stream| {
            stream.write_all(endless.as_bytes())?;
            loop {
                stream.write_all(filler.as_bytes())?;
            }
        });
        let given_up = failure(fetch(&fetcher(&config()), &server.url(), server.address).await);
        assert_eq!(given_up.kind, FailureKind::Protocol, "{endless:?}: {given_up:?}");
    }
}

#[tokio::test]
async fn a_head_that_is_not_there_in_time_is_given_up_however_busy_the_server_is() {
    let mut config = config();
    config.fetch.connect_timeout = Duration::from_millis(300);
    config.fetch.read_timeout = Duration::from_millis(300);
    let flood = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1_000);
    for piece in ["a", "HTTP/1.1 103 Early Hints\r\n\r\n", &flood, ""].map(str::to_owned) {
        let shown = piece.get(..30).unwrap_or(&piece).to_owned();
        let server = Server::start("127.0.0.1", move |stream| {
            if piece == "a" {
                stream.write_all(b"HTTP/1.1 200 OK\r\nx: ")?;
            }
            loop {
                stream.write_all(piece.as_bytes())?;
                // A trickle, so that it is the time that runs out and not the bytes.
                std::thread::sleep(Duration::from_millis(10));
                if piece.is_empty() {
                    return stream.read(&mut [0]).map(drop);
                }
            }
        });
        let given_up = failure(fetch(&fetcher(&config), &server.url(), server.address).await);
        assert_eq!(given_up.kind, FailureKind::Timeout, "{shown:?}: {given_up:?}");
    }
}

#[tokio::test]
async fn what_is_not_a_response_to_us_is_none() {
    for answer in [
        "<html>HTTP/0.9</html>",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nhello",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "",
    ] {
        let failure = failing(answer).await;
        assert_eq!(failure.kind, FailureKind::Protocol, "{answer:?}: {failure:?}");
    }
}

#[tokio::test]
async fn a_body_is_cut_where_it_lies_or_breaks_off() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (answer, payload, truncated) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello".to_owned(), "hello", true),
        (format!("{chunked}5\r\nhello\r\n5;{}", "x".repeat(100_000)), "hello", true),
        (format!("{chunked}5\r\nhello\r\n0\r\n{}", "a: b\r\n".repeat(50_000)), "hello", true),
        (format!("{chunked}5\r\nhello\r\nxyz\r\n"), "hello", true),
        (format!("{chunked}ffffffffffffffff\r\nhello"), "hello", true),
        (format!("{chunked}5\r\nhello\r\n0\r\na: b\r\n\r\n"), "hello", false),
        ("HTTP/1.0 200 OK\r\n\r\nhello".to_owned(), "hello", false),
    ] {
        let said = answer.clone();
        let server = Server::start("127.0.0.1", move |stream| {
            stream.write_all(said.as_bytes())?;
            stream.shutdown(std::net::Shutdown::Both)
        });
        let got = response(fetch(&fetcher(&config()), &server.url(), server.address).await);
        let shown = answer.get(..80).unwrap_or(&answer);
        assert_eq!(got.payload, payload.as_bytes(), "{shown:?}");
        let cut = truncated.then_some(Truncated::Disconnect);
        assert_eq!(got.truncated, cut, "{shown:?}");
    }
}

#[tokio::test]
async fn a_body_that_pauses_for_longer_than_read_timeout_is_cut() {
    let mut config = config();
    config.fetch.read_timeout = Duration::from_millis(200);
    let server = Server::start("127.0.0.1", |stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello")?;
        stream.read(&mut [0]).map(drop)
    });
    let cut = response(fetch(&fetcher(&config), &server.url(), server.address).await);
    assert_eq!((cut.payload.as_slice(), cut.truncated), (&b"hello"[..], Some(Truncated::Time)));
}

#[tokio::test]
async fn the_last_door_is_shut_to_addresses_and_ports_that_nobody_allowed() {
    let server = Server::saying("127.0.0.1", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let port = server.address.port();
    let mut narrow = config();
    narrow.network.allow_private = vec!["127.20.0.0/16".parse().unwrap()];
    let refused = fetch(&fetcher(&narrow), &server.url(), server.address).await;
    assert_eq!(refused.address, None);
    assert_eq!(failure(refused).kind, FailureKind::Forbidden);
    for url in [
        format!("http://127.0.0.2:{port}/"),
        "http://www.qingshan.gov.cn/".to_owned(),
        "http://www.qingshan.gov.cn:22/".to_owned(),
        format!("ftp://www.qingshan.gov.cn:{port}/"),
    ] {
        let fetcher = fetcher(&if url.contains("127.0.0.2") { narrow.clone() } else { config() });
        let refused = failure(fetch(&fetcher, &url, server.address).await);
        assert_eq!(refused.kind, FailureKind::Forbidden, "{url}");
    }
    assert!(server.heads.try_recv().is_err(), "nothing was sent");
}

#[tokio::test]
async fn a_peer_that_was_asked_in_vain_is_told_by_its_address() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://www.qingshan.gov.cn:{}/", gone.port());
    let exchange = fetch(&fetcher(&config()), &url, gone).await;
    assert_eq!(exchange.address, Some(gone));
    assert_eq!(failure(exchange).kind, FailureKind::Connect);
    let exchange = fetch(&fetcher(&config()), &url.replace("http:", "https:"), gone).await;
    assert_eq!(exchange.address, Some(gone));
    assert_eq!(failure(exchange).kind, FailureKind::Connect, "TLS is not to blame");
}

#[tokio::test]
async fn a_few_large_bodies_are_in_memory_at_once_until_they_are_let_go_packed_or_not() {
    let body = vec![b' '; LARGE_BODY_BYTES + 1];
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&body).unwrap();
    for (coding, wire) in [("identity", body.clone()), ("gzip", packed.finish().unwrap())] {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n",
            wire.len()
        );
        let server = Server::saying("127.0.0.1", [head.as_bytes(), &wire].concat());
        let (fetcher, url) = (fetcher(&config()), server.url());
        let one = || fetch_with_place(&fetcher, &url, server.address, Trust::Verified);
        let mut let_in = Vec::new();
        for _ in 0..LARGE_BODIES {
            let_in.push(one().await);
        }
        let next = one();
        tokio::pin!(next);
        let waits = tokio::time::timeout(Duration::from_millis(300), &mut next).await;
        assert!(waits.is_err(), "{coding}: one more than there are places");
        drop(let_in.pop());
        let (next, _place) = next.await;
        assert_eq!(response(next).payload.len(), body.len(), "{coding}");
    }
}
