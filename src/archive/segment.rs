//! The open WARC file: appended to by one writer, synced before any row speaks of it, sealed by
//! taking `.open` off its name.

use std::fs::File;
use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::description::WarcInfo;
use super::durable::{make_dir, seal_file, sync_dir};
use super::event::Event;
use super::records::Encoded;
use super::{ArchiveError, Gzip, format};
use crate::clock::Moment;
use crate::digest::{Digest, Hashing};

/// Room for the records of one exchange is kept for the next, up to this: one large body does not
/// hold its memory for the rest of the run.
const BUFFER_BYTES: usize = 1 << 20;

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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SegmentState {
    /// Its name when it is sealed.
    pub name: String,
    /// Its length in bytes.
    pub length: u64,
    /// The SHA-256 of these bytes; none where it is as it was.
    pub digest: Option<Digest>,
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
    /// Over what was appended, and over what was synced.
    hashing: Hashing,
    hashed: Hashing,
    /// A write or a sync failed: what lies behind `synced` is not to be trusted. After a failed
    /// sync the system may call lost pages clean, so that the next sync would succeed.
    failed: bool,
}

impl Open {
    /// Writes at the end.
    fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.sound()?;
        let written = self.file.write_all(bytes);
        self.failed = written.is_err();
        written.map_err(ArchiveError::io("write", &self.path))?;
        self.length += bytes.len() as u64;
        self.hashing.update(bytes);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), ArchiveError> {
        self.sound()?;
        let synced = self.file.sync_data();
        self.failed = synced.is_err();
        synced.map_err(ArchiveError::io("sync", &self.path))?;
        self.synced = self.length;
        self.hashed = self.hashing.clone();
        Ok(())
    }

    fn state(&self, sealed: bool) -> SegmentState {
        SegmentState {
            name: self.name.clone(),
            length: self.synced,
            digest: Some(self.hashed.digest()),
            sealed,
        }
    }

    fn roll_back(&mut self) -> std::io::Result<()> {
        self.failed = true;
        self.file.set_len(self.synced)?;
        self.file.seek(SeekFrom::Start(self.synced))?;
        self.file.sync_data()?;
        self.length = self.synced;
        self.hashing = self.hashed.clone();
        self.failed = false;
        Ok(())
    }

    fn sound(&self) -> Result<(), ArchiveError> {
        if self.failed {
            return Err(ArchiveError::NotRolledBack { path: self.path.clone() });
        }
        Ok(())
    }
}

