//! The archive that is judged: the sample portals and a small one with what is hard to replay, crawled
//! twice, so that it holds revisits, answers of 304, pages that changed, went, or were refused for a while.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use encoding_rs::GBK;
use gongkai::clock::Moment;
use gongkai::digest::Digest;

use crate::bad_input::{respond, trick};
use crate::support::{Portals, Workspace};

const HOST: &str = "www.xiaohezhen.gov.cn";

/// The small portal's pages; what stands in queries is in GBK, as its pages are.
const PATHS: [&str; 12] = [
    "/busy.html",
    "/guarded.html",
    "/changed.html",
    "/gone.html",
    "/modified.html",
    "/copy-a.html",
    "/copy-b.html",
    "/empty.html",
    "/latin-1.html",
    "/search.html?word=%C7%E0%C9%BC&page=2",
    "/search.html?word=青杉",
    "/栏目/Index.HTML",
];

/// The archive, crawled once for all tests that run at a time.
pub(super) fn crawled() -> Arc<Workspace> {
    static KEPT: Mutex<Weak<Workspace>> = Mutex::new(Weak::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(workspace) = kept.upgrade() {
        return workspace;
    }
    let workspace = Arc::new(crawl());
    *kept = Arc::downgrade(&workspace);
    workspace
}

fn crawl() -> Workspace {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let address = small_portal();
    let to: Vec<String> = portals
        .connect_to
        .iter()
        .cloned()
        .chain([format!("{HOST}:80={address}")])
        .map(|line| format!("{line:?}"))
        .collect();
    // Small files, so that there are many, and payloads whose revisits lie in another.
    let network = format!("connect_to = [{}]\n[archive]\nwarc_size = \"100KiB\"\n", to.join(", "));
    let seeds: Vec<String> = gongkai::demo::portals()
        .iter()
        .map(gongkai::demo::Portal::seed_url)
        .chain([format!("http://{HOST}/")])
        .collect();
    let workspace = Workspace::with(&network, &seeds.join("\n"));
    workspace.result(&["crawl"]);
    // Everything is asked for again.
    workspace.database().execute("UPDATE urls SET due_at = 0 WHERE due_at > 0", []).unwrap();
    workspace.result(&["crawl"]);
    workspace
}

/// Serves the small portal to the end of the tests.
fn small_portal() -> std::net::SocketAddr {
    let visits: Mutex<HashMap<String, u32>> = Mutex::new(HashMap::new());
    trick(move |stream, request| {
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let visit = {
            let mut visits = visits.lock().unwrap();
            let visit = visits.entry(path.clone()).or_default();
            *visit += 1;
            *visit
        };
        let was_had = request.to_ascii_lowercase().contains("if-modified-since:");
        let (status, fields, page) = answer(&path, visit, was_had);
        let (page, _, _) = GBK.encode(&page);
        // A byte that is no UTF-8 may stand in a head, and others read it as Latin-1.
        let mime: &[u8] = if path == "/latin-1.html" { b"text/\xbc" } else { b"text/html" };
        let rest = format!("; charset=gbk\r\nContent-Length: {}{fields}", page.len());
        let head = [status.as_bytes(), b"\r\nContent-Type: ", mime, rest.as_bytes()].concat();
        respond(stream, head, &page);
    })
}

/// Status, further fields and page.
fn answer(path: &str, visit: u32, was_had: bool) -> (&'static str, &'static str, String) {
    let page = |text: &str| format!("<title>小河镇</title><p>小河镇便民服务：{text}</p>");
    let links = PATHS.map(|path| format!("<a href=\"{path}\">公开</a>")).concat();
    match (path, visit) {
        ("/robots.txt", _) => ("404 None", "", String::new()),
        ("/", _) => ("200 OK", "", page(&links)),
        ("/busy.html", 2) => ("503 Busy", "\r\nRetry-After: 1", page("请稍后再试")),
        ("/guarded.html", 2) => ("412 No", "", page("<script>document.cookie = 1</script>")),
        ("/gone.html", 2..) => ("404 None", "", page("页面不存在")),
        ("/changed.html", _) => ("200 OK", "", page(&format!("第{visit}版"))),
        ("/modified.html", _) if was_had => ("304 Same", "", String::new()),
        ("/modified.html", _) => {
            ("200 OK", "\r\nLast-Modified: Wed, 17 Jan 2024 08:00:00 GMT", page(path))
        }
        ("/copy-a.html" | "/copy-b.html", _) => ("200 OK", "", page("两处相同")),
        ("/empty.html", _) => ("200 OK", "", String::new()),
        _ => ("200 OK", "", page(path)),
    }
}

/// A capture as the index has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) url: String,
    pub(super) at: Moment,
    pub(super) kind: String,
    pub(super) status: Option<u16>,
    pub(super) payload: Option<String>,
    pub(super) file: String,
    pub(super) offset: u64,
    pub(super) length: u64,
}

impl Row {
    /// Its time as replays write it.
    pub(super) fn time(&self) -> String {
        self.at.to_string().chars().filter(char::is_ascii_digit).take(14).collect()
    }

    /// Whether a replay must show a page for it: with status 200, or the answer that it is unchanged.
    pub(super) fn is_page(&self) -> bool {
        self.is_replayed() && matches!(self.status, Some(200 | 304))
    }

    /// Whether it is a record that replays know.
    pub(super) fn is_replayed(&self) -> bool {
        matches!(self.kind.as_str(), "response" | "revisit")
    }
}

/// Every capture, in the order of the files' bytes.
pub(super) fn rows(workspace: &Workspace) -> Vec<Row> {
    let database = workspace.database();
    let mut statement = database
        .prepare(
            "SELECT coalesce(u.spelling, u.url), c.at, c.kind, c.status, p.digest, s.name, c.offset, c.length
             FROM captures c JOIN urls u ON u.id = c.url_id JOIN segments s ON s.id = c.segment_id
             LEFT JOIN payloads p ON p.id = c.payload_id ORDER BY s.name, c.offset",
        )
        .unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        let payload: Option<[u8; 32]> = row.get(4)?;
        Ok(Row {
            url: row.get(0)?,
            at: Moment::from_millis(row.get(1)?),
            kind: row.get(2)?,
            status: row.get(3)?,
            payload: payload.map(|bytes| Digest::from_bytes(bytes).to_string()),
            file: row.get(5)?,
            offset: row.get::<_, i64>(6)?.unsigned_abs(),
            length: row.get::<_, i64>(7)?.unsigned_abs(),
        })
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

/// The captures that must replay as pages; that there are all kinds of them is seen to.
pub(super) fn pages(workspace: &Workspace) -> Vec<Row> {
    let pages: Vec<Row> = rows(workspace).into_iter().filter(Row::is_page).collect();
    let count = |is: &dyn Fn(&Row) -> bool| pages.iter().filter(|row| is(row)).count();
    let originals = count(&|row| row.kind == "response");
    let unchanged = count(&|row| row.status == Some(304));
    let identical = count(&|row| row.kind == "revisit" && row.status == Some(200));
    let of_gbk = count(&|row| row.url.contains("yunlingxian") || row.url.contains("%C7%E0"));
    assert!(originals > 150 && unchanged > 30 && identical > 100 && of_gbk > 80);
    pages
}

/// The WARC files of an archive or an export.
pub(super) fn warc_files(dir: &std::path::Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(".warc.gz"))
        .collect();
    files.sort();
    files
}
