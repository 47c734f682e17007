//! SIGINT and SIGTERM, and the limits of a run: what is in flight is finished, and the next run goes on.

use std::process::{Command, Stdio};

use gongkai::demo::expected_reports;

use crate::support::{Portals, Workspace, assert_polite};

fn stop_with(signal: &str) -> Option<i32> {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    let mut crawl = workspace.command(&["crawl"]).stderr(Stdio::null()).spawn().unwrap();
    portals.wait_for_requests(20);
    let sent = Command::new("kill").args(["-s", signal, &crawl.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let code = crawl.wait().unwrap().code();
    let leased: i64 = workspace
        .database()
        .query_row("SELECT count(*) FROM urls WHERE state = 1", [], |row| row.get(0))
        .unwrap();
    assert_eq!(leased, 0, "what was in flight was finished");
    workspace.assert_whole();
    let ending: String =
        workspace.database().query_row("SELECT ending FROM runs", [], |row| row.get(0)).unwrap();
    assert_eq!(ending, format!("SIG{signal}"));
    workspace.result(&["crawl"]);
    assert_eq!(workspace.result(&["reports", "--json"]).lines().count(), expected_reports().len());
    assert_polite(&portals.log());
    code
}

#[test]
fn sigint_saves_the_state_and_exits_130() {
    assert_eq!(stop_with("INT"), Some(130));
}

#[test]
fn sigterm_saves_the_state_and_exits_143() {
    assert_eq!(stop_with("TERM"), Some(143));
}

#[test]
fn a_run_asks_for_no_more_pages_than_it_may() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    workspace.result(&["crawl", "--max-pages", "7"]);
    let pages = portals.log().iter().filter(|one| one.path != "/robots.txt").count();
    assert_eq!(pages, 7);
    workspace.result(&["crawl", "--host", "tjj.baishuizhou.gov.cn", "--max-pages", "5"]);
    let others =
        portals.log().iter().skip(7 + 3).filter(|one| !one.host.starts_with("tjj")).count();
    assert_eq!(others, 0, "only the host that was named is asked");
    workspace.result(&["crawl", "--max-time", "0s"]);
}
