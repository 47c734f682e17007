//! No request reaches a canary listening on loopback, through more than thirty ways of luring a crawler there.
//!
//! Portals lie in 127.20.0.0/16, which the configuration allows; canaries elsewhere on loopback, and on a
//! portal's address behind a port that is not one of the web. The same lures are laid out a second time for a
//! crawl that may go anywhere on loopback: it must fall for them, or they would prove nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use gongkai::config::Network;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::{A, CNAME};
use hickory_resolver::proto::rr::{RData, RecordType};

use crate::support::Workspace;
use crate::support_dns::{self, fqdn};

const CANARIES: [&str; 4] = ["127.0.0.1", "127.98.0.1", "127.99.0.1", "::1"];
/// Ports of other services; the canary listens on them at the portal's own address.
const ODD_PORTS: [u16; 2] = [6379, 9200];
const HOST: &str = "www.qingshan.gov.cn";

/// What a lure leads to, `{port}` being that of portals and canaries.
struct Lure {
    name: &'static str,
    /// How it is laid out.
    bait: Bait,
    /// The URL at the canary.
    target: &'static str,
    /// What is said of the URL; empty where nothing is known of it.
    reason: &'static str,
    /// A crawl that may go anywhere on loopback falls for it.
    works: bool,
}

enum Bait {
    /// A link on a page.
    Link,
    /// A page with this body, `{target}` being the URL.
    Page(&'static str),
    /// A response with this head and no body.
    Head(&'static str),
    /// The robots.txt of a host of its own: this head, this body.
    Robots(&'static str, &'static str),
    /// A seed.
    Seed,
    /// Nothing on any page: what surrounds the crawl.
    Around,
}

const fn lure(
    name: &'static str,
    bait: Bait,
    target: &'static str,
    reason: &'static str,
    works: bool,
) -> Lure {
    Lure { name, bait, target, reason, works }
}

const ADDRESS: &str = "address: ";
const NAMED: &str = "not a public address";

#[rustfmt::skip]
const LURES: [Lure; 54] = [
    lure("link", Bait::Link, "http://127.0.0.1:{port}/", ADDRESS, true),
    lure("tls", Bait::Link, "https://127.98.0.1:{port}/", ADDRESS, false),
    lure("other-loopback", Bait::Link, "http://127.99.0.1:{port}/", ADDRESS, true),
    lure("decimal", Bait::Link, "http://2130706433:{port}/", ADDRESS, true),
    lure("octal", Bait::Link, "http://0177.0.0.1:{port}/", ADDRESS, true),
    lure("hexadecimal", Bait::Link, "http://0x7f000001:{port}/", ADDRESS, true),
    lure("mixed-radix", Bait::Link, "http://0x7f.0.0.01:{port}/", ADDRESS, true),
    lure("short", Bait::Link, "http://127.1:{port}/", ADDRESS, true),
    lure("full-width", Bait::Link, "http://１２７.０.０.１:{port}/", ADDRESS, true),
    lure("ideographic-stops", Bait::Link, "http://127。0。0。1:{port}/", ADDRESS, true),
    lure("circled-digits", Bait::Link, "http://①②⑦.⓪.⓪.①:{port}/", ADDRESS, true),
    lure("percent-encoded", Bait::Link, "http://%31%32%37.0.0.1:{port}/", ADDRESS, true),
    lure("trailing-dot", Bait::Link, "http://127.0.0.1.:{port}/", ADDRESS, true),
    lure("tab-in-host", Bait::Link, "http://127.0.\t0.1:{port}/", ADDRESS, true),
    lure("backslashes", Bait::Link, "http:\\\\127.0.0.1:{port}/", ADDRESS, true),
    lure("unspecified", Bait::Link, "http://0.0.0.0:{port}/", ADDRESS, false),
    lure("ipv6", Bait::Link, "http://[::1]:{port}/", ADDRESS, true),
    lure("ipv6-long", Bait::Link, "http://[0:0:0:0:0:0:0:1]:{port}/", ADDRESS, true),
    lure("ipv6-unspecified", Bait::Link, "http://[::]:{port}/", ADDRESS, false),
    lure("ipv6-mapped", Bait::Link, "http://[::ffff:127.0.0.1]:{port}/", ADDRESS, true),
    lure("ipv6-compatible", Bait::Link, "http://[::127.0.0.1]:{port}/", ADDRESS, false),
    lure("nat64", Bait::Link, "http://[64:ff9b::127.0.0.1]:{port}/", ADDRESS, false),
    lure("6to4", Bait::Link, "http://[2002:7f00:1::]:{port}/", ADDRESS, false),
    lure("scope-id", Bait::Link, "http://[::1%25lo]:{port}/", "", false),
    lure("metadata", Bait::Link, "http://169.254.169.254/", ADDRESS, false),
    lure("credentials", Bait::Link, "http://user:secret@127.0.0.1:{port}/", ADDRESS, true),
    lure("portal-as-user", Bait::Link, "http://www.qingshan.gov.cn@127.0.0.1:{port}/", ADDRESS, true),
    lure("protocol-relative", Bait::Link, "//127.0.0.1:{port}/", "", true),
    lure("localhost", Bait::Link, "http://localhost:{port}/", NAMED, true),
    lure("localhost-dot", Bait::Link, "http://localhost.:{port}/", NAMED, true),
    lure("under-localhost", Bait::Link, "http://portal.localhost:{port}/", NAMED, true),
    lure("odd-port", Bait::Link, "http://www.qingshan.gov.cn:6379/", "port: ", true),
    lure("other-scheme", Bait::Link, "gopher://127.0.0.1:{port}/", "", false),
    lure("name", Bait::Link, "http://name.qingshan.gov.cn:{port}/", NAMED, true),
    lure("alias", Bait::Link, "http://alias.qingshan.gov.cn:{port}/", NAMED, true),
    lure("name-ipv6", Bait::Link, "http://six.qingshan.gov.cn:{port}/", NAMED, true),
    lure("name-mapped", Bait::Link, "http://mapped.qingshan.gov.cn:{port}/", NAMED, true),
    lure("name-of-many", Bait::Link, "http://many.qingshan.gov.cn:{port}/", NAMED, true),
    lure("name-mixed", Bait::Link, "http://mixed.qingshan.gov.cn:{port}/", "fetched", false),
    // An address is gone by for minutes: what the name says next is not asked in time.
    lure("name-rebound", Bait::Link, "http://rebound.qingshan.gov.cn:{port}/", "", false),
    lure("redirect-301", Bait::Head("301 Moved\r\nLocation: {target}"), "http://127.0.0.1:{port}/", ADDRESS, true),
    lure("redirect-302", Bait::Head("302 Found\r\nLocation: {target}"), "http://127.0.0.1:{port}/", ADDRESS, true),
    lure("redirect-303", Bait::Head("303 See\r\nLocation: {target}"), "http://127.0.0.1:{port}/", ADDRESS, true),
    lure("redirect-307", Bait::Head("307 There\r\nLocation: {target}"), "http://[::1]:{port}/", ADDRESS, true),
    lure("redirect-308", Bait::Head("308 There\r\nLocation: {target}"), "http://127.1:{port}/", ADDRESS, true),
    lure("redirect-name", Bait::Head("302 Found\r\nLocation: {target}"), "http://name.qingshan.gov.cn:{port}/", NAMED, true),
    lure("redirect-user", Bait::Head("302 Found\r\nLocation: {target}"), "http://www.qingshan.gov.cn:80@127.0.0.1:{port}/", ADDRESS, true),
    lure("meta-refresh", Bait::Page("<meta http-equiv=refresh content='0; url={target}'>"), "http://127.0.0.1:{port}/", ADDRESS, true),
    lure("base", Bait::Page("<base href='http://127.0.0.1:{port}/'><a href='canary-base'>年报</a>"), "http://127.0.0.1:{port}/", ADDRESS, true),
    lure("iframe", Bait::Page("<iframe src='{target}'></iframe>"), "http://127.0.0.1:{port}/", ADDRESS, true),
    lure("headers", Bait::Head("200 OK\r\nRefresh: 0; url={target}\r\nAlt-Svc: http/1.1=\"127.0.0.1:{port}\"\r\nContent-Location: {target}\r\nLink: <{target}>; rel=canonical"), "http://127.0.0.1:{port}/", "", false),
    lure("robots-redirect", Bait::Robots("302 Found\r\nLocation: {target}", ""), "http://127.0.0.1:{port}/", "", true),
    lure("robots-sitemap", Bait::Robots("200 OK", "User-agent: *\nAllow: /\nSitemap: {target}\n"), "http://127.0.0.1:{port}/", "", false),
    lure("proxy", Bait::Around, "http://127.0.0.1:{port}/", "", false),
];

#[rustfmt::skip]
const SEEDS: [Lure; 4] = [
    lure("seed", Bait::Seed, "http://127.0.0.1:{port}/", NAMED, true),
    lure("seed-localhost", Bait::Seed, "http://localhost:{port}/", NAMED, true),
    lure("seed-name", Bait::Seed, "http://name.qingshan.gov.cn:{port}/", NAMED, true),
    lure("seed-odd-port", Bait::Seed, "http://www.qingshan.gov.cn:9200/", "not one of the web", true),
];

fn lures() -> impl Iterator<Item = &'static Lure> {
    LURES.iter().chain(&SEEDS)
}

impl Lure {
    /// The URL at the canary; its path names the lure.
    fn target(&self, port: u16) -> String {
        format!("{}canary-{}", with_port(self.target, port), self.name)
    }

