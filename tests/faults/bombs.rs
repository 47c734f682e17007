//! Bodies of a few kilobytes that unpack to gigabytes.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

const MIB: usize = 1 << 20;

/// The largest block of a zstd frame (RFC 8878, section 3.1.1.2.4).
const ZSTD_BLOCK: usize = 128 << 10;

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// So many MiB of nothing, a gzip member each 10 MiB.
pub(super) fn gzip_of_mib(mib: usize) -> Vec<u8> {
    gzip(&vec![0; 10 * MIB]).repeat(mib / 10)
}

/// 10 GiB within gzip within gzip.
pub(super) fn gzip_in_gzip() -> Vec<u8> {
    gzip(&gzip_of_mib(10 << 10))
}

/// 10 GiB within gzip within gzip within gzip.
pub(super) fn gzip_in_gzip_in_gzip() -> Vec<u8> {
    gzip(&gzip_in_gzip())
}

/// 10 GiB as zstd: blocks of one byte each, to be repeated (RFC 8878, section 3.1.1.2.2).
pub(super) fn zstd() -> Vec<u8> {
    const REPEAT: usize = 1 << 1;
    // Magic number, a descriptor without size or checksum, a window of 128 KiB.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 7 << 3];
    let blocks = (10 << 30) / ZSTD_BLOCK;
    for block in 1..=blocks {
        let is_last = usize::from(block == blocks);
        let head = is_last | REPEAT | ZSTD_BLOCK << 3;
        frame.extend_from_slice(&head.to_le_bytes()[..3]);
        frame.push(b' ');
    }
    frame
}

/// 1 GiB as brotli, made with Python's `brotli.Compressor(quality=3, lgwin=24)`: no encoder of Rust is at hand.
pub(super) fn brotli() -> Vec<u8> {
    include_bytes!("one-gib-of-zeros.br").to_vec()
}
