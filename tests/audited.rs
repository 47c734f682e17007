//! Politeness is proven from the WARC files alone: a crawl that kept every rule has no violation, and each
//! that is planted in the files is found, and nothing else.

mod doctor;
mod gaps;
mod planted;

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use gongkai::archive::exchanges::{Archived, Exchanges, Piece};
use gongkai::archive::scan::Scan;
use gongkai::clock::Moment;
use serde_json::Value;

use crate::bad_input::{respond, trick_at};
use crate::support::{Portals, Workspace, wait_until};
use doctor::{Raw, rewrite};

const CITY: &str = "www.qingshanshi.gov.cn";
const COUNTY: &str = "www.yunlingxian.gov.cn";
const BUREAU: &str = "tjj.baishuizhou.gov.cn";

/// The sample portals, each at an address of its own, and what they were asked.
struct Served {
    portals: Portals,
    _log: tempfile::TempDir,
}

impl Served {
    fn new() -> Self {
        let log = tempfile::tempdir().unwrap();
        Self { portals: Portals::serve(&log.path().join("requests")), _log: log }
    }

    fn workspace(&self) -> Workspace {
        Workspace::new(&self.portals, "")
    }
}

/// An audit as `--json` tells it.
struct Told {
    hosts: BTreeMap<String, Value>,
    addresses: BTreeMap<String, Value>,
    violations: Vec<Value>,
    unproven: Vec<Value>,
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
        unproven: of("unproven"),
        damages: of("damage"),
        summary: lines.last().unwrap()["summary"].clone(),
        code,
    }
}

/// A violation as its rule and the path that was asked for.
fn rule_and_path(violation: &Value) -> (String, String) {
    let text = |key: &str| violation[key].as_str().unwrap();
    (text("rule").to_owned(), text("url").splitn(4, '/').nth(3).unwrap().to_owned())
}

