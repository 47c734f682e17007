//! Made-up portals on loopback, served from a process of their own so that their work is not counted, and
//! a crawl of them.

use std::convert::Infallible;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};

use bytes::Bytes;
use gongkai::db::Db;
use gongkai::demo;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::child::{Taken, run};
use super::{Outcome, say};

/// Links on each page.
const LINKS: u32 = 60;

/// Of so many pages one is a report, where there are reports.
const REPORT_EVERY: u32 = 10;

/// The word by which a benchmark asks itself to be the server.
const SERVE: &str = "--serve";

/// Portals that are all alike.
#[derive(Clone, Copy)]
pub(crate) struct Site {
    /// How many portals.
    pub(crate) hosts: u16,
    /// The pages of each, beside its index page.
    pub(crate) pages: u32,
    /// The bytes of a page, or a few more.
    pub(crate) bytes: usize,
    /// Whether there are reports among the pages.
    pub(crate) reports: bool,
}

impl Site {
    /// The site that this process is asked to serve.
    pub(crate) fn asked_for() -> Outcome<Option<Self>> {
        let mut args = std::env::args().skip(1);
        // Anything else is what `cargo bench` passes on.
        if args.next().as_deref() != Some(SERVE) {
            return Ok(None);
        }
        let mut next = || args.next().ok_or("what to serve is not said");
        Ok(Some(Self {
            hosts: next()?.parse()?,
            pages: next()?.parse()?,
            bytes: next()?.parse()?,
            reports: next()?.parse()?,
        }))
    }

    /// All pages.
    pub(crate) fn count(&self) -> u32 {
        u32::from(self.hosts) * (self.pages + 1)
    }

    /// Where each portal begins.
    pub(crate) fn urls(&self, port: &str) -> Vec<String> {
        (0..self.hosts).map(|host| format!("http://{}:{port}/", address(host))).collect()
    }

