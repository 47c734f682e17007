//! An exchange as WARC records, ready to be appended: the costly part, done where there is time.

use super::warc::record::{END, Head, fresh_id, urn};
use super::warc::writer::Gzip;
use super::warc::{PROFILE_IDENTICAL, PROFILE_NOT_MODIFIED};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::exchange::{Ending, Exchange, Failure, FailureKind, Response, Truncated};

const HTTP_REQUEST: &str = "application/http;msgtype=request";
const HTTP_RESPONSE: &str = "application/http;msgtype=response";
const WARC_FIELDS: &str = "application/warc-fields";

/// What the archive is told of an exchange beside the exchange itself.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The page on which the URL was found.
    pub via: Option<String>,
    /// Links between the seed and it.
    pub depth: u32,
    /// The number of the run.
    pub run: i64,
    /// How the payload was read as text, where it was.
    pub charset: Option<String>,
    /// The payload of the last visit: what a 304 speaks of.
    pub not_modified: Option<Original>,
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

/// What heads each file.
#[derive(Debug, Clone)]
pub struct WarcInfo {
    /// Who wrote it, with the version.
    pub software: String,
    /// How the operator can be reached.
    pub contact: String,
    /// What was done about robots.txt.
    pub robots: String,
    /// The configuration in force, as TOML.
    pub configuration: String,
}

/// What the main record of an exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodedKind {
    /// A response with its payload.
    Response,
    /// A response whose payload is that of an earlier record.
    Revisit,
    /// No response: a metadata record says why.
    Failure,
}

impl EncodedKind {
    /// As the index writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Revisit => "revisit",
            Self::Failure => "failure",
        }
    }
}

/// The records of one exchange, packed, and what the index must know of them.
#[derive(Debug)]
pub struct Encoded {
    /// What the main record is.
    pub kind: EncodedKind,
    /// Its identifier.
    pub record_id: [u8; 16],
    /// The payload's address; none where there was no response.
    pub payload: Option<Digest>,
    /// The payload's length in bytes; 0 for a 304.
    pub payload_length: u64,
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

/// The records of an exchange: the response (or the revisit, or the failure), the request, and the
/// metadata.
pub fn encode(exchange: &Exchange, context: &Context, gzip: &mut Gzip) -> Encoded {
    match &exchange.ending {
        Ending::Answered(response) => encode_answer(exchange, response, context, gzip),
        Ending::Failed(failure) => encode_failure(exchange, failure, context, gzip),
    }
}

fn encode_answer(
    exchange: &Exchange,
    response: &Response,
    context: &Context,
    gzip: &mut Gzip,
) -> Encoded {
    let mut encoded = Encoded {
        kind: EncodedKind::Response,
        record_id: fresh_id(),
        payload: None,
        payload_length: 0,
        main: Vec::new(),
        others: Vec::new(),
        source: Source {
            url: exchange.url.as_str().to_owned(),
            at: exchange.started,
            address: exchange.address.map(|address| address.ip().to_string()),
            truncated: response.truncated.map(Truncated::as_str),
            protocol: (response.protocol == "HTTP/2").then_some("h2"),
            http_head: http_head(response),
        },
    };
    match context.not_modified.as_ref().filter(|_| response.status == 304) {
        Some(original) => {
            encoded.payload = Some(original.digest);
            // Readers replay the revisit's own head in place of the page if it has one.
            encoded.main_revisit(original, PROFILE_NOT_MODIFIED, &[], gzip);
        }
        None => encoded.main_response(&response.payload, gzip),
    }
    encoded.add_request(exchange, gzip);
    let fields = metadata(exchange, context);
    let mut head = Head::new("metadata", fresh_id(), exchange.started);
    head.field("WARC-Target-URI", &encoded.source.url);
    head.field("WARC-Concurrent-To", urn(encoded.record_id));
    head.field("WARC-Block-Digest", Digest::of(&fields));
    let head = head.finish(WARC_FIELDS, fields.len());
    gzip.member(&[&head, &fields, END], &mut encoded.others);
    encoded
}

fn encode_failure(
    exchange: &Exchange,
    failure: &Failure,
    context: &Context,
    gzip: &mut Gzip,
) -> Encoded {
    let mut fields = metadata(exchange, context);
    add(&mut fields, "failure", &format!("{}: {}", failure.kind.as_str(), failure.detail));
    let record_id = fresh_id();
    let mut head = Head::new("metadata", record_id, exchange.started);
    head.field("WARC-Target-URI", exchange.url.as_str());
    if let Some(address) = exchange.address {
        head.field("WARC-IP-Address", address.ip());
    }
    head.field("WARC-Block-Digest", Digest::of(&fields));
    let head = head.finish(WARC_FIELDS, fields.len());
    let mut encoded = Encoded {
        kind: EncodedKind::Failure,
        record_id,
        payload: None,
        payload_length: 0,
        main: Vec::new(),
        others: Vec::new(),
        source: Source {
            url: exchange.url.as_str().to_owned(),
            at: exchange.started,
            address: None,
            truncated: None,
            protocol: None,
            http_head: Vec::new(),
        },
    };
    gzip.member(&[&head, &fields, END], &mut encoded.main);
    // Where no connection was made no request was sent.
    if matches!(failure.kind, FailureKind::Timeout | FailureKind::Protocol) {
        encoded.add_request(exchange, gzip);
    }
    encoded
}

impl Encoded {
    /// The bytes that will be appended.
    pub fn length(&self) -> u64 {
        (self.main.len() + self.others.len()) as u64
    }

