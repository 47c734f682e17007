//! What stands below a report: its signature, and whose site it is.

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

/// The body and the date that a report is signed with: the last line that is a date and nothing
/// else, and the body above it or before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) agency: Option<String>,
    pub(super) date: Option<String>,
    pub(super) line: usize,
}

static ONLY_DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?P<body>\D{0,30}?)(?:日期:)?(?P<date>20\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|二[〇○零O0一二三四五六七八九]{3}年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日)$",
    )
});

pub(super) fn signature(page: &Page, begin: Option<usize>) -> Signature {
    let Some(begin) = begin else { return Signature::default() };
    for line in page.lines(begin..page.len()).rev() {
        if let Some(signature) = signed(page, line) {
            return signature;
        }
    }
    Signature::default()
}

fn signed(page: &Page, line: Line<'_>) -> Option<Signature> {
    let text = line.only()?;
    if is_longer(text, LONGEST_SIGNATURE)
        || !line.tight().ends_with(|c: char| c == '日' || c.is_ascii_digit())
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
    let above = || page.line(line.index.checked_sub(1)?).map(Line::tight);
    let body = if before.is_empty() { above().unwrap_or_default() } else { before };
    if !before.is_empty() && !is_body(before) {
        return None;
    }
    let agency = Some(tight(body)).filter(|body| is_body(body));
    Some(Signature { agency, date: Some(date), line: line.index })
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
