//! How far a run is, and how it ended.

use std::time::Duration;

use super::pacing::Measured;
use crate::canonical::HostKey;
use crate::clock::Moment;
use crate::config::Config;
use crate::db::runs::Tally;
use crate::db::{Db, DbError};
use crate::seeds::Seeds;
use crate::stops::Stops;

/// How far a run is; renewed with each batch that is committed.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// What it has brought.
    pub tally: Tally,
    /// Requests in flight.
    pub in_flight: u64,
    /// URLs in the queues.
    pub waiting: u64,
    /// Hosts with a queue.
    pub hosts_waiting: u64,
    /// Of these, hosts that rest: they asked for peace, or fail.
    pub hosts_resting: u64,
    /// For whom, or what, the run waits when nothing is in flight.
    pub waiting_for: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing was due any more.
    Done,
    /// `--max-pages` was reached.
    MaxPages,
    /// `--max-time` was reached.
    MaxTime,
    /// The stop file is there.
    Stopped,
    /// `politeness.hours` closed.
    Hours,
    /// Less than `archive.reserve` was free on the disk.
    NoRoom,
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Ending {
    /// As the index and the summary write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::MaxPages => "max-pages",
            Self::MaxTime => "max-time",
            Self::Stopped => "stop file",
            Self::Hours => "hours",
            Self::NoRoom => "disk nearly full",
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Summary {
    /// How it ended.
    pub ending: Ending,
    /// What it brought.
    pub tally: Tally,
    /// How long it took.
    pub elapsed: Duration,
    /// Lists of stops have lines that name no host.
    pub bad_lists: bool,
    /// How well it kept time.
    pub pacing: Measured,
    /// URLs still in the queues.
    pub waiting: u64,
    /// Hosts that rest, and so were not waited for.
    pub hosts_resting: u64,
    /// What it leaves to the next run.
    pub left: Left,
}

impl Summary {
    /// Whether requests were sent, or would have been to a name that was found, and not one got a response.
    pub fn is_deaf(&self) -> bool {
        self.pacing.granted > 0 && self.tally.failures >= self.pacing.granted
    }
}

/// What a run leaves to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Left {
    /// URLs in the queues of hosts of the seeds that a list of stops names.
    pub urls_stopped: u64,
    /// How many these hosts are.
    pub hosts_stopped: u64,
    /// When a run finds something to ask for; none where it is now, or nothing is known to come.
    pub next_due: Option<Moment>,
}

impl Left {
    /// By the rows, the hours of the configuration and of the seeds, and the stops.
    pub(super) fn of(
        db: &Db,
        config: &Config,
        seeds: &Seeds,
        stops: &Stops,
        now: Moment,
    ) -> Result<Self, DbError> {
        let is_stopped = |host: &HostKey| stops.names(host) && seeds.has_host(host);
        let stopped = db.not_asked()?.into_iter().filter(|(host, _)| is_stopped(host));
        let mut left = stopped.fold(Self::default(), |left, (_, urls)| Self {
            urls_stopped: left.urls_stopped + urls,
            hosts_stopped: left.hosts_stopped + 1,
            ..left
        });
        if !stops.is_stopped() {
            let next = db.next_ask(now, |host, at| open(config, seeds, host, at))?;
            left.next_due = next.filter(|next| *next > now);
        }
        Ok(left)
    }
}

/// The first moment from `at` on that lies in the hours of the configuration and in those of the host's seed.
fn open(config: &Config, seeds: &Seeds, host: &HostKey, at: Moment) -> Moment {
    /// Hours that overlap by as much as a minute are met by then.
    const ROUNDS: usize = 3;
    let all = [config.politeness.hours.as_ref(), seeds.hours_of(host)];
    let rounds = std::iter::repeat_n(all, ROUNDS).flatten().flatten();
    rounds.fold(at, |at, hours| if hours.contains(at) { at } else { hours.opens_after(at) })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::{self, units::Hours};
    use crate::crawl::{Options, start};
    use crate::seeds::Seed;

    const NOW: Moment = Moment::from_millis(1_767_225_600_000);

    /// Two hosts with a URL each, at this moment of the year 2026: the first minute.
    fn left(stopped: &str, change: impl Fn(&mut Config, &mut Db)) -> Left {
        let dir = tempfile::tempdir().unwrap();
        let mut db = Db::open(&dir.path().join("gongkai.db")).unwrap();
        let files = config::Stops {
            file: dir.path().join("STOP"),
            hosts: dir.path().join("hosts"),
            opt_out: dir.path().join("opt-out"),
        };
        fs::write(&files.hosts, stopped).unwrap();
        let stops = Stops::read(&files).unwrap();
        let urls = ["http://www.qingshan.gov.cn/", "http://www.yunling.gov.cn/"];
        let seeds = urls.map(|url| Seed::from_url(&url.parse().unwrap(), "test"));
        let seeds = Seeds::new(seeds.to_vec());
        let mut config = Config::default();
        start::admit_seeds(&mut db, &config, &seeds, NOW).unwrap();
        start::set_policy(&mut db, &seeds, &Options::default(), &stops).unwrap();
        change(&mut config, &mut db);
        Left::of(&db, &config, &seeds, &stops, NOW).unwrap()
    }

    fn rest(db: &mut Db, seconds: i64) {
        let until = Moment::from_millis(NOW.as_millis() + seconds * 1_000);
        let tx = db.begin().unwrap();
        for host in ["www.qingshan.gov.cn", "www.yunling.gov.cn"] {
            let id = tx.host_id(&HostKey::from(host.to_owned())).unwrap();
            tx.rest_host(id, until, "asked for peace").unwrap();
        }
        tx.commit().unwrap();
    }

    #[test]
    fn the_next_is_due_when_its_host_is_left_alone_no_more_and_the_hours_are_open() {
        assert_eq!(left("", |_, _| ()).next_due, None, "it is due now");
        let later = |seconds: i64| Some(Moment::from_millis(NOW.as_millis() + seconds * 1_000));
        assert_eq!(left("", |_, db| rest(db, 90)).next_due, later(90));
        let hours = |text| {
            move |config: &mut Config, db: &mut Db| {
                config.politeness.hours = Some(Hours::parse(text).unwrap());
                rest(db, 90);
            }
        };
        assert_eq!(left("", hours("02:00-03:00 UTC")).next_due, later(7_200));
        assert_eq!(left("", hours("00:00-00:01 UTC")).next_due, later(86_400));
    }

    #[test]
    fn what_a_list_stops_is_told_and_is_not_the_next() {
        let rests = |_: &mut Config, db: &mut Db| rest(db, 90);
        let one = left("www.yunling.gov.cn\n", rests);
        assert_eq!((one.urls_stopped, one.hosts_stopped, one.next_due.is_some()), (1, 1, true));
        let both = left("*.gov.cn\n", rests);
        assert_eq!(both, Left { urls_stopped: 2, hosts_stopped: 2, next_due: None });
    }
}
