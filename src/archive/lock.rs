//! One crawl at a time: an advisory lock on a file, which the system lets go when a process dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use super::{ArchiveError, format};

/// The archive is ours until this is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of an archive.
    ///
    /// # Errors
    /// When another process holds it, or the file cannot be made or locked.
    pub fn acquire(archive_dir: &Path) -> Result<Self, ArchiveError> {
        let path = archive_dir.join(format::LOCK);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(ArchiveError::io("open the lock", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let (dir, holder) = (archive_dir.to_owned(), holder(archive_dir));
                return Err(ArchiveError::Held { dir, holder });
            }
            Err(TryLockError::Error(source)) => {
                return Err(ArchiveError::Io { what: "lock", path, source });
            }
        }
        let sign = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())
        };
        if let Err(error) = sign(&mut file) {
            // The lock holds all the same; only its holder's number is not told.
            tracing::debug!(%error, "the lock could not be signed");
        }
        Ok(Self { _file: file })
    }
}

/// Who holds it, for a message: `process 123`.
fn holder(archive_dir: &Path) -> Option<String> {
    let mut number = String::new();
    let file = File::open(archive_dir.join(format::LOCK)).ok()?;
    file.take(20).read_to_string(&mut number).ok()?;
    let number: u32 = number.trim().parse().ok()?;
    Some(format!("process {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_never_hold_it_and_it_is_let_go() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::acquire(dir.path()).unwrap();
        let error = Lock::acquire(dir.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("(process {})", std::process::id())), "{error}");
        drop(first);
        Lock::acquire(dir.path()).unwrap();
    }
}
