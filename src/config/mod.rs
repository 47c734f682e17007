//! What can be configured: every key of `config.toml` with its type and its default, checked.
//!
//! `load` reads the file and the environment; `units` reads sizes, durations and hours as people
//! write them. Nothing outside this folder sees text where a checked value can stand.

pub mod load;
pub mod units;

use std::path::PathBuf;
use std::time::Duration;

pub use load::{ConfigError, load};

/// The whole configuration, every value checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Who we are to the portals.
    pub identity: Identity,
    /// Where the archive lies and how it is cut.
    pub archive: Archive,
    /// Where the seed files lie.
    pub seeds: Seeds,
    /// How gently we ask.
    pub politeness: Politeness,
    /// Where it is said that nothing, or a host, is not to be asked.
    pub stops: Stops,
    /// How long and how much we wait for.
    pub fetch: Fetch,
    /// Which addresses may be asked, beyond the public ones.
    pub network: Network,
    /// How far we go on one host.
    pub scope: Scope,
    /// When we come again.
    pub revisit: Revisit,
}

/// `[identity]`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Identity {
    /// A URL or a mail address at which the operator can be reached. Without one `crawl` refuses
    /// to start.
    pub contact: Option<String>,
}

/// `[archive]`
#[derive(Debug, Clone, PartialEq)]
pub struct Archive {
    /// The folder of the archive: `warc/`, the database, the lock.
    pub dir: PathBuf,
    /// At this size in bytes a WARC file is sealed and the next one begun.
    pub warc_size: u64,
    /// So many bytes of the disk are left free: a crawl that comes so far stops, with its state saved.
    pub reserve: u64,
}

/// `[seeds]`
#[derive(Debug, Clone, PartialEq)]
pub struct Seeds {
    /// The folder of the seed files (`*.toml`, `*.txt`).
    pub dir: PathBuf,
}

/// `[politeness]`
#[derive(Debug, Clone, PartialEq)]
pub struct Politeness {
    /// The least gap between two requests to a host.
    pub delay: Duration,
    /// The greatest gap that our own measures (`delay_factor`) ask for; a Crawl-delay may exceed it.
    pub max_delay: Duration,
    /// The gap is at least so many times the host's last response time.
    pub delay_factor: f64,
    /// So many hosts are asked at once, 1 or more.
    pub concurrent_hosts: usize,
    /// So many requests at once to one host, 1 or more; more than 1 only for a host of one's own.
    pub per_host_connections: u32,
    /// Requests go out only within these hours.
    pub hours: Option<units::Hours>,
}

/// `[stops]`: files that are looked at while a crawl runs; none of them need be there.
#[derive(Debug, Clone, PartialEq)]
pub struct Stops {
    /// While it is there no request is sent.
    pub file: PathBuf,
    /// Hosts that are not asked for now, one a line.
    pub hosts: PathBuf,
    /// Hosts whose administrators do not want to be asked, one a line.
    pub opt_out: PathBuf,
}

/// `[fetch]`
#[derive(Debug, Clone, PartialEq)]
pub struct Fetch {
    /// To find the address of a name.
    pub dns_timeout: Duration,
    /// To connect, TLS included.
    pub connect_timeout: Duration,
    /// For the head, and then for each next part of the body.
    pub read_timeout: Duration,
    /// For the whole exchange.
    pub timeout: Duration,
    /// A body that comes slower than so many bytes a second is cut.
    pub min_rate: u64,
    /// The most bytes of a body that are kept, on the wire and decoded.
    pub max_body: u64,
    /// The most redirects followed one after the other.
    pub max_redirects: u32,
    /// How often a URL that failed is tried again before it is given up.
    pub retries: u32,
}

/// `[network]`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Network {
    /// Address ranges outside the public ones that may be asked.
    pub allow_private: Vec<ipnet::IpNet>,
    /// Ports that may be asked beside those of the web.
    pub allow_ports: Vec<u16>,
    /// The name servers that are asked; none: as the system is set up.
    pub resolver: Vec<std::net::SocketAddr>,
    /// Where to connect instead, as curl's `--connect-to`.
    pub connect_to: Vec<ConnectTo>,
}

/// One line of `network.connect_to`: `"www.example.gov.cn:80=127.0.0.1:8080"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectTo {
    /// The host of the URL, in lower case.
    pub host: String,
    /// The port of the URL (80 or 443 where it names none).
    pub port: u16,
    /// The address that is connected to instead.
    pub address: std::net::SocketAddr,
}

/// `[scope]`
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// The most links between a seed and a page.
    pub max_depth: u32,
    /// The most pages known of one host.
    pub max_pages_per_host: u64,
}

/// `[revisit]`
#[derive(Debug, Clone, PartialEq)]
pub struct Revisit {
    /// The soonest a page is asked for again.
    pub min: Duration,
    /// The latest a page is asked for again.
    pub max: Duration,
}

const DAY: Duration = Duration::from_hours(24);
const MIB: u64 = 1 << 20;

impl Default for Config {
    fn default() -> Self {
        Self {
            identity: Identity::default(),
            archive: Archive {
                dir: PathBuf::from("archive"),
                warc_size: 1024 * MIB,
                reserve: 32 * MIB,
            },
            seeds: Seeds { dir: PathBuf::from("seeds") },
            politeness: Politeness {
                delay: Duration::from_secs(2),
                max_delay: Duration::from_mins(1),
                delay_factor: 10.0,
                concurrent_hosts: 64,
                per_host_connections: 1,
                hours: None,
            },
            stops: Stops {
                file: PathBuf::from("STOP"),
                hosts: PathBuf::from("stop-hosts.txt"),
                opt_out: PathBuf::from("opt-out.txt"),
            },
            fetch: Fetch {
                dns_timeout: Duration::from_secs(10),
                connect_timeout: Duration::from_secs(15),
                read_timeout: Duration::from_secs(30),
                timeout: Duration::from_mins(1),
                min_rate: 256,
                max_body: 32 * MIB,
                max_redirects: 5,
                retries: 3,
            },
            network: Network::default(),
            scope: Scope { max_depth: 12, max_pages_per_host: 200_000 },
            revisit: Revisit { min: DAY, max: 180 * DAY },
        }
    }
}
