//! An answer as it meets the eye: its title, its text, what its scripts say, where it sends the visitor.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::LazyLock;

use lol_html::html_content::{Element, TextChunk, TextType};
use lol_html::{
    DocumentContentHandlers, ElementContentHandlers, HtmlRewriter, MemorySettings, Selector,
    Settings,
};
use regex::Regex;
use url::Url;

/// What the tokenizer may hold: more than all that is looked at.
const MAX_MEMORY_BYTES: usize = 1 << 20;

/// Between the parts of a title: the page, the column, the site.
const TITLE_MARKS: [char; 9] = ['-', '_', '|', '–', '—', '·', '>', ':', '/'];

/// An answer as it meets the eye.
#[derive(Debug)]
pub(super) struct Look<'a> {
    /// What was asked for.
    pub(super) asked: &'a Url,
    /// The status.
    pub(super) status: u16,
    /// The title, squeezed.
    pub(super) title: String,
    /// What is shown beside the title, squeezed.
    pub(super) text: String,
    /// Of that, what stands in links, squeezed.
    link_text: String,
    /// The letters of the text, links and all.
    pub(super) length: usize,
    /// All inline scripts, in lower case and without blanks.
    pub(super) scripts: String,
    /// It has scripts, inline or not.
    pub(super) has_script: bool,
    /// It has what is shown or done by others: frames, links, forms, scripts with a URL.
    pub(super) has_others: bool,
    /// Where it sends the visitor by itself: `<meta http-equiv="refresh">`, or a script that sets the location.
    pub(super) sent_to: Vec<Url>,
}

#[derive(Debug, Default)]
struct Finder {
    title: String,
    text: String,
    link_text: String,
    scripts: String,
    has_script: bool,
    has_others: bool,
    refresh: Vec<String>,
}

struct Selectors {
    title: Selector,
    link: Selector,
    meta: Selector,
    script: Selector,
    others: Selector,
}

#[expect(clippy::expect_used, reason = "these are constants, and the tests read each")]
static SELECTORS: LazyLock<Selectors> = LazyLock::new(|| {
    let selector = |text: &str| text.parse().expect("a selector that is a constant");
    Selectors {
        title: selector("title"),
        link: selector("a"),
        meta: selector("meta[http-equiv][content]"),
        script: selector("script"),
        others: selector("script[src], frame[src], iframe[src], a[href], area[href], form"),
    }
});

impl<'a> Look<'a> {
    /// At the answer to a request for `asked`.
    pub(super) fn at(asked: &'a Url, status: u16, html: &str) -> Self {
        let Finder { title, text, link_text, scripts, has_script, has_others, refresh } =
            find(html);
        let text = squeeze(&text);
        let targets = refresh.iter().map(String::as_str).chain(located(&scripts));
        let sent_to = targets.filter_map(|target| asked.join(target).ok()).collect();
        Self {
            asked,
            status,
            title: squeeze(&title),
            link_text: squeeze(&link_text),
            length: text.chars().count(),
            text,
            scripts: scripts
                .split_whitespace()
                .flat_map(str::chars)
                .flat_map(char::to_lowercase)
                .collect(),
            has_script,
            has_others,
            sent_to,
        }
    }

    /// `title MARK`, if one of the title's parts is one of these marks, to the letter.
    pub(super) fn title_is(&self, marks: &[&str]) -> Option<String> {
        let parts = || {
            self.title
                .split(TITLE_MARKS)
                .chain([self.title.as_str()])
                .map(|part| part.trim_matches(|c: char| c.is_whitespace() || "!.。~…".contains(c)))
        };
        let mark = marks.iter().find(|mark| parts().any(|part| part == **mark))?;
        Some(format!("title {mark}"))
    }

    /// `text MARK`, if no more than `most` letters are shown, and among them one of these marks. What stands in a link
    /// is the title of another page, and speaks to nobody; nor does what is quoted.
    pub(super) fn text_holds(&self, marks: &[&str], most: usize) -> Option<String> {
        let is_said = |mark: &str| self.says(mark) && !self.link_text.contains(mark);
        let mark = marks.iter().find(|mark| self.length <= most && is_said(mark))?;
        Some(format!("text {mark}"))
    }

