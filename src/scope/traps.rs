//! URLs that a portal makes without end: told by their form alone.

use url::Url;

/// No real page lies so many folders deep.
const MAX_SEGMENTS: usize = 16;

/// No real page is told from another by so many parameters. The lists that Hanweb's portals page
/// through (`dataproxy.jsp`) have eleven.
const MAX_PARAMETERS: usize = 16;

/// The same folder so often in one path is a relative link that goes round.
const MAX_REPEATS: usize = 3;

/// Reports are from 2008 on (the regulation's first year); calendars that reach further than this
/// are made by a script.
const YEARS: std::ops::RangeInclusive<u32> = 1990..=2050;

/// Why the URL is taken for a trap, if it is.
pub fn trap(url: &Url) -> Option<&'static str> {
    let segments: Vec<&str> = url.path().split('/').filter(|segment| !segment.is_empty()).collect();
    if segments.len() > MAX_SEGMENTS {
        return Some("more folders than any page lies deep");
    }
    let repeats = |segment: &&str| {
        // Numbers are dates and columns: /art/2011/1/1/1/.
        let is_number = segment.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { 0 } else { segments.iter().filter(|other| *other == segment).count() }
    };
    if segments.iter().any(|segment| repeats(segment) >= MAX_REPEATS) {
        return Some("a folder that is in itself again and again");
    }
    let parameters = || url.query().into_iter().flat_map(|query| query.split('&'));
    if parameters().count() > MAX_PARAMETERS {
        return Some("more parameters than any page needs");
    }
    if parameters().any(is_far_year) || is_calendar(parameters()) {
        return Some("a calendar");
    }
    None
}

/// `year=2087`: no page of ours is about that year.
fn is_far_year(parameter: &str) -> bool {
    year(parameter).is_some_and(|year| !YEARS.contains(&year))
}

/// The year that a parameter names, of four digits or more: `year=0` stands for all years, `y=12`
/// for anything.
fn year(parameter: &str) -> Option<u32> {
    let (name, value) = parameter.split_once('=')?;
    let name = name.to_ascii_lowercase();
    let is_year = matches!(name.as_str(), "year" | "y" | "nian") && value.len() >= 4;
    is_year.then(|| value.parse().ok()).flatten()
}

/// A year and a month, both as parameters: every month links to the next for ever.
fn is_calendar<'a>(parameters: impl Iterator<Item = &'a str>) -> bool {
    let (mut has_year, mut has_month) = (false, false);
    for parameter in parameters {
        has_year |= year(parameter).is_some();
        let name = parameter.split('=').next().unwrap_or_default().to_ascii_lowercase();
        has_month |= matches!(name.as_str(), "month" | "m" | "yue" | "day");
    }
    has_year && has_month
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_urls_are_told_by_their_form() {
        let is_trap = |text: &str| trap(&Url::parse(text).unwrap()).is_some();
        for text in [
            "http://x.gov.cn/calendar?year=2031&month=7",
            "http://x.gov.cn/rl.jsp?year=2087",
            "http://x.gov.cn/a/b/a/b/a/b/index.html",
            "http://x.gov.cn/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/",
            "http://x.gov.cn/s?a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&i=9&j=10&k=11&l=12&m=13&n=14&o=15&p=16&q=17",
        ] {
            assert!(is_trap(text), "{text}");
        }
        for text in [
            "http://x.gov.cn/zwgk/zfxxgk/zfxxgknb/2023/t20240117_123.html",
            "http://x.gov.cn/col/col1/index.html?uid=2&pageNum=3",
            "http://x.gov.cn/art/2024/1/1/art_1_1.html",
            "http://x.gov.cn/nb?year=2023",
            "http://x.gov.cn/nb?year=0&y=12",
            "http://x.gov.cn/art/2011/1/1/1/art_1.html",
            "http://x.gov.cn/module/web/jpage/dataproxy.jsp?page=2&startrecord=&endrecord=&perpage=&appid=1\
             &webid=&path=/&columnid=&unitid=&webname=&permissiontype=0",
        ] {
            assert!(!is_trap(text), "{text}");
        }
    }
}
