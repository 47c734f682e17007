//! What robots.txt permits (RFC 9309).
//!
//! - `lines`: the file as lines, and what a line says; `pattern`: paths and patterns in one form
//! - `limits`: how fast and when we may come; `index`: thousands of rules, and the one that decides
//! - `rules`: the file as what it says to us
//! - `in_force`: what holds for an origin, exchange after exchange
//! - `page_tag`: what a page itself says, in its head or its HTML

mod in_force;
mod index;
mod limits;
mod lines;
mod page_tag;
mod pattern;
mod rules;

pub use in_force::{COPY_SERVES_FOR, FRESH_FOR, InForce, MAX_REDIRECTS, Standing};
pub use limits::VisitTime;
pub use lines::{MAX_BYTES, kept};
pub use page_tag::PageTag;
pub use rules::{Decision, Rules};

/// Our product token (RFC 9309, section 2.2.1).
pub const AGENT: &str = "gongkai";
