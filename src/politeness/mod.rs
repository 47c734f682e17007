//! May we now: how long a host is left in peace, and who may ask.
//!
//! - `pace`: the delay of a host and its clock (governor's GCRA over a moment kept in the database)
//! - `retry_after`: how long a host that asked for peace, or that fails, is left alone
//! - `robots`: what robots.txt permits (RFC 9309)

pub mod pace;
pub mod retry_after;
pub mod robots;

pub use pace::Permit;
