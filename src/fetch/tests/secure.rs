//! TLS with certificates of our own making, modern and old, good and broken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use openssl::ssl::{SslAcceptorBuilder, SslVersion};

use rcgen::{CertifiedIssuer, KeyPair};

use super::support_tls::{Ca, Identity, ca, ca_params, modern, old};
use super::*;
use crate::config;
use crate::exchange::{FailureKind, Tls};

pub(super) const HOST: &str = "www.qingshan.gov.cn";

/// One between a root and a portal.
fn ca_by(root: &Ca, name: &str) -> Ca {
    CertifiedIssuer::signed_by(ca_params(name), KeyPair::generate().unwrap(), root).unwrap()
}

/// A portal by TLS.
struct Portal {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Portal {
    fn start(identity: &Identity, change: impl Fn(&mut SslAcceptorBuilder)) -> Self {
        let acceptor = identity.acceptor(change);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
                let Ok(mut stream) = acceptor.accept(stream.unwrap()) else { continue };
                let mut request = [0; 1_024];
                let answer =
                    b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello";
                if stream.read(&mut request).is_ok() {
                    drop(stream.write_all(answer));
                }
                drop(stream.shutdown());
            }
        });
        Self { address, connections }
    }

    async fn ask(&self, fetcher: &Fetcher, trust: Trust) -> Exchange {
        let url = format!("https://{HOST}:{}/", self.address.port());
        fetch_as(fetcher, &url, self.address, trust).await
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

pub(super) fn trusting(ca: &Ca, config: &Config) -> Fetcher {
    Fetcher::trusting(&[ca.der().clone()], config, "test@gongkai.example").unwrap()
}

#[tokio::test]
async fn a_good_certificate_is_nothing_out_of_the_ordinary_whatever_the_seed_allows() {
    let ca = ca("good");
    let portal = Portal::start(&Identity::new(&ca, HOST), modern);
    for trust in [Trust::Verified, Trust::BrokenAllowed] {
        let exchange = portal.ask(&trusting(&ca, &config()), trust).await;
        assert_eq!(exchange.tls, Tls::default());
        assert_eq!(response(exchange).payload, b"hello");
    }
    assert_eq!(portal.connections(), 2);
}

#[tokio::test]
async fn what_rustls_refuses_is_asked_by_openssl_and_the_next_time_at_once() {
    let ca = ca("good");
    let portal = Portal::start(&Identity::new(&ca, HOST), old);
    let fetcher = trusting(&ca, &config());
    for connections in [2, 3] {
        let exchange = portal.ask(&fetcher, Trust::Verified).await;
        assert_eq!(exchange.tls, Tls { openssl: true, accepted_though: None });
        assert_eq!(exchange.address, Some(portal.address));
        assert_eq!(response(exchange).payload, b"hello");
        assert_eq!(portal.connections(), connections);
    }
}

#[tokio::test]
async fn the_second_way_verifies_as_strictly_as_the_first() {
    let (ours, theirs) = (ca("good"), ca("unknown"));
    for broken in [
        Identity::new(&theirs, HOST),
        Identity::new(&ours, "www.yunling.gov.cn"),
        Identity::expired(&ours, HOST),
    ] {
        let portal = Portal::start(&broken, old);
        let refused = portal.ask(&trusting(&ours, &config()), Trust::Verified).await;
        assert_eq!(failure(refused).kind, FailureKind::Certificate);
    }
}

#[tokio::test]
async fn a_broken_certificate_is_a_failure_of_its_own_unless_the_seed_allows_it() {
    let (ours, theirs) = (ca("good"), ca("unknown"));
    let between = ca_by(&ours, "between");
    for (broken, words) in [
        (Identity::expired(&ours, HOST), "expired"),
        (Identity::new(&ours, "www.yunling.gov.cn"), "not valid for name"),
        (Identity::new(&theirs, HOST), "unknown issuer"),
        (Identity::new(&between, HOST), "unknown issuer"),
        (Identity::self_signed(HOST), "unknown issuer"),
    ] {
        let portal = Portal::start(&broken, modern);
        let refused = failure(portal.ask(&trusting(&ours, &config()), Trust::Verified).await);
        assert_eq!(refused.kind, FailureKind::Certificate, "{words}: {refused:?}");
        assert!(!refused.detail.is_empty());
        assert_eq!(portal.connections(), 1, "a broken certificate is not tried a second way");

        let fetcher = trusting(&ours, &config());
        let accepted = portal.ask(&fetcher, Trust::BrokenAllowed).await;
        let though = accepted.tls.accepted_though.clone().unwrap();
        assert!(though.contains(words), "{though}: expected {words}");
        assert_eq!(response(accepted).payload, b"hello");
        // What one seed allows is no leave for another.
        let refused = failure(portal.ask(&fetcher, Trust::Verified).await);
        assert_eq!(refused.kind, FailureKind::Certificate, "{words}");
    }
}

#[tokio::test]
async fn a_certificate_that_was_found_broken_and_is_allowed_is_not_verified_each_time() {
    let (ours, theirs) = (ca("good"), ca("unknown"));
    let modern = modern as fn(&mut SslAcceptorBuilder);
    for (change, connections, words) in
        [(modern, 2, "unknown issuer"), (old, 3, "unable to get local issuer certificate")]
    {
        let portal = Portal::start(&Identity::new(&theirs, HOST), change);
        let fetcher = trusting(&ours, &config());
        let first = portal.ask(&fetcher, Trust::BrokenAllowed).await;
        assert_eq!(portal.connections(), connections, "each way that was tried");
        let second = portal.ask(&fetcher, Trust::BrokenAllowed).await;
        assert_eq!(portal.connections(), connections + 1, "the way that is known");
        let though = first.tls.accepted_though.clone().unwrap();
        assert!(though.starts_with(words), "{though}");
        assert_eq!((first.tls.openssl, &first.tls), (connections == 3, &second.tls));
        assert_eq!(response(second).payload, b"hello");
        let url = format!("http://{HOST}:{}/", portal.address.port());
        let plain = fetch_as(&fetcher, &url, portal.address, Trust::BrokenAllowed).await;
        assert_eq!(plain.tls, Tls::default(), "what is not by TLS says nothing of it");
    }
}

#[tokio::test]
async fn a_portal_is_found_where_connect_to_says_by_https_too() {
    let ca = ca("good");
    let portal = Portal::start(&Identity::new(&ca, HOST), modern);
    for (host, port) in [(HOST, 443), (HOST, 8443), ("10.0.0.1", 443)] {
        let mut config = config();
        config.network.connect_to =
            vec![config::ConnectTo { host: host.to_owned(), port, address: portal.address }];
        let url = format!("https://{host}:{port}/");
        let exchange = fetch(&trusting(&ca, &config), &url, portal.address).await;
        assert_eq!(exchange.address, Some(portal.address));
        if host == HOST {
            assert_eq!(response(exchange).payload, b"hello", "{url}");
        } else {
            let failure = failure(exchange);
            assert_eq!(failure.kind, FailureKind::Connect, "{failure:?}");
            assert!(failure.detail.contains("network.connect_to"), "{failure:?}");
        }
    }
    assert_eq!(portal.connections(), 2);
}

#[tokio::test]
async fn a_whole_chain_verifies() {
    let ours = ca("good");
    let between = ca_by(&ours, "between");
    let mut whole = Identity::new(&between, HOST);
    whole.chain.push(between.der().to_vec());
    for portal in [Portal::start(&whole, modern), Portal::start(&whole, old)] {
        let exchange = portal.ask(&trusting(&ours, &config()), Trust::Verified).await;
        assert_eq!(exchange.tls.accepted_though, None);
        assert_eq!(response(exchange).payload, b"hello");
    }
}

#[tokio::test]
async fn what_neither_takes_is_no_connection() {
    let ca = ca("good");
    let portal = Portal::start(&Identity::new(&ca, HOST), |builder| {
        builder.set_min_proto_version(None).unwrap();
        builder.set_max_proto_version(Some(SslVersion::TLS1_1)).unwrap();
        builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
    });
    for trust in [Trust::Verified, Trust::BrokenAllowed] {
        assert_eq!(
            failure(portal.ask(&trusting(&ca, &config()), trust).await).kind,
            FailureKind::Tls
        );
    }
    assert_eq!(portal.connections(), 4, "both ways, each time");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_asked_once() {
    for answer in ["HTTP/1.1 400 Bad Request\r\n\r\n", ""] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 4_096]).unwrap() > 0);
            stream.write_all(answer.as_bytes()).unwrap();
            drop(stream);
            listener.set_nonblocking(true).unwrap();
            listener
        });
        let url = format!("https://{HOST}:{}/", address.port());
        let refused = fetch(&trusting(&ca("good"), &config()), &url, address).await;
        assert_eq!(failure(refused).kind, FailureKind::Tls, "{answer:?}");
        let listener = served.join().unwrap();
        assert!(listener.accept().is_err(), "nobody else came");
    }
}
