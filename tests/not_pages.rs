//! Answers that are not pages: each is recorded with its reason, is not taken for content and not asked for again
//! soon; a host that hides rests, and no other host waits for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use gongkai::exchange::Response;
use gongkai::not_page::recognise;
use url::Url;

use crate::bad_input::{respond, trick};
use crate::rebuilt::assert_the_same;
use crate::support::Workspace;
use crate::verified::problems;

const CHALLENGE: &str = "<html><script>document.cookie='k=1';location.reload()</script></html>";
const BLOCKED: &str =
    "<title>403</title><p>很抱歉，您的访问被阻断。<p>请求ID：7ae1<a href=/trap.html>申诉</a>";
const CAPTIVE: &str =
    "<script>top.location.href='http://10.0.0.1/eportal/index.jsp?wlanuserip=5f'</script>";
const MAINTENANCE: &str = "<title>系统维护中</title><a href=/trap.html>公告</a>";
const PARKED: &str = "<title>恭喜，站点创建成功！</title><a href=/trap.html>帮助</a>";
const GONE: &str = "<title>页面不存在</title><a href=/trap.html>返回首页</a>";

/// Answers by `host/path`, which may change while it serves, and what was asked for.
#[derive(Clone, Default)]
struct Site {
    answers: Arc<Mutex<HashMap<String, (u16, String)>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    fn answer(&self, url: &str, status: u16, html: &str) {
        self.answers.lock().unwrap().insert(url.to_owned(), (status, html.to_owned()));
    }

    /// A front page that links to these, in this order, each of them an ordinary page.
    fn host(&self, host: &str, paths: &[&str]) {
        let links: Vec<_> = paths.iter().map(|path| format!("<a href=/{path}>动态</a>")).collect();
        self.answer(&format!("{host}/"), 200, &format!("<title>首页</title>{}", links.concat()));
        for path in paths {
            self.answer(&format!("{host}/{path}"), 200, &page(path));
        }
    }

    /// Serves it; a workspace with these hosts as its seeds.
    fn workspace(&self, hosts: &[&str], more: &str) -> Workspace {
        let site = self.clone();
        let address = trick(move |stream, request| {
            let word = |line: &str, at| line.split(' ').nth(at).unwrap_or_default().to_owned();
            let host = request.lines().find(|line| line.to_lowercase().starts_with("host: "));
            let url = format!("{}{}", word(host.unwrap_or_default(), 1), word(&request, 1));
            site.asked.lock().unwrap().push(url.clone());
            let found = site.answers.lock().unwrap().get(&url).cloned();
            let (status, html) = found.unwrap_or((404, "404".to_owned()));
            let head = format!("{status} x\r\nContent-Type: text/html; charset=utf-8");
            respond(stream, head, html.as_bytes());
        });
        let connect: Vec<_> = hosts.iter().map(|host| format!("\"{host}:80={address}\"")).collect();
        let seeds: Vec<_> = hosts.iter().map(|host| format!("http://{host}/\n")).collect();
        Workspace::with(&format!("connect_to = [{}]\n{more}", connect.join(", ")), &seeds.concat())
    }

    fn was_asked(&self, url: &str) -> bool {
        self.asked.lock().unwrap().iter().any(|asked| asked == url)
    }
}

fn page(path: &str) -> String {
    format!("<title>工作动态</title><p>青杉市召开会议。{path}")
}

/// Why the host rests, as `status` says.
fn rest_of(workspace: &Workspace, host: &str) -> Option<String> {
    let (status, _) = workspace.json_lines(&["status", "--json"]);
    let hosts = status[0]["hosts"].as_array().unwrap().clone();
    let found = hosts.iter().find(|one| one["host"] == host).unwrap().clone();
    found["rest_reason"].as_str().map(str::to_owned)
}

/// The latest capture of a URL: its kind, and what is said of it.
fn latest(workspace: &Workspace, url: &str) -> (String, Option<String>) {
    let (shown, _) = workspace.json_lines(&["show", url, "--json"]);
    let capture = &shown[0]["captures"][0];
    let text = |key: &str| capture[key].as_str().map(str::to_owned);
    (text("kind").unwrap(), text("failure"))
}

