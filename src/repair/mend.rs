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
use crate::archive::{ArchiveError, SegmentState, format, segment};
use crate::digest::Hashing;

/// A new file of whole records.
#[derive(Debug)]
pub(super) struct Mended {
    /// What the index is to say of it.
    pub(super) state: SegmentState,
    path: PathBuf,
}

/// Copies the records of the file `name` that `keep` wants to a new file, synced.
pub(super) fn copy_whole(
    archive_dir: &Path,
    name: &str,
    mut keep: impl FnMut(&Found) -> bool,
) -> Result<Mended, ArchiveError> {
    let from = format::find_segment(archive_dir, name);
    let (new_name, path, file) = create(archive_dir, name)?;
    let io = |what| ArchiveError::io(what, &path);
    let mut source = File::open(&from).map_err(ArchiveError::io("open", &from))?;
    let (mut to, mut hashing, mut length) = (BufWriter::new(file), Hashing::default(), 0);
    for scanned in Scan::open(&from, None)? {
        let Scanned::Record(found) = scanned? else {
            continue;
        };
        if !keep(&found) {
            continue;
        }
        let member = member(&mut source, &found).map_err(ArchiveError::io("read", &from))?;
        to.write_all(&member).map_err(io("write"))?;
        hashing.update(&member);
        length += found.length;
    }
    let file = to.into_inner().map_err(|error| io("write")(error.into_error()))?;
    file.sync_all().map_err(io("sync"))?;
    segment::sync_dir(&archive_dir.join(format::WARC_DIR))?;
    let digest = Some(hashing.digest());
    let state = SegmentState { name: new_name, length, digest, sealed: true };
    Ok(Mended { state, path })
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
    /// Gives it its final name: the index speaks of it.
    pub(super) fn seal(&self) -> Result<(), ArchiveError> {
        segment::seal_file(&self.path, &self.path.with_file_name(&self.state.name))
    }

    /// Takes it away: there is nothing in it.
    pub(super) fn discard(&self) -> Result<(), ArchiveError> {
        std::fs::remove_file(&self.path).map_err(ArchiveError::io("remove", &self.path))
    }
}

/// Moves a WARC file as it is out of the way; says where it lies now.
pub(super) fn set_aside(archive_dir: &Path, name: &str) -> Result<PathBuf, ArchiveError> {
    let from = format::find_segment(archive_dir, name);
    let dir = archive_dir.join(format::SET_ASIDE_DIR);
    segment::make_dir(&dir)?;
    let mut to = dir.join(name);
    let mut number = 1;
    while to.exists() {
        to = dir.join(format!("{name}.{number}"));
        number += 1;
    }
    std::fs::rename(&from, &to).map_err(ArchiveError::io("set aside", &from))?;
    segment::sync_dir(&dir)?;
    segment::sync_dir(&archive_dir.join(format::WARC_DIR))?;
    Ok(to)
}
