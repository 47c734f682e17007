//! A reader that has enough (`| head -1`) is no failure: a command ends there, with exit 0, and says nothing.

use std::io::{BufRead as _, BufReader, pipe};
use std::process::{Command, Stdio};

use crate::support::{Portals, Workspace, gongkai};

/// Runs a command that nobody reads; its exit code and what it complained of.
fn unread(mut command: Command) -> (Option<i32>, String) {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let output = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn archive() -> Workspace {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    workspace.result(&["crawl", "--host", "tjj.baishuizhou.gov.cn"]);
    workspace
}

#[test]
fn every_command_ends_silently_where_nobody_reads_on() {
    let workspace = archive();
    let url = "http://tjj.baishuizhou.gov.cn/index.html";
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["completions", "bash"],
        &["man"],
        &["parse", "--schema"],
        &["seeds", "check"],
        &["status"],
        &["status", "--json"],
        &["why", url],
        &["reports"],
        &["reports", "--json"],
        &["reports", "--csv"],
        &["show", url],
        &["show", url, "--json"],
        &["cat", url],
        &["verify"],
        &["verify", "--json"],
        &["reparse", "--dry-run"],
        &["reparse", "--json"],
    ] {
        let command = workspace.command(&[&["--quiet"], arguments].concat());
        assert_eq!(unread(command), (Some(0), String::new()), "{arguments:?}");
    }
    assert_eq!(unread(gongkai()).0, Some(2), "what is wrong stays wrong");
    assert_eq!(unread(workspace.command(&["cat", "http://nowhere.gov.cn/"])).0, Some(1));
}

#[test]
fn a_reader_that_takes_one_line_has_that_line() {
    let workspace = archive();
    let mut reports =
        workspace.command(&["reports", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(reports.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("{\"schema\":\"gongkai-report/1\"") && first.ends_with("}\n"));
    assert_eq!(reports.wait().unwrap().code(), Some(0));
}

#[test]
fn what_a_reparse_puts_right_is_put_right_though_nobody_reads_of_it() {
    let workspace = archive();
    let wrong = "SELECT count(*) FROM reports WHERE year = 1999";
    let count = || workspace.database().query_row(wrong, [], |row| row.get::<_, i64>(0)).unwrap();
    workspace.database().execute("UPDATE reports SET year = 1999", []).unwrap();
    assert!(count() > 3);
    assert_eq!(unread(workspace.command(&["--quiet", "reparse"])), (Some(0), String::new()));
    assert_eq!(count(), 0);
}
