//! A WARC file read back as the exchanges that it holds: what was asked, what came of it, and what the
//! index must know of it.

use std::iter::Peekable;
use std::net::{IpAddr, SocketAddr};

use url::Url;

use super::event::Event;
use super::metadata::Metadata;
use super::read::Found;
use super::records::{CaptureKind, Recorded};
use super::scan::{Damage, Scan, Scanned};
use super::warc::PROFILE_NOT_MODIFIED;
use super::warc::reader::Record;
use super::warc::record::id_of;
use super::{ArchiveError, Original, description, http_head};
use crate::canonical::CanonicalUrl;
use crate::clock::Moment;
use crate::digest::Digest;
use crate::exchange::{Ending, Exchange, Failure, FailureKind, Response, Truncated};

/// An exchange as a WARC file holds it.
#[derive(Debug)]
pub struct Archived {
    /// Where its main record begins.
    pub offset: u64,
    /// The main record's bytes.
    pub length: u64,
    /// Where its last record ends.
    pub end: u64,
    /// What the index must know.
    pub recorded: Recorded,
    /// The exchange; the payload of a revisit stands elsewhere, and is empty here.
    pub exchange: Exchange,
    /// What was told of it beside.
    pub metadata: Metadata,
    /// The record that holds the payload, where this is a revisit.
    pub refers_to: Option<Original>,
}

/// What stands next in a file.
#[derive(Debug)]
pub enum Piece {
    /// A warcinfo, with the run that it describes, as [`description::run`] gives it.
    Info {
        /// When it was written.
        at: Moment,
        /// Who wrote it, with the version.
        software: String,
        /// The description; none where an older gongkai wrote the file.
        run: Option<String>,
    },
    /// An exchange.
    Exchange(Box<Archived>),
    /// What happened beside the exchanges.
    Event(Event),
    /// Bytes that are no whole record.
    Damage(Damage),
    /// A whole record of an exchange whose main record is not here.
    Stray(Damage),
}

/// Goes through the exchanges of a file.
#[derive(Debug)]
pub struct Exchanges(Peekable<Scan>);

impl Exchanges {
    /// Those that `scan` comes to.
    pub fn new(scan: Scan) -> Self {
        Self(scan.peekable())
    }

    fn piece(&mut self, found: Found) -> Result<Piece, ArchiveError> {
        let Found { offset, length, record } = found;
        let end = offset + length;
        if record.kind() == "warcinfo" {
            return Ok(info(&record));
        }
        if let Some(event) = Event::read(&record) {
            return Ok(Piece::Event(event));
        }
        let Some(key) = key(&record) else {
            let what = format!("a record `{}` of no exchange that is here", record.kind());
            return Ok(Piece::Stray(Damage { offset, end, what }));
        };
        let id = record.field("WARC-Record-ID").map(str::to_owned);
        let (mut request, mut metadata, mut last) = (Vec::new(), None, end);
        while let Some(other) = self.next_of(id.as_deref())? {
            last = other.offset + other.length;
            match other.record.kind() {
                "request" => request = other.record.into_block(),
                _ => metadata = Some(Metadata::read(other.record.block())),
            }
        }
        let archived = Parts { key, record, metadata, request }.archived(offset, length, last);
        Ok(match archived {
            Ok(archived) => Piece::Exchange(Box::new(archived)),
            Err(what) => Piece::Stray(Damage { offset, end: last, what }),
        })
    }

    /// The next record, if it belongs to the exchange whose main record has this identifier.
    fn next_of(&mut self, id: Option<&str>) -> Result<Option<Found>, ArchiveError> {
        let belongs = |next: &Result<Scanned, ArchiveError>| match next {
            Ok(Scanned::Record(found)) => {
                id.is_some() && found.record.field("WARC-Concurrent-To") == id
            }
            _ => false,
        };
        match self.0.next_if(belongs).transpose()? {
            Some(Scanned::Record(found)) => Ok(Some(found)),
            _ => Ok(None),
        }
    }
}

impl Iterator for Exchanges {
    type Item = Result<Piece, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.0.next()? {
            Ok(Scanned::Record(found)) => self.piece(found),
            Ok(Scanned::Damage(damage)) => Ok(Piece::Damage(damage)),
            Err(error) => Err(error),
        })
    }
}

/// By what the index knows the record of an exchange that it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The URL that was asked for.
    pub url: CanonicalUrl,
    /// When.
    pub at: Moment,
    /// The record's identifier.
    pub record_id: [u8; 16],
}

/// The key of a record that the index speaks of: a response, a revisit, or the metadata of an exchange
/// without content, of a URL that we could have asked for. None of any other record.
pub fn key(record: &Record) -> Option<Key> {
    let is_main = match record.kind() {
        "response" => true,
        "revisit" => digest(record).is_some(),
        "metadata" => record.field("WARC-Concurrent-To").is_none(),
        _ => false,
    };
    let url = Url::parse(record.field("WARC-Target-URI").filter(|_| is_main)?).ok()?;
    Some(Key {
        url: CanonicalUrl::new(&url).ok()?,
        at: Moment::parse(record.field("WARC-Date")?)?,
        record_id: id_of(record.field("WARC-Record-ID")?)?,
    })
}

