//! Was every rule of politeness kept: told from the WARC files alone, so that it is a proof.
//!
//! - `request`: an exchange as an audit sees it
//! - `order`: exchanges in the order of time
//! - `judge`: each request against every rule; `line`: what is kept of a host and of an address; `robots`:
//!   which robots.txt was in force; `stops`: which stops
//! - `violation`: what is found; `gaps`: what the archive itself shows to be missing
//!
//! Neither index nor lock is needed: a crawl may go on. What is kept grows with hosts, addresses and origins,
//! never with exchanges.

mod gaps;
mod judge;
mod line;
mod order;
mod request;
mod robots;
mod stops;
mod violation;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::archive::exchanges::{Archived, Exchanges, Piece};
use crate::archive::files::{self, WarcFile};
use crate::archive::read::open_segment;
use crate::archive::scan::{Damage, Scan};
use crate::archive::{ArchiveError, format};
use crate::canonical::HostKey;
use crate::clock::Moment;
use crate::config::Config;
use crate::crawl::description::RunDescription;
use crate::digest::Digest;
use crate::politeness::pace;
use crate::seeds::Seeds;
use judge::Judge;
use line::Line;
use order::{Happening, Order};
use request::{Request, Run};
use robots::Payloads;
use stops::Stops;

pub use line::write_gap;
pub use robots::RobotsInForce;
pub use stops::Named;
pub use violation::{Earlier, Rule, Violation};

/// A crawl gives leave for a request, writes that down on a disk that may be slow, and sends it so much later at
/// most: leave that was good when it was given is good, though hours close or a copy expires meanwhile.
const GRANTED_BEFORE: Duration = Duration::from_secs(5);

/// The same of stops. A crawl has written down all leave that it gave before it looks at them, so that no disk
/// comes between: what may still be sent is what was due within [`pace::AHEAD`], and a busy processor.
const STOPPED_BEFORE: Duration = Duration::from_secs(1);
const _: () = assert!(pace::AHEAD.as_millis() < STOPPED_BEFORE.as_millis());

/// The earliest moment at which leave can have been given for a request that was sent at `at`.
fn granted_by(at: Moment) -> Moment {
    let before = i64::try_from(GRANTED_BEFORE.as_millis()).unwrap_or(i64::MAX);
    Moment::from_millis(at.as_millis().saturating_sub(before))
}

/// So many damaged places are kept; more are counted.
const DAMAGES_KEPT: usize = 1_000;

/// Why nothing could be audited.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// There are no WARC files.
    #[error("there are no WARC files in {}: expected the archive's folder; --config names another configuration", dir.display())]
    NoFiles {
        /// Where they were looked for.
        dir: PathBuf,
    },
    /// A file could not be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// What was found.
#[derive(Debug)]
pub struct Audit {
    /// The hosts, those with violations first, then those that were asked most.
    pub hosts: Vec<Row>,
    /// The IP addresses, likewise.
    pub addresses: Vec<Row>,
    /// Where hosts were chosen, the robots.txt that was in force for each of their origins at the end.
    pub robots: Vec<RobotsInForce>,
    /// Where hosts were chosen, those that stood on a list of stops or of opt-outs at the end.
    pub named: Vec<Named>,
    /// The violations, in the order of time; at most 10,000.
    pub violations: Vec<Violation>,
    /// Requests for which a robots.txt that permits them is not found, where it may lie in what is damaged or
    /// missing; at most 10,000.
    pub unproven: Vec<Violation>,
    /// What could not be read, and so proves nothing; at most 1,000.
    pub damages: Vec<DamagedPlace>,
    /// In all.
    pub summary: Summary,
}

/// A host or an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What it is called.
    pub name: String,
    /// Requests to it.
    pub requests: u64,
    /// The least time between two of them, in milliseconds, from the end of one to the start of the next, or from
    /// start to start where more than one at once were permitted; negative where they overlap and must not. None
    /// where there are not two.
    pub least_gap_ms: Option<i64>,
    /// What was due between these two, in milliseconds.
    pub due_ms: Option<u64>,
    /// The least time between the starts of two, in milliseconds.
    pub least_between_starts_ms: Option<i64>,
    /// The most in flight at once.
    pub most_at_once: u32,
    /// Violations by requests to it.
    pub violations: u64,
}

/// Bytes of which nothing can be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DamagedPlace {
    /// The WARC file.
    #[serde(serialize_with = "violation::as_text")]
    pub file: Arc<str>,
    /// Where they begin.
    pub offset: u64,
    /// Where they end.
    pub end: u64,
    /// What is wrong with them.
    pub why: String,
}

