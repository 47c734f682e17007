//! Bytes to text: what each source says of the charset, and which of them is believed.
//!
//! The order of trust is that of browsers (the byte order mark, then HTTP, then the page's own
//! `<meta>`, then a guess), with one difference: a charset whose decoding breaks gives way to one
//! that decodes the whole page, since many portals say the wrong one.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use regex::bytes::Regex;
use serde::Serialize;

use crate::Hints;

/// `<meta>` is looked for in so many bytes: more than the 1,024 of the HTML standard, since portals
/// put scripts before it.
const PRESCAN_BYTES: usize = 4_096;

/// The guess is made from so many bytes: it is slow, and sure long before.
const DETECT_BYTES: usize = 64 * 1024;

/// Names of charsets that are in use and in no standard.
const MORE_NAMES: [(&str, &Encoding); 9] = [
    ("cp936", GB18030),
    ("ms936", GB18030),
    ("gb2312-80", GB18030),
    ("gbk2312", GB18030),
    ("gb-2312", GB18030),
    ("gb_2312", GB18030),
    ("euc-cn", GB18030),
    ("gb18030-2022", GB18030),
    ("utf8mb4", UTF_8),
];

/// What decided on a charset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// The caller.
    Given,
    /// The byte order mark.
    Bom,
    /// The `Content-Type` of the response.
    Header,
    /// The page's `<meta>`.
    Meta,
    /// A guess from the bytes.
    Detected,
}

/// The decision on a page's charset, and what each source said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Charset {
    /// What the page was decoded with, by its name in the Encoding Standard.
    pub used: &'static str,
    /// Who said so.
    pub from: From,
    /// What the response's header said, as written.
    pub header: Option<String>,
    /// What the page's `<meta>` said, as written.
    pub meta: Option<String>,
    /// Bytes were found that mean nothing in it.
    pub malformed: bool,
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = match self.from {
            From::Given => "given",
            From::Bom => "bom",
            From::Header => "header",
            From::Meta => "meta",
            From::Detected => "detected",
        };
        write!(f, "{} ({from}", self.used)?;
        for (name, said) in [("header", &self.header), ("meta", &self.meta)] {
            if let Some(said) = said {
                write!(f, "; {name}: {said}")?;
            }
        }
        f.write_str(if self.malformed { "; malformed)" } else { ")" })
    }
}

/// A page as text.
#[derive(Debug, Clone)]
pub struct Decoded<'a> {
    /// The text; borrowed where the bytes are UTF-8 already.
    pub text: Cow<'a, str>,
    /// How it was decoded.
    pub charset: Charset,
}

