//! What is in force for an origin, exchange after exchange (RFC 9309, sections 2.3.1 and 2.4). Pure.

use std::time::Duration;

use url::Url;

use super::{Rules, kept};
use crate::canonical::{self, CanonicalUrl};
use crate::clock::Moment;
use crate::exchange::{Ending, Exchange, FailureKind, Response, Truncated};
use crate::not_page::{self, NotPage};
use crate::politeness::retry_after::{self, LONGEST_REST};

/// An answer is in force for so long (section 2.4: a copy no longer than 24 hours).
pub const FRESH_FOR: Duration = Duration::from_hours(24);

/// The last good copy serves for so long while the file is unreachable (section 2.3.1.4 calls 30 days
/// a reasonably long time); after that nothing may be asked, though the RFC would let us.
pub const COPY_SERVES_FOR: Duration = Duration::from_hours(30 * 24);

/// So many redirects are followed to find the file (section 2.3.1.2: five at least).
pub const MAX_REDIRECTS: u32 = 5;

/// A file that is unreachable is asked for again after so long, then after twice as long each time, at
/// most [`LONGEST_REST`].
const FIRST_WAIT: Duration = Duration::from_hours(1);

/// What holds for the URLs of an origin, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The rules of the copy (section 2.3.1.1).
    Rules,
    /// Everything may be asked: the file is unavailable (section 2.3.1.3).
    Allow,
    /// Nothing may be asked: the file is unreachable, and no copy serves (section 2.3.1.4).
    Disallow,
    /// The file is elsewhere and must be asked for there first (section 2.3.1.2).
    Redirect,
}

impl Standing {
    /// The word that stands in the index.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Allow => "allow",
            Self::Disallow => "disallow",
            Self::Redirect => "redirect",
        }
    }

    /// The standing with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Rules, Self::Allow, Self::Disallow, Self::Redirect]
            .into_iter()
            .find(|one| one.as_str() == word)
    }
}

/// What is in force for an origin, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// In one word.
    pub standing: Standing,
    /// Why, in words; empty where the file was read.
    pub why: String,
    /// The last good copy, as far as it is read; also while a redirect is followed.
    pub copy: Option<Vec<u8>>,
    /// When the copy was fetched; without one, when the last answer came.
    pub fetched_at: Moment,
    /// Where to ask next, where the standing is a redirect.
    pub location: Option<Url>,
    /// Redirects followed so far.
    pub redirects: u32,
    /// To be asked again after this.
    pub expires_at: Moment,
    /// How often it was unreachable in a row.
    pub failures: u32,
}

impl InForce {
    /// What is in force after an exchange for the robots.txt of an origin, `redirects` redirects away
    /// from where it was asked for first. `previous` is what was in force before;
    /// `not_page`: what the answer is, if it is anything but the file.
    #[must_use]
    pub fn after(
        previous: Option<Self>,
        redirects: u32,
        exchange: &Exchange,
        not_page: Option<&NotPage>,
    ) -> Self {
        let now = exchange.finished();
        if let Some(hidden) = not_page.filter(|what| what.hides_the_host()) {
            return Self::unreachable(
                previous,
                now,
                &hidden.to_string(),
                Some(not_page::HOST_REST),
            );
        }
        let response = match &exchange.ending {
            Ending::Answered(response) => response,
            Ending::Failed(failure) if failure.kind == FailureKind::Forbidden && redirects > 0 => {
                return Self::allow(now, format!("redirects to nowhere: {}", failure.detail));
            }
            Ending::Failed(failure) => {
                let why = format!("{}: {}", failure.kind.as_str(), failure.detail);
                return Self::unreachable(previous, now, &why, None);
            }
        };
        match (response.status, response.truncated) {
            // What was cut by our own patience, or broke off, is not the file.
            (200..=299, Some(cut @ (Truncated::Time | Truncated::Disconnect))) => {
                Self::unreachable(previous, now, &format!("cut: {}", cut.as_str()), None)
            }
            (200..=299, None | Some(Truncated::Length)) => Self {
                standing: Standing::Rules,
                copy: Some(kept(&response.payload).to_vec()),
                ..Self::allow(now, String::new())
            },
            // Nobody asked whether it changed: it leads nowhere, and says nothing of what may be asked.
            (304, _) => Self::unreachable(previous, now, "status 304", None),
            (300..=399, _) => Self::redirected(previous, redirects, exchange, response),
            (status @ (429 | 500..), _) => {
                let asked = response.field("retry-after");
                let asked = asked.and_then(|value| retry_after::parse(value, now));
                Self::unreachable(previous, now, &format!("status {status}"), asked)
            }
            (status, _) => Self::allow(now, format!("status {status}")),
        }
    }

