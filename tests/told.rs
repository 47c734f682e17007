//! What `status`, `why` and a crawl's end tell holds: nothing is promised that the next crawl does not do.

use std::fs;

use gongkai::clock;

use crate::bad_input::{respond, trick};
use crate::support::Workspace;

const HOUR_MS: i64 = 3_600_000;

/// `http://www.baishan.gov.cn/` with two links, of which robots.txt forbids one; its first page was asked for.
fn begun() -> Workspace {
    let address = trick(|stream, request| {
        if request.starts_with("GET /robots.txt") {
            respond(stream, "200 OK", b"User-agent: *\nDisallow: /secret/\n");
        } else {
            let page = b"<html><a href=/secret/1.html>a</a><a href=/2.html>b</a></html>";
            respond(stream, "200 OK\r\nContent-Type: text/html", page);
        }
    });
    let connect_to = format!("connect_to = [\"www.baishan.gov.cn:80={address}\"]\n");
    let workspace = Workspace::with(&connect_to, "http://www.baishan.gov.cn/\n");
    workspace.result(&["crawl", "--max-pages", "1"]);
    workspace
}

fn why(workspace: &Workspace, path: &str) -> String {
    workspace.result(&["why", &format!("http://www.baishan.gov.cn{path}")])
}

#[track_caller]
fn assert_told(told: &str, expected: &str) {
    assert!(told.contains(expected), "expected `{expected}` in\n{told}");
}

#[test]
fn a_waiting_url_that_robots_txt_forbids_is_told_not_to_be_asked() {
    let workspace = begun();
    let forbidden = "it is not going to be asked: robots.txt forbids it (disallowed by line 2: ";
    assert_told(&why(&workspace, "/secret/1.html"), forbidden);
    assert!(!why(&workspace, "/2.html").contains("forbids"));
}

#[test]
fn outside_the_hours_no_host_is_ready_and_the_next_is_due_when_they_open() {
    let workspace = begun();
    let opens = clock::now().as_millis() / HOUR_MS + 12;
    let hours = format!("{:02}:00-{:02}:00 UTC", opens % 24, (opens + 1) % 24);
    let at = gongkai::clock::Moment::from_millis(opens * HOUR_MS);
    let run = |arguments: &[&str]| {
        let mut command = workspace.command(arguments);
        let output = command.env("GONGKAI_POLITENESS__HOURS", &hours).output().unwrap();
        assert!(output.status.success());
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let status = run(&["status"]);
    let first = format!("Nothing is asked until {at} (politeness.hours: {hours})\n\n");
    assert!(status.starts_with(&first) && !status.contains("ready"), "{status}");
    assert_told(
        &run(&["why", "http://www.baishan.gov.cn/2.html"]),
        &format!("waits for: the hours {hours}, from {at}"),
    );
    assert_told(&run(&["crawl"]), &format!("; the next is due at {at}"));
}

#[test]
fn what_was_fetched_and_is_stopped_says_so_beside_when_it_comes_again() {
    let workspace = begun();
    fs::write(workspace.path().join("stop-hosts.txt"), "www.baishan.gov.cn\n").unwrap();
    fs::write(workspace.path().join("STOP"), "").unwrap();
    let told = why(&workspace, "/");
    assert_told(&told, "again at ");
    assert_told(&told, "; then it waits for: the stop file to be taken away (");
    assert_told(&told, "; its host to be taken off a list (stop-host: www.baishan.gov.cn in ");
    assert!(workspace.result(&["status"]).starts_with("Nothing is asked: "));
}

#[test]
fn a_host_of_no_seed_any_more_is_told_not_to_be_asked() {
    let workspace = begun();
    fs::write(workspace.path().join("seeds/portals.txt"), "http://www.qingshan.gov.cn/\n").unwrap();
    assert_told(&workspace.result(&["status"]), "not asked: no seed holds it");
    assert_told(&why(&workspace, "/2.html"), "it is not asked: no seed holds its host");
    let robots = workspace.run(&["robots", "http://www.yunling.gov.cn/"]);
    let said = String::from_utf8(robots.stderr).unwrap();
    assert_told(&said, "no seed holds its host, so that no crawl asks for it");
    assert_told(&why(&workspace, "/"), "; then it waits for: a seed that holds its host");
}

#[test]
fn a_run_without_a_single_response_says_so_also_to_who_wants_errors_alone() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let connect_to = format!("connect_to = [\"www.baishan.gov.cn:80={nobody}\"]\n");
    let workspace = Workspace::with(&connect_to, "http://www.baishan.gov.cn/\n");
    let output = workspace.run(&["--quiet", "crawl"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && said.contains("warning: of 1 request not one got a response"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    let answered = begun().run(&["--quiet", "crawl"]);
    assert_eq!(String::from_utf8(answered.stderr).unwrap(), "");
}

#[test]
fn an_export_of_files_says_which_payload_is_not_the_page() {
    let address = trick(|stream, request| {
        if request.starts_with("GET /robots.txt") {
            respond(stream, "404 Not Found", b"");
        } else if request.starts_with("GET /gone.html") {
            let page = "<html><head><title>页面不存在</title></head><body>页面不存在</body></html>";
            respond(stream, "200 OK\r\nContent-Type: text/html; charset=utf-8", page.as_bytes());
        } else {
            let page = b"<html><a href=/gone.html>a</a></html>";
            respond(stream, "200 OK\r\nContent-Type: text/html", page);
        }
    });
    let connect_to = format!("connect_to = [\"www.baishan.gov.cn:80={address}\"]\n");
    let workspace = Workspace::with(&connect_to, "http://www.baishan.gov.cn/\n");
    workspace.result(&["crawl"]);
    workspace.result(&["export", "files", "--out", "out"]);
    let table = fs::read(workspace.path().join("out/captures.csv")).unwrap();
    let rows: Vec<std::collections::BTreeMap<String, String>> =
        csv::Reader::from_reader(table.as_slice()).deserialize().map(Result::unwrap).collect();
    let of = |path: &str| {
        let url = format!("http://www.baishan.gov.cn{path}");
        rows.iter().find(|row| row["url"] == url).unwrap()["not_page"].clone()
    };
    assert_eq!(
        (of("/"), of("/gone.html")),
        (String::new(), "soft-404: title 页面不存在".to_owned())
    );
}
