//! The database is an index of the WARC files: made anew from these alone, it says the same.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::support::{Portals, Workspace};
use crate::verified::{flip, largest, problems};

/// What the index says, each table by the names of things and not by the numbers of rows.
const TABLES: [(&str, &str); 7] = [
    (
        "captures",
        "SELECT u.url, c.run_id, c.at, c.kind, c.status, c.mime, hex(p.digest), s.name, c.offset, c.length,
             hex(c.record_id), c.elapsed_ms, c.address, c.truncated, c.failure FROM captures c
         JOIN urls u ON u.id = c.url_id JOIN segments s ON s.id = c.segment_id
         LEFT JOIN payloads p ON p.id = c.payload_id ORDER BY s.name, c.offset",
    ),
    (
        "payloads",
        "SELECT hex(p.digest), p.length, s.name, c.offset FROM payloads p
         JOIN captures c ON c.id = p.capture_id JOIN segments s ON s.id = c.segment_id ORDER BY 1",
    ),
    (
        "reports",
        "SELECT u.url, c.at, r.kind, r.title, r.agency, r.year, r.division, r.published, r.format, r.json
         FROM reports r JOIN captures c ON c.id = r.capture_id JOIN urls u ON u.id = r.url_id ORDER BY 1, 2",
    ),
    (
        "urls",
        "SELECT u.url, u.spelling, h.name, s.name, v.url, u.depth, u.redirects, u.score, u.score_why, u.rank,
             u.state, u.reason, u.detail, u.due_at, u.attempts, u.interval_ms, u.etag, u.last_modified,
             hex(p.digest), u.found_at, u.visited_at FROM urls u JOIN hosts h ON h.id = u.host_id
         LEFT JOIN seeds s ON s.id = u.seed_id LEFT JOIN urls v ON v.id = u.via_id
         LEFT JOIN payloads p ON p.id = u.payload_id ORDER BY 1",
    ),
    // A host is left alone for its delay from when the index was made: when it is due may be later.
    (
        "hosts",
        "SELECT name, active, known, dropped, waiting, in_flight, rest_reason, failures, delay_ms,
             last_response_ms, seed_delay_ms, crawl_delay_ms FROM hosts ORDER BY 1",
    ),
    (
        "origins",
        "SELECT origin, standing, why, hex(robots), location, redirects, fetched_at, expires_at, failures
         FROM origins ORDER BY 1",
    ),
    ("segments", "SELECT name, length, sealed, hex(digest) FROM segments ORDER BY 1"),
];

fn table(workspace: &Workspace, question: &str) -> Vec<Vec<String>> {
    let database = workspace.database();
    let mut statement = database.prepare(question).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut table = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let cell = |index| format!("{:?}", row.get_ref::<usize>(index).unwrap());
        table.push((0..columns).map(cell).collect());
    }
    table
}

pub(crate) fn assert_the_same(one: &Workspace, other: &Workspace) {
    for (name, question) in TABLES {
        let (one, other) = (table(one, question), table(other, question));
        let differs = one.iter().zip(&other).find(|(one, other)| one != other);
        assert_eq!(differs, None, "{name}");
        assert_eq!(one.len(), other.len(), "{name}");
    }
}

#[test]
fn an_index_made_anew_says_the_same_and_a_crawl_goes_on_from_it() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let crawled = Workspace::new(&portals, "[archive]\nwarc_size = \"200KiB\"\n");
    crawled.result(&["crawl", "--max-pages", "50"]);
    crawled.result(&["crawl"]);
    let workspace = crawled.copy();
    let database = workspace.path().join("archive/gongkai.db");
    // Gone, or emptied by a full disk: an archive without an index is not begun anew.
    let lose: [fn(&Path); 2] = [
        |database| fs::remove_file(database).unwrap(),
        |database| fs::write(database, b"").unwrap(),
    ];
    for lose in lose {
        lose(&database);
        for command in ["crawl", "status", "reports", "verify", "reparse"] {
            let refused = workspace.run(&[command]);
            assert_eq!(refused.status.code(), Some(1), "{command}");
            let message = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(message.contains("gongkai rebuild"), "{command}: {message}");
        }
    }
    workspace.result(&["rebuild"]);
    assert_the_same(&crawled, &workspace);
    assert_eq!(problems(&workspace), [""; 0]);
    let asked = portals.log().len();
    workspace.result(&["crawl"]);
    assert_eq!(portals.log().len(), asked, "nothing that was there was asked for");
}

