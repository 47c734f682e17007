//! One page read again: from its records to what must change in the catalogue. Writes nothing.
//!
//! What the crawl would have now: each row says what is read out of its capture today; and a page that
//! is a report has a row, at the first capture that reads so.

use std::path::Path;
use std::rc::Rc;

use super::difference::differences;
use super::{Change, Unreadable, What};
use crate::archive::read::read_record;
use crate::archive::warc::reader::Record;
use crate::db::captures::Stored;
use crate::db::pages::{ArchivedPage, PageCapture, StoredReport};
use crate::digest::Digest;
use crate::outcome::ReportFacts;
use crate::read::{Answer, may_be_page};

/// What came of reading a page again.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Its payload was read; not so where all that is known of its answers rules out a page.
    pub(super) read: bool,
    /// Reports that stay as they are.
    pub(super) unchanged: u64,
    /// What must be written.
    pub(super) plans: Vec<Plan>,
    /// What could not be read, and was left as it is.
    pub(super) unreadable: Vec<Unreadable>,
}

/// A change, and the row that it is written to.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) write: Write,
    pub(super) change: Change,
}

/// What is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Write {
    Add { url_id: i64, capture: i64 },
    Replace { id: i64 },
    Remove { id: i64 },
}

impl Reading {
    /// Nothing could be read.
    pub(super) fn unreadable(page: &ArchivedPage, why: String) -> Self {
        let payload = page.stored.as_ref().map(|stored| stored.digest);
        let unreadable = Unreadable { url: page.url.clone(), payload, why };
        Self { unreadable: vec![unreadable], ..Self::default() }
    }
}

/// What a capture says now.
enum Said {
    Report(Rc<ReportFacts>),
    NoReport,
    /// Its record could not be read: whatever its row says, stays.
    Unknown,
}

/// Reads a page again. Bytes are read only where some capture may be a page.
pub(super) fn read(
    archive_dir: &Path,
    page: &ArchivedPage,
    captures: &[PageCapture],
    reports: &[StoredReport],
) -> Reading {
    let is_asked = captures.iter().any(|capture| status_of_page(capture).is_some());
    if !is_asked && reports.is_empty() {
        return Reading::default();
    }
    let Some(stored) = &page.stored else {
        let why = "the index does not say where its payload lies: run `gongkai verify`";
        return Reading::unreadable(page, why.to_owned());
    };
    let mut reading = Reading::default();
    let mut said: Vec<Said> = captures.iter().map(|_| Said::NoReport).collect();
    if is_asked {
        match original(archive_dir, stored) {
            Ok(original) => {
                reading.read = true;
                let mut at_hand = AtHand { archive_dir, page, stored, original, last: None };
                said = captures.iter().map(|one| at_hand.say(one, &mut reading)).collect();
            }
            Err(why) => return Reading::unreadable(page, why),
        }
    }
    reading.plan(page, stored.digest, captures, &said, reports);
    reading
}

/// The status, if the capture may be a page.
fn status_of_page(capture: &PageCapture) -> Option<u16> {
    capture.status.filter(|status| may_be_page(*status, capture.mime.as_deref()))
}

/// The record that holds the payload, its bytes proven.
fn original(archive_dir: &Path, stored: &Stored) -> Result<Record, String> {
    let record = read_record(archive_dir, &stored.segment, stored.offset, stored.length)
        .map_err(|error| with_causes(&error))?;
    let found = Digest::of(record.payload());
    if found == stored.digest {
        return Ok(record);
    }
    Err(format!(
        "{} at byte {} holds {found} where the index says {}",
        stored.segment, stored.offset, stored.digest
    ))
}

fn with_causes(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// A payload at hand, to be read as each of its captures says it was answered.
struct AtHand<'a> {
    archive_dir: &'a Path,
    page: &'a ArchivedPage,
    stored: &'a Stored,
    original: Record,
    /// The last `Content-Type` with what was read under it: captures of the same bytes mostly say the
    /// same, and are read once.
    last: Option<(Option<String>, Option<Rc<ReportFacts>>)>,
}

