//! A portal as pages by path, and the frame that its pages share.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use encoding_rs::GB18030;

use super::Expected;
use super::report_page::Sample;

/// The body that a bomb unpacks to, in bytes.
const BOMB_BYTES: usize = 64 << 20;

/// How a path is answered.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// With a page.
    Page(Body),
    /// With a redirect.
    Redirect(u16, String),
    /// With a page, after a while.
    Slow(Body, Duration),
    /// With the first half of a page; then the connection ends.
    Half(Body),
    /// With 429 the first time, and with a page after that.
    AskedForPeace(Body),
    /// With this status and a word.
    Status(u16),
    /// With a small body that unpacks to a very large one.
    Bomb,
}

/// A page's bytes, and what the header says of them.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    pub(super) content_type: &'static str,
    pub(super) gzip: bool,
    pub(super) etag: Option<String>,
}

/// A sample portal.
#[derive(Debug, Clone)]
pub struct Portal {
    /// How it is called.
    pub name: &'static str,
    /// Its host.
    pub host: &'static str,
    /// The reports on it that a crawl must find.
    pub expected: Vec<Expected>,
    pub(super) charset: Charset,
    pub(super) replies: BTreeMap<String, Reply>,
    pub(super) forbidden: &'static str,
}

/// How a portal writes its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    /// UTF-8, said by header and page.
    Utf8,
    /// GBK, said by the page alone.
    Gbk,
    /// UTF-8, said by the header alone; compressed, with validators.
    Utf8InHeader,
}

impl Portal {
    pub(super) fn new(
        name: &'static str,
        host: &'static str,
        charset: Charset,
        forbidden: &'static str,
    ) -> Self {
        Self { name, host, expected: Vec::new(), charset, replies: BTreeMap::new(), forbidden }
    }

    /// Where a crawl begins.
    pub fn seed_url(&self) -> String {
        format!("http://{}/", self.host)
    }

    pub(super) fn add(&mut self, path: impl Into<String>, reply: Reply) {
        self.replies.insert(path.into(), reply);
    }

    /// Adds an ordinary page.
    pub(super) fn page(&mut self, path: impl Into<String>, html: &str) {
        let body = self.encode(html);
        self.add(path, Reply::Page(body));
    }

    /// Adds a report that a crawl must find.
    pub(super) fn report(&mut self, path: &str, sample: &Sample, reply: Reply) {
        self.expected.push(Expected {
            url: format!("http://{}{path}", self.host),
            agency: sample.agency.to_owned(),
            year: sample.year,
            format: sample.format(),
            received_new_total: sample.received_new_total(),
            sums_hold: !sample.miscounted,
        });
        self.add(path, reply);
    }

    /// A page's bytes as this portal sends them.
    pub(super) fn encode(&self, html: &str) -> Body {
        let (bytes, content_type) = match self.charset {
            Charset::Utf8 | Charset::Utf8InHeader => {
                (html.as_bytes().to_vec(), "text/html; charset=utf-8")
            }
            Charset::Gbk => (GB18030.encode(html).0.into_owned(), "text/html"),
        };
        let modern = self.charset == Charset::Utf8InHeader;
        let etag = modern.then(|| {
            format!(
                "\"{}\"",
                crate::digest::Digest::of(&bytes).to_string().get(7..23).unwrap_or_default()
            )
        });
        Body { bytes, content_type, gzip: modern, etag }
    }

    /// Its paths, each with its URL.
    pub fn paths(&self) -> impl Iterator<Item = (&str, String)> {
        self.replies.keys().map(|path| (path.as_str(), format!("http://{}{path}", self.host)))
    }

    /// Whether its robots.txt forbids a path.
    pub fn is_forbidden(&self, path: &str) -> bool {
        path.starts_with(self.forbidden)
    }

    /// The page at a path, and its `Content-Type`, however it is served.
    pub fn body(&self, path: &str) -> Option<(Vec<u8>, Option<String>)> {
        match self.replies.get(path)? {
            Reply::Page(body) | Reply::Slow(body, _) | Reply::AskedForPeace(body) => {
                Some((body.bytes.clone(), Some(body.content_type.to_owned())))
            }
            Reply::Half(_) | Reply::Redirect(..) | Reply::Status(_) | Reply::Bomb => None,
        }
    }
}

/// A small gzip file of very many zeros.
pub(super) fn bomb() -> Vec<u8> {
    gzip(&vec![0; BOMB_BYTES])
}

/// Compressed, as a server does.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // Writing to memory does not fail.
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

/// The frame around a page: navigation above, the site's numbers below.
pub(super) struct Frame {
    pub(super) head: String,
    pub(super) navigation: Vec<(&'static str, &'static str)>,
    pub(super) foot: String,
}

impl Frame {
    /// A whole page.
    pub(super) fn page(&self, title: &str, meta: &str, main: &str) -> String {
        let mut links = String::new();
        for (target, text) in &self.navigation {
            links
                .push_str(&format!("<li><a href=\"{target}\" target=\"_blank\">{text}</a></li>\n"));
        }
        format!(
            "<!DOCTYPE html>\n<html><head>{}\n<title>{title}</title>\n{meta}<script>var now = new Date();</script></head>\n\
             <body><div class=\"head\"><ul class=\"nav\">\n{links}</ul></div>\n<div class=\"main\">{main}</div>\n\
             <div class=\"footer\">{}</div></body></html>\n",
            self.head, self.foot
        )
    }
}

/// A list of links.
pub(super) fn list<'a>(links: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let item = |(target, text): (&str, &str)| {
        format!(
            "<li><a href=\"{target}\" title=\"{text}\">{}</a><span>2024-01-17</span></li>\n",
            cut(text)
        )
    };
    format!("<ul class=\"list\">\n{}</ul>", links.into_iter().map(item).collect::<String>())
}

/// Lists cut long titles.
fn cut(text: &str) -> String {
    const LONGEST: usize = 24;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

/// An article of news that never happened, different for each number.
pub(super) fn news(place: &str, number: usize) -> (String, String) {
    const SUBJECTS: [&str; 8] = [
        "春耕",
        "防汛",
        "老旧小区改造",
        "图书馆开放",
        "义务植树",
        "公交线路调整",
        "健康义诊",
        "安全检查",
    ];
    const SENTENCES: [&str; 10] = [
        "活动现场秩序良好，居民踊跃参加。",
        "有关单位逐项核对清单，明确了完成的时间。",
        "工作人员向群众讲解了办理流程。",
        "会议听取了前一阶段的进展情况。",
        "大家认为，关键在于把小事办好。",
        "下一步将按计划分三批推进。",
        "沿线的标志牌已经更换完毕。",
        "志愿者为老人准备了热茶。",
        "记者看到，窗口前设置了等候座椅。",
        "负责人表示，欢迎市民提出意见。",
    ];
    let subject = SUBJECTS.get(number % SUBJECTS.len()).copied().unwrap_or_default();
    let title = format!("{place}{subject}工作第{number}次现场会召开");
    let mut text = format!("<h1>{title}</h1>");
    for paragraph in 0..24 {
        text.push_str("<p>");
        for step in 0..6 {
            let sentence = SENTENCES
                .get((number * 3 + paragraph * 7 + step * (paragraph + 1)) % SENTENCES.len());
            text.push_str(sentence.copied().unwrap_or_default());
        }
        text.push_str(&format!("（{number}-{paragraph}）</p>"));
    }
    (title, text)
}
