//! Finds the links of a page, with their base and their text.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;

use lol_html::html_content::{Element, TextChunk};
use lol_html::{ElementContentHandlers, HtmlRewriter, MemorySettings, Selector, Settings};
use url::Url;

use crate::politeness::robots::PageTag;

/// More links than this on one page are a list without end; the first are taken.
const MAX_LINKS: usize = 5_000;

/// The letters of a link's text that are kept: a title is shorter.
const MAX_TEXT_BYTES: usize = 600;

/// What the tokenizer may hold: a tag longer than this ends the search with what was found.
const MAX_MEMORY_BYTES: usize = 8 << 20;

/// How a link stands in its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// `<a>` or `<area>`.
    Anchor,
    /// `<iframe>` or `<frame>`.
    Frame,
    /// `<meta http-equiv="refresh">`.
    Refresh,
}

/// One link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it points, resolved.
    pub url: Url,
    /// Its text, or where it has none its title; blanks run together.
    pub text: String,
    /// How it stands in the page.
    pub kind: LinkKind,
    /// `rel="nofollow"`.
    pub nofollow: bool,
}

/// The links of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Its `<title>`.
    pub title: Option<String>,
    /// In the order in which they stand; of two to one URL the one that says more.
    pub links: Vec<Link>,
    /// What `<meta name="robots">` says.
    pub tag: PageTag,
}

struct Selectors {
    base: Selector,
    anchor: Selector,
    frame: Selector,
    meta: Selector,
    title: Selector,
}

/// Parsed once: a page is searched in the time that parsing them takes.
#[expect(clippy::expect_used, reason = "these are constants, and a test reads each")]
static SELECTORS: LazyLock<Selectors> = LazyLock::new(|| {
    let selector = |text: &str| text.parse().expect("a selector that is a constant");
    Selectors {
        base: selector("base[href]"),
        anchor: selector("a[href], area[href]"),
        frame: selector("iframe[src], frame[src]"),
        meta: selector("meta[content]"),
        title: selector("title"),
    }
});

/// The links of a page that was found at `base`. Never fails: of a page that breaks off, or breaks
/// the tokenizer, what came before.
pub fn links(html: &str, base: &Url) -> Page {
    let finder = RefCell::new(Finder::new(base.clone()));
    let on = ElementContentHandlers::default;
    let settings = Settings::new()
        .append_element_content_handler((
            Cow::Borrowed(&SELECTORS.base),
            on().element(|tag: &mut Element<'_, '_>| {
                finder.borrow_mut().base(tag);
                Ok(())
            }),
        ))
        .append_element_content_handler((
            Cow::Borrowed(&SELECTORS.anchor),
            on().element(|tag: &mut Element<'_, '_>| {
                finder.borrow_mut().anchor(tag);
                Ok(())
            })
            .text(|chunk: &mut TextChunk<'_>| {
                finder.borrow_mut().text(chunk);
                Ok(())
            }),
        ))
        .append_element_content_handler((
            Cow::Borrowed(&SELECTORS.frame),
            on().element(|tag: &mut Element<'_, '_>| {
                finder.borrow_mut().frame(tag);
                Ok(())
            }),
        ))
        .append_element_content_handler((
            Cow::Borrowed(&SELECTORS.meta),
            on().element(|tag: &mut Element<'_, '_>| {
                finder.borrow_mut().meta(tag);
                Ok(())
            }),
        ))
        .append_element_content_handler((
            Cow::Borrowed(&SELECTORS.title),
            on().text(|chunk: &mut TextChunk<'_>| {
                finder.borrow_mut().title(chunk);
                Ok(())
            }),
        ))
        .with_memory_settings(MemorySettings::new().with_max_allowed_memory_usage(MAX_MEMORY_BYTES))
        .with_strict(false);
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| ());
    let done = rewriter.write(html.as_bytes()).and_then(|()| rewriter.end());
    if let Err(error) = done {
        tracing::debug!(%base, %error, "the rest of the page could not be searched for links");
    }
    finder.into_inner().finish()
}

struct Finder {
    base: Url,
    has_base: bool,
    links: Vec<Link>,
    at: HashMap<Url, usize>,
    title: String,
    tag: PageTag,
}

impl Finder {
    fn new(base: Url) -> Self {
        Self {
            base,
            has_base: false,
            links: Vec::new(),
            at: HashMap::new(),
            title: String::new(),
            tag: PageTag::default(),
        }
    }

