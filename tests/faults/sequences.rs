//! What follows of faults in their order: run after run, one of them after the other.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gongkai::politeness::backoff::KEEPS_FAILING;

use super::fault::{page, pages, robots};
use super::server::{Client, Hosts};
use super::{TIMES, workspace};
use crate::support::Workspace;
use crate::verified::problems;

const EXPECTED: [&str; 3] = ["", "", ""];

const HOUR_MS: i64 = 3_600_000;

/// Pages may be asked for again at once.
const OFTEN: &str = "[revisit]\nmin = \"1ms\"\nmax = \"1ms\"\n";

/// What goes wrong, and what the server does then.
type Bad = (&'static str, fn(&mut Client) -> io::Result<()>);

/// Does the first so often, then the second.
fn first_then(
    times: usize,
    first: impl Fn(&mut Client) -> io::Result<()> + Send + Sync + 'static,
    then: impl Fn(&mut Client) -> io::Result<()> + Send + Sync + 'static,
) -> impl Fn(&mut Client) -> io::Result<()> + Send + Sync + 'static {
    let asked = Arc::new(AtomicUsize::new(0));
    move |client| {
        if asked.fetch_add(1, Ordering::SeqCst) < times { first(client) } else { then(client) }
    }
}

fn html(client: &mut Client) -> io::Result<()> {
    client.answer("200 OK\r\nContent-Type: text/html", "<title>青杉市</title><p>动态")
}

fn fails(client: &mut Client) -> io::Result<()> {
    client.hang_up()
}

/// Lets as much time go by as every rest and every retry takes, as far as the index knows.
fn let_time_go_by(workspace: &Workspace) {
    let database = workspace.database();
    for past in [
        "UPDATE hosts SET next_at = 0",
        "UPDATE addresses SET next_at = 0",
        "UPDATE urls SET due_at = 0 WHERE due_at IS NOT NULL",
    ] {
        database.execute(past, []).unwrap();
    }
}

