//! An exchange as WARC records, ready to be appended: the costly part, done where there is time.

use super::http_head;
use super::metadata::{Metadata, Provenance};
use super::warc::record::{END, Head, fresh_id, urn};
use super::warc::writer::Gzip;
use super::warc::{PROFILE_IDENTICAL, PROFILE_NOT_MODIFIED};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::exchange::{Ending, Exchange, Failure, FailureKind, Truncated};
use crate::not_page::NotPage;

const HTTP_REQUEST: &str = "application/http;msgtype=request";
const HTTP_RESPONSE: &str = "application/http;msgtype=response";
pub(super) const WARC_FIELDS: &str = "application/warc-fields";

/// What the archive is told of an exchange beside the exchange itself.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// How its URL was come by, and as what it was read.
    pub provenance: Provenance,
    /// The payload of the last visit: what a 304 speaks of.
    pub not_modified: Option<Original>,
    /// What the answer is, if it is not the page.
    pub not_page: Option<NotPage>,
}

/// The record that holds a payload, as a revisit refers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Its `WARC-Target-URI`.
    pub url: String,
    /// Its `WARC-Date`.
    pub at: Moment,
    /// Its `WARC-Record-ID`.
    pub record_id: [u8; 16],
    /// Its `WARC-Payload-Digest`.
    pub digest: Digest,
}

/// What the main record of an exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaptureKind {
    /// A response with its payload.
    Response,
    /// A response whose payload is that of an earlier record.
    Revisit,
    /// A reply that is not what stands at the URL ([`crate::not_page::kept_apart`]): a metadata
    /// record holds it, so that no replay shows it as the page.
    Apart,
    /// No response: a metadata record says why.
    Failure,
}

impl CaptureKind {
    /// As the index writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Revisit => "revisit",
            Self::Apart => "apart",
            Self::Failure => "failure",
        }
    }

    /// The kind that the index writes so.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Response, Self::Revisit, Self::Apart, Self::Failure]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// What the index must know of the main record of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// What it is.
    pub kind: CaptureKind,
    /// Its identifier.
    pub record_id: [u8; 16],
    /// The payload's address; none where the record brings no content.
    pub payload: Option<Digest>,
    /// The payload's length in bytes; 0 for a revisit.
    pub payload_length: u64,
}

/// The records of one exchange, packed.
#[derive(Debug)]
pub struct Encoded {
    /// What the index must know.
    pub recorded: Recorded,
    /// The member of the main record.
    pub(super) main: Vec<u8>,
    /// The members of the others.
    pub(super) others: Vec<u8>,
    source: Source,
}

/// What the main record is made of, kept so that it can be made a revisit.
#[derive(Debug)]
struct Source {
    url: String,
    at: Moment,
    address: Option<String>,
    truncated: Option<&'static str>,
    protocol: Option<&'static str>,
    http_head: Vec<u8>,
}

/// The records of an exchange: the main one (a response, a revisit, or a metadata record where no content
/// came), the request, and the metadata.
pub fn encode(exchange: &Exchange, context: &Context, gzip: &mut Gzip) -> Encoded {
    let mut encoded = Encoded::new(exchange);
    let metadata = Metadata::of(exchange, &context.provenance, context.not_page.as_ref());
    let is_apart = metadata.apart.is_some();
    let metadata = metadata.to_fields();
    match &exchange.ending {
        Ending::Answered(response) => {
            let original = context.not_modified.as_ref().filter(|_| response.status == 304);
            if is_apart {
                encoded.main_metadata(CaptureKind::Apart, &metadata, gzip);
                encoded.add_request(exchange, gzip);
                return encoded;
            }
            match original {
                Some(original) => {
                    encoded.recorded.payload = Some(original.digest);
                    // Readers replay the revisit's own head in place of the page if it has one.
                    encoded.main_revisit(original, PROFILE_NOT_MODIFIED, &[], gzip);
                }
                None => encoded.main_response(&response.payload, gzip),
            }
            encoded.add_request(exchange, gzip);
            encoded.add_metadata(&metadata, gzip);
        }
        Ending::Failed(failure) => {
            encoded.main_metadata(CaptureKind::Failure, &metadata, gzip);
            if was_sent(failure) {
                encoded.add_request(exchange, gzip);
            }
        }
    }
    encoded
}

