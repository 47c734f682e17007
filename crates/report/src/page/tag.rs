//! What is asked of a tag: its attributes, whether it breaks the line, whether it holds a heading.

use std::sync::LazyLock;

use html5ever::tokenizer::Tag;
use regex::Regex;

use crate::text::pattern;

/// Whether a text holds a tag that pages hold.
pub(super) fn is_html(text: &str) -> bool {
    static TAG: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)</?(?:html|head|body|title|meta|div|p|span|table|tr|td|ul|ol|li|h[1-6]|dl|dt|dd|font|center|section|article|a|br|b|strong|img|script)[\s/>]",
        )
    });
    memchr::memchr(b'<', text.as_bytes()).is_some() && TAG.is_match(text)
}

pub(super) fn attribute<'t>(tag: &'t Tag, name: &str) -> Option<&'t str> {
    tag.attrs.iter().find(|attr| &*attr.name.local == name).map(|attr| &*attr.value)
}

pub(super) fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

pub(super) fn holds(text: &str, word: &str) -> bool {
    let mut windows = text.as_bytes().windows(word.len());
    windows.any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// Elements that a template names, as an editor does not.
pub(super) fn is_named(tag: &Tag) -> bool {
    /// Marks of Word, for its checks of spelling and grammar and for its styles.
    const OF_WORD: [&str; 3] = ["spelle", "grame", "mso"];
    let is_letter = |name: &&str| name.starts_with(|c: char| c.is_ascii_alphabetic());
    attribute(tag, "id").as_ref().is_some_and(is_letter)
        || attribute(tag, "class")
            .filter(is_letter)
            .is_some_and(|class| !OF_WORD.iter().any(|mark| starts_with(class, mark)))
}

/// Elements that begin and end a line.
pub(super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "li"
            | "ul"
            | "ol"
            | "dl"
            | "dt"
            | "dd"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "nav"
            | "aside"
            | "main"
            | "form"
            | "center"
            | "blockquote"
            | "pre"
            | "body"
            | "fieldset"
            | "ucaptitle"
            | "ucapcontent"
            | "hr"
            | "table"
    )
}

/// Elements that hold a heading, by name, class or id.
pub(super) fn is_title(tag: &Tag) -> bool {
    let name: &str = &tag.name;
    let named = |attr: &str| {
        attribute(tag, attr).is_some_and(|value| {
            holds(value, "title") && !holds(value, "subtitle") && !holds(value, "titles")
        })
    };
    matches!(name, "h1" | "h2" | "h3" | "ucaptitle")
        || (matches!(name, "div" | "p" | "td" | "span") && (named("id") || named("class")))
}
