//! reqwest's clients: one for each destination. A client of its own would look for addresses, and
//! keeps its connections by name, wherever that name led when they were made.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hashlink::LruCache;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, ClientBuilder};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::FetchError;
use super::limits::{CLIENTS, HEAD_BYTES, HEAD_FIELDS, IDLE, WINDOW_BYTES};

/// Said where nothing could be verified.
pub(super) const NO_ROOTS: &str = "there are no CA certificates: install them (`ca-certificates`), or name a file of them by SSL_CERT_FILE";

const HTTP_1: &[u8] = b"http/1.1";
const HTTP_2: &[u8] = b"h2";

/// Where a client goes, and how; one that was made for another destination is not used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Destination {
    /// The host of the URL.
    pub(super) host: String,
    pub(super) address: SocketAddr,
    /// By OpenSSL, not by rustls.
    pub(super) by_openssl: bool,
    /// Whatever the certificate is.
    pub(super) is_unverified: bool,
    /// HTTP/2 may be spoken, which says the host of the target and not that of the `Host` field.
    pub(super) may_be_http2: bool,
}

/// Makes clients, and keeps those that were used last.
#[derive(Debug)]
pub(super) struct Clients {
    /// Without roots no certificate verifies, and there is HTTP still.
    pub(super) has_roots: bool,
    rustls: ClientConfig,
    openssl: native_tls::TlsConnector,
    connect_timeout: Duration,
    kept: Mutex<LruCache<Destination, Client>>,
}

impl Clients {
    /// Clients that trust the roots of the system (or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name)
    /// and these.
    pub(super) fn new(
        roots: &[CertificateDer<'static>],
        connect_timeout: Duration,
    ) -> Result<Self, FetchError> {
        let mut openssl = native_tls::TlsConnector::builder();
        openssl.min_protocol_version(Some(native_tls::Protocol::Tlsv12));
        for root in roots {
            let root = native_tls::Certificate::from_der(root).map_err(FetchError::OpenSsl)?;
            openssl.add_root_certificate(root);
        }
        let (rustls, has_roots) = rustls(roots).map_err(FetchError::Rustls)?;
        Ok(Self {
            has_roots,
            rustls,
            openssl: openssl.build().map_err(FetchError::OpenSsl)?,
            connect_timeout,
            kept: Mutex::new(LruCache::new(CLIENTS)),
        })
    }

    /// The client for this destination.
    pub(super) fn of(&self, to: &Destination) -> Result<Client, reqwest::Error> {
        if let Some(client) = self.lock().get(to) {
            return Ok(client.clone());
        }
        let client = self.builder(to).build()?;
        self.lock().insert(to.clone(), client.clone());
        Ok(client)
    }

    /// Uses none of the connections to this destination again.
    pub(super) fn forget(&self, to: &Destination) {
        drop(self.lock().remove(to));
    }

    fn builder(&self, to: &Destination) -> ClientBuilder {
        let head = u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX);
        let builder = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .dns_resolver(Arc::new(Pinned(to.clone())))
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(IDLE)
            .http1_title_case_headers()
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_max_headers(HEAD_FIELDS)
            .http2_max_header_list_size(head)
            .http2_initial_stream_window_size(WINDOW_BYTES)
            .http2_initial_connection_window_size(WINDOW_BYTES);
        let builder = if to.may_be_http2 { builder } else { builder.http1_only() };
        match (to.by_openssl, to.is_unverified) {
            (false, false) => {
                let mut rustls = self.rustls.clone();
                if !to.may_be_http2 {
                    rustls.alpn_protocols = vec![HTTP_1.to_vec()];
                }
                builder.tls_backend_preconfigured(rustls)
            }
            // What servers of its kind offer is not good enough for HTTP/2 (RFC 9113, section 9.2.2).
            (true, false) => builder.tls_backend_preconfigured(self.openssl.clone()),
            (true, true) => {
                builder.http1_only().tls_backend_native().tls_danger_accept_invalid_certs(true)
            }
            (false, true) => builder.tls_backend_rustls().tls_danger_accept_invalid_certs(true),
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Destination, Client>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// rustls by the system's roots and these, and whether there are any.
fn rustls(roots: &[CertificateDer<'static>]) -> Result<(ClientConfig, bool), rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Verifier::new_with_extra_roots(roots.iter().cloned(), Arc::clone(&provider));
    let has_roots = verifier.is_ok();
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = match verifier {
        Ok(verifier) => config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
        Err(error) => {
            tracing::warn!(%error, "no portal is asked by https: {NO_ROOTS}");
            config.with_root_certificates(RootCertStore::empty())
        }
    };
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1.to_vec()];
    Ok((config, has_roots))
}

/// A resolver that knows nothing but what was decided.
struct Pinned(Destination);

impl Resolve for Pinned {
    fn resolve(&self, name: Name) -> Resolving {
        let is_decided = name.as_str() == self.0.host.trim_end_matches('.');
        let found = if is_decided {
            Ok(Box::new(std::iter::once(self.0.address)) as Addrs)
        } else {
            Err(format!("{} is not {}", name.as_str(), self.0.host).into())
        };
        Box::pin(async move { found })
    }
}
