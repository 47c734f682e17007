//! Bytes: asks for one URL, once, and says what came of it. The only module that meets the network.
//!
//! - `client` sends the request (`request`) through reqwest
//! - `answer` collects the `body` under the limits of `[fetch]`, and `coding` undoes content codings under the
//!   cap; `limits` holds what no key says, `places` how many large bodies there are at once
//! - `clients` holds reqwest to the one address that was decided on; `ways` says by which TLS a host is asked;
//!   `unanswered` sorts reqwest's errors
//! - `resolve` finds the addresses of a name
//! - `guard` refuses addresses that are not public, after name resolution and before connecting; `ports`,
//!   ports of other services
//!
//! Nothing here follows a redirect, retries, keeps a cookie or uses a proxy: what goes over the wire is what
//! was decided before, and nothing more.

mod answer;
mod body;
mod client;
mod clients;
mod coding;
mod guard;
mod limits;
mod places;
mod ports;
mod request;
mod resolve;
mod unanswered;
mod ways;

#[cfg(test)]
mod tests;

pub use client::{FetchError, Fetcher, Trust, Validators};
pub use guard::{Refused, check_url, permits};
pub use places::Place;
