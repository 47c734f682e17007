//! Bad input of any kind is an object with nulls and warnings: never a panic, never a guess.

use gongkai_report::{Kind, Report};

use crate::support::parse;

/// Nothing is stated: no kind, no year, no cell.
fn says_nothing(report: &Report) {
    assert_eq!(report.kind, Kind::Other);
    assert_eq!((report.year, report.published.as_deref()), (None, None));
    assert!(report.requests.is_none() && report.reviews.is_none() && report.proactive.is_none());
}

#[test]
fn what_is_no_page_says_nothing() {
    let noise: Vec<u8> =
        (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect();
    let word = [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".as_slice(), &noise].concat();
    for bytes in [
        b"".as_slice(),
        b" ",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"<",
        b"%PDF-1.7",
        &noise,
        &word,
    ] {
        says_nothing(&parse(bytes));
    }
}

/// Half a report, then what harms, then the rest of it.
fn report_around(harm: &str) -> String {
    format!(
        "<title>青杉市统计局2022年政府信息公开工作年度报告</title><p>一、总体情况</p>{harm}<p>二、主动公开政府信息情况</p>\
         <table><tr><td>信息内容</td><td>本年处理决定数量</td></tr><tr><td>行政许可</td><td>12</td></tr></table>\
         <p>六、其他需要报告的事项</p><p>无。</p>"
    )
}

#[test]
fn a_report_beside_what_harms_is_read_or_says_why_not() {
    let harms = [
        "<div>".repeat(100_000),
        "<table><tr><td>".repeat(100_000),
        format!("<table><tr>{}</tr></table>", "<td>1</td>".repeat(10_000)),
        "<table><tr><td colspan=2147483648 rowspan=99999999999>1</td></tr></table>".repeat(100),
        format!("<p {}>", "a=1 ".repeat(100_000)),
        "政(".repeat(50_000),
        "<script>".to_owned(),
        "<!--".to_owned(),
    ];
    for harm in harms {
        let report = parse(report_around(&harm).as_bytes());
        let shown: String = harm.chars().take(40).collect();
        let cell = report.proactive.as_ref().and_then(|t| t.cell("licensing", "decisions"));
        let is_read = cell.and_then(gongkai_report::Number::count) == Some(12);
        let says_why = report.warnings.iter().any(|warning| warning.code == "page_cut");
        assert!(is_read || says_why || report.kind == Kind::Other, "{shown}: {report:?}");
    }
}

#[test]
fn fifty_megabytes_are_read_to_their_end() {
    let page = report_around(&"<p>公开工作。</p>".repeat(50_000_000 / 22));
    assert!(page.len() > 49_000_000);
    let report = parse(page.as_bytes());
    assert_eq!((report.kind, report.year), (Kind::Report, Some(2022)));
    assert_eq!(report.proactive.unwrap().stated(), 1);
}

#[test]
fn stray_bytes_cost_their_letters_alone() {
    let page = format!("<meta charset=utf-8>{}", report_around("<p>甲乙</p>"));
    let page = page.replace("甲乙", "\u{1}");
    let bytes: Vec<u8> =
        page.bytes().flat_map(|b| if b == 1 { vec![0xff, 0xe4, 0xb8] } else { vec![b] }).collect();
    let report = parse(&bytes);
    assert_eq!((report.kind, report.proactive.unwrap().stated()), (Kind::Report, 1));
}

#[test]
fn a_date_that_is_none_is_null_and_says_so() {
    for date in ["2024130日", "2023-13-45", "2023-02-30", "20223-01-01"] {
        let page = report_around(&format!("<p>发布日期：{date}</p>"))
            .replace("<p>一、", &format!("<p>发布日期：{date}</p><p>一、"));
        let report = parse(page.as_bytes());
        assert_eq!(report.published, None, "{date}");
        assert!(
            report.warnings.iter().any(|w| w.code == "date_unreadable"),
            "{date}: {:?}",
            report.warnings
        );
    }
}

#[test]
fn a_year_of_five_digits_is_no_year() {
    let page = report_around("").replace("2022年", "20223年");
    assert_eq!(parse(page.as_bytes()).year, None);
}
