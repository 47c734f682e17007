//! The one writer. Outcomes come in as they are ready; a batch of them is appended to the WARC
//! file, synced, committed in one transaction with the leases that it makes possible, and only then
//! are these leases handed out.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::grant::{Granted, RulesAtHand, Turn};
use super::progress::{Ending, Progress, Summary};
use super::remembered::Remembered;
use super::start::Started;
use super::work::Worked;
use super::{CrawlError, Options, PATIENCE, Signal};
use crate::archive::disk;
use crate::archive::lock::Lock;
use crate::archive::segment::Appender;
use crate::archive::{CaptureKind, Encoded, Gzip, Original, Placed, Recorded, SegmentState};
use crate::clock::{self, Moment, Stopwatch};
use crate::config::Config;
use crate::db::hosts::Waits;
use crate::db::runs::Tally;
use crate::db::{Db, DbError, Tx};
use crate::digest::Digest;
use crate::frontier::{Found, Lease, Purpose};
use crate::outcome::Outcome;

/// So many outcomes are committed at once at most: a batch stays small in memory.
const BATCH: usize = 128;

/// The longest sleep: signals wake it sooner, and the time of day is looked at in between.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// How often the log is told how far a run is.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// What the committer is told.
#[derive(Debug)]
pub(super) enum Message {
    /// A pass has ended.
    Worked(Box<Worked>),
    /// A pass broke off, by a fault of ours or of a library.
    Broken(Box<Lease>),
    /// Someone wants the run to stop.
    Stop(Signal),
}

/// The one writer of an archive, for one run.
#[derive(Debug)]
pub(super) struct Committer {
    db: Db,
    appender: Appender,
    run_id: i64,
    config: Config,
    options: Options,
    inbox: Receiver<Message>,
    leases: mpsc::Sender<Granted>,
    progress: watch::Sender<Progress>,
    gzip: Gzip,
    rules: RulesAtHand,
    remembered: Remembered,
    clock: Stopwatch,
    tally: Tally,
    in_flight: u64,
    pages_granted: u64,
    /// Leases whose passes broke off.
    broken: Vec<Lease>,
    stopping: Option<Ending>,
    at_once: bool,
    /// When the log was last told how far the run is.
    told: Duration,
    /// Held to the end: nobody else writes.
    _lock: Lock,
}

/// A batch whose bytes are on disk, synced.
struct Stored {
    outcomes: Vec<Outcome>,
    /// What each is in the archive, and where.
    kept: Vec<(Recorded, Placed)>,
    segments: Vec<SegmentState>,
}

/// What is to be done after a batch.
enum Next {
    Wait(Duration),
    End(Ending),
}

impl Committer {
    pub(super) fn new(
        started: Started,
        config: Config,
        options: &Options,
        inbox: Receiver<Message>,
        leases: mpsc::Sender<Granted>,
        progress: watch::Sender<Progress>,
    ) -> Self {
        Self {
            db: started.db,
            appender: started.appender,
            run_id: started.run_id,
            config,
            options: options.clone(),
            inbox,
            leases,
            progress,
            gzip: Gzip::new(),
            rules: RulesAtHand::default(),
            remembered: Remembered::default(),
            clock: Stopwatch::start(),
            tally: Tally::default(),
            in_flight: 0,
            pages_granted: 0,
            broken: Vec::new(),
            stopping: None,
            at_once: false,
            told: Duration::ZERO,
            _lock: started.lock,
        }
    }

    /// Runs to the end.
    pub(super) fn run(mut self) -> Result<Summary, CrawlError> {
        match self.turns() {
            Ok(ending) => self.finish(ending),
            Err(error) => Err(self.break_off(error)),
        }
    }

    fn turns(&mut self) -> Result<Ending, CrawlError> {
        let mut batch = Vec::new();
        loop {
            let wait = match self.turn(std::mem::take(&mut batch))? {
                Next::End(ending) => return Ok(ending),
                Next::Wait(wait) => wait,
            };
            batch = self.receive(wait);
        }
    }

