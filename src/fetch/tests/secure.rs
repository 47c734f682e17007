//! TLS with certificates of our own making, modern and old, good and broken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod, SslVersion};
use openssl::x509::X509;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_RSA_SHA256,
    RsaKeySize, date_time_ymd,
};

use super::*;
use crate::exchange::{FailureKind, Tls};

pub(super) const HOST: &str = "www.qingshan.gov.cn";

pub(super) type Ca = CertifiedIssuer<'static, KeyPair>;

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params
}

pub(super) fn ca(name: &str) -> Ca {
    CertifiedIssuer::self_signed(ca_params(name), KeyPair::generate().unwrap()).unwrap()
}

/// What a server shows: its chain, and the key of its own certificate.
pub(super) struct Identity {
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) key: Vec<u8>,
}

/// A certificate for a name; old servers have RSA keys.
pub(super) fn identity(by: &Ca, name: &str, change: impl Fn(&mut CertificateParams)) -> Identity {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    change(&mut params);
    let own = params.signed_by(&key, by).unwrap();
    Identity { chain: vec![own.der().to_vec()], key: key.serialize_der() }
}

/// A portal by TLS.
struct Portal {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Portal {
    fn start(identity: &Identity, change: impl Fn(&mut SslAcceptorBuilder)) -> Self {
        let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        let mut chain = identity.chain.iter().map(|der| X509::from_der(der).unwrap());
        builder.set_certificate(&chain.next().unwrap()).unwrap();
        for more in chain {
            builder.add_extra_chain_cert(more).unwrap();
        }
        builder.set_private_key(&PKey::private_key_from_der(&identity.key).unwrap()).unwrap();
        change(&mut builder);
        let acceptor = builder.build();
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
    let ways = Ways::with(&[ca.der().clone()]).unwrap();
    Fetcher::over(ways, config, "test@gongkai.example").unwrap()
}

/// TLS 1.2 and nothing but RSA key exchange with CBC, as old portals have it.
fn old(builder: &mut SslAcceptorBuilder) {
    builder.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
    builder.set_cipher_list("AES128-SHA").unwrap();
}

fn as_it_is(_builder: &mut SslAcceptorBuilder) {}

#[tokio::test]
async fn a_good_certificate_is_nothing_out_of_the_ordinary_whatever_the_seed_allows() {
    let ca = ca("good");
    let portal = Portal::start(&identity(&ca, HOST, |_| ()), as_it_is);
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
    let portal = Portal::start(&identity(&ca, HOST, |_| ()), old);
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
        identity(&theirs, HOST, |_| ()),
        identity(&ours, "www.yunling.gov.cn", |_| ()),
        identity(&ours, HOST, |params| params.not_after = date_time_ymd(2020, 1, 1)),
    ] {
        let portal = Portal::start(&broken, old);
        let refused = portal.ask(&trusting(&ours, &config()), Trust::Verified).await;
        assert_eq!(failure(refused).kind, FailureKind::Certificate);
    }
}

#[tokio::test]
async fn a_broken_certificate_is_a_failure_of_its_own_unless_the_seed_allows_it() {
    let (ours, theirs) = (ca("good"), ca("unknown"));
    let between =
        CertifiedIssuer::signed_by(ca_params("between"), KeyPair::generate().unwrap(), &ours)
            .unwrap();
    let own_key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec![HOST.to_owned()]).unwrap().self_signed(&own_key).unwrap();
    let own = Identity { chain: vec![own.der().to_vec()], key: own_key.serialize_der() };
    let long_ago = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 1, 1);
    for (broken, by_openssl) in [
        (identity(&ours, HOST, long_ago), "expired"),
        (identity(&ours, "www.yunling.gov.cn", |_| ()), "hostname mismatch"),
        (identity(&theirs, HOST, |_| ()), "unable to get local issuer certificate"),
        (identity(&between, HOST, |_| ()), "unable to get local issuer certificate"),
        (own, "self-signed certificate"),
    ] {
        let portal = Portal::start(&broken, as_it_is);
        let refused = failure(portal.ask(&trusting(&ours, &config()), Trust::Verified).await);
        assert_eq!(refused.kind, FailureKind::Certificate, "{by_openssl}: {refused:?}");
        assert!(!refused.detail.is_empty());
        assert_eq!(portal.connections(), 1, "a broken certificate is not tried a second way");

        let fetcher = trusting(&ours, &config());
        let accepted = portal.ask(&fetcher, Trust::BrokenAllowed).await;
        let though = accepted.tls.accepted_though.clone().unwrap();
        assert!(though.contains(by_openssl), "{though}: expected {by_openssl}");
        assert_eq!(response(accepted).payload, b"hello");
        // What one seed allows is no leave for another.
        let refused = failure(portal.ask(&fetcher, Trust::Verified).await);
        assert_eq!(refused.kind, FailureKind::Certificate, "{by_openssl}");
    }
}

#[tokio::test]
async fn a_whole_chain_verifies() {
    let ours = ca("good");
    let between =
        CertifiedIssuer::signed_by(ca_params("between"), KeyPair::generate().unwrap(), &ours)
            .unwrap();
    let mut whole = identity(&between, HOST, |_| ());
    whole.chain.push(between.der().to_vec());
    for portal in [Portal::start(&whole, as_it_is), Portal::start(&whole, old)] {
        let exchange = portal.ask(&trusting(&ours, &config()), Trust::Verified).await;
        assert_eq!(exchange.tls.accepted_though, None);
        assert_eq!(response(exchange).payload, b"hello");
    }
}

#[tokio::test]
async fn what_neither_takes_is_no_connection() {
    let ca = ca("good");
    let portal = Portal::start(&identity(&ca, HOST, |_| ()), |builder| {
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
