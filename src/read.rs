//! What an answer says: whether it is a page at all, its text, and the report that it is.
//!
//! The crawl and `reparse` both go by what stands here, so that the same bytes mean the same to both. An
//! answer that [`crate::not_page`] recognises holds no report: by its own rule, what holds one is a page. Pure.

use gongkai_report::{self as report, Decoded, Hints, Kind};

use crate::outcome::ReportFacts;

/// An answer, as far as reading it goes by it.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// What was asked for, in the spelling that went over the wire.
    pub url: &'a str,
    /// The status.
    pub status: u16,
    /// `Content-Type`, as the server wrote it.
    pub content_type: Option<&'a str>,
    /// The payload.
    pub payload: &'a [u8],
}

/// A page: an answer whose payload is text.
#[derive(Debug)]
pub struct Page<'a> {
    hints: Hints<'a>,
    decoded: Decoded<'a>,
}

/// `text/html; charset=gb2312` without its parameters, in lower case.
pub fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether an answer may be a page, as far as its status and its media type tell: where the server
/// named none, its payload decides.
pub fn may_be_page(status: u16, media_type: Option<&str>) -> bool {
    status == 200
        && matches!(
            media_type,
            None | Some(
                "" | "text/html"
                    | "application/xhtml+xml"
                    | "text/plain"
                    | "text/xml"
                    | "application/xml"
            )
        )
}

impl<'a> Answer<'a> {
    /// Its page, if it is one: text that may hold links or a report. Where the server named no type,
    /// the first byte that is no blank decides.
    pub fn page(&self) -> Option<Page<'a>> {
        let media_type = self.content_type.map(media_type);
        if !may_be_page(self.status, media_type.as_deref()) {
            return None;
        }
        let named = media_type.is_some_and(|named| !named.is_empty());
        let first = || self.payload.iter().find(|byte| !byte.is_ascii_whitespace());
        if !named && first() != Some(&b'<') {
            return None;
        }
        let hints = Hints { url: Some(self.url), content_type: self.content_type, charset: None };
        Some(Page { hints, decoded: report::decode(self.payload, &hints) })
    }
}

impl Page<'_> {
    /// Its text.
    pub fn text(&self) -> &str {
        &self.decoded.text
    }

    /// How it was decoded.
    pub fn charset(&self) -> String {
        self.decoded.charset.to_string()
    }

    /// The report that it is, or offers.
    pub fn report(&self) -> Option<ReportFacts> {
        report::may_be_report(&self.decoded.text)
            .then(|| report::read(&self.decoded, &self.hints))
            .and_then(facts)
    }
}

fn facts(report: report::Report) -> Option<ReportFacts> {
    let kind = match report.kind {
        Kind::Report => "report",
        Kind::ReportFile => "report_file",
        Kind::Column | Kind::Other => return None,
    };
    let json = match serde_json::to_string(&report) {
        Ok(json) => json,
        Err(error) => {
            tracing::error!(%error, "a report that cannot be written as JSON");
            return None;
        }
    };
    Some(ReportFacts {
        kind: kind.to_owned(),
        year: report.year.map(i64::from),
        format: report.format.map(|format| format.as_str().to_owned()),
        title: report.title,
        agency: report.agency,
        division: report.division,
        published: report.published,
        json,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_page(status: u16, content_type: Option<&str>, payload: &[u8]) -> bool {
        let answer = Answer { url: "http://www.qingshan.gov.cn/", status, content_type, payload };
        answer.page().is_some()
    }

    #[test]
    fn a_page_is_text_that_was_answered_with_200() {
        assert!(is_page(200, Some("Text/HTML; charset=gb2312"), b""));
        assert!(is_page(200, Some("text/plain"), b"x"));
        assert!(!is_page(404, Some("text/html"), b"<p>"));
        assert!(!is_page(200, Some("application/pdf"), b"<p>"));
    }

    #[test]
    fn without_a_type_the_first_byte_that_is_no_blank_decides() {
        for unnamed in [None, Some(""), Some(" ; charset=utf-8")] {
            assert!(is_page(200, unnamed, b" \r\n<p>"));
            assert!(!is_page(200, unnamed, b"%PDF"));
            assert!(!is_page(200, unnamed, b""));
        }
    }

    #[test]
    fn what_the_status_and_the_type_rule_out_is_no_page_whatever_its_payload() {
        for (status, named) in [(200, Some("image/png")), (304, Some("text/html")), (500, None)] {
            assert!(!may_be_page(status, named));
            assert!(!is_page(status, named, b"<p>"));
        }
    }
}
