//! The index anew from the WARC files alone: every exchange is concluded again, in the order in which it
//! was archived, as the crawl concluded it.
//!
//! - `replay`: one exchange, from its records to its rows; `payloads`: what its revisit refers to
//! - `settle`: what the crawl decided without asking anybody
//! - `place`: the new database in the place of the old one
//!
//! One thread reads the files, another writes the rows. The database is made beside the old one and takes
//! its place when it is whole: a rebuild that is interrupted leaves everything as it was.

pub(crate) mod payloads;
mod place;
pub(crate) mod replay;
mod settle;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::archive::exchanges::{Archived, Exchanges, Piece};
use crate::archive::files::{self, WarcFile};
use crate::archive::lock::Lock;
use crate::archive::read::file_digest;
use crate::archive::scan::{Damage, Scan};
use crate::archive::{ArchiveError, SegmentState, durable, format};
use crate::clock::{self, Moment};
use crate::config::Config;
use crate::crawl::description::RunDescription;
use crate::db::DbError;
use crate::digest::Digest;
use crate::exchange::Ending;
use crate::seeds::Seeds;
use replay::{Replay, Replayed};

/// So many exchanges are written in one transaction at most, and so many bytes of payloads.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 8 << 20;

/// The reader hands exchanges over in bundles of so many bytes, and goes on so many bundles ahead: the
/// largest payloads come one by one.
const BUNDLE_BYTES: usize = 1 << 20;
const AHEAD: usize = 2;

/// Why the index could not be made anew.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// There are no WARC files.
    #[error("there are no WARC files in {}: expected the archive's folder; --config names another configuration", dir.display())]
    NoFiles {
        /// Where they were looked for.
        dir: PathBuf,
    },
    /// Another process holds the archive; or the WARC files could not be read, or the database not be put in its place.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The new database failed.
    #[error("the new index could not be written; the old one is as it was")]
    Db(#[from] DbError),
}

/// What is told as it happens.
#[derive(Debug)]
pub enum Event<'a> {
    /// Bytes that are no exchange: they were passed over.
    Damage {
        /// The file.
        segment: &'a str,
        /// What is wrong with them.
        damage: &'a Damage,
    },
    /// How far it is, in bytes of the WARC files.
    Progress {
        /// Bytes read.
        done: u64,
        /// Of so many.
        of: u64,
    },
}

/// What was made.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Summary {
    /// WARC files.
    pub files: u64,
    /// Captures.
    pub captures: u64,
    /// Reports that were read out of them.
    pub reports: u64,
    /// Stretches of bytes that were passed over.
    pub damaged: u64,
    /// Payloads that revisits refer to and no file holds.
    pub lost: u64,
    /// Where the index lies that was replaced.
    pub set_aside: Option<PathBuf>,
}

