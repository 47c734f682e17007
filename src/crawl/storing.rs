//! Bytes before rows: a batch of outcomes is appended to the WARC file and synced, before any row speaks of it.

use std::collections::HashMap;

use super::CrawlError;
use super::work::Worked;
use crate::archive::segment::Appender;
use crate::archive::{CaptureKind, Encoded, Gzip, Original, Placed, Recorded, SegmentState};
use crate::clock::Moment;
use crate::db::Db;
use crate::digest::Digest;
use crate::outcome::Outcome;

/// A batch whose bytes are on disk, synced.
#[derive(Debug, Default)]
pub(super) struct Stored {
    pub(super) outcomes: Vec<Outcome>,
    /// What each is in the archive, and where.
    pub(super) kept: Vec<(Recorded, Placed)>,
    pub(super) segments: Vec<SegmentState>,
}

impl Stored {
    /// Each outcome, with what it is in the archive, and where.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Outcome, &(Recorded, Placed))> {
        self.outcomes.iter().zip(&self.kept)
    }

    /// Says in the log what came in.
    pub(super) fn log(&self) {
        for (outcome, (recorded, _)) in self.iter() {
            let (facts, lease) = (&outcome.capture, &outcome.lease);
            match (&facts.failure, &facts.not_page, facts.status) {
                (Some(failure), ..) => tracing::info!(url = %lease.spelling, failure, "failed"),
                (None, Some(what), _) => {
                    tracing::info!(url = %lease.spelling, what, "not the page");
                }
                (None, None, status) => tracing::debug!(
                    url = %lease.spelling,
                    status,
                    ms = facts.elapsed.as_millis(),
                    kind = recorded.kind.as_str(),
                    "captured"
                ),
            }
            if let Some(rest) = &outcome.host.rest_reason {
                tracing::info!(
                    host = %lease.host, until = %outcome.host.next_at, reason = rest, "left alone"
                );
            }
            if let Some(report) = &outcome.report {
                tracing::info!(
                    url = %lease.spelling, agency = report.agency, year = report.year, "a report"
                );
            }
        }
    }
}

/// Appends a batch and syncs it. A payload that is stored already becomes a revisit.
pub(super) fn store(
    db: &mut Db,
    appender: &mut Appender,
    gzip: &mut Gzip,
    batch: Vec<Worked>,
    now: Moment,
) -> Result<Stored, CrawlError> {
    let mut fresh: HashMap<Digest, Original> = HashMap::new();
    let mut stored = Stored::default();
    if batch.is_empty() {
        return Ok(stored);
    }
    let tx = db.begin()?;
    for Worked { outcome, mut encoded, place: _place, .. } in batch {
        let recorded = &encoded.recorded;
        let digest = recorded
            .payload
            .filter(|_| recorded.kind == CaptureKind::Response && recorded.payload_length > 0);
        if let Some(digest) = digest {
            let original = match fresh.get(&digest) {
                Some(original) => Some(original.clone()),
                None => tx.original(&digest)?.map(|(_, original)| original),
            };
            match original {
                Some(original) => encoded = encoded.into_revisit(&original, gzip),
                None => drop(fresh.insert(digest, original_of(&outcome, &encoded, digest))),
            }
        }
        let placed = appender.append(&encoded, now)?;
        stored.kept.push((encoded.recorded, placed));
        stored.outcomes.push(outcome);
    }
    drop(tx);
    stored.segments = appender.sync()?;
    Ok(stored)
}

fn original_of(outcome: &Outcome, encoded: &Encoded, digest: Digest) -> Original {
    Original {
        url: outcome.lease.spelling.as_str().to_owned(),
        at: outcome.capture.at,
        record_id: encoded.recorded.record_id,
        digest,
    }
}