    /// The same exchange with its payload left to `original`: the payload is stored already. An
    /// empty payload is not worth a reference, and what is no response has none to leave: these
    /// stay as they are.
    #[must_use]
    pub fn into_revisit(mut self, original: &Original, gzip: &mut Gzip) -> Self {
        if self.kind != EncodedKind::Response || self.payload_length == 0 {
            return self;
        }
        let head = std::mem::take(&mut self.source.http_head);
        self.main.clear();
        self.main_revisit(original, PROFILE_IDENTICAL, &head, gzip);
        self
    }

    fn main_response(&mut self, payload: &[u8], gzip: &mut Gzip) {
        let digest = Digest::of(payload);
        let http_head = &self.source.http_head;
        let mut head = self.main_head("response", digest);
        head.field("WARC-Block-Digest", Digest::of_parts(&[http_head, payload]));
        if let Some(truncated) = self.source.truncated {
            head.field("WARC-Truncated", truncated);
        }
        let head = head.finish(HTTP_RESPONSE, http_head.len() + payload.len());
        gzip.member(&[&head, http_head, payload, END], &mut self.main);
        self.payload = Some(digest);
        self.payload_length = payload.len() as u64;
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
        self.kind = EncodedKind::Revisit;
    }

    fn main_head(&self, kind: &str, payload: Digest) -> Head {
        let mut head = Head::new(kind, self.record_id, self.source.at);
        head.field("WARC-Target-URI", &self.source.url);
        if let Some(address) = &self.source.address {
            head.field("WARC-IP-Address", address);
        }
        if let Some(protocol) = self.source.protocol {
            head.field("WARC-Protocol", protocol);
        }
        head.field("WARC-Payload-Digest", payload);
        head
    }

