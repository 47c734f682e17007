//! Politeness proven: 20 hosts on 5 machines, some of which ask for peace, some for a slower pace, and a crawl
//! that is killed again and again. The servers' own log and `gongkai audit` agree that no rule was broken.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gongkai::clock::{self, Moment};

use crate::support::{DELAY, Workspace, wait_until};

const MACHINES: u8 = 5;
const HOSTS_EACH: usize = 4;
const PAGES: usize = 8;
const KILLS: usize = 6;

/// What one host in five asks for in its robots.txt.
const CRAWL_DELAY: Duration = Duration::from_millis(300);

/// What one host in four asks for, once, in the middle of its crawl.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A request as its server saw it, from its head to before the answer left.
#[derive(Debug, Clone)]
struct Seen {
    host: String,
    path: String,
    machine: IpAddr,
    began: Moment,
    answered: Moment,
    asked_for_peace: bool,
}

#[derive(Default)]
struct Servers {
    seen: Mutex<Vec<Seen>>,
    /// Requests of each host so far.
    counts: Mutex<BTreeMap<String, usize>>,
}

fn number(host: &str) -> usize {
    host.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

fn has_crawl_delay(host: &str) -> bool {
    number(host).is_multiple_of(5)
}

fn asks_for_peace(host: &str) -> bool {
    number(host) % 4 == 1
}

impl Servers {
    /// Serves one connection for as long as it is used.
    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        let machine = stream.local_addr()?.ip();
        let (mut reader, mut writer) = (BufReader::new(stream.try_clone()?), stream.try_clone()?);
        loop {
            let (mut path, mut host) = (String::new(), String::new());
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line)? == 0 {
                    return Ok(());
                }
                let line = line.trim_end();
                if let Some(rest) = line.strip_prefix("GET ") {
                    rest.split(' ').next().unwrap_or_default().clone_into(&mut path);
                } else if let Some((name, value)) = line.split_once(": ")
                    && name.eq_ignore_ascii_case("host")
                {
                    value.clone_into(&mut host);
                }
                if line.is_empty() {
                    break;
                }
            }
            let began = clock::now();
            let (status, more, body) = self.answer(&host, &path);
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/html\r\n{more}Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let (answered, asked_for_peace) = (clock::now(), status.starts_with("429"));
            let seen = Seen { host, path, machine, began, answered, asked_for_peace };
            self.seen.lock().unwrap().push(seen);
            writer.write_all(answer.as_bytes())?;
        }
    }

    fn answer(&self, host: &str, path: &str) -> (&'static str, String, String) {
        let mut counts = self.counts.lock().unwrap();
        let count = counts.entry(host.to_owned()).or_default();
        *count += 1;
        if *count == 4 && asks_for_peace(host) {
            let more = format!("Retry-After: {}\r\n", RETRY_AFTER.as_secs());
            return ("429 Too Many Requests", more, String::new());
        }
        if path == "/robots.txt" {
            let delay = if has_crawl_delay(host) { CRAWL_DELAY.as_secs_f64() } else { 0.0 };
            return ("200 OK", String::new(), format!("User-agent: *\nCrawl-delay: {delay}\n"));
        }
        let mut page = format!("<title>{host}{path}</title>");
        for number in 1..PAGES {
            page.push_str(&format!("<a href=\"/p{number}.html\">第{number}页</a>\n"));
        }
        ("200 OK", String::new(), page)
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

/// Serves all hosts; the lines of `network.connect_to`.
fn serve(servers: &Arc<Servers>) -> Vec<String> {
    let mut lines = Vec::new();
    for machine in 0..MACHINES {
        let listener = TcpListener::bind((IpAddr::from([127, 0, 7, machine + 1]), 0)).unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        for host in 0..HOSTS_EACH {
            let number = usize::from(machine) * HOSTS_EACH + host;
            lines.push(format!("www.bureau{number}.gov.cn:80={address}"));
        }
        let servers = Arc::clone(servers);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, servers) = (stream.unwrap(), Arc::clone(&servers));
                std::thread::spawn(move || servers.serve(&stream));
            }
        });
    }
    lines
}

