//! CDXJ: a line a record, by which others' replays find it. Spelled byte for byte as `cdxj-indexer`
//! spells it, so that the two can be compared; and `ZipNum`, the packed form that a WACZ holds.

use super::surt::surt;
use super::warc::reader::Record;
use super::warc::writer::Gzip;
use crate::digest::Digest;

/// So many lines make a block, as `wacz` has it.
const BLOCK_LINES: usize = 1_024;

/// The line of a record that lies at `offset` of a file, in `length` bytes; none for a record that
/// is never replayed.
pub fn line(record: &Record, filename: &str, offset: u64, length: u64) -> Option<String> {
    if !matches!(record.kind(), "response" | "revisit") {
        return None;
    }
    let url = record.field("WARC-Target-URI")?;
    let date = record.field("WARC-Date")?;
    let stamp: String = date.chars().filter(char::is_ascii_digit).take(14).collect();
    let key = surt(url).unwrap_or_else(|| url.to_owned());
    let fields = [
        ("url", Some(url.to_owned())),
        ("mime", mime(record)),
        ("status", status(record)),
        ("digest", record.field("WARC-Payload-Digest").map(str::to_owned)),
        ("length", Some(length.to_string())),
        ("offset", Some(offset.to_string())),
        ("filename", Some(filename.to_owned())),
    ];
    let fields = fields.iter().filter_map(|(name, value)| {
        Some(format!("{}: {}", quoted(name), quoted(value.as_deref()?)))
    });
    Some(format!("{key} {stamp} {{{}}}\n", fields.collect::<Vec<_>>().join(", ")))
}

fn mime(record: &Record) -> Option<String> {
    if record.kind() == "revisit" {
        return Some("warc/revisit".to_owned());
    }
    let value = record.http_value("content-type")?;
    // What is no UTF-8 is Latin-1 to `cdxj-indexer`.
    let value = match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_latin_1) => value.iter().copied().map(char::from).collect(),
    };
    let ends = |c: char| c == ';' || c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    Some(value.trim().split(ends).next()?.to_owned())
}

fn status(record: &Record) -> Option<String> {
    let head = record.http_head();
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let status = words.nth(1)?;
    Some(String::from_utf8_lossy(status).into_owned())
}

/// A JSON string of ASCII alone, as Python's `json.dumps` writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            ' '..='~' => quoted.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    quoted.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Packs sorted lines into blocks, each a gzip member, with an index of the blocks: what
/// `indexes/index.cdx.gz` and `indexes/index.idx` of a WACZ are.
#[derive(Debug)]
pub struct ZipNum {
    gzip: Gzip,
    block: Vec<u8>,
    lines: usize,
    first: String,
    offset: u64,
}

/// A block, and its line in the index.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// The gzip member.
    pub packed: Vec<u8>,
    /// The line of the index.
    pub line: String,
}

impl ZipNum {
    /// Beginning at the first byte of a file.
    pub fn new() -> Self {
        Self { gzip: Gzip::new(), block: Vec::new(), lines: 0, first: String::new(), offset: 0 }
    }

    /// What heads the index of the blocks that lie in the file of this name.
    pub fn head(filename: &str) -> String {
        format!("!meta 0 {{\"format\": \"cdxj-gzip-1.0\", \"filename\": {}}}\n", quoted(filename))
    }

    /// Adds a line; gives a block when it is full.
    pub fn add(&mut self, line: &str) -> Option<Block> {
        if self.lines == 0 {
            // A key may hold a brace; no URL holds a blank.
            line.split(" {").next().unwrap_or_default().clone_into(&mut self.first);
        }
        self.block.extend_from_slice(line.as_bytes());
        self.lines += 1;
        if self.lines < BLOCK_LINES { None } else { self.end() }
    }

