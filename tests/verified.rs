//! Whatever happens to the archive, `verify` finds it.

use std::fs;
use std::path::{Path, PathBuf};

use gongkai::archive::read::{Found, Records};
use serde_json::Value;

use crate::support::{Portals, Workspace};

/// A crawl with responses, revisits and 304s in it, a few files of them.
pub(crate) fn crawled() -> Workspace {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let often = "[archive]\nwarc_size = \"60KiB\"\n[revisit]\nmin = \"1ms\"\nmax = \"1ms\"\n";
    let workspace = Workspace::new(&portals, often);
    workspace.result(&["crawl", "--max-pages", "90"]);
    workspace
}

/// The WARC file with the most responses, and its records.
pub(crate) fn largest(workspace: &Workspace) -> (PathBuf, Vec<Found>) {
    let records = |file: &PathBuf| -> Vec<Found> {
        Records::open(file).unwrap().map(Result::unwrap).collect()
    };
    let responses =
        |file: &PathBuf| records(file).iter().filter(|f| f.record.kind() == "response").count();
    let file = workspace.warc_files().into_iter().max_by_key(responses).unwrap();
    let records = records(&file);
    (file, records)
}

/// Alters the index as no gongkai would.
pub(crate) fn alter(workspace: &Workspace, change: &str) {
    let database = workspace.database();
    database.pragma_update(None, "foreign_keys", false).unwrap();
    assert!(database.execute(change, []).unwrap() > 0, "{change}");
}

/// Flips one bit of a file.
pub(crate) fn flip(file: &Path, at: u64, bit: u8) {
    let mut bytes = fs::read(file).unwrap();
    bytes[usize::try_from(at).unwrap()] ^= 1 << bit;
    fs::write(file, bytes).unwrap();
}

/// The problems that `verify` names; it must exit with 1.
pub(crate) fn problems(workspace: &Workspace) -> Vec<String> {
    let (mut lines, code) = workspace.json_lines(&["verify", "--json"]);
    let summary = lines.pop().unwrap();
    assert_eq!(summary["findings"].as_u64().unwrap(), lines.len() as u64);
    assert_eq!(code, Some(i32::from(!lines.is_empty())));
    let problem = |line: &Value| line["problem"].as_str().unwrap().to_owned();
    lines.iter().map(problem).collect()
}

fn assert_found(workspace: &Workspace, problem: &str, what: &str) {
    let found = problems(workspace);
    assert!(found.iter().any(|found| found == problem), "{what}: {found:?}");
}

#[test]
fn a_whole_archive_passes_and_says_how_much_was_looked_at() {
    let workspace = crawled();
    assert_eq!(workspace.run(&["verify"]).status.code(), Some(0));
    let (lines, _) = workspace.json_lines(&["verify", "--json"]);
    let records: usize = workspace
        .warc_files()
        .iter()
        .map(|file| Records::open(file).unwrap().map(Result::unwrap).count())
        .sum();
    assert_eq!(lines[0]["records"].as_u64(), Some(records as u64));
    let (lines, code) = workspace.json_lines(&["verify", "--quick", "--json"]);
    assert_eq!((lines[0]["records"].as_u64(), code), (Some(0), Some(0)));
}

