//! HTTP/2 by raw frames (RFC 9113): what is good is read, what is without end is cut.

use openssl::ssl::{AlpnError, SslStream, select_next_proto};

use super::secure::{HOST, trusting};
use super::support_tls::{Identity, ca};
use super::*;
use crate::exchange::{FailureKind, Truncated};

type Stream = SslStream<TcpStream>;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:status: 200` (RFC 7541, appendix A).
const STATUS_200: &[u8] = &[0x88];

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags, 0, 0, 0, stream];
    [&head, payload].concat()
}

/// A field that is not indexed, so that no table makes it small.
fn filler(length: usize) -> Vec<u8> {
    let long = u8::try_from(length.min(100)).unwrap();
    let field = [&[0, 1, b'x', long], "a".repeat(long.into()).as_bytes()].concat();
    field.repeat(length / field.len() + 1)
}

/// Reads frames until the request's.
fn request(stream: &mut Stream) -> std::io::Result<()> {
    stream.read_exact(&mut [0; 24])?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        stream.read_exact(&mut vec![0; length])?;
        if head[3] == HEADERS {
            return Ok(());
        }
    }
}

/// Asks a server that sends these frames to the request, then `endless` for ever.
async fn ask(frames: &[Vec<u8>], endless: Option<Vec<u8>>) -> Exchange {
    let ca = ca("good");
    let acceptor = Identity::new(&ca, HOST).acceptor(|builder| {
        builder.set_alpn_select_callback(|_, offered| {
            select_next_proto(b"\x02h2", offered).ok_or(AlpnError::NOACK)
        });
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let frames = [frame(SETTINGS, 0, 0, &[]), frames.concat()].concat();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut stream = acceptor.accept(stream).unwrap();
        let mut serve = || {
            request(&mut stream)?;
            stream.write_all(&frames)?;
            while let Some(endless) = &endless {
                stream.write_all(endless)?;
            }
            stream.read(&mut [0; 1_024]).map(drop)
        };
        // Whoever asked has had enough.
        let _ended = serve();
    });
    let mut config = config();
    config.fetch.timeout = Duration::from_secs(1);
    let fetcher = trusting(&ca, &config);
    fetch(&fetcher, &format!("https://{HOST}:{}/", address.port()), address).await
}

#[tokio::test]
async fn a_page_by_http2_is_a_page() {
    let frames = [frame(HEADERS, END_HEADERS, 1, STATUS_200), frame(DATA, END_STREAM, 1, b"hello")];
    let got = response(ask(&frames, None).await);
    assert_eq!((got.protocol, got.status, got.payload.as_slice()), ("HTTP/2", 200, &b"hello"[..]));
}

#[tokio::test]
async fn what_has_no_end_before_the_head_is_given_up() {
    let interim = [&[0x08, 3][..], b"103"].concat();
    let opened = frame(HEADERS, 0, 1, STATUS_200);
    for (name, frames, endless) in [
        ("continuations", vec![opened.clone()], frame(CONTINUATION, 0, 1, &filler(16_000))),
        ("empty continuations", vec![opened], frame(CONTINUATION, 0, 1, &[])),
        ("settings", vec![], frame(SETTINGS, 0, 0, &[])),
        ("pings", vec![], frame(PING, 0, 0, &[0; 8])),
        ("frames of no known kind", vec![], frame(0x4f, 0, 0, &[0; 8_000])),
        ("interim responses", vec![], frame(HEADERS, END_HEADERS, 1, &interim)),
        ("bodies without a head", vec![], frame(DATA, 0, 1, &[0; 8_000])),
    ] {
        let given_up = failure(ask(&frames, Some(endless)).await);
        // What HTTP/2 allows without end is cut by the time.
        let is_given_up = matches!(given_up.kind, FailureKind::Protocol | FailureKind::Timeout);
        assert!(is_given_up, "{name}: {given_up:?}");
    }
}

#[tokio::test]
async fn a_head_beyond_the_limit_and_a_refusal_are_failures() {
    let parts = [STATUS_200, &filler(16_000)].concat();
    let mut long = vec![frame(HEADERS, 0, 1, &parts)];
    long.extend((0..4).map(|_| frame(CONTINUATION, 0, 1, &filler(16_000))));
    long.push(frame(CONTINUATION, END_HEADERS, 1, &[]));
    for (name, frames) in [
        ("a long head", long),
        ("a stream that is reset", vec![frame(RST_STREAM, 0, 1, &[0, 0, 0, 7])]),
        ("a connection that is wound up", vec![frame(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 11])]),
        ("a head on a stream that nobody opened", vec![frame(HEADERS, END_HEADERS, 3, STATUS_200)]),
    ] {
        let failed = failure(ask(&frames, None).await);
        assert_eq!(failed.kind, FailureKind::Protocol, "{name}: {failed:?}");
    }
}

#[tokio::test]
async fn a_body_of_nothing_without_end_is_cut() {
    let frames = [frame(HEADERS, END_HEADERS, 1, STATUS_200), frame(DATA, 0, 1, b"hello")];
    let cut = response(ask(&frames, Some(frame(DATA, 0, 1, &[]))).await);
    assert_eq!(cut.payload, b"hello");
    assert!(matches!(cut.truncated, Some(Truncated::Time | Truncated::Disconnect)));
}
