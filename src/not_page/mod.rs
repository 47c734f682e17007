//! Answers that are not the page at their URL, whatever their status says: firewalls, gateways, maintenance,
//! pages that are gone, names that nobody uses. Pure.
//!
//! A page that is taken for one of them is lost, and an answer that is taken for a page is one row too many.
//! So an answer is recognised only by words that address its visitor, in its title or as nearly all that it
//! says; and what holds a report, much text or many links is a page (but for a 404 within a portal's frame).
//!
//! - `glance`: a cheap look at the bytes, after which most pages are pages
//! - `look`: an answer as it meets the eye
//! - `challenge`, `block_page`, `captive`, `maintenance`, `parked`, `soft_404`: one kind each, with its marks

mod block_page;
mod captive;
mod challenge;
mod glance;
mod look;
mod maintenance;
mod parked;
mod soft_404;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use gongkai_report::{self as report, Hints};
use url::Url;

use crate::exchange::{Response, asks_for_peace};
use glance::Glance;
use look::Look;

/// So much of an answer is looked at, in bytes. One with status 200 that is longer is a page.
const MAX_BYTES: usize = 64 << 10;

/// A page that links to more than so many others has content. Block pages and pages that are gone have one or two
/// links, to the front page and back.
const MAX_LINKS: usize = 8;

/// Many portals say that a page is gone within the frame of all their pages, which links to so many others at most.
/// There the title and the text must both say it.
const MAX_LINKS_OF_FRAME: usize = 40;

/// How long a host rests that answers with anything but its pages.
pub const HOST_REST: Duration = Duration::from_hours(24);

/// How long a URL is put off at which a firewall blocked us: it will not think otherwise tomorrow.
pub const URL_REST: Duration = Duration::from_hours(30 * 24);

/// What an answer is in place of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A firewall's question to the browser: a script to be run, a puzzle to be solved.
    Challenge,
    /// A firewall's refusal of this request.
    Blocked,
    /// A network's gateway that wants its user to log in first.
    Captive,
    /// The site is closed for a while.
    Maintenance,
    /// Nothing is served under this name: a name for sale, a server's first page.
    Parked,
    /// Status 200, and the page says that it does not exist.
    Soft404,
}

impl Kind {
    /// The word that stands in the archive and in the index.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Challenge => "challenge",
            Self::Blocked => "blocked",
            Self::Captive => "captive",
            Self::Maintenance => "maintenance",
            Self::Parked => "parked",
            Self::Soft404 => "soft-404",
        }
    }
}

/// An answer that is not the page, and how that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPage {
    /// What it is.
    pub kind: Kind,
    /// The mark by which it was recognised, and where it stood; never more of the answer than that.
    pub why: String,
}

impl fmt::Display for NotPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.as_str(), self.why)
    }
}

impl NotPage {
    /// Whether it says nothing of what was asked for: whoever stands before the host answered. A robots.txt that is
    /// answered so is unreachable, whatever the status (RFC 9309, section 2.3.1.4).
    pub fn hides_the_host(&self) -> bool {
        match self.kind {
            Kind::Challenge | Kind::Blocked | Kind::Captive | Kind::Maintenance => true,
            Kind::Parked | Kind::Soft404 => false,
        }
    }
}

/// What the answer to a request for `url` is, if it is not the page. The same for the same answer, always.
pub fn recognise(url: &Url, response: &Response) -> Option<NotPage> {
    let content_type = response.field("content-type");
    // A redirect is followed, and what has no body shows nothing; a page that was cut shows too little.
    let may_be = match response.status {
        200 => response.payload.len() <= MAX_BYTES && response.truncated.is_none(),
        201..=203 | 400.. => true,
        _ => false,
    };
    if !may_be || !is_shown(content_type) {
        return None;
    }
    let payload = response.payload.get(..MAX_BYTES).unwrap_or(&response.payload);
    let Glance { links, is_titled_404 } = Glance::at(payload)?;
    let is_framed = match links {
        0..=MAX_LINKS => false,
        0..=MAX_LINKS_OF_FRAME if is_titled_404 => true,
        _ => return None,
    };
    let hints = Hints { url: Some(url.as_str()), content_type, charset: None };
    let decoded = report::decode(payload, &hints);
    let look = Look::at(url, response.status, &decoded.text);
    let not_page = if is_framed { gone_in_frame(&look) } else { kind_of(&look) }?;
    let is_report = || {
        report::may_be_report(&decoded.text)
            && matches!(
                report::read(&decoded, &hints).kind,
                report::Kind::Report | report::Kind::ReportFile
            )
    };
    (response.status != 200 || !is_report()).then_some(not_page)
}

fn gone_in_frame(look: &Look<'_>) -> Option<NotPage> {
    Some(NotPage { kind: Kind::Soft404, why: soft_404::why_in_frame(look)? })
}

fn kind_of(look: &Look<'_>) -> Option<NotPage> {
    type Rule = fn(&Look<'_>) -> Option<String>;
    /// The surer ones first.
    const RULES: [(Kind, Rule); 6] = [
        (Kind::Challenge, challenge::why),
        (Kind::Blocked, block_page::why),
        (Kind::Captive, captive::why),
        (Kind::Maintenance, maintenance::why),
        (Kind::Parked, parked::why),
        (Kind::Soft404, soft_404::why),
    ];
    let (kind, why) = RULES.iter().find_map(|(kind, rule)| Some((*kind, rule(look)?)))?;
    let why = match look.status {
        200 => why,
        status => format!("{why} (status {status})"),
    };
    Some(NotPage { kind, why })
}

/// Why an answer is kept apart from content, if it is: what no replay is to show as the page. A word for the index:
/// `peace`, or that of its kind. With status 200 only what nobody could read is kept so: a page that seems to be
/// gone is what stands there, and a mistake of ours must not hide it.
pub fn kept_apart(status: u16, not_page: Option<&NotPage>) -> Option<&'static str> {
    let kind = not_page.map(|not_page| not_page.kind);
    match kind {
        Some(kind @ (Kind::Challenge | Kind::Captive)) => Some(kind.as_str()),
        Some(kind @ (Kind::Blocked | Kind::Maintenance)) if status != 200 => Some(kind.as_str()),
        _ if asks_for_peace(status) => Some("peace"),
        _ => None,
    }
}

fn is_shown(content_type: Option<&str>) -> bool {
    content_type.is_none_or(|named| {
        let named = named.trim_start().to_ascii_lowercase();
        named.is_empty()
            || ["text/html", "text/plain", "application/xhtml"]
                .iter()
                .any(|page| named.starts_with(page))
    })
}
