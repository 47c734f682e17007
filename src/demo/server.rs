//! Serves the portals: one listener, the host told by the `Host` field, every hazard played.

use std::collections::{HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming};
use hyper::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH, LAST_MODIFIED,
    LOCATION, RETRY_AFTER,
};
use hyper::http::response::Builder;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::request_log::{Logged, RequestLog};
use super::site::{Body, Portal, Reply, bomb, gzip};
use crate::clock;

/// What a host that asks for peace asks for, in seconds.
const PEACE_SECONDS: &str = "1";

/// When all pages were changed last.
const CHANGED: &str = "Wed, 17 Jan 2024 08:00:00 GMT";

struct Served {
    portals: HashMap<&'static str, Portal>,
    log: Option<RequestLog>,
    asked: Mutex<HashSet<String>>,
    bomb: std::sync::OnceLock<Bytes>,
}

/// Listens for the portals, each at an address of its own, counted up from this one: portals are asked by
/// address as they are by name. Where the system has no such addresses, all share the first.
///
/// # Errors
/// When the first cannot be listened at.
pub async fn listen(first: SocketAddr, portals: &[Portal]) -> io::Result<Vec<TcpListener>> {
    let mut listeners = vec![TcpListener::bind(first).await?];
    let mut address = first.ip();
    for _ in portals.iter().skip(1) {
        let IpAddr::V4(before) = address else {
            break;
        };
        address = Ipv4Addr::from_bits(before.to_bits().saturating_add(1)).into();
        match TcpListener::bind((address, first.port())).await {
            Ok(listener) => listeners.push(listener),
            Err(error) => {
                tracing::debug!(%address, %error, "a portal shares the address of another");
                break;
            }
        }
    }
    Ok(listeners)
}

/// Where each portal is, by the listeners of [`listen`].
///
/// # Errors
/// When a listener cannot say.
pub fn places(listeners: &[TcpListener], portals: &[Portal]) -> io::Result<Vec<SocketAddr>> {
    let at = |index: usize| listeners.get(index).or(listeners.first()).map(TcpListener::local_addr);
    portals.iter().enumerate().filter_map(|(index, _)| at(index)).collect()
}

/// Serves the portals until `shutdown`.
///
/// # Errors
/// When a listener fails.
pub async fn serve(
    listeners: Vec<TcpListener>,
    portals: Vec<Portal>,
    log: Option<RequestLog>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let served = Arc::new(Served {
        portals: portals.into_iter().map(|portal| (portal.host, portal)).collect(),
        log,
        asked: Mutex::new(HashSet::new()),
        bomb: std::sync::OnceLock::new(),
    });
    let mut accepting = tokio::task::JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(listener, Arc::clone(&served)));
    }
    tokio::select! {
        ended = accepting.join_next() => match ended {
            Some(Ok(ended)) => ended,
            Some(Err(broken)) => Err(io::Error::other(broken)),
            None => Ok(()),
        },
        () = shutdown => Ok(()),
    }
}

async fn accept(listener: TcpListener, served: Arc<Served>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(connected(stream, Arc::clone(&served)));
    }
}

async fn connected(stream: TcpStream, served: Arc<Served>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&served)));
    let ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection ended early");
    }
}

async fn answer(
    request: Request<Incoming>,
    served: Arc<Served>,
) -> Result<Response<Sending>, Infallible> {
    let at_ms = clock::now().as_millis();
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).to_owned();
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let if_none_match = text(IF_NONE_MATCH).map(str::to_owned);
    let mut logged = Logged { at_ms, host, path, status: 0, done_ms: 0, if_none_match };
    let mut response = match served.reply(&logged.host, &logged.path) {
        None => plain(404, "404"),
        Some(reply) => play(reply, &logged, &served).await,
    };
    logged.status = response.status().as_u16();
    response.body_mut().watch = Some((served, logged));
    Ok(response)
}

impl Served {
    fn reply(&self, host: &str, path: &str) -> Option<Reply> {
        let portal = self.portals.get(host)?;
        portal.replies.get(path).cloned().or_else(|| {
            let html = super::city::endless(path)?;
            Some(Reply::Page(portal.encode(&html)))
        })
    }

    fn is_first(&self, logged: &Logged) -> bool {
        let key = format!("{}{}", logged.host, logged.path);
        self.asked.lock().is_ok_and(|mut asked| asked.insert(key))
    }
}

async fn play(reply: Reply, logged: &Logged, served: &Served) -> Response<Sending> {
    match reply {
        Reply::Slow(body, wait) => {
            tokio::time::sleep(wait).await;
            page(body, logged)
        }
        Reply::AskedForPeace(_) if served.is_first(logged) => {
            let builder = Response::builder().status(429).header(RETRY_AFTER, PEACE_SECONDS);
            finish(builder, Sending::whole(Bytes::from_static(b"later")))
        }
        Reply::Page(body) | Reply::AskedForPeace(body) => page(body, logged),
        Reply::Half(body) => {
            let length = body.bytes.len();
            let half = Bytes::from(body.bytes).slice(..length / 2);
            let builder = Response::builder()
                .header(CONTENT_TYPE, body.content_type)
                .header(CONTENT_LENGTH, length);
            finish(
                builder,
                Sending { parts: [half].into(), breaks_off: true, flushed: false, watch: None },
            )
        }
        Reply::Redirect(status, target) => {
            let builder = Response::builder().status(status).header(LOCATION, target);
            finish(builder, Sending::whole(Bytes::new()))
        }
        Reply::Status(status) => plain(status, "error"),
        Reply::Bomb => {
            let bytes = served.bomb.get_or_init(|| bomb().into()).clone();
            let builder = Response::builder()
                .header(CONTENT_TYPE, "text/html")
                .header(CONTENT_ENCODING, "gzip");
            finish(builder, Sending::whole(bytes))
        }
    }
}

