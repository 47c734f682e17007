//! Servers that break every rule, on purpose or not: of each fault the outcome is recorded, time and memory are
//! bounded, and no other host is delayed.
//!
//! To add a fault: one row in `table`, and if no function of `plays` does what its host is to do, a small one there.

mod bombs;
mod dns;
mod fault;
mod held;
mod plays;
mod recorded;
mod sequences;
mod server;
mod table;
mod tls;

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Output, Stdio};

use self::fault::{Fault, Healthy};
use self::server::Hosts;
use crate::rebuilt::assert_the_same;
use crate::support::{DELAY, Workspace, assert_polite, comes_true};
use crate::verified::problems;

/// As many faults as there must be at least.
const LEAST_FAULTS: usize = 120;

/// More memory than this no server makes us take. A crawl of healthy hosts takes about 40.
const MOST_MEMORY_KIB: u64 = 256 << 10;

/// Short, but long enough for a machine that is busy: it must not take a host for slow that is not.
const TIMES: &str =
    "dns_timeout = \"5s\"\nconnect_timeout = \"5s\"\nread_timeout = \"5s\"\ntimeout = \"20s\"\n";

/// The most bytes of a body, as configured.
const MAX_BODY: u64 = 1 << 20;

/// The most pages of a host that are known, as configured.
const MAX_PAGES: usize = 20;

const HEALTHY: [Healthy; 4] = [
    Healthy { host: "www.qingshan.gov.cn", pages: 12 },
    Healthy { host: "zfxxgk.qingshan.gov.cn", pages: 12 },
    Healthy { host: "www.baishan.gov.cn", pages: 6 },
    Healthy { host: "www.heyuan.gov.cn", pages: 1 },
];

/// A workspace with these hosts as its seeds. `fetch`: the lines of that section.
fn workspace(hosts: &Hosts, fetch: &str, more: &str) -> Workspace {
    let config = format!(
        "[identity]\ncontact = \"test@gongkai.example\"\n\
         [politeness]\ndelay = \"{}ms\"\ndelay_factor = 1\nconcurrent_hosts = 48\n\
         [scope]\nmax_pages_per_host = {MAX_PAGES}\n\
         [fetch]\nmax_body = \"1MiB\"\n{fetch}\
         [network]\nallow_private = [\"127.0.0.0/8\"]\nconnect_to = [{}]\n{more}",
        DELAY.as_millis(),
        hosts.connect_to.join(", "),
    );
    Workspace::configured(&config, &hosts.seeds.concat())
}

/// A crawl that runs.
struct Crawl<'a> {
    workspace: &'a Workspace,
    child: Child,
    peak_kib: Option<u64>,
}

impl<'a> Crawl<'a> {
    fn start(workspace: &'a Workspace) -> Self {
        let mut command = workspace.command(&["--quiet", "crawl"]);
        command.env("SSL_CERT_FILE", workspace.path().join("roots.pem")).stderr(Stdio::piped());
        Self { workspace, child: command.spawn().unwrap(), peak_kib: None }
    }

    /// Waits for its end, which it comes to by itself; what it said, and the most memory that it took, where the system
    /// says that.
    fn end(mut self) -> (Output, Option<u64>) {
        let has_ended = comes_true(|| {
            self.peak_kib = peak_kib(self.child.id()).max(self.peak_kib);
            self.child.try_wait().unwrap().is_some()
        });
        if !has_ended {
            self.child.kill().unwrap();
            panic!("the crawl has not ended; it waits for {}", self.what_it_waits_for());
        }
        (self.child.wait_with_output().unwrap(), self.peak_kib)
    }

    /// The hosts that are being asked, or have something waiting and do not rest.
    fn what_it_waits_for(&self) -> String {
        let database = self.workspace.database();
        let mut statement = database
            .prepare(
                "SELECT name || ': ' || in_flight || ' in flight, ' || waiting || ' waiting, due in '
                 || (next_at - unixepoch() * 1000) || ' ms; ' FROM hosts
                 WHERE in_flight > 0 OR (waiting > 0 AND rest_reason IS NULL)",
            )
            .unwrap();
        let hosts = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        hosts.map(Result::unwrap).collect()
    }
}

fn peak_kib(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn all_faults(authorities: &tls::Authorities) -> Vec<Fault> {
    [table::faults(), tls::faults(authorities), dns::faults()].into_iter().flatten().collect()
}

#[test]
fn each_fault_is_recorded_with_its_reason_and_no_healthy_host_suffers() {
    let authorities = tls::Authorities::new();
    let mut expected = Vec::new();
    let mut hosts = Hosts::new();
    for fault in all_faults(&authorities) {
        expected.push(recorded::Expected::of(&fault));
        hosts.faulty(fault);
    }
    for healthy in HEALTHY {
        hosts.healthy(healthy);
    }
    let names: BTreeSet<_> = hosts.seeds.iter().collect();
    assert_eq!(names.len(), hosts.seeds.len(), "two faults of one name");
    assert!(expected.len() >= LEAST_FAULTS, "{} faults", expected.len());

    let resolver = format!("resolver = [\"{}\"]\n", dns::serve());
    let workspace = workspace(&hosts, TIMES, &resolver);
    fs::write(workspace.path().join("roots.pem"), authorities.roots()).unwrap();
    let (output, peak_kib) = Crawl::start(&workspace).end();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    recorded::check(&workspace, &expected);
    recorded::assert_bounded(&workspace);
    recorded::assert_nothing_was_foisted_on_the_next_page(&workspace);
    assert_nothing_was_given_away(&hosts);
    for healthy in HEALTHY {
        let mut asked = hosts.asked.paths(healthy.host);
        // What leads there from a robots.txt elsewhere is another's question.
        asked.retain(|path| path != "/robots.txt");
        asked.sort();
        let mut pages = healthy.paths().split_off(1);
        pages.sort();
        assert_eq!(asked, pages, "{}", healthy.host);
    }
    assert_polite(&hosts.asked.log());
    match peak_kib {
        Some(peak) => {
            println!("{} faults, {peak} KiB at the most", expected.len());
            assert!(peak < MOST_MEMORY_KIB, "{peak} KiB at the most");
        }
        None => println!("this system does not say how much memory a process took: not judged"),
    }

    workspace.assert_whole();
    assert_eq!(problems(&workspace), [""; 0]);
    workspace.result(&["audit"]);
    let anew = workspace.copy();
    anew.result(&["rebuild"]);
    assert_the_same(&workspace, &anew);
}

/// No cookie that was set is sent back, and no host is asked more often than its pages and their second tries come to.
fn assert_nothing_was_given_away(hosts: &Hosts) {
    for head in hosts.asked.heads() {
        assert!(!head.to_lowercase().contains("\r\ncookie:"), "{head}");
    }
    let log = hosts.asked.log();
    for one in &log {
        let asked = log.iter().filter(|other| other.host == one.host).count();
        assert!(asked <= 2 * MAX_PAGES, "{} was asked {asked} times", one.host);
    }
}