impl AtHand<'_> {
    fn say(&mut self, capture: &PageCapture, reading: &mut Reading) -> Said {
        let Some(status) = status_of_page(capture) else {
            return Said::NoReport;
        };
        let content_type = match self.content_type(capture) {
            Ok(content_type) => content_type,
            Err(why) => {
                reading.unreadable.push(Unreadable {
                    url: self.page.url.clone(),
                    payload: Some(self.stored.digest),
                    why,
                });
                return Said::Unknown;
            }
        };
        let known = self.last.take().filter(|(last, _)| *last == content_type);
        let (content_type, facts) = known.unwrap_or_else(|| {
            let answer = Answer {
                url: &self.page.url,
                status,
                content_type: content_type.as_deref(),
                payload: self.original.payload(),
            };
            let facts = answer.page().and_then(|page| page.report()).map(Rc::new);
            (content_type, facts)
        });
        let said = facts.clone().map_or(Said::NoReport, Said::Report);
        self.last = Some((content_type, facts));
        said
    }

    /// How the server named the payload this time: a revisit has the head of its own response.
    fn content_type(&self, capture: &PageCapture) -> Result<Option<String>, String> {
        let is_original =
            capture.segment == self.stored.segment && capture.offset == self.stored.offset;
        let own;
        let record = if is_original {
            &self.original
        } else {
            own = read_record(self.archive_dir, &capture.segment, capture.offset, capture.length)
                .map_err(|error| with_causes(&error))?;
            &own
        };
        Ok(record.http_field("content-type").map(str::to_owned))
    }
}

