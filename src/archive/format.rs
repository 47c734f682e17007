//! The names of the archive's files and folders.

use std::path::{Path, PathBuf};

use super::ArchiveError;
use crate::clock::Moment;

/// The index.
pub const DATABASE: &str = "gongkai.db";

/// Held by the crawl that writes.
pub const LOCK: &str = "gongkai.lock";

/// The folder of the WARC files.
pub const WARC_DIR: &str = "warc";

/// The folder of bytes that no row speaks of: cut off, never thrown away.
pub const SET_ASIDE_DIR: &str = "set-aside";

/// The end of a sealed file's name.
pub const SEALED: &str = ".warc.gz";

/// What is added to the name while a file is open.
pub const OPEN: &str = ".open";

/// The name of a WARC file when it is sealed: who wrote it, when it was begun (UTC), its number in
/// the run, and which worker.
pub fn segment_name(begun: Moment, number: u32, worker: &str) -> String {
    format!("gongkai-{}-{number:05}-{worker}{SEALED}", stamp(begun))
}

/// The number in a name that [`segment_name`] made, or [`mended_name`] of such a one: a run numbers its files from 1.
pub fn number_of(name: &str) -> Option<u32> {
    name.strip_suffix(SEALED)?.split('-').nth(2)?.parse().ok()
}

/// The name of the file that holds what was whole in a damaged one; the number tells one repair from another.
pub fn mended_name(damaged: &str, number: u32) -> String {
    let stem = damaged.strip_suffix(SEALED).unwrap_or(damaged);
    format!("{stem}-r{number}{SEALED}")
}

/// The name of the damaged file that one of this name is made from, if it is such a one.
pub fn mended_from(name: &str) -> Option<String> {
    let (stem, number) = name.strip_suffix(SEALED)?.rsplit_once("-r")?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("{stem}{SEALED}"))
}

/// A moment as it stands in a name: UTC, to the millisecond, digits alone.
pub fn stamp(moment: Moment) -> String {
    moment.to_string().chars().filter(char::is_ascii_digit).collect()
}

/// A file's name while it is open.
pub fn open_name(sealed: &str) -> String {
    format!("{sealed}{OPEN}")
}

/// The sealed WARC files by name, which is the order in which they were begun, with their lengths.
///
/// # Errors
/// When the folder cannot be read.
pub fn sealed(archive_dir: &Path) -> Result<Vec<(String, u64)>, ArchiveError> {
    let dir = archive_dir.join(WARC_DIR);
    let io = ArchiveError::io("read the folder", &dir);
    let mut files = Vec::new();
    for file in std::fs::read_dir(&dir).map_err(&io)? {
        let file = file.map_err(&io)?;
        let Some(name) = file.file_name().to_str().map(str::to_owned) else {
            continue;
        };
        let found = file.metadata().map_err(&io)?;
        if name.ends_with(SEALED) && found.is_file() {
            files.push((name, found.len()));
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// Where a WARC file lies, sealed or still open.
pub fn find_segment(archive_dir: &Path, name: &str) -> PathBuf {
    let sealed = archive_dir.join(WARC_DIR).join(name);
    if sealed.exists() {
        return sealed;
    }
    let open = archive_dir.join(WARC_DIR).join(open_name(name));
    // Sealed between the two looks: then it lies where it was looked for first.
    if open.exists() { open } else { sealed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_when_and_by_whom_and_sorts_by_time() {
        let name = segment_name(Moment::from_millis(1_769_847_330_123), 7, "w0");
        assert_eq!(name, "gongkai-20260131081530123-00007-w0.warc.gz");
        assert_eq!(open_name(&name), "gongkai-20260131081530123-00007-w0.warc.gz.open");
        let mended = mended_name(&name, 2);
        assert_eq!(mended, "gongkai-20260131081530123-00007-w0-r2.warc.gz");
        assert_eq!(mended_from(&mended), Some(name.clone()));
        assert_eq!(mended_from(&name), None);
        assert_eq!((number_of(&name), number_of(&mended)), (Some(7), Some(7)));
        assert_eq!(number_of("of-another-hand.warc.gz"), None);
    }
}
