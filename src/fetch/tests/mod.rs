//! The fetcher against servers on loopback that say whatever a test makes them say.

mod http2;
mod limits;
mod names;
mod reuse;
mod secure;
#[path = "../../../tests/support_dns.rs"]
mod support_dns;
#[path = "../../../tests/support_tls.rs"]
mod support_tls;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use url::Url;

use super::{Fetcher, Place, Trust, Validators};
use crate::clock::Moment;
use crate::config::Config;
use crate::exchange::{Ending, Exchange, Failure, Response};
use crate::politeness::pace;

fn config() -> Config {
    let mut config = Config::default();
    config.network.allow_private = vec!["127.0.0.0/8".parse().unwrap()];
    // The system may give a server one of these, which are other services'.
    config.network.allow_ports = vec![50_000, 50_070, 50_075, 54_321, 61_616];
    config
}

fn fetcher(config: &Config) -> Fetcher {
    Fetcher::new(config, "test@gongkai.example").unwrap()
}

async fn fetch(fetcher: &Fetcher, url: &str, address: SocketAddr) -> Exchange {
    fetch_as(fetcher, url, address, Trust::Verified).await
}

async fn fetch_as(fetcher: &Fetcher, url: &str, address: SocketAddr, trust: Trust) -> Exchange {
    fetch_with_place(fetcher, url, address, trust).await.0
}

async fn fetch_with_place(
    fetcher: &Fetcher,
    url: &str,
    address: SocketAddr,
    trust: Trust,
) -> (Exchange, Place) {
    let idle = pace::Pace { next_at: Moment::default(), delay: Duration::ZERO };
    let permit = pace::admit(idle, idle, Moment::default()).unwrap();
    let url = Url::parse(url).unwrap();
    fetcher.fetch(permit, url, address, &Validators::default(), trust).await
}

fn failure(exchange: Exchange) -> Failure {
    match exchange.ending {
        Ending::Failed(failure) => failure,
        Ending::Answered(response) => panic!("answered {}", response.status),
    }
}

fn response(exchange: Exchange) -> Response {
    match exchange.ending {
        Ending::Answered(response) => response,
        Ending::Failed(failure) => panic!("{failure:?}"),
    }
}

/// A server at `host` (an address of loopback); each connection is given to `serve`, and told of by its
/// request's head.
struct Server {
    address: SocketAddr,
    heads: Receiver<String>,
}

impl Server {
    fn start(
        host: &str,
        serve: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((host, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (told, heads) = mpsc::channel();
        let serve = std::sync::Arc::new(serve);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (told, serve) = (told.clone(), std::sync::Arc::clone(&serve));
                std::thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    while let Some(head) = head(&mut stream) {
                        if told.send(head).is_err() || serve(&mut stream).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, heads }
    }

    /// One that says the same to everyone.
    fn saying(host: &str, answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(host, move |stream| stream.write_all(&answer))
    }

    fn url(&self) -> String {
        format!("http://www.qingshan.gov.cn:{}/", self.address.port())
    }
}

/// The head of a request; none when there is no other.
fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.extend_from_slice(&byte),
            _ => return None,
        }
    }
    String::from_utf8(head).ok()
}
