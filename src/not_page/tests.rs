//! What is recognised and what is not, over all kinds.

use super::*;
use proptest::prelude::*;

fn response(status: u16, fields: &[(&str, &str)], payload: &[u8]) -> Response {
    Response {
        protocol: "HTTP/1.1",
        status,
        reason: Vec::new(),
        fields: fields.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect(),
        payload: payload.to_vec(),
        coding: None,
        wire_length: payload.len() as u64,
        truncated: None,
    }
}

fn html(status: u16, payload: &[u8]) -> Response {
    response(status, &[("content-type", "text/html")], payload)
}

fn recognised(response: &Response) -> Option<NotPage> {
    recognise(&Url::parse("http://www.qingshan.gov.cn/a/b.html").unwrap(), response)
}

/// Each answer is of this kind (of none, where the word is empty) for this reason, in UTF-8 and in GBK.
pub(super) fn check(word: &str, answers: &[(u16, &str, &str)]) {
    for (status, page, why) in answers {
        let reason = match status {
            200 => format!("{word}: {why}"),
            status => format!("{word}: {why} (status {status})"),
        };
        let expected = (!word.is_empty()).then_some(reason);
        let (gbk, _, _) = encoding_rs::GB18030.encode(page);
        let named = [("content-type", "text/html; charset=gbk")];
        for answer in [html(*status, page.as_bytes()), response(*status, &named, &gbk)] {
            let found = recognised(&answer).map(|not_page| not_page.to_string());
            assert_eq!(found, expected, "{page}");
        }
    }
}

const GONE: &str = "<title>页面不存在</title><p>返回首页";

#[test]
fn what_holds_many_links_much_text_or_a_report_is_a_page() {
    assert!(recognised(&html(200, GONE.as_bytes())).is_some());
    let links = format!("{GONE}{}", "<A href=/x>新闻</A>".repeat(MAX_LINKS + 1));
    let text = format!("{GONE}{}", "青杉市人民政府工作动态。".repeat(50));
    let report = "<title>系统维护</title><h1>青杉市统计局2023年政府信息公开工作年度报告</h1>\
         <h2>一、总体情况</h2><p>略</p><h2>二、主动公开政府信息情况</h2>\
         <table><tr><td>信息内容</td><td>本年处理决定数量</td></tr><tr><td>行政许可</td><td>12</td></tr></table>";
    for page in [links.as_str(), &text, report] {
        assert_eq!(recognised(&html(200, page.as_bytes())), None, "{page}");
    }
    let notice =
        report.replace("政府信息公开工作年度报告", "工作动态").replace("主动公开政府信息", "");
    let found = recognised(&html(200, notice.as_bytes()));
    assert_eq!(found.unwrap().kind, Kind::Maintenance, "the report alone made it a page");
}

#[test]
fn what_is_long_cut_moved_empty_or_no_text_is_not_looked_at() {
    let mut long = GONE.as_bytes().to_vec();
    long.resize(MAX_BYTES + 1, b' ');
    let mut cut = html(200, GONE.as_bytes());
    cut.truncated = Some(crate::exchange::Truncated::Disconnect);
    let feed = response(200, &[("content-type", "text/xml")], GONE.as_bytes());
    let pdf = response(200, &[("content-type", "application/pdf")], GONE.as_bytes());
    for answer in [html(200, &long), cut, pdf, feed, html(302, GONE.as_bytes()), html(304, b"")] {
        assert_eq!(recognised(&answer), None, "{answer:?}");
    }
    let blocked = "<p>您的访问被阻断";
    let mut long = blocked.as_bytes().to_vec();
    long.resize(MAX_BYTES * 2, b' ');
    assert!(recognised(&html(403, &long)).is_some(), "an error may be of any length");
    assert!(recognised(&response(200, &[], GONE.as_bytes())).is_some(), "without a type");
}

#[test]
fn only_what_no_reader_can_take_for_the_page_is_kept_apart() {
    let not_page = |kind| NotPage { kind, why: String::new() };
    for (kind, with_200, with_403) in [
        (Kind::Challenge, Some("challenge"), Some("challenge")),
        (Kind::Captive, Some("captive"), Some("captive")),
        (Kind::Blocked, None, Some("blocked")),
        (Kind::Maintenance, None, Some("maintenance")),
        (Kind::Parked, None, None),
        (Kind::Soft404, None, None),
    ] {
        let kept = |status| kept_apart(status, Some(&not_page(kind)));
        assert_eq!((kept(200), kept(403)), (with_200, with_403), "{kind:?}");
    }
    assert_eq!(kept_apart(503, None), Some("peace"));
    assert_eq!(kept_apart(500, None), None);
}

#[test]
fn of_the_parsers_fixtures_only_the_two_that_are_no_pages_are_recognised() {
    // Decoys of the parser's, which are what they are to us too.
    const EXPECTED: [(&str, &str); 2] =
        [("js_challenge.html", "challenge"), ("soft_404.html", "soft-404")];
    let root =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/report/tests/fixtures");
    let (mut folders, mut seen, mut recognised_ones) = (vec![root], 0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending != "json") {
                let page = std::fs::read(&path).unwrap();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let found = recognised(&html(200, &page));
                recognised_ones.extend(found.map(|not_page| (name, not_page.kind.as_str())));
                seen += 1;
            }
        }
    }
    recognised_ones.sort();
    assert_eq!(recognised_ones, EXPECTED.map(|(name, word)| (name.to_owned(), word)));
    assert!(seen > 100, "{seen}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn no_answer_at_all_makes_it_panic(
        status in 100_u16..1_000,
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        text in "(<script>|</script>|<title>|<meta http-equiv=refresh content=|<a |404|;url=|您访问的页面|location='|\\PC){0,40}",
    ) {
        let _ = recognised(&html(status, &bytes));
        let found = recognised(&html(status, text.as_bytes()));
        prop_assert_eq!(found.clone(), recognised(&html(status, text.as_bytes())));
    }
}
