//! A cheap look at a page, before it is read.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// A cheap look at a page's text: false only where it can be no report. Letters that stay whole are
/// looked for, since tags and pinyin break words.
pub fn may_be_report(text: &str) -> bool {
    const KINDS: usize = 3;
    /// Openness; a report's name; what stands in a report's body and in no navigation.
    const WORDS: [(&str, usize); 26] = [
        ("公开", 0),
        ("公開", 0),
        ("年度报告", 1),
        ("年度報告", 1),
        ("年度報", 1),
        ("年报", 1),
        ("年報", 1),
        ("工作报告", 1),
        ("工作報告", 1),
        ("公开办函", 1),
        ("结转下年", 2),
        ("結轉", 2),
        ("結(", 2),
        ("本年新", 2),
        ("勾稽", 2),
        ("总体情况", 2),
        ("總體", 2),
        ("總(", 2),
        ("主动公开政府信息", 2),
        ("主动公开情况", 2),
        ("申请情况", 2),
        ("行政复议", 2),
        (".pdf", 2),
        (".doc", 2),
        (".xls", 2),
        (".wps", 2),
    ];
    #[expect(clippy::expect_used, reason = "a constant list, read by each test")]
    static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
        AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(WORDS.iter().map(|(word, _)| word))
            .expect("a constant list")
    });
    if is_veiled(text) {
        return true;
    }
    let mut seen = [false; KINDS];
    let mut seen_openness = false;
    for found in SEARCH.find_iter(text) {
        if let Some((word, kind)) = WORDS.get(found.pattern().as_usize())
            && let Some(slot) = seen.get_mut(*kind)
        {
            *slot = true;
            // The longer words hold openness too.
            seen_openness |= word.contains("公开");
        }
        let [openness, name, body] = seen;
        if (openness || seen_openness) && name && body {
            return true;
        }
    }
    false
}

/// Whether the letters of a page cannot be looked for: they are written as numbers (`&#20844;`), or
/// were lost in a wrong charset.
fn is_veiled(text: &str) -> bool {
    /// No fewer than in a report's title.
    const ENOUGH: usize = 12;
    let is_letter = |(at, mark): (usize, &str)| {
        let number = text.as_bytes().get(at + mark.len()..).unwrap_or_default();
        match number.first() {
            Some(b'x' | b'X') => true,
            _ => number.iter().take(5).filter(|byte| byte.is_ascii_digit()).count() == 5,
        }
    };
    text.match_indices("&#").filter(|found| is_letter(*found)).nth(ENOUGH - 1).is_some()
        || text.match_indices(char::REPLACEMENT_CHARACTER).nth(ENOUGH - 1).is_some()
}

#[cfg(test)]
mod tests {
    use super::may_be_report;

    #[test]
    fn a_page_whose_letters_are_numbers_or_lost_is_not_passed_over() {
        let title = "政府信息公开工作年度报告";
        let numbers: Vec<String> = title.chars().map(|c| format!("&#{};", u32::from(c))).collect();
        assert!(may_be_report(&numbers.concat()));
        let hex: Vec<String> = title.chars().map(|c| format!("&#x{:x};", u32::from(c))).collect();
        assert!(may_be_report(&hex.concat()));
        assert!(may_be_report(&"<p>\u{fffd}\u{fffd}".repeat(20)));
        assert!(!may_be_report(&"<li>&#160;&#8226; 通知".repeat(100)));
        assert!(!may_be_report("<p>\u{fffd} 404"));
    }
}
