//! All WARC files of an archive, sealed and open, in the order in which they were written.

use std::path::{Path, PathBuf};

use super::left_open::{self, LeftOpen};
use super::read::open_segment;
use super::scan::{Scan, Scanned};
use super::{ArchiveError, format};

/// A WARC file, as far as it is gone by.
#[derive(Debug)]
pub struct WarcFile {
    /// Its name when it is sealed.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// In bytes, to its end; of one that is open, to the end of its last whole record.
    pub length: u64,
    /// The open file, if it is one.
    pub left: Option<LeftOpen>,
}

/// The files by name, which is the order in which they were begun. A crawl may go on meanwhile: each file
/// is there once.
///
/// # Errors
/// When the folder, or an open file, cannot be read.
pub fn all(archive_dir: &Path) -> Result<Vec<WarcFile>, ArchiveError> {
    // The open ones first: one that is sealed between the two looks is then seen twice, and not never.
    let open = left_open::find(archive_dir)?;
    let mut files = Vec::new();
    for (name, length) in format::sealed(archive_dir)? {
        let path = format::find_segment(archive_dir, &name);
        files.push(WarcFile { path, name, length, left: None });
    }
    for left in open {
        let name = left.name().to_owned();
        if files.iter().all(|file| file.name != name) {
            let (path, length) = whole_records(archive_dir, &name)?;
            files.push(WarcFile { name, path, length, left: Some(left) });
        }
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(files)
}

fn whole_records(archive_dir: &Path, name: &str) -> Result<(PathBuf, u64), ArchiveError> {
    let (path, file) = open_segment(archive_dir, name)?;
    let mut end = 0;
    for scanned in Scan::of(&path, file, None)? {
        if let Scanned::Record(found) = scanned? {
            end = found.offset + found.length;
        }
    }
    Ok((path, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::segment::tests::{appender, page};
    use crate::clock::Moment;

    #[test]
    fn an_open_file_is_gone_by_to_its_last_whole_record_and_becomes_no_second_one_when_sealed() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = appender(dir.path(), u64::MAX);
        appender.append(&page(b"one"), Moment::from_millis(0)).unwrap();
        let listed = |dir: &Path| {
            let files = all(dir).unwrap();
            files.into_iter().map(|file| (file.name, file.length)).collect::<Vec<_>>()
        };
        let open = all(dir.path()).unwrap().remove(0);
        assert!(open.left.is_some());
        let whole = std::fs::read(&open.path).unwrap();
        assert_eq!(open.length, whole.len() as u64);
        let torn = [&whole, &whole[..40]].concat();
        std::fs::write(&open.path, torn).unwrap();
        assert_eq!(listed(dir.path()), [(open.name.clone(), open.length)]);
        std::fs::write(&open.path, whole).unwrap();
        appender.seal().unwrap();
        assert_eq!(listed(dir.path()), [(open.name, open.length)]);
    }
}
