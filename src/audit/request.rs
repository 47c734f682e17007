//! A request as an audit sees it: what its exchange says, and what the run went by that made it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::violation::Earlier;
use crate::archive::exchanges::Archived;
use crate::canonical::{CanonicalUrl, HostKey};
use crate::clock::Moment;
use crate::config::Config;
use crate::digest::Digest;
use crate::exchange::{Ending, Exchange, FailureKind, asks_for_peace};
use crate::not_page::{self, NotPage};
use crate::politeness::retry_after;
use crate::seeds::Seeds;

/// What a run went by.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) number: i64,
    pub(super) config: Config,
    pub(super) seeds: Seeds,
}

/// A request, and what came of it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) run: Arc<Run>,
    pub(super) url: CanonicalUrl,
    /// What was sent.
    pub(super) spelling: Url,
    pub(super) host: HostKey,
    /// As it went over the wire, and when.
    pub(super) asked: Earlier,
    pub(super) finished: Moment,
    pub(super) address: Option<IpAddr>,
    /// Something was sent: a name that does not resolve, or an address that is refused, is asked nothing.
    pub(super) sent: bool,
    /// How long the answer took, if one came.
    pub(super) answered: Option<Duration>,
    /// How long the host asked to be left alone, if it did, and in which words.
    pub(super) peace: Option<(Duration, String)>,
    /// What it asked for robots.txt, if it did.
    pub(super) robots: Option<RobotsAnswer>,
    /// The file that holds it, and where.
    pub(super) file: Arc<str>,
    pub(super) offset: u64,
}

/// An exchange for the robots.txt of an origin.
#[derive(Debug)]
pub(super) struct RobotsAnswer {
    pub(super) origin: String,
    /// Redirects followed so far.
    pub(super) redirects: u32,
    /// The payload is left out where nothing of it is gone by.
    pub(super) exchange: Exchange,
    /// Of its whole payload, if it has one.
    pub(super) digest: Option<Digest>,
    /// What the answer is, if it is anything but the file.
    pub(super) not_page: Option<NotPage>,
}

impl RobotsAnswer {
    fn new(
        (origin, redirects): (String, u32),
        mut exchange: Exchange,
        digest: Option<Digest>,
    ) -> Self {
        let mut not_page = None;
        if let Ending::Answered(response) = &mut exchange.ending {
            not_page = not_page::recognise(&exchange.url, response);
            if !matches!(response.status, 200..=299)
                || not_page.as_ref().is_some_and(NotPage::hides_the_host)
            {
                response.payload = Vec::new();
            }
        }
        Self { origin, redirects, exchange, digest, not_page }
    }
}

impl Request {
    /// The request that this exchange was; none of a URL that nobody could have asked for.
    pub(super) fn of(archived: Archived, run: &Arc<Run>, file: &Arc<str>) -> Option<Self> {
        let Archived { exchange, metadata, offset, recorded, .. } = archived;
        let url = CanonicalUrl::new(&exchange.url).ok()?;
        let finished = exchange.finished();
        let (sent, answered) = match &exchange.ending {
            Ending::Answered(_) => (true, Some(exchange.elapsed)),
            Ending::Failed(failure) => {
                (!matches!(failure.kind, FailureKind::Dns | FailureKind::Forbidden), None)
            }
        };
        Some(Self {
            run: Arc::clone(run),
            host: url.host(),
            url,
            spelling: exchange.url.clone(),
            asked: Earlier { url: exchange.url.as_str().into(), at: exchange.started },
            finished,
            address: exchange.address.map(|address| address.ip().to_canonical()),
            sent,
            answered,
            peace: peace(&exchange.ending, finished),
            robots: metadata
                .provenance
                .robots_of
                .map(|of| RobotsAnswer::new(of, exchange, recorded.payload)),
            file: Arc::clone(file),
            offset,
        })
    }
}

/// How long a host that answered 429 or 503 is to be left alone at least: a minute where it does not say.
fn peace(ending: &Ending, finished: Moment) -> Option<(Duration, String)> {
    let Ending::Answered(response) = ending else {
        return None;
    };
    if !asks_for_peace(response.status) {
        return None;
    }
    let said = response.field("retry-after");
    let asked = said.and_then(|said| Some((retry_after::parse(said, finished)?, said)));
    Some(match asked {
        Some((rest, said)) => (rest, format!("{}, Retry-After: {said}", response.status)),
        None => (retry_after::rest(1), format!("{} without Retry-After", response.status)),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A request from one millisecond to another.
    pub(in crate::audit) fn request(from: i64, to: i64) -> Request {
        let url = url::Url::parse("http://www.qingshan.gov.cn/").unwrap();
        let url = CanonicalUrl::new(&url).unwrap();
        let (config, seeds) = (Config::default(), Seeds::default());
        Request {
            run: Arc::new(Run { number: 1, config, seeds }),
            host: url.host(),
            asked: Earlier { url: url.as_str().into(), at: Moment::from_millis(from) },
            spelling: url.as_url().clone(),
            url,
            finished: Moment::from_millis(to),
            address: None,
            sent: true,
            answered: None,
            peace: None,
            robots: None,
            file: "a.warc.gz".into(),
            offset: 0,
        }
    }
}