/// What was looked at, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Requests.
    pub requests: u64,
    /// Hosts that were asked.
    pub hosts: u64,
    /// IP addresses that answered.
    pub addresses: u64,
    /// Runs that asked.
    pub runs: u64,
    /// The first request.
    pub first: Option<Moment>,
    /// The end of the last exchange.
    pub last: Option<Moment>,
    /// WARC files, all of them.
    pub files: u64,
    /// Files that describe no run: these are audited against today's configuration and seeds.
    pub undescribed: u64,
    /// Places in files that cannot be read as exchanges.
    pub damaged: u64,
    /// Files that are not there, told from the numbers of the others.
    pub missing_files: u64,
    /// Whole records that a repair kept of exchanges which are lost.
    pub lost_records: u64,
    /// Requests of which neither can be told, whether they kept the rules or broke them.
    pub unproven: u64,
    /// Violations.
    pub violations: u64,
    /// How many of each rule.
    pub by_rule: BTreeMap<Rule, u64>,
}

/// Audits the archive of `config`, and tells of the hosts in `only`; of all, where it is empty. `config` and
/// `seeds` are gone by for files that describe no run. `progress` is told how many bytes are done, of how many,
/// and ends it with its error.
///
/// # Errors
/// When there are no WARC files, or one cannot be read.
pub fn run<E: From<AuditError>>(
    config: &Config,
    seeds: &Seeds,
    only: &[HostKey],
    mut progress: impl FnMut(u64, u64) -> Result<(), E>,
) -> Result<Audit, E> {
    let dir = &config.archive.dir;
    let files = files(dir)?;
    let today = Arc::new(Run { number: 0, config: config.clone(), seeds: seeds.clone() });
    let mut payloads = Payloads::default();
    loop {
        let mut pass = Pass::new(dir, only, Arc::clone(&today), payloads);
        pass.of = files.iter().map(|file| file.length).sum();
        for file in &files {
            pass.file(file, &mut progress)?;
        }
        pass.flush();
        if let Some(again) = std::mem::take(&mut pass.payloads).look_again() {
            payloads = again;
            continue;
        }
        pass.summary.missing_files = gaps::missing(&files);
        return Ok(pass.audit(files.iter().any(gaps::is_mended)));
    }
}

/// The files, without those of which another holds everything: a repair that was killed leaves the file that it
/// made beside the damaged one.
fn files(dir: &Path) -> Result<Vec<WarcFile>, AuditError> {
    let warc = dir.join(format::WARC_DIR);
    if !warc.is_dir() {
        return Err(AuditError::NoFiles { dir: warc });
    }
    let mut files = files::all(dir)?;
    if files.is_empty() {
        return Err(AuditError::NoFiles { dir: warc });
    }
    let names: HashSet<String> = files.iter().map(|file| file.name.clone()).collect();
    files.retain(|file| format::mended_from(&file.name).is_none_or(|name| !names.contains(&name)));
    Ok(files)
}

/// One way through all files.
struct Pass<'a> {
    dir: &'a Path,
    today: Arc<Run>,
    run: Arc<Run>,
    /// What the run at hand was read from: each of its files says the same.
    described_by: Option<Digest>,
    /// The file at hand has said which run it is of.
    is_described: bool,
    order: Order,
    judge: Judge<'a>,
    payloads: Payloads,
    damages: Vec<DamagedPlace>,
    summary: Summary,
    done: u64,
    of: u64,
}

impl<'a> Pass<'a> {
    fn new(dir: &'a Path, only: &'a [HostKey], today: Arc<Run>, payloads: Payloads) -> Self {
        Self {
            dir,
            run: Arc::clone(&today),
            today,
            described_by: None,
            is_described: false,
            order: Order::default(),
            judge: Judge::new(only),
            payloads,
            damages: Vec::new(),
            summary: Summary::default(),
            done: 0,
            of: 0,
        }
    }

    fn file<E: From<AuditError>>(
        &mut self,
        file: &WarcFile,
        progress: &mut impl FnMut(u64, u64) -> Result<(), E>,
    ) -> Result<(), E> {
        let name: Arc<str> = file.name.as_str().into();
        self.is_described = false;
        let opened = open_segment(self.dir, &file.name);
        let scan = opened.and_then(|(path, opened)| Scan::of(&path, opened, Some(file.length)));
        for piece in Exchanges::new(scan.map_err(AuditError::from)?) {
            match piece.map_err(AuditError::from)? {
                Piece::Info { at, run, .. } => self.begin(run.as_deref(), at),
                Piece::Exchange(archived) => {
                    let done = self.done + archived.end;
                    self.exchange(*archived, &name);
                    progress(done, self.of)?;
                }
                Piece::Event(event) => self.order.add_event(event),
                // A repair keeps what is whole of an exchange that is lost: that was told before it.
                Piece::Stray(_) if gaps::is_mended(file) => self.summary.lost_records += 1,
                Piece::Damage(damage) | Piece::Stray(damage) => self.damage(&name, damage),
            }
        }
        self.done += file.length;
        self.summary.files += 1;
        progress(self.done, self.of)
    }

