//! Faults of content codings (RFC 9110, section 8.4), bombs among them.

use super::{BROKEN_OFF, FETCHED, TOO_LONG};
use crate::faults::bombs;
use crate::faults::fault::{Fault, page};
use crate::faults::plays::answers;

/// Codings.
pub(in crate::faults) fn codings() -> Vec<Fault> {
    let coded = |coding: &str, body: Vec<u8>| {
        answers(format!("200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {coding}"), body)
    };
    let cut = |mut body: Vec<u8>| {
        body.truncate(body.len() / 2);
        body
    };
    let text: Vec<u8> = (0..2_000_u32)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    vec![
        page("gzip of nearly a gigabyte", coded("gzip", bombs::gzip_of_mib(900)), TOO_LONG),
        page("gzip of ten gigabytes", coded("gzip", bombs::gzip_of_mib(10 << 10)), TOO_LONG),
        page("gzip in gzip", coded("gzip, gzip", bombs::gzip_in_gzip()), TOO_LONG),
        page(
            "gzip in gzip in gzip",
            coded("gzip, gzip, gzip", bombs::gzip_in_gzip_in_gzip()),
            TOO_LONG,
        ),
        page(
            "gzip ten times",
            coded(
                "gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip",
                bombs::gzip_in_gzip_in_gzip(),
            ),
            FETCHED,
        ),
        page("brotli of a gigabyte", coded("br", bombs::brotli()), TOO_LONG),
        page("zstd of ten gigabytes", coded("zstd", bombs::zstd()), TOO_LONG),
        page("gzip that is cut off", coded("gzip", cut(bombs::gzip(&text))), BROKEN_OFF),
        page("gzip that is none", coded("gzip", b"<p>plain".to_vec()), FETCHED),
        page("deflate that is none", coded("deflate", b"<p>plain".to_vec()), FETCHED),
        page("brotli that is none", coded("br", b"<p>plain".to_vec()), FETCHED),
        page("zstd that is none", coded("zstd", b"<p>plain".to_vec()), FETCHED),
        page("unknown coding", coded("nonsense", b"<p>plain".to_vec()), FETCHED),
        page("gzip of nothing", coded("gzip", Vec::new()), FETCHED),
    ]
}
