//! Before the first lease: the archive is locked, repaired and opened, what a killed run held is
//! taken over, and the seeds are admitted.

use std::io::ErrorKind;
use std::path::Path;

use super::description::RunDescription;
use super::{CrawlError, Options};
use crate::archive::event::Event;
use crate::archive::lock::Lock;
use crate::archive::segment::Appender;
use crate::archive::{ArchiveError, WarcInfo, format, left_open};
use crate::canonical::{self, CanonicalUrl};
use crate::clock::{self, Moment};
use crate::config::Config;
use crate::db::addresses::AddressRow;
use crate::db::hosts::HostPolicy;
use crate::db::{Db, DbError};
use crate::frontier::Found;
use crate::politeness::pace;
use crate::seeds::Seeds;
use crate::stops::{StopChange, Stops};

/// What a seed's own page scores: it leads to everything else.
const SEED_SCORE: u8 = 60;

/// What goes by this name in the WARC files' names; one machine has one worker.
const WORKER: &str = "w0";

/// An archive that is ours until this value is dropped.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) lock: Lock,
    pub(super) db: Db,
    pub(super) appender: Appender,
    pub(super) run_id: i64,
    pub(super) stops: Stops,
    pub(super) addresses: Vec<AddressRow>,
}

/// Makes the archive ours.
pub(super) fn open(
    config: &Config,
    seeds: &Seeds,
    options: &Options,
    contact: &str,
) -> Result<Started, CrawlError> {
    let dir = &config.archive.dir;
    std::fs::create_dir_all(dir).map_err(|source| CrawlError::System {
        what: format!("make the archive in {}", dir.display()),
        source,
    })?;
    let lock = Lock::acquire(dir)?;
    let now = clock::now();
    let database = dir.join(format::DATABASE);
    if let Err(no_index @ DbError::NoIndex { .. }) = Db::exists(&database) {
        return Err(no_index.into());
    }
    let mut db = Db::open(&database)?;
    mend(dir, &mut db)?;
    check_files(dir, &db)?;
    let politeness = &config.politeness;
    let lapsed = db.take_over(
        now,
        |pace| pace::delay(politeness, pace),
        |last_response| pace::address_delay(politeness, last_response),
    )?;
    db.forget_configured(now)?;
    if lapsed > 0 {
        tracing::warn!(urls = lapsed, "the last run was killed; what was in flight is asked again");
    }
    let software = format!("gongkai/{}", env!("CARGO_PKG_VERSION"));
    let run_id = db.start_run(&software, now)?;
    admit_seeds(&mut db, config, seeds, now)?;
    let stops = Stops::read(&config.stops)?;
    set_policy(&mut db, seeds, options, &stops)?;
    let lists = stops.lists();
    let description = RunDescription {
        run: run_id,
        started_at: now,
        config: config.clone(),
        seeds: seeds.clone(),
        stops: (lists.0.clone(), lists.1.clone()),
    };
    let info = WarcInfo {
        run: description.to_json(),
        software,
        contact: contact.to_owned(),
        robots: "obey".to_owned(),
        configuration: config.to_toml(),
    };
    let appender =
        Appender::new(&dir.join(format::WARC_DIR), WORKER, info, config.archive.warc_size)?;
    let addresses = db.addresses()?;
    Ok(Started { lock, db, appender, run_id, stops, addresses })
}

/// Says which hosts are asked: those of the seeds, of these the ones that were named, and none that is on a
/// list of stops.
pub(super) fn set_policy(
    db: &mut Db,
    seeds: &Seeds,
    options: &Options,
    stops: &Stops,
) -> Result<(), DbError> {
    let only: Vec<String> = options.hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
    let of_seeds = seeds.clone();
    let (stopped, opted_out) = stops.lists();
    let lists = [stopped.clone(), opted_out.clone()];
    db.set_host_policy(HostPolicy::new(move |host| {
        let wanted = only.is_empty() || only.iter().any(|name| name == host.as_str());
        let spared = lists.iter().any(|list| list.line_of(host).is_some());
        (wanted && !spared && of_seeds.has_host(host), of_seeds.delay_of(host))
    }))
}

/// Keeps in the archive what has come into force, or was taken back, while a run goes on.
pub(super) fn keep_events(
    db: &mut Db,
    appender: &mut Appender,
    run: i64,
    changes: Vec<StopChange>,
    at: Moment,
) -> Result<(), CrawlError> {
    for change in changes {
        let (what, host, on) = (change.kind.as_str(), &change.host, change.on);
        tracing::warn!(what, host, in_force = on, "a stop has changed");
        appender.append_event(&Event { at, run, change })?;
    }
    let segments = appender.sync()?;
    let tx = db.begin()?;
    for segment in &segments {
        tx.set_segment(segment)?;
    }
    Ok(tx.commit()?)
}

/// Every WARC file is there, as long as the index says: what is missing is found before more is added.
fn check_files(dir: &Path, db: &Db) -> Result<(), CrawlError> {
    for segment in db.segments()? {
        let path = format::find_segment(dir, &segment.name);
        let committed = segment.length;
        let found = match std::fs::metadata(&path) {
            Ok(file) => file.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(ArchiveError::Gone { path, committed }.into());
            }
            Err(error) => return Err(ArchiveError::io("read", &path)(error).into()),
        };
        if found < committed {
            return Err(ArchiveError::Short { path, found, committed }.into());
        }
    }
    Ok(())
}

/// Cuts the tail of a WARC file that no row speaks of, and seals what a killed run left open.
pub(crate) fn mend(dir: &Path, db: &mut Db) -> Result<(), CrawlError> {
    let mut cut = Vec::new();
    for file in left_open::find(dir)? {
        let committed = db.segment_length(file.name())?;
        if committed.is_none() && file.remove_copy()? {
            continue;
        }
        cut.push(file.cut(committed)?);
    }
    let tx = db.begin()?;
    for file in cut {
        if file.kept > 0 {
            tx.set_segment(&file.state())?;
        }
        if let Some(path) = &file.set_aside {
            tracing::warn!(
                file = file.name,
                bytes = file.cut,
                set_aside = %path.display(),
                "the last run was killed while it wrote; bytes that no row speaks of were set aside"
            );
        } else {
            tracing::info!(file = file.name, "sealed what the last run left open");
        }
    }
    tx.seal_all_segments()?;
    Ok(tx.commit()?)
}

/// Takes in the seeds of a run.
pub(crate) fn admit_seeds(
    db: &mut Db,
    config: &Config,
    seeds: &Seeds,
    now: Moment,
) -> Result<(), DbError> {
    let tx = db.begin()?;
    for seed in seeds.iter() {
        tx.set_seed(&seed.name, &seed.source)?;
        for url in &seed.urls {
            let canonical = match CanonicalUrl::new(url) {
                Ok(canonical) => canonical,
                Err(why) => {
                    tracing::warn!(%url, seed = seed.name, %why, "a seed that cannot be asked for");
                    continue;
                }
            };
            let found = Found {
                url: canonical,
                spelling: canonical::spelling(url),
                seed: seed.name.clone(),
                depth: 0,
                redirects: 0,
                score: SEED_SCORE,
                why: "a seed",
                excluded: None,
            };
            tx.admit(&found, None, config.scope.max_pages_per_host, now)?;
        }
    }
    tx.commit()
}
