//! What robots.txt permits (RFC 9309).
//!
//! - `rules`: the file as groups and rules, and the match of a URL against them
//! - `standing`: what an answer to `/robots.txt` means before its rules are read

mod rules;
mod standing;

use std::time::Duration;

pub use rules::{Decision, Rules, kept};
pub use standing::{Standing, answer};

/// Our product token (RFC 9309, section 2.2.1).
pub const AGENT: &str = "gongkai";

/// A copy is in force for so long (RFC 9309, section 2.4: no longer than 24 hours).
pub const FRESH_FOR: Duration = Duration::from_hours(24);

/// So many redirects are followed to find the file (RFC 9309, section 2.3.1.2: five at least).
pub const MAX_REDIRECTS: u32 = 5;
