//! A disk that fills up: the crawl stops with a clear message, and nothing already kept is harmed.

use std::process::Command;

use gongkai::demo::expected_reports;

use crate::support::{Portals, Workspace};
use crate::verified::problems;

/// No file may grow beyond so many blocks of 512 bytes: what a full disk is to a process.
const BLOCKS: u32 = 400;

#[test]
fn a_full_disk_stops_the_crawl_cleanly_and_the_next_run_goes_on() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    let limited = format!("trap '' XFSZ; ulimit -f {BLOCKS}; exec \"$0\" --quiet crawl");
    let output = Command::new("sh")
        .args(["-c", &limited, env!("CARGO_BIN_EXE_gongkai")])
        .current_dir(workspace.path())
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("is full: what was committed is safe"), "{message}");
    assert_eq!(problems(&workspace), [""; 0], "as the full disk left it");
    workspace.result(&["crawl"]);
    workspace.assert_whole();
    assert_eq!(problems(&workspace), [""; 0]);
    assert_eq!(workspace.result(&["reports", "--json"]).lines().count(), expected_reports().len());
}

#[test]
fn a_crawl_stops_with_its_state_saved_before_the_disk_is_full() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    // No disk has so much room.
    let workspace = Workspace::new(&portals, "[archive]\nreserve = \"9000000GiB\"\n");
    let output = workspace.run(&["--quiet", "crawl"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("(`archive.reserve`): everything is saved; make room"), "{message}");
    assert_eq!(portals.log().len(), 0, "nobody was asked for what there is no room for");
    let ending: String =
        workspace.database().query_row("SELECT ending FROM runs", [], |row| row.get(0)).unwrap();
    assert_eq!(ending, "disk nearly full");
}
