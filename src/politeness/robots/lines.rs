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
pub const MAX_BYTES: usize = 512 * 1024;

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

/// The file without the mark of its byte order, which editors leave there. One in UTF-16 (an editor's "Unicode") is
/// told by that mark and the zero octet of its first letter.
pub(super) fn without_mark(bytes: &[u8]) -> Cow<'_, [u8]> {
    match bytes {
        [0xef, 0xbb, 0xbf, text @ ..] => Cow::Borrowed(text),
        [0xff, 0xfe, _, 0, ..] | [0xfe, 0xff, 0, _, ..] => {
            let (text, ..) = encoding_rs::UTF_16LE.decode(bytes);
            Cow::Owned(text.into_owned().into_bytes())
        }
        _ => Cow::Borrowed(bytes),
    }
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

/// Colons: plain, and full-width in UTF-8 and in GBK.
const COLONS: [&[u8]; 3] = [b":", b"\xef\xbc\x9a", b"\xa3\xba"];

/// Blanks beside those of ASCII: ideographic in UTF-8 and in GBK, no-break, and two of no width.
const BLANKS: [&[u8]; 5] =
    [b"\xe3\x80\x80", b"\xa1\xa1", b"\xc2\xa0", b"\xe2\x80\x8b", b"\xef\xbb\xbf"];

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
            for byte in plain(line).iter() {
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

/// The line with a plain colon, and without blanks around its key and value, where it was typed by an input method
/// for Chinese: what looks like a rule is meant as one.
fn plain(line: &[u8]) -> Cow<'_, [u8]> {
    let line = trim(line);
    let is_of_key = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b' ' | b'\t');
    let end = line.iter().position(|byte| !is_of_key(byte)).unwrap_or(line.len());
    let (key, rest) = line.split_at(end);
    let rest = trim(rest);
    match COLONS.iter().find_map(|colon| rest.strip_prefix(*colon)) {
        Some(value) => Cow::Owned([key, b":", trim(value)].concat()),
        None => Cow::Borrowed(line),
    }
}

fn trim(mut text: &[u8]) -> &[u8] {
    let shorter = |text: &[u8]| {
        let blank = |blank: &&[u8]| text.starts_with(blank) || text.ends_with(blank);
        BLANKS.iter().find(|one| blank(one)).copied()
    };
    text = text.trim_ascii();
    while let Some(blank) = shorter(text) {
        text = text.strip_prefix(blank).unwrap_or(text);
        text = text.strip_suffix(blank).unwrap_or(text).trim_ascii();
    }
    text
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
