//! Mends what a killed run left: each file that still bears the name of an open one is cut at the
//! last byte that the index knows, and sealed. The bytes cut off are set aside, never thrown away.
//!
//! Each step may be interrupted and done again: the tail is copied and synced before the file is
//! cut, and the file is cut before it is renamed.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::durable::{make_dir, seal_file, sync_dir};
use super::segment::SegmentState;
use super::{ArchiveError, format};

/// A file that bears the name of an open one, with nobody writing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOpen {
    archive_dir: PathBuf,
    path: PathBuf,
    name: String,
}

/// What was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Its name when it is sealed.
    pub name: String,
    /// Bytes that it keeps; 0 where all of it was set aside.
    pub kept: u64,
    /// Bytes that were cut off.
    pub cut: u64,
    /// Where these lie now.
    pub set_aside: Option<PathBuf>,
}

impl Cut {
    /// What the index is to say of it.
    pub fn state(&self) -> SegmentState {
        SegmentState { name: self.name.clone(), length: self.kept, digest: None, sealed: true }
    }
}

/// The files that a killed run left open.
///
/// # Errors
/// When the folder cannot be read.
pub fn find(archive_dir: &Path) -> Result<Vec<LeftOpen>, ArchiveError> {
    let dir = archive_dir.join(format::WARC_DIR);
    let entries = match std::fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(ArchiveError::Io { what: "read the folder", path: dir, source });
        }
    };
    let mut left = Vec::new();
    for entry in entries {
        let entry = entry.map_err(ArchiveError::io("read the folder", &dir))?;
        let file_name = entry.file_name();
        let Some(name) = file_name.to_str().and_then(|name| name.strip_suffix(format::OPEN)) else {
            continue;
        };
        left.push(LeftOpen {
            archive_dir: archive_dir.to_owned(),
            path: entry.path(),
            name: name.to_owned(),
        });
    }
    left.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(left)
}

/// Whether there are WARC files at all, sealed or left open.
///
/// # Errors
/// When the folder cannot be read.
pub fn has_warc_files(archive_dir: &Path) -> Result<bool, ArchiveError> {
    let has_sealed =
        archive_dir.join(format::WARC_DIR).is_dir() && !format::sealed(archive_dir)?.is_empty();
    Ok(has_sealed || !find(archive_dir)?.is_empty())
}

