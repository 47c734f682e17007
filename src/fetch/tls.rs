//! TLS: rustls, and where it refuses what an old server offers, OpenSSL, which verifies as strictly.
//!
//! rustls knows neither RSA key exchange nor CBC and DHE suites, which old portals have nothing beside
//! (TLS 1.2 all the same: older versions stay out). A broken certificate is accepted only where the
//! seed of the host allows it, and by OpenSSL, which then says what is wrong with it.

use std::collections::HashSet;
use std::fmt::Display;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::{X509, X509VerifyResult};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use super::dial::Dial;
use super::limits::HOSTS_OF_OPENSSL;
use super::{FetchError, Trust};
use crate::exchange::{Failure, FailureKind, Tls};

/// The protocols that rustls offers (RFC 7301), the one wanted most first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Said where nothing could be verified.
const NO_ROOTS: &str = "there are no CA certificates: install them (`ca-certificates`), or name a file of them by SSL_CERT_FILE";

/// What is read from and written to.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// A connection as HTTP sees it.
pub(super) struct Secured {
    pub(super) stream: Box<dyn Duplex>,
    /// The server chose HTTP/2.
    pub(super) is_http2: bool,
    pub(super) tls: Tls,
}

/// Both ways to a secure connection, with the same roots.
pub(super) struct Ways {
    has_roots: bool,
    rustls: tokio_rustls::TlsConnector,
    openssl: SslConnector,
    /// Hosts that rustls does not get on with: asked by OpenSSL at once.
    of_openssl: Mutex<HashSet<String>>,
}

impl std::fmt::Debug for Ways {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ways")
    }
}

/// Why there is no secure connection.
enum Handshake {
    /// The two sides have no protocol or cipher in common.
    Protocol(String),
    /// The certificate does not verify.
    Certificate(String),
    /// The connection broke, or what came was not TLS.
    Broken(String),
}

impl Ways {
    /// Both with the roots of the system, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name. Without any
    /// of them there is HTTP still.
    pub(super) fn new() -> Result<Self, FetchError> {
        let roots = rustls_native_certs::load_native_certs();
        if roots.certs.is_empty() {
            tracing::warn!(errors = ?roots.errors, "no portal is asked by https: {NO_ROOTS}");
        }
        Self::with(&roots.certs)
    }