impl Appender {
    /// Writes into this folder; a file that reaches `limit` bytes is sealed and the next one begun.
    /// No file is made before there is something to append.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(dir: &Path, worker: &str, info: WarcInfo, limit: u64) -> Result<Self, ArchiveError> {
        make_dir(dir)?;
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
        self.buffer.clear();
        self.buffer.extend_from_slice(&encoded.main);
        self.buffer.extend_from_slice(&encoded.others);
        let (segment, offset) = self.append_buffer(now)?;
        Ok(Placed { segment, offset, length: encoded.main.len() as u64 })
    }

    /// Appends an event. It is on disk only after [`Appender::sync`].
    ///
    /// # Errors
    /// As [`Appender::append`].
    pub fn append_event(&mut self, event: &Event) -> Result<(), ArchiveError> {
        self.buffer.clear();
        self.buffer.extend(event.encode(&mut self.gzip));
        self.append_buffer(event.at)?;
        Ok(())
    }

    /// Appends what stands in the buffer; in which file, and where in it.
    fn append_buffer(&mut self, now: Moment) -> Result<(String, u64), ArchiveError> {
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
        let placed = (open.name.clone(), open.length);
        let written = open.write(&self.buffer);
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_BYTES);
        written?;
        Ok(placed)
    }

    fn begin(&mut self, now: Moment) -> Result<Open, ArchiveError> {
        let (name, path, file) = self.create(now)?;
        let mut open = Open {
            file,
            name,
            path,
            length: 0,
            synced: 0,
            hashing: Hashing::default(),
            hashed: Hashing::default(),
            failed: false,
        };
        let head = self.info.encode(&open.name, now, &mut self.gzip);
        // The name itself must outlive a power cut.
        let begun = open.write(&head).and_then(|()| sync_dir(&self.dir));
        if let Err(error) = begun {
            // Nobody knows of the file yet.
            if let Err(left) = std::fs::remove_file(&open.path) {
                tracing::debug!(path = %open.path.display(), %left, "a file without records is left");
            }
            return Err(error);
        }
        Ok(open)
    }

    /// Makes a file whose name no other has, be it open or sealed.
    fn create(&mut self, now: Moment) -> Result<(String, PathBuf, File), ArchiveError> {
        loop {
            self.number += 1;
            let name = format::segment_name(now, self.number, &self.worker);
            let path = self.dir.join(format::open_name(&name));
            if self.dir.join(&name).exists() {
                continue;
            }
            match File::create_new(&path) {
                Ok(file) => return Ok((name, path, file)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(ArchiveError::io("make the WARC file", &path)(error)),
            }
        }
    }

    /// Puts what was appended on disk for good. Says how long the files are that changed since the
    /// last sync.
    ///
    /// # Errors
    /// When the disk is full, or fails.
    pub fn sync(&mut self) -> Result<Vec<SegmentState>, ArchiveError> {
        let mut open_state = None;
        if let Some(open) = &mut self.open {
            let changed = open.synced < open.length;
            // Without a change too: a failure before is told again.
            if changed || open.failed {
                open.sync()?;
                open_state = Some(open.state(false));
            }
        }
        let mut states = std::mem::take(&mut self.sealed);
        states.extend(open_state);
        Ok(states)
    }

    /// Takes back what was appended and not synced. A file of which nothing was synced is removed:
    /// what remained of it would have no warcinfo.
    ///
    /// # Errors
    /// When the file cannot be cut. Nothing can be appended then; the next run cuts it.
    pub fn roll_back(&mut self) -> Result<(), ArchiveError> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        if open.synced > 0 {
            return open.roll_back().map_err(ArchiveError::io("cut", &open.path));
        }
        open.failed = true;
        std::fs::remove_file(&open.path).map_err(ArchiveError::io("remove", &open.path))?;
        self.open = None;
        Ok(())
    }

    /// Seals the open file, what was appended last included: synced, renamed, the folder synced.
    /// None where no file is open.
    ///
    /// # Errors
    /// When the disk is full, or fails.
    pub fn seal(&mut self) -> Result<Option<SegmentState>, ArchiveError> {
        let Some(open) = &mut self.open else {
            return Ok(None);
        };
        open.sync()?;
        seal_file(&open.path, &self.dir.join(&open.name))?;
        let state = open.state(true);
        self.open = None;
        Ok(Some(state))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::archive::read::{Records, read_record};
    use crate::archive::records::tests::answered;
    use crate::archive::warc::reader::Record;
    use crate::archive::{Context, description, encode};
    use proptest::prelude::*;
    use std::io::Read as _;

    const NOW: Moment = Moment::from_millis(1_769_847_330_123);

    pub(crate) fn appender(archive: &Path, limit: u64) -> Appender {
        let info = WarcInfo {
            software: "gongkai/0".to_owned(),
            contact: "mail@example.org".to_owned(),
            robots: "obey".to_owned(),
            configuration: "[identity]\ncontact = \"mail@example.org\"\n".to_owned(),
            run: "{\"run\":1}".to_owned(),
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
        assert_eq!(found.len(), 1 + 3);
        assert_eq!(found[0].record.kind(), "warcinfo");
        assert_eq!(found[0].record.field("WARC-Filename"), Some(sealed.name.as_str()));
        let block = String::from_utf8_lossy(found[0].record.block()).into_owned();
        assert!(block.contains("operator: mail@example.org\r\n"), "{block}");
        assert!(block.contains("configuration: [identity]; contact"), "{block}");
        assert_eq!(description::run(found[0].record.block()), Some("{\"run\":1}"));
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
        let bodies: Vec<_> =
            found.iter().filter(|r| r.kind() == "response").map(Record::payload).collect();
        assert_eq!(bodies, [b"one".as_slice(), b"three"]);
    }

    #[test]
    fn a_run_that_kept_nothing_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = appender(dir.path(), u64::MAX);
        assert_eq!(appender.seal().unwrap(), None);
        appender.append(&page(b"one"), NOW).unwrap();
        appender.roll_back().unwrap();
        assert_eq!(appender.seal().unwrap(), None);
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn a_file_begun_anew_after_a_roll_back_has_its_warcinfo_and_keeps_its_records() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = appender(dir.path(), u64::MAX);
        appender.append(&page(b"one"), NOW).unwrap();
        appender.roll_back().unwrap();
        appender.append(&page(b"2"), NOW).unwrap();
        appender.sync().unwrap();
        let sealed = appender.seal().unwrap().unwrap();
        let path = dir.path().join(format::WARC_DIR).join(&sealed.name);
        let found: Vec<_> = Records::open(&path).unwrap().map(Result::unwrap).collect();
        assert_eq!(found[0].record.kind(), "warcinfo");
        assert_eq!(found[1].record.payload(), b"2");
    }

    #[test]
    fn after_a_write_that_failed_nothing_is_kept_until_it_was_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = appender(dir.path(), u64::MAX);
        appender.append(&page(b"one"), NOW).unwrap();
        let synced = appender.sync().unwrap().remove(0);
        let open = appender.open.as_mut().unwrap();
        // A file that is open for reading alone takes no bytes, as a full disk takes none.
        let read_only = File::open(&open.path).unwrap();
        let writable = std::mem::replace(&mut open.file, read_only);
        let error = appender.append(&page(b"two"), NOW).unwrap_err();
        assert!(matches!(error, ArchiveError::Io { what: "write", .. }));
        appender.open.as_mut().unwrap().file = writable;
        for error in [
            appender.append(&page(b"two"), NOW).unwrap_err(),
            appender.sync().unwrap_err(),
            appender.seal().unwrap_err(),
        ] {
            assert!(matches!(error, ArchiveError::NotRolledBack { .. }));
        }
        appender.roll_back().unwrap();
        let placed = appender.append(&page(b"two"), NOW).unwrap();
        assert_eq!(placed.offset, synced.length);
        let sealed = appender.seal().unwrap().unwrap();
        let path = dir.path().join(format::WARC_DIR).join(&sealed.name);
        assert_eq!(responses(&path, sealed.length), [b"one", b"two"]);
    }

    #[test]
    fn a_sealed_file_is_never_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = appender(dir.path(), u64::MAX);
        first.append(&page(b"one"), NOW).unwrap();
        let one = first.seal().unwrap().unwrap();
        // The clock stands still, or was set back.
        let mut second = appender(dir.path(), u64::MAX);
        second.append(&page(b"two"), NOW).unwrap();
        let two = second.seal().unwrap().unwrap();
        assert_ne!(one.name, two.name);
        let path = dir.path().join(format::WARC_DIR).join(&one.name);
        let error = seal_file(&dir.path().join("other"), &path).unwrap_err();
        assert!(error.to_string().contains(&one.name), "{error}");
        assert_eq!(responses(&path, one.length), [b"one"]);
    }

    #[test]
    fn a_sealed_file_is_one_gzip_stream_to_those_who_know_nothing_of_warc() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = appender(dir.path(), u64::MAX);
        for number in 0..20_usize {
            appender.append(&page(&vec![b'a'; number * 1_000]), NOW).unwrap();
        }
        let sealed = appender.seal().unwrap().unwrap();
        let path = dir.path().join(format::WARC_DIR).join(&sealed.name);
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(File::open(&path).unwrap())
            .read_to_end(&mut plain)
            .unwrap();
        let versions = plain.windows(10).filter(|ten| ten == b"WARC/1.1\r\n");
        assert_eq!(versions.count(), 1 + 20 * 3);
    }

    /// The payloads in the first `length` bytes of a file, which must be whole records that begin
    /// with a warcinfo.
    fn responses(path: &Path, length: u64) -> Vec<Vec<u8>> {
        let mut found: Vec<_> = Records::open(path)
            .unwrap()
            .take_while(|found| found.as_ref().unwrap().offset < length)
            .map(Result::unwrap)
            .collect();
        let last = found.last().unwrap();
        assert_eq!(last.offset + last.length, length);
        assert_eq!(found.remove(0).record.kind(), "warcinfo");
        found.retain(|found| found.record.kind() == "response");
        let payloads = found.into_iter().map(|found| found.record.into_payload());
        payloads.collect()
    }

    #[derive(Debug, Clone)]
    enum Step {
        Append(Vec<u8>),
        Sync,
        RollBack,
        Seal,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => proptest::collection::vec(any::<u8>(), 0..2_000).prop_map(Step::Append),
            2 => Just(Step::Sync),
            1 => Just(Step::RollBack),
            1 => Just(Step::Seal),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn whatever_is_done_the_files_hold_what_was_synced_and_each_record_at_its_place(
            steps in proptest::collection::vec(step(), 0..24),
            limit in prop_oneof![Just(1_u64), 1_000_u64..9_000, Just(u64::MAX)],
        ) {
            let dir = tempfile::tempdir().unwrap();
            let mut appender = appender(dir.path(), limit);
            let (mut kept, mut pending) = (Vec::new(), Vec::new());
            let mut states = std::collections::BTreeMap::new();
            for step in steps {
                let told = match step {
                    Step::Append(body) => {
                        pending.push((appender.append(&page(&body), NOW).unwrap(), body));
                        continue;
                    }
                    Step::RollBack => {
                        appender.roll_back().unwrap();
                        pending.clear();
                        continue;
                    }
                    Step::Sync => appender.sync().unwrap(),
                    Step::Seal => appender.seal().unwrap().into_iter().collect(),
                };
                kept.append(&mut pending);
                states.extend(told.into_iter().map(|state| (state.name.clone(), state)));
            }
            for (placed, body) in &kept {
                let record = read_record(dir.path(), &placed.segment, placed.offset, placed.length);
                prop_assert_eq!(&record.unwrap().into_payload(), body);
            }
            let mut stored = Vec::new();
            for (name, state) in &states {
                let path = format::find_segment(dir.path(), name);
                stored.extend(responses(&path, state.length));
            }
            let kept: Vec<_> = kept.into_iter().map(|(_, body)| body).collect();
            prop_assert_eq!(stored, kept);
        }
    }
}