    /// Waits for the first message, takes what else is there, and sorts out the signals.
    fn receive(&mut self, wait: Duration) -> Vec<Worked> {
        let mut batch = Vec::new();
        let mut message = match self.inbox.recv_timeout(wait) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                self.at_once = true;
                None
            }
        };
        while let Some(one) = message {
            match one {
                Message::Worked(worked) => batch.push(*worked),
                Message::Broken(lease) => self.broken.push(*lease),
                Message::Stop(signal) => self.stop(signal),
            }
            message = if batch.len() < BATCH { self.inbox.try_recv().ok() } else { None };
        }
        batch
    }

    fn stop(&mut self, signal: Signal) {
        // Who asks twice does not want to wait; nothing is lost by it.
        self.at_once = self
            .stopping
            .is_some_and(|ending| matches!(ending, Ending::Interrupt | Ending::Terminate));
        self.stopping = Some(match signal {
            Signal::Interrupt => Ending::Interrupt,
            Signal::Terminate => Ending::Terminate,
        });
        tracing::info!(in_flight = self.in_flight, "stopping: what is in flight is finished first");
    }

    fn turn(&mut self, batch: Vec<Worked>) -> Result<Next, CrawlError> {
        let now = clock::now();
        self.watch_the_limits(now)?;
        let Stored { outcomes, kept, segments } = self.store(batch, now)?;
        let mut tally = self.tally;
        let mut in_flight = self.in_flight.saturating_sub(outcomes.len() as u64);
        let tx = self.db.begin()?;
        for segment in &segments {
            tx.set_segment(segment)?;
        }
        for (outcome, (recorded, placed)) in outcomes.iter().zip(&kept) {
            let committed = tx.commit_outcome(outcome, recorded, placed, self.run_id)?;
            tally.add(outcome, committed.new_report);
            if let Some(change) = &outcome.robots {
                self.rules.forget(&change.origin);
            }
            let remembered = &mut self.remembered;
            let is_news = |found: &Found| remembered.is_news(found);
            let via = outcome.lease.url_id;
            let max_pages = self.config.scope.max_pages_per_host;
            tx.admit_links(&outcome.found, via, max_pages, outcome.finished, is_news)?;
        }
        for lease in self.broken.drain(..) {
            tracing::error!(url = %lease.spelling, "the page broke the program; it is given up");
            in_flight = in_flight.saturating_sub(1);
            tx.break_lease(&lease, now)?;
        }
        tx.promote_due(now)?;
        if !outcomes.is_empty() {
            tx.set_tally(self.run_id, tally)?;
        }
        let granted = if self.stopping.is_none() {
            let turn = Turn { tx: &tx, config: &self.config, run_id: self.run_id, now };
            let free = places(&self.config)
                .saturating_sub(usize::try_from(in_flight).unwrap_or(usize::MAX));
            let pages = self
                .options
                .max_pages
                .map_or(u64::MAX, |max| max.saturating_sub(self.pages_granted));
            turn.grant(&mut self.rules, free, pages)?
        } else {
            Vec::new()
        };
        in_flight += granted.len() as u64;
        let waits = tx.waits(self.config.politeness.per_host_connections)?;
        tx.commit()?;
        (self.tally, self.in_flight) = (tally, in_flight);
        log(&outcomes, &kept);
        self.tell(&waits);
        self.hand_out(granted);
        Ok(self.next(&waits, now))
    }

    /// What ends a run beside its own end: `--max-time`, the hours in which portals may be asked, and a disk
    /// that is nearly full, as long as there is room for what is in flight.
    fn watch_the_limits(&mut self, now: Moment) -> Result<(), CrawlError> {
        if self.stopping.is_some() {
            return Ok(());
        }
        let archive = &self.config.archive;
        if disk::free_bytes(&archive.dir)? < archive.reserve {
            tracing::warn!("the disk is nearly full: what is in flight is finished");
            self.stopping = Some(Ending::NoRoom);
            return Ok(());
        }
        if self.options.max_time.is_some_and(|max| self.clock.elapsed() >= max) {
            self.stopping = Some(Ending::MaxTime);
        } else if self.config.politeness.hours.as_ref().is_some_and(|hours| !hours.contains(now)) {
            self.stopping = Some(Ending::Hours);
        }
        Ok(())
    }

    /// Appends a batch and syncs it. A payload that is stored already becomes a revisit.
    fn store(&mut self, batch: Vec<Worked>, now: Moment) -> Result<Stored, CrawlError> {
        let mut fresh: HashMap<Digest, Original> = HashMap::new();
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut kept = Vec::with_capacity(batch.len());
        if batch.is_empty() {
            return Ok(Stored { outcomes, kept, segments: Vec::new() });
        }
        let tx = self.db.begin()?;
        for Worked { outcome, mut encoded } in batch {
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
                    Some(original) => {
                        encoded = encoded.into_revisit(&original, &mut self.gzip);
                    }
                    None => drop(fresh.insert(digest, original_of(&outcome, &encoded, digest))),
                }
            }
            let placed = self.appender.append(&encoded, now)?;
            kept.push((encoded.recorded, placed));
            outcomes.push(outcome);
        }
        drop(tx);
        let segments = self.appender.sync()?;
        Ok(Stored { outcomes, kept, segments })
    }

    /// Tells the log how far the run is, now and then: without a terminal nobody sees the progress.
    fn tell(&mut self, waits: &Waits) {
        let elapsed = self.clock.elapsed();
        if elapsed.saturating_sub(self.told) < TELL_EVERY {
            return;
        }
        self.told = elapsed;
        let tally = &self.tally;
        tracing::info!(
            pages = tally.pages,
            reports = tally.reports,
            failures = tally.failures,
            waiting = waits.waiting,
            hosts = waits.hosts_waiting,
            resting = waits.hosts_resting,
            "so far"
        );
    }

    fn hand_out(&mut self, granted: Vec<Granted>) {
        for lease in granted {
            self.pages_granted += u64::from(lease.lease.purpose == Purpose::Page);
            // There is room for it: no more were granted than the channel holds.
            if self.leases.try_send(lease).is_err() {
                tracing::debug!("the run ended while leases were granted");
                self.at_once = true;
            }
        }
    }

    fn next(&mut self, waits: &Waits, now: Moment) -> Next {
        let pages_left = self.options.max_pages.is_none_or(|max| self.pages_granted < max);
        if self.stopping.is_none() && !pages_left {
            self.stopping = Some(Ending::MaxPages);
        }
        self.publish(waits, now);
        if let Some(ending) = self.stopping
            && (self.in_flight == 0 || self.at_once)
        {
            return Next::End(ending);
        }
        if self.at_once {
            return Next::End(Ending::Terminate);
        }
        let soon = |moment: &Moment| now.until(*moment) <= PATIENCE;
        let due = [
            waits.paced,
            waits.resting.filter(|moment| self.in_flight > 0 || soon(moment)),
            waits.again.filter(|moment| self.in_flight > 0 || soon(moment)),
        ];
        match due.into_iter().flatten().min() {
            None if self.in_flight == 0 => Next::End(self.stopping.unwrap_or(Ending::Done)),
            None => Next::Wait(LONGEST_WAIT),
            Some(due) => Next::Wait(self.until(due, now)),
        }
    }

    /// How long to sleep when something is due at `due`; at least a moment, since a host that is
    /// due and cannot be granted now is granted when an outcome comes in.
    fn until(&self, due: Moment, now: Moment) -> Duration {
        /// What keeps a wait from becoming a spin.
        const LEAST: Duration = Duration::from_millis(1);
        let busy = self.in_flight > 0 && due <= now;
        let wait = if busy { LONGEST_WAIT } else { now.until(due).clamp(LEAST, LONGEST_WAIT) };
        match self.options.max_time.filter(|_| self.stopping.is_none()) {
            Some(max) => wait.min(max.saturating_sub(self.clock.elapsed()).max(LEAST)),
            None => wait,
        }
    }

    fn publish(&self, waits: &Waits, now: Moment) {
        self.progress.send_modify(|progress| {
            progress.tally = self.tally;
            progress.in_flight = self.in_flight;
            progress.waiting = waits.waiting;
            progress.hosts_waiting = waits.hosts_waiting;
            progress.hosts_resting = waits.hosts_resting;
            let due = [waits.paced, waits.resting, waits.again].into_iter().flatten().min();
            progress.waiting_for = due.filter(|due| self.in_flight == 0 && *due > now).map(|due| {
                format!("the next host is due in {:.1} s", now.until(due).as_secs_f64())
            });
        });
    }

    fn finish(mut self, ending: Ending) -> Result<Summary, CrawlError> {
        let sealed = self.appender.seal();
        let ended = sealed.map_err(CrawlError::from).and_then(|sealed| {
            let now = clock::now();
            let tx = self.db.begin()?;
            if let Some(segment) = sealed {
                tx.set_segment(&segment)?;
            }
            tx.end_run(self.run_id, ending.as_str(), now)?;
            let waits = tx.waits(self.config.politeness.per_host_connections)?;
            tx.commit()?;
            Ok(waits)
        });
        match ended {
            Ok(waits) => Ok(Summary {
                ending,
                tally: self.tally,
                elapsed: self.clock.elapsed(),
                waiting: waits.waiting,
                hosts_resting: waits.hosts_resting,
                next_due: [waits.paced, waits.resting, waits.again]
                    .into_iter()
                    .flatten()
                    .min()
                    .filter(|due| *due > clock::now()),
            }),
            Err(error) => Err(self.break_off(error)),
        }
    }

    /// The last words of a run that cannot go on: what was not committed never was.
    fn break_off(&mut self, error: CrawlError) -> CrawlError {
        if let Err(error) = self.appender.roll_back() {
            tracing::error!(%error, "the open WARC file keeps a tail that the next run sets aside");
        }
        let note = end_broken(&mut self.db, self.run_id, &error);
        if let Err(error) = note {
            tracing::debug!(%error, "the run's end could not be written down");
        }
        error.or_disk_full(&self.config.archive.dir)
    }
}

