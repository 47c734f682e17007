//! What `repair` leaves passes `verify`, and has lost nothing but what was damaged.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use crate::support::{Portals, Workspace};
use crate::verified::{alter, crawled, flip, largest, problems};

/// The records that the index speaks of, each with the URL and time.
fn captures(workspace: &Workspace) -> BTreeSet<(Vec<u8>, String, i64)> {
    let database = workspace.database();
    let mut statement = database
        .prepare("SELECT c.record_id, u.url, c.at FROM captures c JOIN urls u ON u.id = c.url_id")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn repair(workspace: &Workspace) -> String {
    let output = workspace.run(&["repair"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(problems(workspace), [""; 0], "{told}");
    workspace.assert_whole();
    told
}

#[test]
fn a_whole_archive_is_left_as_it_is() {
    let workspace = crawled();
    let before = captures(&workspace);
    assert!(repair(&workspace).contains("nothing to repair"));
    assert_eq!(captures(&workspace), before);
    assert!(!workspace.path().join("archive/set-aside").exists());
}

#[test]
fn of_a_damaged_file_everything_but_the_damaged_record_is_kept() {
    let workspace = crawled();
    let (file, records) = largest(&workspace);
    let response = records.iter().rfind(|found| found.record.kind() == "response").unwrap();
    flip(&file, response.offset + response.length / 2, 3);
    let url = response.record.field("WARC-Target-URI").unwrap().to_owned();
    let (before, whole) = (captures(&workspace), fs::read(&file).unwrap());

    let output = workspace.run(&["repair", "--dry-run"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "something is wrong: {told}");
    assert!(told.contains("nothing was written"), "{told}");
    assert_eq!(captures(&workspace), before);

    repair(&workspace);
    let lost: Vec<_> = before.difference(&captures(&workspace)).cloned().collect();
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert_eq!(lost[0].1, url);
    let name = file.file_name().unwrap();
    let aside = workspace.path().join("archive/set-aside").join(name);
    assert_eq!(fs::read(aside).unwrap(), whole, "nothing is thrown away");
    // Its page is asked for again, and not by a condition.
    let state: (u8, Option<String>) = workspace
        .database()
        .query_row("SELECT state, etag FROM urls WHERE url = ?1", [&url], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(state, (0, None));
}

#[test]
fn a_file_that_is_gone_takes_its_own_captures_along_and_no_others() {
    let workspace = crawled();
    let (file, _) = largest(&workspace);
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let lost: i64 = workspace
        .database()
        .query_row(
            "SELECT count(*) FROM captures WHERE segment_id = (SELECT id FROM segments WHERE name = ?1)",
            [&name],
            |row| row.get(0),
        )
        .unwrap();
    let before = captures(&workspace).len();
    fs::remove_file(&file).unwrap();
    repair(&workspace);
    assert_eq!(captures(&workspace).len(), before - usize::try_from(lost).unwrap());
    // Revisits of what it held are whole records: they stay, and what they lost is known.
    let (lines, _) = workspace.json_lines(&["verify", "--json"]);
    assert_eq!(lines[0]["lost"].as_i64(), Some(lost));
}

#[test]
fn a_repair_is_done_and_a_finding_counts_though_nobody_reads_on() {
    let workspace = crawled();
    let (file, records) = largest(&workspace);
    for found in records.iter().filter(|found| found.record.kind() == "request").take(40) {
        flip(&file, found.offset + 40, 2);
    }
    for (command, code) in [("verify", 1), ("repair", 0)] {
        let mut child = workspace.command(&[command]).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(code), "{command}");
    }
    assert_eq!(problems(&workspace), [""; 0]);
}

#[test]
fn a_file_that_comes_back_makes_everything_as_it_was() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "[archive]\nwarc_size = \"100KiB\"\n");
    workspace.result(&["crawl"]);
    let (before, frontier) = (captures(&workspace), workspace.frontier());
    let (file, _) = largest(&workspace);
    let elsewhere = workspace.path().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    repair(&workspace);
    assert_ne!(workspace.frontier(), frontier);
    fs::rename(&elsewhere, &file).unwrap();
    repair(&workspace);
    assert_eq!(captures(&workspace), before);
    assert_eq!(workspace.frontier(), frontier);
    let asked = portals.log().len();
    workspace.result(&["crawl"]);
    assert_eq!(portals.log().len(), asked, "nobody is asked for what is there");
}

#[test]
fn rows_are_brought_in_line_with_the_records_whatever_was_done_to_them() {
    let crawled = crawled();
    let before = captures(&crawled);
    for change in [
        "DELETE FROM captures WHERE id = (SELECT min(id) FROM captures WHERE kind = 'response')",
        "DELETE FROM captures WHERE id = (SELECT max(id) FROM captures WHERE kind = 'revisit')",
        "DELETE FROM captures WHERE id % 3 = 0",
        "INSERT INTO captures (url_id, run_id, at, kind, segment_id, offset, length, record_id, elapsed_ms)
         SELECT url_id, run_id, at, 'failure', segment_id, offset + 3, length, randomblob(16), 1
         FROM captures LIMIT 2",
        "UPDATE captures SET offset = offset + 1 WHERE id = (SELECT min(id) FROM captures)",
        "UPDATE captures SET url_id = url_id + 1 WHERE id = (SELECT min(id) FROM captures)",
        "DELETE FROM payloads WHERE id = (SELECT min(id) FROM payloads)",
        "UPDATE payloads SET digest = randomblob(32) WHERE id = (SELECT min(id) FROM payloads)",
        "DELETE FROM segments WHERE id = (SELECT max(id) FROM segments)",
        "DELETE FROM urls WHERE id = (SELECT min(url_id) FROM captures)",
        "DELETE FROM hosts",
        "UPDATE captures SET status = 500 WHERE id = (SELECT min(id) FROM captures)",
        "UPDATE urls SET hash = hash + 1 WHERE id = (SELECT min(url_id) FROM captures)",
        "UPDATE hosts SET waiting = waiting + 1",
        "UPDATE segments SET digest = x'00'",
        "UPDATE payloads SET digest = x'00' WHERE id = (SELECT min(id) FROM payloads)",
    ] {
        let workspace = crawled.copy();
        alter(&workspace, change);
        repair(&workspace);
        assert_eq!(captures(&workspace), before, "{change}");
    }
}

#[test]
fn a_repair_that_was_killed_at_any_step_is_done_again_with_the_same_end() {
    let crawled = crawled();
    let (file, records) = largest(&crawled);
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let response = records.iter().find(|found| found.record.kind() == "response").unwrap();
    flip(&file, response.offset + 30, 1);
    let damaged = fs::read(&file).unwrap();
    let done = crawled.copy();
    repair(&done);
    let end = captures(&done);
    let mended = name.replace(".warc.gz", "-r1.warc.gz");
    let in_warc =
        |workspace: &Workspace, name: &str| workspace.path().join("archive/warc").join(name);

    // After the new file was written, before the index speaks of it.
    let workspace = crawled.copy();
    fs::copy(in_warc(&done, &mended), in_warc(&workspace, &format!("{mended}.open"))).unwrap();
    repair(&workspace);
    assert_eq!(captures(&workspace), end);

    // After the index speaks of it, before it was sealed; the damaged file is still there.
    let workspace = done.copy();
    let sealed = in_warc(&workspace, &mended);
    fs::rename(&sealed, in_warc(&workspace, &format!("{mended}.open"))).unwrap();
    fs::write(in_warc(&workspace, &name), &damaged).unwrap();
    repair(&workspace);
    assert_eq!(captures(&workspace), end);

    // After it was sealed, before the damaged file was set aside.
    let workspace = done.copy();
    fs::write(in_warc(&workspace, &name), &damaged).unwrap();
    repair(&workspace);
    assert_eq!(captures(&workspace), end);
}
