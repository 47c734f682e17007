//! The faults, a row each: a name, what the host does, and what must be recorded of it (see `Fault`).

mod bodies;
mod codings;
mod connections;
mod documents;
mod heads;
mod redirects;
mod robots_files;

use super::fault::Fault;

/// Whatever is said after it is a body that ends with the connection.
pub(super) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
pub(super) const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Tried a second time at once, and then later.
pub(super) const NO_HTTP: [&str; 3] = ["retrying protocol", "failure protocol", ""];
pub(super) const TOO_LATE: [&str; 3] = ["retrying timeout", "failure timeout", "timeout"];
pub(super) const FETCHED: [&str; 3] = ["fetched status", "response 200", ""];
/// What came before a limit was reached is kept.
pub(super) const TOO_LONG: [&str; 3] = ["fetched status", "response 200 cut length", ""];
pub(super) const BROKEN_OFF: [&str; 3] = ["retrying truncated", "response 200 cut disconnect", ""];
pub(super) const TOO_SLOW: [&str; 3] = ["retrying truncated", "response 200 cut time", ""];
pub(super) const MOVED: [&str; 3] = ["fetched status", "response 302", ""];
pub(super) const PEACE: [&str; 3] = ["waiting peace", "apart 503", "asked for peace"];

/// All faults but those of TLS and of names, which bring their own servers.
pub(super) fn faults() -> Vec<Fault> {
    let tables = [
        connections::connections(),
        heads::endless(),
        heads::fields(),
        heads::statuses(),
        heads::unasked(),
        bodies::lengths(),
        bodies::chunks(),
        bodies::slow(),
        bodies::after(),
        codings::codings(),
        redirects::redirects(),
        redirects::rests(),
        documents::documents(),
        robots_files::unreachable(),
        robots_files::files(),
        robots_files::redirected(),
    ];
    tables.into_iter().flatten().collect()
}
