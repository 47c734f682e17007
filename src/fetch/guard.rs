//! Which addresses may be asked: public ones, and those that the configuration names.
//!
//! The check stands between name resolution and the connection, and the connection is made to the
//! checked address itself, so a name that changes its answer in between changes nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::config;

/// IPv4 ranges that are not globally reachable (IANA IPv4 Special-Purpose Address Registry), with
/// multicast and the class E block.
const NOT_PUBLIC_V4: [(Ipv4Addr, u8); 16] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// The addresses that may be asked.
#[derive(Debug, Clone)]
pub struct Guard {
    allowed: Vec<IpNet>,
    connect_to: Vec<config::ConnectTo>,
}

/// Why a name gave no address that may be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum GuardError {
    #[error("{host} does not resolve: {detail}")]
    Unresolved { host: String, detail: String },
    #[error(
        "{host} is at {address}, which is not a public address; `network.allow_private` names those that may be asked"
    )]
    Forbidden { host: String, address: IpAddr },
}

impl Guard {
    /// The guard of this configuration.
    pub fn new(network: &config::Network) -> Self {
        Self { allowed: network.allow_private.clone(), connect_to: network.connect_to.clone() }
    }

    /// Whether this address may be asked.
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.iter().any(|range| range.contains(&address)) || is_public(address)
    }

    /// Where `network.connect_to` sends requests for this host and port.
    pub(super) fn mapped(&self, host: &str, port: u16) -> Option<SocketAddr> {
        self.connect_to
            .iter()
            .find(|entry| entry.port == port && entry.host == host)
            .map(|entry| entry.address)
    }

    pub(super) fn check(&self, host: &str, address: IpAddr) -> Result<(), GuardError> {
        if self.permits(address) {
            return Ok(());
        }
        Err(GuardError::Forbidden { host: host.to_owned(), address })
    }

    async fn resolve_name(self: Arc<Self>, host: String) -> Result<Vec<SocketAddr>, GuardError> {
        let mapped = self.mapped(&host, 443);
        let found: Vec<SocketAddr> = match mapped {
            Some(address) => vec![address],
            None => tokio::net::lookup_host((host.as_str(), 0))
                .await
                .map_err(|error| GuardError::Unresolved {
                    host: host.clone(),
                    detail: error.to_string(),
                })?
                .collect(),
        };
        let permitted: Vec<SocketAddr> =
            found.iter().copied().filter(|address| self.permits(address.ip())).collect();
        match (permitted.is_empty(), found.first()) {
            (false, _) => Ok(permitted),
            (true, Some(first)) => Err(GuardError::Forbidden { host, address: first.ip() }),
            (true, None) => {
                Err(GuardError::Unresolved { host, detail: "it has no address".to_owned() })
            }
        }
    }
}

/// The resolver that reqwest is given. It is not asked for addresses written out in a URL: those
/// the client checks before it sends.
#[derive(Debug, Clone)]
pub(super) struct GuardedResolver(pub(super) Arc<Guard>);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let addresses = guard.resolve_name(host).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Globally reachable unicast: everything else is ours, a neighbour's or nobody's.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    !NOT_PUBLIC_V4.iter().any(|(network, prefix)| {
        let mask = u32::MAX << (32 - u32::from(*prefix));
        bits & mask == network.to_bits()
    })
}

/// Global unicast is `2000::/3` (RFC 4291, section 2.4); within it, forms that carry an IPv4 address
/// are as public as that address.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, fourth, _, _, seventh, eighth] = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match (first, second) {
        // NAT64 (RFC 6052)
        (0x64, 0xff9b) if third == 0 && fourth == 0 => is_public_v4(v4(seventh, eighth)),
        // 6to4 (RFC 3056)
        (0x2002, _) => is_public_v4(v4(second, third)),
        // IETF protocol assignments with Teredo (2001::/23), documentation (2001:db8::/32, 3fff::/20)
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => false,
        _ => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        Guard::new(&config::Network::default()).permits(text.parse().unwrap())
    }

    #[test]
    fn only_public_addresses_may_be_asked() {
        for address in ["1.1.1.1", "114.114.114.114", "223.5.5.5", "2400:3200::1", "::ffff:1.1.1.1"]
        {
            assert!(public(address), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "::127.0.0.1",
        ] {
            assert!(!public(address), "{address}");
        }
    }

    #[test]
    fn what_the_configuration_names_may_be_asked_and_nothing_else() {
        let guard = Guard::new(&config::Network {
            allow_private: vec!["127.0.0.0/8".parse().unwrap()],
            ..config::Network::default()
        });
        assert!(guard.permits("127.9.9.9".parse().unwrap()));
        assert!(guard.permits("::ffff:127.0.0.1".parse().unwrap()));
        assert!(!guard.permits("10.0.0.1".parse().unwrap()));
        let refused = guard.check("x.gov.cn", "10.0.0.1".parse().unwrap()).unwrap_err();
        assert!(refused.to_string().contains("x.gov.cn is at 10.0.0.1"), "{refused}");
    }
}