fn digest(record: &Record) -> Option<Digest> {
    record.field("WARC-Payload-Digest")?.parse().ok()
}

fn info(record: &Record) -> Piece {
    let block = String::from_utf8_lossy(record.block()).into_owned();
    let software = block.split("\r\n").find_map(|line| line.strip_prefix("software: "));
    Piece::Info {
        at: record.field("WARC-Date").and_then(Moment::parse).unwrap_or_default(),
        software: software.unwrap_or("unknown").to_owned(),
        run: description::run(record.block()).map(str::to_owned),
    }
}

/// The records of one exchange.
struct Parts {
    key: Key,
    record: Record,
    metadata: Option<Metadata>,
    request: Vec<u8>,
}

impl Parts {
    fn archived(self, offset: u64, length: u64, end: u64) -> Result<Archived, String> {
        let Self { key, record, metadata, request } = self;
        let url = record.field("WARC-Target-URI").and_then(|url| Url::parse(url).ok());
        let url = url.ok_or("a WARC-Target-URI that is no URL")?;
        let address: Option<IpAddr> =
            record.field("WARC-IP-Address").and_then(|address| address.parse().ok());
        let metadata = metadata.unwrap_or_else(|| match record.kind() {
            "metadata" => Metadata::read(record.block()),
            _ => unknown(&url),
        });
        let mut recorded = Recorded {
            kind: kind(&record, &metadata),
            record_id: key.record_id,
            payload: digest(&record),
            payload_length: 0,
        };
        let refers_to = original(&record, recorded.payload);
        let ending = ending(record, &metadata, recorded.kind)?;
        if let (CaptureKind::Response, Ending::Answered(response)) = (recorded.kind, &ending) {
            recorded.payload_length = response.payload.len() as u64;
            recorded.payload = recorded.payload.or(Some(Digest::of(&response.payload)));
        }
        let exchange = Exchange {
            url,
            started: key.at,
            elapsed: metadata.elapsed,
            address: address.map(|address| SocketAddr::new(address, 0)),
            tls: metadata.tls.clone(),
            request,
            ending,
        };
        Ok(Archived { offset, length, end, recorded, exchange, metadata, refers_to })
    }
}

/// What is known of an exchange whose metadata record is lost: a robots.txt is asked for as such.
fn unknown(url: &Url) -> Metadata {
    let mut metadata = Metadata::default();
    if url.path() == "/robots.txt" {
        metadata.provenance.robots_of = Some((url.origin().ascii_serialization(), 0));
    }
    metadata
}

/// What the main record of an exchange is, its own block being all that is known of a metadata record.
pub fn kind_of(record: &Record) -> CaptureKind {
    match record.kind() {
        "metadata" => kind(record, &Metadata::read(record.block())),
        _ => kind(record, &Metadata::default()),
    }
}

fn kind(record: &Record, metadata: &Metadata) -> CaptureKind {
    match record.kind() {
        "response" => CaptureKind::Response,
        "revisit" => CaptureKind::Revisit,
        _ if metadata.reply.is_empty() => CaptureKind::Failure,
        _ => CaptureKind::Apart,
    }
}

fn original(record: &Record, payload: Option<Digest>) -> Option<Original> {
    Some(Original {
        url: record.field("WARC-Refers-To-Target-URI")?.to_owned(),
        at: Moment::parse(record.field("WARC-Refers-To-Date")?)?,
        record_id: id_of(record.field("WARC-Refers-To")?)?,
        digest: payload?,
    })
}

