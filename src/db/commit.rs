//! An outcome, whole: capture, report, links, host and URL in the transaction that is handed in.

use super::urls::Admitted;
use super::{DbError, Tx};
use crate::archive::Placed;
use crate::clock::Moment;
use crate::frontier::Found;
use crate::outcome::Outcome;

/// What committing an outcome added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The capture's row.
    pub capture: i64,
    /// A report was read out of it that this URL did not have before.
    pub new_report: bool,
}

impl Tx<'_> {
    /// Writes an outcome whose bytes are on disk, synced. The links are admitted apart, by
    /// [`Tx::admit_links`].
    ///
    /// # Errors
    /// When the database fails; the transaction must then be dropped.
    pub fn commit_outcome(
        &self,
        outcome: &Outcome,
        placed: &Placed,
        run_id: i64,
        now: Moment,
    ) -> Result<Committed, DbError> {
        let lease = &outcome.lease;
        let (capture, payload) = self.insert_capture(outcome, placed, run_id)?;
        if let Some(change) = &outcome.url {
            self.move_url(lease.url_id, lease.host_id, change, payload, now)?;
        }
        self.release_host(lease.host_id, &outcome.host)?;
        if let Some(change) = &outcome.robots {
            self.set_origin(lease.host_id, now, change)?;
        }
        let new_report = match &outcome.report {
            Some(report) => self.insert_report(lease.url_id, capture, payload, report)?,
            None => false,
        };
        Ok(Committed { capture, new_report })
    }

    /// Takes in the links of a page; `is_news` is asked first, and says whether a link can be news
    /// to the frontier at all.
    ///
    /// # Errors
    /// When the database fails.
    pub fn admit_links(
        &self,
        found: &[Found],
        via: i64,
        max_pages: u64,
        now: Moment,
        mut is_news: impl FnMut(&Found) -> bool,
    ) -> Result<u64, DbError> {
        let mut new = 0;
        for link in found.iter().filter(|link| is_news(link)) {
            let admitted = self.admit(link, Some(via), max_pages, now)?;
            new += u64::from(admitted == Admitted::New);
        }
        Ok(new)
    }
}
