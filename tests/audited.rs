//! Politeness is proven from the WARC files alone: a crawl that kept every rule has no violation, and each
//! that is planted in the files is found, and nothing else.

mod doctor;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;

use gongkai::archive::exchanges::{Archived, Exchanges, Piece};
use gongkai::archive::scan::Scan;
use gongkai::clock::Moment;
use gongkai::demo::{Logged, Portal, portals};
use serde_json::Value;

use crate::bad_input::{respond, trick_at};
use crate::support::{Portals, Workspace, wait_until};
use doctor::{Raw, rewrite};

const CITY: &str = "www.qingshanshi.gov.cn";
const COUNTY: &str = "www.yunlingxian.gov.cn";
const BUREAU: &str = "tjj.baishuizhou.gov.cn";

/// The sample portals, each at an address of its own.
struct Apart {
    servers: Vec<Portals>,
    _log: tempfile::TempDir,
}

impl Apart {
    fn serve() -> Self {
        let log = tempfile::tempdir().unwrap();
        let at =
            |number| Portals::serve_at(&format!("127.0.0.{number}"), &log.path().join("requests"));
        Self { servers: (2..5).map(at).collect(), _log: log }
    }

    fn log(&self) -> Vec<Logged> {
        self.servers[0].log()
    }

    fn workspace(&self) -> Workspace {
        let hosts: Vec<&str> = portals().iter().map(|portal| portal.host).collect();
        let to = |(server, host): (&Portals, &&str)| {
            let line = server.connect_to.iter().find(|line| line.starts_with(host)).unwrap();
            format!("{line:?}")
        };
        let lines: Vec<String> = self.servers.iter().zip(&hosts).map(to).collect();
        let seeds: Vec<String> = portals().iter().map(Portal::seed_url).collect();
        Workspace::with(&format!("connect_to = [{}]\n", lines.join(", ")), &seeds.join("\n"))
    }
}

/// An audit as `--json` tells it.
struct Told {
    hosts: BTreeMap<String, Value>,
    addresses: BTreeMap<String, Value>,
    violations: Vec<Value>,
    damages: Vec<Value>,
    summary: Value,
    code: Option<i32>,
}

fn audit(workspace: &Workspace, more: &[&str]) -> Told {
    let (lines, code) = workspace.json_lines(&[&["audit", "--json"], more].concat());
    let of = |kind: &str| -> Vec<Value> {
        lines.iter().filter_map(|line| line.get(kind).cloned()).collect()
    };
    let by_name = |rows: Vec<Value>| {
        rows.into_iter().map(|row| (row["name"].as_str().unwrap().to_owned(), row)).collect()
    };
    Told {
        hosts: by_name(of("host")),
        addresses: by_name(of("address")),
        violations: of("violation"),
        damages: of("damage"),
        summary: lines.last().unwrap()["summary"].clone(),
        code,
    }
}

/// Each violation as its rule and the path that was asked for.
fn found(told: &Told) -> Vec<(String, String)> {
    let text = |violation: &Value, key: &str| violation[key].as_str().unwrap().to_owned();
    let path = |url: String| url.splitn(4, '/').nth(3).unwrap().to_owned();
    let one = |violation| (text(violation, "rule"), path(text(violation, "url")));
    told.violations.iter().map(one).collect()
}

/// The audit of a copy whose records were rewritten.
fn doctored(workspace: &Workspace, change: impl FnMut(&mut Raw) -> bool) -> Told {
    let copy = workspace.copy();
    rewrite(&copy.warc_files(), change);
    let told = audit(&copy, &[]);
    assert_eq!(told.damages, [] as [Value; 0]);
    assert_eq!(told.code, Some(i32::from(!told.violations.is_empty())));
    told
}

/// All exchanges of an archive, in the order of time.
fn exchanges(workspace: &Workspace) -> Vec<Archived> {
    let mut all = Vec::new();
    for file in workspace.warc_files() {
        for piece in Exchanges::new(Scan::open(&file, None).unwrap()) {
            if let Piece::Exchange(archived) = piece.unwrap() {
                all.push(*archived);
            }
        }
    }
    all.sort_by_key(|archived| archived.exchange.started);
    all
}

