//! A URL's key in an index, as Python's `surt` makes it: what pywb, `cdxj-indexer` and their kin sort
//! and look up by. A port of its default canonicaliser, oddities included: a key that differs is a
//! page that is not found.

use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};
use url::Url;

/// The key of a URL: the host turned around, lower case, `www` and default port off, the query
/// sorted. None where Python's `surt` fails; an indexer then takes the URL itself.
pub fn surt(url: &str) -> Option<String> {
    let cleaned: Vec<u8> =
        url.trim_ascii().bytes().filter(|byte| !matches!(byte, b'\n' | b'\r' | b'\t')).collect();
    if cleaned.is_empty() {
        return Some("-".to_owned());
    }
    let mut parts = split(cleaned)?;
    let host = parts.host.take().map(|host| massage(&canonical_host(&host)));
    let path = unescaped(&parts.path);
    let path = if host.is_some() { normal_path(&path) } else { path };
    let path = canonical_path(&escaped(&path));
    let query = parts.query.as_deref().and_then(canonical_query);

    let mut key = Vec::with_capacity(parts.path.len() + 64);
    match host {
        Some(host) => {
            let labels: Vec<&[u8]> = host.rsplit(|byte| *byte == b'.').collect();
            key.extend(labels.join(&b','));
            if let Some(port) = parts.port.filter(|port| *port != default_port(&parts.scheme)) {
                key.extend(format!(":{port}").bytes());
            }
            key.push(b')');
        }
        None => key.extend([parts.scheme.as_slice(), b":"].concat()),
    }
    if path.is_empty() && query.is_some() {
        key.push(b'/');
    }
    key.extend(path);
    if let Some(query) = query {
        key.push(b'?');
        key.extend(query);
    }
    String::from_utf8(key).ok()
}

/// A URL taken apart as RFC 2396 says, which is less strict than WHATWG.
struct Parts {
    scheme: Vec<u8>,
    host: Option<Vec<u8>>,
    port: Option<u16>,
    path: Vec<u8>,
    query: Option<Vec<u8>>,
}

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

/// One of a fixed list of patterns, that compile.
type Pattern = LazyLock<Option<Regex>>;

static HAS_SCHEME: Pattern = LazyLock::new(|| pattern(r"(?-u)^[a-zA-Z][a-zA-Z0-9+\-.]*:"));
static SCHEMES: Pattern = LazyLock::new(|| pattern(r"(?-u)^(https?://)+"));
static GENERIC: Pattern = LazyLock::new(|| {
    pattern(
        r"(?s-u)^(?:([a-zA-Z][a-zA-Z0-9+.\-]*):)?(?:(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?)?(?:#.*)?$",
    )
});

fn captures<'a>(pattern: &Pattern, text: &'a [u8]) -> Option<Captures<'a>> {
    pattern.as_ref()?.captures(text)
}

fn group<'a>(captures: &Captures<'a>, index: usize) -> &'a [u8] {
    captures.get(index).map(|found| found.as_bytes()).unwrap_or_default()
}

fn split(mut url: Vec<u8>) -> Option<Parts> {
    if captures(&HAS_SCHEME, &url).is_none() {
        url = [b"http://".as_slice(), &url].concat();
    }
    // `http://https://x` is `https://x`.
    let last =
        captures(&SCHEMES, &url).map(|found| (group(&found, 0).len(), group(&found, 1).len()));
    if let Some((all, one)) = last {
        url.drain(..all.saturating_sub(one));
    }
    let found = captures(&GENERIC, &url)?;
    let scheme = group(&found, 1).to_vec();
    let authority = group(&found, 2);
    let query = Some(group(&found, 4)).filter(|query| !query.is_empty());
    let mut path = group(&found, 3).to_vec();
    let (mut host, port) = host_and_port(trim_end(authority, b':'))?;
    if host.is_none() && scheme.starts_with(b"http") {
        let begin = path.iter().position(|byte| *byte != b'/').unwrap_or(path.len());
        let rest = path.split_off(begin);
        let mut halves = rest.splitn(2, |byte| *byte == b'/');
        host = halves.next().map(<[u8]>::to_vec).filter(|host| !host.is_empty());
        path = [b"/", halves.next().unwrap_or_default()].concat();
    }
    Some(Parts { scheme, host, port, path, query: query.map(<[u8]>::to_vec) })
}

fn trim_end(mut text: &[u8], byte: u8) -> &[u8] {
    while let Some(shorter) = text.strip_suffix(&[byte]) {
        text = shorter;
    }
    text
}