/// Decodes a page. Never fails: what means nothing becomes U+FFFD, and is said.
pub fn decode<'a>(bytes: &'a [u8], hints: &Hints<'_>) -> Decoded<'a> {
    let header = hints.content_type.and_then(header_charset);
    let meta = meta_charset(bytes);
    let mut charset = Charset {
        used: UTF_8.name(),
        from: From::Detected,
        header: header.map(str::to_owned),
        meta: meta.clone(),
        malformed: false,
    };
    let said = [
        (From::Given, hints.charset.and_then(named)),
        (From::Bom, Encoding::for_bom(bytes).map(|(encoding, _)| encoding)),
        (From::Header, header.and_then(named)),
        (From::Meta, meta.as_deref().and_then(named)),
    ];
    let mut broken: Option<(From, &'static Encoding)> = None;
    for (from, encoding) in said {
        let Some(encoding) = encoding else { continue };
        // No page in Chinese is in it: a label left from a template.
        if is_unlikely(encoding)
            && matches!(from, From::Header | From::Meta)
            && let Some((text, used)) = chinese(bytes)
        {
            charset.used = used;
            return Decoded { text, charset };
        }
        if let Some(text) = whole(bytes, encoding) {
            (charset.used, charset.from) = (encoding.name(), from);
            return Decoded { text, charset };
        }
        broken = broken.or(Some((from, encoding)));
    }
    // Nobody said it, or what was said does not hold: the page's own bytes are asked.
    if let Some(text) = whole(bytes, UTF_8) {
        return Decoded { text, charset };
    }
    if let Some((text, used)) = wide(bytes) {
        charset.used = used;
        return Decoded { text, charset };
    }
    let detected = detect(bytes);
    if let Some(text) = whole(bytes, detected) {
        charset.used = detected.name();
        return Decoded { text, charset };
    }
    // Nothing reads it whole: UTF-8 if it reads nearly all, since nothing else looks like it; else
    // what loses the fewest letters, the page's own word first.
    let utf8 = is_nearly_utf8(bytes).then_some((From::Detected, UTF_8));
    let said = broken.filter(|(_, encoding)| utf8.is_none() || *encoding == UTF_8);
    let guess = utf8.or(Some((From::Detected, detected)));
    let tries = said.into_iter().chain(guess).map(|(from, encoding)| {
        let (text, _, malformed) = encoding.decode(bytes);
        (text.matches(char::REPLACEMENT_CHARACTER).count(), from, encoding, text, malformed)
    });
    let Some((_, from, encoding, text, malformed)) = tries.min_by_key(|(lost, ..)| *lost) else {
        return Decoded { text: String::from_utf8_lossy(bytes), charset };
    };
    (charset.used, charset.from, charset.malformed) = (encoding.name(), from, malformed);
    Decoded { text, charset }
}

/// One of these letters stands in every page in Chinese.
const USUAL: [char; 8] = ['的', '年', '公', '政', '信', '府', '中', '一'];

/// Charsets in which every byte, or nearly, means something, so that reading them proves nothing.
fn is_unlikely(encoding: &'static Encoding) -> bool {
    encoding.is_single_byte() || [UTF_16LE, UTF_16BE].contains(&encoding)
}

/// The text, if the bytes are whole in a charset of China and hold Chinese in it.
fn chinese(bytes: &[u8]) -> Option<(Cow<'_, str>, &'static str)> {
    const ENOUGH: usize = 4;
    let is_han = |c: &char| ('\u{4e00}'..='\u{9fff}').contains(c);
    [UTF_8, GB18030].into_iter().find_map(|encoding| {
        let text = whole(bytes, encoding)?;
        let reads = !text.contains('\0')
            && text.contains(USUAL)
            && text.chars().filter(is_han).nth(ENOUGH - 1).is_some();
        reads.then_some((text, encoding.name()))
    })
}

/// Whether nine of ten letters beyond ASCII are whole in UTF-8.
fn is_nearly_utf8(bytes: &[u8]) -> bool {
    let (text, _, _) = UTF_8.decode(bytes);
    let wide = text.chars().filter(|c| !c.is_ascii()).count();
    let lost = text.matches(char::REPLACEMENT_CHARACTER).count();
    wide > 0 && lost * 10 <= wide
}

/// The text, if every byte means something in this charset.
fn whole<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Option<Cow<'a, str>> {
    let (text, _, malformed) = encoding.decode(bytes);
    (!malformed).then_some(text)
}

/// The text, if the bytes are UTF-16 without its mark: every sign of its tags has a zero beside it.
fn wide(bytes: &[u8]) -> Option<(Cow<'_, str>, &'static str)> {
    let encoding = match bytes.get(..DETECT_BYTES.min(bytes.len()))? {
        head if head.windows(2).step_by(2).any(|pair| pair == b"<\0") => UTF_16LE,
        head if head.windows(2).step_by(2).any(|pair| pair == b"\0<") => UTF_16BE,
        _ => return None,
    };
    let text = whole(bytes, encoding)?;
    text.contains(USUAL).then_some((text, encoding.name()))
}

/// A page that breaks off mid-letter is no reason to doubt its charset; so the guess is told that
/// it may be any of those in use in China.
fn detect(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let head = bytes.get(..DETECT_BYTES).unwrap_or(bytes);
    detector.feed(head, head.len() == bytes.len());
    let guess = detector.guess(Some(b"cn"), Utf8Detection::Allow);
    if [UTF_8, BIG5].contains(&guess) { guess } else { widest(guess) }
}

/// GB2312 and GBK are read as GB18030, which holds both.
fn widest(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == encoding_rs::GBK { GB18030 } else { encoding }
}

/// Whether a charset has this name: those of the Encoding Standard, and those seen in use.
pub fn is_charset(name: &str) -> bool {
    named(name).is_some()
}

fn named(name: &str) -> Option<&'static Encoding> {
    let name = name.trim();
    let more = MORE_NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    more.map(|(_, encoding)| *encoding).or_else(|| Encoding::for_label(name.as_bytes())).map(widest)
}

fn header_charset(content_type: &str) -> Option<&str> {
    let (_, after) = content_type.split_once("charset=").or_else(|| {
        let at = content_type.to_ascii_lowercase().find("charset=")?;
        content_type.get(at..)?.split_once('=')
    })?;
    let name = after.split([';', ',']).next()?.trim().trim_matches(['"', '\'']);
    Some(name).filter(|name| !name.is_empty())
}