fn of_host<'a>(all: &'a [Archived], host: &str) -> Vec<&'a Archived> {
    all.iter().filter(|one| one.exchange.url.host_str() == Some(host)).collect()
}

fn path(archived: &Archived) -> String {
    archived.exchange.url.as_str().splitn(4, '/').nth(3).unwrap().to_owned()
}

fn is_robots(record: &Raw, host: &str) -> bool {
    record.url() == format!("http://{host}/robots.txt")
}

/// Whether a record is of this exchange.
fn is_of(record: &Raw, archived: &Archived) -> bool {
    record.url() == archived.exchange.url.as_str()
        && record.field("WARC-Date") == archived.exchange.started.to_string()
}

#[test]
fn a_crawl_has_no_violation_and_its_figures_are_those_of_the_portals_own_log() {
    let portals = Apart::serve();
    let workspace = portals.workspace();
    workspace.result(&["crawl"]);
    let told = audit(&workspace, &[]);
    assert_eq!(found(&told), []);
    assert_eq!(told.code, Some(0));
    let log = portals.log();
    assert_eq!(told.summary["requests"], log.len());
    assert_eq!(told.summary["runs"], 1);
    assert_eq!(told.addresses.keys().collect::<Vec<_>>(), ["127.0.0.2", "127.0.0.3", "127.0.0.4"]);
    for (host, row) in &told.hosts {
        let mut arrived: Vec<i64> =
            log.iter().filter(|one| one.host == *host).map(|one| one.at_ms).collect();
        arrived.sort_unstable();
        assert_eq!(row["requests"], arrived.len());
        assert_eq!(row["most_at_once"], 1);
        assert!(row["least_gap_ms"].as_i64() >= row["due_ms"].as_i64().map(|due| due - 1));
        // A request arrives after it is sent, and before its exchange is over.
        let least = arrived.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
        assert!(row["least_gap_ms"].as_i64().unwrap() <= least + 1, "{host}: {least}");
        for (archived, at) in of_host(&exchanges(&workspace), host).iter().zip(&arrived) {
            let exchange = &archived.exchange;
            let within = exchange.started.as_millis()..=exchange.finished().as_millis() + 1;
            assert!(within.contains(at), "{}", exchange.url);
        }
    }

    // Neither index nor lock is needed, and what is open is read to its last whole record.
    fs::remove_file(workspace.path().join("archive/gongkai.db")).unwrap();
    let file = workspace.warc_files().pop().unwrap();
    let bytes = fs::read(&file).unwrap();
    fs::write(file.with_extension("gz.open"), [&bytes, &bytes[..100]].concat()).unwrap();
    fs::remove_file(&file).unwrap();
    let again = audit(&workspace, &[]);
    assert_eq!((&again.summary, again.code), (&told.summary, Some(0)));
    let screen = workspace.result(&["audit"]);
    assert!(screen.lines().last().unwrap().ends_with(": no violation"), "{screen}");
    assert_eq!(workspace.result(&["--quiet", "audit"]), "");
}

#[test]
fn beside_a_crawl_it_tells_of_what_is_written_so_far() {
    let portals = Apart::serve();
    let workspace = portals.workspace();
    let mut crawl = workspace.command(&["crawl"]).stderr(Stdio::null()).spawn().unwrap();
    wait_until(|| portals.log().len() > 30);
    let told = audit(&workspace, &[]);
    assert!(crawl.try_wait().unwrap().is_none(), "the crawl goes on");
    assert_eq!((found(&told), told.code), (Vec::new(), Some(0)));
    assert!(told.summary["requests"].as_u64().unwrap() > 3);
    assert!(crawl.wait().unwrap().success());
}

#[test]
fn each_violation_that_is_planted_in_the_files_is_found_and_nothing_else() {
    let portals = Apart::serve();
    let workspace = portals.workspace();
    workspace.result(&["crawl"]);
    let all = exchanges(&workspace);
    too_close(&workspace, &all);
    robots(&workspace, &all);
    asked_for_peace(&workspace, &all);
    two_at_one_address(&workspace, &all);
    elsewhere(&workspace, &all);
    out_of_hours(&workspace, &all);
}