/// Where no connection was made no request was sent.
fn was_sent(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Timeout | FailureKind::Protocol)
}

impl Encoded {
    fn new(exchange: &Exchange) -> Self {
        let response = match &exchange.ending {
            Ending::Answered(response) => Some(response),
            Ending::Failed(_) => None,
        };
        let is_http_2 = response.is_some_and(|response| response.protocol == "HTTP/2");
        Self {
            recorded: Recorded {
                kind: CaptureKind::Response,
                record_id: fresh_id(),
                payload: None,
                payload_length: 0,
            },
            main: Vec::new(),
            others: Vec::new(),
            source: Source {
                url: exchange.url.as_str().to_owned(),
                at: exchange.started,
                address: exchange.address.map(|address| address.ip().to_string()),
                truncated: response.and_then(|response| response.truncated).map(Truncated::as_str),
                protocol: is_http_2.then_some("h2"),
                http_head: response.map(http_head::write).unwrap_or_default(),
            },
        }
    }

    /// The bytes that will be appended.
    pub fn length(&self) -> u64 {
        (self.main.len() + self.others.len()) as u64
    }

    /// The same exchange with its payload left to `original`: the payload is stored already. An
    /// empty payload is not worth a reference, and what is no response has none to leave: these
    /// stay as they are.
    #[must_use]
    pub fn into_revisit(mut self, original: &Original, gzip: &mut Gzip) -> Self {
        if self.recorded.kind != CaptureKind::Response || self.recorded.payload_length == 0 {
            return self;
        }
        let head = std::mem::take(&mut self.source.http_head);
        self.main.clear();
        self.main_revisit(original, PROFILE_IDENTICAL, &head, gzip);
        self
    }

    fn main_response(&mut self, payload: &[u8], gzip: &mut Gzip) {
        let digest = Digest::of(payload);
        self.recorded.payload = Some(digest);
        self.recorded.payload_length = payload.len() as u64;
        let http_head = &self.source.http_head;
        let mut head = self.main_head("response", digest);
        head.field("WARC-Block-Digest", Digest::of_parts(&[http_head, payload]));
        if let Some(truncated) = self.source.truncated {
            head.field("WARC-Truncated", truncated);
        }
        // Clause 5.20: what the bytes are, whatever the server called them.
        if let Some(identified) = infer::get(payload) {
            head.field("WARC-Identified-Payload-Type", identified.mime_type());
        }
        let head = head.finish(HTTP_RESPONSE, http_head.len() + payload.len());
        gzip.member(&[&head, http_head, payload, END], &mut self.main);
    }

    fn main_revisit(
        &mut self,
        original: &Original,
        profile: &str,
        http_head: &[u8],
        gzip: &mut Gzip,
    ) {
        let mut head = self.main_head("revisit", original.digest);
        head.field("WARC-Profile", profile);
        head.field("WARC-Refers-To", urn(original.record_id));
        head.field("WARC-Refers-To-Target-URI", &original.url);
        head.field("WARC-Refers-To-Date", original.at);
        if profile == PROFILE_IDENTICAL {
            // Clause 6.7.2: whatever else cut the body, the block is cut because it is known. Why
            // the body was cut on the way stands in the metadata record.
            head.field("WARC-Truncated", Truncated::Length.as_str());
        }
        head.field("WARC-Block-Digest", Digest::of(http_head));
        let head = head.finish(HTTP_RESPONSE, http_head.len());
        gzip.member(&[&head, http_head, END], &mut self.main);
        self.recorded.kind = CaptureKind::Revisit;
        self.recorded.payload_length = 0;
    }

    fn main_metadata(&mut self, kind: CaptureKind, fields: &[u8], gzip: &mut Gzip) {
        self.recorded.kind = kind;
        let mut head = self.head("metadata", self.recorded.record_id);
        head.field("WARC-Block-Digest", Digest::of(fields));
        let head = head.finish(WARC_FIELDS, fields.len());
        gzip.member(&[&head, fields, END], &mut self.main);
    }