/// Says in the log what came in.
fn log(outcomes: &[Outcome], kept: &[(Recorded, Placed)]) {
    for (outcome, (recorded, _)) in outcomes.iter().zip(kept) {
        let (facts, lease) = (&outcome.capture, &outcome.lease);
        match (&facts.failure, &facts.not_page, facts.status) {
            (Some(failure), ..) => tracing::info!(url = %lease.spelling, failure, "failed"),
            (None, Some(what), _) => tracing::info!(url = %lease.spelling, what, "not the page"),
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

/// So many requests are in flight at once, at most.
pub(super) fn places(config: &Config) -> usize {
    let politeness = &config.politeness;
    let each = usize::try_from(politeness.per_host_connections).unwrap_or(usize::MAX);
    politeness.concurrent_hosts.saturating_mul(each).clamp(1, tokio::sync::Semaphore::MAX_PERMITS)
}

fn end_broken(db: &mut Db, run_id: i64, error: &CrawlError) -> Result<(), DbError> {
    let tx: Tx<'_> = db.begin()?;
    tx.end_run(run_id, &format!("failed: {error}"), clock::now())?;
    tx.commit()
}

fn original_of(outcome: &Outcome, encoded: &Encoded, digest: Digest) -> Original {
    Original {
        url: outcome.lease.spelling.as_str().to_owned(),
        at: outcome.capture.at,
        record_id: encoded.recorded.record_id,
        digest,
    }
}