fn ending(record: Record, metadata: &Metadata, kind: CaptureKind) -> Result<Ending, String> {
    let cut = record.field("WARC-Truncated").and_then(Truncated::from_word);
    let not_modified = record.field("WARC-Profile") == Some(PROFILE_NOT_MODIFIED);
    let (head, payload, truncated) = match kind {
        CaptureKind::Response => (record.http_head().to_vec(), record.into_payload(), cut),
        CaptureKind::Revisit if not_modified && metadata.reply.is_empty() => {
            (b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec(), Vec::new(), None)
        }
        CaptureKind::Revisit if not_modified => (metadata.reply.clone(), Vec::new(), None),
        // What the record says of its block is that the payload is left out.
        CaptureKind::Revisit => (record.http_head().to_vec(), Vec::new(), metadata.truncated),
        CaptureKind::Apart => {
            let gap = metadata.reply.windows(4).position(|four| four == b"\r\n\r\n");
            let (head, payload) = metadata.reply.split_at(gap.map_or(0, |gap| gap + 4));
            (head.to_vec(), payload.to_vec(), metadata.truncated)
        }
        CaptureKind::Failure => {
            let unknown = Failure { kind: FailureKind::Protocol, detail: "unknown".to_owned() };
            return Ok(Ending::Failed(metadata.failure.clone().unwrap_or(unknown)));
        }
    };
    let head = http_head::read(&head).ok_or("a block that holds no head of HTTP")?;
    Ok(Ending::Answered(Response {
        protocol: head.protocol,
        status: head.status,
        reason: head.reason,
        fields: head.fields,
        payload,
        coding: None,
        wire_length: metadata.wire_length,
        truncated,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::metadata::Provenance;
    use crate::archive::records::tests::answered;
    use crate::archive::segment::tests::appender;
    use crate::archive::{Context, Gzip, encode, format};
    use proptest::prelude::*;
    use std::path::Path;

    fn read(archive: &Path, name: &str) -> Vec<Archived> {
        let path = archive.join(format::WARC_DIR).join(name);
        let mut archived = Vec::new();
        for piece in Exchanges::new(Scan::open(&path, None).unwrap()) {
            match piece.unwrap() {
                Piece::Exchange(one) => archived.push(*one),
                Piece::Info { run, .. } => assert_eq!(run.as_deref(), Some("{\"run\":1}")),
                Piece::Event(event) => assert_eq!(event.run, 1),
                Piece::Damage(damage) | Piece::Stray(damage) => panic!("{damage:?}"),
            }
        }
        archived
    }

    fn failed(kind: FailureKind) -> Exchange {
        let mut exchange = answered(200, &[], b"");
        exchange.ending = Ending::Failed(Failure { kind, detail: "no: such name".to_owned() });
        exchange
    }

    fn field(ending: &Ending, name: &str) -> Option<String> {
        match ending {
            Ending::Answered(response) => response.field(name).map(str::to_owned),
            Ending::Failed(_) => None,
        }
    }

    fn assert_same(one: &Archived, exchange: &Exchange) {
        let read = &one.exchange;
        assert_eq!((&read.url, read.started), (&exchange.url, exchange.started));
        assert_eq!(read.elapsed, exchange.elapsed);
        assert_eq!(read.address.map(|a| a.ip()), exchange.address.map(|a| a.ip()));
        for name in ["content-type", "etag", "retry-after", "location"] {
            assert_eq!(field(&read.ending, name), field(&exchange.ending, name), "{name}");
        }
        let is_revisit = one.recorded.kind == CaptureKind::Revisit;
        match (&read.ending, &exchange.ending) {
            (Ending::Failed(read), Ending::Failed(was)) => assert_eq!(read, was),
            (Ending::Answered(read), Ending::Answered(was)) => {
                assert_eq!(read.status, was.status);
                assert!(is_revisit || read.payload == was.payload);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(one.refers_to.is_some(), is_revisit);
    }

    #[test]
    fn every_kind_of_exchange_is_read_back_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = appender(dir.path(), u64::MAX);
        let mut gzip = Gzip::new();
        let page = answered(200, &[("content-type", "text/html")], b"page");
        let first = encode(&page, &Context::default(), &mut gzip);
        let original = Original {
            url: page.url.to_string(),
            at: page.started,
            record_id: first.recorded.record_id,
            digest: Digest::of(b"page"),
        };
        let provenance = Provenance { depth: 2, score: 70, ..Provenance::default() };
        let not_modified = Some(original.clone());
        let context = Context { provenance, not_modified, not_page: None };
        let exchanges = [
            answered(200, &[("content-type", "text/html; level=1")], b"page"),
            answered(304, &[("etag", "\"x\"")], b""),
            answered(429, &[("retry-after", "60")], b"busy\r\n\r\nbusy"),
            answered(301, &[("location", "/b")], b""),
            failed(FailureKind::Dns),
            failed(FailureKind::Timeout),
        ];
        let mut written = vec![first];
        for (index, exchange) in exchanges.iter().enumerate() {
            let encoded = encode(exchange, &context, &mut gzip);
            let is_same = index == 0;
            written.push(if is_same {
                encoded.into_revisit(&original, &mut gzip)
            } else {
                encoded
            });
        }
        for encoded in &written {
            appender.append(encoded, Moment::from_millis(0)).unwrap();
        }
        let name = appender.seal().unwrap().unwrap().name;
        let archived = read(dir.path(), &name);
        assert_eq!(archived.len(), written.len());
        for (one, encoded) in archived.iter().zip(&written) {
            assert_eq!(one.recorded, encoded.recorded);
        }
        for (one, exchange) in archived.iter().skip(1).zip(&exchanges) {
            assert_eq!(one.metadata.provenance.score, 70);
            assert_same(one, exchange);
        }
        assert_eq!(archived[1].refers_to, Some(original));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_records_at_all_make_it_panic(
            records in proptest::collection::vec(
                "(WARC-(Type|Date|Target-URI|Record-ID|Concurrent-To): \
                 (metadata|response|revisit|http://a/|<urn:uuid:x>|2026-01-31T00:00:00Z)\r\n){0,6}", 0..4,
            ),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let mut members = Vec::new();
            for record in &records {
                let record = format!("WARC/1.1\r\n{record}Content-Length: 2\r\n\r\nab\r\n\r\n");
                Gzip::new().member(&[record.as_bytes()], &mut members);
            }
            let path = dir.path().join("a.warc.gz");
            std::fs::write(&path, &members).unwrap();
            for piece in Exchanges::new(Scan::open(&path, None).unwrap()) {
                piece.unwrap();
            }
        }
    }
}
