//! Everything that one pass changes, as one value: committed whole or not at all.

use std::net::IpAddr;
use std::time::Duration;

use crate::clock::Moment;
use crate::fetch::Validators;
use crate::frontier::state::Transition;
use crate::frontier::{Found, Lease};
use crate::politeness::backoff::Failures;
use crate::politeness::robots::InForce;

/// What one pass came to.
#[derive(Debug)]
pub struct Outcome {
    /// The lease it ends.
    pub lease: Lease,
    /// When its exchange ended: the moment that everything here is reckoned from.
    pub finished: Moment,
    /// What the index says of them.
    pub capture: CaptureFacts,
    /// Where the URL goes from here; none for a robots.txt, which stays apart.
    pub url: Option<UrlChange>,
    /// How the host's clock moves.
    pub host: HostChange,
    /// How the clock of its address moves; none where no address was asked.
    pub address: Option<AddressChange>,
    /// What was learnt of the origin's robots.txt.
    pub robots: Option<RobotsChange>,
    /// The report that the page is, or offers.
    pub report: Option<ReportFacts>,
    /// URLs found on it that are in scope, and those excluded for a reason worth a row.
    pub found: Vec<Found>,
}

impl Outcome {
    /// No response came: whom it was asked of may be elsewhere by now.
    pub fn is_unreachable(&self) -> bool {
        self.capture.failure.is_some()
    }
}

/// The index's row of a capture, as far as it is known before the bytes are placed.
#[derive(Debug, Clone)]
pub struct CaptureFacts {
    /// When the request was sent.
    pub at: Moment,
    /// The status; none where no response head arrived.
    pub status: Option<u16>,
    /// The media type that the server named, lower case, without parameters.
    pub mime: Option<String>,
    /// To the last byte.
    pub elapsed: Duration,
    /// The peer's address.
    pub address: Option<String>,
    /// `WARC-Truncated`.
    pub truncated: Option<&'static str>,
    /// Why no response arrived: `kind: detail`.
    pub failure: Option<String>,
    /// What the response is, if it is not the page: `kind: by what it was recognised`.
    pub not_page: Option<String>,
    /// Body bytes that crossed the wire.
    pub wire_length: u64,
}

/// Where a URL goes.
#[derive(Debug, Clone)]
pub struct UrlChange {
    /// State, reason, attempts, and when again.
    pub transition: Transition,
    /// The rest that was chosen, for the next choice.
    pub interval: Option<Duration>,
    /// To be sent with the next request.
    pub validators: Validators,
}

/// How a host's clock moves.
#[derive(Debug, Clone)]
pub struct HostChange {
    /// Left alone until then.
    pub next_at: Moment,
    /// Why, where it is more than its pace.
    pub rest_reason: Option<String>,
    /// Failures that are not forgiven, this pass included.
    pub failures: Failures,
    /// Connections in a row that broke.
    pub broken: u32,
    /// Its pace from now on.
    pub delay: Duration,
    /// How long it took to answer; none keeps the last.
    pub last_response: Option<Duration>,
}

/// How the clock of an address moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressChange {
    /// The address that was asked.
    pub address: IpAddr,
    /// Left alone until then.
    pub next_at: Moment,
    /// How long it took to answer; none keeps the last.
    pub last_response: Option<Duration>,
}

/// What was learnt of an origin's robots.txt.
#[derive(Debug, Clone)]
pub struct RobotsChange {
    /// The origin.
    pub origin: String,
    /// What is in force for it now.
    pub in_force: InForce,
    /// The gap between two requests to its host that it asks for.
    pub gap: Option<Duration>,
}

/// The columns by which reports are found, and the report itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFacts {
    /// `report` or `report_file`.
    pub kind: String,
    /// Its title.
    pub title: Option<String>,
    /// The publishing agency.
    pub agency: Option<String>,
    /// The year reported on.
    pub year: Option<i64>,
    /// GB/T 2260.
    pub division: Option<String>,
    /// As published.
    pub published: Option<String>,
    /// `2021`, `2019`, `narrative`.
    pub format: Option<String>,
    /// The whole object, `gongkai-report/1`.
    pub json: String,
}
