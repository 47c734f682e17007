//! Undoes content codings (RFC 9110, section 8.4.1) under a cap: a bomb is cut, not swallowed.

use std::io::Read;

use super::limits::{CODINGS, RATIO, RATIO_FREE_BYTES};
use crate::exchange::Truncated;

/// A body with its codings undone.
pub(super) struct Decoded {
    /// The payload.
    pub(super) bytes: Vec<u8>,
    /// The codings undone, as the server named them; none when it named none that we know.
    pub(super) coding: Option<String>,
    /// Set when the cap or a broken coding ended it early.
    pub(super) truncated: Option<Truncated>,
}

/// Undoes `content_encoding` on `wire`, keeping at most `cap` bytes, and no more than [`RATIO`] allows. A coding that is unknown
/// leaves the bytes as they came; one that breaks off keeps what was decoded before.
pub(super) fn undo(content_encoding: Option<&str>, wire: Vec<u8>, cap: u64) -> Decoded {
    let named = content_encoding.unwrap_or_default().to_ascii_lowercase();
    let codings: Vec<&str> =
        named.split(',').map(str::trim).filter(|name| !matches!(*name, "" | "identity")).collect();
    let as_it_came = |bytes| Decoded { bytes, coding: None, truncated: None };
    if codings.is_empty() || codings.len() > CODINGS || wire.is_empty() {
        return as_it_came(wire);
    }
    if !codings.iter().all(|name| is_known(name)) {
        return as_it_came(wire);
    }
    let unpacked = (wire.len() as u64).saturating_mul(RATIO).saturating_add(RATIO_FREE_BYTES);
    let cap = cap.min(unpacked);
    let mut bytes = wire;
    let mut truncated = None;
    // The last one named was the last one applied.
    for name in codings.iter().rev() {
        let step = undo_one(name, &bytes, cap);
        if step.bytes.is_empty() && step.truncated.is_some() && truncated.is_none() {
            // Mislabelled: portals send plain bytes under `Content-Encoding: gzip`.
            return as_it_came(bytes);
        }
        truncated = truncated.or(step.truncated);
        bytes = step.bytes;
    }
    Decoded { bytes, coding: content_encoding.map(|name| name.trim().to_owned()), truncated }
}

struct Step {
    bytes: Vec<u8>,
    truncated: Option<Truncated>,
}

fn is_known(name: &str) -> bool {
    matches!(name, "gzip" | "x-gzip" | "deflate" | "br" | "zstd")
}

fn undo_one(name: &str, wire: &[u8], cap: u64) -> Step {
    match name {
        "gzip" | "x-gzip" => read_capped(flate2::read::MultiGzDecoder::new(wire), cap),
        "deflate" if is_zlib(wire) => read_capped(flate2::read::ZlibDecoder::new(wire), cap),
        "deflate" => read_capped(flate2::read::DeflateDecoder::new(wire), cap),
        "br" => read_capped(brotli_decompressor::Decompressor::new(wire, 4096), cap),
        _ => match ruzstd::decoding::StreamingDecoder::new(wire) {
            Ok(decoder) => read_capped(decoder, cap),
            Err(error) => {
                tracing::debug!(%error, "not a zstd frame");
                Step { bytes: Vec::new(), truncated: Some(Truncated::Disconnect) }
            }
        },
    }
}

/// `deflate` means zlib (RFC 9110, section 8.4.1.2), but servers send it raw too. The zlib header
/// (RFC 1950, section 2.2) tells.
fn is_zlib(wire: &[u8]) -> bool {
    match wire {
        [first, second, ..] => {
            first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0
        }
        _ => false,
    }
}

fn read_capped(decoder: impl Read, cap: u64) -> Step {
    let mut bytes = Vec::new();
    let result = decoder.take(cap.saturating_add(1)).read_to_end(&mut bytes);
    let kept = usize::try_from(cap).unwrap_or(usize::MAX);
    if bytes.len() > kept {
        bytes.truncate(kept);
        return Step { bytes, truncated: Some(Truncated::Length) };
    }
    Step { bytes, truncated: result.err().map(|_broken_off| Truncated::Disconnect) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const TEXT: &[u8] = "政府信息公开工作年度报告".as_bytes();

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn each_coding_gives_the_page_back() {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(TEXT).unwrap();
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        raw.write_all(TEXT).unwrap();
        let zstd = ruzstd::encoding::compress_to_vec(
            TEXT,
            ruzstd::encoding::CompressionLevel::Uncompressed,
        );
        for (coding, wire) in [
            ("gzip", gzip(TEXT)),
            ("X-GZIP", gzip(TEXT)),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", raw.finish().unwrap()),
            ("zstd", zstd),
            ("gzip, gzip", gzip(&gzip(TEXT))),
            ("identity", TEXT.to_vec()),
        ] {
            let decoded = undo(Some(coding), wire, 1 << 20);
            assert_eq!(decoded.bytes, TEXT, "{coding}");
            assert_eq!(decoded.truncated, None, "{coding}");
        }
    }

    #[test]
    fn a_bomb_is_cut_at_the_cap() {
        let bomb = gzip(&vec![0; 50_000_000]);
        let decoded = undo(Some("gzip"), bomb, 1_000);
        assert_eq!(decoded.bytes.len(), 1_000);
        assert_eq!(decoded.truncated, Some(Truncated::Length));
    }

    #[test]
    fn a_body_that_unpacks_out_of_all_proportion_is_cut_below_the_cap() {
        let bomb = gzip(&gzip(&vec![0; 100_000_000]));
        let most = bomb.len() as u64 * RATIO + RATIO_FREE_BYTES;
        let decoded = undo(Some("gzip, gzip"), bomb, u64::MAX);
        assert_eq!(decoded.bytes.len() as u64, most);
        assert_eq!(decoded.truncated, Some(Truncated::Length));
        let blank = vec![b' '; 1 << 20];
        assert_eq!(undo(Some("gzip"), gzip(&blank), u64::MAX).bytes, blank, "a small one is not");
    }

    #[test]
    fn a_coding_that_breaks_off_keeps_what_came_before() {
        let noise: Vec<u8> = (0..100_000_u32).map(|n| n.wrapping_mul(n).to_be_bytes()[2]).collect();
        let mut wire = gzip(&noise);
        wire.truncate(wire.len() / 2);
        let decoded = undo(Some("gzip"), wire, 1 << 20);
        assert_eq!(decoded.truncated, Some(Truncated::Disconnect));
        assert!(!decoded.bytes.is_empty() && noise.starts_with(&decoded.bytes));
    }

    #[test]
    fn what_is_not_coded_as_it_says_is_kept_as_it_came() {
        for coding in ["gzip", "br", "zstd", "snappy", "gzip, gzip, gzip, gzip"] {
            let decoded = undo(Some(coding), TEXT.to_vec(), 1 << 20);
            assert_eq!(decoded.bytes, TEXT, "{coding}");
            assert_eq!(decoded.coding, None, "{coding}");
        }
    }
}
