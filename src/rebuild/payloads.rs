//! Payloads that revisits refer to, read once while they are talked of: a portal's columns come again and again
//! with the same bytes.

use std::collections::HashMap;
use std::path::Path;

use crate::archive::read;
use crate::db::captures::Stored;
use crate::digest::Digest;

/// So many bytes are held at most.
const HELD_BYTES: usize = 32 << 20;

/// Payloads at hand.
#[derive(Debug, Default)]
pub(crate) struct Payloads {
    at_hand: HashMap<Digest, Vec<u8>>,
    bytes: usize,
}

impl Payloads {
    /// The payload that is stored there; none where it cannot be read.
    pub(crate) fn get(&mut self, archive_dir: &Path, stored: &Stored) -> Option<Vec<u8>> {
        if let Some(payload) = self.at_hand.get(&stored.digest) {
            return Some(payload.clone());
        }
        let read = read::payload(archive_dir, &stored.segment, stored.offset, stored.length);
        let payload = match read {
            Ok(payload) => payload,
            Err(error) => {
                tracing::debug!(%error, "the payload of a revisit cannot be read");
                return None;
            }
        };
        if self.bytes + payload.len() > HELD_BYTES {
            *self = Self::default();
        }
        if payload.len() <= HELD_BYTES {
            self.bytes += payload.len();
            self.at_hand.insert(stored.digest, payload.clone());
        }
        Some(payload)
    }
}
