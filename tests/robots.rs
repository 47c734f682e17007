//! robots.txt as an operator meets it: what `gongkai robots` says, a copy that serves, a host that is closed,
//! and pages that speak for themselves.

use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gongkai::archive::read::Records;

use crate::bad_input::{respond, trick};
use crate::support::Workspace;

const SEED: &str = "http://www.yunling.gov.cn/";

/// The seed alone, served at this address.
fn workspace(address: SocketAddr, more: &str) -> Workspace {
    let connect_to = format!("connect_to = [\"www.yunling.gov.cn:80={address}\"]\n");
    Workspace::with(&(connect_to + more), SEED)
}

/// A host of which these are the robots.txt and the head and body of every page; and the paths that were asked.
fn serve(
    robots: impl Fn() -> (&'static str, String) + Send + 'static,
    fields: &'static str,
    page: &'static str,
) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let address = trick(move |stream, request| {
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let (head, body) = match path.as_str() {
            "/robots.txt" => {
                let (status, body) = robots();
                (format!("{status}\r\nContent-Length: {}", body.len()), body)
            }
            _ => (
                format!(
                    "200 OK\r\nContent-Type: text/html{fields}\r\nContent-Length: {}",
                    page.len()
                ),
                page.to_owned(),
            ),
        };
        log.lock().unwrap().push(path);
        respond(stream, head, body.as_bytes());
    });
    (address, asked)
}

const ROBOTS: &str =
    "User-agent: *\nCrawl-delay: 0.1\nRequest-rate: 1/0.2s\nDisallow: /internal/\n";

#[test]
fn the_first_word_says_whether_a_url_is_allowed_by_the_archives_copy() {
    let (address, _) = serve(|| ("200 OK", ROBOTS.to_owned()), "", "<title>云岭县</title>");
    let workspace = workspace(address, "");
    workspace.result(&["crawl"]);
    let said = workspace.result(&["robots", "http://www.yunling.gov.cn/internal/1.html"]);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "disallowed by line 4: Disallow: /internal/");
    assert_eq!(lines[1..3], ["group  *", "delay  200ms"]);
    assert!(
        lines[3].starts_with("copy   fetched 20") && lines[3].contains("; serves until 20"),
        "{said}"
    );
    let said = workspace.result(&["robots", SEED]);
    assert!(said.starts_with("allowed: no rule matches\ngroup  *\n"), "{said}");
    let said = workspace.result(&["robots", "http://www.yunling.gov.cn/robots.txt"]);
    assert!(said.starts_with("allowed: robots.txt may always be asked for\n"), "{said}");
    let json = workspace.result(&["robots", "--json", "http://www.yunling.gov.cn/internal/"]);
    let object: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(object["allowed"], false);
    assert_eq!((&object["group"], &object["line"]), (&"*".into(), &4.into()));
    assert_eq!(
        (&object["rule"], &object["delay_ms"]),
        (&"Disallow: /internal/".into(), &200.into())
    );
    let gap = "SELECT crawl_delay_ms FROM hosts";
    let gap: i64 = workspace.database().query_row(gap, [], |row| row.get(0)).unwrap();
    assert_eq!(gap, 200, "the greater of Crawl-delay and Request-rate is the host's");
    let why = workspace.result(&["why", SEED]);
    assert!(why.contains("robots.txt  allowed: no rule matches (fetched 20"), "{why}");
}