/// Makes the index anew. `config` and `seeds` are gone by for files that describe no run.
///
/// # Errors
/// When another process holds the archive, there are no files, or the disk fails; everything is then as it
/// was. `tell` ends it too.
pub fn run<E: From<RebuildError>>(
    config: &Config,
    seeds: &Seeds,
    tell: impl FnMut(&Event<'_>) -> Result<(), E>,
) -> Result<Summary, E> {
    let lock = lock(&config.archive.dir)?;
    run_locked(config, seeds, &lock, tell)
}

/// As [`run`], where the archive is ours already.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_locked<E: From<RebuildError>>(
    config: &Config,
    seeds: &Seeds,
    _lock: &Lock,
    mut tell: impl FnMut(&Event<'_>) -> Result<(), E>,
) -> Result<Summary, E> {
    let dir = &config.archive.dir;
    let files = files::all(dir).map_err(RebuildError::from)?;
    if files.is_empty() {
        return Err(RebuildError::NoFiles { dir: dir.join(format::WARC_DIR) }.into());
    }
    let new = place::New::begin(dir).map_err(RebuildError::from)?;
    let mut rebuild = Rebuild {
        replay: Replay::new(new.open().map_err(RebuildError::from)?, dir, config, seeds),
        batch: Vec::with_capacity(BATCH),
        batch_bytes: 0,
        of: files.iter().map(|file| file.length).sum(),
        done: 0,
        at: Moment::default(),
        summary: Summary { files: files.len() as u64, ..Summary::default() },
        copies: Vec::new(),
    };
    std::thread::scope(|scope| {
        let (bundles, inbox) = sync_channel(AHEAD);
        scope.spawn(|| read(&files, bundles));
        rebuild.write(&inbox, &mut tell)
    })?;
    Ok(rebuild.put_in_place(new, &files)?)
}

fn lock(dir: &Path) -> Result<Lock, RebuildError> {
    if !dir.join(format::WARC_DIR).is_dir() {
        return Err(RebuildError::NoFiles { dir: dir.join(format::WARC_DIR) });
    }
    Ok(Lock::acquire(dir)?)
}

/// What the reader hands over.
enum Read<'a> {
    /// A file begins.
    Begin(&'a WarcFile),
    /// What stands next in it.
    Piece(Piece),
    /// It was read to its end; all its bytes have this digest.
    End(Digest),
    /// It cannot be read.
    Failed(ArchiveError),
}

/// Hands over in bundles: a page is small, and there are many.
struct Bundles<'a> {
    outbox: SyncSender<Vec<Read<'a>>>,
    bundle: Vec<Read<'a>>,
    bytes: usize,
    /// Nobody takes them any more: the writer has failed, and says why.
    is_over: bool,
}

impl<'a> Bundles<'a> {
    fn add(&mut self, read: Read<'a>) {
        self.bytes += match &read {
            Read::Piece(Piece::Exchange(archived)) => payload_bytes(archived),
            _ => 0,
        };
        self.bundle.push(read);
        if self.bytes >= BUNDLE_BYTES || self.bundle.len() >= BATCH {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        self.bytes = 0;
        self.is_over |= self.outbox.send(std::mem::take(&mut self.bundle)).is_err();
    }
}

fn payload_bytes(archived: &Archived) -> usize {
    match &archived.exchange.ending {
        Ending::Answered(response) => response.payload.len(),
        Ending::Failed(_) => 0,
    }
}

fn read<'a>(files: &'a [WarcFile], outbox: SyncSender<Vec<Read<'a>>>) {
    let mut bundles = Bundles { outbox, bundle: Vec::new(), bytes: 0, is_over: false };
    for file in files.iter().filter(|file| file.length > 0) {
        if let Err(error) = read_file(file, &mut bundles) {
            bundles.add(Read::Failed(error));
            break;
        }
        if bundles.is_over {
            return;
        }
    }
    bundles.hand_over();
}

fn read_file<'a>(file: &'a WarcFile, bundles: &mut Bundles<'a>) -> Result<(), ArchiveError> {
    bundles.add(Read::Begin(file));
    for piece in Exchanges::new(Scan::open(&file.path, Some(file.length))?) {
        bundles.add(Read::Piece(piece?));
        if bundles.is_over {
            return Ok(());
        }
    }
    bundles.add(Read::End(file_digest(&file.path, file.length)?));
    Ok(())
}

struct Rebuild<'a> {
    replay: Replay<'a>,
    batch: Vec<Archived>,
    batch_bytes: usize,
    of: u64,
    done: u64,
    /// When the file at hand was begun, as its warcinfo says; the beginning of time before that is read.
    at: Moment,
    summary: Summary,
    /// Files in which nothing was that is not elsewhere.
    copies: Vec<String>,
}

