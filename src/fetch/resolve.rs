//! From a URL to the addresses at which it may be asked.

use std::net::SocketAddr;
use std::time::Duration;

use url::Url;

use super::client::forbidden;
use super::guard;
use crate::config;
use crate::exchange::{Failure, FailureKind};

/// The addresses at which `url` may be asked, IPv4 first.
pub(super) async fn addresses(
    network: &config::Network,
    timeout: Duration,
    url: &Url,
) -> Result<Vec<SocketAddr>, Failure> {
    guard::check_url(network, url).map_err(|refused| forbidden(&refused))?;
    let port = url.port_or_known_default().unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    let known = guard::mapped(network, url)
        .or_else(|| guard::literal_address(url).map(|address| SocketAddr::new(address, port)));
    let mut found: Vec<SocketAddr> = match known {
        Some(address) => vec![address],
        None => match tokio::time::timeout(timeout, tokio::net::lookup_host((host, port))).await {
            Ok(Ok(found)) => found.collect(),
            Ok(Err(error)) => return Err(unresolved(host, &error.to_string())),
            Err(_elapsed) => {
                return Err(unresolved(host, &format!("no answer within {timeout:?}")));
            }
        },
    };
    let first = found.first().copied();
    found.retain(|address| guard::permits(network, address.ip()));
    found.sort_by_key(SocketAddr::is_ipv6);
    match first {
        None => Err(unresolved(host, "it has no address")),
        Some(first) if found.is_empty() => {
            guard::check_address(network, url, first.ip())
                .map_err(|refused| forbidden(&refused))?;
            Ok(found)
        }
        Some(_) => Ok(found),
    }
}

fn unresolved(host: &str, detail: &str) -> Failure {
    Failure { kind: FailureKind::Dns, detail: format!("{host} does not resolve: {detail}") }
}