    /// The block that is not full, if there is one.
    pub fn end(&mut self) -> Option<Block> {
        if self.lines == 0 {
            return None;
        }
        let mut packed = Vec::new();
        self.gzip.member(&[&self.block], &mut packed);
        let line = format!(
            "{} {{\"offset\": {}, \"length\": {}, \"digest\": \"{}\"}}\n",
            self.first,
            self.offset,
            packed.len(),
            Digest::of(&packed)
        );
        self.offset += packed.len() as u64;
        self.block.clear();
        self.lines = 0;
        Some(Block { packed, line })
    }
}

impl Default for ZipNum {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::warc::reader::read_member;
    use flate2::bufread::MultiGzDecoder;
    use std::io::Read as _;

    fn record(kind: &str, http: &str) -> Record {
        record_of(kind, http.as_bytes())
    }

    fn record_of(kind: &str, http: &[u8]) -> Record {
        let head = format!(
            "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Date: 2026-01-31T08:15:30.123Z\r\n\
             WARC-Target-URI: http://www.qingshan.gov.cn/A?b=\"\r\n\
             WARC-Payload-Digest: sha256:00\r\nContent-Length: {}\r\n\r\n",
            http.len()
        );
        let mut member = Vec::new();
        Gzip::new().member(&[head.as_bytes(), http, b"\r\n\r\n"], &mut member);
        read_member(&mut member.as_slice()).unwrap()
    }

    #[test]
    fn a_line_is_spelled_as_cdxj_indexer_spells_it() {
        let http = "HTTP/1.1 200 OK\r\nContent-Type: text/html;charset=gbk\r\n\r\nx";
        assert_eq!(
            line(&record("response", http), "a.warc.gz", 12, 345).unwrap(),
            "cn,gov,qingshan)/a?b=\" 20260131081530 {\"url\": \"http://www.qingshan.gov.cn/A?b=\\\"\", \
             \"mime\": \"text/html\", \"status\": \"200\", \"digest\": \"sha256:00\", \
             \"length\": \"345\", \"offset\": \"12\", \"filename\": \"a.warc.gz\"}\n"
        );
        let revisit = line(&record("revisit", ""), "a", 0, 1).unwrap();
        assert!(revisit.contains("\"mime\": \"warc/revisit\", \"digest\""), "{revisit}");
        assert_eq!(line(&record("metadata", http), "a", 0, 1), None);
        assert!(
            !line(&record("response", "HTTP/1.1 204 \r\n\r\n"), "a", 0, 1)
                .unwrap()
                .contains("mime")
        );
    }

    #[test]
    fn a_type_that_is_no_utf_8_is_read_as_latin_1_as_cdxj_indexer_reads_it() {
        let http = b"HTTP/1.1 200 OK\r\nContent-Type: text/\xbc\x85x; charset=gbk\r\n\r\nx";
        let line = line(&record_of("response", http), "a", 0, 1).unwrap();
        assert!(line.contains(r#""mime": "text/\u00bc", "status""#), "{line}");
    }

    #[test]
    fn a_text_is_quoted_as_python_quotes_it() {
        assert_eq!(quoted("a\"\\\n青\u{7f}\u{1f600}"), r#""a\"\\\n\u9752\u007f\ud83d\ude00""#);
    }

    #[test]
    fn blocks_are_found_by_their_index_and_hold_all_lines_in_order() {
        let lines: Vec<String> = (0..2_500)
            .map(|number| format!("cn,a)/{{b}}{number:05} 2026 {{\"url\": \"{{\"}}\n"))
            .collect();
        let mut zipnum = ZipNum::new();
        let mut blocks: Vec<Block> = lines.iter().filter_map(|line| zipnum.add(line)).collect();
        blocks.extend(zipnum.end());
        assert_eq!(zipnum.end(), None);
        assert_eq!(blocks.len(), 3);
        let packed: Vec<u8> = blocks.iter().flat_map(|block| block.packed.clone()).collect();
        let mut text = String::new();
        MultiGzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(text, lines.concat());
        let second = format!("cn,a)/{{b}}01024 2026 {{\"offset\": {}, ", blocks[0].packed.len());
        assert!(blocks[1].line.starts_with(&second), "{}", blocks[1].line);
    }
}
