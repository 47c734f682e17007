//! Links: what a page leads to, and how likely each is, or leads to, a report.
//!
//! - `links` finds them, in one pass over the text, without a tree
//! - `score` weighs them by what they are called, where they point, and where they stand

mod links;
mod score;

pub use links::{Link, LinkKind, Page, links};
pub use score::{PageContext, Score, score};