/// Each violation.
fn found(told: &Told) -> Vec<(String, String)> {
    told.violations.iter().map(rule_and_path).collect()
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
    let served = Served::new();
    let workspace = served.workspace();
    workspace.result(&["crawl"]);
    let told = audit(&workspace, &[]);
    assert_eq!(found(&told), []);
    assert_eq!(told.code, Some(0));
    let log = served.portals.log();
    assert_eq!(told.summary["requests"], log.len());
    assert_eq!(told.summary["runs"], 1);
    assert_eq!(told.addresses.keys().collect::<Vec<_>>(), ["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
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
    // A repair that was killed may leave a file beside the one that it was made of.
    fs::write(file.to_str().unwrap().replace(".warc.gz", "-r1.warc.gz"), &bytes).unwrap();
    assert_eq!(audit(&workspace, &[]).summary, told.summary);
    let screen = workspace.result(&["audit"]);
    assert!(screen.lines().last().unwrap().ends_with(": no violation"), "{screen}");
    assert_eq!(workspace.result(&["--quiet", "audit"]), "");
}

#[test]
fn beside_a_crawl_it_tells_of_what_is_written_so_far() {
    let served = Served::new();
    let workspace = served.workspace();
    let mut crawl = workspace.command(&["crawl"]).stderr(Stdio::null()).spawn().unwrap();
    wait_until(|| served.portals.log().len() > 30);
    let told = audit(&workspace, &[]);
    assert!(crawl.try_wait().unwrap().is_none(), "the crawl goes on");
    assert_eq!((found(&told), told.code), (Vec::new(), Some(0)));
    assert!(told.summary["requests"].as_u64().unwrap() > 3);
    assert!(crawl.wait().unwrap().success());
}

#[test]
fn hosts_of_one_machine_are_proven_to_wait_for_each_other() {
    let served = Served::new();
    let machine = served.portals.connect_to[0].split_once('=').unwrap().1;
    let hosts = [CITY, COUNTY, BUREAU];
    let to: Vec<String> = hosts.iter().map(|host| format!("\"{host}:80={machine}\"")).collect();
    let seeds: Vec<String> = hosts.iter().map(|host| format!("http://{host}/\n")).collect();
    let network = format!("connect_to = [{}]\n", to.join(", "));
    let workspace = Workspace::with(&network, &seeds.concat());
    workspace.result(&["crawl", "--max-pages", "60"]);
    let told = audit(&workspace, &[]);
    assert_eq!((found(&told), told.hosts.len()), (Vec::new(), 3));
    let address = &told.addresses["127.0.0.1"];
    assert_eq!((&address["requests"], &address["most_at_once"]), (&63.into(), &1.into()));
    assert!(address["least_gap_ms"].as_i64() >= Some(39));
}

#[test]
fn nothing_is_asked_of_a_host_that_opted_out_and_where_it_was_that_is_found() {
    let served = Served::new();
    let workspace = served.workspace();
    let mut crawl = workspace.command(&["crawl"]).stderr(Stdio::null()).spawn().unwrap();
    let of_county = || served.portals.log().iter().filter(|one| one.host == COUNTY).count();
    wait_until(|| of_county() > 5);
    fs::write(workspace.path().join("opt-out.txt"), COUNTY).unwrap();
    assert!(crawl.wait().unwrap().success());
    workspace.result(&["crawl"]);
    let told = audit(&workspace, &[]);
    assert_eq!((found(&told), told.code), (Vec::new(), Some(0)));
    let all = exchanges(&workspace);
    let asked: Vec<_> =
        of_host(&all, COUNTY).iter().map(|one| ("stopped".to_owned(), path(one))).collect();
    assert!(asked.len() > 5, "{asked:?}");

    // Its administrator is told since when, and of the copy that was gone by.
    let (lines, _) = workspace.json_lines(&["audit", "--json", "--host", COUNTY]);
    let of = |kind: &str| lines.iter().find_map(|line| line.get(kind)).unwrap();
    let last = of_host(&all, COUNTY).pop().unwrap().exchange.started;
    assert_eq!(of("named")["by"], format!("opt-out: {COUNTY}"));
    assert_eq!(of("named")["last_request"], last.to_string());
    let since = Moment::parse(of("named")["since"].as_str().unwrap()).unwrap();
    assert!(
        last <= since.after(Duration::from_secs(1)) && since < all.last().unwrap().exchange.started
    );
    let robots = of_host(&all, COUNTY)[0];
    assert_eq!(of("robots")["origin"], format!("http://{COUNTY}"));
    assert_eq!(of("robots")["digest"], robots.recorded.payload.unwrap().to_string());
    assert_eq!(of("robots")["fetched_at"], robots.exchange.finished().to_string());
    let screen = workspace.result(&["audit", "--host", COUNTY]);
    assert!(
        screen.contains(&format!("\nrobots.txt of http://{COUNTY}: rules, fetched ")),
        "{screen}"
    );
    assert!(screen.contains(&format!("\n{COUNTY}: named since {since} (opt-out: ")), "{screen}");
    assert!(!workspace.result(&["audit"]).contains("robots.txt of"));

    // It opted out an hour before it was asked first.
    let before = Moment::from_millis(all[0].exchange.started.as_millis() - 3_600_000);
    let told = doctored(&workspace, |record| {
        if record.kind() == "metadata" && record.url().is_empty() {
            record.set("WARC-Date", &before.to_string());
        }
        true
    });
    assert_eq!(found(&told), asked);
    let due = told.violations[0]["due"].as_str().unwrap();
    assert_eq!(due, format!("none since {before} (opt-out: {COUNTY})"));
}

#[test]
fn one_administrator_is_told_of_one_host() {
    let served = Served::new();
    let workspace = served.workspace();
    workspace.result(&["crawl", "--max-pages", "30"]);
    let robots = |record: &mut Raw| !record.url().ends_with("/robots.txt");
    rewrite(&workspace.warc_files(), robots);
    let told = audit(&workspace, &["--host", "WWW.YunLingXian.gov.cn"]);
    assert_eq!(told.hosts.keys().collect::<Vec<_>>(), [COUNTY]);
    assert_eq!(told.addresses.keys().collect::<Vec<_>>(), ["127.0.0.2"]);
    assert!(!told.violations.is_empty());
    assert!(told.violations.iter().all(|violation| violation["host"] == COUNTY));
    assert_eq!(told.summary["violations"], told.violations.len());
    assert_eq!(told.summary["requests"], told.hosts[COUNTY]["requests"]);
    assert_eq!(told.code, Some(1));
    let screen = String::from_utf8(workspace.run(&["audit"]).stdout).unwrap();
    let lines = screen.lines().filter(|line| line.starts_with("robots: http://")).count();
    assert_eq!(lines, audit(&workspace, &[]).violations.len());
    let nowhere = workspace.result(&["audit", "--host", "nowhere.gov.cn"]);
    assert!(nowhere.starts_with("no request to nowhere.gov.cn in 1 WARC file"), "{nowhere}");
    assert_eq!(workspace.run(&["audit", "--host", "a b"]).status.code(), Some(2));
}

#[test]
fn what_cannot_be_read_proves_nothing_and_is_told() {
    let served = Served::new();
    let workspace = served.workspace();
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
fn a_file_that_describes_no_run_is_audited_against_todays_configuration_and_that_is_said() {
    let served = Served::new();
    let workspace = served.workspace();
    workspace.result(&["crawl", "--max-pages", "30"]);
    rewrite(&workspace.warc_files(), |record| {
        if record.kind() == "warcinfo" {
            record.replace("\r\nrun: ", "\r\nwas: ");
        }
        true
    });
    let told = audit(&workspace, &[]);
    assert_eq!((found(&told), &told.summary["undescribed"]), (Vec::new(), &1.into()));
    let screen = workspace.result(&["audit"]);
    assert!(
        screen.contains("audited by today's configuration and seeds: no violation"),
        "{screen}"
    );
    let config = workspace.path().join("config.toml");
    let slower = fs::read_to_string(&config).unwrap().replace("\"40ms\"", "\"50s\"");
    fs::write(config, slower).unwrap();
    let told = audit(&workspace, &[]);
    assert_eq!(told.violations[0]["due"], "50s");
    assert!(found(&told).iter().all(|(rule, _)| rule == "gap"), "{:?}", found(&told));
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
