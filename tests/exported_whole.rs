//! An export is whole or not there: refused, killed, stopped, with damage in the archive, beside a crawl.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::exports::{Archive, assert_line, assert_manifest, error, tree};
use crate::support::{LONGEST_WAIT, Portals, Workspace};

#[test]
fn it_is_whole_or_not_there_whatever_comes() {
    let archive = Archive::crawled();
    refused(&archive);
    named(&archive);
    killed(&archive);
    stopped(&archive);
    assert_eq!(archive.unfinished(), Vec::<String>::new());
}

fn refused(archive: &Archive) {
    fs::write(archive.path("taken"), "mine").unwrap();
    let cases: [(&[&str], i32, &str); 10] = [
        (
            &["warc", "--out", "new", "--since", "2026-02-01", "--until", "2026-01-31"],
            2,
            "--since lies after --until",
        ),
        (&["warc", "--out", "taken"], 2, "taken exists: name another --out, or remove it"),
        (&["wacz", "--out", "no/such/folder/a.wacz"], 2, "in a folder that exists"),
        (
            &["warc", "--out", "new", "--host", "www.nowhere.gov.cn"],
            2,
            "is no host of this archive",
        ),
        (&["warc", "--out", "new", "--host", "http://a.cn/"], 2, "expected a host's name"),
        (&["warc", "--out", "new", "--since", "yesterday"], 2, "expected a date as 2026-01-31"),
        (&["warc", "--out", "new", "--year", "99"], 2, "expected the year reported on"),
        (&["parquet", "--out", "new"], 2, "possible values: warc, wacz, files, csv, jsonl"),
        (&["warc", "--out", "new", "--until", "2001-01-01"], 1, "nothing in the archive matches"),
        (&["csv", "--out", "new", "--year", "1999"], 1, "nothing in the archive matches"),
    ];
    for (arguments, code, message) in cases {
        let output = archive.workspace.run(&[&["export"], arguments].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", error(&output));
        assert!(error(&output).contains(message), "{arguments:?}: {}", error(&output));
        assert!(output.stdout.is_empty());
        assert!(!archive.path("new").exists());
    }
    assert_eq!(fs::read_to_string(archive.path("taken")).unwrap(), "mine");
}

/// A name may end with a slash, and need not be UTF-8.
fn named(archive: &Archive) {
    archive.exported("wacz", "slash.wacz/", &[]);
    assert!(archive.path("slash.wacz").is_file());
    archive.exported("csv", "slash/", &[]);
    assert_manifest(&archive.path("slash"));
    let odd = OsStr::from_bytes(b"odd\xff");
    let mut command = archive.workspace.command(&["export", "csv", "--json", "--out"]);
    let output = command.arg(odd).output().unwrap();
    assert!(output.status.success(), "{}", error(&output));
    let written: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(written["path"], "odd\u{fffd}");
    assert_manifest(&archive.workspace.path().join(odd));
}

fn killed(archive: &Archive) {
    archive.exported("warc", "all", &[]);
    archive.exported("wacz", "all.wacz", &[]);
    let part = archive.path(".killed.part");
    let mut inside = 0;
    for (number, format) in ["warc", "files", "wacz"].into_iter().cycle().take(24).enumerate() {
        let out = "killed";
        let mut export = archive
            .workspace
            .command(&["export", format, "--out", out])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Each a little later in the writing than the one before; the first before anything is written.
        wait_for_bytes(&mut export, &part, 4_000 * number as u64);
        export.kill().unwrap();
        let ended = export.wait().unwrap();
        let path = archive.path(out);
        if part.exists() {
            assert!(!path.exists() && !ended.success());
            inside += usize::from(!tree(&part).is_empty());
        }
        if path.is_dir() {
            assert_manifest(&path);
            fs::remove_dir_all(&path).unwrap();
        } else if path.exists() {
            assert_eq!(fs::read(&path).unwrap(), fs::read(archive.path("all.wacz")).unwrap());
            fs::remove_file(&path).unwrap();
        } else {
            assert!(!ended.success());
        }
    }
    assert!(inside > 0, "no kill fell into the writing");
    // The next one clears what they left.
    archive.exported("warc", "killed", &[]);
    assert_eq!(tree(&archive.path("killed")), tree(&archive.path("all")));
}

/// Waits until so many bytes of an export are written, or it has ended.
fn wait_for_bytes(export: &mut Child, part: &Path, bytes: u64) {
    let began = Instant::now();
    while written(part) < bytes && export.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < LONGEST_WAIT);
        std::thread::yield_now();
    }
}

/// The bytes that lie in a folder or a file; what is gone while it is looked at counts nothing.
fn written(path: &Path) -> u64 {
    let Ok(found) = fs::metadata(path) else {
        return 0;
    };
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| written(&entry.path())).sum(),
        Err(_no_folder) => found.len(),
    }
}