#[test]
fn revisits_and_304s_are_concluded_again_as_they_were() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let often = Workspace::new(&portals, "[revisit]\nmin = \"1ms\"\nmax = \"1ms\"\n");
    for _ in 0..3 {
        often.result(&["crawl", "--max-pages", "120"]);
    }
    let workspace = often.copy();
    // The runs were ended early: what had become due may be in a queue or not yet, and robots.txt may not have
    // been asked yet about what is in one. Neither takes a request.
    let later = "UPDATE urls SET state = 0, due_at = NULL, reason = NULL, detail = NULL
         WHERE due_at IS NOT NULL OR reason = 'robots' OR state = 0";
    workspace.result(&["rebuild"]);
    for one in [&often, &workspace] {
        one.database().execute(later, []).unwrap();
        one.database().execute("UPDATE hosts SET waiting = 0", []).unwrap();
    }
    assert_the_same(&often, &workspace);
}

#[test]
fn the_log_of_an_index_that_is_gone_is_never_taken_for_the_new_ones() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    let mut crawl = workspace.command(&["--quiet", "crawl"]).stderr(Stdio::null()).spawn().unwrap();
    portals.wait_for_requests(40);
    crawl.kill().unwrap();
    crawl.wait().unwrap();
    let archive = workspace.path().join("archive");
    assert!(fs::metadata(archive.join("gongkai.db-wal")).unwrap().len() > 0, "the kill left a log");
    fs::remove_file(archive.join("gongkai.db")).unwrap();
    let verify = workspace.run(&["verify"]);
    assert!(String::from_utf8_lossy(&verify.stderr).contains("gongkai rebuild"));
    workspace.result(&["rebuild"]);
    assert_eq!(problems(&workspace), [""; 0]);
    workspace.result(&["crawl"]);
    workspace.assert_whole();
}

#[test]
fn a_damaged_file_beside_the_one_that_was_made_of_it_is_set_aside() {
    let workspace = crate::verified::crawled();
    let (file, records) = largest(&workspace);
    let before = table(&workspace, TABLES[0].1).len();
    let request = records.iter().find(|found| found.record.kind() == "request").unwrap();
    flip(&file, request.offset + 40, 2);
    let damaged = fs::read(&file).unwrap();
    workspace.result(&["repair"]);
    fs::write(&file, damaged).unwrap();
    assert_eq!(workspace.run(&["rebuild"]).status.code(), Some(1), "damage is told");
    assert_eq!(problems(&workspace), [""; 0]);
    assert_eq!(table(&workspace, TABLES[0].1).len(), before);
    assert!(!file.exists(), "it holds nothing but copies");
}

#[test]
fn the_old_index_is_set_aside_and_a_damaged_place_costs_only_itself() {
    let workspace = crate::verified::crawled();
    let count = |workspace: &Workspace| -> i64 {
        let count = "SELECT count(*) FROM captures";
        workspace.database().query_row(count, [], |row| row.get(0)).unwrap()
    };
    let before = count(&workspace);
    let (file, records) = largest(&workspace);
    let request = records.iter().find(|found| found.record.kind() == "request").unwrap();
    flip(&file, request.offset + 40, 2);
    let output = workspace.run(&["rebuild"]);
    assert_eq!(output.status.code(), Some(1), "damage is told");
    assert_eq!(count(&workspace), before, "a request that is lost takes no capture along");
    let aside = fs::read_dir(workspace.path().join("archive/set-aside")).unwrap();
    let names: Vec<_> =
        aside.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().any(|name| name.starts_with("gongkai.db.")), "{names:?}");
}
