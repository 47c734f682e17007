//! One exchange concluded again, from its records to its rows.

use std::path::Path;

use super::payloads::Payloads;
use super::settle;
use crate::archive::exchanges::Archived;
use crate::archive::{CaptureKind, Placed, Recorded, SegmentState};
use crate::canonical::{self, CanonicalUrl};
use crate::clock::Moment;
use crate::config::Config;
use crate::crawl::description::RunDescription;
use crate::crawl::remembered::Remembered;
use crate::crawl::start::admit_seeds;
use crate::crawl::work::{self, Ground, Settings};
use crate::db::hosts::HostPolicy;
use crate::db::replay::Loss;
use crate::db::runs::Tally;
use crate::db::urls::WaitingUrl;
use crate::db::{Db, DbError, Tx};
use crate::digest::Digest;
use crate::exchange::Ending;
use crate::frontier::{Found, Lease, Purpose};
use crate::outcome::Outcome;
use crate::seeds::Seeds;

/// Concludes exchanges again, one after the other.
pub(super) struct Replay<'a> {
    db: Db,
    archive_dir: &'a Path,
    /// What is gone by where a file describes no run.
    fallback: (&'a Config, &'a Seeds),
    settings: Settings,
    remembered: Remembered,
    payloads: Payloads,
    tally: Tally,
    /// When the last exchange ended.
    last: Moment,
    lost: u64,
}

/// What was concluded.
#[derive(Debug, Default)]
pub(super) struct Replayed {
    pub(super) captures: u64,
    pub(super) reports: u64,
    /// Exchanges that another file holds too.
    pub(super) copies: u64,
}

impl Replayed {
    pub(super) fn add(&mut self, other: &Self) {
        self.captures += other.captures;
        self.reports += other.reports;
        self.copies += other.copies;
    }
}

impl<'a> Replay<'a> {
    pub(super) fn new(db: Db, archive_dir: &'a Path, config: &'a Config, seeds: &'a Seeds) -> Self {
        let settings = Settings { config: config.clone(), seeds: seeds.clone(), run: 0 };
        Self {
            db,
            archive_dir,
            fallback: (config, seeds),
            settings,
            remembered: Remembered::default(),
            payloads: Payloads::default(),
            tally: Tally::default(),
            last: Moment::default(),
            lost: 0,
        }
    }

    /// The archive's folder.
    pub(super) fn archive_dir(&self) -> &'a Path {
        self.archive_dir
    }

    /// Payloads that revisits refer to and no file holds.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    pub(super) fn segment(&mut self, segment: &SegmentState) -> Result<(), DbError> {
        let tx = self.db.begin()?;
        tx.set_segment(segment)?;
        tx.commit()
    }

    /// A file of a run that it describes: the run begins, or goes on.
    pub(super) fn begin_run(&mut self, run: RunDescription, software: &str) -> Result<(), DbError> {
        if run.run == self.settings.run {
            return Ok(());
        }
        let RunDescription { run, started_at, config, seeds, stops: _ } = run;
        self.settings = Settings { config, seeds, run };
        self.begin(software, started_at)
    }

    /// A file that describes no run: of its exchanges only the run's number is known. Where that is the run
    /// at hand, it goes on.
    pub(super) fn begin_unknown_run(
        &mut self,
        run: i64,
        software: &str,
        at: Moment,
    ) -> Result<(), DbError> {
        if run == self.settings.run && run > 0 {
            return Ok(());
        }
        let (config, seeds) = self.fallback;
        self.settings = Settings { config: config.clone(), seeds: seeds.clone(), run };
        self.begin(software, at)
    }

    fn begin(&mut self, software: &str, at: Moment) -> Result<(), DbError> {
        self.remembered = Remembered::default();
        self.tally = Tally::default();
        let tx = self.db.begin()?;
        tx.insert_past_run(self.settings.run, software, at)?;
        tx.commit()?;
        admit_seeds(&mut self.db, &self.settings.config, &self.settings.seeds, at)?;
        let seeds = self.settings.seeds.clone();
        let policy = HostPolicy::new(move |host| (seeds.has_host(host), seeds.delay_of(host)));
        self.db.set_host_policy(policy)
    }

    /// Takes over what an index that is to be replaced knew to be lost, but for what is there.
    pub(super) fn take_over_losses(&mut self, old: &Path, now: Moment) -> Result<(), DbError> {
        let Ok(old) = Db::open_read_only(old) else {
            return Ok(());
        };
        let tx = self.db.begin()?;
        let taken = old.each_loss(|loss| {
            let url = url::Url::parse(&loss.url).ok().and_then(|url| CanonicalUrl::new(&url).ok());
            let is_there = match (url, loss.at) {
                (Some(url), Some(at)) => tx.segment_of(&url, at, &loss.record_id)?.is_some(),
                _ => false,
            };
            if !is_there {
                tx.add_loss(&loss, now)?;
            }
            Ok::<_, DbError>(())
        });
        match taken {
            Err(error) if !error.is_damage() => return Err(error),
            _ => {}
        }
        tx.commit()
    }

    /// Takes away the row of a file in which nothing was that is not elsewhere.
    pub(super) fn remove_segment(&mut self, name: &str) -> Result<(), DbError> {
        let tx = self.db.begin()?;
        tx.remove_segment(name)?;
        tx.commit()
    }

    /// Concludes these exchanges again, in one transaction.
    pub(super) fn commit(
        &mut self,
        segment: &str,
        batch: impl IntoIterator<Item = Archived>,
    ) -> Result<Replayed, DbError> {
        let mut replayed = Replayed::default();
        let tx = self.db.begin()?;
        let mut pass = Pass {
            tx: &tx,
            archive_dir: self.archive_dir,
            segment,
            settings: &self.settings,
            remembered: &mut self.remembered,
            payloads: &mut self.payloads,
            tally: &mut self.tally,
            lost: &mut self.lost,
        };
        for archived in batch {
            self.last = self.last.max(archived.exchange.finished());
            replayed.add(&pass.exchange(archived)?);
        }
        if replayed.captures > 0 {
            tx.set_tally(self.settings.run, self.tally)?;
            tx.prolong_past_run(self.settings.run, self.last)?;
        }
        tx.commit()?;
        Ok(replayed)
    }

    /// What the crawl decided beside its exchanges; then the database is closed.
    pub(super) fn end(mut self, now: Moment) -> Result<(), DbError> {
        let tx = self.db.begin()?;
        settle::robots(&tx, self.last)?;
        tx.promote_due(self.last)?;
        tx.ask_again_for_lost()?;
        tx.rest_all_hosts(now, self.fallback.0.politeness.delay)?;
        tx.commit()?;
        self.db.finish()
    }
}

