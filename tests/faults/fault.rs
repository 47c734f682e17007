//! What a fault is: a name, what its host does, and what must be recorded of it.

use std::io;

use super::server::Client;

/// What a host does instead of what it should.
pub(super) type Play = Box<dyn Fn(&mut Client) -> io::Result<()> + Send + Sync>;

/// What of a host is at fault; all else of it is in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// Its name does not lead to it.
    Name,
    /// Nobody listens at its address.
    Nobody,
    /// Its connections, before anything is asked.
    Connection,
    /// Its robots.txt.
    Robots,
    /// Its front page.
    Page,
    /// Its pages, whatever they are called.
    Pages,
}

/// One fault.
pub(super) struct Fault {
    /// In words, of letters and blanks.
    pub(super) name: &'static str,
    pub(super) at: At,
    pub(super) is_tls: bool,
    play: Play,
    /// Of the front page, its state and the reason's word; where the fault lies before it, its state, what the
    /// robots.txt makes of its host, and why.
    pub(super) standing: &'static str,
    /// The latest capture: its kind (a revisit is a response too), status, truncation, and the word of a failure or of what is no page.
    pub(super) capture: &'static str,
    /// Why the host rests, in one word; empty where it does not.
    pub(super) rest: &'static str,
}

impl Fault {
    fn new(at: At, name: &'static str, play: Play, expected: [&'static str; 3]) -> Self {
        let [standing, capture, rest] = expected;
        Self { name, at, is_tls: false, play, standing, capture, rest }
    }

    /// Its host.
    pub(super) fn host(&self) -> String {
        format!("{}.yunling.gov.cn", self.name.replace(' ', "-"))
    }

    /// Its front page.
    pub(super) fn url(&self) -> String {
        format!("{}://{}/", if self.is_tls { "https" } else { "http" }, self.host())
    }

    /// Whether a page is asked for at all.
    pub(super) fn is_of_pages(&self) -> bool {
        matches!(self.at, At::Page | At::Pages)
    }

    pub(super) fn play(&self, client: &mut Client) -> io::Result<()> {
        (self.play)(client)
    }
}

fn boxed(play: impl Fn(&mut Client) -> io::Result<()> + Send + Sync + 'static) -> Play {
    Box::new(play)
}

/// The name servers do something wrong: what, stands in `dns`.
pub(super) fn name(name: &'static str, expected: [&'static str; 3]) -> Fault {
    Fault::new(At::Name, name, boxed(|_| Ok(())), expected)
}

/// Nobody listens.
pub(super) fn nobody(name: &'static str, expected: [&'static str; 3]) -> Fault {
    Fault::new(At::Nobody, name, boxed(|_| Ok(())), expected)
}

/// Something is wrong with every connection.
pub(super) fn connection(
    name: &'static str,
    play: impl Fn(&mut Client) -> io::Result<()> + Send + Sync + 'static,
    expected: [&'static str; 3],
) -> Fault {
    Fault::new(At::Connection, name, boxed(play), expected)
}

/// Something is wrong with every connection, which is to be a secure one.
pub(super) fn secure(
    name: &'static str,
    play: impl Fn(&mut Client) -> io::Result<()> + Send + Sync + 'static,
    expected: [&'static str; 3],
) -> Fault {
    Fault { is_tls: true, ..connection(name, play, expected) }
}

/// Something is wrong with the robots.txt.
pub(super) fn robots(
    name: &'static str,
    play: impl Fn(&mut Client) -> io::Result<()> + Send + Sync + 'static,
    expected: [&'static str; 3],
) -> Fault {
    Fault::new(At::Robots, name, boxed(play), expected)
}

/// Something is wrong with the front page.
pub(super) fn page(
    name: &'static str,
    play: impl Fn(&mut Client) -> io::Result<()> + Send + Sync + 'static,
    expected: [&'static str; 3],
) -> Fault {
    Fault::new(At::Page, name, boxed(play), expected)
}

/// Something is wrong with all pages.
pub(super) fn pages(
    name: &'static str,
    play: impl Fn(&mut Client) -> io::Result<()> + Send + Sync + 'static,
    expected: [&'static str; 3],
) -> Fault {
    Fault::new(At::Pages, name, boxed(play), expected)
}

/// A host with nothing wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Healthy {
    pub(super) host: &'static str,
    /// Pages beside the front page.
    pub(super) pages: usize,
}

impl Healthy {
    /// What it is asked for, robots.txt first and the front page second.
    pub(super) fn paths(&self) -> Vec<String> {
        let others = (0..self.pages).map(|number| format!("/{number}.html"));
        ["/robots.txt".to_owned(), "/".to_owned()].into_iter().chain(others).collect()
    }

    pub(super) fn front(&self) -> String {
        let link = |path: &String| format!("<li><a href={path}>工作动态</a>");
        let links: String = self.paths().iter().skip(2).map(link).collect();
        format!("<title>青杉市</title><ul>{links}</ul>")
    }
}