/// An exchange is moved to 10 ms after the one before it.
fn too_close(workspace: &Workspace, all: &[Archived]) {
    let county = of_host(all, COUNTY);
    let (before, moved) = (county[20], county[21]);
    let to = Moment::from_millis(before.exchange.finished().as_millis() + 10);
    let told = doctored(workspace, |record| {
        if is_of(record, moved) {
            record.set("WARC-Date", &to.to_string());
        }
        true
    });
    assert_eq!(found(&told), [("gap".to_owned(), path(moved))]);
    let violation = &told.violations[0];
    assert_eq!(violation["found"], "10ms");
    assert_eq!(violation["at"], to.to_string());
    assert_eq!(violation["offset"], moved.offset);
    assert_eq!(violation["after"]["url"], before.exchange.url.as_str());
    assert_eq!(violation["after"]["at"], before.exchange.started.to_string());
    assert_eq!(told.hosts[COUNTY]["violations"], 1);
    assert_eq!(told.addresses["127.0.0.3"]["violations"], 1);
    assert_eq!(told.hosts[CITY]["violations"], 0);

    // What a robots.txt asks for is due to its host.
    let told = doctored(workspace, |record| {
        if is_robots(record, BUREAU) && record.kind() == "response" {
            record.block.extend_from_slice(b"\nUser-agent: gongkai\nCrawl-delay: 600\n");
        }
        true
    });
    let expected: Vec<_> =
        of_host(all, BUREAU)[1..].iter().map(|one| ("gap".to_owned(), path(one))).collect();
    assert_eq!(found(&told), expected);
    assert_eq!(told.violations[0]["due"], "10m");
}

fn robots(workspace: &Workspace, all: &[Archived]) {
    let of_county = |rule: &str, which: &dyn Fn(&str) -> bool| -> Vec<(String, String)> {
        let pages: Vec<String> = of_host(all, COUNTY)[1..].iter().map(|one| path(one)).collect();
        pages.into_iter().filter(|path| which(path)).map(|path| (rule.to_owned(), path)).collect()
    };
    let with_rules = |rules: &str| {
        doctored(workspace, |record| {
            if is_robots(record, COUNTY) && record.kind() == "response" {
                record.block.extend_from_slice(b"\nUser-agent: gongkai\n");
                record.block.extend_from_slice(rules.as_bytes());
            }
            true
        })
    };
    let told = with_rules("Disallow: /loop/\n");
    let expected = of_county("robots", &|path| path.starts_with("loop/"));
    assert!(!expected.is_empty());
    assert_eq!(found(&told), expected);
    let line = told.violations[0]["found"].as_str().unwrap();
    assert!(line.starts_with("line ") && line.ends_with(": Disallow: /loop/"), "{line}");

    // The hour that began three hours after the crawl did.
    let hour = (all[0].exchange.started.as_millis() / 3_600_000 + 3) % 24;
    let told = with_rules(&format!("Visit-time: {hour:02}00-{hour:02}59\n"));
    assert_eq!(found(&told), of_county("visit-time", &|_| true));

    let told = doctored(workspace, |record| !is_robots(record, COUNTY));
    assert_eq!(found(&told), of_county("robots", &|_| true));
    assert_eq!(told.violations[0]["found"], "no robots.txt of its origin before it");

    let asked = of_host(all, COUNTY)[0].exchange.started;
    let yesterday = Moment::from_millis(asked.as_millis() - 25 * 3_600_000);
    let told = doctored(workspace, |record| {
        if is_robots(record, COUNTY) {
            record.set("WARC-Date", &yesterday.to_string());
        }
        true
    });
    assert_eq!(found(&told), of_county("robots", &|_| true));

    let told = doctored(workspace, |record| {
        if is_robots(record, COUNTY) {
            record.replace("HTTP/1.1 200 OK", "HTTP/1.1 500 No");
        }
        true
    });
    assert_eq!(found(&told), of_county("robots", &|_| true));
    let why = told.violations[0]["found"].as_str().unwrap();
    assert_eq!(why, "a robots.txt that cannot be had (status 500)");
}

