//! What stands below a report: its signature, and whose site it is.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::dates::date;
use crate::page::{Line, Page};
use crate::text::{is_longer, pattern, tight};
use crate::title;

/// The foot of a page is no longer than this, in lines.
const FOOT_LINES: usize = 80;

/// A signature has no more letters.
const LONGEST_SIGNATURE: usize = 50;

static SITE_ID: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)(?:标识码|site_?code) ?[::=]? ?([A-Za-z]{2}\d{8}|\d{10})(?:\D|$)")
});

static ICP: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(\p{Han}ICP[备证]\d{6,10}号?(?:-\d{1,3})?)"));

/// 政府网站标识码: ten digits, or `bm` and eight.
pub(super) fn is_site_id(id: &str) -> bool {
    let (head, rest) = id.split_at_checked(2).unwrap_or(("", ""));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    id.len() == 10 && digits(rest) && (digits(head) || head == "bm")
}

/// 政府网站标识码 and 备案号, from the foot of the page.
pub(super) fn site(page: &Page) -> (Option<String>, Option<String>) {
    let foot = page.len().saturating_sub(FOOT_LINES)..page.len();
    let find = |regex: &Regex, word: &str| {
        let mut lines = page.lines(foot.clone()).filter(|line| line.tight().contains(word));
        lines.find_map(|line| Some(regex.captures(&line.text())?.get(1)?.as_str().to_owned()))
    };
    let id = find(&SITE_ID, "标识码").or_else(|| find(&SITE_ID, "code"));
    (id.map(|id| id.to_ascii_lowercase()).filter(|id| is_site_id(id)), find(&ICP, "ICP"))
}

/// The body and the date that a report is signed with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) agency: Option<String>,
    pub(super) date: Option<String>,
    /// The date as it is written.
    pub(super) written: Option<String>,
    pub(super) line: usize,
}

static ONLY_DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?P<body>\D{0,30}?)(?:日期:)?(?P<date>20\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|二[〇○零O0一二三四五六七八九]{3}年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日)$",
    )
});

/// The first body with a date under it or behind it, from this line on; else the first line that is
/// a date and nothing else. What is a link, or stands under one, is a list's: below a report lie
/// those of other pages.
pub(super) fn signature(page: &Page, begin: Option<usize>) -> Signature {
    let Some(begin) = begin else { return Signature::default() };
    let links = Links::read(page, begin);
    let mut dates =
        page.lines(begin..page.len()).filter_map(|line| signed(page, line, &links)).peekable();
    let lone = dates.peek().filter(|first| !is_listed(page, first.line, &links)).cloned();
    dates.find(|signature| signature.agency.is_some()).or(lone).unwrap_or_default()
}

/// The links of a page, by their text.
struct Links {
    /// How often each text is one.
    texts: HashMap<String, usize>,
    /// Lines of such a text that are none: the first, where more lines have it than links do.
    free: HashSet<usize>,
}

impl Links {
    fn read(page: &Page, begin: usize) -> Self {
        let mut texts: HashMap<String, usize> = HashMap::new();
        for anchor in &page.anchors {
            *texts.entry(tight(&anchor.text)).or_default() += 1;
        }
        let mut lines: HashMap<&str, (usize, usize)> = HashMap::new();
        for line in page.lines(begin..page.len()) {
            if texts.contains_key(line.tight()) {
                lines.entry(line.tight()).or_insert((line.index, 0)).1 += 1;
            }
        }
        let is_free = |(text, (first, count)): (&str, (usize, usize))| {
            texts.get(text).is_some_and(|links| count > *links).then_some(first)
        };
        let free = lines.into_iter().filter_map(is_free).collect();
        Self { texts, free }
    }

    /// Whether a line is a link, its bullet not counted.
    fn has(&self, line: Line<'_>) -> bool {
        let text = line.tight();
        let bare = text.trim_start_matches(|c: char| !c.is_alphanumeric());
        !text.is_empty()
            && (self.texts.contains_key(text) || self.texts.contains_key(bare))
            && !self.free.contains(&line.index)
    }
}

/// Whether a lone date is that of a list: under a link, or over one under which stands a date too.
fn is_listed(page: &Page, line: usize, links: &Links) -> bool {
    let is_link = |line: Option<usize>| {
        line.and_then(|line| page.line(line)).is_some_and(|line| links.has(line))
    };
    let is_date = |line| page.line(line).is_some_and(|line| ONLY_DATE.is_match(line.tight()));
    is_link(line.checked_sub(1)) || (is_link(Some(line + 1)) && is_date(line + 2))
}

