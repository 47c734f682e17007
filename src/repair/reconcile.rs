//! The rows of one file brought in line with its records, in one transaction.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::archive::exchanges::{Archived, Exchanges, Piece};
use crate::archive::scan::Scan;
use crate::archive::{ArchiveError, CaptureKind, Placed, SegmentState};
use crate::canonical::CanonicalUrl;
use crate::clock::Moment;
use crate::config::Config;
use crate::crawl::description::RunDescription;
use crate::crawl::remembered::Remembered;
use crate::crawl::work::Settings;
use crate::db::mend::CaptureRow;
use crate::db::replay::Loss;
use crate::db::runs::Tally;
use crate::db::{Db, DbError, Tx};
use crate::rebuild::payloads::Payloads;
use crate::rebuild::replay::Pass;
use crate::seeds::Seeds;

/// What was brought in line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Reconciled {
    /// Rows that stay, be it at another place.
    pub(super) kept: u64,
    /// Rows that were added.
    pub(super) added: u64,
    /// Rows that were taken away.
    pub(super) removed: u64,
    /// Exchanges that stand in another file too, and have their rows there.
    pub(super) copies: u64,
    /// Pages that are asked for again.
    pub(super) asked_again: u64,
}

/// What a repair goes by.
pub(super) struct Ground<'a> {
    pub(super) archive_dir: &'a Path,
    pub(super) config: &'a Config,
    pub(super) seeds: &'a Seeds,
    pub(super) now: Moment,
}

/// Why not.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReconcileError {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Ground<'_> {
    /// Makes the rows that the index has for the file `old` those of the records in the file at `path`, which
    /// is known as `new` from then on. `lost` says why rows without a record have lost it; none where they
    /// never had one.
    pub(super) fn reconcile(
        &self,
        db: &mut Db,
        old: &str,
        path: &Path,
        new: &SegmentState,
        lost: Option<&str>,
    ) -> Result<Reconciled, ReconcileError> {
        let tx = db.begin()?;
        tx.set_segment(new)?;
        let mut rows = tx.captures_by_record(old)?;
        let mut done = Reconciled::default();
        let unspoken = self.keep_all(&tx, path, new, &mut rows, &mut done)?;
        for (record_id, rows) in rows {
            // A row that says something else than its record has lost nothing.
            let lost = lost.filter(|_| !unspoken.contains(&record_id));
            for row in rows {
                done.asked_again += tx.remove_capture(row.id, lost, self.now)?;
                done.removed += 1;
            }
        }
        if !unspoken.is_empty() {
            self.add_all(&tx, path, new, &unspoken, &mut done)?;
        }
        if old != new.name {
            tx.remove_segment(old)?;
        }
        done.asked_again += tx.settle_payloads()?;
        tx.commit()?;
        Ok(done)
    }

    /// Takes the rows that say what their records say out of `rows`, and says where these lie now. Returns the
    /// identifiers of the records that have no such row.
    fn keep_all(
        &self,
        tx: &Tx<'_>,
        path: &Path,
        new: &SegmentState,
        rows: &mut HashMap<Vec<u8>, Vec<CaptureRow>>,
        done: &mut Reconciled,
    ) -> Result<HashSet<Vec<u8>>, ReconcileError> {
        let mut unspoken = HashSet::new();
        for piece in Exchanges::new(Scan::open(path, Some(new.length))?) {
            let Piece::Exchange(archived) = piece? else {
                continue;
            };
            let record_id = archived.recorded.record_id;
            let of_record = rows.get_mut(record_id.as_slice());
            if let Some(row) = of_record.and_then(|rows| take(rows, &archived)) {
                keep(tx, &new.name, &row, &archived, self.now)?;
                done.kept += 1;
            } else {
                unspoken.insert(record_id.to_vec());
            }
        }
        Ok(unspoken)
    }

    /// Adds the rows of these records: a second way through the file, so that none of them is held.
    fn add_all(
        &self,
        tx: &Tx<'_>,
        path: &Path,
        new: &SegmentState,
        unspoken: &HashSet<Vec<u8>>,
        done: &mut Reconciled,
    ) -> Result<(), ReconcileError> {
        let mut settings =
            Settings { config: self.config.clone(), seeds: self.seeds.clone(), run: 0 };
        let (mut remembered, mut payloads) = (Remembered::default(), Payloads::default());
        let (mut tally, mut lost) = (Tally::default(), 0);
        for piece in Exchanges::new(Scan::open(path, Some(new.length))?) {
            match piece? {
                Piece::Info { run, .. } => {
                    if let Some(Ok(run)) = run.as_deref().map(RunDescription::from_json) {
                        let RunDescription { run, config, seeds, .. } = run;
                        settings = Settings { config, seeds, run };
                    }
                }
                Piece::Exchange(archived)
                    if unspoken.contains(archived.recorded.record_id.as_slice()) =>
                {
                    let mut pass = Pass {
                        tx,
                        archive_dir: self.archive_dir,
                        segment: &new.name,
                        settings: &settings,
                        remembered: &mut remembered,
                        payloads: &mut payloads,
                        tally: &mut tally,
                        lost: &mut lost,
                    };
                    tx.insert_past_run(settings.run, "unknown", archived.exchange.started)?;
                    let added = u64::from(pass.add(*archived)?);
                    done.added += added;
                    done.copies += 1 - added;
                }
                Piece::Exchange(_) | Piece::Event(_) | Piece::Damage(_) | Piece::Stray(_) => {}
            }
        }
        Ok(())
    }
}

/// The row that says what this record says, taken out of those that bear its identifier.
fn take(rows: &mut Vec<CaptureRow>, archived: &Archived) -> Option<CaptureRow> {
    let exchange = &archived.exchange;
    let url = CanonicalUrl::new(&exchange.url).ok().map(|url| url.to_string());
    let says = |row: &CaptureRow| {
        row.url == url
            && row.at == exchange.started
            && row.kind == archived.recorded.kind.as_str()
            && row.payload == archived.recorded.payload
            && row.facts_of(exchange)
    };
    let index = rows.iter().position(says)?;
    Some(rows.swap_remove(index))
}

fn keep(
    tx: &Tx<'_>,
    segment: &str,
    row: &CaptureRow,
    archived: &Archived,
    now: Moment,
) -> Result<(), DbError> {
    let Archived { offset, length, recorded, .. } = archived;
    let placed = Placed { segment: segment.to_owned(), offset: *offset, length: *length };
    tx.place_capture(row.id, &placed)?;
    if recorded.kind == CaptureKind::Response {
        tx.hold_payload(row.id, recorded)?;
    }
    // What a revisit refers to may be gone with another file.
    if let Some(original) = &archived.refers_to
        && !tx.original(&original.digest)?.is_some_and(|(_, held)| held == *original)
    {
        tx.add_loss(&Loss::of_original(original, "no file holds it"), now)?;
    }
    Ok(())
}