    fn add_request(&mut self, exchange: &Exchange, gzip: &mut Gzip) {
        let mut head = Head::new("request", fresh_id(), exchange.started);
        head.field("WARC-Target-URI", exchange.url.as_str());
        head.field("WARC-Concurrent-To", urn(self.record_id));
        if let Some(address) = exchange.address {
            head.field("WARC-IP-Address", address.ip());
        }
        head.field("WARC-Block-Digest", Digest::of(&exchange.request));
        let head = head.finish(HTTP_REQUEST, exchange.request.len());
        gzip.member(&[&head, &exchange.request, END], &mut self.others);
    }
}

/// The response's head as it stands in the archive: what the wire did to the body is undone, and
/// the fields that told of it are kept under names that no reader acts on.
fn http_head(response: &Response) -> Vec<u8> {
    let protocol = if response.protocol == "HTTP/2" { "HTTP/1.1" } else { response.protocol };
    let mut head = format!("{protocol} {} ", response.status).into_bytes();
    head.extend(clean(&response.reason));
    head.extend_from_slice(b"\r\n");
    let length = response.payload.len().to_string();
    for (name, value) in &response.fields {
        let coded = response.coding.is_some() && name.eq_ignore_ascii_case("content-encoding");
        let is_length = name.eq_ignore_ascii_case("content-length");
        if coded || name.eq_ignore_ascii_case("transfer-encoding") {
            head.extend_from_slice(b"X-Crawl-");
        } else if is_length && value == length.as_bytes() {
            continue;
        } else if is_length {
            head.extend_from_slice(b"X-Crawl-");
        }
        title_case(name, &mut head);
        head.extend_from_slice(b": ");
        head.extend(clean(value));
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(format!("Content-Length: {length}\r\n\r\n").as_bytes());
    head
}

/// No value ends its line.
fn clean(value: &[u8]) -> impl Iterator<Item = u8> + '_ {
    value.iter().map(|byte| match byte {
        b'\r' | b'\n' => b' ',
        byte => *byte,
    })
}

/// The client library hands names over in lower case; they are written as servers write them.
fn title_case(name: &str, head: &mut Vec<u8>) {
    let mut first = true;
    head.extend(clean(name.as_bytes()).map(|byte| {
        let upper = std::mem::replace(&mut first, byte == b'-');
        if upper { byte.to_ascii_uppercase() } else { byte }
    }));
}

fn add(fields: &mut Vec<u8>, name: &str, value: &str) {
    fields.extend_from_slice(name.as_bytes());
    fields.extend_from_slice(b": ");
    fields.extend(clean(value.as_bytes()));
    fields.extend_from_slice(b"\r\n");
}

fn metadata(exchange: &Exchange, context: &Context) -> Vec<u8> {
    let mut fields = Vec::with_capacity(256);
    if let Some(via) = &context.via {
        add(&mut fields, "via", via);
    }
    add(&mut fields, "depth", &context.depth.to_string());
    add(&mut fields, "run", &context.run.to_string());
    add(&mut fields, "fetchTimeMs", &exchange.elapsed.as_millis().to_string());
    if let Some(charset) = &context.charset {
        add(&mut fields, "charset", charset);
    }
    if let Ending::Answered(response) = &exchange.ending {
        add(&mut fields, "status", &response.status.to_string());
        add(&mut fields, "wireLength", &response.wire_length.to_string());
        if let Some(truncated) = response.truncated {
            add(&mut fields, "truncated", truncated.as_str());
        }
    }
    fields
}

impl WarcInfo {
    /// The record that heads the file of this name, packed.
    pub(super) fn encode(&self, filename: &str, now: Moment, gzip: &mut Gzip) -> Vec<u8> {
        let mut fields = Vec::new();
        add(&mut fields, "software", &self.software);
        add(&mut fields, "format", "WARC File Format 1.1");
        add(
            &mut fields,
            "conformsTo",
            "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        );
        add(&mut fields, "operator", &self.contact);
        add(
            &mut fields,
            "http-header-user-agent",
            &format!("{} (+{})", self.software, self.contact),
        );
        add(&mut fields, "http-header-from", &self.contact);
        add(&mut fields, "robots", &self.robots);
        let lines = self.configuration.lines().filter(|line| !line.is_empty());
        add(&mut fields, "configuration", &lines.collect::<Vec<_>>().join("; "));
        let mut head = Head::new("warcinfo", fresh_id(), now);
        head.field("WARC-Filename", filename);
        head.field("WARC-Block-Digest", Digest::of(&fields));
        let head = head.finish(WARC_FIELDS, fields.len());
        let mut member = Vec::new();
        gzip.member(&[&head, &fields, END], &mut member);
        member
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::archive::warc::reader::{Record, read_member};
    use proptest::prelude::*;
    use std::time::Duration;

    pub(crate) fn answered(status: u16, fields: &[(&str, &str)], payload: &[u8]) -> Exchange {
        Exchange {
            url: url::Url::parse("http://www.qingshan.gov.cn/a?b=1").unwrap(),
            started: Moment::from_millis(1_769_847_330_123),
            elapsed: Duration::from_millis(12),
            address: Some("127.0.0.1:80".parse().unwrap()),
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
            record_id: first.record_id,
            digest: first.payload.unwrap(),
        };
        let revisit = encode(&exchange).into_revisit(&original, &mut Gzip::new());
        assert_eq!(revisit.kind, EncodedKind::Revisit);
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
        assert_eq!(encoded.payload, Some(original.digest));
        assert_eq!(
            encode(&exchange).kind,
            EncodedKind::Response,
            "without an original it is kept as it is"
        );
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
        assert_eq!(after.kind, EncodedKind::Response);
        assert_eq!(records(&after), before);
    }

    #[test]
    fn a_failure_and_a_304_stay_what_they_are_whatever_is_stored() {
        let mut failed = answered(200, &[], b"");
        failed.ending =
            Ending::Failed(Failure { kind: FailureKind::Dns, detail: "no such name".to_owned() });
        let failed = encode(&failed).into_revisit(&original(), &mut Gzip::new());
        assert_eq!(failed.kind, EncodedKind::Failure);
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
        let context = Context {
            via: Some("http://www.qingshan.gov.cn/\r\nrun: 9".to_owned()),
            depth: 3,
            run: 7,
            charset: Some("gb18030".to_owned()),
            not_modified: None,
        };
        let encoded = super::encode(&answered(200, &[], b"page"), &context, &mut Gzip::new());
        let metadata = records(&encoded).pop().unwrap();
        assert_eq!(
            String::from_utf8_lossy(metadata.block()),
            "via: http://www.qingshan.gov.cn/  run: 9\r\ndepth: 3\r\nrun: 7\r\n\
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
            let context = Context { via: Some(text), ..Context::default() };
            let encoded = super::encode(&exchange, &context, &mut Gzip::new());
            let records = records(&encoded);
            prop_assert_eq!(records.len(), 3);
            prop_assert_eq!(records[0].payload(), payload.as_slice());
            prop_assert_eq!(encoded.payload, Some(Digest::of(&payload)));
            let lines = |bytes: &[u8]| bytes.windows(2).filter(|two| two == b"\r\n").count();
            // Status, three fields, the length, the empty line.
            prop_assert_eq!(lines(records[0].http_head()), 6);
            prop_assert_eq!(lines(records[2].block()), 6);
        }
    }
}
