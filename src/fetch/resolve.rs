//! From a URL to the addresses at which it may be asked: by the system's resolver, or by the name servers
//! that `network.resolver` names and no others.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::Name;
use url::Url;

use super::client::forbidden;
use super::guard;
use super::limits::ADDRESSES;
use crate::config::{self, Config};
use crate::exchange::{Failure, FailureKind};

/// A question that got no answer is asked so often again, within `fetch.dns_timeout`.
const QUESTIONS_AGAIN: usize = 1;

/// Knows the addresses of names.
#[derive(Debug)]
pub(super) struct Resolver {
    network: config::Network,
    timeout: Duration,
    /// None: the system's.
    of_our_own: Option<TokioResolver>,
}

impl Resolver {
    pub(super) fn new(config: &Config) -> Result<Self, NetError> {
        let (network, timeout) = (config.network.clone(), config.fetch.dns_timeout);
        let servers = network.resolver.iter().map(|server| name_server(*server)).collect();
        let of_our_own =
            (!network.resolver.is_empty()).then(|| asking(servers, timeout)).transpose()?;
        Ok(Self { network, timeout, of_our_own })
    }

    /// The addresses at which `url` may be asked, IPv4 first.
    pub(super) async fn addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, Failure> {
        guard::check_url(&self.network, url).map_err(|refused| forbidden(&refused))?;
        if let Some(mapped) = guard::mapped(&self.network, url) {
            return self.permitted(url, vec![mapped]);
        }
        let port = url.port_or_known_default().unwrap_or_default();
        let found = match guard::literal_address(url) {
            Some(address) => vec![address],
            None => self.look_up(url.host_str().unwrap_or_default()).await?,
        };
        let with_port = |address: IpAddr| SocketAddr::new(address.to_canonical(), port);
        self.permitted(url, found.into_iter().map(with_port).collect())
    }

    async fn look_up(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        let asked = async {
            if let Some(resolver) = &self.of_our_own {
                // A `Url` has it in ASCII already. As a text it would be held to the rules for new names, which
                // forbid the `_` of old ones.
                let name = Name::from_ascii(host).map_err(|error| error.to_string())?;
                let found = resolver.lookup_ip(name).await.map_err(|error| error.to_string())?;
                Ok(found.iter().collect())
            } else {
                let found = tokio::net::lookup_host((host, 0)).await;
                let found = found.map_err(|error| error.to_string())?;
                Ok(found.map(|address| address.ip()).collect())
            }
        };
        match tokio::time::timeout(self.timeout, asked).await {
            Ok(found) => found.map_err(|error: String| unresolved(host, &error)),
            Err(_elapsed) => Err(unresolved(host, &format!("no answer within {:?}", self.timeout))),
        }
    }

    fn permitted(&self, url: &Url, mut found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Failure> {
        let Some(first) = found.first().copied() else {
            return Err(unresolved(url.host_str().unwrap_or_default(), "it has no address"));
        };
        let mut seen = HashSet::new();
        found.retain(|one| guard::permits(&self.network, one.ip()) && seen.insert(*one));
        if found.is_empty() {
            let checked = guard::check_address(&self.network, url, first.ip());
            checked.map_err(|refused| forbidden(&refused))?;
        }
        found.sort_by_key(SocketAddr::is_ipv6);
        found.truncate(ADDRESSES);
        Ok(found)
    }
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.to_vec())
}

fn asking(servers: Vec<NameServerConfig>, timeout: Duration) -> Result<TokioResolver, NetError> {
    let config = ResolverConfig::from_name_servers(servers);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    options.attempts = QUESTIONS_AGAIN;
    options.timeout = timeout / 2;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.use_hosts_file = ResolveHosts::Never;
    builder.build()
}

fn unresolved(host: &str, detail: &str) -> Failure {
    Failure { kind: FailureKind::Dns, detail: format!("{host} does not resolve: {detail}") }
}