    /// The run that a file describes.
    fn begin(&mut self, described: Option<&str>, at: Moment) {
        let Some(text) = described else {
            return;
        };
        let digest = Digest::of(text.as_bytes());
        self.is_described = true;
        if self.described_by == Some(digest) {
            return;
        }
        match RunDescription::from_json(text) {
            Ok(run) => {
                self.described_by = Some(digest);
                let RunDescription { run: number, config, seeds, stops, .. } = run;
                self.turn_to(Run { number, config, seeds }, Stops::begin(stops), at);
            }
            Err(error) => {
                tracing::warn!(%error, "today's configuration and seeds are gone by");
                self.is_described = false;
            }
        }
    }

    /// Runs do not overlap: whatever the clock did between them, one is over before the next.
    fn turn_to(&mut self, run: Run, stops: Stops, at: Moment) {
        self.flush();
        self.judge.begin(stops, at);
        self.run = Arc::new(run);
    }

    /// What is gone by for a file that describes no run: the run at hand, where its exchanges are of that.
    fn begin_undescribed(&mut self, number: i64, at: Moment) {
        self.is_described = true;
        self.summary.undescribed += 1;
        if number != self.run.number || number == 0 {
            self.described_by = None;
            let Run { config, seeds, .. } = &*self.today;
            self.turn_to(
                Run { number, config: config.clone(), seeds: seeds.clone() },
                Stops::default(),
                at,
            );
        }
    }

    fn exchange(&mut self, mut archived: Archived, name: &Arc<str>) {
        if !self.is_described {
            self.begin_undescribed(archived.metadata.provenance.run, archived.exchange.started);
        }
        let (offset, end) = (archived.offset, archived.end);
        if !self.payloads.take(&mut archived) {
            let what = "the bytes of this robots.txt are in no file".to_owned();
            self.damage(name, Damage { offset, end, what });
        }
        if let Some(request) = Request::of(archived, &self.run, name) {
            self.order.add(request);
            while let Some(next) = self.order.next() {
                self.happens(&next);
            }
        }
    }

    fn damage(&mut self, name: &Arc<str>, Damage { offset, end, what }: Damage) {
        self.summary.damaged += 1;
        if self.damages.len() < DAMAGES_KEPT {
            self.damages.push(DamagedPlace { file: Arc::clone(name), offset, end, why: what });
        }
    }

    fn flush(&mut self) {
        while let Some(next) = self.order.last() {
            self.happens(&next);
        }
    }

    fn happens(&mut self, next: &Happening) {
        match next {
            Happening::Start(request) => self.judge.start(request),
            Happening::End(request) => self.judge.end(request),
            Happening::Stop(event) => self.judge.event(event),
        }
    }

    /// `is_mended`: a repair has left out what was damaged.
    fn audit(self, is_mended: bool) -> Audit {
        let Self { mut judge, damages, summary, .. } = self;
        let has_gaps = is_mended || summary.damaged > 0 || summary.missing_files > 0;
        let unproven = judge.settle(has_gaps);
        let (robots, named) = judge.in_force();
        let told =
            judge.hosts.iter().filter(|(host, of)| judge.tells_of(host) && of.line.requests > 0);
        let (mut hosts, mut at) = (Vec::new(), HashSet::new());
        for (host, of) in told {
            hosts.push(Row::of(host.to_string(), &of.line));
            at.extend(of.addresses.iter().copied());
        }
        let told = judge.addresses.iter().filter(|(address, _)| at.contains(address));
        let mut addresses: Vec<Row> =
            told.map(|(address, line)| Row::of(address.to_string(), line)).collect();
        sort(&mut hosts);
        sort(&mut addresses);
        let counts = judge.counts;
        let summary = Summary {
            requests: counts.requests,
            hosts: hosts.len() as u64,
            addresses: addresses.len() as u64,
            runs: counts.runs.len() as u64,
            first: counts.first,
            last: counts.last,
            unproven: counts.lacking,
            violations: counts.violations.values().sum(),
            by_rule: counts.violations,
            ..summary
        };
        Audit {
            hosts,
            addresses,
            robots,
            named,
            violations: judge.violations,
            unproven,
            damages,
            summary,
        }
    }
}

impl Row {
    fn of(name: String, line: &Line) -> Self {
        let due = |due: Duration| u64::try_from(due.as_millis()).unwrap_or(u64::MAX);
        Self {
            name,
            requests: line.requests,
            least_gap_ms: line.least_gap.map(|gap| gap.found),
            due_ms: line.least_gap.map(|gap| due(gap.due)),
            least_between_starts_ms: line.least_between_starts,
            most_at_once: line.most_at_once,
            violations: line.violations,
        }
    }
}

fn sort(rows: &mut [Row]) {
    rows.sort_by(|one, other| {
        let rank = |row: &Row| (row.violations > 0, row.requests);
        rank(other).cmp(&rank(one)).then_with(|| one.name.cmp(&other.name))
    });
}