impl Rebuild<'_> {
    fn write<E: From<RebuildError>>(
        &mut self,
        inbox: &Receiver<Vec<Read<'_>>>,
        tell: &mut impl FnMut(&Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut segment = SegmentState::default();
        let mut found = Replayed::default();
        while let Ok(bundle) = inbox.recv() {
            for read in bundle {
                match read {
                    Read::Failed(error) => return Err(RebuildError::from(error).into()),
                    Read::Begin(file) => {
                        let (name, length) = (file.name.clone(), file.length);
                        segment = SegmentState { name, length, digest: None, sealed: true };
                        self.replay.segment(&segment).map_err(RebuildError::from)?;
                        (found, self.at) = (Replayed::default(), Moment::default());
                    }
                    Read::Piece(piece) => self.piece(piece, &segment.name, &mut found, tell)?,
                    Read::End(digest) => {
                        self.commit(&segment.name, &mut found)?;
                        segment.digest = Some(digest);
                        self.end_file(&segment, &found)?;
                        tell(&Event::Progress { done: self.done, of: self.of })?;
                    }
                }
            }
        }
        Ok(())
    }

    fn end_file(&mut self, segment: &SegmentState, found: &Replayed) -> Result<(), RebuildError> {
        self.done += segment.length;
        if found.captures == 0 && found.copies > 0 {
            self.copies.push(segment.name.clone());
            return Ok(self.replay.remove_segment(&segment.name)?);
        }
        Ok(self.replay.segment(segment)?)
    }

    fn piece<E: From<RebuildError>>(
        &mut self,
        piece: Piece,
        segment: &str,
        found: &mut Replayed,
        tell: &mut impl FnMut(&Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match piece {
            Piece::Exchange(archived) => {
                let done = self.done + archived.end;
                if self.at == Moment::default() {
                    // Its warcinfo is lost.
                    self.at = archived.exchange.started;
                    let run = archived.metadata.provenance.run;
                    let begun = self.replay.begin_unknown_run(run, "unknown", self.at);
                    begun.map_err(RebuildError::from)?;
                }
                self.batch_bytes += payload_bytes(&archived);
                self.batch.push(*archived);
                if self.batch.len() >= BATCH || self.batch_bytes >= BATCH_BYTES {
                    self.commit(segment, found)?;
                    tell(&Event::Progress { done, of: self.of })?;
                }
                Ok(())
            }
            Piece::Damage(damage) => {
                self.summary.damaged += 1;
                tell(&Event::Damage { segment, damage: &damage })
            }
            Piece::Stray(stray) => {
                let Damage { offset, what, .. } = stray;
                tracing::info!(file = segment, offset, "passed over: {what}");
                Ok(())
            }
            Piece::Event(_) => Ok(()),
            Piece::Info { at, software, run } => {
                self.commit(segment, found)?;
                Ok(self.begin_run(segment, &software, at, run.as_deref())?)
            }
        }
    }

    fn begin_run(
        &mut self,
        segment: &str,
        software: &str,
        at: Moment,
        run: Option<&str>,
    ) -> Result<(), RebuildError> {
        match run.map(RunDescription::from_json) {
            Some(Ok(run)) => {
                self.at = at;
                self.replay.begin_run(run, software)?;
            }
            // The first exchange says of which run it is.
            Some(Err(error)) => {
                tracing::warn!(file = segment, %error, "today's configuration and seeds are gone by");
            }
            None => {}
        }
        Ok(())
    }

    fn commit(&mut self, segment: &str, found: &mut Replayed) -> Result<(), RebuildError> {
        self.batch_bytes = 0;
        let replayed = self.replay.commit(segment, self.batch.drain(..))?;
        self.summary.captures += replayed.captures;
        self.summary.reports += replayed.reports;
        found.add(&replayed);
        Ok(())
    }

    /// The new index in the place of the old one; then the files become what it says of them.
    fn put_in_place(
        mut self,
        new: place::New,
        files: &[WarcFile],
    ) -> Result<Summary, RebuildError> {
        let (now, dir) = (clock::now(), self.replay.archive_dir());
        self.replay.take_over_losses(&dir.join(format::DATABASE), now)?;
        self.summary.lost = self.replay.lost();
        self.replay.end(now)?;
        self.summary.set_aside = new.put_in_place(now)?;
        for file in files {
            if let Some(left) = &file.left {
                left.clone().cut(Some(file.length).filter(|length| *length > 0))?;
            }
            if self.copies.contains(&file.name) {
                let aside = durable::set_aside(dir, &file.name)?;
                tracing::warn!(file = file.name, set_aside = %aside.display(), "nothing but copies");
            }
        }
        Ok(self.summary)
    }
}
