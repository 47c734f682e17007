//! Stops: a file that ends a crawl, a list of hosts for now, a list of those that opted out, and the hours of a
//! seed. Each is heeded while a crawl runs, told by `why` and `status`, and kept in the archive.

use std::fs;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use gongkai::archive::event::Event;
use gongkai::archive::exchanges::{Exchanges, Piece};
use gongkai::archive::scan::Scan;
use gongkai::clock::{self, Moment};
use gongkai::demo::expected_reports;

use crate::bad_input::{respond, trick};
use crate::support::{Portals, Workspace, assert_polite};

const CITY: &str = "www.qingshanshi.gov.cn";
const COUNTY: &str = "www.yunlingxian.gov.cn";

fn asked(portals: &Portals, host: &str) -> usize {
    portals.log().iter().filter(|one| one.host == host).count()
}

fn events(workspace: &Workspace) -> Vec<Event> {
    let mut events = Vec::new();
    for file in workspace.warc_files() {
        for piece in Exchanges::new(Scan::open(&file, None).unwrap()) {
            if let Piece::Event(event) = piece.unwrap() {
                events.push(event);
            }
        }
    }
    events
}

/// Everything was found in the end, nothing too soon, and the archive proves it.
fn assert_finished(workspace: &Workspace, portals: &Portals) {
    assert_eq!(workspace.result(&["reports", "--json"]).lines().count(), expected_reports().len());
    workspace.assert_whole();
    assert_polite(&portals.log());
    workspace.result(&["audit"]);
    workspace.result(&["verify"]);
}

#[test]
fn the_stop_file_ends_a_crawl_with_its_state_saved_and_the_next_asks_nothing_until_it_is_gone() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    let crawl = workspace.command(&["crawl"]).stderr(Stdio::piped()).spawn().unwrap();
    portals.wait_for_requests(20);
    let stop = workspace.path().join("STOP");
    fs::write(&stop, "").unwrap();
    let ended = crawl.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{said}");
    assert!(said.contains("stop file: "), "{said}");
    let so_far = portals.log().len();
    workspace.result(&["crawl"]);
    assert_eq!(portals.log().len(), so_far);
    assert!(workspace.result(&["status"]).contains("Nothing is asked: "));
    fs::remove_file(&stop).unwrap();
    workspace.result(&["crawl"]);
    let kept = events(&workspace);
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].change.kind.as_str(), kept[0].change.on), ("stop", true));
    assert_finished(&workspace, &portals);
}

#[test]
fn a_host_on_the_stop_list_is_not_asked_while_it_is_there_and_others_are() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    let crawl = workspace.command(&["crawl"]).stderr(Stdio::null()).spawn().unwrap();
    portals.wait_for_requests(15);
    let list = workspace.path().join("stop-hosts.txt");
    fs::write(&list, format!("# being moved\n{CITY}\n")).unwrap();
    assert!(crawl.wait_with_output().unwrap().status.success());
    let stopped = asked(&portals, CITY);
    let waiting: i64 = workspace
        .database()
        .query_row("SELECT waiting FROM hosts WHERE name = ?1", [CITY], |row| row.get(0))
        .unwrap();
    assert!(waiting > 0, "it was stopped in the middle");
    let why = workspace.result(&["why", &waiting_url(&workspace)]);
    assert!(why.contains("stop-host: www.qingshanshi.gov.cn in "), "{why}");
    workspace.result(&["crawl"]);
    assert_eq!(asked(&portals, CITY), stopped);
    assert!(asked(&portals, COUNTY) > 20, "the others are not held up");
    workspace.result(&["audit"]);
    fs::remove_file(&list).unwrap();
    workspace.result(&["crawl"]);
    let kept = events(&workspace);
    assert_eq!(kept.len(), 1, "what a run begins with stands in its description: {kept:?}");
    assert_eq!((kept[0].change.kind.as_str(), kept[0].change.on), ("stop-host", true));
    assert_finished(&workspace, &portals);
}

fn waiting_url(workspace: &Workspace) -> String {
    let query = "SELECT u.url FROM urls u JOIN hosts h ON h.id = u.host_id WHERE h.name = ?1 AND u.state = 0";
    workspace.database().query_row(query, [CITY], |row| row.get(0)).unwrap()
}

