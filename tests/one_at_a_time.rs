//! Two crawls never meet.

use std::process::Stdio;

use crate::support::{Portals, Workspace, wait_until};

#[test]
fn the_second_crawl_exits_75_and_touches_nothing() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    let mut first = workspace.command(&["crawl"]).stderr(Stdio::null()).spawn().unwrap();
    wait_until(|| {
        workspace.path().join("archive/warc").is_dir() && !workspace.warc_files().is_empty()
    });
    let files = workspace.warc_files();
    let second = workspace.run(&["crawl"]);
    assert_eq!(second.status.code(), Some(75));
    let message = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(message.contains("another crawl holds the archive"), "{message}");
    assert!(message.contains(&format!("process {}", first.id())), "{message}");
    let quiet = workspace.run(&["--quiet", "crawl"]);
    assert_eq!(
        (quiet.status.code(), quiet.stderr),
        (Some(75), Vec::new()),
        "cron has no mail of it"
    );
    assert_eq!(workspace.warc_files(), files);
    assert!(first.wait().unwrap().success());
    let runs: i64 =
        workspace.database().query_row("SELECT count(*) FROM runs", [], |row| row.get(0)).unwrap();
    assert_eq!(runs, 1);
}
