//! The tools of others: where they are, what they say, and pywb serving an archive.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use gongkai::digest::Digest;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::wait_until;

/// The folder of the virtual environment that holds the tools.
const VARIABLE: &str = "GONGKAI_TOOLS";

/// Where they are if nobody says.
const DEFAULT: &str = "target/tools";

/// One of the tools from the package index.
pub(super) fn tool(name: &str) -> Command {
    let dir = std::env::var_os(VARIABLE).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join(DEFAULT),
        |dir| std::path::absolute(dir).unwrap(),
    );
    let path = dir.join("bin").join(name);
    assert!(
        path.exists(),
        "there is no {}: expected the tools of others in {VARIABLE} (or {DEFAULT}); \
         `tests/tools/make.sh DIR` makes that folder",
        path.display()
    );
    let mut command = Command::new(path);
    command.stdin(Stdio::null());
    command
}

/// A script of ours that leans on their libraries.
pub(super) fn script(name: &str) -> Command {
    let mut python = tool("python");
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools").join(name));
    python
}

/// Runs a tool, which must be content; its standard output.
pub(super) fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// One JSON object a line.
pub(super) fn objects(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// pywb, serving a collection of WARC files, or of one WACZ.
pub(super) struct Replay {
    server: Child,
    port: u16,
    client: reqwest::Client,
    runtime: Runtime,
    _collections: TempDir,
}

impl Replay {
    /// Of these files; `options` are those of `wb-manager add`.
    pub(super) fn of(files: &[PathBuf], options: &[&str]) -> Self {
        let collections = tempfile::tempdir().unwrap();
        let dir = collections.path();
        said(tool("wb-manager").args(["init", "C"]).current_dir(dir));
        let files: Vec<PathBuf> =
            files.iter().map(|file| std::path::absolute(file).unwrap()).collect();
        said(tool("wb-manager").args(["add", "C"]).args(options).args(files).current_dir(dir));
        // Nobody else takes the port between its being free and its being taken, but for an accident.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = tool("wayback")
            .args(["-b", "127.0.0.1", "-p", &port.to_string()])
            .current_dir(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut replay = Self {
            server,
            port,
            client: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            _collections: collections,
        };
        replay.wait();
        replay
    }

    fn wait(&mut self) {
        let (server, port) = (&mut self.server, self.port);
        wait_until(|| {
            if let Some(status) = server.try_wait().unwrap() {
                let mut why = String::new();
                server.stderr.take().unwrap().read_to_string(&mut why).unwrap();
                panic!("wayback at port {port} ended with {status}\n{why}");
            }
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        // What it logs later is nobody's business, and must not fill a pipe.
        let mut log = server.stderr.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    }

    /// The status and the payload's digest that it answers with, for the page as it was at this time
    /// (`20260131081530`), not rewritten.
    pub(super) fn page(&self, time: &str, url: &str) -> (u16, String) {
        let url = format!("http://127.0.0.1:{}/C/{time}id_/{url}", self.port);
        self.runtime.block_on(async {
            let answer = self.client.get(url).send().await.unwrap();
            let status = answer.status().as_u16();
            let payload = answer.bytes().await.unwrap();
            (status, Digest::of(&payload).to_string())
        })
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}
