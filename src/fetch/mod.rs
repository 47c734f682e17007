//! Bytes: asks for one URL, once, and says what came of it. The only module that meets the network.
//!
//! - `client` sends the request and collects the body under the limits of `[fetch]`
//! - `resolve` finds the addresses of a name
//! - `guard` refuses addresses that are not public, after name resolution and before connecting; `ports`,
//!   ports of other services
//! - `coding` undoes content codings under the cap
//!
//! Nothing here follows a redirect, retries, or uses a proxy: what goes over the wire is what was
//! decided before, and nothing more.

mod client;
mod coding;
mod guard;
mod ports;
mod resolve;

pub use client::{FetchError, Fetcher, Trust, Validators};
pub use guard::{Refused, check_url, permits};
