//! A crawl that is killed at any instant, and started again, ends as one that was not.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _};
use std::process::Stdio;

use gongkai::clock;

use crate::support::{Portals, Workspace, assert_polite};
use crate::verified::problems;

/// How often the crawl is killed.
const KILLS: usize = 10;

/// A kill comes after so many requests more at most.
const REQUESTS_BETWEEN: u64 = 14;

/// A number that nobody chose.
fn any(below: u64) -> u64 {
    std::collections::hash_map::RandomState::new().build_hasher().finish() % below
}

#[test]
fn ten_kills_lose_nothing_and_ask_twice_only_for_what_was_in_flight() {
    let logs = tempfile::tempdir().unwrap();
    let calm_portals = Portals::serve(&logs.path().join("calm"));
    let calm = Workspace::new(&calm_portals, "");
    calm.result(&["crawl"]);

    let portals = Portals::serve(&logs.path().join("killed"));
    let workspace = Workspace::new(&portals, "");
    let mut kills = Vec::new();
    for _ in 0..KILLS {
        let mut crawl =
            workspace.command(&["--quiet", "crawl"]).stderr(Stdio::null()).spawn().unwrap();
        let wanted = portals.log().len() + 1 + usize::try_from(any(REQUESTS_BETWEEN)).unwrap();
        portals.wait_for_requests(wanted);
        crawl.kill().unwrap();
        assert!(!crawl.wait().unwrap().success(), "it was done before it could be killed");
        assert_eq!(problems(&workspace), [""; 0], "as the kill left it");
        // What was on its way has reached the portal by now, and nobody has asked for more.
        kills.push(clock::now().as_millis());
    }
    workspace.result(&["crawl"]);

    assert_eq!(workspace.frontier(), calm.frontier());
    workspace.assert_whole();
    let log = portals.log();
    assert_polite(&log);

    let mut times: BTreeMap<(&str, &str), Vec<i64>> = BTreeMap::new();
    for one in &log {
        times.entry((&one.host, &one.path)).or_default().push(one.at_ms);
    }
    let calm_log = calm_portals.log();
    let calmly = |host: &str, path: &str| {
        calm_log.iter().filter(|one| one.host == host && one.path == path).count()
    };
    for ((host, path), times) in times {
        let extra = times.len().saturating_sub(calmly(host, path));
        // A host is asked one request at a time, so what was in flight is what it was asked last.
        let in_flight = |at: &&i64| {
            kills.iter().any(|kill| {
                let before = log.iter().filter(|one| one.host == host && one.at_ms <= *kill);
                before.map(|one| one.at_ms).max() == Some(**at)
            })
        };
        let excused = times.iter().filter(in_flight).count();
        assert!(
            extra <= excused,
            "{host}{path} was asked for {} times, {excused} of them in flight at a kill",
            times.len()
        );
    }
}
