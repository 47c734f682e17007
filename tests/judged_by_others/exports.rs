//! What `gongkai export` writes, as tools of others read it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::crawled::{crawled, pages, rows, warc_files};
use super::raw::{refusals_are_never_replayed, replays_every_page};
use super::tools::{Replay, objects, said, script, tool};
use crate::support::Workspace;

/// The archive in this format, under this name in a folder of its own.
fn exported(workspace: &Workspace, format: &str, name: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    workspace.result(&["export", format, "--out", path.to_str().unwrap()]);
    (dir, path)
}

/// `sha256sum` finds every file as the manifest says, and the manifest leaves none out.
fn agrees_with_its_manifest(dir: &Path) {
    const MANIFEST: &str = "manifest-sha256.txt";
    said(Command::new("sha256sum").args(["--check", "--strict", MANIFEST]).current_dir(dir));
    let manifest = fs::read_to_string(dir.join(MANIFEST)).unwrap();
    let listed: BTreeSet<PathBuf> =
        manifest.lines().map(|line| dir.join(line.split_at(66).1)).collect();
    let mut there = BTreeSet::new();
    files(dir, &mut there);
    there.remove(&dir.join(MANIFEST));
    assert_eq!(listed, there);
}

fn files(dir: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.insert(path);
        }
    }
}

/// What a CDXJ line says that its record must bear out: SURT, time, then by name what indexers agree on.
type Line = (String, String, BTreeMap<String, String>);

fn cdxj(text: &str) -> Vec<Line> {
    const KEYS: [&str; 6] = ["url", "status", "digest", "length", "offset", "filename"];
    let line = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        let mut next = || parts.next().unwrap_or_else(|| panic!("`{line}`")).to_owned();
        let (surt, time, json) = (next(), next(), next());
        let record: BTreeMap<String, Value> = serde_json::from_str(&json).unwrap();
        let said = |key: &&str| Some(((*key).to_owned(), record.get(*key)?.as_str()?.to_owned()));
        (surt, time, KEYS.iter().filter_map(said).collect())
    };
    text.lines().map(line).collect()
}

