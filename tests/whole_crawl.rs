//! A crawl finds every report of portals that another process serves, and tells of them truly.

use gongkai::demo::expected_reports;
use serde_json::Value;

use crate::support::{Portals, Workspace, assert_polite};

#[test]
fn every_report_is_found_and_told_of_truly() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    workspace.result(&["crawl"]);

    let lines = workspace.result(&["reports", "--json"]);
    let found: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = expected_reports();
    assert_eq!(found.len(), expected.len());
    for report in &expected {
        let one = found.iter().find(|one| one["url"] == report.url.as_str());
        let one = one.unwrap_or_else(|| panic!("{} was not found", report.url));
        assert_eq!(one["schema"], "gongkai-report/1");
        assert_eq!(one["agency"], report.agency.as_str());
        assert_eq!(one["year"], report.year);
        assert_eq!(one["format"], report.format);
        assert_eq!(one["requests"]["received_new"]["total"], report.received_new_total);
        let holds = one["checks"].as_array().unwrap().iter().all(|check| check["holds"] == true);
        assert_eq!(holds, report.sums_hold, "{}", report.url);
    }

    tells_truly(&workspace, &portals, &found);
    workspace.assert_whole();
    assert_polite(&portals.log());
}

/// `show`, `cat`, `status` and `reports --csv` agree with what `reports --json` and the server say.
fn tells_truly(workspace: &Workspace, portals: &Portals, found: &[Value]) {
    let expected = expected_reports();
    let one = &expected[0];
    let shown = workspace.result(&["show", &one.url]);
    assert!(shown.contains(&one.agency) && shown.contains("checks"), "{shown}");
    let payload = found.iter().find(|found| found["url"] == one.url.as_str()).unwrap()["payload"]
        .as_str()
        .unwrap();
    let by_url = workspace.run(&["cat", &one.url]).stdout;
    assert_eq!(by_url, workspace.run(&["cat", payload]).stdout);
    assert_eq!(gongkai::digest::Digest::of(&by_url).to_string(), payload);
    let captures: Value =
        serde_json::from_str(&workspace.result(&["show", payload, "--json"])).unwrap();
    let number = captures["captures"][0]["id"].to_string();
    assert_eq!(by_url, workspace.run(&["cat", &number]).stdout);

    let status: Value = serde_json::from_str(&workspace.result(&["status", "--json"])).unwrap();
    let asked_of = |host: &str| portals.log().iter().filter(|one| one.host == host).count() as u64;
    let captures: u64 = gongkai::demo::portals().iter().map(|portal| asked_of(portal.host)).sum();
    assert_eq!(status["archive"]["captures"], captures, "each request is a capture");
    assert_eq!(status["runs"][0]["ending"], "done");
    let csv = workspace.result(&["reports", "--csv", "--year", "2023"]);
    assert_eq!(
        csv.lines().count(),
        1 + expected.iter().filter(|report| report.year == 2023).count()
    );
}

#[test]
fn what_robots_forbids_is_never_asked_for_and_robots_is_asked_for_first() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    workspace.result(&["crawl"]);
    for portal in gongkai::demo::portals() {
        let requests: Vec<_> =
            portals.log().into_iter().filter(|one| one.host == portal.host).collect();
        assert_eq!(requests[0].path, "/robots.txt");
        assert!(requests.iter().all(|one| !portal.is_forbidden(&one.path)), "{}", portal.host);
    }
    let why = workspace.result(&["why", "http://www.qingshanshi.gov.cn/internal/t20240101_9.html"]);
    assert!(why.contains("disallowed by line 2: Disallow: /internal/"), "{why}");
}

#[test]
fn a_trap_takes_no_more_than_a_few_requests() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    workspace.result(&["crawl"]);
    let in_trap = |one: &&gongkai::demo::Logged| {
        one.path.starts_with("/calendar") || one.path.contains("/deep/")
    };
    let count = portals.log().iter().filter(in_trap).count();
    assert!(count < 20, "{count} requests");
}

#[test]
fn an_archive_of_many_small_files_is_as_whole_as_one_of_few() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "[archive]\nwarc_size = \"20KiB\"\n");
    workspace.result(&["crawl"]);
    assert!(workspace.warc_files().len() > 5);
    workspace.assert_whole();
    assert_eq!(workspace.result(&["reports", "--json"]).lines().count(), expected_reports().len());
}
