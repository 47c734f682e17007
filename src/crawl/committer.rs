//! The one writer. Outcomes come in as they are ready; a batch of them is appended to the WARC
//! file, synced, committed in one transaction with the leases that it makes possible, and only then
//! are these leases handed out.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::addresses::Addresses;
use super::agenda::Agenda;
use super::grant::{AtHand, Grants, Task, Turn};
use super::pacing::Pacing;
use super::progress::{Ending, Left, Progress, Summary};
use super::remembered::Remembered;
use super::start::Started;
use super::storing;
use super::work::Settings;
use super::work::Worked;
use super::{CrawlError, Options, PATIENCE, PATIENCE_WITH_A_PACE, Signal, start};
use crate::archive::Gzip;
use crate::archive::disk;
use crate::archive::lock::Lock;
use crate::archive::segment::Appender;
use crate::clock::{self, Moment, Stopwatch};
use crate::config::Config;
use crate::db::hosts::Backlog;
use crate::db::runs::Tally;
use crate::db::{Db, DbError, Tx};
use crate::exchange::Failure;
use crate::frontier::{Found, Lease};
use crate::politeness::pace;
use crate::seeds::Seeds;
use crate::stops::Stops;

/// So many outcomes are committed at once at most: a batch stays small in memory.
const BATCH: usize = 128;

/// The longest sleep: signals wake it sooner, the time of day and the stops are looked at in between.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How often the log is told how far a run is, and how often the terminal.
const TELL_EVERY: Duration = Duration::from_mins(1);
const PUBLISH_EVERY: Duration = Duration::from_millis(250);

/// How often the stops are looked at, where anything is granted.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What the committer is told.
#[derive(Debug)]
pub(super) enum Message {
    /// A pass has ended.
    Worked(Box<Worked>),
    /// A pass broke off, by a fault of ours or of a library.
    Broken(Box<Lease>),
    /// An origin was looked up.
    LookedUp {
        /// The origin.
        origin: String,
        /// Where it is, or why nowhere.
        found: Result<Vec<SocketAddr>, Failure>,
    },
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
    tasks: mpsc::Sender<Task>,
    progress: watch::Sender<Progress>,
    gzip: Gzip,
    seeds: Seeds,
    stops: Stops,
    at_hand: AtHand,
    pacing: Pacing,
    agenda: Agenda,
    remembered: Remembered,
    /// When it began, by either clock.
    began: Moment,
    clock: Stopwatch,
    tally: Tally,
    in_flight: u64,
    /// Origins that are being looked up.
    looking_up: u64,
    pages_granted: u64,
    /// Leases whose passes broke off.
    broken: Vec<Lease>,
    stopping: Option<Ending>,
    at_once: bool,
    /// When the log was last told how far the run is, when the progress, and when the stops were looked at.
    told: Duration,
    published: Option<Duration>,
    looked: Option<Duration>,
    /// Held to the end: nobody else writes.
    _lock: Lock,
}

/// What is to be done after a batch.
enum Next {
    Wait(Duration),
    End(Ending),
}

