//! An archive to export from, and how exports are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use gongkai::archive::read::{Records, read_record};
use gongkai::digest::Digest;
use serde_json::Value;

use crate::support::{Portals, Workspace};

/// An archive of two visits to the portals, with revisits of both kinds, and of a host that is not there.
pub(crate) struct Archive {
    pub(crate) workspace: Workspace,
    /// When the second visit began, as the archive writes it.
    pub(crate) second: String,
}

impl Archive {
    pub(crate) fn crawled() -> Self {
        let log = tempfile::tempdir().unwrap();
        let portals = Portals::serve(&log.path().join("log"));
        let mut connect_to = portals.connect_to.clone();
        connect_to.push("www.gone.gov.cn:80=127.0.0.1:1".to_owned());
        let mut seeds: Vec<String> =
            gongkai::demo::portals().iter().map(gongkai::demo::Portal::seed_url).collect();
        seeds.push("http://www.gone.gov.cn/".to_owned());
        let workspace =
            Workspace::with(&format!("connect_to = {connect_to:?}\n"), &seeds.join("\n"));
        workspace.result(&["crawl"]);
        let database = workspace.database();
        database.execute("UPDATE urls SET due_at = 0 WHERE due_at IS NOT NULL", []).unwrap();
        let last: i64 =
            database.query_row("SELECT max(at) FROM captures", [], |row| row.get(0)).unwrap();
        drop(database);
        workspace.result(&["crawl", "--max-pages", "90"]);
        // The places do not exist, and have no number.
        let numbered = "UPDATE reports SET division = '990100' WHERE year = 2020";
        workspace.database().execute(numbered, []).unwrap();
        let second = gongkai::clock::Moment::from_millis(last + 1).to_string();
        Self { workspace, second }
    }

    /// A copy of it as it is now, elsewhere.
    pub(crate) fn copy(&self) -> Self {
        Self { workspace: self.workspace.copy(), second: self.second.clone() }
    }

    /// What the snapshot in a folder says.
    pub(crate) fn snapshot(&self, out: &str) -> Value {
        let snapshot = fs::read_to_string(self.path(out).join("snapshot.json")).unwrap();
        serde_json::from_str(&snapshot).unwrap()
    }

    /// Alters the index.
    pub(crate) fn alter(&self, statements: &str) {
        let database = self.workspace.database();
        database.pragma_update(None, "foreign_keys", false).unwrap();
        database.execute_batch(statements).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.workspace.path().join(name)
    }

    pub(crate) fn export(&self, format: &str, out: &str, more: &[&str]) -> Output {
        self.workspace.run(&[&["export", format, "--out", out], more].concat())
    }

    /// An export that must succeed.
    pub(crate) fn exported(&self, format: &str, out: &str, more: &[&str]) -> Value {
        let output = self.export(format, out, &[&["--json"], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What unfinished exports left.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        let entries = fs::read_dir(self.workspace.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with('.')).collect()
    }

    pub(crate) fn numbers(&self, sql: &str) -> BTreeSet<i64> {
        let database = self.workspace.database();
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// The captures whose main records an export of WARC files holds.
    pub(crate) fn captures_in(&self, out: &str) -> BTreeSet<i64> {
        let database = self.workspace.database();
        let mut statement = database.prepare("SELECT id, record_id FROM captures").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get::<_, [u8; 16]>(1)?, row.get(0)?)));
        let ids: BTreeMap<String, i64> = rows
            .unwrap()
            .map(Result::unwrap)
            .map(|(id, row)| (format!("<urn:uuid:{}>", uuid::Uuid::from_bytes(id)), row))
            .collect();
        let records = records(&self.path(out)).into_iter();
        records.filter_map(|(id, _)| ids.get(&id).copied()).collect()
    }
}

pub(crate) fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every file under a folder, by its path.
pub(crate) fn tree(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(
                tree(&path)
                    .into_iter()
                    .map(|(name, bytes)| (Path::new(path.file_name().unwrap()).join(name), bytes)),
            );
        } else {
            found.insert(PathBuf::from(path.file_name().unwrap()), fs::read(&path).unwrap());
        }
    }
    found
}

/// The manifest names every other file, with its hash.
pub(crate) fn assert_manifest(dir: &Path) {
    let mut files = tree(dir);
    let manifest = files.remove(Path::new("manifest-sha256.txt")).unwrap();
    let listed: BTreeMap<PathBuf, String> = String::from_utf8(manifest)
        .unwrap()
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .map(|(hash, name)| (PathBuf::from(name), hash.to_owned()))
        .collect();
    let found: BTreeMap<PathBuf, String> =
        files.into_iter().map(|(name, bytes)| (name, Digest::of(&bytes).hex())).collect();
    assert_eq!(listed, found);
}

/// The identifiers and kinds of all records of an export of WARC files, in their order.
pub(crate) fn records(dir: &Path) -> Vec<(String, String)> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "gz"))
        .collect();
    files.sort();
    let records = files.iter().flat_map(|file| Records::open(file).unwrap());
    records
        .map(|found| found.unwrap().record)
        .map(|record| {
            (record.field("WARC-Record-ID").unwrap().to_owned(), record.kind().to_owned())
        })
        .collect()
}

/// The line leads to its record.
pub(crate) fn assert_line(dir: &Path, line: &str) {
    let fields: Value = serde_json::from_str(&line[line.find('{').unwrap()..]).unwrap();
    let number = |name: &str| fields[name].as_str().unwrap().parse::<u64>().unwrap();
    // The reader looks where an archive has its files.
    let archive = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(dir, archive.path().join("warc")).unwrap();
    let name = fields["filename"].as_str().unwrap();
    let record = read_record(archive.path(), name, number("offset"), number("length")).unwrap();
    assert_eq!(record.field("WARC-Target-URI"), fields["url"].as_str());
    assert_eq!(record.field("WARC-Payload-Digest"), fields["digest"].as_str());
}