/// From the answer to one request to the next of these, none is shorter than its delay, which the last and the
/// next one tell.
fn assert_apart<'a>(
    name: &str,
    requests: impl Iterator<Item = &'a Seen>,
    delay: impl Fn(&Seen, &Seen) -> Duration,
) {
    let mut last: Option<&Seen> = None;
    for request in requests {
        if let Some(last) = last {
            let gap = request.began.as_millis() - last.answered.as_millis();
            // Both moments are cut to the millisecond.
            let due = i64::try_from(delay(last, request).as_millis()).unwrap() - 1;
            assert!(gap >= due, "{name}: {gap} ms after the last answer, {due} were due");
        }
        last = Some(request);
    }
}

/// The hosts whose wish for peace is in the archive: an answer that a kill cut off was never read.
fn heard(workspace: &Workspace) -> BTreeSet<String> {
    let database = workspace.database();
    let query = "SELECT h.name FROM captures c JOIN urls u ON u.id = c.url_id
         JOIN hosts h ON h.id = u.host_id WHERE c.status = 429";
    let mut statement = database.prepare(query).unwrap();
    let hosts = statement.query_map([], |row| row.get(0)).unwrap();
    hosts.map(Result::unwrap).collect()
}

#[test]
fn twenty_hosts_on_five_machines_are_left_in_peace_through_429s_crawl_delays_and_kills() {
    let servers = Arc::new(Servers::default());
    let connect_to = serve(&servers);
    let seeds: Vec<String> = connect_to
        .iter()
        .map(|line| format!("http://{}/", line.split(':').next().unwrap()))
        .collect();
    let workspace = Workspace::with(&format!("connect_to = {connect_to:?}\n"), &seeds.join("\n"));
    for kill in 1..=KILLS {
        let mut crawl =
            workspace.command(&["--quiet", "crawl"]).stderr(Stdio::null()).spawn().unwrap();
        wait_until(|| servers.requests() >= kill * 25);
        crawl.kill().unwrap();
        crawl.wait().unwrap();
    }
    workspace.result(&["--quiet", "crawl"]);

    let mut seen = servers.seen.lock().unwrap().clone();
    seen.sort_by_key(|one| one.began);
    let mut names: Vec<&str> = seen.iter().map(|one| one.host.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), usize::from(MACHINES) * HOSTS_EACH);
    let heard = heard(&workspace);
    assert!(!heard.is_empty());
    for name in &names {
        let delay = |last: &Seen, next: &Seen| match last {
            // A robots.txt that is asked for again was cut off by a kill.
            _ if next.path == "/robots.txt" => DELAY,
            last if last.asked_for_peace && heard.contains(*name) => RETRY_AFTER,
            last if has_crawl_delay(&last.host) => CRAWL_DELAY,
            _ => DELAY,
        };
        assert_apart(name, seen.iter().filter(|one| one.host == **name), delay);
    }
    for machine in 1..=MACHINES {
        let machine = IpAddr::from([127, 0, 7, machine]);
        let at_it = seen.iter().filter(|one| one.machine == machine);
        assert_apart(&machine.to_string(), at_it, |_, _| DELAY);
    }

    let (lines, code) = workspace.json_lines(&["audit", "--json"]);
    let violations: Vec<_> = lines.iter().filter_map(|line| line.get("violation")).collect();
    assert_eq!((violations, code), (Vec::new(), Some(0)));
    let summary = &lines.last().unwrap()["summary"];
    assert_eq!(summary["hosts"], usize::from(MACHINES) * HOSTS_EACH);
    assert_eq!(summary["addresses"], MACHINES);
    let proven = usize::try_from(summary["requests"].as_u64().unwrap()).unwrap();
    let in_flight = KILLS * usize::from(MACHINES);
    assert!(
        proven <= seen.len() && seen.len() <= proven + in_flight,
        "{proven} in the archive, {} at the servers: no more are missing than were in flight",
        seen.len()
    );
    workspace.assert_whole();
}
