//! The archive on disk: WARC files, one appender, and what mends them after a kill.
//!
//! - `format`: the names of all files and folders
//! - `warc`: records as the standard writes them, and reads them back
//! - `records`: an exchange as records, ready to be appended; `http_head`, `metadata`: two parts of it,
//!   written and read; `description`: what heads each file; `event`: what happened beside the exchanges
//! - `segment`: the open file, its sync and its seal
//! - `left_open`: what a killed run left, cut at the last byte that the index knows
//! - `files`: all WARC files of an archive, in their order
//! - `read`: a record by its place; `excerpt`: whole exchanges, proven, and copied as they lie
//! - `scan`: a file from its first byte to its last, with what is damaged; `exchanges`: what it holds, read
//!   back
//! - `cdxj`: the lines by which others' replays find a record; `surt`: their keys
//! - `lock`: one crawl at a time; `disk`: how much room there is; `durable`: names
//!   that outlive a power cut
//!
//! Nothing here knows the index; it is told lengths and places, and tells them.

pub mod cdxj;
pub mod description;
pub mod disk;
pub(crate) mod durable;
pub mod event;
pub mod excerpt;
pub mod exchanges;
pub mod files;
pub mod format;
pub mod http_head;
pub mod left_open;
pub mod lock;
pub mod metadata;
pub mod read;
pub mod records;
pub mod scan;
pub mod segment;
pub mod surt;
pub mod warc;

use std::path::{Path, PathBuf};

use crate::digest::Digest;

pub use description::WarcInfo;
pub use records::{CaptureKind, Context, Encoded, Original, Recorded, encode};
pub use segment::{Placed, SegmentState};
pub use warc::writer::Gzip;

/// Why the archive could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The operating system refused.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was attempted.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Another process writes to the archive.
    #[error(
        "another crawl holds the archive in {}{}: nothing was done",
        dir.display(),
        holder.as_deref().map(|holder| format!(" ({holder})")).unwrap_or_default()
    )]
    Held {
        /// The archive.
        dir: PathBuf,
        /// Who holds it, as far as known.
        holder: Option<String>,
    },
    /// A file is shorter than the index says.
    #[error(
        "{} has {found} bytes, the index knows {committed}: get the file back from a copy, or run \
         `gongkai repair`",
        path.display()
    )]
    Short {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// The length that was committed.
        committed: u64,
    },
    /// A file is not there.
    #[error(
        "{} is not there, and the index knows {committed} bytes of it: get the file back from a copy, or \
         run `gongkai repair`",
        path.display()
    )]
    Gone {
        /// The file.
        path: PathBuf,
        /// The length that was committed.
        committed: u64,
    },
    /// A write or a sync failed before, and was not taken back.
    #[error(
        "{} ends with bytes of a write that failed: roll back before anything else is written",
        path.display()
    )]
    NotRolledBack {
        /// The open file.
        path: PathBuf,
    },
    /// A record is not what it should be.
    #[error("{} at byte {offset}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the record begins.
        offset: u64,
        /// What is wrong.
        what: String,
    },
}

impl ArchiveError {
    pub(crate) fn io<'a>(
        what: &'static str,
        path: &'a Path,
    ) -> impl Fn(std::io::Error) -> Self + 'a {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }

    /// Whether the disk, or a quota, was full.
    pub fn is_disk_full(&self) -> bool {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let Self::Io { source, .. } = self else {
            return false;
        };
        matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge)
    }
}