fn assert_why(workspace: &Workspace, url: &str, expected: &str) {
    let why = workspace.result(&["why", url]);
    assert!(why.contains(expected), "expected `{expected}` in\n{why}");
}

#[test]
fn each_kind_is_recorded_with_its_reason_and_only_a_host_that_hides_rests() {
    // Host, status, page, state of the URL, kind of the capture.
    let kinds = [
        ("a.qingshan.gov.cn", 412, CHALLENGE, "waiting", "apart"),
        ("b.qingshan.gov.cn", 200, CHALLENGE, "waiting", "apart"),
        ("c.qingshan.gov.cn", 200, CAPTIVE, "waiting", "apart"),
        ("d.qingshan.gov.cn", 503, MAINTENANCE, "waiting", "apart"),
        ("e.qingshan.gov.cn", 200, MAINTENANCE, "waiting", "response"),
        ("f.qingshan.gov.cn", 200, PARKED, "waiting", "response"),
        ("g.qingshan.gov.cn", 403, BLOCKED, "retrying", "apart"),
        ("h.qingshan.gov.cn", 200, GONE, "fetched", "response"),
    ];
    let reasons = [
        "challenge: a script that sets a cookie and reloads (status 412)",
        "challenge: a script that sets a cookie and reloads",
        "captive: sent to a gateway's login",
        "maintenance: title 系统维护中 (status 503)",
        "maintenance: title 系统维护中",
        "parked: title 恭喜,站点创建成功",
        "blocked: text 您的访问被阻断 (status 403)",
        "soft-404: title 页面不存在",
    ];
    let site = Site::default();
    for (host, status, html, ..) in kinds {
        site.host(host, &["one.html", "two.html"]);
        site.answer(&format!("{host}/one.html"), status, html);
    }
    let workspace = site.workspace(&kinds.map(|(host, ..)| host), "");
    workspace.result(&["crawl"]);
    workspace.assert_whole();
    for ((host, _, _, state, kind), reason) in kinds.into_iter().zip(reasons) {
        let url = format!("http://{host}/one.html");
        assert_eq!(latest(&workspace, &url), (kind.to_owned(), Some(reason.to_owned())));
        assert_why(&workspace, &url, &format!("{state} ({reason})"));
        let rests = state == "waiting";
        assert_eq!(rest_of(&workspace, host), rests.then(|| reason.to_owned()), "{host}");
        assert_eq!(site.was_asked(&format!("{host}/two.html")), !rests, "{host}");
        assert!(!site.was_asked(&format!("{host}/trap.html")), "its links are no page's");
    }
    assert_why(&workspace, "http://a.qingshan.gov.cn/one.html", "until ");
    let wacz = workspace.path().join("all.wacz");
    workspace.result(&["export", "wacz", "--out", wacz.to_str().unwrap()]);
    // What lies in a WACZ is stored as it is; only the list of pages has ids.
    let bytes = std::fs::read(wacz).unwrap();
    let bytes = String::from_utf8_lossy(&bytes);
    let listed =
        |url: &str| bytes.lines().any(|line| line.contains("\"id\":") && line.contains(url));
    assert!(listed("http://h.qingshan.gov.cn/two.html"));
    assert!(!listed("http://h.qingshan.gov.cn/one.html"), "it is no page to look at");
    let asked = site.asked.lock().unwrap().len();
    workspace.result(&["crawl"]);
    assert_eq!(site.asked.lock().unwrap().len(), asked, "nothing is asked for again soon");
    assert_eq!(problems(&workspace), [""; 0]);
    let anew = workspace.copy();
    anew.result(&["rebuild"]);
    assert_the_same(&workspace, &anew);
}