    /// Both with these roots.
    pub(super) fn with(roots: &[CertificateDer<'static>]) -> Result<Self, FetchError> {
        Ok(Self {
            has_roots: !roots.is_empty(),
            rustls: rustls(roots).map_err(FetchError::Rustls)?,
            openssl: openssl(roots).map_err(FetchError::OpenSsl)?,
            of_openssl: Mutex::default(),
        })
    }

    /// A secure connection to `host`. A second way begins when the connection of the first is closed.
    pub(super) async fn secure(
        &self,
        host: &str,
        trust: Trust,
        dial: Dial,
    ) -> Result<Secured, Failure> {
        if !self.has_roots && trust == Trust::Verified {
            return Err(Handshake::Broken(NO_ROOTS.to_owned()).into());
        }
        if !self.is_of_openssl(host) {
            let first = async { Ok(self.by_rustls(host, dial.connect().await?).await) };
            match within(dial.timeout, first).await? {
                Ok(secured) => return Ok(secured),
                Err(Handshake::Protocol(why)) => {
                    tracing::debug!(host, why, "rustls refuses; OpenSSL is asked");
                }
                Err(Handshake::Certificate(_)) if trust == Trust::BrokenAllowed => {}
                Err(refused) => return Err(refused.into()),
            }
        }
        let second = async { Ok(self.by_openssl(host, trust, dial.connect().await?).await) };
        let secured = within(dial.timeout, second).await??;
        self.remember(host);
        Ok(secured)
    }

    async fn by_rustls(&self, host: &str, under: TcpStream) -> Result<Secured, Handshake> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| Handshake::Broken(error.to_string()))?;
        let stream = self.rustls.connect(name, under).await.map_err(|error| of_rustls(&error))?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Secured { stream: Box::new(stream), is_http2, tls: Tls::default() })
    }

    async fn by_openssl(
        &self,
        host: &str,
        trust: Trust,
        under: TcpStream,
    ) -> Result<Secured, Handshake> {
        let mut setup = self.openssl.configure().map_err(broken)?;
        if trust == Trust::BrokenAllowed {
            // It verifies all the same, keeps what it finds and goes on.
            setup.set_verify(SslVerifyMode::NONE);
        }
        let ssl = setup.into_ssl(host).map_err(broken)?;
        let mut stream = SslStream::new(ssl, under).map_err(broken)?;
        let shaken = Pin::new(&mut stream).connect().await;
        let verified = stream.ssl().verify_result();
        if let Err(error) = shaken {
            return Err(match error.ssl_error() {
                _ if verified != X509VerifyResult::OK && trust == Trust::Verified => {
                    Handshake::Certificate(verified.error_string().to_owned())
                }
                Some(_) => Handshake::Protocol(error.to_string()),
                None => Handshake::Broken(error.to_string()),
            });
        }
        let accepted_though =
            (verified != X509VerifyResult::OK).then(|| verified.error_string().to_owned());
        let tls = Tls { openssl: true, accepted_though };
        Ok(Secured { stream: Box::new(stream), is_http2: false, tls })
    }

    fn is_of_openssl(&self, host: &str) -> bool {
        self.of_openssl.lock().unwrap_or_else(PoisonError::into_inner).contains(host)
    }

    fn remember(&self, host: &str) {
        let mut hosts = self.of_openssl.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() < HOSTS_OF_OPENSSL {
            hosts.insert(host.to_owned());
        }
    }
}

async fn within<T>(
    timeout: Duration,
    way: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::time::timeout(timeout, way).await.unwrap_or_else(|_elapsed| {
        let detail = format!("no TLS handshake within {timeout:?}");
        Err(Failure { kind: FailureKind::Tls, detail })
    })
}

fn rustls(roots: &[CertificateDer<'static>]) -> Result<tokio_rustls::TlsConnector, rustls::Error> {
    let mut store = RootCertStore::empty();
    let (_, ignored) = store.add_parsable_certificates(roots.iter().cloned());
    if ignored > 0 {
        tracing::debug!(ignored, "roots that rustls cannot read");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(Arc::new(config).into())
}

fn openssl(roots: &[CertificateDer<'static>]) -> Result<SslConnector, ErrorStack> {
    let mut store = X509StoreBuilder::new()?;
    for root in roots {
        match X509::from_der(root) {
            Ok(root) => store.add_cert(root)?,
            Err(error) => tracing::debug!(%error, "a root that OpenSSL cannot read"),
        }
    }
    let mut builder = SslConnector::builder(SslMethod::tls_client())?;
    builder.set_cert_store(store.build());
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    Ok(builder.build())
}

fn broken(error: impl Display) -> Handshake {
    Handshake::Broken(error.to_string())
}

fn of_rustls(error: &io::Error) -> Handshake {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(why)) => Handshake::Certificate(why.to_string()),
        Some(why @ rustls::Error::NoCertificatesPresented) => {
            Handshake::Certificate(why.to_string())
        }
        Some(
            why @ (rustls::Error::PeerIncompatible(_)
            | rustls::Error::PeerMisbehaved(_)
            | rustls::Error::AlertReceived(_)),
        ) => Handshake::Protocol(why.to_string()),
        Some(why) => Handshake::Broken(why.to_string()),
        None => Handshake::Broken(error.to_string()),
    }
}

impl From<Handshake> for Failure {
    fn from(handshake: Handshake) -> Self {
        let (kind, detail) = match handshake {
            Handshake::Certificate(detail) => (FailureKind::Certificate, detail),
            Handshake::Protocol(detail) | Handshake::Broken(detail) => (FailureKind::Tls, detail),
        };
        Self { kind, detail }
    }
}
