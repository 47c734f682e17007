//! Portals in a process of their own, a workspace on disk, and the binary run in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use gongkai::archive::read::Records;
use gongkai::demo::{Logged, RequestLog, portals};
use rusqlite::Connection;
use tempfile::TempDir;

/// Nothing that is waited for takes longer, on any machine.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_mins(2);

pub(crate) fn gongkai() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
    command.stdin(Stdio::null());
    command
}

/// The sample portals, served by another process.
pub(crate) struct Portals {
    server: Child,
    pub(crate) connect_to: Vec<String>,
    log: PathBuf,
}

impl Portals {
    pub(crate) fn serve(log: &Path) -> Self {
        let mut server = gongkai()
            .args(["demo", "--serve", "127.0.0.1:0", "--request-log"])
            .arg(log)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let connect_to: Vec<String> = lines.take(portals().len()).map(Result::unwrap).collect();
        Self { server, connect_to, log: log.to_owned() }
    }

    pub(crate) fn log(&self) -> Vec<Logged> {
        RequestLog::read(&self.log).unwrap()
    }

    /// Waits until the portals have answered so many requests in all.
    pub(crate) fn wait_for_requests(&self, count: usize) {
        wait_until(|| self.log().len() >= count);
    }
}

impl Drop for Portals {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

/// Looks until it is so.
pub(crate) fn wait_until(is_so: impl FnMut() -> bool) {
    assert!(comes_true(is_so), "waited for {LONGEST_WAIT:?} in vain");
}

/// Looks until it is so; whether it came to be so within [`LONGEST_WAIT`].
pub(crate) fn comes_true(mut is_so: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    while !is_so() {
        if started.elapsed() >= LONGEST_WAIT {
            return false;
        }
        // Another process is watched, by what it writes: nothing of it can be waited on, and looking without
        // a pause takes the processor from it.
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

/// A folder with a configuration and seeds.
pub(crate) struct Workspace {
    dir: TempDir,
}

impl Workspace {
    /// With the sample portals as its seeds; `more` is added to the configuration's end.
    pub(crate) fn new(portals: &Portals, more: &str) -> Self {
        let connect_to: Vec<String> =
            portals.connect_to.iter().map(|line| format!("{line:?}")).collect();
        let network = format!("connect_to = [{}]\n{more}", connect_to.join(", "));
        let urls: Vec<String> =
            gongkai::demo::portals().iter().map(gongkai::demo::Portal::seed_url).collect();
        Self::with(&network, &urls.join("\n"))
    }

    /// With these lines under `[network]`, and this list of seeds.
    pub(crate) fn with(network: &str, seeds: &str) -> Self {
        let config = format!(
            "[identity]\ncontact = \"test@gongkai.example\"\n\
             [politeness]\ndelay = \"{}ms\"\ndelay_factor = 1\n\
             [fetch]\nmax_body = \"2MiB\"\nconnect_timeout = \"2s\"\ntimeout = \"3s\"\nread_timeout = \"2s\"\n\
             [network]\nallow_private = [\"127.0.0.0/8\"]\n{network}",
            DELAY.as_millis()
        );
        Self::configured(&config, seeds)
    }

    /// With this configuration, and this list of seeds.
    pub(crate) fn configured(config: &str, seeds: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("config.toml"), config).unwrap();
        fs::create_dir(dir.path().join("seeds")).unwrap();
        fs::write(dir.path().join("seeds/portals.txt"), seeds).unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A copy of it as it is now, archive and all.
    pub(crate) fn copy(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy_dir(self.path(), dir.path());
        Self { dir }
    }

    /// The objects that a command prints, one a line, whatever its exit code; and that code.
    pub(crate) fn json_lines(&self, arguments: &[&str]) -> (Vec<serde_json::Value>, Option<i32>) {
        let output = self.run(arguments);
        let lines = String::from_utf8(output.stdout).unwrap();
        let objects = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (objects, output.status.code())
    }

    /// The binary, to be run here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = gongkai();
        command.current_dir(self.path()).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must succeed; its standard output.
    pub(crate) fn result(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn database(&self) -> Connection {
        Connection::open(self.path().join("archive/gongkai.db")).unwrap()
    }

    /// Every URL of the frontier with its state and the payload of its last visit.
    pub(crate) fn frontier(&self) -> BTreeMap<String, (u8, Option<Vec<u8>>)> {
        let database = self.database();
        let mut statement = database
            .prepare("SELECT u.url, u.state, p.digest FROM urls u LEFT JOIN payloads p ON p.id = u.payload_id")
            .unwrap();
        let rows =
            statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    pub(crate) fn warc_files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(self.path().join("archive/warc"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files
    }

    /// Every capture's record lies where its row says, every payload hashes to its address, and the
    /// files hold no record of an exchange that no row speaks of.
    pub(crate) fn assert_whole(&self) {
        let database = self.database();
        let mut rows = BTreeMap::new();
        let mut statement = database
            .prepare(
                "SELECT s.name, c.offset, c.length, c.kind, p.digest FROM captures c
                 JOIN segments s ON s.id = c.segment_id LEFT JOIN payloads p ON p.id = c.payload_id",
            )
            .unwrap();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let place: (String, u64) =
                (row.get(0).unwrap(), row.get::<_, i64>(1).unwrap().unsigned_abs());
            let length = row.get::<_, i64>(2).unwrap().unsigned_abs();
            let what: (String, Option<[u8; 32]>) = (row.get(3).unwrap(), row.get(4).unwrap());
            assert!(rows.insert(place, (length, what)).is_none());
        }
        for file in self.warc_files() {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(name.ends_with(".warc.gz"), "{name} was left open");
            for record in Records::open(&file).unwrap() {
                let found = record.unwrap();
                let kind = found.record.kind().to_owned();
                let row = rows.remove(&(name.clone(), found.offset));
                match (kind.as_str(), row) {
                    ("response", Some((length, (_, Some(digest))))) => {
                        assert_eq!(length, found.length);
                        assert_eq!(
                            gongkai::digest::Digest::of(found.record.payload()).as_bytes(),
                            &digest
                        );
                    }
                    ("revisit", Some((_, (kind, Some(_))))) => assert_eq!(kind, "revisit"),
                    ("metadata", Some((_, (kind, None)))) => {
                        assert!(matches!(kind.as_str(), "failure" | "apart"), "{kind}");
                    }
                    ("metadata" | "request" | "warcinfo", None) => {}
                    (kind, row) => panic!(
                        "{name} at {}: a {kind} record, and the index says {row:?}",
                        found.offset
                    ),
                }
            }
        }
        assert!(rows.is_empty(), "rows without bytes: {rows:?}");
    }
}

fn copy_dir(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// The delay that the workspace's configuration asks for.
pub(crate) const DELAY: Duration = Duration::from_millis(40);

/// No two requests to a host stand closer together than its delay.
pub(crate) fn assert_polite(log: &[Logged]) {
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    let mut requests: Vec<&Logged> = log.iter().collect();
    requests.sort_by_key(|one| one.at_ms);
    let delay = i64::try_from(DELAY.as_millis()).unwrap();
    for one in requests {
        if let Some(before) = last.insert(one.host.as_str(), one.at_ms) {
            // Both clocks cut off what is less than a millisecond.
            let gap = one.at_ms - before + 1;
            assert!(gap >= delay, "{} {}: {gap} ms after the last request", one.host, one.path);
        }
    }
}
