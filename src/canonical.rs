//! One URL, one spelling: what the frontier knows a URL by, and the host that it queues at.

use std::fmt;

use url::Url;

/// Query parameters that name a session and not a page, in lower case.
const SESSION_PARAMETERS: [&str; 6] =
    ["jsessionid", "sid", "phpsessid", "sessionid", "aspsessionid", "cfid"];

/// Path parameters that name a session (`/a.jsp;jsessionid=…`), in lower case.
const SESSION_PATH_PARAMETER: &str = ";jsessionid=";

/// The longest URL that is admitted, in bytes: longer ones are traps or broken.
pub const MAX_URL_BYTES: usize = 2_048;

/// A URL in canonical form: parsed as WHATWG says, without fragment, credentials, default port and
/// session ids. Two spellings of one page are equal as `CanonicalUrl`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CanonicalUrl(Url);

/// Why a URL is none of ours whatever the scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// Only pages that are asked for by HTTP are crawled.
    #[error("its scheme is neither http nor https")]
    Scheme,
    /// There is no one to ask.
    #[error("it names no host")]
    NoHost,
    /// Longer than [`MAX_URL_BYTES`].
    #[error("it is longer than {MAX_URL_BYTES} bytes")]
    TooLong,
}

impl CanonicalUrl {
    /// The canonical form of `url`.
    ///
    /// # Errors
    /// When it can name no page that we could ask for.
    pub fn new(url: &Url) -> Result<Self, NotCanonical> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(NotCanonical::Scheme);
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(NotCanonical::NoHost);
        }
        if url.as_str().len() > MAX_URL_BYTES {
            return Err(NotCanonical::TooLong);
        }
        let mut url = url.clone();
        url.set_fragment(None);
        drop_credentials(&mut url);
        drop_path_session(&mut url);
        drop_query_sessions(&mut url);
        drop_trailing_dot(&mut url);
        Ok(Self(url))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// As a URL.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The host it is queued at.
    pub fn host(&self) -> HostKey {
        HostKey(self.0.host_str().unwrap_or_default().to_owned())
    }

    /// The origin whose `/robots.txt` speaks for it (RFC 9309, section 2.3): scheme, host and port.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The URL of the robots file that speaks for it.
    #[must_use]
    pub fn robots_url(&self) -> Self {
        let mut robots = self.0.clone();
        robots.set_path("/robots.txt");
        robots.set_query(None);
        Self(robots)
    }

    /// Sixty-four bits by which the frontier finds it; equal URLs have equal ones, and they are the
    /// same in every run.
    pub fn hash64(&self) -> i64 {
        let digest = crate::digest::Digest::of(self.as_str().as_bytes());
        let mut eight = [0; 8];
        for (to, from) in eight.iter_mut().zip(digest.as_bytes()) {
            *to = *from;
        }
        i64::from_be_bytes(eight)
    }
}

impl fmt::Display for CanonicalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for CanonicalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The spelling of a URL that is fetched: as seen, but for what never goes over the wire (the
/// fragment) and what must not (credentials).
pub fn spelling(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    drop_credentials(&mut url);
    url
}

/// A host by name, lower case, internationalised names in ASCII: the unit of politeness. Ports and
/// schemes share it, since they share the machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostKey(String);

impl HostKey {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for HostKey {
    fn from(name: String) -> Self {
        Self(name.to_ascii_lowercase())
    }
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn drop_credentials(url: &mut Url) {
    if !url.username().is_empty() || url.password().is_some() {
        // Both fail only on URLs that cannot have a host; this one has.
        let dropped = url.set_username("").and_then(|()| url.set_password(None));
        debug_assert!(dropped.is_ok());
    }
}

fn drop_path_session(url: &mut Url) {
    let path = url.path();
    let lower = path.to_ascii_lowercase();
    if let Some((before, _)) = lower.split_once(SESSION_PATH_PARAMETER) {
        let kept = path.get(..before.len()).unwrap_or_default().to_owned();
        url.set_path(&kept);
    }
}

fn drop_query_sessions(url: &mut Url) {
    let Some(query) = url.query() else { return };
    let is_session = |pair: &&str| {
        let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
        SESSION_PARAMETERS.iter().any(|session| name.eq_ignore_ascii_case(session))
    };
    if query.is_empty() || query.split('&').any(|pair| is_session(&pair)) {
        let kept: Vec<&str> = query.split('&').filter(|pair| !is_session(pair)).collect();
        let kept = kept.join("&");
        url.set_query(Some(kept.as_str()).filter(|query| !query.is_empty()));
    }
}

fn drop_trailing_dot(url: &mut Url) {
    if let Some(host) = url.host_str().and_then(|host| host.strip_suffix('.')) {
        let host = host.to_owned();
        if let Err(error) = url.set_host(Some(&host)) {
            tracing::debug!(%error, host, "a host of dots stays as it is");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        CanonicalUrl::new(&Url::parse(text).unwrap()).unwrap().to_string()
    }

    #[test]
    fn two_spellings_of_one_page_are_one_url() {
        for (spelling, expected) in [
            ("HTTP://WWW.Example.GOV.cn:80/a", "http://www.example.gov.cn/a"),
            ("http://www.example.gov.cn./a", "http://www.example.gov.cn/a"),
            ("http://www.example.gov.cn/a#top", "http://www.example.gov.cn/a"),
            ("http://u:p@www.example.gov.cn/a", "http://www.example.gov.cn/a"),
            ("http://x.gov.cn/a.jsp;jsessionid=0F?b=1", "http://x.gov.cn/a.jsp?b=1"),
            ("http://x.gov.cn/a?sid=1&b=2&JSESSIONID=3", "http://x.gov.cn/a?b=2"),
            ("http://x.gov.cn/a?sid=1", "http://x.gov.cn/a"),
            ("http://x.gov.cn/a?", "http://x.gov.cn/a"),
            ("http://x.gov.cn/a/../b/./c", "http://x.gov.cn/b/c"),
        ] {
            assert_eq!(canonical(spelling), expected, "{spelling}");
            assert_eq!(canonical(&canonical(spelling)), expected, "idempotent: {spelling}");
        }
    }

    #[test]
    fn what_names_no_page_is_refused_with_a_reason() {
        for (text, why) in [
            ("mailto:a@b.cn", NotCanonical::Scheme),
            ("javascript:void(0)", NotCanonical::Scheme),
            ("ftp://x.gov.cn/", NotCanonical::Scheme),
        ] {
            assert_eq!(CanonicalUrl::new(&Url::parse(text).unwrap()), Err(why), "{text}");
        }
        let long = format!("http://x.gov.cn/{}", "a".repeat(MAX_URL_BYTES));
        assert_eq!(CanonicalUrl::new(&Url::parse(&long).unwrap()), Err(NotCanonical::TooLong));
    }

    #[test]
    fn the_robots_file_is_that_of_the_origin() {
        let url = CanonicalUrl::new(&Url::parse("https://x.gov.cn:8443/a/b?c=d").unwrap()).unwrap();
        assert_eq!(url.robots_url().as_str(), "https://x.gov.cn:8443/robots.txt");
        assert_eq!(url.origin(), "https://x.gov.cn:8443");
    }
}