    fn says(&self, mark: &str) -> bool {
        let before = |at| self.text.get(..at).and_then(|before| before.chars().next_back());
        self.text
            .match_indices(mark)
            .any(|(at, _)| !before(at).is_some_and(|letter| "“‘「『\"'".contains(letter)))
    }

    /// Whether it has a link that says something.
    pub(super) fn has_link(&self) -> bool {
        !self.link_text.is_empty()
    }

    /// `script MARK`, if the inline scripts hold one of these marks.
    pub(super) fn script_holds(&self, marks: &[&str]) -> Option<String> {
        let mark = marks.iter().find(|mark| self.scripts.contains(**mark))?;
        Some(format!("script {mark}"))
    }

    /// Whether the title is that of a document (关于…的公告), or the text says where it is from or whom it answers:
    /// what it speaks of happens elsewhere, and it is a page.
    pub(super) fn is_document(&self) -> bool {
        const WORDS: [&str; 14] = [
            "关于", "關於", "公告", "通知", "通告", "公示", "报告", "報告", "说明", "方案", "办法",
            "意见", "通报", "批复",
        ];
        const IMPRINTS: [&str; 9] = [
            "来源:",
            "发布时间",
            "发布日期",
            "发文日期",
            "索引号",
            "浏览次数",
            "阅读次数",
            "答复:",
            "回复:",
        ];
        let has = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
        has(&self.title, &WORDS) || has(&self.text, &IMPRINTS)
    }
}

fn find(html: &str) -> Finder {
    let finder = RefCell::new(Finder::default());
    let on = ElementContentHandlers::default;
    let settings = Settings::new()
        .append_element_content_handler((
            Cow::Borrowed(&SELECTORS.title),
            on().text(|chunk: &mut TextChunk<'_>| {
                finder.borrow_mut().title.push_str(chunk.as_str());
                Ok(())
            }),
        ))
        .append_element_content_handler((
            Cow::Borrowed(&SELECTORS.link),
            on().text(|chunk: &mut TextChunk<'_>| {
                finder.borrow_mut().link_text.push_str(chunk.as_str());
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
            Cow::Borrowed(&SELECTORS.script),
            on().element(|_: &mut Element<'_, '_>| {
                finder.borrow_mut().has_script = true;
                Ok(())
            }),
        ))
        .append_element_content_handler((
            Cow::Borrowed(&SELECTORS.others),
            on().element(|_: &mut Element<'_, '_>| {
                finder.borrow_mut().has_others = true;
                Ok(())
            }),
        ))
        .append_document_content_handler(DocumentContentHandlers::default().text(
            |chunk: &mut TextChunk<'_>| {
                finder.borrow_mut().text(chunk);
                Ok(())
            },
        ))
        .with_memory_settings(MemorySettings::new().with_max_allowed_memory_usage(MAX_MEMORY_BYTES))
        .with_strict(false);
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| ());
    let done = rewriter.write(html.as_bytes()).and_then(|()| rewriter.end());
    if let Err(error) = done {
        tracing::debug!(%error, "the rest of an answer could not be looked at");
    }
    finder.into_inner()
}

impl Finder {
    fn meta(&mut self, tag: &Element<'_, '_>) {
        let field = |name| tag.get_attribute(name).unwrap_or_default();
        if !field("http-equiv").eq_ignore_ascii_case("refresh") {
            return;
        }
        let content = field("content");
        let target = content.split_once([';', ',']).map_or("", |(_, target)| target.trim());
        let is_named = target.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("url="));
        let target = if is_named { target.get(4..).unwrap_or_default() } else { target };
        self.refresh.push(target.trim_matches(['"', '\'', ' ']).to_owned());
    }

    fn text(&mut self, chunk: &TextChunk<'_>) {
        match chunk.text_type() {
            TextType::Data | TextType::PlainText | TextType::CDataSection => {
                self.text.push_str(chunk.as_str());
            }
            TextType::ScriptData => self.scripts.push_str(chunk.as_str()),
            TextType::RCData | TextType::RawText => {}
        }
    }
}

