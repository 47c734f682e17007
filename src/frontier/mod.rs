//! What next: a URL's life from being found to being kept, as values and pure rules.
//!
//! - `state`: the states of a URL and what moves it from one to the next
//! - `order`: which URL of a host comes first
//! - `revisit`: when a page is asked for again
//!
//! The rows themselves are the database's; nothing here knows SQL or the clock.

pub mod order;
pub mod revisit;
pub mod state;

use std::net::IpAddr;
use std::time::Duration;

use url::Url;

use crate::canonical::{CanonicalUrl, HostKey};
use crate::clock::Moment;
use crate::fetch::Validators;

pub use state::{Reason, UrlState};

/// Leave to work on one URL of one host, written down before anything is asked: until its outcome
/// is committed nobody else gets the URL, and the host's line is taken.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The row of the URL.
    pub url_id: i64,
    /// The row of the host whose line is taken.
    pub host_id: i64,
    /// That host.
    pub host: HostKey,
    /// What the frontier knows the URL by.
    pub url: CanonicalUrl,
    /// The address at which it is asked, where that is known.
    pub address: Option<IpAddr>,
    /// What is fetched: the first spelling seen.
    pub spelling: Url,
    /// What the request is for.
    pub purpose: Purpose,
    /// The seed that it was found from, by name.
    pub seed: String,
    /// The page that it was found on.
    pub via: Option<String>,
    /// Links between the seed and this page.
    pub depth: u32,
    /// Redirects between the link and this URL.
    pub redirects: u32,
    /// How likely it is, or leads to, a report: 0 to 100.
    pub score: u8,
    /// Requests that failed so far.
    pub attempts: u32,
    /// What the server said of it when we had it last.
    pub validators: Validators,
    /// How long the last visit let it rest; none before the first.
    pub interval: Option<Duration>,
    /// When it was granted.
    pub granted: Moment,
}

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A page of the frontier.
    Page,
    /// The robots.txt of an origin, asked for before anything else of it (RFC 9309, section 2.3).
    Robots {
        /// The origin it speaks for, as `scheme://host:port`.
        origin: String,
        /// Redirects followed so far to find it.
        redirects: u32,
    },
}

/// A URL that was found and is in scope, ready to be admitted to the frontier.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its canonical form.
    pub url: CanonicalUrl,
    /// The spelling that will be fetched.
    pub spelling: Url,
    /// The seed that takes it in, by name.
    pub seed: String,
    /// Links between the seed and it.
    pub depth: u32,
    /// Redirects between the link and it.
    pub redirects: u32,
    /// How likely it is, or leads to, a report: 0 to 100.
    pub score: u8,
    /// Why it has that score.
    pub why: &'static str,
    /// Set where it is known already that it will not be fetched.
    pub excluded: Option<Reason>,
}
