//! Paths and patterns in one form, and whether one matches the other (RFC 9309, sections 2.2.2 and 2.2.3).

use memchr::memmem;

/// What is brought into normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// The path and query of a URL: `*` and `$` are themselves and stand encoded, so that a pattern's
    /// `%2A` and `%24` meet them.
    Url,
    /// A pattern without the `$` at its end: `*` stands for anything, a `$` for itself.
    Pattern,
}

/// Adds a text in normal form: unreserved letters plain, reserved ones as they were written, everything
/// else encoded in upper case (section 2.2.2).
pub(super) fn push_normal(out: &mut String, text: &str, of: Of) {
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'%' => match escaped(rest) {
                Some(byte) => {
                    rest = rest.get(2..).unwrap_or_default();
                    if is_unreserved(byte) {
                        out.push(char::from(byte));
                    } else {
                        encode(out, byte);
                    }
                }
                None => encode(out, byte),
            },
            b'*' if of == Of::Pattern => out.push('*'),
            b'*' | b'$' => encode(out, byte),
            byte if is_unreserved(byte) || is_reserved(byte) => out.push(char::from(byte)),
            byte => encode(out, byte),
        }
    }
}

/// A text in normal form with the general delimiters of its query plain, where some are encoded: they
/// delimit nothing there, and the RFC's own example (section 2.2.2) has `?baz=https://foo.bar` be
/// `?baz=https%3A%2F%2Ffoo.bar`.
pub(super) fn with_plain_query(normal: &str) -> Option<String> {
    let (path, query) = normal.split_at(normal.find('?')?);
    let mut plain = String::with_capacity(normal.len());
    let mut rest = query;
    while let Some(at) = rest.find('%') {
        let (before, escape) = rest.split_at(at);
        plain.push_str(before);
        let letter = escape.as_bytes().get(1..).and_then(escaped);
        if let Some(byte) = letter.filter(|byte| b":/?[]@".contains(byte)) {
            plain.push(char::from(byte));
            rest = escape.get(3..).unwrap_or_default();
        } else {
            plain.push('%');
            rest = escape.get(1..).unwrap_or_default();
        }
    }
    plain.push_str(rest);
    (plain.len() != query.len()).then(|| format!("{path}{plain}"))
}

/// Adds an octet, percent-encoded.
pub(super) fn encode(out: &mut String, byte: u8) {
    out.push('%');
    for digit in [byte >> 4, byte & 15] {
        out.extend(char::from_digit(u32::from(digit), 16).map(|digit| digit.to_ascii_uppercase()));
    }
}

/// The octet that the two digits after a `%` name; none where they are no digits.
fn escaped(after: &[u8]) -> Option<u8> {
    let [high, low, ..] = after else {
        return None;
    };
    let high = char::from(*high).to_digit(16)?;
    let low = char::from(*low).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986, section 2.2.
fn is_reserved(byte: u8) -> bool {
    b":/?#[]@!$&'()*+,;=".contains(&byte)
}

/// The pairs of neighbouring octets in a text, each as one of 128 bits: a pattern can match only a path that has
/// all the pairs of its parts.
pub(super) fn pairs(text: &str) -> u128 {
    let bit = |pair: &[u8]| match pair {
        [first, second] => 1 << ((u32::from(*first) * 37 + u32::from(*second)) % u128::BITS),
        _ => 0,
    };
    text.as_bytes().windows(2).fold(0, |bits, pair| bits | bit(pair))
}

/// Whether what follows the literal head of a pattern matches what follows it in a path. `rest` is
/// empty or begins with `*`. Each part is looked for once, from the left: no pattern takes more than one
/// way through, so the work is that of reading both.
pub(super) fn matches(rest: &str, anchored: bool, path: &str) -> bool {
    let Some(parts) = rest.strip_prefix('*') else {
        return !anchored || path.is_empty();
    };
    let (middle, last) = match parts.rsplit_once('*') {
        Some((middle, last)) => (Some(middle), last),
        None => (None, parts),
    };
    let mut left = path.as_bytes();
    for part in middle.into_iter().flat_map(|middle| middle.split('*')) {
        let found = memmem::find(left, part.as_bytes());
        let Some(after) = found.and_then(|at| left.get(at + part.len()..)) else {
            return false;
        };
        left = after;
    }
    if anchored {
        left.ends_with(last.as_bytes())
    } else {
        memmem::find(left, last.as_bytes()).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normal(text: &str, of: Of) -> String {
        let mut out = String::new();
        push_normal(&mut out, text, of);
        out
    }

    proptest! {
        #[test]
        fn the_normal_form_of_a_normal_form_is_itself(text in "(%[0-9a-fA-F]{2}|[a-zA-Z%/?*$:=~ é{}|]){0,20}") {
            for of in [Of::Url, Of::Pattern] {
                let once = normal(&text, of);
                prop_assert_eq!(normal(&once, of), once.clone());
                if let Some(plain) = with_plain_query(&once) {
                    prop_assert_eq!(with_plain_query(&plain), None);
                }
            }
        }

        #[test]
        fn what_is_encoded_and_what_is_not_have_one_normal_form(text in "[a-z~._ é{}|-]{0,12}") {
            let mut encoded = String::new();
            for byte in text.bytes() {
                encode(&mut encoded, byte);
            }
            prop_assert_eq!(normal(&text, Of::Pattern), normal(&encoded.to_lowercase(), Of::Url));
        }
    }
}