/// One transaction of it.
pub(crate) struct Pass<'a, 'db> {
    pub(crate) tx: &'a Tx<'db>,
    pub(crate) archive_dir: &'a Path,
    /// The file that the exchanges stand in.
    pub(crate) segment: &'a str,
    pub(crate) settings: &'a Settings,
    pub(crate) remembered: &'a mut Remembered,
    pub(crate) payloads: &'a mut Payloads,
    pub(crate) tally: &'a mut Tally,
    /// Payloads that revisits refer to and no file holds.
    pub(crate) lost: &'a mut u64,
}

impl Pass<'_, '_> {
    /// What it brought. An exchange that is known already is passed over: a damaged file may lie beside the
    /// one that was made of it.
    fn exchange(&mut self, archived: Archived) -> Result<Replayed, DbError> {
        let Some((archived, ground)) = self.begin(archived)? else {
            return Ok(Replayed { copies: 1, ..Replayed::default() });
        };
        let lease = &ground.lease;
        let next_at = ground.host.next_at;
        self.tx.occupy_host(lease.host_id, self.settings.run, lease.address, next_at, 0)?;
        if lease.purpose == Purpose::Page {
            self.tx.take_up_url(lease.url_id)?;
        }
        let outcome = self.outcome(ground, &archived);
        let placed = self.placed(&archived);
        let committed =
            self.tx.commit_outcome(&outcome, &archived.recorded, &placed, self.settings.run)?;
        self.admit_links(&outcome)?;
        self.tally.add(&outcome, committed.new_report);
        let reports = u64::from(committed.new_report);
        Ok(Replayed { captures: 1, reports, copies: 0 })
    }

    /// Adds the row of an exchange that has none, and what was read out of it, and moves neither its URL nor
    /// its host: these stand where later exchanges left them, unless the URL waits for just this.
    pub(crate) fn add(&mut self, archived: Archived) -> Result<bool, DbError> {
        let Some((archived, ground)) = self.begin(archived)? else {
            return Ok(false);
        };
        let outcome = self.outcome(ground, &archived);
        let placed = self.placed(&archived);
        let run = self.settings.run;
        let (_, payload) = self.tx.commit_capture(&outcome, &archived.recorded, &placed, run)?;
        self.tx.restore_url(&outcome, payload)?;
        self.admit_links(&outcome)?;
        Ok(true)
    }

    fn begin(&mut self, mut archived: Archived) -> Result<Option<(Archived, Ground)>, DbError> {
        let Ok(url) = CanonicalUrl::new(&archived.exchange.url) else {
            // Nothing else was ever asked for.
            return Ok(None);
        };
        let recorded = &archived.recorded;
        if self.tx.segment_of(&url, archived.exchange.started, &recorded.record_id)?.is_some() {
            return Ok(None);
        }
        self.tx.forget_loss(&recorded.record_id)?;
        if recorded.kind == CaptureKind::Revisit && archived.metadata.reply.is_empty() {
            self.fill(recorded, &mut archived.exchange.ending)?;
        }
        if let Some(original) = &archived.refers_to
            && self.tx.original(&original.digest)?.is_none()
        {
            let loss = Loss::of_original(original, "no file holds it");
            *self.lost += u64::from(self.tx.add_loss(&loss, archived.exchange.finished())?);
        }
        let ground = self.ground(&url, &archived)?;
        Ok(Some((archived, ground)))
    }

