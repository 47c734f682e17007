//! Tags that are too long, made short before the tokenizer sees them.

use std::borrow::Cow;

/// A tag is no longer than this, in bytes: the tokenizer compares each attribute of a tag with those
/// before it. What is longer is an image written into its tag, or an attack.
const LONGEST_TAG: usize = 8 * 1024;

/// What is kept of the end of a tag that is too long, so that its last quote is closed.
const TAG_END: usize = 64;

/// The page with the middle of every tag that is too long left out.
pub(super) fn without_long_tags(text: &str) -> (Cow<'_, str>, bool) {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let (mut kept, mut from) = (0, 0);
    while let Some(start) = memchr::memchr(b'<', bytes.get(from..).unwrap_or_default()) {
        let start = from + start;
        from = start + 1;
        let is_tag = bytes.get(from).is_some_and(|b| b.is_ascii_alphabetic() || b"/!?".contains(b));
        let window = bytes.get(start..bytes.len().min(start + LONGEST_TAG)).unwrap_or_default();
        if !is_tag || window.len() < LONGEST_TAG || memchr::memchr(b'>', window).is_some() {
            continue;
        }
        let after = start + LONGEST_TAG;
        let end = memchr::memchr(b'>', bytes.get(after..).unwrap_or_default())
            .map_or(bytes.len(), |end| after + end);
        let resume = text.ceil_char_boundary(end.saturating_sub(TAG_END).max(after));
        out.push_str(text.get(kept..text.floor_char_boundary(after)).unwrap_or_default());
        (kept, from) = (resume, resume);
    }
    if kept == 0 {
        return (Cow::Borrowed(text), false);
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    (Cow::Owned(out), true)
}