/// As `urllib.parse` takes them out of the authority; none at all where the port is no port.
fn host_and_port(authority: &[u8]) -> Option<(Option<Vec<u8>>, Option<u16>)> {
    let at = authority.iter().rposition(|byte| *byte == b'@').map_or(0, |at| at + 1);
    let authority = authority.get(at..).unwrap_or_default();
    let cut = |text: &'_ [u8], byte: u8| -> (Vec<u8>, Option<Vec<u8>>) {
        let mut halves = text.splitn(2, |one| *one == byte);
        let first = halves.next().unwrap_or_default().to_vec();
        (first, halves.next().map(<[u8]>::to_vec))
    };
    let (mut host, port) = match cut(authority, b'[') {
        (_, Some(bracketed)) => {
            let (host, rest) = cut(&bracketed, b']');
            (host, cut(&rest.unwrap_or_default(), b':').1)
        }
        (authority, None) => cut(&authority, b':'),
    };
    let zone = host.iter().position(|byte| *byte == b'%').unwrap_or(host.len());
    if let Some(name) = host.get_mut(..zone) {
        name.make_ascii_lowercase();
    }
    let port = match port.filter(|port| !port.is_empty()) {
        Some(port) if port.iter().all(u8::is_ascii_digit) => {
            Some(std::str::from_utf8(&port).ok()?.parse().ok()?)
        }
        Some(_) => return None,
        None => None,
    };
    Some((Some(host).filter(|host| !host.is_empty()), port.filter(|port| *port != 0)))
}

fn default_port(scheme: &[u8]) -> u16 {
    match scheme.to_ascii_lowercase().as_slice() {
        b"http" => 80,
        b"https" => 443,
        _ => 0,
    }
}

fn canonical_host(host: &[u8]) -> Vec<u8> {
    let mut host = unescaped(host);
    if !host.is_ascii() {
        host = in_ascii(&host).unwrap_or(host);
    }
    let mut single = Vec::with_capacity(host.len());
    let mut rest = host.as_slice();
    while let Some((byte, after)) = rest.split_first() {
        single.push(*byte);
        rest = after;
        // One pass, pair by pair, as Python's `replace` goes: of three dots two are left.
        if *byte == b'.' {
            rest = rest.strip_prefix(b".").unwrap_or(rest);
        }
    }
    let begin = single.iter().position(|byte| *byte != b'.').unwrap_or(single.len());
    let host = trim_end(single.get(begin..).unwrap_or_default(), b'.');
    address(host).unwrap_or_else(|| escaped(&host.to_ascii_lowercase()))
}

/// An internationalised name as it stands in the domain name system.
fn in_ascii(host: &[u8]) -> Option<Vec<u8>> {
    let url = Url::parse(&format!("http://{}/", String::from_utf8_lossy(host))).ok()?;
    Some(url.host_str()?.as_bytes().to_vec())
}

/// An IPv4 address in one of the spellings that `inet_aton` knows, in its usual one.
fn address(host: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(host).ok()?;
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Modulo 2^32, as Python cuts it.
        let number = text.bytes().fold(0_u32, |number, digit| {
            number.wrapping_mul(10).wrapping_add(u32::from(digit - b'0'))
        });
        return Some(std::net::Ipv4Addr::from(number).to_string().into_bytes());
    }
    let parts: Vec<&str> = text.split('.').collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.len() > 4 || !parts.iter().all(digits) {
        return None;
    }
    let octal = text.starts_with('0');
    if octal && text.bytes().any(|byte| matches!(byte, b'8' | b'9')) {
        return None;
    }
    let (last, before) = parts.split_last()?;
    let number = |part: &&str| match part.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => u32::from_str_radix(octal, 8).ok(),
        _ => part.parse().ok(),
    };
    let mut whole = 0_u32;
    for part in before {
        whole = whole << 8 | number(part).filter(|part| *part < 256)?;
    }
    let bits = 8 * (4 - u32::try_from(before.len()).ok()?);
    let last = number(last).filter(|last| bits == 32 || *last < 1 << bits)?;
    let whole = if bits == 32 { last } else { whole << bits | last };
    Some(std::net::Ipv4Addr::from(whole).to_string().into_bytes())
}

/// Takes `www.`, `www1.` and the like off.
fn massage(host: &[u8]) -> Vec<u8> {
    let Some(rest) = host.strip_prefix(b"www") else { return host.to_vec() };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match rest.get(digits..).and_then(|rest| rest.strip_prefix(b".")) {
        Some(rest) => rest.to_vec(),
        None => host.to_vec(),
    }
}

