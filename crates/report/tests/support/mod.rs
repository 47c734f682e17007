//! What the tests of the parser share.
//!
//! - `numbers`: tables of numbers whose sums hold
//! - `forms`: such tables as the statutory forms lay them out
//! - `markup`: a laid out table as HTML or as text, in many hands
//! - `systems`: a whole page, as portal systems frame it
//! - `fixtures`: the pages that lie beside, with their truths
//! - `page_text`: the text of a page by another reader

pub mod fixtures;
pub mod forms;
pub mod markup;
pub mod numbers;
pub mod page_text;
pub mod systems;

use gongkai_report::{Hints, Report, decode, read_with_evidence};

/// Parses a page of which nothing is known but its bytes.
pub fn parse(bytes: &[u8]) -> Report {
    let hints = Hints::default();
    read_with_evidence(&decode(bytes, &hints), &hints)
}

/// Choices made from one number, so that a failing case is that number.
pub struct Choices(u64);

impl Choices {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        // xorshift64*: even enough for choosing among markups.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap() % end
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// True so many times in a hundred.
    pub fn chance(&mut self, in_a_hundred: usize) -> bool {
        self.below(100) < in_a_hundred
    }
}
