//! The promises of the README, kept by the binary itself: portals served by another process, a real
//! archive on disk, and where it matters SIGKILL.
//!
//! One test binary, since linking is what takes the time; one file a promise.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that fails says so by panicking"
)]

mod audited;
mod bad_input;
mod closed_pipe;
mod crash_order;
mod disk_full;
mod evaluated;
mod exported;
mod exported_chosen;
mod exported_whole;
mod exports;
mod faults;
mod house;
mod judged_by_others;
mod killed;
mod lured;
mod mistakes;
mod not_pages;
mod one_at_a_time;
mod proven;
mod rebuilt;
mod repaired;
mod reparse;
mod revisits;
mod rfc9309;
mod robots;
mod secured;
mod stopped;
mod stops;
mod support;
mod support_dns;
mod support_tls;
mod told;
mod verified;
mod whole_crawl;
