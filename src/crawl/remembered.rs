//! The links that were taken in lately, so that the same navigation bar does not ask the database a
//! thousand times.

use std::collections::HashMap;

use crate::frontier::Found;

/// So many links are remembered at most.
const LINKS: usize = 1 << 18;

/// Links by the hash of their URL, each with the weight with which it was taken in.
#[derive(Debug, Default)]
pub(crate) struct Remembered(HashMap<i64, u8>);

impl Remembered {
    /// Whether a link can be news: it was not seen lately, or not with so high a score.
    pub(crate) fn is_news(&mut self, found: &Found) -> bool {
        let (hash, weight) = (found.url.hash64(), weight(found));
        if self.0.get(&hash).is_some_and(|known| *known >= weight) {
            return false;
        }
        if self.0.len() >= LINKS {
            self.0.clear();
        }
        self.0.insert(hash, weight);
        true
    }
}

/// One more than the score, so that a link left out weighs less than one taken in.
fn weight(found: &Found) -> u8 {
    if found.excluded.is_some() { 0 } else { found.score.saturating_add(1) }
}
