//! What a server can cost us, where no key of `[fetch]` says it: each figure once, with its reason.

use std::time::Duration;

/// The most bytes of a response head. Browsers stop at 256 KiB; the heads of portals are below 4. (hyper
/// reads up to 408 KiB of a head without end before it gives up, and 16 KiB of a chunked body's trailers.)
pub(super) const HEAD_BYTES: usize = 64 * 1024;

/// The most fields of a response head.
pub(super) const HEAD_FIELDS: usize = 512;

/// HTTP/2: what a server may send of a body before we take it (RFC 9113, section 6.9).
pub(super) const WINDOW_BYTES: u32 = 128 * 1024;

/// The most codings of one body that are undone; more are left as they came.
pub(super) const CODINGS: usize = 3;

/// A body may unpack to so many times its size on the wire, beyond [`RATIO_FREE_BYTES`]. Deflate reaches
/// 1,032 on nothing but zeros; pages stay below 50.
pub(super) const RATIO: u64 = 500;

/// So many bytes may be unpacked whatever the ratio.
pub(super) const RATIO_FREE_BYTES: u64 = 1 << 20;

/// `fetch.min_rate` is asked of a body after so long: a slow start is not a trickle.
pub(super) const RATE_GRACE: Duration = Duration::from_secs(10);

/// Bodies beyond this size, on the wire or unpacked, wait for one of [`LARGE_BODIES`] places, so that memory is
/// bounded by a few large bodies and not by one for each host that is asked.
pub(super) const LARGE_BODY_BYTES: usize = 1 << 20;

/// So many bodies over [`LARGE_BODY_BYTES`] are in memory at once, from the wire until they are archived.
pub(super) const LARGE_BODIES: usize = 4;

/// Idle connections are kept a little longer than most delays and closed before most servers
/// close them: a request on a connection that the server has just closed is a request lost.
pub(super) const IDLE: Duration = Duration::from_secs(4);

/// So many destinations keep their client: those that a large crawl asks within [`IDLE`].
pub(super) const CLIENTS: usize = 512;

/// Of a name's addresses so many are looked at.
pub(super) const ADDRESSES: usize = 16;

/// So many portals are remembered to need another way than the first; of more, each is tried anew each time.
pub(super) const PORTALS_KNOWN: usize = 65_536;

/// So long a certificate that was found broken, and is allowed to be, is taken to be so: each verification
/// costs the portal a connection.
pub(super) const CERTIFICATE_KNOWN: Duration = Duration::from_hours(1);