fn signed(page: &Page, line: Line<'_>, links: &Links) -> Option<Signature> {
    let text = line.only()?;
    if is_longer(text, LONGEST_SIGNATURE)
        || !line.tight().ends_with(|c: char| c == '日' || c.is_ascii_digit())
        || links.has(line)
    {
        return None;
    }
    let found = ONLY_DATE.captures(line.tight())?;
    let written = found.name("date")?.as_str();
    // The page breaks off here, perhaps within the day.
    if line.is_torn() && !written.ends_with('日') {
        return None;
    }
    let date = date(written)?;
    let before = found.name("body")?.as_str();
    if !before.is_empty() && (!is_body(before) || links.texts.contains_key(before)) {
        return None;
    }
    let above = || page.line(line.index.checked_sub(1)?).filter(|line| !links.has(*line));
    let body = if before.is_empty() { above().map_or("", Line::tight) } else { before };
    let agency = Some(tight(body)).filter(|body| is_body(body));
    let written = Some(written.to_owned());
    Some(Signature { agency, date: Some(date), written, line: line.index })
}

fn is_body(name: &str) -> bool {
    (3..=30).contains(&name.chars().count())
        && title::ends_as_body(name)
        && !name.contains([':', ',', '。', '、'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    #[test]
    fn the_foot_names_the_site() {
        let read = |text: &str| site(&page::read(text));
        assert_eq!(
            read("政府网站标识码：4501000001  桂ICP备05000001号-1"),
            (Some("4501000001".into()), Some("桂ICP备05000001号-1".into()))
        );
        assert_eq!(read("网站标识码bm07000001").0, Some("bm07000001".into()));
        assert_eq!(read("标识码: 45010000012").0, None);
    }

    #[test]
    fn a_report_is_signed_with_a_body_and_a_date() {
        let read = |text: &str| signature(&page::read(text), Some(0));
        for text in [
            "一、总体情况\n青杉市统计局\n2024年1月17日\n主办：某",
            "一、总体情况\n青杉市统计局 2024年1月17日\n",
            "一、总体情况\n青杉市统计局\n二〇二四年一月十七日\n",
        ] {
            let signature = read(text);
            assert_eq!(signature.agency.as_deref(), Some("青杉市统计局"), "{text}");
            assert_eq!(signature.date.as_deref(), Some("2024-01-17"), "{text}");
        }
        assert_eq!(read("一、总体情况\n2024130日\n").date, None);
    }

    #[test]
    fn a_list_below_a_report_signs_nothing() {
        let read = |text: &str| {
            let signature = signature(&page::read(text), Some(0));
            (signature.agency, signature.date)
        };
        let report = "<p>六、其他需要报告的事项<p>无。<p>青杉市统计局<p>2024年1月17日";
        for list in [
            "<ul><li><a href=a>关于做好防汛工作的通知</a><p>2024-03-01</p></ul>",
            "<h3>相关信息</h3><a href=a>青杉市财政局</a><div>2022-03-01</div>",
            "<table><tr><td>2022-03-01</td></tr></table>",
            "<p>青杉市人民政府办公室 2024年6月1日",
            "<h3>相关信息</h3><a href=a>青杉市统计局</a><div>2022-03-01</div>",
        ] {
            let signature = read(&format!("{report}{list}"));
            let expected = (Some("青杉市统计局".into()), Some("2024-01-17".into()));
            assert_eq!(signature, expected, "{list}");
        }
        for list in [
            "<a href=a>青杉市财政局</a><div>2022-03-01</div>",
            "<p>·<a href=a>关于做好防汛工作的通知</a><p>2024-03-01",
            "<a href=a>青杉市财政局2022-03-01</a>",
            "<p>2022-03-01<p><a href=a>甲通知</a><p>2022-02-01<p><a href=b>乙通知</a>",
        ] {
            assert_eq!(read(&format!("<p>六、其他<p>无。</p>{list}")), (None, None), "{list}");
        }
        let alone = read("<p>六、其他<p>无。<p>2024年1月17日<p><a href=a>附件</a>");
        assert_eq!(alone, (None, Some("2024-01-17".into())));
    }

    #[test]
    fn a_date_at_which_the_page_breaks_off_is_believed_only_to_its_end() {
        let date = |text: &str| signature(&page::read(text), Some(0)).date;
        for text in
            ["一、总体情况\n青杉市统计局\n2024年1月1", "<p>一、总体情况<p>青杉市统计局<p>2024-1-1"]
        {
            assert_eq!(date(text), None, "{text}");
        }
        let whole = "一、总体情况\n青杉市统计局\n2024年1月17日";
        assert_eq!(date(whole).as_deref(), Some("2024-01-17"));
    }
}
