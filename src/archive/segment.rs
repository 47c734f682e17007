//! The open WARC file: appended to by one writer, synced before any row speaks of it, sealed by
//! taking `.open` off its name.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::records::{Encoded, Gzip, WarcInfo};
use super::{ArchiveError, format};
use crate::clock::Moment;

/// Where the main record of an exchange lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The file, by the name that it has when it is sealed.
    pub segment: String,
    /// Where the record's member begins.
    pub offset: u64,
    /// The member's bytes.
    pub length: u64,
}

/// A WARC file as far as it is synced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentState {
    /// Its name when it is sealed.
    pub name: String,
    /// Its length in bytes.
    pub length: u64,
    /// Nothing is added to it any more.
    pub sealed: bool,
}

/// Appends records to the WARC files of one worker.
#[derive(Debug)]
pub struct Appender {
    dir: PathBuf,
    worker: String,
    info: WarcInfo,
    limit: u64,
    number: u32,
    gzip: Gzip,
    buffer: Vec<u8>,
    open: Option<Open>,
    /// Sealed since the last sync, and not yet told.
    sealed: Vec<SegmentState>,
}

#[derive(Debug)]
struct Open {
    file: File,
    name: String,
    path: PathBuf,
    /// Appended so far.
    length: u64,
    /// Synced so far.
    synced: u64,
    /// What the warcinfo takes: a file of no more holds nothing.
    head: u64,
}

impl Appender {
    /// Writes into this folder; a file that reaches `limit` bytes is sealed and the next one begun.
    /// No file is made before there is something to append.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(dir: &Path, worker: &str, info: WarcInfo, limit: u64) -> Result<Self, ArchiveError> {
        std::fs::create_dir_all(dir).map_err(ArchiveError::io("make the folder", dir))?;
        Ok(Self {
            dir: dir.to_owned(),
            worker: worker.to_owned(),
            info,
            limit,
            number: 0,
            gzip: Gzip::new(),
            buffer: Vec::new(),
            open: None,
            sealed: Vec::new(),
        })
    }

    /// Appends the records of an exchange. They are on disk only after [`Appender::sync`].
    ///
    /// # Errors
    /// When the disk is full, or fails; [`Appender::roll_back`] then restores what was synced.
    pub fn append(&mut self, encoded: &Encoded, now: Moment) -> Result<Placed, ArchiveError> {
        // A full file is sealed only now: what it holds has been committed meanwhile, and a kill
        // between the seal and the commit would leave records that no row speaks of.
        if self
            .open
            .as_ref()
            .is_some_and(|open| open.synced == open.length && open.length >= self.limit)
        {
            let sealed = self.seal()?;
            self.sealed.extend(sealed);
        }
        let open = if let Some(open) = &mut self.open {
            open
        } else {
            let open = self.begin(now)?;
            self.open.insert(open)
        };
        let placed = Placed {
            segment: open.name.clone(),
            offset: open.length,
            length: encoded.main.len() as u64,
        };
        self.buffer.clear();
        self.buffer.extend_from_slice(&encoded.main);
        self.buffer.extend_from_slice(&encoded.others);
        open.file.write_all(&self.buffer).map_err(ArchiveError::io("write", &open.path))?;
        open.length += encoded.length();
        Ok(placed)
    }

    fn begin(&mut self, now: Moment) -> Result<Open, ArchiveError> {
        self.number += 1;
        let name = format::segment_name(now, self.number, &self.worker);
        let path = self.dir.join(format::open_name(&name));
        let mut file =
            File::create_new(&path).map_err(ArchiveError::io("make the WARC file", &path))?;
        let head = self.info.encode(&name, now, &mut self.gzip);
        file.write_all(&head).map_err(ArchiveError::io("write", &path))?;
        // The name itself must outlive a power cut.
        sync_dir(&self.dir)?;
        let length = head.len() as u64;
        Ok(Open { file, name, path, length, synced: 0, head: length })
    }

    /// Puts what was appended on disk for good. Says how long the files are that changed since the
    /// last sync.
    ///
    /// # Errors
    /// When the disk is full, or fails.
    pub fn sync(&mut self) -> Result<Vec<SegmentState>, ArchiveError> {
        let mut states = std::mem::take(&mut self.sealed);
        let Some(open) = self.open.as_mut().filter(|open| open.synced < open.length) else {
            return Ok(states);
        };
        open.file.sync_data().map_err(ArchiveError::io("sync", &open.path))?;
        open.synced = open.length;
        states.push(SegmentState { name: open.name.clone(), length: open.length, sealed: false });
        Ok(states)
    }

    /// Takes back what was appended and not synced.
    ///
    /// # Errors
    /// When the file cannot be cut; the next run will do it.
    pub fn roll_back(&mut self) -> Result<(), ArchiveError> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let cut = |open: &mut Open| {
            open.file.set_len(open.synced)?;
            open.file.seek(SeekFrom::Start(open.synced))?;
            open.file.sync_data()
        };
        cut(open).map_err(ArchiveError::io("cut", &open.path))?;
        open.length = open.synced;
        Ok(())
    }

    /// Seals the open file: synced, renamed, the folder synced. One that holds nothing but its
    /// warcinfo is removed.
    ///
    /// # Errors
    /// When the disk is full, or fails.
    pub fn seal(&mut self) -> Result<Option<SegmentState>, ArchiveError> {
        let Some(open) = self.open.take() else {
            return Ok(None);
        };
        if open.length <= open.head {
            std::fs::remove_file(&open.path).map_err(ArchiveError::io("remove", &open.path))?;
            return Ok(None);
        }
        open.file.sync_all().map_err(ArchiveError::io("sync", &open.path))?;
        seal_file(&open.path, &self.dir.join(&open.name))?;
        Ok(Some(SegmentState { name: open.name, length: open.length, sealed: true }))
    }
}

