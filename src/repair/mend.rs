//! A damaged WARC file mended: what is whole in it is copied, member by member, to a new file; the damaged one
//! is set aside as it is.
//!
//! The new file bears the name of an open one until the index speaks of it. Killed before that, the next crawl
//! sets it aside; killed after it, the next crawl seals it, and the next repair finds in the damaged file
//! nothing but copies.

use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::archive::read::Found;
use crate::archive::scan::{Scan, Scanned};
use crate::archive::{ArchiveError, SegmentState, durable, format};
use crate::digest::Hashing;

/// A new file of whole records.
#[derive(Debug)]
pub(super) struct Mended {
    /// What the index is to say of it.
    pub(super) state: SegmentState,
    pub(super) path: PathBuf,
    is_spoken_of: bool,
}

/// Copies the records of the file `name` that `keep` wants to a new file, synced. None where there are none.
pub(super) fn copy_whole(
    archive_dir: &Path,
    name: &str,
    keep: impl FnMut(&Found) -> bool,
) -> Result<Option<Mended>, ArchiveError> {
    let from = format::find_segment(archive_dir, name);
    let (new_name, path, file) = create(archive_dir, name)?;
    let mut mended = Mended {
        state: SegmentState { name: new_name, length: 0, digest: None, sealed: true },
        path,
        is_spoken_of: false,
    };
    mended.fill(&from, file, keep)?;
    durable::sync_dir(&archive_dir.join(format::WARC_DIR))?;
    Ok(Some(mended).filter(|mended| mended.state.length > 0))
}

fn member(source: &mut File, found: &Found) -> std::io::Result<Vec<u8>> {
    let mut member = Vec::new();
    source.seek(SeekFrom::Start(found.offset))?;
    std::io::Read::by_ref(source).take(found.length).read_to_end(&mut member)?;
    Ok(member)
}

/// A file whose name says of which it is the mended one, and that no other has.
fn create(archive_dir: &Path, name: &str) -> Result<(String, PathBuf, File), ArchiveError> {
    let dir = archive_dir.join(format::WARC_DIR);
    let mut number = 1;
    loop {
        let new_name = format::mended_name(name, number);
        let path = dir.join(format::open_name(&new_name));
        number += 1;
        if dir.join(&new_name).exists() {
            continue;
        }
        match File::create_new(&path) {
            Ok(file) => return Ok((new_name, path, file)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(ArchiveError::io("make the WARC file", &path)(error)),
        }
    }
}

impl Mended {
    fn fill(
        &mut self,
        from: &Path,
        file: File,
        mut keep: impl FnMut(&Found) -> bool,
    ) -> Result<(), ArchiveError> {
        let read = ArchiveError::io("read", from);
        let mut source = File::open(from).map_err(&read)?;
        let (mut to, mut hashing) = (BufWriter::new(file), Hashing::default());
        for scanned in Scan::open(from, None)? {
            let Scanned::Record(found) = scanned? else {
                continue;
            };
            if !keep(&found) {
                continue;
            }
            let member = member(&mut source, &found).map_err(&read)?;
            to.write_all(&member).map_err(ArchiveError::io("write", &self.path))?;
            hashing.update(&member);
            self.state.length += found.length;
        }
        let write = ArchiveError::io("write", &self.path);
        let file = to.into_inner().map_err(|error| write(error.into_error()))?;
        file.sync_all().map_err(&write)?;
        drop(write);
        self.state.digest = Some(hashing.digest());
        Ok(())
    }

    /// Gives it its final name: the index speaks of it, and from here on it stays whatever happens.
    pub(super) fn seal(mut self) -> Result<SegmentState, ArchiveError> {
        self.is_spoken_of = true;
        durable::seal_file(&self.path, &self.path.with_file_name(&self.state.name))?;
        Ok(self.state.clone())
    }
}

impl Drop for Mended {
    /// What the index does not speak of is a copy, and takes room.
    fn drop(&mut self) {
        if self.is_spoken_of {
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "a copy is left");
        }
    }
}