fn normal_path(path: &[u8]) -> Vec<u8> {
    if path.is_empty() {
        return b"/".to_vec();
    }
    let mut kept: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/').skip(1) {
        match part {
            b"." => {}
            b".." => {
                if kept.pop().is_none() {
                    kept.push(part);
                }
            }
            part => kept.push(part),
        }
    }
    let mut normal = b"/".to_vec();
    if let Some((last, before)) = kept.split_last() {
        for part in before.iter().filter(|part| !part.is_empty()) {
            normal.extend_from_slice(part);
            normal.push(b'/');
        }
        normal.extend_from_slice(last);
    }
    normal
}

static PATH_SESSIONS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        r"(?i-u)^(.*/)(?:\((?:[a-z]\([0-9a-z]{24}\))+\)/)([^?]+\.aspx.*)$",
        r"(?i-u)^(.*/)(?:\([0-9a-z]{24}\)/)([^?]+\.aspx.*)$",
    ];
    patterns.into_iter().filter_map(pattern).collect()
});

static QUERY_SESSIONS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        r"(?i-u)^(.*)(?:jsessionid=[0-9a-zA-Z]{32})(?:&(.*))?$",
        r"(?i-u)^(.*)(?:phpsessid=[0-9a-zA-Z]{32})(?:&(.*))?$",
        r"(?i-u)^(.*)(?:sid=[0-9a-zA-Z]{32})(?:&(.*))?$",
        r"(?i-u)^(.*)(?:ASPSESSIONID[a-zA-Z]{8}=[a-zA-Z]{24})(?:&(.*))?$",
        r"(?i-u)^(.*)(?:cfid=[^&]+&cftoken=[^&]+)(?:&(.*))?$",
    ];
    patterns.into_iter().filter_map(pattern).collect()
});

fn without_sessions(mut text: Vec<u8>, patterns: &[Regex]) -> Vec<u8> {
    for pattern in patterns {
        let stripped =
            pattern.captures(&text).map(|found| [group(&found, 1), group(&found, 2)].concat());
        text = stripped.unwrap_or(text);
    }
    text
}

fn canonical_path(path: &[u8]) -> Vec<u8> {
    let mut path = without_sessions(path.to_ascii_lowercase(), &PATH_SESSIONS);
    if path.len() > 1 && path.ends_with(b"/") {
        path.pop();
    }
    path
}

fn canonical_query(query: &[u8]) -> Option<Vec<u8>> {
    let query = without_sessions(escaped(&unescaped(query)), &QUERY_SESSIONS).to_ascii_lowercase();
    let mut fields: Vec<Vec<&[u8]>> = query
        .split(|byte| *byte == b'&')
        .map(|field| field.splitn(2, |byte| *byte == b'=').collect())
        .collect();
    // By name, then value: `a` comes before `a=`.
    fields.sort();
    let fields: Vec<Vec<u8>> = fields.into_iter().map(|field| field.join(&b'=')).collect();
    Some(fields.join(&b'&')).filter(|query| !query.is_empty())
}

/// Percent-escapes undone until there are none left.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    loop {
        let next = unescaped_once(&text);
        if next == text {
            return text;
        }
        text = next;
    }
}

fn unescaped_once(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                plain.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = after.get(2..).unwrap_or_default();
            }
            _ => plain.push(*byte),
        }
    }
    plain
}

/// Everything escaped that is not visible ASCII, and `#` and `%`.
fn escaped(text: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text {
        if byte.is_ascii_graphic() && !matches!(byte, b'#' | b'%') {
            escaped.push(*byte);
        } else {
            let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or_default();
            escaped.extend([b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python's surt 0.3.1, of hosts that do not exist.
    const EXPECTED: &str = include_str!("../../tests/fixtures/surt.tsv");

    #[test]
    fn every_key_is_the_one_that_pythons_surt_makes() {
        let mut count = 0;
        for line in EXPECTED.lines().filter(|line| !line.starts_with('#')) {
            let (url, key) = line.split_once('\t').unwrap();
            assert_eq!(surt(url).as_deref().unwrap_or("FAILS"), key, "{url}");
            count += 1;
        }
        assert!(count > 400, "{count}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(url in "(https?://)?[ -~\\r\\n%青\u{7f}]{0,60}") {
            let key = surt(&url);
            if let Some(key) = key {
                proptest::prop_assert!(key.bytes().all(|byte| byte.is_ascii_graphic()), "{}", key);
            }
        }
    }
}