    fn base(&mut self, tag: &Element<'_, '_>) {
        // The first one counts, as in browsers.
        if !std::mem::replace(&mut self.has_base, true)
            && let Some(base) = self.resolve(&tag.get_attribute("href").unwrap_or_default())
        {
            self.base = base;
        }
    }

    fn anchor(&mut self, tag: &Element<'_, '_>) {
        let nofollow = tag.get_attribute("rel").is_some_and(|rel| has_word(&rel, "nofollow"));
        let title = tag.get_attribute("title").or_else(|| tag.get_attribute("alt"));
        let title = collapse(&title.unwrap_or_default());
        self.push(
            &tag.get_attribute("href").unwrap_or_default(),
            title,
            LinkKind::Anchor,
            nofollow,
        );
    }

    fn frame(&mut self, tag: &Element<'_, '_>) {
        let source = tag.get_attribute("src").unwrap_or_default();
        self.push(&source, String::new(), LinkKind::Frame, false);
    }

    fn meta(&mut self, tag: &Element<'_, '_>) {
        let content = tag.get_attribute("content").unwrap_or_default();
        let is = |name: &str, value: &str| {
            tag.get_attribute(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
        };
        if let Some(name) = tag.get_attribute("name") {
            self.tag.add(PageTag::of_meta(&name, &content));
        } else if is("http-equiv", "refresh")
            && let Some(target) = refresh_target(&content)
        {
            self.push(target, String::new(), LinkKind::Refresh, false);
        }
    }

    /// The text of the anchor that was opened last.
    fn text(&mut self, chunk: &TextChunk<'_>) {
        if let Some(link) = self.links.last_mut()
            && link.text.len() < MAX_TEXT_BYTES
        {
            link.text.push_str(chunk.as_str());
        }
    }

    fn title(&mut self, chunk: &TextChunk<'_>) {
        if self.title.len() < MAX_TEXT_BYTES {
            self.title.push_str(chunk.as_str());
        }
    }

    fn push(&mut self, target: &str, title: String, kind: LinkKind, nofollow: bool) {
        if self.links.len() >= MAX_LINKS {
            return;
        }
        let Some(url) = self.resolve(target) else {
            // Its text must not fall to the link before.
            return self.push_nowhere();
        };
        // The title stands first, with a mark between it and the text that follows.
        let text = if title.is_empty() { title } else { title + "\0" };
        self.links.push(Link { url, text, kind, nofollow });
    }

    fn push_nowhere(&mut self) {
        if self.links.last().is_none_or(|last| last.url != self.base) {
            let url = self.base.clone();
            self.links.push(Link {
                url,
                text: String::new(),
                kind: LinkKind::Anchor,
                nofollow: true,
            });
        }
    }

    fn resolve(&self, target: &str) -> Option<Url> {
        let target = html_escape::decode_html_entities(target.trim());
        if target.is_empty() || target.starts_with('#') {
            return None;
        }
        let mut url = self.base.join(&target).ok()?;
        url.set_fragment(None);
        (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
    }

    fn finish(mut self) -> Page {
        let mut links: Vec<Link> = Vec::with_capacity(self.links.len());
        for mut link in std::mem::take(&mut self.links) {
            link.text = spoken(&link.text);
            if let Some(known) = self.at.get(&link.url).and_then(|at| links.get_mut(*at)) {
                if link.text.len() > known.text.len() {
                    known.text = link.text;
                }
                known.nofollow &= link.nofollow;
            } else {
                self.at.insert(link.url.clone(), links.len());
                links.push(link);
            }
        }
        let title = Some(collapse(&self.title)).filter(|title| !title.is_empty());
        Page { title, links, tag: self.tag }
    }
}

/// Of a title and a text the one that says more: lists cut the text and keep the title whole.
fn spoken(raw: &str) -> String {
    let (title, text) = raw.split_once('\0').unwrap_or(("", raw));
    let text = collapse(text);
    if title.chars().count() > text.chars().count() { title.to_owned() } else { text }
}

/// Entities decoded, blanks run together.
fn collapse(text: &str) -> String {
    let text = html_escape::decode_html_entities(text);
    let mut out = String::with_capacity(text.len());
    for word in
        text.split(|c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}' | '\0'))
    {
        if !word.is_empty() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
    out
}

fn has_word(list: &str, word: &str) -> bool {
    list.split(|c: char| c == ',' || c.is_whitespace()).any(|one| one.eq_ignore_ascii_case(word))
}

/// `5; url='/index.html'`: the target.
fn refresh_target(content: &str) -> Option<&str> {
    let (_, target) = content.split_once([';', ','])?;
    let target = target.trim();
    let head = target.get(..3).filter(|head| head.eq_ignore_ascii_case("url"));
    let target = match head {
        Some(head) => target.get(head.len()..)?.trim_start().strip_prefix('=')?,
        None => target,
    };
    Some(target.trim().trim_matches(['\'', '"'])).filter(|target| !target.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn find(html: &str) -> Vec<(String, String)> {
        let base = Url::parse("http://x.gov.cn/zwgk/index.html").unwrap();
        let page = links(html, &base);
        page.links
            .into_iter()
            .filter(|link| !link.nofollow)
            .map(|link| (link.url.into(), link.text))
            .collect()
    }

    fn check(html: &str, expected: &[(&str, &str)]) {
        let found = find(html);
        let found: Vec<_> = found.iter().map(|(url, text)| (url.as_str(), text.as_str())).collect();
        assert_eq!(found, expected, "{html}");
    }

    #[test]
    fn links_are_found_with_their_text() {
        check(
            "<a href=./t1.html>2023年<b>年度</b>\n 报告</a><a href='/b'></a>",
            &[("http://x.gov.cn/zwgk/t1.html", "2023年年度 报告"), ("http://x.gov.cn/b", "")],
        );
        check("<area href='c.html' alt='年报'>", &[("http://x.gov.cn/zwgk/c.html", "年报")]);
        check("<iframe src=list.html></iframe>", &[("http://x.gov.cn/zwgk/list.html", "")]);
        check(
            "<META HTTP-EQUIV=Refresh CONTENT=\"0; URL='/home/'\">",
            &[("http://x.gov.cn/home/", "")],
        );
    }

    #[test]
    fn the_base_of_the_page_is_obeyed() {
        check("<base href=/a/><base href=/b/><a href=c>x</a>", &[("http://x.gov.cn/a/c", "x")]);
    }

    #[test]
    fn entities_are_decoded() {
        check(
            "<a href='?a=1&amp;b=2'>A&nbsp;&amp;&#22269;</a>",
            &[("http://x.gov.cn/zwgk/index.html?a=1&b=2", "A &国")],
        );
    }

    #[test]
    fn what_leads_nowhere_is_no_link_and_lends_its_text_to_none() {
        check(
            "<a href=a>one</a><a href='javascript:go()'>two</a><a href='#top'>three</a>",
            &[("http://x.gov.cn/zwgk/a", "one")],
        );
        check("<!-- <a href=a>x</a> --><script>'<a href=b>y</a>'</script>", &[]);
        check("<a href=a rel='external NoFollow'>x</a>", &[]);
    }

    #[test]
    fn of_two_links_to_one_page_the_one_that_says_more_is_kept() {
        check(
            "<a href=a><img></a><a href=a title='某局2023年年度报告'>某局2023…</a>",
            &[("http://x.gov.cn/zwgk/a", "某局2023年年度报告")],
        );
    }

    #[test]
    fn a_page_may_forbid_to_follow() {
        let base = Url::parse("http://x.gov.cn/").unwrap();
        let tag = |html| links(html, &base).tag;
        assert!(tag("<meta name=robots content='noindex, nofollow'>").nofollow);
        assert!(tag("<meta content=noindex name=robots><META NAME=GongKai CONTENT=None>").nofollow);
        assert!(!tag("<meta name=robots content='index'>").nofollow);
        assert!(!tag("<meta name=otherbot content='nofollow'>").nofollow);
        assert!(!tag("<!-- <meta name=robots content=nofollow> -->").nofollow);
        assert_eq!(links("<title>市 政府\n</title>", &base).title.unwrap(), "市 政府");
    }

    #[test]
    fn a_page_cut_in_half_gives_what_came() {
        check(
            "<a href=a>one</a><a href=b>tw",
            &[("http://x.gov.cn/zwgk/a", "one"), ("http://x.gov.cn/zwgk/b", "tw")],
        );
        check("<a href=a>one</a><a hre", &[("http://x.gov.cn/zwgk/a", "one")]);
    }

    proptest! {
        #[test]
        fn no_text_brings_it_down(html in "(<(a|base|meta|title|iframe) (href|src|content)=)?\\PC{0,80}") {
            let base = Url::parse("http://x.gov.cn/").unwrap();
            let _ = links(&html, &base);
        }
    }
}
