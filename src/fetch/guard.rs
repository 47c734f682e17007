//! Which addresses may be asked: public ones, and those that the configuration names.
//!
//! The check stands between name resolution and the connection, and the connection is made to the
//! checked address itself, so a name that changes its answer in between changes nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

use super::ports;
use crate::config;

/// IPv4 ranges that are not globally reachable (IANA IPv4 Special-Purpose Address Registry), with
/// multicast, the class E block, and the address at which a machine in Azure's cloud is told its secrets.
const NOT_PUBLIC_V4: [(Ipv4Addr, u8); 17] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
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

/// Why a URL, or an address, is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Only HTTP is spoken.
    #[error("`{0}` is neither http nor https")]
    Scheme(String),
    /// The port is that of another service.
    #[error("port {0} is not one of the web; `network.allow_ports` names others that may be asked")]
    Port(u16),
    /// The address is ours, a neighbour's or nobody's.
    #[error(
        "{host} is at {address}, which is not a public address; `network.allow_private` names those that may be asked"
    )]
    Address {
        /// The host of the URL.
        host: String,
        /// Where it is.
        address: IpAddr,
    },
}

/// Whether this address may be asked: a public one, or one that `network.allow_private` names.
pub fn permits(network: &config::Network, address: IpAddr) -> bool {
    let address = address.to_canonical();
    network.allow_private.iter().any(|range| range.contains(&address)) || is_public(address)
}

/// What can be said against a URL before any name is resolved: by its scheme, its port, and the address
/// that stands in it. What `network.connect_to` sends elsewhere is the operator's word.
///
/// # Errors
/// The first of these.
pub fn check_url(network: &config::Network, url: &Url) -> Result<(), Refused> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refused::Scheme(url.scheme().to_owned()));
    }
    if mapped(network, url).is_some() {
        return Ok(());
    }
    let port = url.port_or_known_default().unwrap_or_default();
    if !ports::permits(port, &network.allow_ports) {
        return Err(Refused::Port(port));
    }
    literal_address(url).map_or(Ok(()), |address| check_address(network, url, address))
}

/// Whether a URL's host may be asked at this address.
pub(super) fn check_address(
    network: &config::Network,
    url: &Url,
    address: IpAddr,
) -> Result<(), Refused> {
    if permits(network, address) {
        return Ok(());
    }
    Err(Refused::Address { host: url.host_str().unwrap_or_default().to_owned(), address })
}

/// Where `network.connect_to` sends requests for the host and port of this URL.
pub(super) fn mapped(network: &config::Network, url: &Url) -> Option<SocketAddr> {
    let (host, port) = (url.host_str()?, url.port_or_known_default()?);
    let entry = network.connect_to.iter().find(|one| one.port == port && one.host == host)?;
    Some(entry.address)
}

/// The address that is written out in a URL. The `url` crate reads decimal, octal, hexadecimal, short
/// and full-width spellings as the addresses that they are (WHATWG URL, section 3.5).
pub(super) fn literal_address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
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