/// Gives a synced file its final name.
pub(super) fn seal_file(open: &Path, sealed: &Path) -> Result<(), ArchiveError> {
    std::fs::rename(open, sealed).map_err(ArchiveError::io("rename", open))?;
    sealed.parent().map_or(Ok(()), sync_dir)
}

/// Makes the names in a folder outlive a power cut.
pub(super) fn sync_dir(dir: &Path) -> Result<(), ArchiveError> {
    let sync = || File::open(dir)?.sync_all();
    sync().map_err(ArchiveError::io("sync the folder", dir))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::archive::read::{Records, read_record};
    use crate::archive::records::tests::answered;
    use crate::archive::{Context, encode};

    const NOW: Moment = Moment::from_millis(1_769_847_330_123);

    pub(crate) fn appender(archive: &Path, limit: u64) -> Appender {
        let info = WarcInfo {
            software: "gongkai/0".to_owned(),
            contact: "mail@example.org".to_owned(),
            robots: "obey".to_owned(),
            configuration: "[identity]\ncontact = \"mail@example.org\"\n".to_owned(),
        };
        Appender::new(&archive.join(format::WARC_DIR), "w0", info, limit).unwrap()
    }

    pub(crate) fn page(body: &[u8]) -> Encoded {
        encode(&answered(200, &[], body), &Context::default(), &mut Gzip::new())
    }

    fn names(archive: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(archive.join(format::WARC_DIR))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_record_is_read_back_from_its_place_while_its_file_is_open_and_when_it_is_sealed() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = appender(dir.path(), u64::MAX);
        appender.append(&page(b"one"), NOW).unwrap();
        let placed = appender.append(&page(b"two"), NOW).unwrap();
        let states = appender.sync().unwrap();
        assert_eq!(states.len(), 1);
        assert!(names(dir.path())[0].ends_with(".warc.gz.open"));
        let read =
            || read_record(dir.path(), &placed.segment, placed.offset, placed.length).unwrap();
        assert_eq!(read().payload(), b"two");
        let sealed = appender.seal().unwrap().unwrap();
        assert_eq!((sealed.length, sealed.sealed), (states[0].length, true));
        assert_eq!(names(dir.path()), [sealed.name.as_str()]);
        assert_eq!(read().payload(), b"two");
    }

    #[test]
    fn each_file_begins_with_who_wrote_it_and_how() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = appender(dir.path(), u64::MAX);
        appender.append(&page(b"one"), NOW).unwrap();
        let sealed = appender.seal().unwrap().unwrap();
        let path = dir.path().join(format::WARC_DIR).join(&sealed.name);
        let found: Vec<_> = Records::open(&path).unwrap().map(Result::unwrap).collect();
        assert_eq!(found.len(), 4);
        assert_eq!(found[0].record.kind(), "warcinfo");
        assert_eq!(found[0].record.field("WARC-Filename"), Some(sealed.name.as_str()));
        let block = String::from_utf8_lossy(found[0].record.block()).into_owned();
        assert!(block.contains("operator: mail@example.org\r\n"), "{block}");
        assert!(block.contains("configuration: [identity]; contact"), "{block}");
        let end = found.last().map(|last| last.offset + last.length);
        assert_eq!(end, Some(sealed.length));
    }

    #[test]
    fn a_full_file_is_sealed_and_the_next_begun() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = appender(dir.path(), 1);
        appender.append(&page(b"one"), NOW).unwrap();
        assert!(!appender.sync().unwrap()[0].sealed, "what it holds is not committed yet");
        appender.append(&page(b"two"), NOW).unwrap();
        let sealed: Vec<_> = appender.sync().unwrap().iter().map(|state| state.sealed).collect();
        assert_eq!(sealed, [true, false]);
        assert!(appender.seal().unwrap().is_some());
        assert_eq!(names(dir.path()).len(), 2);
    }

    #[test]
    fn what_was_not_synced_is_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = appender(dir.path(), u64::MAX);
        appender.append(&page(b"one"), NOW).unwrap();
        let synced = appender.sync().unwrap().remove(0);
        appender.append(&page(b"two"), NOW).unwrap();
        appender.roll_back().unwrap();
        appender.append(&page(b"three"), NOW).unwrap();
        let sealed = appender.seal().unwrap().unwrap();
        assert!(sealed.length > synced.length);
        let path = dir.path().join(format::WARC_DIR).join(&sealed.name);
        let found: Vec<_> =
            Records::open(&path).unwrap().map(|found| found.unwrap().record).collect();
        let bodies: Vec<_> = found
            .iter()
            .filter(|r| r.kind() == "response")
            .map(super::super::warc::reader::Record::payload)
            .collect();
        assert_eq!(bodies, [b"one".as_slice(), b"three"]);
    }

    #[test]
    fn a_run_that_kept_nothing_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = appender(dir.path(), u64::MAX);
        assert_eq!(appender.seal().unwrap(), None);
        assert!(names(dir.path()).is_empty());
    }
}