    fn outcome(&self, ground: Ground, archived: &Archived) -> Outcome {
        let exchange = &archived.exchange;
        let reading = work::read(&ground.lease, &exchange.ending, self.settings);
        let payload = archived.recorded.payload;
        let mut outcome = work::outcome(ground, exchange, payload, reading, &self.settings.config);
        if lacks_payload(archived) {
            // A robots.txt that is lost says nothing: least of all that everything is allowed.
            outcome.robots = None;
        }
        outcome
    }

    fn placed(&self, archived: &Archived) -> Placed {
        Placed {
            segment: self.segment.to_owned(),
            offset: archived.offset,
            length: archived.length,
        }
    }

    fn admit_links(&mut self, outcome: &Outcome) -> Result<(), DbError> {
        let remembered = &mut *self.remembered;
        let is_news = |found: &Found| remembered.is_news(found);
        let max_pages = self.settings.config.scope.max_pages_per_host;
        let (via, now) = (outcome.lease.url_id, outcome.finished);
        self.tx.admit_links(&outcome.found, via, max_pages, now, is_news)?;
        Ok(())
    }

    /// The payload of a revisit, from the record that holds it.
    fn fill(&mut self, recorded: &Recorded, ending: &mut Ending) -> Result<(), DbError> {
        let (Some(digest), Ending::Answered(response)) = (&recorded.payload, ending) else {
            return Ok(());
        };
        let Some(stored) = self.tx.stored(digest)? else {
            return Ok(());
        };
        if let Some(payload) = self.payloads.get(self.archive_dir, &stored) {
            response.payload = payload;
        }
        Ok(())
    }

    /// What the crawl knew before the exchange.
    fn ground(&self, url: &CanonicalUrl, archived: &Archived) -> Result<Ground, DbError> {
        let now = archived.exchange.started;
        let provenance = &archived.metadata.provenance;
        let purpose = match &provenance.robots_of {
            Some((origin, redirects)) => {
                Purpose::Robots { origin: origin.clone(), redirects: *redirects }
            }
            None => Purpose::Page,
        };
        let (known, robots) = match &purpose {
            Purpose::Robots { origin, .. } => (None, self.tx.origin(origin)?),
            Purpose::Page => (self.known(url, archived)?, None),
        };
        let host_id = self.tx.host_id(&url.host())?;
        let address = archived.exchange.address.map(|address| address.ip());
        let last_response = address.map(|ip| self.tx.last_response_of(ip)).transpose()?.flatten();
        let known = known.as_ref();
        let url_id = match known {
            Some(known) => known.id,
            None => self.tx.apart_url(url, host_id, now)?,
        };
        let host = self.tx.host(host_id)?;
        let lease = Lease {
            url_id,
            host_id,
            host: host.name.clone(),
            address,
            url: url.clone(),
            spelling: archived.exchange.url.clone(),
            purpose,
            seed: known.map(|known| known.seed.clone()).unwrap_or_default(),
            via: provenance.via.clone(),
            depth: provenance.depth,
            redirects: provenance.redirects,
            score: provenance.score,
            attempts: known.map_or(0, |known| known.attempts),
            validators: known.map(|known| known.validators.clone()).unwrap_or_default(),
            interval: known.and_then(|known| known.interval),
            granted: now,
        };
        let last = known.and_then(|known| known.last.clone());
        Ok(Ground { lease, host, last_response, last, robots })
    }

    /// The row of a page, made from what its records say where the page that led to it is not there.
    fn known(
        &self,
        url: &CanonicalUrl,
        archived: &Archived,
    ) -> Result<Option<WaitingUrl>, DbError> {
        if self.tx.find_url(url)?.is_none() {
            self.admit(url, archived)?;
        }
        let Some(id) = self.tx.find_url(url)? else {
            return Ok(None);
        };
        self.tx.set_spelling(id, &archived.exchange.url)?;
        self.tx.url_by_id(id)
    }

    fn admit(&self, url: &CanonicalUrl, archived: &Archived) -> Result<(), DbError> {
        let provenance = &archived.metadata.provenance;
        let config = &self.settings.config;
        let (_, seed) = self.settings.seeds.judge("", url, provenance.depth, config);
        let via = match &provenance.via {
            Some(via) => {
                match url::Url::parse(via).ok().and_then(|via| CanonicalUrl::new(&via).ok()) {
                    Some(via) => self.tx.find_url(&via)?,
                    None => None,
                }
            }
            None => None,
        };
        let found = Found {
            url: url.clone(),
            spelling: canonical::spelling(&archived.exchange.url),
            seed: seed.to_owned(),
            depth: provenance.depth,
            redirects: provenance.redirects,
            score: provenance.score,
            why: "it was archived",
            excluded: None,
        };
        self.tx.admit(&found, via, u64::MAX, archived.exchange.started)?;
        Ok(())
    }
}

/// Whether it is a revisit of a payload that no file holds.
fn lacks_payload(archived: &Archived) -> bool {
    let Ending::Answered(response) = &archived.exchange.ending else {
        return false;
    };
    archived.recorded.kind == CaptureKind::Revisit
        && response.payload.is_empty()
        && archived.recorded.payload != Some(Digest::of(&[]))
}
