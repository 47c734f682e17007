//! The promises of the parser: every field right, never a wrong number, no input that harms it.
#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails says so by panicking, and nobody uses it from outside"
)]

mod any_damage;
mod any_table;
mod bad_input;
mod contract;
mod fixtures;
mod support;
