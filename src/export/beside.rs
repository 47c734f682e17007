//! Everything is written beside its final name, synced, then renamed: a name that exists is whole. What
//! a killed export left is taken away by the next to the same name.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{BufWriter, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::{ExportError, Size};
use crate::archive::durable::sync_dir;
use crate::db::kept::Kept;
use crate::db::selection::Selection;
use crate::digest::{Digest, Hashing};

/// So much is written at once.
const BUFFER_BYTES: usize = 128 << 10;

/// What `sha256sum -c` checks a folder by.
pub(super) const MANIFEST: &str = "manifest-sha256.txt";

/// Whether the name can be given.
pub(super) fn is_free(out: &Path) -> Result<(), ExportError> {
    if out.symlink_metadata().is_ok() {
        return Err(ExportError::Exists { path: out.to_owned() });
    }
    if out.file_name().is_none() || !parent(out).is_dir() {
        return Err(ExportError::NoPlace { path: out.to_owned() });
    }
    Ok(())
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The folder in which an export grows, ours alone; taken away unless it is finished.
#[derive(Debug)]
pub(super) struct Beside {
    out: PathBuf,
    part: PathBuf,
    finished: bool,
    /// Held while we live.
    _lock: File,
}

impl Beside {
    pub(super) fn begin(out: &Path) -> Result<Self, ExportError> {
        let name = out.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let part = parent(out).join(format!(".{name}.part"));
        let busy = || ExportError::Busy { path: out.to_owned() };
        match fs::create_dir(&part) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(ExportError::io("make the folder", &part)(error));
            }
            _ => {}
        }
        let lock = File::open(&part).map_err(ExportError::io("open", &part))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy()),
            Err(TryLockError::Error(error)) => return Err(ExportError::io("lock", &part)(error)),
        }
        // Another may have finished, and renamed it, between the two.
        let same = |found: &fs::Metadata, held: &fs::Metadata| {
            (found.dev(), found.ino()) == (held.dev(), held.ino())
        };
        match (fs::symlink_metadata(&part), lock.metadata()) {
            (Ok(found), Ok(held)) if same(&found, &held) => {}
            _ => return Err(busy()),
        }
        empty(&part)?;
        Ok(Self { out: out.to_owned(), part, finished: false, _lock: lock })
    }

    /// Where a file of it grows.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.part.join(name)
    }

    /// Where the one file grows that the whole export is.
    pub(super) fn file(&self) -> PathBuf {
        self.path("export")
    }

    /// Gives the folder its final name. Everything in it is synced.
    pub(super) fn finish_folder(mut self) -> Result<(), ExportError> {
        self.rename(&self.part.clone())?;
        self.finished = true;
        Ok(())
    }

    /// Gives the one file its final name. It is synced.
    pub(super) fn finish_file(self) -> Result<(), ExportError> {
        self.rename(&self.file())
    }

    fn rename(&self, from: &Path) -> Result<(), ExportError> {
        is_free(&self.out)?;
        fs::rename(from, &self.out).map_err(ExportError::io("rename", from))?;
        Ok(sync_dir(parent(&self.out))?)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.finished
            && let Err(error) = fs::remove_dir_all(&self.part)
        {
            tracing::warn!(path = %self.part.display(), %error, "an unfinished export is left");
        }
    }
}

fn empty(dir: &Path) -> Result<(), ExportError> {
    let io = ExportError::io("clear", dir);
    for entry in fs::read_dir(dir).map_err(&io)? {
        let entry = entry.map_err(&io)?;
        let is_dir = entry.file_type().map_err(&io)?.is_dir();
        let removed =
            if is_dir { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
        removed.map_err(&io)?;
    }
    Ok(())
}

/// A file that grows, and is hashed as it does.
#[derive(Debug)]
pub(super) struct NewFile {
    path: PathBuf,
    file: BufWriter<Hashed>,
}

#[derive(Debug)]
struct Hashed {
    file: File,
    hasher: Hashing,
    length: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..taken).unwrap_or_default());
        self.length += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl NewFile {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        self.file.write_all(bytes).map_err(ExportError::io("write", &self.path))
    }

    /// Where it grows.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Throws it away.
    pub(super) fn discard(self) -> Result<(), ExportError> {
        fs::remove_file(&self.path).map_err(ExportError::io("remove", &self.path))
    }
}

/// For writers of others' making.
impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// The files of a folder, each in its manifest.
#[derive(Debug)]
pub(super) struct Folder<'a> {
    beside: &'a Beside,
    selection: &'a Selection,
    /// Folders in it that must be synced; few.
    dirs: BTreeSet<PathBuf>,
    files: u64,
    bytes: u64,
}