/// Global unicast is `2000::/3` (RFC 4291, section 2.4), and the addresses by which NAT64 reaches IPv4 are
/// as public as what they carry. Other forms that carry an IPv4 address are ways into a network, and no
/// portal's.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, fourth, fifth, sixth, seventh, eighth] = address.segments();
    match (first, second) {
        // NAT64 (RFC 6052, section 2.1); 64:ff9b:1::/48 (RFC 8215) is for local use.
        (0x64, 0xff9b) if [third, fourth, fifth, sixth] == [0; 4] => {
            is_public_v4(Ipv4Addr::from_bits(u32::from(seventh) << 16 | u32::from(eighth)))
        }
        // IETF protocol assignments with Teredo, ORCHID and benchmarking (2001::/23), documentation
        // (2001:db8::/32, RFC 3849; 3fff::/20, RFC 9637), 6to4 (2002::/16, RFC 7526: deprecated).
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) | (0x2002, _) => false,
        // ISATAP (RFC 5214, section 6.1): 0:5efe or 200:5efe, then an IPv4 address.
        _ if fifth & !0x200 == 0 && sixth == 0x5efe => false,
        _ => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        permits(&config::Network::default(), text.parse().unwrap())
    }

    #[test]
    fn only_public_addresses_may_be_asked() {
        for address in [
            "1.1.1.1",
            "114.114.114.114",
            "223.5.5.5",
            "168.63.129.17",
            "2400:3200::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
        ] {
            assert!(public(address), "{address}");
        }
        let of_ipv4 = "0.0.0.0 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 168.63.129.16 169.254.169.254 \
            172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.168.1.1 198.18.0.1 203.0.113.1 224.0.0.1 \
            233.252.0.1 240.0.0.1 255.255.255.255";
        let of_ipv6 = ":: ::1 fe80::1 fec0::1 feff::1 fc00::1 fd00:ec2::254 ff02::1 ff0e::1 100::1 5f00::1 3fff::1 \
            2001:db8::1 2001:2::1 2001:10::1 2001:20::1";
        let carrying_ipv4 = "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 ::1.1.1.1 \
            64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::101:101 64:ff9b::1:0:0:1 2002:7f00:1:: 2002:101:101::1 \
            2001::1 2001:0:101:101::1 fe80::5efe:7f00:1 2400:3200::5efe:101:101 2400:3200::200:5efe:101:101";
        for address in [of_ipv4, of_ipv6, carrying_ipv4].join(" ").split_whitespace() {
            assert!(!public(address), "{address}");
        }
    }

    #[test]
    fn what_the_configuration_names_may_be_asked_and_nothing_else() {
        let network = config::Network {
            allow_private: vec!["127.0.0.0/8".parse().unwrap()],
            ..config::Network::default()
        };
        assert!(permits(&network, "127.9.9.9".parse().unwrap()));
        assert!(permits(&network, "::ffff:127.0.0.1".parse().unwrap()));
        assert!(!permits(&network, "10.0.0.1".parse().unwrap()));
        let url = Url::parse("http://x.gov.cn/").unwrap();
        let refused = check_address(&network, &url, "10.0.0.1".parse().unwrap()).unwrap_err();
        assert!(refused.to_string().contains("x.gov.cn is at 10.0.0.1"), "{refused}");
    }

    #[test]
    fn every_spelling_of_an_address_is_that_address() {
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "0177.0.0x1",
            "127.0.0.1.",
            "１２７.０.０.１",
            "①②⑦.0.0.1",
            "127。0。0。1",
            "%31%32%37.0.0.1",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "0",
            "0.0.0.0",
            "[::]",
        ] {
            let url = Url::parse(&format!("http://{host}/")).unwrap();
            let refused = check_url(&config::Network::default(), &url);
            assert!(matches!(refused, Err(Refused::Address { .. })), "{host}: {refused:?}");
        }
        assert!(Url::parse("http://[fe80::1%25eth0]/").is_err(), "no scope in a URL");
    }

    #[test]
    fn other_schemes_and_odd_ports_are_refused_unless_the_operator_names_them() {
        let mut network = config::Network::default();
        let check =
            |network: &config::Network, url: &str| check_url(network, &Url::parse(url).unwrap());
        let scheme = |word: &str| Err(Refused::Scheme(word.to_owned()));
        assert_eq!(check(&network, "ftp://x.gov.cn/"), scheme("ftp"));
        assert_eq!(check(&network, "file:///etc/passwd"), scheme("file"));
        assert_eq!(check(&network, "gopher://x.gov.cn:70/"), scheme("gopher"));
        assert_eq!(check(&network, "http://x.gov.cn:22/"), Err(Refused::Port(22)));
        assert_eq!(check(&network, "https://x.gov.cn:6379/"), Err(Refused::Port(6379)));
        assert_eq!(check(&network, "http://x.gov.cn:8080/"), Ok(()));
        network.allow_ports = vec![22];
        assert_eq!(check(&network, "http://x.gov.cn:22/"), Ok(()));
        network.connect_to = vec![config::ConnectTo {
            host: "x.gov.cn".to_owned(),
            port: 25,
            address: "127.0.0.1:25".parse().unwrap(),
        }];
        assert_eq!(check(&network, "http://x.gov.cn:25/"), Ok(()));
        assert_eq!(check(&network, "http://y.gov.cn:25/"), Err(Refused::Port(25)));
    }
}
