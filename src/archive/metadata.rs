//! The `metadata` record of an exchange: how its URL was come by and what came of it, as fields
//! (`application/warc-fields`), written and read back.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::http_head::{self, clean};
use crate::exchange::{Ending, Exchange, Failure, FailureKind, Response, Tls, Truncated};
use crate::not_page::{self, NotPage};

/// The value of `tls` where OpenSSL was needed.
const OPENSSL: &str = "openssl";

/// How the value of `certificate` begins.
const ACCEPTED_THOUGH: &str = "accepted though ";

/// How the URL of an exchange was come by, and as what it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// The page on which the URL was found.
    pub via: Option<String>,
    /// Links between the seed and it.
    pub depth: u32,
    /// Redirects between the link and it.
    pub redirects: u32,
    /// How likely it was a report, or to lead to one, when it was asked for.
    pub score: u8,
    /// The number of the run.
    pub run: i64,
    /// The origin whose robots.txt was asked for, and the redirects followed so far to find it.
    pub robots_of: Option<(String, u32)>,
    /// How the payload was read as text, where it was.
    pub charset: Option<String>,
    /// What the page asked of robots, in words: `nofollow, noarchive`.
    pub robots_tag: Option<String>,
}

/// What a `metadata` record says of its exchange.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// How its URL was come by, and as what it was read.
    pub provenance: Provenance,
    /// From the request to the last byte, or to the failure.
    pub elapsed: Duration,
    /// The status.
    pub status: Option<u16>,
    /// Body bytes that crossed the wire.
    pub wire_length: u64,
    /// Why the body is incomplete, if it is.
    pub truncated: Option<Truncated>,
    /// Why no response came.
    pub failure: Option<Failure>,
    /// What is out of the ordinary about the security of the connection.
    pub tls: Tls,
    /// Why the reply was kept apart from content, if it was: one word.
    pub apart: Option<String>,
    /// What the reply is, if it is not the page: its kind, and by what it was recognised.
    pub not_page: Option<String>,
    /// The whole reply, where no record of its own holds it: the head of a 304, whose revisit must have an
    /// empty block, and a reply that is kept apart, which no replay is to find.
    pub reply: Vec<u8>,
}

impl Metadata {
    pub(super) fn of(
        exchange: &Exchange,
        provenance: &Provenance,
        not_page: Option<&NotPage>,
    ) -> Self {
        let mut metadata = Self {
            provenance: provenance.clone(),
            elapsed: exchange.elapsed,
            tls: exchange.tls.clone(),
            ..Self::default()
        };
        match &exchange.ending {
            Ending::Answered(response) => metadata.answered(response, not_page),
            Ending::Failed(failure) => metadata.failure = Some(failure.clone()),
        }
        metadata
    }

    fn answered(&mut self, response: &Response, not_page: Option<&NotPage>) {
        self.status = Some(response.status);
        self.wire_length = response.wire_length;
        self.truncated = response.truncated;
        self.apart = not_page::kept_apart(response.status, not_page).map(str::to_owned);
        self.not_page = not_page.map(ToString::to_string);
        if response.status == 304 {
            self.reply = http_head::write(response);
        } else if self.apart.is_some() {
            self.reply = http_head::write(response);
            self.reply.extend_from_slice(&response.payload);
        }
    }

    /// The record's block.
    pub(super) fn to_fields(&self) -> Vec<u8> {
        let mut fields = Vec::with_capacity(256);
        let mut field = |name, value: &dyn ToString| add(&mut fields, name, &value.to_string());
        let Provenance { via, depth, redirects, score, run, robots_of, charset, robots_tag } =
            &self.provenance;
        if let Some(via) = via {
            field("via", via);
        }
        field("depth", depth);
        if *redirects > 0 {
            field("redirects", redirects);
        }
        if let Some((origin, redirects)) = robots_of {
            field("robotsOf", origin);
            field("robotsRedirects", redirects);
        } else {
            field("score", score);
        }
        field("run", run);
        field("fetchTimeMs", &self.elapsed.as_millis());
        if let Some(charset) = charset {
            field("charset", charset);
        }
        if let Some(robots_tag) = robots_tag {
            field("robotsTag", robots_tag);
        }
        if let Some(status) = self.status {
            field("status", &status);
            field("wireLength", &self.wire_length);
        }
        if let Some(truncated) = self.truncated {
            field("truncated", &truncated.as_str());
        }
        if self.tls.openssl {
            field("tls", &OPENSSL);
        }
        if let Some(why) = &self.tls.accepted_though {
            field("certificate", &format!("{ACCEPTED_THOUGH}{why}"));
        }
        if let Some(apart) = &self.apart {
            field("apart", apart);
        }
        if let Some(not_page) = &self.not_page {
            field("notPage", not_page);
        }
        if !self.reply.is_empty() {
            field("replyBase64", &BASE64.encode(&self.reply));
        }
        if let Some(failure) = &self.failure {
            field("failure", &format!("{}: {}", failure.kind.as_str(), failure.detail));
        }
        fields
    }