    fn allow(now: Moment, why: String) -> Self {
        Self {
            standing: Standing::Allow,
            why,
            copy: None,
            fetched_at: now,
            location: None,
            redirects: 0,
            expires_at: now.after(FRESH_FOR),
            failures: 0,
        }
    }

    fn redirected(
        previous: Option<Self>,
        redirects: u32,
        exchange: &Exchange,
        response: &Response,
    ) -> Self {
        let now = exchange.finished();
        if redirects >= MAX_REDIRECTS {
            return Self::allow(now, format!("more than {MAX_REDIRECTS} redirects"));
        }
        let location = response.field("location").and_then(|to| exchange.url.join(to).ok());
        let Some(location) = location.filter(|url| CanonicalUrl::new(url).is_ok()) else {
            return Self::allow(now, format!("status {} to nowhere", response.status));
        };
        let (copy, failures) = match previous {
            Some(before) => (before.copy.map(|copy| (copy, before.fetched_at)), before.failures),
            None => (None, 0),
        };
        let (copy, fetched_at) = copy.map_or((None, now), |(copy, at)| (Some(copy), at));
        Self {
            standing: Standing::Redirect,
            copy,
            fetched_at,
            location: Some(canonical::spelling(&location)),
            redirects: redirects + 1,
            failures,
            ..Self::allow(now, format!("status {}", response.status))
        }
    }

    /// `asked`: how long the server wants to be left alone.
    fn unreachable(
        previous: Option<Self>,
        now: Moment,
        why: &str,
        asked: Option<Duration>,
    ) -> Self {
        let failures = previous.as_ref().map_or(0, |before| before.failures);
        let doubled = FIRST_WAIT.saturating_mul(1 << failures.min(8)).min(LONGEST_REST);
        let failures = failures.saturating_add(1);
        // A Retry-After of no time at all would have the file asked for without end.
        let wait = asked.map_or(doubled, |asked| asked.max(retry_after::rest(failures)));
        let disallow = Self {
            standing: Standing::Disallow,
            expires_at: now.after(wait),
            failures,
            ..Self::allow(now, why.to_owned())
        };
        let Some((copy, fetched_at)) = previous.and_then(|before| {
            Some((before.copy?, before.fetched_at))
                .filter(|(_, fetched_at)| fetched_at.after(COPY_SERVES_FOR) > now)
        }) else {
            return disallow;
        };
        Self {
            standing: Standing::Rules,
            why: format!("unreachable ({why}): the copy of {fetched_at} serves"),
            copy: Some(copy),
            fetched_at,
            expires_at: disallow.expires_at.min(fetched_at.after(COPY_SERVES_FOR)),
            ..disallow
        }
    }

    /// The rules of the copy; none of them where there is no copy.
    pub fn rules(&self) -> Rules {
        Rules::parse(self.copy.as_deref().unwrap_or_default())
    }

