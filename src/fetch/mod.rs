//! Bytes.
mod exchange;
pub use exchange::*;
