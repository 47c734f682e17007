//! A connection serves a second request only where it cannot be mistaken.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Asks twice; the payloads, and on how many connections.
async fn twice(server: &Server, connections: &AtomicUsize) -> (Vec<Vec<u8>>, usize) {
    let fetcher = fetcher(&config());
    let mut payloads = Vec::new();
    for _ in 0..2 {
        payloads.push(response(fetch(&fetcher, &server.url(), server.address).await).payload);
    }
    (payloads, connections.load(Ordering::SeqCst))
}

/// A server that says how many requests came before on the same connection.
fn counting(answer: impl Fn(usize) -> String + Send + 'static) -> (Server, &'static AtomicUsize) {
    let connections: &'static AtomicUsize = Box::leak(Box::default());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (told, heads) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            connections.fetch_add(1, Ordering::SeqCst);
            let mut before = 0;
            while let Some(head) = head(&mut stream) {
                if told.send(head).is_err() || stream.write_all(answer(before).as_bytes()).is_err()
                {
                    break;
                }
                before += 1;
            }
        }
    });
    (Server { address, heads }, connections)
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let (server, connections) =
        counting(|before| format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{before}"));
    let (payloads, connections) = twice(&server, connections).await;
    assert_eq!((payloads, connections), (vec![b"0".to_vec(), b"1".to_vec()], 1));
}

#[tokio::test]
async fn what_comes_unasked_is_taken_for_no_answer() {
    for extra in ["garbage", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil", "\0"] {
        let (server, connections) = counting(move |before| {
            format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{before}{extra}")
        });
        let (payloads, connections) = twice(&server, connections).await;
        assert_eq!((payloads, connections), (vec![b"0".to_vec(); 2], 2), "{extra:?}");
    }
}

#[tokio::test]
async fn a_connection_whose_response_has_two_lengths_is_not_used_again() {
    let (server, connections) = counting(|before| {
        let fields = "transfer-encoding: chunked\r\ncontent-length: 1";
        format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n1\r\n{before}\r\n0\r\n\r\n")
    });
    let (payloads, connections) = twice(&server, connections).await;
    assert_eq!((payloads, connections), (vec![b"0".to_vec(); 2], 2));
}

#[tokio::test]
async fn a_connection_to_an_earlier_address_of_a_name_is_not_used() {
    let page = |page: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{page}");
    let first = Server::saying("127.0.0.1", page("1"));
    let listener = TcpListener::bind(("127.0.0.2", first.address.port())).unwrap();
    let second = listener.local_addr().unwrap();
    let answer = page("2");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        head(&mut stream).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let fetcher = fetcher(&config());
    let url = first.url();
    assert_eq!(response(fetch(&fetcher, &url, first.address).await).payload, b"1");
    assert_eq!(response(fetch(&fetcher, &url, second).await).payload, b"2");
    assert_eq!(response(fetch(&fetcher, &url, first.address).await).payload, b"1");
}

#[tokio::test]
async fn no_cookie_and_no_credentials_are_ever_sent() {
    let server = Server::saying(
        "127.0.0.1",
        "HTTP/1.1 200 OK\r\nset-cookie: session=1\r\nalt-svc: h2=\":1\"\r\ncontent-length: 0\r\n\r\n",
    );
    let fetcher = fetcher(&config());
    let url = server.url().replace("http://", "http://user:secret@");
    for _ in 0..2 {
        let exchange = fetch(&fetcher, &url, server.address).await;
        assert_eq!(exchange.url.as_str(), server.url());
        let said = String::from_utf8(exchange.request).unwrap().to_lowercase();
        let sent = server.heads.recv().unwrap().to_lowercase();
        assert_eq!(sent, said, "what is archived is what was sent");
        assert!(!sent.contains("cookie") && !sent.contains("authorization"), "{sent}");
        assert!(!sent.contains("secret") && !sent.contains("user:"), "{sent}");
    }
}