    /// What a block says; a field that is missing, or says nothing that is understood, is as if there
    /// were none.
    pub fn read(block: &[u8]) -> Self {
        let mut metadata = Self::default();
        for line in String::from_utf8_lossy(block).split("\r\n") {
            if let Some((name, value)) = line.split_once(": ") {
                metadata.take(name, value);
            }
        }
        metadata
    }

    fn take(&mut self, name: &str, value: &str) {
        let text = || Some(value.to_owned());
        let provenance = &mut self.provenance;
        match name {
            "via" => provenance.via = text(),
            "depth" => provenance.depth = value.parse().unwrap_or_default(),
            "redirects" => provenance.redirects = value.parse().unwrap_or_default(),
            "score" => provenance.score = value.parse().unwrap_or_default(),
            "robotsOf" => provenance.robots_of = Some((value.to_owned(), 0)),
            "robotsRedirects" => {
                if let Some((_, redirects)) = &mut provenance.robots_of {
                    *redirects = value.parse().unwrap_or_default();
                }
            }
            "run" => provenance.run = value.parse().unwrap_or_default(),
            "fetchTimeMs" => {
                self.elapsed = Duration::from_millis(value.parse().unwrap_or_default());
            }
            "charset" => provenance.charset = text(),
            "robotsTag" => provenance.robots_tag = text(),
            "status" => self.status = value.parse().ok(),
            "wireLength" => self.wire_length = value.parse().unwrap_or_default(),
            "truncated" => self.truncated = Truncated::from_word(value),
            "tls" => self.tls.openssl = value == OPENSSL,
            "certificate" => {
                self.tls.accepted_though = value.strip_prefix(ACCEPTED_THOUGH).map(str::to_owned);
            }
            "apart" => self.apart = text(),
            "notPage" => self.not_page = text(),
            "replyBase64" => self.reply = BASE64.decode(value).unwrap_or_default(),
            "failure" => {
                let (word, detail) = value.split_once(": ").unwrap_or((value, ""));
                let kind = FailureKind::from_word(word).unwrap_or(FailureKind::Protocol);
                self.failure = Some(Failure { kind, detail: detail.to_owned() });
            }
            _ => {}
        }
    }
}

/// Adds a line `name: value`; nothing in the value ends it.
pub(super) fn add(fields: &mut Vec<u8>, name: &str, value: &str) {
    fields.extend_from_slice(name.as_bytes());
    fields.extend_from_slice(b": ");
    fields.extend(clean(value.as_bytes()));
    fields.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = String> {
        "[^\r\n]{0,20}"
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn what_was_written_is_read(
            (via, charset, robots_tag, apart, not_page) in (
                proptest::option::of(text()), proptest::option::of(text()), proptest::option::of(text()),
                proptest::option::of(text()), proptest::option::of(text()),
            ),
            (depth, redirects, score, run) in (any::<u32>(), any::<u32>(), any::<u8>(), any::<i64>()),
            robots in proptest::option::of((text(), any::<u32>())),
            (elapsed, status, wire_length) in (any::<u32>(), any::<u16>(), any::<u64>()),
            detail in proptest::option::of(text()),
            reply in proptest::collection::vec(any::<u8>(), 0..40),
            (openssl, accepted_though) in (any::<bool>(), proptest::option::of(text())),
        ) {
            let score = if robots.is_some() { 0 } else { score };
            let metadata = Metadata {
                provenance: Provenance {
                    via, depth, redirects, score, run, robots_of: robots, charset, robots_tag,
                },
                tls: Tls { openssl, accepted_though },
                apart,
                not_page,
                reply,
                elapsed: Duration::from_millis(elapsed.into()),
                status: Some(status),
                wire_length,
                truncated: Some(Truncated::Time),
                failure: detail.map(|detail| Failure { kind: FailureKind::Tls, detail }),
            };
            prop_assert_eq!(Metadata::read(&metadata.to_fields()), metadata);
        }

        #[test]
        fn no_bytes_at_all_make_it_panic(block in proptest::collection::vec(any::<u8>(), 0..200)) {
            Metadata::read(&block);
        }
    }
}
