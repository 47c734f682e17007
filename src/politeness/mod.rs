//! May we now: how long a host is left in peace, and who may ask.
//!
//! - `pace`: the delay of a host and of an address, and their clocks (governor's GCRA over moments kept in the
//!   database)
//! - `retry_after`: what a host asks for that asks for peace; `backoff`: how long one is left alone that does not
//!   say, or that fails, and how it is forgiven
//! - `robots`: what robots.txt permits (RFC 9309)

pub mod backoff;
pub mod pace;
pub mod retry_after;
pub mod robots;

pub use pace::Permit;
