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
use crate::archive::lock::Lock;
use crate::archive::read::file_digest;
use crate::archive::scan::{Damage, Scan, Scanned};
use crate::archive::{ArchiveError, SegmentState, format, left_open};
use crate::clock::{self, Moment};
use crate::config::Config;
use crate::crawl::description::RunDescription;
use crate::db::DbError;
use crate::digest::Digest;
use crate::seeds::Seeds;
use replay::{Replay, Replayed};

/// So many exchanges are written in one transaction.
const BATCH: usize = 256;

/// So many wait to be written at most, as the reader goes on.
const AHEAD: usize = 64;

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
    let files = files(dir).map_err(RebuildError::from)?;
    if files.is_empty() {
        return Err(RebuildError::NoFiles { dir: dir.join(format::WARC_DIR) }.into());
    }
    let new = place::New::begin(dir).map_err(RebuildError::from)?;
    let mut rebuild = Rebuild {
        replay: Replay::new(new.open().map_err(RebuildError::from)?, dir, config, seeds),
        batch: Vec::with_capacity(BATCH),
        of: files.iter().map(|file| file.length).sum(),
        done: 0,
        summary: Summary { files: files.len() as u64, ..Summary::default() },
    };
    std::thread::scope(|scope| {
        let (pieces, inbox) = sync_channel(AHEAD);
        scope.spawn(|| {
            read(&files, &pieces);
            drop(pieces);
        });
        rebuild.write(&inbox, &mut tell)
    })?;
    let mut summary = rebuild.summary;
    summary.lost = rebuild.replay.lost();
    rebuild.replay.end(clock::now()).map_err(RebuildError::from)?;
    summary.set_aside = new.put_in_place(clock::now()).map_err(RebuildError::from)?;
    Ok(summary)
}

fn lock(dir: &Path) -> Result<Lock, RebuildError> {
    if !dir.join(format::WARC_DIR).is_dir() {
        return Err(RebuildError::NoFiles { dir: dir.join(format::WARC_DIR) });
    }
    Ok(Lock::acquire(dir)?)
}

/// A sealed file.
struct File {
    name: String,
    path: PathBuf,
    length: u64,
}

/// The files, in the order in which they were written; one that was left open is cut after its last whole
/// record, and sealed.
fn files(dir: &Path) -> Result<Vec<File>, ArchiveError> {
    for left in left_open::find(dir)? {
        let whole = whole_records(left.path())?;
        left.cut(Some(whole))?;
    }
    let mut files = Vec::new();
    for (name, length) in format::sealed(dir)? {
        files.push(File { path: format::find_segment(dir, &name), name, length });
    }
    Ok(files)
}

fn whole_records(path: &Path) -> Result<u64, ArchiveError> {
    let mut end = 0;
    for scanned in Scan::open(path, None)? {
        if let Scanned::Record(found) = scanned? {
            end = found.offset + found.length;
        }
    }
    Ok(end)
}

/// What the reader hands over.
enum Read<'a> {
    /// A file begins.
    Begin(&'a File),
    /// What stands next in it.
    Piece(Box<Piece>),
    /// It was read to its end; all its bytes have this digest.
    End(Digest),
    /// It cannot be read.
    Failed(ArchiveError),
}

fn read<'a>(files: &'a [File], inbox: &SyncSender<Read<'a>>) {
    for file in files {
        if let Err(error) = read_file(file, inbox) {
            drop(inbox.send(Read::Failed(error)));
            return;
        }
    }
}

fn read_file<'a>(file: &'a File, inbox: &SyncSender<Read<'a>>) -> Result<(), ArchiveError> {
    // Where nobody takes it any more the writer has failed, and says why.
    let hand_over = |read| drop(inbox.send(read));
    hand_over(Read::Begin(file));
    for piece in Exchanges::new(Scan::open(&file.path, Some(file.length))?) {
        if inbox.send(Read::Piece(Box::new(piece?))).is_err() {
            return Ok(());
        }
    }
    hand_over(Read::End(file_digest(&file.path, file.length)?));
    Ok(())
}

struct Rebuild<'a> {
    replay: Replay<'a>,
    batch: Vec<Archived>,
    of: u64,
    done: u64,
    summary: Summary,
}

impl Rebuild<'_> {
    fn write<E: From<RebuildError>>(
        &mut self,
        inbox: &Receiver<Read<'_>>,
        tell: &mut impl FnMut(&Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut segment =
            SegmentState { name: String::new(), length: 0, digest: None, sealed: true };
        while let Ok(read) = inbox.recv() {
            match read {
                Read::Failed(error) => return Err(RebuildError::from(error).into()),
                Read::Begin(file) => {
                    segment = SegmentState {
                        name: file.name.clone(),
                        length: file.length,
                        digest: None,
                        sealed: true,
                    };
                    self.replay.segment(&segment).map_err(RebuildError::from)?;
                }
                Read::Piece(piece) => self.piece(*piece, &segment.name, tell)?,
                Read::End(digest) => {
                    self.commit(&segment.name)?;
                    segment.digest = Some(digest);
                    self.replay.segment(&segment).map_err(RebuildError::from)?;
                    self.done += segment.length;
                    tell(&Event::Progress { done: self.done, of: self.of })?;
                }
            }
        }
        Ok(())
    }

    fn piece<E: From<RebuildError>>(
        &mut self,
        piece: Piece,
        segment: &str,
        tell: &mut impl FnMut(&Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match piece {
            Piece::Exchange(archived) => {
                let done = self.done + archived.end;
                self.batch.push(*archived);
                if self.batch.len() >= BATCH {
                    self.commit(segment)?;
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
            Piece::Info { at, software, run } => {
                self.commit(segment)?;
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
            Some(Ok(run)) => return Ok(self.replay.begin_run(run, software)?),
            Some(Err(error)) => {
                tracing::warn!(file = segment, %error, "today's configuration and seeds are gone by");
            }
            None => {}
        }
        Ok(self.replay.begin_unknown_run(software, at)?)
    }

    fn commit(&mut self, segment: &str) -> Result<(), RebuildError> {
        let Replayed { captures, reports } = self.replay.commit(segment, self.batch.drain(..))?;
        self.summary.captures += captures;
        self.summary.reports += reports;
        Ok(())
    }
}
