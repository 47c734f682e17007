//! Faults of connections, before anything is asked.

use crate::faults::fault::{Fault, connection, nobody};
use crate::faults::plays::{endlessly, is_silent, resets, says};

/// Connections.
pub(in crate::faults) fn connections() -> Vec<Fault> {
    let broken = ["waiting: disallow protocol", "failure protocol", "robots.txt"];
    vec![
        nobody(
            "connection refused",
            ["waiting: disallow connect", "failure connect", "robots.txt"],
        ),
        connection("reset after accept", resets, broken),
        connection("closed after accept", |_| Ok(()), broken),
        connection(
            "accepted in silence",
            is_silent,
            ["waiting: disallow timeout", "failure timeout", "robots.txt"],
        ),
        connection("another protocol", says("SSH-2.0-OpenSSH_9.6\r\n"), broken),
        connection("preface of http 2", says(b"\0\0\0\x04\0\0\0\0\0".as_slice()), broken),
        connection("babble without end", endlessly("", "\u{fffd}\0"), broken),
    ]
}