fn stopped(archive: &Archive) {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut codes = Vec::new();
        // It may be done before the signal comes, or not yet listen.
        for attempt in 0..200 {
            let mut export = archive
                .workspace
                .command(&["export", "files", "--out", "stopped"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            wait_for_bytes(&mut export, &archive.path(".stopped.part"), 1 + 500 * attempt);
            let id = export.id().to_string();
            Command::new("kill").args(["-s", signal, &id]).status().unwrap();
            codes.push(export.wait().unwrap().code());
            let path = archive.path("stopped");
            if codes.last() == Some(&Some(code)) {
                assert!(!path.exists() && !archive.path(".stopped.part").exists());
                break;
            }
            if path.exists() {
                fs::remove_dir_all(path).unwrap();
            }
        }
        assert_eq!(codes.last(), Some(&Some(code)), "{codes:?}");
    }
}

#[test]
fn a_damaged_record_is_left_out_and_named_and_so_is_what_needs_it() {
    let archive = Archive::crawled();
    let database = archive.workspace.database();
    let (id, url, segment, offset, length): (i64, String, String, u64, u64) = database
        .query_row(
            "SELECT c.id, u.url, s.name, c.offset, c.length FROM captures c
             JOIN urls u ON u.id = c.url_id JOIN segments s ON s.id = c.segment_id
             WHERE c.kind = 'response' AND c.status = 200 AND EXISTS (SELECT 1 FROM captures r
                 WHERE r.kind = 'revisit' AND r.payload_id = c.payload_id) LIMIT 1",
            [],
            |row| {
                let number = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, number(3)?, number(4)?))
            },
        )
        .unwrap();
    let revisits = archive.numbers(&format!(
        "SELECT r.id FROM captures r JOIN captures c ON c.payload_id = r.payload_id
         WHERE c.id = {id} AND r.kind = 'revisit'"
    ));
    let path = archive.path("archive/warc").join(&segment);
    let whole = fs::read(&path).unwrap();
    let mut bytes = whole.clone();
    bytes[usize::try_from(offset + length / 2).unwrap()] ^= 0xff;
    fs::write(&path, bytes).unwrap();

    let output = archive.export("warc", "out", &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        error(&output).contains(&url) && error(&output).contains(&segment),
        "{}",
        error(&output)
    );
    let written: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(written["written"]["damaged"], 1 + revisits.len());
    let mut expected = archive.numbers("SELECT id FROM captures");
    expected.remove(&id);
    assert_eq!(archive.captures_in("out"), expected.difference(&revisits).copied().collect());
    assert_manifest(&archive.path("out"));
    let snapshot = fs::read_to_string(archive.path("out/snapshot.json")).unwrap();
    assert!(snapshot.contains(&url) && snapshot.contains(&segment));

    let output = archive.export("files", "files", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_manifest(&archive.path("files"));
    let table = fs::read_to_string(archive.path("files/captures.csv")).unwrap();
    let without = table.lines().filter(|line| line.ends_with(",,,")).count();
    assert_eq!(without, 1 + revisits.len());

    // Once it is written off, nothing is wrong any more: what needs it is counted, and that is all.
    fs::write(&path, whole).unwrap();
    database.execute("DELETE FROM captures WHERE id = ?1", [id]).unwrap();
    database.execute("UPDATE payloads SET capture_id = 0 WHERE capture_id = ?1", [id]).unwrap();
    for format in ["warc", "files", "wacz"] {
        let written = archive.exported(format, &format!("{format}-written-off"), &[]);
        assert_eq!(written["written"]["known_lost"], revisits.len(), "{format}");
        assert_eq!(written["written"]["damaged"], 0, "{format}");
    }
}

#[test]
fn a_file_that_is_gone_is_told_once_and_where_nothing_is_left_that_is_said() {
    let archive = Archive::crawled();
    let host = "tjj.baishuizhou.gov.cn";
    let files = archive.workspace.warc_files();
    let file = files.last().unwrap();
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let chosen = archive.numbers(&format!(
        "SELECT c.id FROM captures c JOIN urls u ON u.id = c.url_id JOIN hosts h ON h.id = u.host_id
         WHERE h.name = '{host}'"
    ));
    let gone = archive.numbers(&format!(
        "SELECT c.id FROM captures c JOIN segments s ON s.id = c.segment_id WHERE s.name = '{name}'"
    ));
    fs::remove_file(file).unwrap();
    let output = archive.export("warc", "out", &[]);
    assert_eq!(output.status.code(), Some(1));
    let message = error(&output);
    let said = format!("left out: {} captures: cannot open {name}: No such file", gone.len());
    assert!(message.contains(&said) && message.lines().count() == 1, "{message}");
    assert!(archive.captures_in("out").is_disjoint(&gone));
    assert_eq!(archive.snapshot("out")["left_out"]["damaged"], gone.len());

    for file in &files[..files.len() - 1] {
        fs::remove_file(file).unwrap();
    }
    let output = archive.export("warc", "nothing", &["--host", host]);
    assert_eq!(output.status.code(), Some(1));
    let said = format!("all {} captures that match are damaged: nothing was written", chosen.len());
    let message = error(&output);
    assert!(message.contains(&said) && message.contains("gongkai verify"), "{message}");
    assert_eq!(archive.unfinished(), Vec::<String>::new());
}

#[test]
fn what_a_crawl_writes_meanwhile_is_not_seen() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    let mut crawl = workspace.command(&["-q", "crawl"]).stderr(Stdio::null()).spawn().unwrap();
    for number in 1..=6 {
        portals.wait_for_requests(number * 20);
        let out = format!("out-{number}");
        let output = workspace.run(&["export", "warc", "--out", &out]);
        assert!(output.status.success(), "{}", error(&output));
        assert_manifest(&workspace.path().join(&out));
        let index = fs::read_to_string(workspace.path().join(&out).join("index.cdxj")).unwrap();
        for line in index.lines().step_by(7) {
            assert_line(&workspace.path().join(&out), line);
        }
    }
    assert!(crawl.wait().unwrap().success());
}