#[test]
fn who_opted_out_is_never_asked_and_a_run_that_did_would_be_found_out() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    fs::write(workspace.path().join("opt-out.txt"), "*.qingshanshi.gov.cn\nno host at all\n")
        .unwrap();
    let crawl = workspace.run(&["crawl"]);
    let said = String::from_utf8(crawl.stderr).unwrap();
    assert_eq!(crawl.status.code(), Some(1), "a line that spares nobody is no success");
    assert!(said.contains("opt-out.txt:2: expected a host"), "{said}");
    assert!(said.contains("1 URL of 1 host is stopped by a list"), "{said}");
    assert_eq!(asked(&portals, CITY), 0);
    assert!(asked(&portals, COUNTY) > 20);
    assert!(workspace.result(&["status"]).contains("not asked: opt-out: *.qingshanshi.gov.cn in "));
    workspace.result(&["audit"]);
    fs::remove_file(workspace.path().join("opt-out.txt")).unwrap();
    workspace.result(&["crawl"]);
    assert_finished(&workspace, &portals);
}

#[test]
fn a_list_that_cannot_be_read_lets_no_crawl_begin() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    fs::create_dir(workspace.path().join("opt-out.txt")).unwrap();
    let crawl = workspace.run(&["crawl"]);
    assert_eq!(crawl.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&crawl.stderr).contains("opt-out.txt"));
    assert_eq!(portals.log().len(), 0);
}

#[test]
fn outside_the_hours_of_its_seed_a_portal_is_not_asked_and_others_are() {
    const HOUR: i64 = 3_600_000;
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    let hour = |ahead: i64| {
        let moment = Moment::from_millis(clock::now().as_millis() + ahead * HOUR).to_string();
        moment[11..13].to_owned()
    };
    let seed =
        format!("urls = [\"http://{CITY}/\"]\nhours = \"{}:00-{}:00 UTC\"\n", hour(3), hour(5));
    fs::write(workspace.path().join("seeds/a-city.toml"), seed).unwrap();
    let others = format!("http://{COUNTY}/\nhttp://tjj.baishuizhou.gov.cn/\n");
    fs::write(workspace.path().join("seeds/portals.txt"), others).unwrap();
    workspace.result(&["crawl"]);
    assert_eq!(asked(&portals, CITY), 0);
    assert!(asked(&portals, COUNTY) > 20);
    let why = workspace.result(&["why", &format!("http://{CITY}/")]);
    assert!(why.contains("(hours: it is asked "), "{why}");
    workspace.result(&["audit"]);
    fs::write(workspace.path().join("seeds/a-city.toml"), format!("urls = [\"http://{CITY}/\"]\n"))
        .unwrap();
    workspace.result(&["crawl", "--max-pages", "3"]);
    assert!(asked(&portals, CITY) > 1, "hours that no file says any more keep nobody");
}

#[test]
fn outside_its_hours_a_portal_is_not_asked_for_the_robots_txt_of_another_either() {
    const HOUR: i64 = 3_600_000;
    const OFFICE: &str = "www.baishan.gov.cn";
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let address = trick(move |stream, request| {
        let host = request.lines().find_map(|line| line.strip_prefix("Host: "));
        log.lock().unwrap().push(host.unwrap_or_default().to_owned());
        respond(stream, format!("301 Moved\r\nLocation: http://{OFFICE}/robots.txt"), b"");
    });
    let hosts = [COUNTY, OFFICE].map(|host| format!("{host}:80={address}"));
    let workspace =
        Workspace::with(&format!("connect_to = {hosts:?}\n"), &format!("http://{COUNTY}/"));
    let hour = |ahead: i64| {
        let moment = Moment::from_millis(clock::now().as_millis() + ahead * HOUR).to_string();
        moment[11..13].to_owned()
    };
    let hours = format!("hours = \"{}:00-{}:00 UTC\"\n", hour(3), hour(5));
    let seed = format!("urls = [\"http://{OFFICE}/\"]\n{hours}");
    fs::write(workspace.path().join("seeds/office.toml"), seed).unwrap();
    // No page of its own is due, whose turn would have told that it is not to be asked.
    workspace.result(&["crawl", "--host", COUNTY]);
    assert_eq!(*asked.lock().unwrap(), [COUNTY]);
    let why = workspace.result(&["why", &format!("http://{COUNTY}/")]);
    assert!(why.contains("(robots.txt: it lies at www.baishan.gov.cn, which is "), "{why}");
}
