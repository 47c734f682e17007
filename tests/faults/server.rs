//! The fault server: hosts on loopback, each at an address of its own, each with one fault.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use gongkai::clock;
use gongkai::demo::Logged;

use super::fault::{At, Fault, Healthy};

/// One who asks.
pub(super) struct Client {
    pub(super) stream: TcpStream,
    /// What it asked for last; empty before it asked.
    pub(super) path: String,
}

impl Client {
    pub(super) fn say(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// A response with its length.
    pub(super) fn answer(&mut self, head: &str, body: impl AsRef<[u8]>) -> io::Result<()> {
        let body = body.as_ref();
        let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len());
        self.say([head.as_bytes(), body].concat())
    }

    /// A page like any other.
    pub(super) fn ordinary(&mut self) -> io::Result<()> {
        let path = self.path.clone();
        self.answer("200 OK\r\nContent-Type: text/html", ordinary_page(&path))
    }

    /// Says the same until nobody listens.
    pub(super) fn say_for_ever(&mut self, bytes: &[u8]) -> io::Result<()> {
        let many = bytes.repeat((1 << 16) / bytes.len().max(1) + 1);
        loop {
            self.say(&many)?;
        }
    }

    /// Says a little, again and again, until nobody listens.
    pub(super) fn drip(&mut self, bytes: &[u8], every: Duration) -> io::Result<()> {
        loop {
            self.say(bytes)?;
            if self.is_gone_within(every)? {
                return Ok(());
            }
        }
    }

    /// Says nothing until the client has gone.
    pub(super) fn wait_until_gone(&mut self) -> io::Result<()> {
        self.stream.set_read_timeout(None)?;
        while self.stream.read(&mut [0; 4096])? > 0 {}
        Ok(())
    }

    /// Whether the client has closed its end by now.
    pub(super) fn is_gone(&mut self) -> io::Result<bool> {
        self.is_gone_within(Duration::from_millis(1))
    }

    fn is_gone_within(&mut self, time: Duration) -> io::Result<bool> {
        self.stream.set_read_timeout(Some(time))?;
        match self.stream.read(&mut [0; 4096]) {
            Ok(read) => Ok(read == 0),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Ends the connection in order: what was said arrives.
    pub(super) fn hang_up(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        self.wait_until_gone()
    }

    /// Reads a request; its head, or none where there is no other.
    fn request(&mut self) -> Option<String> {
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            match self.stream.read(&mut byte) {
                Ok(1) => head.extend_from_slice(&byte),
                // Whoever has gone asks no more.
                _ => return None,
            }
        }
        let head = String::from_utf8(head).unwrap();
        head.split(' ').nth(1).unwrap_or_default().clone_into(&mut self.path);
        Some(head)
    }
}

/// What an ordinary page says.
pub(super) fn ordinary_page(path: &str) -> String {
    format!("<title>动态</title><p>{path}")
}

/// What every host was asked: the log, and the heads of the requests.
#[derive(Clone, Default)]
pub(super) struct Asked(Arc<Mutex<Vec<(Logged, String)>>>);

impl Asked {
    fn note(&self, host: &str, path: &str, head: String) {
        let at_ms = clock::now().as_millis();
        let (host, path) = (host.to_owned(), path.to_owned());
        let logged = Logged { at_ms, host, path, status: 0, done_ms: at_ms, if_none_match: None };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((logged, head));
    }

    pub(super) fn log(&self) -> Vec<Logged> {
        let asked = self.0.lock().unwrap();
        asked.iter().map(|(logged, _)| logged.clone()).collect()
    }

    pub(super) fn heads(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(_, head)| head.clone()).collect()
    }

    /// The paths that a host was asked for, in order.
    pub(super) fn paths(&self, host: &str) -> Vec<String> {
        self.log().into_iter().filter(|one| one.host == host).map(|one| one.path).collect()
    }
}

/// Hosts that are served to the end of the test.
pub(super) struct Hosts {
    pub(super) asked: Asked,
    pub(super) connect_to: Vec<String>,
    pub(super) seeds: Vec<String>,
}

impl Hosts {
    pub(super) fn new() -> Self {
        Self { asked: Asked::default(), connect_to: Vec::new(), seeds: Vec::new() }
    }

    /// An address of loopback that no other of these hosts has, with a port that is free.
    fn listener(&self) -> TcpListener {
        let number = u8::try_from(self.seeds.len() + 1).unwrap();
        TcpListener::bind(SocketAddr::from(([127, 9, 1, number], 0))).unwrap()
    }

    fn add(&mut self, host: &str, is_tls: bool, address: SocketAddr) {
        let (scheme, port) = if is_tls { ("https", 443) } else { ("http", 80) };
        self.connect_to.push(format!("\"{host}:{port}={address}\""));
        self.seeds.push(format!("{scheme}://{host}/\n"));
    }

    /// A host with a fault; what a name server does wrong takes no host.
    pub(super) fn faulty(&mut self, fault: Fault) {
        if fault.at == At::Name {
            self.seeds.push(format!("http://{}/\n", fault.host()));
            return;
        }
        let listener = self.listener();
        self.add(&fault.host(), fault.is_tls, listener.local_addr().unwrap());
        if fault.at == At::Nobody {
            return;
        }
        let (asked, fault) = (self.asked.clone(), Arc::new(fault));
        serve(listener, move |mut client| {
            if fault.at == At::Connection {
                return fault.play(&mut client);
            }
            while let Some(head) = client.request() {
                asked.note(&fault.host(), &client.path, head);
                match (fault.at, client.path.as_str()) {
                    (At::Robots, "/robots.txt") | (At::Page, "/") => fault.play(&mut client)?,
                    (At::Pages, path) if path != "/robots.txt" => fault.play(&mut client)?,
                    (At::Robots, path) if path.starts_with("/robots") => fault.play(&mut client)?,
                    (_, "/robots.txt") => client.answer("404 Not Found", "")?,
                    _ => client.ordinary()?,
                }
            }
            Ok(())
        });
    }

    /// A host with nothing wrong: a front page that leads to its other pages.
    pub(super) fn healthy(&mut self, healthy: Healthy) {
        let listener = self.listener();
        self.add(healthy.host, false, listener.local_addr().unwrap());
        let asked = self.asked.clone();
        serve(listener, move |mut client| {
            while let Some(head) = client.request() {
                asked.note(healthy.host, &client.path, head);
                match client.path.as_str() {
                    "/robots.txt" => client.answer("404 Not Found", "")?,
                    "/" => client.answer("200 OK\r\nContent-Type: text/html", healthy.front())?,
                    _ => client.ordinary()?,
                }
            }
            Ok(())
        });
    }
}

/// Serves each connection by a thread of its own. What a server fails to say is the client's to judge.
fn serve(listener: TcpListener, play: impl Fn(Client) -> io::Result<()> + Send + Sync + 'static) {
    let play = Arc::new(play);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, play) = (stream.unwrap(), Arc::clone(&play));
            thread::spawn(move || play(Client { stream, path: String::new() }));
        }
    });
}