/// An answer becomes a 429; the next request comes long before a minute, or the day that was asked for, is over.
fn asked_for_peace(workspace: &Workspace, all: &[Archived]) {
    let county = of_host(all, COUNTY);
    let at = county.iter().position(|one| path(one) == "col/col1000/index.html").unwrap();
    for (field, due) in [("", "429 without Retry-After"), ("\r\nRetry-After: 86400", "86400")] {
        let told = doctored(workspace, |record| {
            if is_of(record, county[at]) && record.kind() == "response" {
                record.replace("HTTP/1.1 200 OK", &format!("HTTP/1.1 429 No{field}"));
            }
            true
        });
        let after = county[at + 1..].iter().map(|one| ("retry-after".to_owned(), path(one)));
        assert_eq!(found(&told), after.collect::<Vec<_>>());
        assert!(told.violations[0]["due"].as_str().unwrap().contains(due));
        assert_eq!(told.violations[0]["after"]["url"], county[at].exchange.url.as_str());
    }
}

/// Exchanges of another host are moved to the address of the one that answers slowly: one that overlaps its slow
/// answer, and one that follows sooner than that answer took.
fn two_at_one_address(workspace: &Workspace, all: &[Archived]) {
    let slow = all.iter().find(|one| path(one) == "zwgk/slow.html").unwrap();
    let (begun, over) = (slow.exchange.started, slow.exchange.finished());
    let county = of_host(all, COUNTY);
    let beside = county.iter().find(|one| begun.after(MS * 5) < one.exchange.started).unwrap();
    assert!(beside.exchange.finished() < over);
    let after = county.iter().find(|one| over.after(MS * 5) < one.exchange.started).unwrap();
    let at_once = found(&at_address(workspace, beside, "127.0.0.2"));
    assert_eq!(at_once, [("at-once".to_owned(), path(beside))]);
    let told = at_address(workspace, after, "127.0.0.2");
    assert_eq!(found(&told), [("address-gap".to_owned(), path(after))]);
    assert_eq!(told.violations[0]["host"], COUNTY);
    assert_eq!(told.violations[0]["after"]["url"], slow.exchange.url.as_str());
}

const MS: std::time::Duration = std::time::Duration::from_millis(1);

fn at_address(workspace: &Workspace, archived: &Archived, address: &str) -> Told {
    doctored(workspace, |record| {
        if is_of(record, archived) && record.has("WARC-IP-Address") {
            record.set("WARC-IP-Address", address);
        }
        true
    })
}

fn elsewhere(workspace: &Workspace, all: &[Archived]) {
    let bureau = of_host(all, BUREAU);
    let told = at_address(workspace, bureau[7], "10.0.0.1");
    assert_eq!(found(&told), [("not-public".to_owned(), path(bureau[7]))]);
    assert_eq!(told.violations[0]["address"], "10.0.0.1");
    assert_eq!(told.addresses["10.0.0.1"]["requests"], 1);
}