    /// A host of its own, for a lure that needs one.
    fn host(&self) -> String {
        format!("{}.qingshan.gov.cn", self.name)
    }

    fn fill(&self, text: &str, port: u16) -> String {
        with_port(&text.replace("{target}", &self.target(port)), port)
    }

    /// What the portal answers where the lure is laid out.
    fn answer(&self, port: u16) -> String {
        match self.bait {
            Bait::Link => page(&format!("<a href=\"{}\">年报</a>", self.target(port))),
            Bait::Page(body) => page(&self.fill(body, port)),
            Bait::Head(head) => {
                format!("HTTP/1.1 {}\r\nContent-Length: 0\r\n\r\n", self.fill(head, port))
            }
            Bait::Robots(..) | Bait::Seed | Bait::Around => page(""),
        }
    }
}

fn with_port(text: &str, port: u16) -> String {
    text.replace("{port}", &port.to_string())
}

fn page(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// The portal of all names, by host and path.
fn portal(host: &str, path: &str, port: u16) -> String {
    let none = || "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned();
    if path == "/robots.txt" {
        let robots =
            LURES.iter().filter(|lure| lure.host() == host).find_map(|lure| match lure.bait {
                Bait::Robots(head, body) => Some((lure.fill(head, port), lure.fill(body, port))),
                _ => None,
            });
        return robots.map_or_else(none, |(head, body)| {
            format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        });
    }
    match path.strip_prefix("/lure/") {
        Some(name) => {
            LURES.iter().find(|lure| lure.name == name).map_or_else(none, |lure| lure.answer(port))
        }
        None => page(&LURES.map(|lure| format!("<a href=/lure/{}>年报</a>\n", lure.name)).concat()),
    }
}

/// Answers each connection's one request by its host and path.
fn listen(listener: TcpListener, answer: impl Fn(&str, &str) -> String + Send + 'static) {
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4_096];
            let read = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let host =
                request.lines().find_map(|line| line.strip_prefix("Host: ")).unwrap_or_default();
            let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
            // Whoever asked may be gone.
            let _sent = stream.write_all(answer(host, path).as_bytes());
        }
    });
}

