//! An outcome, whole: capture, report, links, host and URL in the transaction that is handed in.

use std::time::Duration;

use super::urls::{Admitted, Page};
use super::{DbError, Tx};
use crate::archive::{Placed, Recorded};
use crate::clock::Moment;
use crate::exchange::Truncated;
use crate::fetch::Validators;
use crate::frontier::state::Transition;
use crate::frontier::{Found, Lease, Purpose, Reason, UrlState};
use crate::outcome::{HostChange, Outcome, UrlChange};
use crate::politeness::backoff::Failures;

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
        recorded: &Recorded,
        placed: &Placed,
        run_id: i64,
    ) -> Result<Committed, DbError> {
        let (lease, now) = (&outcome.lease, outcome.finished);
        let (committed, payload) = self.commit_capture(outcome, recorded, placed, run_id)?;
        if let Some(change) = &outcome.url {
            self.move_url(lease.url_id, lease.host_id, change, page(outcome, payload), now)?;
        }
        self.release_host(lease.host_id, &outcome.host)?;
        if let Some(change) = &outcome.address {
            self.move_address(change)?;
        }
        if let Some(change) = &outcome.robots {
            // It may have been found at another host.
            let host_id = self.host_of_origin(change)?;
            self.set_origin(host_id, change)?;
            self.keep_gap(host_id, now)?;
            self.note_visit(lease.url_id, outcome.capture.at, now)?;
        }
        Ok(committed)
    }

    /// Writes what was captured and what was read out of it, and nothing of what follows for the URL and its
    /// host. Returns the payload's row too.
    ///
    /// # Errors
    /// When the database fails.
    pub fn commit_capture(
        &self,
        outcome: &Outcome,
        recorded: &Recorded,
        placed: &Placed,
        run_id: i64,
    ) -> Result<(Committed, Option<i64>), DbError> {
        let (capture, payload) = self.insert_capture(outcome, recorded, placed, run_id)?;
        let new_report = match &outcome.report {
            Some(report) => self.insert_report(outcome.lease.url_id, capture, payload, report)?,
            None => false,
        };
        Ok((Committed { capture, new_report }, payload))
    }

    /// Puts a URL back to where its outcome moved it, if it waits to be asked again only because this capture, its
    /// latest, was thought to be lost.
    ///
    /// # Errors
    /// When the database fails.
    pub fn restore_url(&self, outcome: &Outcome, payload: Option<i64>) -> Result<(), DbError> {
        let lease = &outcome.lease;
        let Some(change) = &outcome.url else {
            return Ok(());
        };
        if !self.waits_for_lost(lease.url_id, outcome.capture.at)? {
            return Ok(());
        }
        self.take_up_url(lease.url_id)?;
        let page = page(outcome, payload);
        self.move_url(lease.url_id, lease.host_id, change, page, outcome.finished)
    }

    /// Ends a lease whose pass broke off: its URL is given up, its host rests, since nobody knows
    /// what it answered.
    ///
    /// # Errors
    /// When the database fails.
    pub fn break_lease(&self, lease: &Lease, now: Moment) -> Result<(), DbError> {
        const WHY: &str = "broken: the page broke the program";
        let failures = Failures::default().failed(now);
        let change = HostChange {
            next_at: now.after(failures.rest_of_failure(lease.host.as_str())),
            rest_reason: Some(WHY.to_owned()),
            failures,
            broken: 0,
            delay: Duration::ZERO,
            last_response: None,
        };
        self.release_host(lease.host_id, &change)?;
        if lease.purpose != Purpose::Page {
            return Ok(());
        }
        let change = UrlChange {
            transition: Transition {
                state: UrlState::Failed,
                reason: Some(Reason::new("broken", "the page broke the program")),
                again_in: None,
                attempts: lease.attempts + 1,
            },
            interval: None,
            validators: Validators::default(),
        };
        self.move_url(lease.url_id, lease.host_id, &change, None, now)
    }

    /// Takes in the links of a page; `is_news` is asked first, and says whether a link can be news
    /// to the frontier at all. How many came new, or moved up.
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
            new += u64::from(matches!(admitted, Admitted::New | Admitted::Raised));
        }
        Ok(new)
    }
}

/// The payload that a later 304 speaks of: that of the page, never of an error page in its place.
fn page(outcome: &Outcome, payload: Option<i64>) -> Option<Page> {
    let facts = &outcome.capture;
    let is_page = matches!(facts.status, Some(200 | 304)) && facts.not_page.is_none();
    let broke_off =
        facts.truncated.and_then(Truncated::from_word).is_some_and(Truncated::broke_off);
    payload.filter(|_| is_page).map(|payload| Page { payload, broke_off })
}
