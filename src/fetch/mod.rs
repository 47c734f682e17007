//! Bytes: asks for one URL, once, and says what came of it. The only module that meets the network.
//!
//! - `client` sends the request (`request`) and collects the `body` under the limits of `[fetch]`; `limits`
//!   holds what no key of it says
//! - `resolve` finds the addresses of a name
//! - `guard` refuses addresses that are not public, after name resolution and before connecting; `ports`,
//!   ports of other services
//! - `connection` goes to one address (`dial`) and speaks HTTP there, over a stream that is `metered` and
//!   secured by `tls`; `pool` keeps those that may be used again
//! - `coding` undoes content codings under the cap
//!
//! Nothing here follows a redirect, retries, keeps a cookie or uses a proxy: what goes over the wire is what
//! was decided before, and nothing more.

mod body;
mod client;
mod coding;
mod connection;
mod dial;
mod guard;
mod limits;
mod metered;
mod pool;
mod ports;
mod request;
mod resolve;
mod tls;

#[cfg(test)]
mod tests;

pub use client::{FetchError, Fetcher, Trust, Validators};
pub use guard::{Refused, check_url, permits};
