//! What a page states beside its text: its links, its metadata, and values in scripts.

use std::sync::LazyLock;

use html5ever::tokenizer::Tag;
use regex::Regex;

use super::{Blank, LONGEST_RAW, Walker};
use crate::page::Anchor;
use crate::page::tag::{attribute, starts_with};
use crate::text::{pattern, plain};

/// More links than this, and more letters in one, are none that tell a page's kind.
const MAX_ANCHORS: usize = 5_000;
pub(super) const LONGEST_ANCHOR: usize = 600;

/// So many values are taken from one script.
const MAX_CELLS_OF_SCRIPT: usize = 16;

impl Walker {
    pub(super) fn begin_anchor(&mut self, tag: &Tag) {
        self.end_anchor();
        if attribute(tag, "href").is_some_and(is_note) {
            self.in_note = true;
            self.blank = Blank::Shown;
        }
        let value = |name| attribute(tag, name).map(str::trim).filter(|value| !value.is_empty());
        // A file may be named beside a link that a script follows.
        let target = value("href")
            .filter(|href| !href.starts_with('#') && !starts_with(href, "javascript:"))
            .or_else(|| value("oldsrc"))
            .or_else(|| value("data-href"));
        if let Some(target) = target {
            let text = value("title").map(|title| format!("{title}\n")).unwrap_or_default();
            self.anchor = Some(Anchor { text, target: target.to_owned() });
        }
    }

    pub(super) fn end_anchor(&mut self) {
        if std::mem::take(&mut self.in_note) {
            self.blank = Blank::Shown;
        }
        let Some(mut anchor) = self.anchor.take() else { return };
        let (title, text) = anchor.text.split_once('\n').unwrap_or(("", &anchor.text));
        let (title, text) = (plain(title), plain(text));
        anchor.text = if title.len() > text.len() { title } else { text };
        if self.page.anchors.len() < MAX_ANCHORS {
            self.page.anchors.push(anchor);
        }
    }

    pub(super) fn meta(&mut self, tag: &Tag) {
        let name = attribute(tag, "name").or_else(|| attribute(tag, "property"));
        let (Some(name), Some(content)) = (name, attribute(tag, "content")) else {
            return;
        };
        let content = plain(content);
        if !content.is_empty() {
            self.page.meta.entry(plain(name).to_ascii_lowercase()).or_insert(content);
        }
    }

    /// Scripts in which some systems keep what their pages show.
    pub(super) fn script(&mut self, text: &str) {
        static DATE: LazyLock<Regex> = LazyLock::new(|| {
            pattern(
                r#"(?i)\bvar\s+(pubda[a-z]{1,3}|source|laiyuan)\s*=\s*["']([^"'\\<>]{1,60})["']"#,
            )
        });
        if self.kept.is_none() && text.len() < LONGEST_RAW {
            self.kept = kept(text);
        }
        if text.len() < LONGEST_RAW && text.contains("var") {
            for found in DATE.captures_iter(text).take(MAX_CELLS_OF_SCRIPT) {
                let part = |at| found.get(at).map_or("", |part: regex::Match<'_>| part.as_str());
                let name = format!("script:{}", part(1).to_ascii_lowercase());
                self.page.meta.entry(name).or_insert_with(|| plain(part(2)));
            }
        }
    }
}

/// The page that a script keeps as a string, for itself to show: `{"content":"<p>…"}`.
fn kept(script: &str) -> Option<String> {
    static KEY: LazyLock<Regex> = LazyLock::new(|| pattern(r#"\bcontent["']?\s*:\s*""#));
    let mut from = 0;
    while let Some(key) = KEY.find_at(script, from) {
        let start = key.end();
        from = string_end(script, start)?;
        // With its quotes.
        let string = script.get(start - 1..=from)?;
        let text = serde_json::from_str::<String>(string).ok();
        let text = text.filter(|text| text.contains('<') && text.contains("公开"));
        if text.is_some() {
            return text;
        }
    }
    None
}

/// Where the quote stands that ends the string begun there.
fn string_end(script: &str, start: usize) -> Option<usize> {
    let mut at = start;
    let bytes = script.as_bytes();
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

/// Whether a link leads to a footnote of its page, or back from one.
fn is_note(href: &str) -> bool {
    ["#_ftn", "#_edn", "#fn", "#sdfootnote"].iter().any(|note| href.trim().starts_with(note))
}

#[cfg(test)]
mod tests {
    use crate::page::read;

    fn lines(text: &str) -> Vec<String> {
        read(text).all().map(|line| line.text().into_owned()).collect()
    }

    #[test]
    fn a_report_that_a_script_keeps_is_read_where_the_page_shows_none() {
        let script = r#"<script>window._CONFIG = {"x": {"content": "甲"}, "DETAIL": {"content":"<p class=\"a\">\u653f\u5e9c信息公开<\/p><table><tr><td>规章<\/td><td>1<\/td><\/tr><\/table>", "y": 1}};</script>"#;
        let page = format!("<body><div>首页</div>{script}</body>");
        assert_eq!(lines(&page), ["首页", "政府信息公开", "规章 1"]);
        assert!(!read(&page).torn);
        let shown = format!("<p>二、主动公开政府信息情况</p>{script}");
        assert_eq!(lines(&shown), ["二、主动公开政府信息情况"]);
        let other = r#"<p>甲<script>var a = {content: "<p>新闻", content: "<p>公开 \x", content: "公开</script>"#;
        assert_eq!(lines(other), ["甲"]);
    }
}
