//! Names that outlive a power cut: files sealed, files set aside, folders made, each with its folder synced.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{ArchiveError, format};

/// Gives a synced file its final name, never that of another file.
pub(crate) fn seal_file(open: &Path, sealed: &Path) -> Result<(), ArchiveError> {
    if sealed.exists() {
        let source = std::io::Error::from(ErrorKind::AlreadyExists);
        return Err(ArchiveError::io("seal the open file as", sealed)(source));
    }
    std::fs::rename(open, sealed).map_err(ArchiveError::io("rename", open))?;
    sealed.parent().map_or(Ok(()), sync_dir)
}

/// Moves a WARC file as it is out of the way; says where it lies now.
pub(crate) fn set_aside(archive_dir: &Path, name: &str) -> Result<PathBuf, ArchiveError> {
    let from = format::find_segment(archive_dir, name);
    let dir = archive_dir.join(format::SET_ASIDE_DIR);
    make_dir(&dir)?;
    let mut to = dir.join(name);
    let mut number = 1;
    while to.exists() {
        to = dir.join(format!("{name}.{number}"));
        number += 1;
    }
    std::fs::rename(&from, &to).map_err(ArchiveError::io("set aside", &from))?;
    sync_dir(&dir)?;
    sync_dir(&archive_dir.join(format::WARC_DIR))?;
    Ok(to)
}

/// Makes a folder whose name outlives a power cut, as those of the files in it will.
pub(crate) fn make_dir(dir: &Path) -> Result<(), ArchiveError> {
    if dir.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(dir).map_err(ArchiveError::io("make the folder", dir))?;
    dir.parent().map_or(Ok(()), sync_dir)
}

/// Makes the names in a folder outlive a power cut.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), ArchiveError> {
    // The parent of `archive` is written as an empty path.
    let here = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let sync = || File::open(here)?.sync_all();
    sync().map_err(ArchiveError::io("sync the folder", here))
}