#[test]
fn what_no_copy_came_of_is_said_with_its_reason() {
    for (status, expected) in
        [("404 Not Found", "allowed: status 404\n"), ("500 Oops", "disallowed: status 500\n")]
    {
        let (address, _) = serve(move || (status, String::new()), "", "");
        let workspace = workspace(address, "");
        workspace.result(&["crawl"]);
        let said = workspace.result(&["robots", SEED]);
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn where_nothing_is_known_it_is_an_error_that_says_what_to_do() {
    let (address, _) = serve(|| ("200 OK", String::new()), "", "");
    let workspace = workspace(address, "");
    workspace.result(&["crawl"]);
    for (origin, next) in [
        ("http://www.qingshan.gov.cn", "no seed holds its host"),
        ("https://www.yunling.gov.cn", "the next crawl that asks anything there asks for it first"),
    ] {
        let output = workspace.run(&["robots", &format!("{origin}/a")]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        let message = String::from_utf8(output.stderr).unwrap();
        let unknown = format!("no robots.txt of {origin}");
        let expected = [unknown.as_str(), next, "--file FILE"];
        assert!(expected.iter().all(|expected| message.contains(expected)), "{message}");
    }
}

#[test]
fn a_file_can_be_tried_out_without_an_archive() {
    let dir = tempfile::tempdir().unwrap();
    let robots = dir.path().join("robots.txt");
    fs::write(&robots, "User-agent: gongkai\nVisit-time: 0000-0000\nAllow: /a$\nDisallow: /\n")
        .unwrap();
    let run = |arguments: &[&str]| {
        let output = crate::support::gongkai()
            .current_dir(dir.path())
            .args(["robots", "--file", "robots.txt"])
            .args(arguments)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = run(&["http://www.qingshan.gov.cn/a"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        said,
        "allowed by line 3: Allow: /a$\ngroup       gongkai\ndelay       none asked for\nvisit time  0000-0000 UTC\nfile        robots.txt\n"
    );
    let (code, said) = run(&["http://www.qingshan.gov.cn/ab"]);
    assert_eq!(code, Some(0), "the answer is not a failure");
    assert!(said.starts_with("disallowed by line 4: Disallow: /\n"), "{said}");
    assert_eq!(run(&["no URL"]), (Some(2), String::new()));
    fs::write(&robots, "User-agent: *\nDisallow: /*?sid=\n").unwrap();
    let (_, said) = run(&["http://www.qingshan.gov.cn/a?sid=5"]);
    assert!(said.starts_with("disallowed by line 2"), "of what is sent, session and all: {said}");
    fs::remove_file(&robots).unwrap();
    assert_eq!(run(&["http://www.qingshan.gov.cn/a"]), (Some(2), String::new()));
}

#[test]
fn the_last_good_copy_serves_while_the_file_is_unreachable_and_a_rebuild_says_the_same() {
    let fails = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&fails);
    let robots = move || {
        if switch.load(Ordering::SeqCst) {
            ("500 Oops", String::new())
        } else {
            ("200 OK", ROBOTS.to_owned())
        }
    };
    let page = "<a href=/internal/a.html>内部</a>";
    let (address, asked) = serve(robots, "", page);
    // Each page is due again at once.
    let workspace = workspace(address, "[revisit]\nmin = \"1ms\"\nmax = \"1ms\"\n");
    workspace.result(&["crawl", "--max-pages", "1"]);
    fails.store(true, Ordering::SeqCst);
    // A day later.
    workspace.database().execute("UPDATE origins SET expires_at = 0", []).unwrap();
    asked.lock().unwrap().clear();
    workspace.result(&["crawl", "--max-pages", "1"]);
    assert_eq!(*asked.lock().unwrap(), ["/robots.txt", "/"], "robots.txt first, then by the copy");
    let said = workspace.result(&["robots", "http://www.yunling.gov.cn/internal/a.html"]);
    assert!(said.starts_with("disallowed by line 4: Disallow: /internal/\n"), "{said}");
    assert!(said.contains("remark  unreachable (status 500): the copy of 20"), "{said}");
    let origin = |workspace: &Workspace| -> (String, String, i64, i64, i64) {
        let question = "SELECT standing, why, fetched_at, expires_at, failures FROM origins";
        let columns = |row: &rusqlite::Row<'_>| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        };
        workspace.database().query_row(question, [], columns).unwrap()
    };
    let before = origin(&workspace);
    assert_eq!((before.0.as_str(), before.4), ("rules", 1));
    workspace.result(&["rebuild"]);
    assert_eq!(origin(&workspace), before);
}

#[test]
fn a_file_that_is_lost_does_not_allow_everything() {
    let (address, asked) = serve(|| ("200 OK", ROBOTS.to_owned()), "", "");
    let workspace = workspace(address, "[revisit]\nmin = \"1ms\"\nmax = \"1ms\"\n");
    workspace.result(&["crawl", "--max-pages", "1"]);
    let first = workspace.warc_files();
    workspace.database().execute("UPDATE origins SET expires_at = 0", []).unwrap();
    workspace.result(&["crawl", "--max-pages", "1"]);
    let robots = asked.lock().unwrap().iter().filter(|path| *path == "/robots.txt").count();
    assert_eq!(robots, 2, "the second answer refers to the first for its payload");
    for file in first {
        fs::remove_file(file).unwrap();
    }
    workspace.run(&["rebuild"]);
    let output = workspace.run(&["robots", "http://www.yunling.gov.cn/internal/"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{message}");
    assert!(
        message.contains("the archive has no robots.txt of http://www.yunling.gov.cn"),
        "{message}"
    );
}

#[test]
fn a_host_is_not_visited_outside_its_visit_time_and_a_rebuild_says_the_same() {
    // A minute that is hours away, whenever this runs.
    let later = gongkai::clock::now().after(Duration::from_hours(6)).to_string();
    let minute = [later.get(11..13).unwrap(), later.get(14..16).unwrap()].concat();
    let window = format!("{minute}-{}", next(&minute));
    let file = format!("User-agent: *\nVisit-time: {window}\n");
    let (address, asked) = serve(move || ("200 OK", file.clone()), "", "");
    let workspace = workspace(address, "");
    workspace.result(&["crawl"]);
    assert_eq!(*asked.lock().unwrap(), ["/robots.txt"]);
    let rest = |workspace: &Workspace| -> (String, i64) {
        let question = "SELECT rest_reason, next_at FROM hosts";
        workspace.database().query_row(question, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    let (reason, until) = rest(&workspace);
    assert_eq!(reason, format!("robots.txt: Visit-time {window}"));
    let opens = gongkai::clock::Moment::from_millis(until).to_string();
    assert_eq!(opens.get(11..16), Some(&*format!("{}:{}", &minute[..2], &minute[2..])));
    let said = workspace.result(&["robots", SEED]);
    assert!(said.contains(&format!("visit time  {window} UTC; closed until {opens}")), "{said}");
    workspace.result(&["rebuild"]);
    assert_eq!(rest(&workspace), (reason, until));
}

/// The minute after.
fn next(minute: &str) -> String {
    let number: u32 = minute.parse().unwrap();
    let after = (number / 100 * 60 + number % 100 + 1) % 1_440;
    format!("{:02}{:02}", after / 60, after % 60)
}

#[test]
fn a_page_that_asks_not_to_be_followed_is_kept_and_not_followed() {
    let page =
        "<title>云岭县</title><meta name=gongkai content=noindex><a href=/next.html>下一页</a>";
    let fields = "\r\nX-Robots-Tag: otherbot: none\r\nx-robots-tag: noarchive, gongkai: nofollow";
    let (address, asked) = serve(|| ("404 Not Found", String::new()), fields, page);
    let workspace = workspace(address, "");
    workspace.result(&["crawl", "--max-pages", "1"]);
    assert_eq!(*asked.lock().unwrap(), ["/robots.txt", "/"]);
    assert_eq!(workspace.result(&["cat", SEED]), page, "it is archived all the same");
    let frontier = workspace.frontier();
    assert!(!frontier.keys().any(|url| url.ends_with("next.html")), "{frontier:?}");
    let records = workspace.warc_files().into_iter().flat_map(|file| Records::open(&file).unwrap());
    let said: Vec<String> = records
        .map(|found| found.unwrap().record)
        .filter(|record| record.kind() == "metadata")
        .map(|record| String::from_utf8_lossy(record.block()).into_owned())
        .filter(|block| block.contains("robotsTag: "))
        .collect();
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("\r\nrobotsTag: nofollow, noindex, noarchive\r\n"), "{}", said[0]);
    let shown: serde_json::Value =
        serde_json::from_str(&workspace.result(&["show", "--json", SEED])).unwrap();
    assert_eq!(shown["robots_tag"], "nofollow, noindex, noarchive");
    assert!(workspace.result(&["show", SEED]).contains(": nofollow, noindex, noarchive\n"));
}

#[test]
fn a_robots_file_is_read_for_500_kib_however_short_bodies_are_cut() {
    let robots = format!("User-agent: *\n{}Disallow: /later/\n", "# a line\n".repeat(400));
    let (address, asked) = serve(
        move || ("200 OK", robots.clone()),
        "",
        "<a href=\"/later/x.html\">later</a><a href=\"/now.html\">now</a>",
    );
    let workspace = workspace(address, "");
    let config = workspace.path().join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("max_body = \"2MiB\"", "max_body = \"1KiB\"")).unwrap();
    workspace.result(&["crawl"]);
    let asked = asked.lock().unwrap();
    assert!(asked.iter().any(|path| path == "/now.html"), "{asked:?}");
    assert!(asked.iter().all(|path| path != "/later/x.html"), "{asked:?}");
}
