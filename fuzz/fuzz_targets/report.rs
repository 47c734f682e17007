//! Any bytes to the whole parser: it never panics, says the same twice, and states no number that
//! the page does not hold.

#![no_main]

use gongkai_report::{decode, read, read_with_evidence, Hints, Number, Report};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The first byte chooses what HTTP said.
    let (first, bytes) = bytes.split_first().unwrap_or((&0, &[]));
    let content_type = match first % 4 {
        0 => None,
        1 => Some("text/html; charset=utf-8"),
        2 => Some("text/html; charset=gb2312"),
        _ => Some("text/html; charset=big5"),
    };
    let hints = Hints { content_type, url: Some("http://a.gov.cn/b/c.html"), ..Hints::default() };
    let decoded = decode(bytes, &hints);
    let report = read(&decoded, &hints);
    let again = read_with_evidence(&decoded, &hints);
    let json = |report: &Report| serde_json::to_value(report).expect("a report is JSON");
    let mut twice = json(&again);
    twice.as_object_mut().map(|report| report.remove("evidence"));
    assert_eq!(json(&report), twice);
    let evidence = again.evidence.unwrap_or_default();
    let tables = [
        ("proactive", &report.proactive),
        ("requests", &report.requests),
        ("reviews", &report.reviews),
    ];
    for (table, cells) in tables.iter().filter_map(|(name, table)| Some((name, table.as_ref()?))) {
        for (row, cells) in &cells.0 {
            for (column, number) in cells {
                let Some(number) = number else { continue };
                let path = format!("{table}.{row}.{column}");
                let raw = &evidence.get(&path).expect("a stated cell has its evidence").raw;
                assert!(is_written(*number, raw), "{path}: {number:?} is not written in {raw:?}");
            }
        }
    }
});

/// Whether a number's digits stand in a text; amounts may have been converted between 元 and 万元.
fn is_written(number: Number, raw: &str) -> bool {
    match number {
        Number::Whole(0) => raw.contains(['0', '零']),
        Number::Whole(whole) => {
            raw.replace([',', ' '], "").contains(&whole.unsigned_abs().to_string())
        }
        Number::Decimal(_) => raw.contains(|c: char| c.is_ascii_digit()),
    }
}
