//! What the benchmarks of the whole program share.
//!
//! - `child`: a child process, and what it took
//! - `site`: made-up portals on loopback, served from a process of their own, and a crawl of them

pub(crate) mod child;
pub(crate) mod site;

use std::error::Error;
use std::io::{self, Write as _};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// A line of the result.
pub(crate) fn say(line: &str) -> Outcome<()> {
    writeln!(io::stdout(), "{line}")?;
    Ok(())
}

/// A count, to be divided.
#[expect(clippy::cast_precision_loss, reason = "what is counted here lies far below 2^52")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
