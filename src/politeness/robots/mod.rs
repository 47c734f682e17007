//! What robots.txt permits (RFC 9309).
//!
//! - `rules`: the file as groups and rules, and the match of a URL against them
//! - `in_force`: what holds for an origin, exchange after exchange

mod in_force;
mod rules;

pub use in_force::{COPY_SERVES_FOR, FRESH_FOR, InForce, MAX_REDIRECTS, Standing};
pub use rules::{Decision, Rules, kept};

/// Our product token (RFC 9309, section 2.2.1).
pub const AGENT: &str = "gongkai";