#[test]
#[ignore = "needs the tools of others: tests/tools/make.sh gets them, .ci/run runs this"]
fn the_index_of_exported_warc_files_is_that_which_cdxj_indexer_makes() {
    let workspace = crawled();
    let (_dir, out) = exported(&workspace, "warc", "warc");
    let text = fs::read_to_string(out.join("index.cdxj")).unwrap();
    let ours: Vec<&str> = text.lines().collect();
    assert!(ours.is_sorted(), "index.cdxj is not sorted");
    let theirs = said(tool("cdxj-indexer").args(warc_files(&out)));
    let theirs: BTreeSet<&str> = theirs.lines().collect();
    assert!(ours.len() > 300, "{}", ours.len());
    assert!(ours.iter().any(|line| line.contains(r#""mime": "text/\u00bc""#)), "one in Latin-1");
    for (line, other) in ours.iter().zip(&theirs) {
        assert_eq!(line, other);
    }
    assert_eq!(ours.len(), theirs.len());
}

#[test]
#[ignore = "needs the tools of others: tests/tools/make.sh gets them, .ci/run runs this"]
fn exported_warc_files_are_whole_and_warcio_finds_each_record_where_the_index_says() {
    let workspace = crawled();
    let (_dir, out) = exported(&workspace, "warc", "warc");
    agrees_with_its_manifest(&out);
    let files = warc_files(&out);
    said(Command::new("gunzip").arg("-t").args(&files));
    said(tool("warcio").arg("check").args(&files));
    let fields = "filename,offset,length,warc-payload-digest,warc-type";
    let lines = said(tool("warcio").args(["index", "-f", fields]).args(&files));
    let place = |keys: [&str; 4], text: &dyn Fn(&str) -> String| keys.map(text);
    let theirs: BTreeSet<[String; 4]> = objects(&lines)
        .iter()
        .filter(|record| record["warc-type"] == "response" || record["warc-type"] == "revisit")
        .map(|record| {
            place(["filename", "offset", "length", "warc-payload-digest"], &|key| {
                record[key].as_str().unwrap().to_owned()
            })
        })
        .collect();
    let index = fs::read_to_string(out.join("index.cdxj")).unwrap();
    let ours: BTreeSet<[String; 4]> = cdxj(&index)
        .iter()
        .map(|(.., record)| {
            place(["filename", "offset", "length", "digest"], &|key| record[key].clone())
        })
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
#[ignore = "needs the tools of others: tests/tools/make.sh gets them, .ci/run runs this"]
fn pywb_replays_every_page_of_exported_warc_files() {
    let workspace = crawled();
    let (_dir, out) = exported(&workspace, "warc", "warc");
    replays_every_page(&Replay::of(&warc_files(&out), &[]), &pages(&workspace));
}

#[test]
#[ignore = "needs the tools of others: tests/tools/make.sh gets them, .ci/run runs this"]
fn wacz_validates_an_exported_wacz_and_what_it_misses_is_right_too() {
    let workspace = crawled();
    let (_dir, out) = exported(&workspace, "wacz", "reports.wacz");
    let verdict = said(tool("wacz").args(["validate", "-f"]).arg(&out));
    assert!(verdict.contains("Validation succeeded"), "{verdict}");
    let counts: Value = serde_json::from_str(&said(script("wacz_inside.py").arg(&out))).unwrap();
    let replayed = rows(&workspace).into_iter().filter(super::crawled::Row::is_replayed).count();
    assert_eq!(counts["records"], replayed);
    assert!(counts["pages"].as_u64().unwrap() > 40, "{counts}");
}

#[test]
#[ignore = "needs the tools of others: tests/tools/make.sh gets them, .ci/run runs this"]
fn pywb_replays_every_page_of_an_exported_wacz_by_the_index_in_it() {
    let workspace = crawled();
    let (_dir, out) = exported(&workspace, "wacz", "reports.wacz");
    let replay = Replay::of(&[out], &["--unpack-wacz"]);
    replays_every_page(&replay, &pages(&workspace));
    refusals_are_never_replayed(&replay, &rows(&workspace));
}

#[test]
#[ignore = "needs the tools of others: tests/tools/make.sh gets them, .ci/run runs this"]
fn sha256sum_finds_every_exported_file_as_the_manifest_says() {
    let workspace = crawled();
    let (_dir, out) = exported(&workspace, "files", "files");
    agrees_with_its_manifest(&out);
    let manifest = fs::read_to_string(out.join("manifest-sha256.txt")).unwrap();
    for row in pages(&workspace) {
        let payload = row.payload.unwrap();
        assert!(manifest.contains(payload.strip_prefix("sha256:").unwrap()), "{}", row.url);
    }
}

/// Agency, year, table, row, column.
type Cell = [String; 5];

/// Sums in hundredths, since fees are decimals and sums of them are not exact.
type Sums = BTreeMap<Cell, i64>;

#[expect(clippy::cast_possible_truncation, reason = "amounts in a report are far below")]
fn hundredths(value: f64) -> i64 {
    (value * 100.0).round() as i64
}

/// The sums of what `reports --json` states.
fn stated(workspace: &Workspace) -> Sums {
    let mut sums = Sums::new();
    for report in objects(&workspace.result(&["reports", "--json"])) {
        let (agency, year) = (report["agency"].as_str().unwrap(), report["year"].to_string());
        for table in ["proactive", "requests", "reviews"] {
            for (row, cells) in report[table].as_object().into_iter().flatten() {
                for (column, cell) in cells.as_object().into_iter().flatten() {
                    let Some(value) = cell.as_f64() else { continue };
                    let cell = [agency, &year, table, row, column].map(str::to_owned);
                    *sums.entry(cell).or_default() += hundredths(value);
                }
            }
        }
    }
    sums
}

#[test]
#[ignore = "needs the tools of others: tests/tools/make.sh gets them, .ci/run runs this"]
fn duckdb_sums_the_exported_cells_up_to_what_the_reports_say() {
    let workspace = crawled();
    let (_dir, out) = exported(&workspace, "csv", "csv");
    let lines = said(script("sums_of_cells.py").arg(out.join("cells.csv")));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let found: Sums = objects(&lines)
        .iter()
        .map(|line| {
            let cell = ["agency", "year", "table", "row", "column"].map(|key| text(&line[key]));
            (cell, hundredths(line["sum"].as_f64().unwrap()))
        })
        .collect();
    let stated = stated(&workspace);
    assert!(stated.len() > 5_000, "{}", stated.len());
    assert_eq!(found, stated);
    let count = said(script("rows_of.py").arg(out.join("reports.csv")));
    let reports = workspace.result(&["reports", "--json"]).lines().count();
    assert_eq!(count.trim(), reports.to_string());
}