/// What reached the canaries: the paths asked for, empty where nothing was said.
type Reached = Arc<Mutex<Vec<String>>>;

/// The portal's address in one crawl, no other's, even in another run of the tests.
fn home(crawl: u8) -> Ipv4Addr {
    let [.., of_process] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 20, of_process, crawl)
}

/// A port of the web that is free at the portal's address and at the canaries'.
fn bind(at_home: IpAddr) -> (u16, TcpListener, Vec<TcpListener>) {
    loop {
        let portal = TcpListener::bind((at_home, 0)).unwrap();
        let port = portal.local_addr().unwrap().port();
        let url = url::Url::parse(&format!("http://{HOST}:{port}/")).unwrap();
        let at = |host: &str| SocketAddr::new(host.parse::<IpAddr>().unwrap(), port);
        let canaries: Result<Vec<_>, _> =
            CANARIES.map(|host| TcpListener::bind(at(host))).into_iter().collect();
        if let (Ok(canaries), Ok(())) =
            (canaries, gongkai::fetch::check_url(&Network::default(), &url))
        {
            return (port, portal, canaries);
        }
    }
}

/// The names: those of portals, and those that lead to the canary.
fn name_server(home: Ipv4Addr) -> SocketAddr {
    let home = home.to_string();
    let many: Vec<String> = (1..=40).map(|n| format!("127.99.0.{n}")).collect();
    support_dns::serve(move |name, kind, before| {
        let at = |addresses: &[&str]| Some(support_dns::addresses(name, kind, addresses));
        match name.strip_suffix(".qingshan.gov.cn") {
            None => Some((ResponseCode::NXDomain, Vec::new())),
            Some("name") => at(&["127.0.0.1"]),
            Some("alias") if kind == RecordType::A => {
                let alias = RData::CNAME(CNAME(fqdn("name.qingshan.gov.cn")));
                let records =
                    [(name, alias), ("name.qingshan.gov.cn", RData::A(A(Ipv4Addr::LOCALHOST)))];
                let records = records.map(|(name, data)| (name.to_owned(), data)).to_vec();
                Some((ResponseCode::NoError, records))
            }
            Some("alias") => at(&[]),
            Some("six") => at(&["::1"]),
            Some("mapped") => at(&["::ffff:127.0.0.1"]),
            Some("many") => at(&many.iter().map(String::as_str).collect::<Vec<_>>()),
            Some("mixed") => at(&["127.0.0.1", &home, "127.99.0.1", "::1"]),
            Some("rebound") if before > 0 => at(&["127.0.0.1"]),
            Some(_) => at(&[&home]),
        }
    })
}

