//! WARC 1.1 (ISO 28500:2017): records, one gzip member each.
//!
//! - `record` writes a record's head
//! - `writer` packs records
//! - `reader` reads members and records back

pub mod reader;
pub mod record;
pub mod writer;

/// The first line of each record.
pub const VERSION: &str = "WARC/1.1";

/// The profile of a revisit whose payload is that of an earlier record (clause 6.7.2).
pub const PROFILE_IDENTICAL: &str =
    "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest";

/// The profile of a revisit to which the server said "not modified" (clause 6.7.3).
pub const PROFILE_NOT_MODIFIED: &str =
    "http://netpreserve.org/warc/1.1/revisit/server-not-modified";
