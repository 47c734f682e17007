//! The head of a response as it stands in the archive, written and read back.

use crate::exchange::Response;

/// Put before the names of fields that told what the wire did to the body: no reader acts on them.
const UNDONE: &[u8] = b"X-Crawl-";

/// A response's head, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpHead {
    /// The protocol as it was written.
    pub protocol: &'static str,
    /// The status.
    pub status: u16,
    /// The reason phrase.
    pub reason: Vec<u8>,
    /// Names and values, in their order.
    pub fields: Vec<(String, Vec<u8>)>,
}

/// The head of `response`: what the wire did to the body is undone, and the fields that told of it are
/// kept under names that no reader acts on.
pub(super) fn write(response: &Response) -> Vec<u8> {
    let protocol = if response.protocol == "HTTP/2" { "HTTP/1.1" } else { response.protocol };
    let mut head = format!("{protocol} {} ", response.status).into_bytes();
    head.extend(clean(&response.reason));
    head.extend_from_slice(b"\r\n");
    let length = response.payload.len().to_string();
    for (name, value) in &response.fields {
        let coded = response.coding.is_some() && name.eq_ignore_ascii_case("content-encoding");
        let is_length = name.eq_ignore_ascii_case("content-length");
        if coded || name.eq_ignore_ascii_case("transfer-encoding") {
            head.extend_from_slice(UNDONE);
        } else if is_length && value == length.as_bytes() {
            continue;
        } else if is_length {
            head.extend_from_slice(UNDONE);
        }
        title_case(name, &mut head);
        head.extend_from_slice(b": ");
        head.extend(clean(value));
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(format!("Content-Length: {length}\r\n\r\n").as_bytes());
    head
}

/// The head that stands in a record's block; none where it is no head of HTTP.
pub fn read(head: &[u8]) -> Option<HttpHead> {
    let mut lines =
        head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut first = lines.next()?.splitn(3, |byte| *byte == b' ');
    let protocol = match first.next()? {
        b"HTTP/1.0" => "HTTP/1.0",
        b"HTTP/1.1" => "HTTP/1.1",
        _ => return None,
    };
    let status = std::str::from_utf8(first.next()?).ok()?.parse().ok()?;
    let reason = first.next().unwrap_or_default().to_vec();
    let field = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        let name = String::from_utf8_lossy(name).into_owned();
        Some((name, value.get(1..)?.trim_ascii().to_vec()))
    };
    let fields = lines.take_while(|line| !line.is_empty()).filter_map(field).collect();
    Some(HttpHead { protocol, status, reason, fields })
}

/// No value ends its line.
pub(super) fn clean(value: &[u8]) -> impl Iterator<Item = u8> + '_ {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_written() {
        let response = Response {
            protocol: "HTTP/1.1",
            status: 302,
            reason: "已移动 x".as_bytes().to_vec(),
            fields: vec![
                ("location".to_owned(), b"/a: b".to_vec()),
                ("x-bytes".to_owned(), b"\xff".to_vec()),
                ("content-length".to_owned(), b"9".to_vec()),
            ],
            payload: b"page".to_vec(),
            coding: None,
            wire_length: 9,
            truncated: None,
        };
        let head = read(&write(&response)).unwrap();
        assert_eq!((head.protocol, head.status, head.reason), ("HTTP/1.1", 302, response.reason));
        let fields: Vec<_> =
            head.fields.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        assert_eq!(
            fields,
            [
                ("Location", b"/a: b".as_slice()),
                ("X-Bytes", b"\xff"),
                ("X-Crawl-Content-Length", b"9"),
                ("Content-Length", b"4"),
            ]
        );
    }

    #[test]
    fn what_is_no_head_is_none() {
        for bytes in [&b""[..], b"HTTP/1.1", b"HTTP/1.1 x OK\r\n\r\n", b"FTP 200 OK\r\n\r\n"] {
            assert_eq!(read(bytes), None);
        }
    }
}