fn workspace(port: u16, name_server: SocketAddr, network: &str) -> Workspace {
    let workspace = Workspace::with("", "");
    let config = format!(
        "[identity]\ncontact = \"test@gongkai.example\"\n\
         [politeness]\ndelay = \"5ms\"\ndelay_factor = 0\n\
         [fetch]\ndns_timeout = \"5s\"\nconnect_timeout = \"2s\"\ntimeout = \"5s\"\n\
         [network]\nresolver = [\"{name_server}\"]\n{network}"
    );
    fs::write(workspace.path().join("config.toml"), config).unwrap();
    let mut urls = vec![format!("http://{HOST}:{port}/")];
    let mut hosts = BTreeSet::new();
    for lure in lures() {
        match lure.bait {
            Bait::Seed => urls.push(lure.target(port)),
            Bait::Robots(..) => urls.push(format!("http://{}:{port}/", lure.host())),
            _ => {}
        }
        let url = url::Url::parse(&lure.target(port)).ok();
        hosts.extend(url.and_then(|url| Some(url.host_str()?.trim_end_matches('.').to_owned())));
    }
    let hosts: Vec<String> = hosts.into_iter().collect();
    let seed = format!("name = \"青杉市人民政府\"\nurls = {urls:?}\nscope = {hosts:?}\n");
    fs::write(workspace.path().join("seeds/qingshan.toml"), seed).unwrap();
    workspace
}

/// Crawls with the lures laid out: the workspace, the port, and what reached the canaries.
fn crawl(home: Ipv4Addr, network: &str) -> (Workspace, u16, Vec<String>) {
    let (port, of_portal, mut canaries) = bind(home.into());
    listen(of_portal, move |host, path| portal(host, path, port));
    canaries.extend(ODD_PORTS.map(|odd| TcpListener::bind((home, odd)).unwrap()));
    let reached = Reached::default();
    for canary in canaries {
        let reached = Arc::clone(&reached);
        listen(canary, move |_, path| {
            reached.lock().unwrap().push(path.to_owned());
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned()
        });
    }
    let workspace = workspace(port, name_server(home), network);
    let mut command = workspace.command(&["crawl"]);
    for variable in
        ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
    {
        command.env(variable, format!("http://127.0.0.1:{port}/"));
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    workspace.assert_whole();
    let reached = reached.lock().unwrap().clone();
    (workspace, port, reached)
}

#[test]
fn no_request_reaches_a_canary_on_loopback_whatever_lures_the_crawler_there() {
    let (workspace, port, reached) = crawl(home(1), "allow_private = [\"127.20.0.0/16\"]\n");
    assert!(reached.is_empty(), "{reached:?}");
    assert!(lures().count() > 30);
    for lure in lures().filter(|lure| !lure.reason.is_empty()) {
        let why = workspace.result(&["why", &lure.target(port)]);
        assert!(why.contains(lure.reason), "{}: expected `{}` in\n{why}", lure.name, lure.reason);
    }
    for name in LURES.map(|lure| lure.name) {
        let why = workspace.result(&["why", &format!("http://{HOST}:{port}/lure/{name}")]);
        assert!(why.contains("fetched"), "{name} was not laid out:\n{why}");
    }
}

#[test]
fn the_same_lures_do_lead_to_the_canary_where_the_configuration_allows_it() {
    let (_workspace, _, reached) = crawl(
        home(2),
        "allow_private = [\"127.0.0.0/8\", \"::1/128\"]\nallow_ports = [6379, 9200]\n",
    );
    for lure in lures().filter(|lure| lure.works) {
        let path = format!("/canary-{}", lure.name);
        assert!(reached.contains(&path), "{}: {reached:?}", lure.name);
    }
}
