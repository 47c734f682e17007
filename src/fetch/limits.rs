//! What a server can cost us, where no key of `[fetch]` says it: each figure once, with its reason.

use std::time::Duration;

/// The most bytes of a response head, interim responses included, and of a chunked body's trailers.
/// Browsers stop at 256 KiB; the heads of portals are below 4.
pub(super) const HEAD_BYTES: usize = 64 * 1024;

/// The most fields of a response head.
pub(super) const HEAD_FIELDS: usize = 512;

/// What a connection reads ahead of its reader: as much again as a head may have.
pub(super) const READ_AHEAD_BYTES: usize = 2 * HEAD_BYTES;

/// What a connection may receive before the response head is there: the head, and the part of the body that
/// came with it.
pub(super) const BEFORE_HEAD_BYTES: usize = HEAD_BYTES + 2 * READ_AHEAD_BYTES;

/// HTTP/2: what a server may send of a body before we take it (RFC 9113, section 6.9), at most as much as
/// [`BEFORE_HEAD_BYTES`] leaves room for.
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

/// Bodies beyond this size wait for one of [`LARGE_BODIES`] places, so that memory is bounded by a
/// few large bodies and not by one for each host that is asked.
pub(super) const LARGE_BODY_BYTES: usize = 1 << 20;

/// So many bodies over [`LARGE_BODY_BYTES`] are read at once.
pub(super) const LARGE_BODIES: usize = 4;

/// Idle connections are kept a little longer than most delays and closed before most servers
/// close them: a request on a connection that the server has just closed is a request lost.
pub(super) const IDLE: Duration = Duration::from_secs(4);

/// So many connections are kept idle in all, beside those in use: four times the hosts that a crawl asks at
/// once by default.
pub(super) const IDLE_CONNECTIONS: usize = 256;

/// Of a name's addresses so many are looked at.
pub(super) const ADDRESSES: usize = 16;

/// So many hosts are remembered to need OpenSSL; of more, each is tried both ways each time.
pub(super) const HOSTS_OF_OPENSSL: usize = 65_536;