impl Committer {
    pub(super) fn new(
        started: Started,
        settings: &Settings,
        options: &Options,
        inbox: Receiver<Message>,
        tasks: mpsc::Sender<Task>,
        progress: watch::Sender<Progress>,
    ) -> Self {
        Self {
            db: started.db,
            appender: started.appender,
            run_id: started.run_id,
            config: settings.config.clone(),
            options: options.clone(),
            inbox,
            tasks,
            progress,
            gzip: Gzip::new(),
            seeds: settings.seeds.clone(),
            stops: started.stops,
            at_hand: AtHand { addresses: Addresses::new(started.addresses), ..AtHand::default() },
            pacing: Pacing::default(),
            agenda: Agenda::default(),
            remembered: Remembered::default(),
            began: clock::now(),
            clock: Stopwatch::start(),
            tally: Tally::default(),
            in_flight: 0,
            looking_up: 0,
            pages_granted: 0,
            broken: Vec::new(),
            stopping: None,
            at_once: false,
            told: Duration::ZERO,
            published: None,
            looked: None,
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
                Message::Broken(lease) => {
                    self.agenda.changed();
                    self.broken.push(*lease);
                }
                Message::LookedUp { origin, found } => {
                    self.looking_up = self.looking_up.saturating_sub(1);
                    self.agenda.changed();
                    self.at_hand.lookups.found(origin, found, clock::now());
                }
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
        self.look_at_stops(now)?;
        self.watch_the_limits(now)?;
        for worked in batch.iter().filter(|worked| worked.due >= self.began) {
            self.pacing.sent(worked.due.until(worked.outcome.capture.at));
        }
        let stored = storing::store(&mut self.db, &mut self.appender, &mut self.gzip, batch, now)?;
        let mut tally = self.tally;
        let came_in = (stored.outcomes.len() + self.broken.len()) as u64;
        let in_flight = self.in_flight.saturating_sub(came_in);
        let (free, pages, connections) = self.room(in_flight);
        let tx = self.db.begin()?;
        for segment in &stored.segments {
            tx.set_segment(segment)?;
        }
        for (outcome, (recorded, placed)) in stored.iter() {
            let committed = tx.commit_outcome(outcome, recorded, placed, self.run_id)?;
            tally.add(outcome, committed.new_report);
            self.at_hand.take_in(outcome);
            let remembered = &mut self.remembered;
            let is_news = |found: &Found| remembered.is_news(found);
            let via = outcome.lease.url_id;
            let max_pages = self.config.scope.max_pages_per_host;
            let news = tx.admit_links(&outcome.found, via, max_pages, outcome.finished, is_news)?;
            self.agenda.take_in(outcome, news > 0);
        }
        for lease in self.broken.drain(..) {
            tracing::error!(url = %lease.spelling, "the page broke the program; it is given up");
            tx.break_lease(&lease, now)?;
            self.at_hand.release(&lease);
        }
        if !stored.outcomes.is_empty() {
            tx.set_tally(self.run_id, tally)?;
        }
        let mut grants = Grants::default();
        if self.agenda.is_due(now) {
            let before = clock::processor_time();
            let again = tx.promote_due(now)?;
            let mut is_cut = false;
            if self.stopping.is_none() {
                let turn = Turn {
                    tx: &tx,
                    config: &self.config,
                    seeds: &self.seeds,
                    stops: &self.stops,
                    run_id: self.run_id,
                    now,
                };
                grants = turn.grant(&mut self.at_hand, free, pages)?;
                is_cut = grants.tasks.len() >= free;
            }
            let dues = tx.dues(now.after(pace::AHEAD), connections)?;
            self.agenda.looked(dues, again, grants.wake, is_cut);
            self.pacing.scheduled(&grants, clock::processor_time().saturating_sub(before));
        }
        tx.commit()?;
        (self.tally, self.in_flight) = (tally, in_flight);
        stored.log();
        self.hand_out(grants);
        self.next(now)
    }

    /// So many tasks may be granted, so many pages among them, and so many of one host at once.
    fn room(&self, in_flight: u64) -> (usize, u64, u32) {
        let busy = usize::try_from(in_flight + self.looking_up).unwrap_or(usize::MAX);
        let pages = self.options.max_pages.unwrap_or(u64::MAX);
        (
            places(&self.config).saturating_sub(busy),
            pages.saturating_sub(self.pages_granted),
            self.config.politeness.per_host_connections,
        )
    }

    /// Looks at the stops, now and then; what has changed is kept in the archive, before it takes effect.
    fn look_at_stops(&mut self, now: Moment) -> Result<(), CrawlError> {
        let elapsed = self.clock.elapsed();
        if self.looked.is_some_and(|looked| elapsed.saturating_sub(looked) < LOOK_EVERY) {
            return Ok(());
        }
        self.looked = Some(elapsed);
        let (changes, errors) = self.stops.look();
        for error in errors {
            tracing::error!("{error}: {}; it stays as it was", error.source);
        }
        if !changes.is_empty() {
            start::keep_events(&mut self.db, &mut self.appender, self.run_id, changes, now)?;
            start::set_policy(&mut self.db, &self.seeds, &self.options, &self.stops)?;
            self.agenda.changed();
        }
        if self.stops.is_stopped() && self.stopping.is_none() {
            self.stopping = Some(Ending::Stopped);
        }
        Ok(())
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

    fn hand_out(&mut self, grants: Grants) {
        self.pages_granted += grants.pages;
        for task in grants.tasks {
            match &task {
                Task::Ask(_) => self.in_flight += 1,
                Task::LookUp { .. } => self.looking_up += 1,
            }
            // There is room for it: no more were granted than the channel holds.
            if self.tasks.try_send(task).is_err() {
                tracing::debug!("the run ended while leases were granted");
                self.at_once = true;
            }
        }
    }

    fn next(&mut self, now: Moment) -> Result<Next, CrawlError> {
        let pages_left = self.options.max_pages.is_none_or(|max| self.pages_granted < max);
        if self.stopping.is_none() && !pages_left {
            self.stopping = Some(Ending::MaxPages);
        }
        let busy = self.in_flight + self.looking_up > 0;
        if let Some(ending) = self.stopping
            && (!busy || self.at_once)
        {
            return Ok(Next::End(ending));
        }
        if self.at_once {
            return Ok(Next::End(Ending::Terminate));
        }
        let patient = |moment: Option<Moment>, patience: Duration| {
            moment.filter(|moment| busy || now.until(*moment) <= patience)
        };
        let due = [
            patient(self.agenda.paced(), PATIENCE_WITH_A_PACE),
            patient(self.agenda.later(), PATIENCE),
        ];
        let due = due.into_iter().flatten().min();
        self.publish(due, now)?;
        Ok(match due {
            None if !busy => Next::End(self.stopping.unwrap_or(Ending::Done)),
            None => Next::Wait(LONGEST_WAIT),
            Some(due) => Next::Wait(self.until(due, now)),
        })
    }

    /// How long to sleep when something is due at `due`: to a little ahead of it, and at least a moment.
    fn until(&self, due: Moment, now: Moment) -> Duration {
        /// What keeps a wait from becoming a spin.
        const LEAST: Duration = Duration::from_millis(1);
        let wait = Agenda::until(due, now).clamp(LEAST, LONGEST_WAIT);
        match self.options.max_time.filter(|_| self.stopping.is_none()) {
            Some(max) => wait.min(max.saturating_sub(self.clock.elapsed()).max(LEAST)),
            None => wait,
        }
    }

    /// Says how far the run is: to the terminal a few times a second, to the log now and then, since without a
    /// terminal nobody sees the progress.
    fn publish(&mut self, due: Option<Moment>, now: Moment) -> Result<(), CrawlError> {
        let elapsed = self.clock.elapsed();
        if self.published.is_some_and(|last| elapsed.saturating_sub(last) < PUBLISH_EVERY) {
            return Ok(());
        }
        self.published = Some(elapsed);
        let backlog = self.db.backlog()?;
        let Backlog { waiting, hosts_waiting, hosts_resting } = backlog;
        self.progress.send_modify(|progress| {
            progress.tally = self.tally;
            progress.in_flight = self.in_flight;
            progress.waiting = waiting;
            progress.hosts_waiting = hosts_waiting;
            progress.hosts_resting = hosts_resting;
            progress.waiting_for = due.filter(|due| self.in_flight == 0 && *due > now).map(|due| {
                format!("the next host is due in {:.1} s", now.until(due).as_secs_f64())
            });
        });
        if elapsed.saturating_sub(self.told) >= TELL_EVERY {
            self.told = elapsed;
            let Tally { pages, reports, failures, .. } = self.tally;
            tracing::info!(
                pages,
                reports,
                failures,
                waiting,
                hosts = hosts_waiting,
                resting = hosts_resting,
                "so far"
            );
        }
        Ok(())
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
            tx.call_all_hosts()?;
            tx.commit()?;
            let left = Left::of(&self.db, &self.config, &self.seeds, &self.stops, now)?;
            Ok((left, self.db.backlog()?))
        });
        let kept = self.pacing.measured();
        tracing::info!(
            requests = kept.granted,
            scheduling_us_each = kept.scheduling_each().as_micros(),
            late_median_ms = kept.late_median.as_millis(),
            late_99_ms = kept.late_99.as_millis(),
            "kept time"
        );
        match ended {
            Ok((left, backlog)) => Ok(Summary {
                ending,
                tally: self.tally,
                elapsed: self.clock.elapsed(),
                bad_lists: self.stops.has_mistakes(),
                pacing: kept,
                waiting: backlog.waiting,
                hosts_resting: backlog.hosts_resting,
                left,
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
