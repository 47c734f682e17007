//! What an audit finds: a request that kept a rule of politeness not.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;

use crate::canonical::HostKey;
use crate::clock::Moment;

/// The rules, each with the word that stands in every output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Two requests to a host stand at least its delay apart.
    Gap,
    /// Two requests to an IP address stand at least its delay apart, whichever hosts they are to.
    AddressGap,
    /// No more than `politeness.per_host_connections` exchanges at once with a host or an address.
    AtOnce,
    /// A page is asked for only where the robots.txt in force permits it (RFC 9309).
    Robots,
    /// A page is asked for only at the times of the day that its robots.txt names (`Visit-time`).
    VisitTime,
    /// After 429 or 503 a host is left alone for as long as it asked (RFC 9110, section 10.2.3).
    RetryAfter,
    /// Nothing is started outside `politeness.hours`, nor outside those of the host's seed.
    Hours,
    /// Nothing is asked while a stop, or the wish of a host's administrator, forbids it.
    Stopped,
    /// Only public addresses are asked, and those that `network.allow_private` names.
    NotPublic,
}

impl Rule {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::AddressGap => "address-gap",
            Self::AtOnce => "at-once",
            Self::Robots => "robots",
            Self::VisitTime => "visit-time",
            Self::RetryAfter => "retry-after",
            Self::Hours => "hours",
            Self::Stopped => "stopped",
            Self::NotPublic => "not-public",
        }
    }
}

/// An earlier exchange, against which a request is measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Earlier {
    /// What was asked for.
    #[serde(serialize_with = "as_text")]
    pub url: Arc<str>,
    /// When.
    pub at: Moment,
}

/// How a request broke a rule.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) rule: Rule,
    pub(super) found: String,
    pub(super) due: String,
    pub(super) after: Option<Earlier>,
    /// It is broken in so far as an earlier exchange is not found.
    pub(super) is_lack: bool,
}

/// A request that broke a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The host that was asked.
    #[serde(serialize_with = "as_text")]
    pub host: HostKey,
    /// The IP address, where one answered.
    pub address: Option<IpAddr>,
    /// What was asked for.
    #[serde(serialize_with = "as_text")]
    pub url: Arc<str>,
    /// When.
    pub at: Moment,
    /// The WARC file that holds the exchange.
    #[serde(serialize_with = "as_text")]
    pub file: Arc<str>,
    /// Where in it its main record begins.
    pub offset: u64,
    /// What was found, in words.
    pub found: String,
    /// What was due, in words.
    pub due: String,
    /// The exchange that it is measured against.
    pub after: Option<Earlier>,
}

/// As it reads, of what serde does not know.
pub(super) fn as_text<S: serde::Serializer>(
    what: &impl fmt::Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(what)
}

/// `gap: URL at MOMENT: found 12ms, due 40ms, after URL at MOMENT (FILE at byte 123)`
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, url, at, found, due, .. } = self;
        write!(f, "{}: {url} at {at}: found {found}, due {due}", rule.as_str())?;
        if let Some(Earlier { url, at }) = &self.after {
            write!(f, ", after {url} at {at}")?;
        }
        write!(f, " ({} at byte {})", self.file, self.offset)
    }
}
