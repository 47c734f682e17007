//! Hosts whose TLS is broken, or older than the crawler; certificates of our own making.

use std::io::{self, Read as _, Write as _};

use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod, SslVersion};
use openssl::x509::X509;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_RSA_SHA256,
    RsaKeySize, date_time_ymd,
};

use super::fault::{Fault, connection, secure};
use super::plays::{is_silent, says};
use super::server::Client;

/// A fatal alert, `handshake_failure` (RFC 8446, section 6).
const ALERT: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 40];

const NOT_TRUSTED: [&str; 3] =
    ["waiting: disallow certificate", "failure certificate", "robots.txt"];
const NO_TLS: [&str; 3] = ["waiting: disallow tls", "failure tls", "robots.txt"];

type Ca = CertifiedIssuer<'static, KeyPair>;

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// Whom the crawler trusts, and whom not.
pub(super) struct Authorities {
    ours: Ca,
    unknown: Ca,
    /// Vouched for by ours, but shown to nobody.
    between: Ca,
}

impl Authorities {
    pub(super) fn new() -> Self {
        let key = || KeyPair::generate().unwrap();
        let ours = Ca::self_signed(ca_params("青杉"), key()).unwrap();
        let between = Ca::signed_by(ca_params("其间"), key(), &ours).unwrap();
        Self { between, unknown: Ca::self_signed(ca_params("云岭"), key()).unwrap(), ours }
    }

    /// What the crawler is to trust.
    pub(super) fn roots(&self) -> String {
        self.ours.pem()
    }
}

/// A host by TLS with a certificate by this authority: for its own name and valid, until it is changed.
fn portal(
    name: &'static str,
    by: Option<&Ca>,
    change: impl Fn(&mut CertificateParams),
    setup: impl Fn(&mut SslAcceptorBuilder),
    expected: [&'static str; 3],
) -> Fault {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    // The host of a fault follows from its name.
    let host = secure(name, is_silent, expected).host();
    let mut params = CertificateParams::new(vec![host]).unwrap();
    change(&mut params);
    let certificate = match by {
        Some(by) => params.signed_by(&key, by),
        None => params.self_signed(&key),
    };
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    builder.set_certificate(&X509::from_der(certificate.unwrap().der()).unwrap()).unwrap();
    builder.set_private_key(&PKey::private_key_from_der(&key.serialize_der()).unwrap()).unwrap();
    setup(&mut builder);
    let acceptor = builder.build();
    secure(name, move |client| page_by(&acceptor, client), expected)
}

/// The same for every request: no robots.txt, and so leave to ask for the page, which is there all the same.
fn page_by(acceptor: &SslAcceptor, client: &mut Client) -> io::Result<()> {
    let Ok(mut stream) = acceptor.accept(client.stream.try_clone()?) else {
        // Whoever does not trust us has gone.
        return Ok(());
    };
    let mut request = [0; 4096];
    let read = stream.read(&mut request)?;
    let status = if request[..read].starts_with(b"GET /robots.txt") { "404 x" } else { "200 OK" };
    let fields = "Content-Type: text/html\r\nContent-Length: 9\r\nConnection: close";
    stream.write_all(format!("HTTP/1.1 {status}\r\n{fields}\r\n\r\n<p>青杉").as_bytes())?;
    stream.shutdown().map(drop).map_err(io::Error::other)
}

fn as_it_is(_: &mut SslAcceptorBuilder) {}

/// Nothing but RSA key exchange with CBC.
fn old_ciphers(builder: &mut SslAcceptorBuilder) {
    builder.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
    builder.set_cipher_list("AES128-SHA").unwrap();
}

fn old_versions(builder: &mut SslAcceptorBuilder) {
    builder.set_min_proto_version(None).unwrap();
    builder.set_max_proto_version(Some(SslVersion::TLS1_1)).unwrap();
    builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
}

/// Closes once the client has said hello.
fn goes_away(client: &mut Client) -> io::Result<()> {
    client.stream.read(&mut [0; 4096]).map(drop)
}

/// Handshake records of a server that never comes to the point.
fn babbles(client: &mut Client) -> io::Result<()> {
    let record = [&[0x16, 3, 3, 0x40, 0][..], &[0; 0x4000]].concat();
    client.say_for_ever(&record)
}

pub(super) fn faults(authorities: &Authorities) -> Vec<Fault> {
    let Authorities { ours, unknown, between } = authorities;
    let good = |_: &mut CertificateParams| ();
    let expired = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 1, 1);
    let to_come = |params: &mut CertificateParams| params.not_before = date_time_ymd(4000, 1, 1);
    let others = |params: &mut CertificateParams| {
        *params = CertificateParams::new(vec!["www.qingshan.gov.cn".to_owned()]).unwrap();
    };
    let served = ["fetched: allow status 404", "response 404", ""];
    vec![
        portal("rsa key exchange and cbc", Some(ours), good, old_ciphers, served),
        portal("tls of another age", Some(ours), good, old_versions, NO_TLS),
        portal("certificate expired", Some(ours), expired, as_it_is, NOT_TRUSTED),
        portal("certificate of the future", Some(ours), to_come, as_it_is, NOT_TRUSTED),
        portal("certificate for another name", Some(ours), others, as_it_is, NOT_TRUSTED),
        portal("certificate by itself", None, good, as_it_is, NOT_TRUSTED),
        portal("certificate by a stranger", Some(unknown), good, as_it_is, NOT_TRUSTED),
        portal("certificate without its chain", Some(between), good, as_it_is, NOT_TRUSTED),
        portal("certificate expired on old tls", Some(ours), expired, old_ciphers, NOT_TRUSTED),
        secure(
            "handshake that hangs",
            is_silent,
            ["waiting: disallow connect", "failure connect", "robots.txt"],
        ),
        secure("handshake that is an alert", says(ALERT), NO_TLS),
        secure("handshake that ends at once", goes_away, NO_TLS),
        secure("handshake without end", babbles, NO_TLS),
        secure("http where tls belongs", says("HTTP/1.1 400 Bad Request\r\n\r\n"), NO_TLS),
        connection(
            "tls where http belongs",
            says(ALERT),
            ["waiting: disallow protocol", "failure protocol", "robots.txt"],
        ),
    ]
}
