//! The new database in the place of the old one. At each instant one of the two is whole and in its place.

use std::path::{Path, PathBuf};

use crate::archive::{ArchiveError, durable, format};
use crate::clock::Moment;
use crate::db::{Db, DbError};

/// What SQLite writes beside a database.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// A database in the making.
#[derive(Debug)]
pub(super) struct New {
    dir: PathBuf,
    path: PathBuf,
    placed: bool,
}

impl New {
    /// Beside the database of this archive; what an interrupted rebuild left there goes.
    pub(super) fn begin(dir: &Path) -> Result<Self, ArchiveError> {
        let path = dir.join(format!("{}.new", format::DATABASE));
        let new = Self { dir: dir.to_owned(), path, placed: false };
        new.remove()?;
        Ok(new)
    }

    pub(super) fn open(&self) -> Result<Db, DbError> {
        Db::make_unsynced(&self.path)
    }

    fn remove(&self) -> Result<(), ArchiveError> {
        for path in [self.path.clone(), beside(&self.path, "-journal")] {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(ArchiveError::io("remove", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Sets the old database aside, if there is one, and puts this one in its place. Says where the old
    /// one lies.
    pub(super) fn put_in_place(mut self, now: Moment) -> Result<Option<PathBuf>, ArchiveError> {
        let sync = || std::fs::File::open(&self.path)?.sync_all();
        sync().map_err(ArchiveError::io("sync", &self.path))?;
        let old = self.dir.join(format::DATABASE);
        let set_aside = self.set_aside(&old, now)?;
        std::fs::rename(&self.path, &old).map_err(ArchiveError::io("rename", &self.path))?;
        self.placed = true;
        durable::sync_dir(&self.dir)?;
        Ok(set_aside)
    }

    fn set_aside(&self, old: &Path, now: Moment) -> Result<Option<PathBuf>, ArchiveError> {
        let is_there = old.exists();
        if !is_there && !BESIDE.iter().any(|ending| beside(old, ending).exists()) {
            return Ok(None);
        }
        // From here on it must be whole without what lies beside it.
        Db::take_in_log(old);
        let dir = self.dir.join(format::SET_ASIDE_DIR);
        durable::make_dir(&dir)?;
        let aside = dir.join(format!("{}.{}", format::DATABASE, format::stamp(now)));
        // A second name for it, so that there is a database in its place all the while.
        if is_there {
            std::fs::hard_link(old, &aside)
                .or_else(|_unsupported| std::fs::copy(old, &aside).map(drop))
                .map_err(ArchiveError::io("set aside", old))?;
        }
        // Even without a database: what lay beside the old one must not be taken for the new one's.
        for ending in BESIDE {
            let (from, to) = (beside(old, ending), beside(&aside, ending));
            if from.exists() {
                std::fs::rename(&from, &to).map_err(ArchiveError::io("set aside", &from))?;
            }
        }
        durable::sync_dir(&dir)?;
        Ok(is_there.then_some(aside))
    }
}

impl Drop for New {
    /// What was not put in place is worth nothing, and takes room.
    fn drop(&mut self) {
        if !self.placed
            && let Err(error) = self.remove()
        {
            tracing::debug!(%error, "an index that was not finished is left");
        }
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