/// Where scripts send the visitor, as far as they say it in one string.
fn located(scripts: &str) -> impl Iterator<Item = &str> {
    #[expect(clippy::expect_used, reason = "a constant, and the tests read it")]
    static LOCATION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"location(?:\.href\s*=|\.replace\s*\(|\.assign\s*\(|\s*=)\s*["']([^"'\s]{1,2000})["']"#)
            .expect("a pattern that is a constant")
    });
    LOCATION.captures_iter(scripts).filter_map(|found| found.get(1)).map(|found| found.as_str())
}

/// One spelling for one text: entities undone, lower case, full-width signs as their plain ones, blanks run
/// together, and none beside a letter that needs none (`您 的 访问`).
fn squeeze(html: &str) -> String {
    let plain = html_escape::decode_html_entities(html);
    let mut squeezed = String::with_capacity(plain.len());
    let mut blank = false;
    for letter in plain.chars().flat_map(char::to_lowercase) {
        if letter.is_whitespace() || letter.is_control() || letter == '\u{feff}' {
            blank = true;
            continue;
        }
        let letter = narrow(letter);
        let before = squeezed.chars().next_back();
        if blank && letter.is_ascii() && before.is_some_and(|before| before.is_ascii()) {
            squeezed.push(' ');
        }
        blank = false;
        squeezed.push(letter);
    }
    squeezed
}

/// The plain sign of a full-width one (U+FF01 to U+FF5E stand in the order of ASCII).
fn narrow(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        '、' => ',',
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look<'a>(asked: &'a Url, html: &str) -> Look<'a> {
        Look::at(asked, 200, html)
    }

    #[test]
    fn what_is_shown_is_told_from_what_is_not() {
        let asked = Url::parse("http://www.qingshan.gov.cn/a").unwrap();
        let html = "<html><head><TITLE> 页面 不存在 - 青杉市 </TITLE><style>p{}</style></head><body>\
             <!-- note --><p>抱歉，您 访问&nbsp;的页面 ERROR  404</p><noscript>x</noscript>\
             <script>var a = 'Hidden';</script></body>";
        let look = look(&asked, html);
        assert_eq!(look.title, "页面不存在-青杉市");
        assert_eq!(look.text, "抱歉,您访问的页面error 404");
        assert_eq!(look.scripts, "vara='hidden';");
        assert!(look.has_script);
    }

    #[test]
    fn where_a_page_sends_its_visitor_is_found_in_its_meta_and_its_scripts() {
        let asked = Url::parse("http://www.qingshan.gov.cn/a/b.html").unwrap();
        for (html, target) in [
            ("<meta http-equiv=refresh content=\"3; URL='/'\">", "http://www.qingshan.gov.cn/"),
            (
                "<META HTTP-EQUIV=Refresh CONTENT=\"0;c.html\">",
                "http://www.qingshan.gov.cn/a/c.html",
            ),
            (
                "<script>window.location.href = \"http://10.1.1.1/l?A=B\"</script>",
                "http://10.1.1.1/l?A=B",
            ),
            ("<script>top.location.replace('/x')</script>", "http://www.qingshan.gov.cn/x"),
            ("<meta http-equiv=refresh content=5>", "http://www.qingshan.gov.cn/a/b.html"),
        ] {
            let sent: Vec<_> = look(&asked, html).sent_to.iter().map(Url::to_string).collect();
            assert_eq!(sent, [target], "{html}");
        }
    }

    #[test]
    fn a_title_is_one_of_its_parts_and_not_whatever_holds_it() {
        let asked = Url::parse("http://www.qingshan.gov.cn/").unwrap();
        let marks = &["页面不存在", "404"];
        for html in ["<title>页面不存在！</title>", "<title>404 - 青杉市</title>", "<title>404_x"]
        {
            assert!(look(&asked, html).title_is(marks).is_some(), "{html}");
        }
        for html in ["<title>第404号令</title>", "<title>关于页面不存在的说明</title>", ""]
        {
            assert_eq!(look(&asked, html).title_is(marks), None, "{html}");
        }
    }
}