fn page(body: Body, logged: &Logged) -> Response<Sending> {
    let mut builder = Response::builder().header(CONTENT_TYPE, body.content_type);
    if let Some(etag) = &body.etag {
        builder = builder.header(ETAG, etag).header(LAST_MODIFIED, CHANGED);
        if logged.if_none_match.as_ref() == Some(etag) {
            return finish(builder.status(304), Sending::whole(Bytes::new()));
        }
    }
    if body.gzip {
        builder = builder.header(CONTENT_ENCODING, "gzip");
        return finish(builder, Sending::whole(gzip(&body.bytes).into()));
    }
    finish(builder, Sending::whole(body.bytes.into()))
}

fn plain(status: u16, text: &'static str) -> Response<Sending> {
    let builder = Response::builder().status(status).header(CONTENT_TYPE, "text/html");
    finish(builder, Sending::whole(Bytes::from_static(text.as_bytes())))
}

/// A response whose parts are constants of these portals; one that is none is empty.
fn finish(builder: Builder, body: Sending) -> Response<Sending> {
    builder.body(body).unwrap_or_else(|error| {
        tracing::error!(%error, "a sample page has a field that cannot be sent");
        Response::new(Sending::whole(Bytes::new()))
    })
}

/// A body on its way; when it is gone, the request is logged.
struct Sending {
    parts: VecDeque<Bytes>,
    breaks_off: bool,
    /// What was sent has had its chance to leave.
    flushed: bool,
    watch: Option<(Arc<Served>, Logged)>,
}

impl Sending {
    fn whole(bytes: Bytes) -> Self {
        Self { parts: [bytes].into(), breaks_off: false, flushed: false, watch: None }
    }
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.breaks_off && self.parts.is_empty() && !std::mem::replace(&mut self.flushed, true) {
            // The connection sends what it holds before it asks again.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(match self.parts.pop_front() {
            Some(part) if part.is_empty() => None,
            Some(part) => Some(Ok(Frame::data(part))),
            None if self.breaks_off => Some(Err(io::Error::other("as it happens"))),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        !self.breaks_off && self.parts.iter().all(Bytes::is_empty)
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        if self.breaks_off {
            return hyper::body::SizeHint::default();
        }
        hyper::body::SizeHint::with_exact(self.parts.iter().map(|part| part.len() as u64).sum())
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if let Some((served, mut logged)) = self.watch.take()
            && let Some(log) = &served.log
        {
            logged.done_ms = clock::now().as_millis();
            log.add(&logged);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{RequestLog, portals};
    use super::*;
    use std::path::Path;

    /// Asks a portal on loopback; the answer's status, fields and body.
    async fn ask(
        address: std::net::SocketAddr,
        host: &str,
        path: &str,
        etag: Option<&str>,
    ) -> reqwest::Response {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let mut request = client.get(format!("http://{address}{path}")).header("host", host);
        if let Some(etag) = etag {
            request = request.header("if-none-match", etag);
        }
        request.send().await.unwrap()
    }

    async fn with_portals<F: Future<Output = ()>>(
        log: &Path,
        check: impl FnOnce(std::net::SocketAddr) -> F,
    ) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = RequestLog::create(log).unwrap();
        serve(vec![listener], portals(), Some(log), check(address)).await.unwrap();
    }

    #[tokio::test]
    async fn a_page_with_a_validator_is_not_sent_twice_and_each_request_is_logged() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        with_portals(&path, |address| async move {
            let host = "tjj.baishuizhou.gov.cn";
            let first = ask(address, host, "/index.html", None).await;
            let etag = first.headers()["etag"].to_str().unwrap().to_owned();
            first.bytes().await.unwrap();
            assert_eq!(ask(address, host, "/index.html", Some(&etag)).await.status(), 304);
            assert_eq!(ask(address, "nowhere.gov.cn", "/", None).await.status(), 404);
        })
        .await;
        let statuses: Vec<_> =
            RequestLog::read(&path).unwrap().iter().map(|one| one.status).collect();
        assert_eq!(statuses, [200, 304, 404]);
    }

    #[tokio::test]
    async fn a_host_asks_for_peace_once() {
        let dir = tempfile::tempdir().unwrap();
        with_portals(&dir.path().join("log"), |address| async move {
            let host = "tjj.baishuizhou.gov.cn";
            let mut statuses = Vec::new();
            for _ in 0..2 {
                statuses.push(ask(address, host, "/xxgk/busy.html", None).await.status().as_u16());
            }
            assert_eq!(statuses, [429, 200]);
        })
        .await;
    }
}