/// How long the host is left alone from its last request on, in milliseconds, and why.
fn rest(workspace: &Workspace) -> (i64, String) {
    let rest = "SELECT next_at - (SELECT max(at + elapsed_ms) FROM captures), coalesce(rest_reason, '') FROM hosts";
    workspace.database().query_row(rest, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

#[test]
fn a_host_that_keeps_failing_is_left_alone_longer_each_time_and_then_for_a_day() {
    let mut hosts = Hosts::new();
    let fault = pages("keeps failing", fails, EXPECTED);
    let host = fault.host();
    hosts.faulty(fault);
    let workspace = workspace(&hosts, &format!("{TIMES}retries = 99\n"), "");
    let (mut rests, mut asked) = (Vec::new(), 0);
    while rests.len() < KEEPS_FAILING as usize {
        workspace.result(&["crawl"]);
        let (until, why) = rest(&workspace);
        assert!(hosts.asked.paths(&host).len() > asked, "it was asked: {rests:?}");
        asked = hosts.asked.paths(&host).len();
        workspace.result(&["crawl"]);
        assert_eq!(hosts.asked.paths(&host).len(), asked, "the next run leaves it alone too");
        if !why.is_empty() {
            assert!(why.starts_with("protocol: "), "{why}");
            rests.push(until);
        }
        let_time_go_by(&workspace);
    }
    let minute = 60_000;
    for (times, rest) in rests.iter().enumerate() {
        let least = if times + 1 < rests.len() { minute << times } else { 24 * HOUR_MS };
        assert!((least..=least * 9 / 8 + 1).contains(rest), "{rests:?}");
    }
    assert_eq!(problems(&workspace), [""; 0]);
}

#[test]
fn a_host_that_says_429_and_not_how_long_rests_a_minute_at_least_and_then_longer() {
    let mut hosts = Hosts::new();
    let fault = pages("too many", |client| client.answer("429 x", ""), EXPECTED);
    let host = fault.host();
    hosts.faulty(fault);
    let workspace = workspace(&hosts, TIMES, "");
    for times in 0..4 {
        workspace.result(&["crawl"]);
        let (until, why) = rest(&workspace);
        assert!(until >= 60_000 << times, "{until} ms after 429 came {times} times before");
        assert_eq!(why, "asked for peace: 429, no Retry-After");
        assert_eq!(hosts.asked.paths(&host).len(), 2 + times, "robots.txt, and the page each time");
        let_time_go_by(&workspace);
    }
}

#[test]
fn who_asks_again_and_again_to_be_asked_at_once_is_not_asked_without_end() {
    let mut hosts = Hosts::new();
    let zero = |client: &mut Client| client.answer("503 x\r\nRetry-After: 0", "");
    let fault = pages("come again at once", zero, EXPECTED);
    let host = fault.host();
    hosts.faulty(fault);
    let workspace = workspace(&hosts, TIMES, "");
    workspace.result(&["crawl"]);
    assert_eq!(hosts.asked.paths(&host), ["/robots.txt", "/", "/"]);
    assert!(rest(&workspace).0 >= 60_000);
    workspace.result(&["audit"]);
}

#[test]
fn the_last_good_robots_file_serves_while_the_file_is_unreachable_whatever_is_wrong_with_it() {
    let bad: [Bad; 6] = [
        ("reset", fails),
        ("status 500", |client| client.answer("500 x", "")),
        ("status 429", |client| client.answer("429 x", "")),
        ("cut off", |client| {
            client.say("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nUser-agent: *\nAllow: /")?;
            client.hang_up()
        }),
        ("no status", |client| {
            client.say("HTTP/1.1 nonsense\r\n\r\n")?;
            client.hang_up()
        }),
        ("head without end", |client| {
            client.say("HTTP/1.1 200 OK\r\n")?;
            client.say_for_ever(b"A: b\r\n")
        }),
    ];
    for (name, play) in bad {
        let good = |client: &mut Client| client.answer("200 OK", "User-agent: *\nDisallow: /x\n");
        let mut hosts = Hosts::new();
        let fault = robots("robots that go", first_then(1, good, play), EXPECTED);
        let (host, url) = (fault.host(), fault.url());
        hosts.faulty(fault);
        hosts.seeds.push(format!("{url}x.html\n"));
        let workspace = workspace(&hosts, TIMES, OFTEN);
        workspace.result(&["crawl", "--max-pages", "1"]);
        assert_eq!(hosts.asked.paths(&host), ["/robots.txt", "/"], "{name}");
        workspace.database().execute("UPDATE origins SET expires_at = 0", []).unwrap();
        let_time_go_by(&workspace);
        workspace.result(&["crawl", "--max-pages", "1"]);
        // A host that failed or asked for peace rests before anything else.
        let_time_go_by(&workspace);
        workspace.result(&["crawl", "--max-pages", "1"]);
        let asked = hosts.asked.paths(&host);
        assert_eq!(
            asked.iter().filter(|path| *path == "/robots.txt").count(),
            2,
            "{name}: {asked:?}"
        );
        assert!(asked.iter().filter(|path| *path == "/").count() >= 2, "{name}: {asked:?}");
        assert!(
            !asked.iter().any(|path| path == "/x.html"),
            "{name}: the copy forbids it: {asked:?}"
        );
        let (standing, why): (String, String) = workspace
            .database()
            .query_row("SELECT standing, why FROM origins", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(standing, "rules", "{name}: {why}");
        assert!(why.starts_with("unreachable (") && why.ends_with(" serves"), "{name}: {why}");
    }
}

#[test]
fn a_good_page_that_turns_into_garbage_keeps_its_last_good_payload() {
    let bad: [Bad; 7] = [
        ("no answer", fails),
        ("a page that breaks off", |client| {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\n";
            client.say(format!("{head}<title>青"))?;
            client.hang_up()
        }),
        ("a coding that breaks off", |client| {
            let mut half = super::bombs::gzip("<title>青杉市</title><p>动态".repeat(9).as_bytes());
            half.truncate(half.len() / 2);
            client.answer("200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip", half)
        }),
        ("half a status line", |client| {
            client.say("HTTP/1.")?;
            client.hang_up()
        }),
        ("status 500", |client| client.answer("500 x", "<title>error")),
        ("status 503", |client| client.answer("503 x", "<title>busy")),
        ("a challenge", |client| {
            let page = "<script>document.cookie='k=1';location.reload()</script>";
            client.answer("200 OK\r\nContent-Type: text/html", page)
        }),
    ];
    for (name, play) in bad {
        let mut hosts = Hosts::new();
        let fault = page("page that goes", first_then(1, html, play), EXPECTED);
        let (host, url) = (fault.host(), fault.url());
        hosts.faulty(fault);
        let workspace = workspace(&hosts, TIMES, OFTEN);
        workspace.result(&["crawl", "--max-pages", "1"]);
        let before = workspace.frontier()[&url].1.clone();
        assert!(before.is_some(), "{name}");
        let_time_go_by(&workspace);
        workspace.result(&["crawl", "--max-pages", "1"]);
        assert!(hosts.asked.paths(&host).len() >= 3, "{name}: it was asked again");
        assert_eq!(workspace.frontier()[&url].1, before, "{name}");
        assert_eq!(workspace.result(&["cat", &url]), "<title>青杉市</title><p>动态", "{name}");
        assert_eq!(problems(&workspace), [""; 0], "{name}");
        let anew = workspace.copy();
        anew.result(&["rebuild"]);
        assert_eq!(anew.frontier()[&url].1, before, "{name}");
        assert_eq!(anew.result(&["cat", &url]), "<title>青杉市</title><p>动态", "{name}");
    }
}

#[test]
fn a_report_that_breaks_off_does_not_take_the_place_of_the_whole_one() {
    let portals = gongkai::demo::portals();
    let report = gongkai::demo::expected_reports().remove(0);
    let found = portals.iter().find_map(|portal| {
        let (path, _) = portal.paths().into_iter().find(|(_, url)| *url == report.url)?;
        portal.body(path)
    });
    let (payload, content_type) = found.unwrap();
    let head = format!("200 OK\r\nContent-Type: {}", content_type.unwrap());
    let whole = {
        let (head, payload) = (head.clone(), payload.clone());
        move |client: &mut Client| client.answer(&head, &payload)
    };
    let half = move |client: &mut Client| {
        let length = payload.len();
        client.say(format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n"))?;
        client.say(&payload[..length * 3 / 4])?;
        client.hang_up()
    };
    let mut hosts = Hosts::new();
    let fault = page("report that goes", first_then(1, whole, half), EXPECTED);
    let url = fault.url();
    hosts.faulty(fault);
    let workspace = workspace(&hosts, TIMES, OFTEN);
    workspace.result(&["crawl", "--max-pages", "1"]);
    let told = |workspace: &Workspace| {
        (workspace.result(&["reports", "--json"]), workspace.run(&["cat", &url]).stdout)
    };
    let before = told(&workspace);
    assert!(before.0.contains(&report.agency), "{}", before.0);
    let_time_go_by(&workspace);
    // Its links come first.
    workspace.result(&["crawl", "--max-pages", "30"]);
    let broken_off = "SELECT count(*) FROM captures WHERE truncated = 'disconnect'";
    let count: i64 = workspace.database().query_row(broken_off, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1, "the half came");
    assert_eq!(told(&workspace), before);
    let anew = workspace.copy();
    anew.result(&["rebuild"]);
    assert_eq!(told(&anew), before);
    workspace.result(&["reparse"]);
    assert_eq!(told(&workspace), before);
}