#[test]
fn one_flipped_bit_is_found_wherever_it_is() {
    let crawled = crawled();
    let (file, records) = largest(&crawled);
    let response = records.iter().find(|found| found.record.kind() == "response").unwrap();
    let (begin, end) = (response.offset, response.offset + response.length);
    let name = file.strip_prefix(crawled.path()).unwrap();
    let places = [
        // What most readers never look at: the time and the system in a gzip head.
        ("the gzip head", begin + 5),
        ("the system in the gzip head", begin + 9),
        ("the record's head", begin + 40),
        ("the payload", begin + response.length / 2),
        // The last byte of the deflate stream may have bits that mean nothing.
        ("the last byte before the trailer", end - 9),
        ("the checksum in the trailer", end - 8),
        ("the length in the trailer", end - 1),
    ];
    for (what, at) in places {
        for bit in [0, 7] {
            let workspace = crawled.copy();
            flip(&workspace.path().join(name), at, bit);
            let found = problems(&workspace);
            let seen = |problem: &str| found.iter().any(|found| found == problem);
            assert!(seen("damaged") || seen("altered"), "{what}, bit {bit}: {found:?}");
        }
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_found_to_be() {
    let crawled = crawled();
    let (file, _) = largest(&crawled);
    let name = file.strip_prefix(crawled.path()).unwrap();
    let length = fs::metadata(&file).unwrap().len();
    let workspace = crawled.copy();
    let target = workspace.path().join(name);
    for part in 0..20 {
        // Spread over the file, and at no round place.
        let at = (length - 1) * part / 20 + part * 7 % 13;
        fs::copy(&file, &target).unwrap();
        fs::File::options().write(true).open(&target).unwrap().set_len(at).unwrap();
        assert_found(&workspace, "length", &format!("cut at {at}"));
        assert_found(&workspace, "row_without_record", &format!("cut at {at}"));
        let quick = workspace.run(&["verify", "--quick"]);
        assert_eq!(quick.status.code(), Some(1), "cut at {at}");
    }
}

#[test]
fn a_file_that_is_gone_or_that_nobody_knows_is_named() {
    let workspace = crawled();
    let (file, _) = largest(&workspace);
    let stranger = file.with_file_name("gongkai-20200101000000000-00001-w9.warc.gz");
    fs::rename(&file, &stranger).unwrap();
    let found = problems(&workspace);
    assert_eq!(found, ["missing_file", "unknown_file"]);
}

#[test]
fn a_row_without_a_record_and_a_record_without_a_row_are_found() {
    let crawled = crawled();
    let some = |kind: &str| format!("(SELECT min(id) FROM captures WHERE kind = '{kind}')");
    for (change, problem) in [
        (format!("DELETE FROM captures WHERE id = {}", some("response")), "record_without_row"),
        (format!("DELETE FROM captures WHERE id = {}", some("revisit")), "record_without_row"),
        (
            "INSERT INTO captures (url_id, run_id, at, kind, status, segment_id, offset, length,
                 record_id, elapsed_ms, payload_id)
             SELECT url_id, run_id, at, kind, status, segment_id, offset + 3, length,
                 randomblob(16), elapsed_ms, payload_id FROM captures LIMIT 1"
                .to_owned(),
            "row_without_record",
        ),
        (format!("UPDATE captures SET at = at + 1 WHERE id = {}", some("revisit")), "row_differs"),
        (
            format!("UPDATE captures SET kind = 'revisit' WHERE id = {}", some("response")),
            "row_differs",
        ),
        ("DELETE FROM payloads WHERE id = (SELECT min(id) FROM payloads)".to_owned(), "index"),
        ("DELETE FROM urls WHERE id = (SELECT min(url_id) FROM captures)".to_owned(), "index"),
        (
            "DELETE FROM segments WHERE id = (SELECT max(id) FROM segments)".to_owned(),
            "unknown_file",
        ),
        (
            "UPDATE reports SET capture_id = 0 WHERE id = (SELECT min(id) FROM reports)".to_owned(),
            "index",
        ),
    ] {
        let workspace = crawled.copy();
        alter(&workspace, &change);
        assert_found(&workspace, problem, &change);
    }
}

#[test]
fn a_database_that_is_damaged_itself_is_a_finding_and_made_anew() {
    let workspace = crawled();
    let database = workspace.path().join("archive/gongkai.db");
    drop(workspace.database());
    let mut bytes = fs::read(&database).unwrap();
    let length = bytes.len();
    bytes[length / 2..].fill(0x5a);
    fs::write(&database, bytes).unwrap();
    assert_eq!(problems(&workspace), ["database"]);
    let output = workspace.run(&["repair"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(problems(&workspace), [""; 0]);
}

#[test]
fn what_a_killed_run_left_uncommitted_is_no_fault() {
    let workspace = crawled();
    let (file, _) = largest(&workspace);
    let name = file.file_name().unwrap().to_str().unwrap();
    let mut bytes = fs::read(&file).unwrap();
    bytes.extend_from_slice(b"\x1f\x8b\x08\x00torn");
    fs::write(file.with_file_name(format!("{name}.open")), bytes).unwrap();
    fs::remove_file(&file).unwrap();
    let output = workspace.run(&["verify"]);
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(log.contains("8 bytes at its end are not committed"), "{log}");
    workspace.result(&["crawl", "--max-pages", "1"]);
    assert_eq!(problems(&workspace), [""; 0]);
    assert!(workspace.path().join("archive/set-aside").is_dir(), "the tail is kept");
}

#[test]
fn a_crawl_adds_nothing_to_an_archive_of_which_a_file_is_short_or_gone() {
    let crawled = crawled();
    let (file, _) = largest(&crawled);
    let name = file.strip_prefix(crawled.path()).unwrap();
    let damage: [fn(&Path); 2] = [
        |file| fs::remove_file(file).unwrap(),
        |file| fs::File::options().write(true).open(file).unwrap().set_len(9).unwrap(),
    ];
    for damage in damage {
        let workspace = crawled.copy();
        damage(&workspace.path().join(name));
        let output = workspace.run(&["crawl"]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains("gongkai repair"), "{message}");
        assert!(message.contains(name.file_name().unwrap().to_str().unwrap()), "{message}");
    }
}
