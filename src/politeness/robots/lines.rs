//! robots.txt as lines, and a line as what it says (RFC 9309, section 2.2).
//!
//! A line is read by the `robotstxt` crate, with the leniency of the large engines: a key that is
//! misspelled in a known way (`Disalow`) or goes on after its name (`Disallowed`), and blanks in the
//! place of the colon between two words alone. The RFC wants what can be parsed to be followed (2.3.1.1).

use std::borrow::Cow;
use std::ops::Range;

use robotstxt::DefaultMatcher;
use robotstxt::parser::{ParseKeyType, ParsedRobotsKey, RobotsTxtParser};

use super::pattern::encode;

/// So much of the file is read, up to the last whole line (section 2.5: 500 KiB at least).
pub(super) const MAX_BYTES: usize = 512 * 1024;

/// A line that is longer without its comment is passed over: a rule for a URL that we would admit,
/// every letter of it encoded, is shorter.
const MAX_LINE_BYTES: usize = 16 * 1024;

/// The part of the file that is read and kept: at most 512 KiB, cut at a line.
pub fn kept(bytes: &[u8]) -> &[u8] {
    let Some(head) = bytes.get(..MAX_BYTES).filter(|_| bytes.len() > MAX_BYTES) else {
        return bytes;
    };
    let end = head.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
    end.and_then(|end| head.get(..=end)).unwrap_or_default()
}

/// The file without the mark of its byte order, which editors leave there.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Where the lines stand; CR, LF and CRLF end one.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.bytes.get(self.at..)?;
        let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let line = self.at..self.at + length.unwrap_or(rest.len());
        let ending = match rest.get(length.unwrap_or(rest.len())..) {
            Some([b'\r', b'\n', ..]) => 2,
            _ => 1,
        };
        self.at = line.end + ending;
        Some(line)
    }
}

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    UserAgent,
    Allow,
    Disallow,
    Sitemap,
    CrawlDelay,
    RequestRate,
    VisitTime,
}

/// The fields beside those of the RFC (section 2.2.4), none of which has a standard.
const OTHERS: [(&str, Key); 3] = [
    ("crawl-delay", Key::CrawlDelay),
    ("request-rate", Key::RequestRate),
    ("visit-time", Key::VisitTime),
];

/// The line without its comment, its octets beyond ASCII encoded, so that those of any charset meet the
/// same octets in a URL.
pub(super) fn ascii(line: &[u8]) -> Option<Cow<'_, str>> {
    let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
    let line = line.trim_ascii();
    if line.is_empty() || line.len() > MAX_LINE_BYTES {
        return None;
    }
    match str::from_utf8(line) {
        Ok(text) if text.is_ascii() => Some(Cow::Borrowed(text)),
        _ => {
            let mut text = String::with_capacity(line.len() * 2);
            for byte in line {
                if byte.is_ascii() {
                    text.push(char::from(*byte));
                } else {
                    encode(&mut text, *byte);
                }
            }
            Some(Cow::Owned(text))
        }
    }
}

/// The key and the value of a line; none where it says nothing to anybody.
pub(super) fn read(line: &str) -> Option<(Key, &str)> {
    let (key, value, is_record) = RobotsTxtParser::<DefaultMatcher<'_>>::parse_key_value(line);
    if !is_record {
        return None;
    }
    let mut parsed = ParsedRobotsKey::default();
    parsed.parse(key);
    let key = match parsed.get_type() {
        ParseKeyType::UserAgent => Key::UserAgent,
        ParseKeyType::Allow => Key::Allow,
        ParseKeyType::Disallow => Key::Disallow,
        ParseKeyType::Sitemap => Key::Sitemap,
        ParseKeyType::Unknown => {
            OTHERS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(key))?.1
        }
    };
    Some((key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_too_long_is_cut_at_a_line() {
        let mut long = b"User-agent: *\nDisallow: /a\n".to_vec();
        let whole = long.len();
        long.resize(10 << 20, b'x');
        assert_eq!(kept(&long).len(), whole);
        assert_eq!(kept(&vec![b'x'; MAX_BYTES]).len(), MAX_BYTES);
        assert_eq!(kept(&vec![b'x'; MAX_BYTES + 1]).len(), 0);
    }

    #[test]
    fn any_line_ending_ends_a_line() {
        let text = b"a\nb\r\nc\rd\n\ne\r";
        let lines: Vec<_> = Lines::of(text).map(|line| &text[line]).collect();
        assert_eq!(lines, [b"a".as_slice(), b"b", b"c", b"d", b"", b"e", b""]);
    }
}
