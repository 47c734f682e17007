//! Coming again: what was kept is not asked for before its time, and then as cheaply as it can be.

use gongkai::archive::read::Records;

use crate::support::{Portals, Workspace};

#[test]
fn a_second_run_finds_nothing_due() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    workspace.result(&["crawl"]);
    let asked = portals.log().len();
    workspace.result(&["crawl"]);
    assert_eq!(portals.log().len(), asked);
}

#[test]
fn validators_are_sent_back_and_a_304_is_a_revisit_of_the_page() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "[revisit]\nmin = \"1ms\"\nmax = \"1ms\"\n");
    let host = ["crawl", "--host", "tjj.baishuizhou.gov.cn", "--max-pages", "60"];
    workspace.result(&host);
    let again: Vec<_> = portals.log().into_iter().filter(|one| one.status == 304).collect();
    assert!(!again.is_empty());
    assert!(again.iter().all(|one| one.if_none_match.is_some()));
    workspace.assert_whole();
    let revisits =
        workspace.warc_files().into_iter().flat_map(|file| Records::open(&file).unwrap());
    let revisits: Vec<_> =
        revisits.map(|found| found.unwrap().record).filter(|r| r.kind() == "revisit").collect();
    let not_modified = revisits
        .iter()
        .filter(|r| r.field("WARC-Profile").unwrap().ends_with("server-not-modified"));
    let mut count = 0;
    for record in not_modified {
        assert!(record.block().is_empty());
        assert!(record.field("WARC-Refers-To-Date").is_some());
        assert_eq!(record.field("WARC-Refers-To-Target-URI"), record.field("WARC-Target-URI"));
        count += 1;
    }
    assert_eq!(count, again.len());
}