impl Reading {
    fn plan(
        &mut self,
        page: &ArchivedPage,
        payload: Digest,
        captures: &[PageCapture],
        said: &[Said],
        reports: &[StoredReport],
    ) {
        // What the page's rows say in the end: of equal readings one row is enough, as in a crawl.
        let mut kept: Vec<&str> = Vec::new();
        let mut rowless = Vec::new();
        let change = |what, capture: &PageCapture, facts: &ReportFacts, differences| Change {
            what,
            url: page.url.clone(),
            captured_at: capture.at,
            payload,
            facts: facts.clone(),
            differences,
        };
        for (capture, said) in captures.iter().zip(said) {
            let row = reports.iter().find(|row| row.capture == capture.id);
            match (row, said) {
                (None, Said::Report(facts)) => rowless.push((capture, facts)),
                (None, Said::NoReport | Said::Unknown) => {}
                (Some(row), Said::Unknown) => kept.push(&row.facts.json),
                (Some(row), Said::Report(facts)) if row.facts == **facts => {
                    self.unchanged += 1;
                    kept.push(&facts.json);
                }
                (Some(row), Said::Report(facts)) => {
                    kept.push(&facts.json);
                    let differences = differences(&row.facts, facts);
                    let change = change(What::Changed, capture, facts, differences);
                    self.plans.push(Plan { write: Write::Replace { id: row.id }, change });
                }
                (Some(row), Said::NoReport) => {
                    let change = change(What::Gone, capture, &row.facts, Vec::new());
                    self.plans.push(Plan { write: Write::Remove { id: row.id }, change });
                }
            }
        }
        for (capture, facts) in rowless {
            if !kept.contains(&facts.json.as_str()) {
                kept.push(&facts.json);
                let write = Write::Add { url_id: page.url_id, capture: capture.id };
                let change = change(What::New, capture, facts, Vec::new());
                self.plans.push(Plan { write, change });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::records::tests::answered;
    use crate::archive::segment::tests::appender;
    use crate::archive::{Context, Gzip, Original, encode, format};
    use crate::clock::Moment;
    use crate::read::media_type;

    const REPORT: &str = "<title>青杉市统计局2023年政府信息公开工作年度报告</title>\
         <h2>一、总体情况</h2><p>略</p><h2>二、主动公开政府信息情况</h2>\
         <table><tr><td>信息内容</td><td>本年处理决定数量</td></tr><tr><td>行政许可</td><td>12</td></tr></table>";

    /// The same bytes, answered under each of these types: the first record holds them, the others
    /// are revisits of it.
    fn archived(archive: &Path, types: &[&str]) -> (ArchivedPage, Vec<PageCapture>) {
        let mut appender = appender(archive, u64::MAX);
        let (mut gzip, mut first) = (Gzip::new(), None);
        let mut captures = Vec::new();
        for (id, content_type) in (1..).zip(types) {
            let exchange = answered(200, &[("content-type", content_type)], REPORT.as_bytes());
            let mut encoded = encode(&exchange, &Context::default(), &mut gzip);
            let original = Original {
                url: exchange.url.to_string(),
                at: exchange.started,
                record_id: encoded.recorded.record_id,
                digest: Digest::of(REPORT.as_bytes()),
            };
            match &first {
                Some(first) => encoded = encoded.into_revisit(first, &mut gzip),
                None => first = Some(original),
            }
            let placed = appender.append(&encoded, Moment::from_millis(0)).unwrap();
            captures.push(PageCapture {
                id,
                at: exchange.started,
                status: Some(200),
                mime: Some(media_type(content_type)),
                segment: placed.segment,
                offset: placed.offset,
                length: placed.length,
            });
        }
        appender.seal().unwrap();
        let PageCapture { segment, offset, length, .. } = captures[0].clone();
        let digest = Digest::of(REPORT.as_bytes());
        let page = ArchivedPage {
            first: 1,
            url_id: 7,
            url: "http://www.qingshan.gov.cn/a".to_owned(),
            payload_id: 1,
            stored: Some(Stored { segment, offset, length, digest }),
        };
        (page, captures)
    }

    /// What is planned, in words.
    fn plans(reading: &Reading) -> Vec<String> {
        let words = |plan: &Plan| format!("{} {:?}", plan.change.what.as_str(), plan.write);
        reading.plans.iter().map(words).collect()
    }

    fn row(reading: &Reading, capture: i64) -> StoredReport {
        StoredReport { id: 70, capture, facts: reading.plans[0].change.facts.clone() }
    }

    #[test]
    fn a_revisit_is_read_from_its_originals_bytes_under_its_own_type() {
        let dir = tempfile::tempdir().unwrap();
        let (page, captures) = archived(dir.path(), &["image/png", "text/html"]);
        let reading = read(dir.path(), &page, &captures, &[]);
        assert_eq!(plans(&reading), ["new Add { url_id: 7, capture: 2 }"]);
        assert_eq!(reading.plans[0].change.facts.agency.as_deref(), Some("青杉市统计局"));
    }

    #[test]
    fn of_equal_readings_one_row_is_enough_whichever_capture_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let types = ["text/html", "text/html; level=1", "text/html"];
        let (page, captures) = archived(dir.path(), &types);
        let reading = read(dir.path(), &page, &captures, &[]);
        assert_eq!(plans(&reading), ["new Add { url_id: 7, capture: 1 }"]);
        for capture in [1, 2, 3] {
            let again = read(dir.path(), &page, &captures, &[row(&reading, capture)]);
            assert_eq!((plans(&again).len(), again.unchanged), (0, 1), "{capture}");
        }
    }

    #[test]
    fn what_no_answer_can_make_a_page_is_not_read_and_loses_its_row() {
        let dir = tempfile::tempdir().unwrap();
        let (page, captures) = archived(dir.path(), &["text/html"]);
        let report = row(&read(dir.path(), &page, &captures, &[]), 1);
        let missing: Vec<_> =
            captures.into_iter().map(|one| PageCapture { status: Some(404), ..one }).collect();
        std::fs::remove_dir_all(dir.path().join(format::WARC_DIR)).unwrap();
        assert!(!read(dir.path(), &page, &missing, &[]).read);
        let reading = read(dir.path(), &page, &missing, &[report]);
        assert_eq!(plans(&reading), ["gone Remove { id: 70 }"]);
    }

    #[test]
    fn a_capture_whose_own_record_is_damaged_keeps_its_row_and_the_others_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let (page, mut captures) = archived(dir.path(), &["text/html", "text/html"]);
        let row = row(&read(dir.path(), &page, &captures, &[]), 2);
        captures[1].length -= 1;
        let old = StoredReport { facts: ReportFacts { year: None, ..row.facts.clone() }, ..row };
        let reading = read(dir.path(), &page, &captures, &[old]);
        assert_eq!(reading.unreadable.len(), 1);
        assert!(reading.unreadable[0].why.contains(&captures[1].segment));
        // Its row says the same JSON: no second one beside it.
        assert_eq!((plans(&reading).len(), reading.unchanged), (0, 0));
    }

    #[test]
    fn a_payload_whose_bytes_are_others_is_unreadable() {
        let dir = tempfile::tempdir().unwrap();
        let (mut page, captures) = archived(dir.path(), &["text/html"]);
        page.stored.as_mut().unwrap().digest = Digest::of(b"another");
        let reading = read(dir.path(), &page, &captures, &[]);
        assert!(reading.unreadable[0].why.contains("where the index says sha256:"));
        page.stored = None;
        let reading = read(dir.path(), &page, &captures, &[]);
        assert!(reading.unreadable[0].why.contains("run `gongkai verify`"));
        assert!(!reading.read && reading.plans.is_empty());
    }
}
