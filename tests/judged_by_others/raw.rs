//! The archive itself, as tools of others read it.

use std::collections::BTreeSet;

use super::crawled::{Row, crawled, pages, rows};
use super::tools::{Replay, objects, said, tool};
use crate::support::Workspace;

#[test]
#[ignore = "needs the tools of others: tests/tools/make.sh gets them, .ci/run runs this"]
fn every_file_is_whole_to_gunzip_and_to_warcio() {
    let workspace = crawled();
    let files = workspace.warc_files();
    assert!(files.len() > 5, "{}", files.len());
    said(std::process::Command::new("gunzip").arg("-t").args(&files));
    said(tool("warcio").arg("check").args(&files));
}

/// What an index says of a record: file, place, length, payload, URL, time to the second.
type Place = (String, u64, u64, String, String, String);

/// The places of all records that replays know, as our index has them.
fn places(workspace: &Workspace) -> BTreeSet<Place> {
    let place = |row: Row| {
        let time = row.time();
        (row.file, row.offset, row.length, row.payload.unwrap(), row.url, time)
    };
    rows(workspace).into_iter().filter(Row::is_replayed).map(place).collect()
}

#[test]
#[ignore = "needs the tools of others: tests/tools/make.sh gets them, .ci/run runs this"]
fn warcio_finds_every_record_where_the_index_says_with_its_digest() {
    let workspace = crawled();
    let fields = "filename,offset,length,warc-payload-digest,warc-target-uri,warc-date,warc-type";
    let lines = said(tool("warcio").args(["index", "-f", fields]).args(workspace.warc_files()));
    let found: BTreeSet<Place> = objects(&lines)
        .iter()
        .filter(|record| record["warc-type"] == "response" || record["warc-type"] == "revisit")
        .map(|record| {
            let text = |key: &str| record[key].as_str().unwrap().to_owned();
            let number = |key: &str| text(key).parse().unwrap();
            let time = text("warc-date").chars().filter(char::is_ascii_digit).take(14).collect();
            (
                text("filename"),
                number("offset"),
                number("length"),
                text("warc-payload-digest"),
                text("warc-target-uri"),
                time,
            )
        })
        .collect();
    assert_eq!(found, places(&workspace));
}

#[test]
#[ignore = "needs the tools of others: tests/tools/make.sh gets them, .ci/run runs this"]
fn cdxj_indexer_finds_the_same_records_and_no_page_that_is_none() {
    let workspace = crawled();
    let lines = said(tool("cdxj-indexer").args(workspace.warc_files()));
    let line = |line: &str| {
        let (key, json) = line.split_at(line.find('{').unwrap());
        let record: serde_json::Value = serde_json::from_str(json).unwrap();
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| text(key).parse().unwrap();
        let time = key.split_whitespace().nth(1).unwrap().to_owned();
        (text("filename"), number("offset"), number("length"), text("digest"), text("url"), time)
    };
    let found: BTreeSet<Place> =
        lines.lines().map(line).filter(|(.., url, _)| url.starts_with("http")).collect();
    assert_eq!(found, places(&workspace));
}

#[test]
#[ignore = "needs the tools of others: tests/tools/make.sh gets them, .ci/run runs this"]
fn pywb_replays_every_page_at_its_time_byte_for_byte() {
    let workspace = crawled();
    replays_every_page(&Replay::of(&workspace.warc_files(), &[]), &pages(&workspace));
}

/// Every capture that is a page is answered with exactly its payload.
pub(super) fn replays_every_page(replay: &Replay, pages: &[Row]) {
    let wrong: Vec<String> = pages
        .iter()
        .filter_map(|row| {
            let found = replay.page(&row.time(), &row.url);
            let expected = (200, row.payload.clone().unwrap());
            (found != expected).then(|| format!("{found:?} for {row:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} pages\n{}", wrong.len(), pages.len(), wrong.join("\n"));
}

#[test]
#[ignore = "needs the tools of others: tests/tools/make.sh gets them, .ci/run runs this"]
fn for_the_time_of_a_refusal_pywb_replays_the_page_that_was_had_before_or_after() {
    let workspace = crawled();
    refusals_are_never_replayed(&Replay::of(&workspace.warc_files(), &[]), &rows(&workspace));
}

/// A 429, a 503 or a firewall's challenge says something of the server, and nothing of the page.
pub(super) fn refusals_are_never_replayed(replay: &Replay, rows: &[Row]) {
    let refusals: Vec<&Row> =
        rows.iter().filter(|row| matches!(row.status, Some(412 | 429 | 503))).collect();
    let statuses: BTreeSet<u16> = refusals.iter().filter_map(|refusal| refusal.status).collect();
    assert_eq!(statuses, [412, 429, 503].into());
    for refusal in refusals {
        let pages: BTreeSet<_> = rows
            .iter()
            .filter(|row| row.url == refusal.url && row.is_page())
            .map(|row| (200, row.payload.clone().unwrap()))
            .collect();
        let found = replay.page(&refusal.time(), &refusal.url);
        assert!(pages.contains(&found), "{found:?} for {refusal:?}");
    }
}