impl<'a> Folder<'a> {
    pub(super) fn new(beside: &'a Beside, selection: &'a Selection) -> Self {
        let dirs = BTreeSet::from([beside.part.clone()]);
        Self { beside, selection, dirs, files: 0, bytes: 0 }
    }

    /// Begins a file; its path is written with `/`.
    pub(super) fn create(&mut self, name: &str) -> Result<NewFile, ExportError> {
        let path = self.beside.path(name);
        self.make_dirs(&path)?;
        let file = File::create_new(&path).map_err(ExportError::io("make", &path))?;
        let hashed = Hashed { file, hasher: Hashing::default(), length: 0 };
        Ok(NewFile { path, file: BufWriter::with_capacity(BUFFER_BYTES, hashed) })
    }

    fn make_dirs(&mut self, path: &Path) -> Result<(), ExportError> {
        let Some(dir) = path.parent().filter(|dir| !self.dirs.contains(*dir)) else {
            return Ok(());
        };
        fs::create_dir_all(dir).map_err(ExportError::io("make the folder", dir))?;
        let inside = dir.ancestors().take_while(|dir| *dir != self.beside.part);
        self.dirs.extend(inside.map(Path::to_owned));
        Ok(())
    }

    /// Ends a file: on disk for good, and in the manifest.
    pub(super) fn end(&mut self, name: &str, file: NewFile) -> Result<Digest, ExportError> {
        let io = ExportError::io("write", &file.path);
        let hashed = file.file.into_inner().map_err(|error| io(error.into_error()))?;
        hashed.file.sync_all().map_err(ExportError::io("sync", &file.path))?;
        let digest = hashed.hasher.digest();
        self.list(name, &digest, hashed.length)?;
        Ok(digest)
    }

    fn list(&mut self, name: &str, digest: &Digest, length: u64) -> Result<(), ExportError> {
        // The name first, so that lines sort by it.
        self.selection.keep(Kept::Manifest, &format!("{name}\t{}", digest.hex()))?;
        self.files += 1;
        self.bytes += length;
        Ok(())
    }

    /// A whole small file at once.
    pub(super) fn put(&mut self, name: &str, content: &str) -> Result<(), ExportError> {
        let mut file = self.create(name)?;
        file.write(content.as_bytes())?;
        self.end(name, file).map(drop)
    }

    /// Writes the manifest of all that was ended, and syncs the folders.
    pub(super) fn finish(mut self) -> Result<Size, ExportError> {
        let mut manifest = self.create(MANIFEST)?;
        self.selection.each_kept(Kept::Manifest, |line| {
            let (name, digest) = line.split_once('\t').unwrap_or_default();
            manifest.write(format!("{digest}  {name}\n").as_bytes())
        })?;
        let digest = self.end(MANIFEST, manifest)?;
        // The deepest first.
        for dir in self.dirs.iter().rev() {
            sync_dir(dir)?;
        }
        Ok(Size { files: self.files, bytes: self.bytes, digest })
    }
}

/// The digest of a file that is written already, and its length.
pub(super) fn digest_of(path: &Path) -> Result<(Digest, u64), ExportError> {
    let io = ExportError::io("read", path);
    let mut file = File::open(path).map_err(&io)?;
    let (mut hasher, mut length) = (Hashing::default(), 0);
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let taken = std::io::Read::read(&mut file, &mut buffer).map_err(&io)?;
        if taken == 0 {
            return Ok((hasher.digest(), length));
        }
        hasher.update(buffer.get(..taken).unwrap_or_default());
        length += taken as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finished_is_taken_away_and_two_never_write_to_one_name() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let first = Beside::begin(&out).unwrap();
        assert!(matches!(Beside::begin(&out), Err(ExportError::Busy { .. })));
        fs::write(first.path("a"), "a").unwrap();
        drop(first);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_export_left_is_cleared_and_the_name_is_never_taken_from_another() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        fs::create_dir_all(dir.path().join(".out.part/deep")).unwrap();
        fs::write(dir.path().join(".out.part/deep/old"), "old").unwrap();
        let beside = Beside::begin(&out).unwrap();
        assert_eq!(fs::read_dir(dir.path().join(".out.part")).unwrap().count(), 0);
        fs::write(beside.path("new"), "new").unwrap();
        fs::create_dir(&out).unwrap();
        assert!(matches!(beside.finish_folder(), Err(ExportError::Exists { .. })));
        assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
        fs::remove_dir(&out).unwrap();
        let beside = Beside::begin(&out).unwrap();
        fs::write(beside.file(), "new").unwrap();
        beside.finish_file().unwrap();
        assert_eq!(fs::read(&out).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_name_without_a_folder_for_it_is_refused() {
        for path in ["/", "/nowhere/at/all", ".."] {
            assert!(is_free(Path::new(path)).is_err(), "{path}");
        }
    }
}