impl LeftOpen {
    /// Its name when it is sealed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes it away, if it holds nothing but copies: what a repair had begun to write of a file that is
    /// still there. False where it is something else.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove_copy(&self) -> Result<bool, ArchiveError> {
        let is_there = |name: String| format::find_segment(&self.archive_dir, &name).exists();
        if !format::mended_from(&self.name).is_some_and(is_there) {
            return Ok(false);
        }
        std::fs::remove_file(&self.path).map_err(ArchiveError::io("remove", &self.path))?;
        Ok(true)
    }

    /// Cuts it at `committed`, the last byte that the index knows (none: it knows the file not at
    /// all), and seals what is left of it.
    ///
    /// # Errors
    /// When bytes are missing that the index knows, or the disk fails.
    pub fn cut(self, committed: Option<u64>) -> Result<Cut, ArchiveError> {
        let io = |what| ArchiveError::io(what, &self.path);
        let mut file =
            OpenOptions::new().read(true).write(true).open(&self.path).map_err(io("open"))?;
        let found = file.metadata().map_err(io("read"))?.len();
        let kept = committed.unwrap_or(0);
        if found < kept {
            return Err(ArchiveError::Short { path: self.path, found, committed: kept });
        }
        let cut = found - kept;
        let set_aside = if cut > 0 { Some(self.set_aside(&mut file, kept)?) } else { None };
        file.set_len(kept).map_err(io("cut"))?;
        file.sync_all().map_err(io("sync"))?;
        if kept > 0 {
            let sealed = self.path.with_file_name(&self.name);
            seal_file(&self.path, &sealed)?;
        } else {
            std::fs::remove_file(&self.path).map_err(io("remove"))?;
        }
        Ok(Cut { name: self.name, kept, cut, set_aside })
    }

    fn set_aside(&self, file: &mut File, from: u64) -> Result<PathBuf, ArchiveError> {
        let dir = self.archive_dir.join(format::SET_ASIDE_DIR);
        make_dir(&dir)?;
        let path = dir.join(format!("{}.from-{from}", self.name));
        let io = ArchiveError::io("write", &path);
        let mut copy = File::create(&path).map_err(&io)?;
        file.seek(SeekFrom::Start(from)).map_err(ArchiveError::io("read", &self.path))?;
        std::io::copy(file, &mut copy).map_err(&io)?;
        copy.sync_all().map_err(&io)?;
        drop(io);
        sync_dir(&dir)?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::segment::tests::{appender, page};
    use crate::clock::Moment;
    use proptest::prelude::*;

    /// A file with one synced batch and one that was not committed, as a kill leaves it.
    fn killed(archive: &Path) -> SegmentState {
        let mut appender = appender(archive, u64::MAX);
        appender.append(&page(b"kept"), Moment::from_millis(0)).unwrap();
        let committed = appender.sync().unwrap().remove(0);
        appender.append(&page(b"lost"), Moment::from_millis(0)).unwrap();
        committed
    }

    fn cut(archive: &Path, committed: Option<u64>) -> Cut {
        let mut left = find(archive).unwrap();
        assert_eq!(left.len(), 1);
        left.remove(0).cut(committed).unwrap()
    }

    #[test]
    fn a_torn_tail_is_cut_at_the_last_byte_that_the_index_knows_and_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let committed = killed(dir.path());
        let whole = std::fs::read(&find(dir.path()).unwrap()[0].path).unwrap();
        let done = cut(dir.path(), Some(committed.length));
        assert_eq!(done.state(), SegmentState { sealed: true, digest: None, ..committed.clone() });
        let sealed = dir.path().join(format::WARC_DIR).join(&committed.name);
        let kept = usize::try_from(committed.length).unwrap();
        assert_eq!(std::fs::read(sealed).unwrap(), whole[..kept]);
        assert_eq!(std::fs::read(done.set_aside.unwrap()).unwrap(), whole[kept..]);
        assert!(find(dir.path()).unwrap().is_empty());
    }

    #[test]
    fn a_file_that_the_index_knows_nothing_of_is_set_aside_whole() {
        let dir = tempfile::tempdir().unwrap();
        killed(dir.path());
        let whole = std::fs::read(&find(dir.path()).unwrap()[0].path).unwrap();
        let done = cut(dir.path(), None);
        assert_eq!(std::fs::read(done.set_aside.unwrap()).unwrap(), whole);
        assert_eq!(std::fs::read_dir(dir.path().join(format::WARC_DIR)).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_lost_committed_bytes_is_an_error_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let committed = killed(dir.path());
        let left = find(dir.path()).unwrap().remove(0);
        let path = left.path.clone();
        let error = left.cut(Some(committed.length + 100_000)).unwrap_err().to_string();
        assert!(error.contains("get the file back from a copy"), "{error}");
        assert!(path.exists());
    }

    #[test]
    fn a_repair_that_was_killed_at_any_step_is_done_again_with_the_same_end() {
        // Killed while the tail was copied; after it; after the cut.
        for (copied, is_cut) in [(3, false), (usize::MAX, false), (usize::MAX, true)] {
            let dir = tempfile::tempdir().unwrap();
            let committed = killed(dir.path());
            let kept = usize::try_from(committed.length).unwrap();
            let left = find(dir.path()).unwrap().remove(0);
            let whole = std::fs::read(&left.path).unwrap();
            let (head, tail) = whole.split_at(kept);
            let set_aside = dir.path().join(format::SET_ASIDE_DIR);
            std::fs::create_dir(&set_aside).unwrap();
            let copy = set_aside.join(format!("{}.from-{kept}", left.name));
            std::fs::write(&copy, &tail[..copied.min(tail.len())]).unwrap();
            if is_cut {
                std::fs::write(&left.path, head).unwrap();
            }
            let done = cut(dir.path(), Some(committed.length));
            assert_eq!(done.kept, committed.length);
            let sealed = dir.path().join(format::WARC_DIR).join(&committed.name);
            assert_eq!(std::fs::read(sealed).unwrap(), head);
            assert_eq!(std::fs::read(&copy).unwrap(), tail);
            assert_eq!(std::fs::read_dir(&set_aside).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_sealed_file_of_the_same_name_is_not_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let committed = killed(dir.path());
        let sealed = dir.path().join(format::WARC_DIR).join(&committed.name);
        std::fs::write(&sealed, b"another").unwrap();
        let left = find(dir.path()).unwrap().remove(0);
        left.cut(Some(committed.length)).unwrap_err();
        assert_eq!(std::fs::read(sealed).unwrap(), b"another");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn a_file_cut_at_any_byte_after_the_committed_ones_is_mended_to_exactly_these(
            at in any::<proptest::sample::Index>(),
            rubbish in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let committed = killed(dir.path());
            let path = find(dir.path()).unwrap().remove(0).path;
            let whole = std::fs::read(&path).unwrap();
            let (kept, tail) = whole.split_at(usize::try_from(committed.length).unwrap());
            let tail = [&tail[..at.index(tail.len())], &rubbish].concat();
            std::fs::write(&path, [kept, &tail].concat()).unwrap();
            let done = cut(dir.path(), Some(committed.length));
            let sealed = dir.path().join(format::WARC_DIR).join(&committed.name);
            prop_assert_eq!(std::fs::read(sealed).unwrap(), kept);
            prop_assert_eq!(done.cut, tail.len() as u64);
            let set_aside = done.set_aside.map(|path| std::fs::read(path).unwrap());
            prop_assert_eq!(set_aside.unwrap_or_default(), tail);
        }
    }
}