fn meta_charset(bytes: &[u8]) -> Option<String> {
    #[expect(clippy::expect_used, reason = "a constant pattern, read by each test")]
    static META: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?i)<meta[^>]{0,200}?charset\s*=\s*["']?\s*([a-z0-9_:\-]{2,30})"#)
            .expect("a constant pattern")
    });
    let head = bytes.get(..PRESCAN_BYTES).unwrap_or(bytes);
    let name = META.captures(head)?.get(1)?.as_bytes();
    Some(String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<title>青杉市统计局二〇二三年政府信息公开工作年度报告</title>一、总体情况";

    fn used(bytes: &[u8], content_type: Option<&str>) -> (String, String) {
        let decoded = decode(bytes, &Hints { content_type, ..Hints::default() });
        (decoded.charset.to_string(), decoded.text.into_owned())
    }

    fn gbk(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn gb2312_and_gbk_are_read_as_gb18030_wherever_they_are_named() {
        for content_type in
            ["text/html; charset=gb2312", "text/html;Charset=\"GBK\"", "text/html; charset=cp936"]
        {
            let (charset, text) = used(&gbk(TEXT), Some(content_type));
            assert!(charset.starts_with("gb18030 (header"), "{charset}");
            assert_eq!(text, TEXT);
        }
        let page =
            format!("<META http-equiv=Content-Type content='text/html; CHARSET=gb2312'>{TEXT}");
        let (charset, text) = used(&gbk(&page), None);
        assert!(charset.starts_with("gb18030 (meta"), "{charset}");
        assert_eq!(text, page);
    }

    #[test]
    fn a_charset_that_lies_gives_way_to_one_that_reads_the_page() {
        let (charset, text) = used(&gbk(TEXT), Some("text/html; charset=utf-8"));
        assert_eq!((charset.as_str(), text.as_str()), ("gb18030 (detected; header: utf-8)", TEXT));
        let page = format!("<meta charset=gbk>{TEXT}");
        let (charset, text) = used(page.as_bytes(), Some("text/html; charset=utf-8"));
        assert!(charset.starts_with("UTF-8 (header"), "{charset}");
        assert_eq!(text, page);
    }

    #[test]
    fn a_label_that_any_bytes_fit_gives_way_to_chinese() {
        for label in ["iso-8859-1", "windows-1252", "utf-16", "unicode", "x-user-defined"] {
            let page = format!("<meta charset={label}>{TEXT}");
            let (charset, text) = used(page.as_bytes(), None);
            assert_eq!(charset, format!("UTF-8 (detected; meta: {label})"));
            assert_eq!(text, page);
            let (charset, text) = used(&gbk(&page), None);
            assert_eq!(charset, format!("gb18030 (detected; meta: {label})"));
            assert_eq!(text, page);
        }
        let (charset, text) = used(b"<p>caf\xe9", Some("text/html; charset=iso-8859-1"));
        assert!(charset.starts_with("windows-1252 (header"), "{charset}");
        assert_eq!(text, "<p>caf\u{e9}");
        let wide: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for content_type in
            [None, Some("text/html; charset=utf-16le"), Some("text/html; charset=utf-8")]
        {
            assert_eq!(used(&wide, content_type).1, TEXT);
        }
    }

    #[test]
    fn nobody_says_and_the_bytes_are_asked() {
        assert!(used(TEXT.as_bytes(), None).0.starts_with("UTF-8"));
        assert_eq!(used(&gbk(TEXT), None).1, TEXT);
        let bom = [b"\xef\xbb\xbf", TEXT.as_bytes()].concat();
        let (charset, text) = used(&bom, Some("text/html; charset=gbk"));
        assert_eq!((charset.as_str(), text.as_str()), ("UTF-8 (bom; header: gbk)", TEXT));
    }

    #[test]
    fn a_page_that_nothing_reads_whole_is_read_by_what_loses_least() {
        let stray = |page: &[u8]| [page, b"\xff\xe4\xb8 <p>"].concat();
        let (charset, text) = used(&stray(TEXT.as_bytes()), None);
        assert_eq!(charset, "UTF-8 (detected; malformed)");
        assert!(text.starts_with(TEXT), "{text}");
        let (charset, text) = used(&stray(&gbk(TEXT)), Some("text/html; charset=utf-8"));
        assert_eq!(charset, "gb18030 (detected; header: utf-8; malformed)");
        assert!(text.starts_with(TEXT), "{text}");
    }

    #[test]
    fn stray_bytes_are_said_and_cost_nothing_else() {
        let bytes = [TEXT.as_bytes(), b"\xff"].concat();
        let (charset, text) = used(&bytes, Some("text/html; charset=utf-8"));
        assert!(charset.ends_with("malformed)"), "{charset}");
        assert_eq!(text, format!("{TEXT}\u{fffd}"));
    }
}