/// The run is made one that was to ask in another hour alone.
fn out_of_hours(workspace: &Workspace, all: &[Archived]) {
    let hour = (all[0].exchange.started.as_millis() / 3_600_000 + 3) % 24;
    let hours = format!("{hour:02}:00-{hour:02}:59 UTC");
    let told = doctored(workspace, |record| {
        if record.kind() == "warcinfo" {
            record.replace(r#"hours = \"\""#, &format!(r#"hours = \"{hours}\""#));
        }
        true
    });
    let rules: BTreeSet<String> = found(&told).into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(rules.into_iter().collect::<Vec<_>>(), ["hours"]);
    assert_eq!(told.violations.len(), all.len());
    assert_eq!(told.violations[0]["due"], format!("requests within {hours}"));
}

#[test]
fn one_administrator_is_told_of_one_host() {
    let portals = Apart::serve();
    let workspace = portals.workspace();
    workspace.result(&["crawl", "--max-pages", "30"]);
    let robots = |record: &mut Raw| !record.url().ends_with("/robots.txt");
    rewrite(&workspace.warc_files(), robots);
    let told = audit(&workspace, &["--host", "WWW.YunLingXian.gov.cn"]);
    assert_eq!(told.hosts.keys().collect::<Vec<_>>(), [COUNTY]);
    assert_eq!(told.addresses.keys().collect::<Vec<_>>(), ["127.0.0.3"]);
    assert!(!told.violations.is_empty());
    assert!(told.violations.iter().all(|violation| violation["host"] == COUNTY));
    assert_eq!(told.summary["violations"], told.violations.len());
    assert_eq!(told.summary["requests"], told.hosts[COUNTY]["requests"]);
    assert_eq!(told.code, Some(1));
    let screen = String::from_utf8(workspace.run(&["audit"]).stdout).unwrap();
    let lines = screen.lines().filter(|line| line.starts_with("robots: http://")).count();
    assert_eq!(lines, audit(&workspace, &[]).violations.len());
    assert_eq!(audit(&workspace, &["--host", "nowhere.gov.cn"]).code, Some(0));
    assert_eq!(workspace.run(&["audit", "--host", "a b"]).status.code(), Some(2));
}

#[test]
fn what_cannot_be_read_proves_nothing_and_is_told() {
    let portals = Apart::serve();
    let workspace = portals.workspace();
    workspace.result(&["crawl", "--max-pages", "30"]);
    let whole = audit(&workspace, &[]).summary;
    let file = workspace.warc_files().remove(0);
    let mut bytes = fs::read(&file).unwrap();
    let last = exchanges(&workspace).pop().unwrap();
    bytes[usize::try_from(last.offset).unwrap() + 40] ^= 1;
    fs::write(&file, bytes).unwrap();
    let told = audit(&workspace, &[]);
    assert_eq!((told.violations.len(), told.code), (0, Some(1)));
    assert_eq!(told.summary["requests"].as_u64(), whole["requests"].as_u64().map(|all| all - 1));
    assert_eq!(told.damages[0]["offset"], last.offset);
    let screen = String::from_utf8(workspace.run(&["audit"]).stdout).unwrap();
    assert!(screen.contains("`gongkai verify` says what is wrong"), "{screen}");
    let empty = Workspace::with("", "http://www.qingshan.gov.cn/");
    let refused = empty.run(&["audit"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("there are no WARC files in"));
}

#[test]
fn a_robots_txt_that_is_the_same_as_another_hosts_or_as_a_page_is_gone_by_all_the_same() {
    const ROBOTS: &[u8] = b"User-agent: *\nDisallow: /secret/\n";
    let play = |stream, request: String| {
        let is_page = request.starts_with("GET / ");
        let body = if is_page { b"<a href=/robots.html>1</a>".as_slice() } else { ROBOTS };
        let kind = if is_page { "text/html" } else { "text/plain" };
        let length = body.len();
        let head = format!("200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}");
        respond(stream, head, body);
    };
    let at = |address| trick_at(address, play);
    let (one, two) = ("www.qingshan.gov.cn", "www.yunling.gov.cn");
    let workspace = Workspace::with(
        &format!(
            "connect_to = [\"{one}:80={}\", \"{two}:80={}\"]\n",
            at("127.0.0.2:0"),
            at("127.0.0.3:0")
        ),
        &format!("http://{one}/\n"),
    );
    workspace.result(&["crawl"]);
    fs::write(workspace.path().join("seeds/portals.txt"), format!("http://{two}/\n")).unwrap();
    workspace.result(&["crawl"]);
    let all = exchanges(&workspace);
    let revisit = of_host(&all, two)[0];
    assert!(revisit.refers_to.is_some() && path(revisit) == "robots.txt");
    let told = audit(&workspace, &[]);
    assert_eq!((found(&told), told.summary["runs"].as_u64()), (Vec::new(), Some(2)));

    // The page is one that the second robots.txt forbids; then the first robots.txt is one page more.
    let page = of_host(&all, two)[1];
    let target = format!("http://{two}/secret/");
    let told = doctored(&workspace, |record| {
        if is_of(record, page) {
            record.set("WARC-Target-URI", &target);
        }
        true
    });
    assert_eq!(found(&told), [("robots".to_owned(), "secret/".to_owned())]);
    let told = doctored(&workspace, |record| {
        if is_of(record, page) {
            record.set("WARC-Target-URI", &target);
        }
        if is_robots(record, one) {
            record.set("WARC-Target-URI", &format!("http://{one}/again.txt"));
            record.replace("robotsOf: ", "x-was: ");
        }
        true
    });
    let rules: Vec<_> = found(&told).into_iter().filter(|(_, path)| path == "secret/").collect();
    assert_eq!(rules, [("robots".to_owned(), "secret/".to_owned())]);
    assert_eq!(told.violations.last().unwrap()["found"], "line 2: Disallow: /secret/");
}
