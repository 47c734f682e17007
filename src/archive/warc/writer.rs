//! Packs records, one gzip member each (WARC 1.1, annex D.2), so that each is read by itself.

use flate2::{Compress, CompressError, Compression, Crc, FlushCompress, Status};

/// Level 1 packs a page of 20 KB in 50 µs to 0.257 of its size, level 6 in 140 µs to 0.204; levels
/// 3 to 5 take nearly as long as 6 and pack less (zlib-rs, a made-up portal's pages). The archive is kept
/// for longer than it is written.
const LEVEL: u32 = 6;

/// The window of gzip, in bits.
const WINDOW_BITS: u8 = 15;

/// The head of a member without a name and a time (RFC 1952, clause 2.3).
pub(in crate::archive) const MEMBER_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The most bytes that a stored block holds (RFC 1951, clause 3.2.4).
const STORED_BLOCK_BYTES: usize = 65_535;

/// A compressor, used again for each record: setting one up costs more than most records do.
#[derive(Debug)]
pub struct Gzip(Compress);

impl Gzip {
    /// A compressor.
    pub fn new() -> Self {
        Self(Compress::new_gzip(Compression::new(LEVEL), WINDOW_BITS))
    }

    /// Adds these parts to `out` as one member.
    pub(in crate::archive) fn member(&mut self, parts: &[&[u8]], out: &mut Vec<u8>) {
        let begin = out.len();
        if let Err(error) = self.packed(parts, out) {
            // Never seen: a compressor fails only when it is misused. The record is kept all the
            // same, as it is.
            tracing::error!(%error, "a record could not be compressed and is stored as it is");
            out.truncate(begin);
            stored(parts, out);
            *self = Self::new();
        }
    }

    fn packed(&mut self, parts: &[&[u8]], out: &mut Vec<u8>) -> Result<(), CompressError> {
        self.0.reset();
        let length: usize = parts.iter().map(|part| part.len()).sum();
        out.reserve(length / 4 + 256);
        for part in parts {
            self.feed(part, FlushCompress::None, out)?;
        }
        self.feed(&[], FlushCompress::Finish, out)
    }

    fn feed(
        &mut self,
        mut part: &[u8],
        flush: FlushCompress,
        out: &mut Vec<u8>,
    ) -> Result<(), CompressError> {
        loop {
            let before = self.0.total_in();
            let status = self.0.compress_vec(part, out, flush)?;
            let taken = usize::try_from(self.0.total_in() - before).unwrap_or(part.len());
            part = part.get(taken..).unwrap_or_default();
            let done = match flush {
                FlushCompress::Finish => status == Status::StreamEnd,
                _ => part.is_empty(),
            };
            if done {
                return Ok(());
            }
            out.reserve((out.len() / 2).max(4_096));
        }
    }
}

impl Default for Gzip {
    fn default() -> Self {
        Self::new()
    }
}

/// A member that holds the parts uncompressed.
fn stored(parts: &[&[u8]], out: &mut Vec<u8>) {
    out.extend_from_slice(&MEMBER_HEAD);
    let mut crc = Crc::new();
    for part in parts {
        crc.update(part);
        for block in part.chunks(STORED_BLOCK_BYTES) {
            let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
            out.push(0);
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(&(!length).to_le_bytes());
            out.extend_from_slice(block);
        }
    }
    // The last block, empty, and the trailer.
    out.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
    out.extend_from_slice(&crc.sum().to_le_bytes());
    out.extend_from_slice(&crc.amount().to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::bufread::GzDecoder;
    use proptest::prelude::*;
    use std::io::Read as _;

    fn unpack(mut members: &[u8]) -> Vec<Vec<u8>> {
        let mut unpacked = Vec::new();
        while !members.is_empty() {
            let mut bytes = Vec::new();
            GzDecoder::new(&mut members).read_to_end(&mut bytes).unwrap();
            unpacked.push(bytes);
        }
        unpacked
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn one_compressor_packs_one_record_after_another_and_each_is_read_by_itself(
            records in proptest::collection::vec(
                proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..9_000), 0..4),
                0..4,
            ),
        ) {
            let mut gzip = Gzip::new();
            let (mut packed, mut plain) = (Vec::new(), Vec::new());
            for record in &records {
                let parts: Vec<_> = record.iter().map(Vec::as_slice).collect();
                gzip.member(&parts, &mut packed);
                stored(&parts, &mut plain);
            }
            let expected: Vec<_> = records.iter().map(|record| record.concat()).collect();
            prop_assert_eq!(&unpack(&packed), &expected);
            prop_assert_eq!(&unpack(&plain), &expected);
        }
    }

    #[test]
    fn a_record_that_is_stored_as_it_is_may_be_longer_than_a_block() {
        let long: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut out = Vec::new();
        stored(&[b"head", &long], &mut out);
        assert_eq!(unpack(&out), [[b"head".as_slice(), &long].concat()]);
    }
}