    /// Until when the host is to be left alone, where nothing may be asked.
    pub fn closed_until(&self) -> Option<Moment> {
        (self.standing == Standing::Disallow).then_some(self.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Failure, Tls};

    const HOUR: u64 = 3_600;
    const DAY: u64 = 24 * HOUR;

    fn at(seconds: u64) -> Moment {
        Moment::default().after(Duration::from_secs(seconds))
    }

    fn exchange(seconds: u64, ending: Ending) -> Exchange {
        Exchange {
            url: Url::parse("http://www.qingshan.gov.cn/robots.txt").unwrap(),
            started: at(seconds),
            elapsed: Duration::ZERO,
            address: None,
            tls: Tls::default(),
            request: Vec::new(),
            ending,
        }
    }

    fn response(status: u16, fields: &[(&str, &str)], body: &[u8]) -> Response {
        Response {
            protocol: "HTTP/1.1",
            status,
            reason: Vec::new(),
            fields: fields.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect(),
            payload: body.to_vec(),
            coding: None,
            wire_length: 0,
            truncated: None,
        }
    }

    fn failed(kind: FailureKind) -> Ending {
        Ending::Failed(Failure { kind, detail: "10.0.0.1".to_owned() })
    }

    fn status(status: u16) -> Ending {
        Ending::Answered(response(status, &[], b"User-agent: *\nDisallow: /a"))
    }

    fn to(location: &str) -> Ending {
        Ending::Answered(response(301, &[("location", location)], b""))
    }

    fn cut(how: Truncated) -> Ending {
        let whole = response(200, &[], b"User-agent: *\nDisallow: /a");
        Ending::Answered(Response { truncated: Some(how), ..whole })
    }

    fn first(ending: Ending) -> InForce {
        InForce::after(None, 0, &exchange(0, ending), None)
    }

    #[test]
    fn an_unavailable_file_allows_and_an_unreachable_one_disallows() {
        assert_eq!(first(status(200)).standing, Standing::Rules);
        for one in [400, 401, 403, 404, 410, 412, 451] {
            let now = first(status(one));
            assert_eq!((now.standing, now.expires_at), (Standing::Allow, at(DAY)), "{one}");
            assert_eq!(now.closed_until(), None);
        }
        for one in [429, 500, 502, 503, 521, 599] {
            let now = first(status(one));
            assert_eq!(now.closed_until(), Some(at(HOUR)), "{one}");
        }
        for kind in [FailureKind::Dns, FailureKind::Forbidden, FailureKind::Protocol] {
            assert_eq!(first(failed(kind)).closed_until(), Some(at(HOUR)), "{kind:?}");
        }
    }

    #[test]
    fn without_a_copy_the_host_is_put_off_twice_as_long_each_time_to_a_day() {
        let (mut now, mut seconds) = (None, 0);
        for hours in [1, 2, 4, 8, 16, 24, 24] {
            let next =
                InForce::after(now, 0, &exchange(seconds, failed(FailureKind::Connect)), None);
            seconds += hours * HOUR;
            assert_eq!(next.closed_until(), Some(at(seconds)), "{hours}");
            now = Some(next);
        }
        assert_eq!(InForce::after(now, 0, &exchange(seconds, status(404)), None).failures, 0);
    }

    #[test]
    fn a_retry_after_is_obeyed_and_none_at_all_does_not_have_the_file_asked_for_without_end() {
        let asked = |value| Ending::Answered(response(503, &[("retry-after", value)], b""));
        assert_eq!(first(asked("90")).closed_until(), Some(at(90)));
        assert_eq!(first(asked("7200")).closed_until(), Some(at(2 * HOUR)));
        assert_eq!(first(asked("99999999")).closed_until(), Some(at(DAY)));
        let once = first(asked("0"));
        assert_eq!(once.closed_until(), Some(at(60)));
        let twice = InForce::after(Some(once), 0, &exchange(60, asked("0")), None);
        assert_eq!(twice.closed_until(), Some(at(180)));
    }

    #[test]
    fn the_last_good_copy_serves_thirty_days_while_the_file_is_unreachable_and_no_longer() {
        let good = first(status(200));
        assert_eq!(good.expires_at, at(DAY));
        let (mut now, mut failures) = (good.clone(), 0);
        while now.standing == Standing::Rules {
            let asked = now.expires_at;
            assert!(asked <= at(30 * DAY), "nothing serves longer");
            let seconds = asked.as_millis().unsigned_abs() / 1_000;
            now = InForce::after(Some(now), 0, &exchange(seconds, status(503)), None);
            failures += 1;
            assert_eq!(now.failures, failures);
            if now.standing == Standing::Rules {
                assert_eq!((&now.copy, now.fetched_at), (&good.copy, good.fetched_at));
                assert!(now.why.starts_with("unreachable (status 503): the copy of 1970"));
            }
        }
        assert_eq!(now.fetched_at, at(30 * DAY));
        assert_eq!((now.copy, now.expires_at), (None, at(31 * DAY)));
        assert!(failures > 25, "asked again each hour, then each day: {failures}");
        let after_an_hour = InForce::after(Some(good), 0, &exchange(DAY, status(500)), None);
        assert_eq!(after_an_hour.expires_at, at(DAY + HOUR));
    }

    #[test]
    fn an_allow_is_no_copy() {
        let allowed = first(status(404));
        let now = InForce::after(Some(allowed), 0, &exchange(DAY, status(500)), None);
        assert_eq!(now.standing, Standing::Disallow);
    }

    #[test]
    fn what_was_cut_by_time_or_a_broken_connection_is_not_the_file() {
        for how in [Truncated::Time, Truncated::Disconnect] {
            assert_eq!(first(cut(how)).standing, Standing::Disallow);
            let good = Some(first(status(200)));
            let kept = InForce::after(good.clone(), 0, &exchange(DAY, cut(how)), None);
            assert_eq!((kept.standing, kept.failures), (Standing::Rules, 1));
        }
        assert_eq!(first(cut(Truncated::Length)).standing, Standing::Rules);
    }

    #[test]
    fn a_redirect_says_where_to_ask_next_and_keeps_the_copy_and_the_failures() {
        let asked = |location: &str| first(to(location)).location.map(String::from);
        assert_eq!(asked("/r.txt").unwrap(), "http://www.qingshan.gov.cn/r.txt");
        assert_eq!(asked("https://y.gov.cn/robots.txt").unwrap(), "https://y.gov.cn/robots.txt");
        assert_eq!(asked("//user:secret@y.gov.cn/r.txt").unwrap(), "http://y.gov.cn/r.txt");
        let endless = format!("/{}", "a".repeat(crate::canonical::MAX_URL_BYTES));
        for nowhere in ["ftp://y.gov.cn/", "javascript:0", "http://", &endless] {
            assert_eq!(first(to(nowhere)).standing, Standing::Allow, "{nowhere}");
        }
        assert_eq!(first(Ending::Answered(response(302, &[], b""))).standing, Standing::Allow);
        let good = first(status(200));
        let failing = InForce::after(Some(good.clone()), 0, &exchange(DAY, status(500)), None);
        let moved = InForce::after(Some(failing), 0, &exchange(2 * DAY, to("/r.txt")), None);
        assert_eq!((&moved.copy, moved.fetched_at), (&good.copy, good.fetched_at));
        assert_eq!((moved.standing, moved.redirects, moved.failures), (Standing::Redirect, 1, 1));
        let gone =
            InForce::after(Some(moved), 1, &exchange(2 * DAY, failed(FailureKind::Dns)), None);
        assert_eq!((gone.standing, gone.failures), (Standing::Rules, 2));
        assert_eq!(gone.expires_at, at(2 * DAY + 2 * HOUR));
    }

    #[test]
    fn five_redirects_are_followed_and_a_sixth_or_one_into_our_own_network_allows() {
        for followed in 0..5 {
            let now = InForce::after(None, followed, &exchange(0, to("/r.txt")), None);
            assert_eq!((now.standing, now.redirects), (Standing::Redirect, followed + 1));
        }
        assert_eq!(InForce::after(None, 5, &exchange(0, to("/r")), None).standing, Standing::Allow);
        assert_eq!(
            InForce::after(None, 5, &exchange(0, status(200)), None).standing,
            Standing::Rules
        );
        let inside = exchange(0, failed(FailureKind::Forbidden));
        assert_eq!(InForce::after(None, 1, &inside, None).standing, Standing::Allow);
    }

    #[test]
    fn a_word_names_its_standing() {
        for one in [Standing::Rules, Standing::Allow, Standing::Disallow, Standing::Redirect] {
            assert_eq!(Standing::from_word(one.as_str()), Some(one));
        }
        assert_eq!(Standing::from_word("perhaps"), None);
    }
}