#[test]
fn a_firewall_that_blocks_three_in_a_row_is_left_alone_and_no_other_host_waits() {
    let (site, host, other) = (Site::default(), "www.qingshan.gov.cn", "www.yunling.gov.cn");
    site.host(host, &["1.html", "2.html", "3.html", "4.html"]);
    for path in ["1.html", "2.html", "3.html"] {
        site.answer(&format!("{host}/{path}"), 403, BLOCKED);
    }
    site.host(other, &["1.html", "2.html", "3.html", "4.html"]);
    let workspace = site.workspace(&[host, other], "");
    workspace.result(&["crawl"]);
    assert!(site.was_asked(&format!("{host}/3.html")));
    assert!(!site.was_asked(&format!("{host}/4.html")));
    let rest = rest_of(&workspace, host).unwrap();
    assert_eq!(rest, "blocked: text 您的访问被阻断 (status 403)");
    assert!(site.was_asked(&format!("{other}/4.html")));
    assert_eq!(rest_of(&workspace, other), None);
    let anew = workspace.copy();
    anew.result(&["rebuild"]);
    assert_the_same(&workspace, &anew);
}

#[test]
fn a_robots_file_behind_a_firewall_is_unreachable_whatever_its_status() {
    for (status, html, why) in [
        (403, BLOCKED, "disallowed: blocked: text 您的访问被阻断 (status 403)"),
        (200, CHALLENGE, "disallowed: challenge: a script that sets a cookie and reloads"),
        (404, "<title>404</title>", "allowed: status 404"),
    ] {
        let (site, host) = (Site::default(), "www.qingshan.gov.cn");
        site.host(host, &["1.html"]);
        site.answer(&format!("{host}/robots.txt"), status, html);
        let workspace = site.workspace(&[host], "");
        workspace.result(&["crawl"]);
        assert_why(&workspace, &format!("http://{host}/"), why);
        assert_eq!(site.was_asked(&format!("{host}/")), status == 404);
        let anew = workspace.copy();
        anew.result(&["rebuild"]);
        assert_the_same(&workspace, &anew);
    }
}

#[test]
fn no_worse_answer_harms_the_page_that_was_archived_before() {
    for (status, html) in [(200, CHALLENGE), (412, CHALLENGE), (200, GONE), (200, MAINTENANCE)] {
        let (site, host) = (Site::default(), "www.qingshan.gov.cn");
        let (key, url) = (format!("{host}/"), format!("http://{host}/"));
        site.answer(&key, 200, &page("1.html"));
        let workspace = site.workspace(&[host], "[revisit]\nmin = \"1ms\"\nmax = \"1ms\"\n");
        workspace.result(&["crawl", "--max-pages", "1"]);
        let before = workspace.frontier()[&url].1.clone();
        assert!(before.is_some());
        site.answer(&key, status, html);
        workspace.result(&["crawl", "--max-pages", "1"]);
        assert!(latest(&workspace, &url).1.is_some(), "the other answer came");
        assert_eq!(workspace.frontier()[&url].1, before, "a 304 would speak of the page");
        assert_eq!(workspace.result(&["cat", &url]), page("1.html"));
        let out = workspace.path().join("out");
        workspace.result(&["export", "files", "--latest", "--out", out.to_str().unwrap()]);
        assert!(exported(&out).contains(&page("1.html")), "status {status}: {html}");
        let anew = workspace.copy();
        anew.result(&["rebuild"]);
        assert_eq!(anew.frontier()[&url].1, before);
    }
}

#[test]
fn no_page_of_the_sample_portals_is_recognised() {
    let mut seen = 0;
    for portal in gongkai::demo::portals() {
        for (path, url) in portal.paths() {
            let Some((payload, content_type)) = portal.body(path) else { continue };
            let named = |value: String| ("content-type".to_owned(), value.into_bytes());
            let response = Response {
                protocol: "HTTP/1.1",
                status: 200,
                reason: Vec::new(),
                fields: content_type.map(named).into_iter().collect(),
                wire_length: payload.len() as u64,
                payload,
                coding: None,
                truncated: None,
            };
            assert_eq!(recognise(&Url::parse(&url).unwrap(), &response), None, "{url}");
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

/// The texts of all files in a folder, and in those within.
fn exported(dir: &std::path::Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(exported(&path));
        } else {
            texts.push(String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
        }
    }
    texts
}