    /// Does something with the port of a process that serves this site meanwhile.
    pub(crate) fn served<T>(&self, work: impl FnOnce(&str) -> Outcome<T>) -> Outcome<T> {
        let mut server = Command::new(std::env::current_exe()?)
            .args([SERVE, &self.hosts.to_string(), &self.pages.to_string()])
            .args([self.bytes.to_string(), self.reports.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut port = String::new();
        let output = server.stdout.take().ok_or("the server has no output")?;
        BufReader::new(output).read_line(&mut port)?;
        let result = work(port.trim());
        server.kill()?;
        server.wait()?;
        result
    }

    /// Lays out a folder in which gongkai crawls this site, by these lines of `[politeness]`.
    pub(crate) fn lay_out(&self, dir: &Path, port: &str, politeness: &str) -> Outcome<()> {
        fs::create_dir_all(dir.join("seeds"))?;
        fs::write(dir.join("seeds/hosts.txt"), self.urls(port).join("\n"))?;
        let config = format!(
            "[identity]\ncontact = \"bench@gongkai.example\"\n[politeness]\n{politeness}\
            [scope]\nmax_pages_per_host = 1000000\n[network]\nallow_private = [\"127.0.0.0/8\"]\n"
        );
        fs::write(dir.join("config.toml"), config)?;
        Ok(())
    }

    /// Crawls it, in a folder that is laid out; what that took, and the pages.
    pub(crate) fn crawl(&self, dir: &Path) -> Outcome<(Taken, u32)> {
        let pages = self.count().to_string();
        let taken = run(gongkai(dir).args(["--quiet", "crawl", "--max-pages", &pages]))?;
        let db = Db::open_read_only(&dir.join("archive/gongkai.db"))?;
        let pages = db.status(0)?.runs.first().map_or(0, |run| run.pages);
        Ok((taken, u32::try_from(pages)?))
    }

    /// Serves it, until it is killed: every page is made once, before the first request.
    #[tokio::main(flavor = "current_thread")]
    pub(crate) async fn serve(self) -> Outcome<()> {
        let report = if self.reports { Some(report()?) } else { None };
        let pages: &'static [Bytes] = Vec::leak(
            (0..=self.pages).map(|number| self.page(number, report.as_deref())).collect(),
        );
        let (mut port, mut listening) = (0, Vec::new());
        for host in 0..self.hosts {
            let listener = TcpListener::bind(SocketAddr::from((address(host), port))).await?;
            port = listener.local_addr()?.port();
            listening.push(tokio::spawn(accept(listener, host, pages)));
        }
        say(&port.to_string())?;
        for one in listening {
            one.await?;
        }
        Ok(())
    }

    /// A page in the likeness of an article: a navigation, paragraphs, a foot.
    fn page(self, number: u32, report: Option<&str>) -> Bytes {
        const SENTENCES: [&str; 6] = [
            "会议听取了前一阶段的进展情况，研究了下一步的安排。",
            "工作人员逐项核对清单，明确了完成的时间和责任。",
            "沿线的标志牌已经更换完毕，居民表示满意。",
            "负责人介绍，服务窗口将延长开放的时间。",
            "各单位要把小事办好，把实事办实。",
            "活动现场秩序良好，志愿者准备了热茶。",
        ];
        let mut html = match report.filter(|_| number % REPORT_EVERY == 1) {
            Some(report) => format!("{report}<ul>"),
            None => format!("<html><head><title>第{number}号文章</title></head><body><ul>"),
        };
        for step in 1..=LINKS {
            let target = (number + step * step - 1) % self.pages + 1;
            html.push_str(&format!(
                "<li><a href=\"/p{target}.html\" title=\"第{target}号文章\">第{target}号文章</a></li>\n"
            ));
        }
        html.push_str("</ul><div id=\"zoom\">");
        let mut seed = number;
        while html.len() < self.bytes {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let sentence =
                SENTENCES.iter().cycle().nth(usize::try_from(seed >> 28).unwrap_or_default());
            html.push_str(&format!("<p>{}（{}）</p>\n", sentence.unwrap_or(&""), seed >> 8));
        }
        html.push_str(
            "</div><div>政府网站标识码：9901000001 <a href=\"/\">首页</a></div></body></html>",
        );
        html.into()
    }
}

/// The program under measurement, in that folder.
pub(crate) fn gongkai(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
    command.current_dir(dir);
    command
}

/// Where a portal listens.
pub(crate) fn address(host: u16) -> Ipv4Addr {
    const FIRST: u32 = u32::from_be_bytes([127, 0, 1, 0]);
    Ipv4Addr::from_bits(FIRST + u32::from(host))
}

/// As fast as it can.
pub(crate) const NO_PACE: &str = "delay = \"0s\"\ndelay_factor = 0\nper_host_connections = 8\n";

/// A report of `gongkai demo`, up to its end, without its links: they lead nowhere here.
fn report() -> Outcome<String> {
    let portal = demo::portals().into_iter().next().ok_or("no sample portal")?;
    let expected = portal.expected.first().ok_or("no sample report")?;
    let url = url::Url::parse(&expected.url)?;
    let (page, _) = portal.body(url.path()).ok_or("the sample report has no page")?;
    let page = String::from_utf8(page)?.replace(" href=", " data-href=");
    Ok(page.split("</body>").next().unwrap_or_default().to_owned())
}

async fn accept(listener: TcpListener, host: u16, pages: &'static [Bytes]) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = service_fn(move |request: Request<Incoming>| async move {
            Ok::<_, Infallible>(answer(request.uri().path(), host, pages))
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn answer(path: &str, host: u16, pages: &[Bytes]) -> Response<Full<Bytes>> {
    let number = path.trim_start_matches("/p").trim_end_matches(".html");
    let index = if path == "/" { Some(0) } else { number.parse::<usize>().ok() };
    let Some(page) = index.and_then(|index| pages.get(index)) else {
        let mut missing = Response::new(Full::new(Bytes::from_static(b"none")));
        *missing.status_mut() = hyper::StatusCode::NOT_FOUND;
        return missing;
    };
    // Each host says its own number, so that no two pages are the same.
    let head = format!("<!-- {} {path} -->", address(host));
    let mut response = Response::new(Full::new([head.as_bytes(), page].concat().into()));
    let html = hyper::header::HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, html);
    response
}
