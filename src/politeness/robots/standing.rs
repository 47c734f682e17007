//! What an answer to `/robots.txt` means (RFC 9309, section 2.3.1).

use std::time::Duration;

use url::Url;

use super::Rules;
use crate::canonical::{self, CanonicalUrl};
use crate::clock::Moment;
use crate::exchange::{Ending, Response};
use crate::politeness::retry_after::{self, LONGEST_REST};

/// A host whose robots.txt could not be had is left alone so long, twice as long each time again.
const UNREACHABLE_REST: Duration = Duration::from_hours(1);

/// What is in force for an origin.
#[derive(Debug)]
pub enum Standing {
    /// These rules.
    Rules(Box<Rules>),
    /// Everything may be asked: the file is unavailable (section 2.3.1.3).
    AllowAll {
        /// In words.
        why: String,
    },
    /// Nothing may be asked for so long: the file is unreachable (section 2.3.1.4).
    DisallowAll {
        /// In words.
        why: String,
        /// How long the host is left alone.
        rest: Duration,
    },
    /// The file is elsewhere (section 2.3.1.2).
    Redirect {
        /// There.
        location: Url,
    },
}

/// What this ending means, after so many failures in a row.
pub fn answer(asked: &Url, ending: &Ending, failures: u32, now: Moment) -> Standing {
    let rest = UNREACHABLE_REST.saturating_mul(1 << failures.min(8)).min(LONGEST_REST);
    match ending {
        Ending::Failed(failure) => Standing::DisallowAll {
            why: format!("{}: {}", failure.kind.as_str(), failure.detail),
            rest,
        },
        Ending::Answered(response) => match response.status {
            200..=299 => Standing::Rules(Box::new(Rules::parse(&response.payload))),
            300..=399 => redirect(asked, response),
            429 | 500.. => Standing::DisallowAll {
                why: format!("status {}", response.status),
                rest: response
                    .field("retry-after")
                    .and_then(|value| retry_after::parse(value, now))
                    .unwrap_or(rest),
            },
            status => Standing::AllowAll { why: format!("status {status}") },
        },
    }
}

fn redirect(asked: &Url, response: &Response) -> Standing {
    let location = response.field("location").and_then(|location| asked.join(location).ok());
    match location.filter(|url| CanonicalUrl::new(url).is_ok()) {
        Some(location) => Standing::Redirect { location: canonical::spelling(&location) },
        None => Standing::AllowAll { why: format!("status {} to nowhere", response.status) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Failure, FailureKind};

    fn word(status: u16, fields: &[(&str, &str)]) -> String {
        let response = Response {
            protocol: "HTTP/1.1",
            status,
            reason: Vec::new(),
            fields: fields.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect(),
            payload: b"User-agent: *\nDisallow: /a".to_vec(),
            coding: None,
            wire_length: 0,
            truncated: None,
        };
        of(&Ending::Answered(response), 0)
    }

    fn of(ending: &Ending, failures: u32) -> String {
        let asked = Url::parse("http://x.gov.cn/robots.txt").unwrap();
        match answer(&asked, ending, failures, Moment::from_millis(0)) {
            Standing::Rules(_) => "rules".to_owned(),
            Standing::AllowAll { .. } => "allow".to_owned(),
            Standing::DisallowAll { rest, .. } => format!("disallow {} s", rest.as_secs()),
            Standing::Redirect { location } => location.to_string(),
        }
    }

    #[test]
    fn an_unavailable_file_allows_and_an_unreachable_one_disallows() {
        assert_eq!(word(200, &[]), "rules");
        for status in [400, 401, 403, 404, 410, 451] {
            assert_eq!(word(status, &[]), "allow", "{status}");
        }
        for status in [429, 500, 502, 503, 599] {
            assert_eq!(word(status, &[]), "disallow 3600 s", "{status}");
        }
        assert_eq!(word(503, &[("retry-after", "90")]), "disallow 90 s");
        let failed = Ending::Failed(Failure { kind: FailureKind::Dns, detail: String::new() });
        assert_eq!(of(&failed, 0), "disallow 3600 s");
        assert_eq!(of(&failed, 2), "disallow 14400 s", "longer each time");
        assert_eq!(of(&failed, 99), "disallow 86400 s");
    }

    #[test]
    fn a_redirect_says_where_to_ask_next() {
        let to = |location: &str| word(301, &[("location", location)]);
        assert_eq!(to("/r.txt"), "http://x.gov.cn/r.txt");
        assert_eq!(to("https://y.gov.cn/robots.txt"), "https://y.gov.cn/robots.txt");
        assert_eq!(to("//user:secret@y.gov.cn/r.txt"), "http://y.gov.cn/r.txt");
        assert_eq!(to("ftp://y.gov.cn/"), "allow");
        let endless = format!("/{}", "a".repeat(crate::canonical::MAX_URL_BYTES));
        assert_eq!(to(&endless), "allow", "where nobody can ask");
        assert_eq!(word(301, &[]), "allow");
    }
}