    fn main_head(&self, kind: &str, payload: Digest) -> Head {
        let mut head = self.head(kind, self.recorded.record_id);
        if let Some(protocol) = self.source.protocol {
            head.field("WARC-Protocol", protocol);
        }
        head.field("WARC-Payload-Digest", payload);
        head
    }

    fn head(&self, kind: &str, record_id: [u8; 16]) -> Head {
        let mut head = Head::new(kind, record_id, self.source.at);
        head.field("WARC-Target-URI", &self.source.url);
        if let Some(address) = &self.source.address {
            head.field("WARC-IP-Address", address);
        }
        head
    }

    fn add_request(&mut self, exchange: &Exchange, gzip: &mut Gzip) {
        self.add("request", HTTP_REQUEST, &exchange.request, gzip);
    }

    fn add_metadata(&mut self, fields: &[u8], gzip: &mut Gzip) {
        self.add("metadata", WARC_FIELDS, fields, gzip);
    }

    fn add(&mut self, kind: &str, content_type: &str, block: &[u8], gzip: &mut Gzip) {
        let mut head = Head::new(kind, fresh_id(), self.source.at);
        head.field("WARC-Target-URI", &self.source.url);
        head.field("WARC-Concurrent-To", urn(self.recorded.record_id));
        if let Some(address) = self.source.address.as_ref().filter(|_| kind == "request") {
            head.field("WARC-IP-Address", address);
        }
        head.field("WARC-Block-Digest", Digest::of(block));
        let head = head.finish(content_type, block.len());
        gzip.member(&[&head, block, END], &mut self.others);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::archive::warc::reader::{Record, read_member};
    use crate::exchange::Response;
    use crate::not_page;
    use proptest::prelude::*;
    use std::time::Duration;

    pub(crate) fn answered(status: u16, fields: &[(&str, &str)], payload: &[u8]) -> Exchange {
        Exchange {
            url: url::Url::parse("http://www.qingshan.gov.cn/a?b=1").unwrap(),
            started: Moment::from_millis(1_769_847_330_123),
            elapsed: Duration::from_millis(12),
            address: Some("127.0.0.1:80".parse().unwrap()),
            tls: crate::exchange::Tls::default(),
            request: b"GET /a?b=1 HTTP/1.1\r\nhost: www.qingshan.gov.cn\r\n\r\n".to_vec(),
            ending: Ending::Answered(Response {
                protocol: "HTTP/1.1",
                status,
                reason: b"OK".to_vec(),
                fields: fields
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
                    .collect(),
                payload: payload.to_vec(),
                coding: None,
                wire_length: payload.len() as u64,
                truncated: None,
            }),
        }
    }

    fn records(encoded: &Encoded) -> Vec<Record> {
        let bytes = [encoded.main.clone(), encoded.others.clone()].concat();
        let mut rest = bytes.as_slice();
        let mut records = Vec::new();
        while !rest.is_empty() {
            records.push(read_member(&mut rest).unwrap());
        }
        records
    }

    fn encode(exchange: &Exchange) -> Encoded {
        super::encode(exchange, &Context::default(), &mut Gzip::new())
    }

    #[test]
    fn an_exchange_is_a_response_a_request_and_a_metadata_record() {
        let exchange = answered(200, &[("content-type", "text/html")], b"page");
        let encoded = encode(&exchange);
        let records = records(&encoded);
        let kinds: Vec<_> = records.iter().map(Record::kind).collect();
        assert_eq!(kinds, ["response", "request", "metadata"]);
        let response = &records[0];
        assert_eq!(response.payload(), b"page");
        assert_eq!(response.field("WARC-Date"), Some("2026-01-31T08:15:30.123Z"));
        assert_eq!(response.field("WARC-IP-Address"), Some("127.0.0.1"));
        assert_eq!(response.field("WARC-Payload-Digest").unwrap(), Digest::of(b"page").to_string());
        assert_eq!(
            response.field("WARC-Block-Digest").unwrap(),
            Digest::of(response.block()).to_string()
        );
        for other in &records[1..] {
            assert_eq!(other.field("WARC-Concurrent-To"), response.field("WARC-Record-ID"));
        }
        assert_eq!(records[1].block(), exchange.request);
    }

    #[test]
    fn what_the_wire_did_to_the_body_is_undone_and_told_under_another_name() {
        let fields = [
            ("content-encoding", "gzip"),
            ("content-length", "9"),
            ("transfer-encoding", "chunked"),
        ];
        let mut exchange = answered(200, &fields, b"page");
        let Ending::Answered(response) = &mut exchange.ending else { unreachable!() };
        response.coding = Some("gzip".to_owned());
        let records = records(&encode(&exchange));
        assert_eq!(
            String::from_utf8_lossy(records[0].http_head()),
            "HTTP/1.1 200 OK\r\nX-Crawl-Content-Encoding: gzip\r\nX-Crawl-Content-Length: 9\r\n\
             X-Crawl-Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
        );
    }

    #[test]
    fn a_payload_that_is_stored_already_becomes_a_revisit_that_names_its_original() {
        let exchange = answered(200, &[("content-type", "text/html")], b"page");
        let first = encode(&exchange);
        let original = Original {
            url: "http://www.qingshan.gov.cn/first".to_owned(),
            at: exchange.started,
            record_id: first.recorded.record_id,
            digest: first.recorded.payload.unwrap(),
        };
        let revisit = encode(&exchange).into_revisit(&original, &mut Gzip::new());
        assert_eq!(revisit.recorded.kind, CaptureKind::Revisit);
        let record = records(&revisit).remove(0);
        assert_eq!(record.kind(), "revisit");
        assert_eq!(record.payload(), b"");
        assert!(record.http_head().starts_with(b"HTTP/1.1 200 OK\r\n"));
        assert_eq!(record.field("WARC-Profile"), Some(PROFILE_IDENTICAL));
        assert_eq!(record.field("WARC-Truncated"), Some("length"));
        assert_eq!(
            record.field("WARC-Refers-To-Target-URI"),
            Some("http://www.qingshan.gov.cn/first")
        );
        assert_eq!(record.field("WARC-Refers-To-Date"), Some("2026-01-31T08:15:30.123Z"));
        let response = records(&first).remove(0);
        assert_eq!(record.field("WARC-Payload-Digest"), response.field("WARC-Payload-Digest"));
        assert_eq!(record.field("WARC-Refers-To"), response.field("WARC-Record-ID"));
    }

    #[test]
    fn a_304_is_a_revisit_with_an_empty_block() {
        let original = original();
        let context = Context { not_modified: Some(original.clone()), ..Context::default() };
        let exchange = answered(304, &[("etag", "\"x\"")], b"");
        let encoded = super::encode(&exchange, &context, &mut Gzip::new());
        let record = records(&encoded).remove(0);
        assert_eq!(record.block(), b"");
        assert_eq!(record.field("WARC-Profile"), Some(PROFILE_NOT_MODIFIED));
        assert_eq!(encoded.recorded.payload, Some(original.digest));
        assert_eq!(
            encode(&exchange).recorded.kind,
            CaptureKind::Response,
            "without an original it is kept as it is"
        );
    }

    #[test]
    fn a_reply_that_is_not_the_page_is_kept_whole_where_no_replay_takes_it_for_the_page() {
        let encoded = encode(&answered(503, &[("retry-after", "60")], b"busy"));
        assert_eq!(encoded.recorded.kind, CaptureKind::Apart);
        assert_eq!(encoded.recorded.payload, None, "it is no content");
        let records = records(&encoded);
        let kinds: Vec<_> = records.iter().map(Record::kind).collect();
        assert_eq!(kinds, ["metadata", "request"]);
        let said = Metadata::read(records[0].block());
        assert_eq!((said.status, said.apart.as_deref()), (Some(503), Some("peace")));
        assert!(said.reply.starts_with(b"HTTP/1.1 503 OK\r\nRetry-After: 60\r\n"));
        assert!(said.reply.ends_with(b"\r\n\r\nbusy"));
        // The one type of block that indexers pass over in a metadata record.
        assert_eq!(records[0].field("Content-Type"), Some("application/warc-fields"));
    }

    #[test]
    fn what_is_not_the_page_says_so_in_its_metadata_and_is_kept_apart_where_nobody_could_read_it() {
        for (status, html, expected) in [
            (412, "<SCRIPT>f()</SCRIPT>", "metadata challenge"),
            (403, "<p>您的访问被阻断", "metadata blocked"),
            (200, "<title>404</title>", "response soft-404"),
            (412, "<p>precondition failed", "response "),
        ] {
            let exchange = answered(status, &[], html.as_bytes());
            let Ending::Answered(response) = &exchange.ending else { unreachable!() };
            let not_page = not_page::recognise(&exchange.url, response);
            let context = Context { not_page, ..Context::default() };
            let records = records(&super::encode(&exchange, &context, &mut Gzip::new()));
            let metadata = records.iter().find(|record| record.kind() == "metadata").unwrap();
            let said = Metadata::read(metadata.block());
            let not_page = said.not_page.unwrap_or_default();
            let word = not_page.split_once(": ").map_or("", |(word, _)| word);
            assert_eq!(format!("{} {word}", records[0].kind()), expected);
            assert_eq!(said.apart.is_some(), records[0].kind() == "metadata");
        }
    }

    #[test]
    fn a_payload_says_what_its_bytes_are_whatever_the_server_called_it() {
        let exchange = answered(200, &[("content-type", "text/html")], b"%PDF-1.7 ...");
        let record = records(&encode(&exchange)).remove(0);
        assert_eq!(record.field("WARC-Identified-Payload-Type"), Some("application/pdf"));
        let unknown = records(&encode(&answered(200, &[], b"page"))).remove(0);
        assert_eq!(unknown.field("WARC-Identified-Payload-Type"), None);
    }

    #[test]
    fn the_head_of_a_304_stands_in_its_metadata() {
        let context = Context { not_modified: Some(original()), ..Context::default() };
        let exchange = answered(304, &[("etag", "\"x\"")], b"");
        let encoded = super::encode(&exchange, &context, &mut Gzip::new());
        let metadata = Metadata::read(records(&encoded).pop().unwrap().block());
        let head = http_head::read(&metadata.reply).unwrap();
        assert_eq!(head.status, 304);
        assert_eq!(head.fields[0], ("Etag".to_owned(), b"\"x\"".to_vec()));
    }

    #[test]
    fn a_failure_is_kept_with_its_reason_and_with_the_request_only_if_one_was_sent() {
        let kinds = |kind| {
            let mut exchange = answered(200, &[], b"");
            exchange.ending = Ending::Failed(Failure { kind, detail: "why\r\nnot".to_owned() });
            let records = records(&encode(&exchange));
            let block = String::from_utf8_lossy(records[0].block()).into_owned();
            assert!(block.contains("why  not\r\n"), "{block}");
            records.iter().map(|record| record.kind().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(kinds(FailureKind::Dns), ["metadata"]);
        assert_eq!(kinds(FailureKind::Timeout), ["metadata", "request"]);
    }

    fn original() -> Original {
        Original {
            url: "http://www.qingshan.gov.cn/a".to_owned(),
            at: Moment::from_millis(0),
            record_id: [7; 16],
            digest: Digest::of(b"page"),
        }
    }

    #[test]
    fn an_empty_payload_never_becomes_a_revisit() {
        let encoded = encode(&answered(302, &[("location", "/b")], b""));
        let before = records(&encoded);
        let after = encoded.into_revisit(&original(), &mut Gzip::new());
        assert_eq!(after.recorded.kind, CaptureKind::Response);
        assert_eq!(records(&after), before);
    }

    #[test]
    fn a_failure_and_a_304_stay_what_they_are_whatever_is_stored() {
        let mut failed = answered(200, &[], b"");
        failed.ending =
            Ending::Failed(Failure { kind: FailureKind::Dns, detail: "no such name".to_owned() });
        let failed = encode(&failed).into_revisit(&original(), &mut Gzip::new());
        assert_eq!(failed.recorded.kind, CaptureKind::Failure);
        let context = Context { not_modified: Some(original()), ..Context::default() };
        let unchanged = super::encode(&answered(304, &[], b""), &context, &mut Gzip::new())
            .into_revisit(&original(), &mut Gzip::new());
        let record = records(&unchanged).remove(0);
        assert_eq!(record.field("WARC-Profile"), Some(PROFILE_NOT_MODIFIED));
    }

    #[test]
    fn what_was_spoken_as_http_2_is_written_so_that_readers_of_http_1_read_it() {
        let mut exchange = answered(200, &[], b"page");
        let Ending::Answered(response) = &mut exchange.ending else { unreachable!() };
        response.protocol = "HTTP/2";
        response.reason.clear();
        let record = records(&encode(&exchange)).remove(0);
        assert_eq!(record.field("WARC-Protocol"), Some("h2"));
        assert!(record.http_head().starts_with(b"HTTP/1.1 200 \r\n"));
    }

    #[test]
    fn a_body_that_was_cut_says_so_even_when_its_payload_is_stored_already() {
        let mut exchange = answered(200, &[], b"pa");
        let Ending::Answered(response) = &mut exchange.ending else { unreachable!() };
        response.truncated = Some(Truncated::Time);
        let encoded = encode(&exchange);
        assert_eq!(records(&encoded)[0].field("WARC-Truncated"), Some("time"));
        let revisit = encoded.into_revisit(&original(), &mut Gzip::new());
        let metadata = records(&revisit).pop().unwrap();
        assert!(
            String::from_utf8_lossy(metadata.block()).contains("truncated: time\r\n"),
            "{metadata:?}"
        );
    }

    #[test]
    fn the_metadata_say_how_the_page_was_come_by() {
        let provenance = Provenance {
            via: Some("http://www.qingshan.gov.cn/\r\nrun: 9".to_owned()),
            depth: 3,
            redirects: 1,
            score: 60,
            run: 7,
            robots_of: None,
            robots_tag: None,
            charset: Some("gb18030".to_owned()),
        };
        let context = Context { provenance, ..Context::default() };
        let encoded = super::encode(&answered(200, &[], b"page"), &context, &mut Gzip::new());
        let metadata = records(&encoded).pop().unwrap();
        assert_eq!(
            String::from_utf8_lossy(metadata.block()),
            "via: http://www.qingshan.gov.cn/  run: 9\r\ndepth: 3\r\nredirects: 1\r\nscore: 60\r\n\
             run: 7\r\n\
             fetchTimeMs: 12\r\ncharset: gb18030\r\nstatus: 200\r\nwireLength: 4\r\n"
        );
        assert_eq!(
            metadata.field("WARC-Block-Digest").unwrap(),
            Digest::of(metadata.block()).to_string()
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn any_exchange_reads_back_as_it_was_and_no_value_breaks_out_of_its_line(
            payload in proptest::collection::vec(any::<u8>(), 0..5_000),
            value in proptest::collection::vec(any::<u8>(), 0..40),
            text in "\\PC{0,30}\r?\n?\r?\n?\\PC{0,9}",
            reason in proptest::collection::vec(any::<u8>(), 0..9),
        ) {
            let mut exchange = answered(200, &[("x-text", &text), ("x-\r\n\r\ny", "")], &payload);
            let Ending::Answered(response) = &mut exchange.ending else {
                unreachable!()
            };
            response.reason = reason;
            response.fields.push(("x-bytes".to_owned(), value));
            let provenance = Provenance { via: Some(text), ..Provenance::default() };
            let context = Context { provenance, ..Context::default() };
            let encoded = super::encode(&exchange, &context, &mut Gzip::new());
            let records = records(&encoded);
            prop_assert_eq!(records.len(), 3);
            prop_assert_eq!(records[0].payload(), payload.as_slice());
            prop_assert_eq!(encoded.recorded.payload, Some(Digest::of(&payload)));
            let lines = |bytes: &[u8]| bytes.windows(2).filter(|two| two == b"\r\n").count();
            // Status, three fields, the length, the empty line.
            prop_assert_eq!(lines(records[0].http_head()), 6);
            prop_assert_eq!(lines(records[2].block()), 7);
        }
    }
}
