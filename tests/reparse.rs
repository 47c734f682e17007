//! Today's parser over everything archived: the catalogue becomes what is read out of the bytes, what
//! changed is said, and what cannot be read harms nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};

use gongkai::archive::lock::Lock;
use serde_json::Value;

use crate::support::{Portals, Workspace};

/// The whole of a report's row but its number, by the capture it was read out of.
type Rows = BTreeMap<i64, Vec<rusqlite::types::Value>>;

fn rows(workspace: &Workspace) -> Rows {
    let database = workspace.database();
    let mut statement = database
        .prepare(
            "SELECT capture_id, url_id, kind, title, agency, year, division, published, format, json
             FROM reports",
        )
        .unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        Ok((row.get(0)?, (1..10).map(|column| row.get(column)).collect::<Result<_, _>>()?))
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

/// An archive of the sample portals; `more` is added to the configuration.
fn crawled(more: &str, arguments: &[&str]) -> Workspace {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, more);
    workspace.result(&[&["crawl"], arguments].concat());
    workspace
}

fn words(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

/// The last line, which holds the counts.
fn counts(output: &Output) -> String {
    words(&output.stdout).lines().last().unwrap_or_default().to_owned()
}

/// The URLs, as asked for, of the reports in the order of their agencies and years.
fn reports(workspace: &Workspace) -> Vec<Value> {
    let lines = workspace.result(&["reports", "--json"]);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Runs a statement on the row of the report at this URL.
fn alter(workspace: &Workspace, url: &Value, statement: &str) {
    let sql = format!(
        "{statement} WHERE url_id = (SELECT id FROM urls WHERE coalesce(spelling, url) = ?1)"
    );
    assert_eq!(workspace.database().execute(&sql, [url.as_str().unwrap()]).unwrap(), 1);
}

#[test]
fn after_a_crawl_it_says_that_nothing_changed_and_writes_nothing() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    workspace.result(&["crawl"]);
    // Everything is asked for again: there are revisits, of the same bytes and of a 304.
    workspace.database().execute("UPDATE urls SET due_at = 0 WHERE due_at > 0", []).unwrap();
    workspace.result(&["crawl"]);
    let count = |what: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {what}");
        workspace.database().query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert!(count("captures WHERE kind = 'revisit' AND status = 304") > 0);
    assert!(count("captures WHERE kind = 'revisit' AND status = 200") > 0);
    let reports = count("reports");
    assert!(reports > 10, "{reports}");

    let database = workspace.path().join("archive/gongkai.db");
    let before = fs::read(&database).unwrap();
    let output = workspace.run(&["--quiet", "reparse"]);
    assert!(output.status.success(), "{output:?}");
    let stdout = words(&output.stdout);
    let expected = format!("reports: {reports} unchanged, 0 changed, 0 new, 0 gone; 0 pages");
    assert!(stdout.contains(&expected) && stdout.lines().count() == 1, "{stdout}");
    assert!(fs::read(&database).unwrap() == before, "something was written");
}

#[test]
fn what_was_altered_by_hand_is_put_right_and_told_of() {
    let workspace = crawled("", &[]);
    let whole = rows(&workspace);
    let found = reports(&workspace);
    let url = |index: usize| found[index]["url"].as_str().unwrap();
    alter(&workspace, &found[0]["url"], "DELETE FROM reports");
    alter(&workspace, &found[1]["url"], "UPDATE reports SET agency = '别处', json = '?'");
    alter(&workspace, &found[2]["url"], "UPDATE reports SET year = 1999");
    let cell = "UPDATE reports SET json = json_set(json, '$.requests.granted.total', 12345)";
    alter(&workspace, &found[3]["url"], cell);
    workspace
        .database()
        .execute(
            "INSERT INTO reports (url_id, capture_id, kind, agency, json)
             SELECT url_id, id, 'report', '无此单位', '{}' FROM captures
             WHERE status = 404 AND payload_id IS NOT NULL LIMIT 1",
            [],
        )
        .unwrap();
    let altered = rows(&workspace);

    let database = workspace.path().join("archive/gongkai.db");
    let before = fs::read(&database).unwrap();
    // What writes nothing need not wait for a crawl to end.
    let lock = Lock::acquire(&workspace.path().join("archive")).unwrap();
    let dry = workspace.run(&["reparse", "--dry-run"]);
    drop(lock);
    assert!(dry.status.success());
    assert!(fs::read(&database).unwrap() == before, "a dry run wrote");
    assert_eq!(rows(&workspace), altered);

    let output = workspace.run(&["reparse"]);
    assert!(output.status.success());
    let stdout = words(&output.stdout);
    assert_eq!(
        words(&dry.stdout).trim_end(),
        format!("{}; nothing was written", stdout.trim_end())
    );
    let granted = &found[3]["requests"]["granted"]["total"];
    for line in [
        format!("new {}: {}", url(0), found[0]["agency"].as_str().unwrap()),
        format!("changed {}: report null -> ", url(1)),
        format!("changed {}: year 1999 -> {}", url(2), found[2]["year"]),
        format!("changed {}: requests.granted.total 12345 -> {granted}", url(3)),
        "gone http://".to_owned(),
    ] {
        assert!(stdout.lines().any(|found| found.starts_with(&line)), "`{line}` in\n{stdout}");
    }
    assert!(counts(&output).contains("3 changed, 1 new, 1 gone; 0 pages"), "{stdout}");
    assert_eq!(stdout.lines().count(), 6, "{stdout}");
    assert_eq!(rows(&workspace), whole);
    assert!(counts(&workspace.run(&["reparse"])).contains("0 changed, 0 new, 0 gone"));
}

#[test]
fn json_is_one_object_a_report_that_changed_and_one_with_the_counts() {
    let workspace = crawled("", &["--host", "www.qingshanshi.gov.cn"]);
    let found = reports(&workspace);
    alter(&workspace, &found[0]["url"], "UPDATE reports SET year = 1999, title = '别的'");
    alter(&workspace, &found[1]["url"], "DELETE FROM reports");
    let stdout = workspace.result(&["reparse", "--json"]);
    let lines: Vec<Value> =
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [one, other, counts] = lines.as_slice() else { panic!("{stdout}") };
    let (changed, new) = if one["what"] == "new" { (other, one) } else { (one, other) };
    assert_eq!((&changed["what"], &changed["url"]), (&"changed".into(), &found[0]["url"]));
    assert_eq!(changed["payload"], found[0]["payload"]);
    assert_eq!(changed["captured_at"], found[0]["captured_at"]);
    let differences = changed["changes"].as_array().unwrap();
    let year = serde_json::json!({ "at": "year", "old": 1999, "new": found[0]["year"] });
    assert!(differences.contains(&year) && differences.len() == 2, "{stdout}");
    assert_eq!((&new["what"], &new["url"]), (&"new".into(), &found[1]["url"]));
    assert_eq!((&new["agency"], &new["year"]), (&found[1]["agency"], &found[1]["year"]));
    let unchanged = found.len() - 2;
    for (key, count) in
        [("unchanged", unchanged), ("changed", 1), ("new", 1), ("gone", 0), ("unreadable", 0)]
    {
        assert_eq!(counts[key], count, "{key}");
    }
    assert_eq!((&counts["what"], &counts["ending"]), (&"counts".into(), &"done".into()));
}

#[test]
fn a_report_found_in_an_older_capture_does_not_stand_before_the_newer_one() {
    let workspace = crawled("", &["--host", "www.qingshanshi.gov.cn"]);
    let (older, newer) = {
        let mut captures = rows(&workspace).into_keys();
        (captures.next().unwrap(), captures.next_back().unwrap())
    };
    // Another year's report came to stand at the same URL.
    let move_to = |table: &str, id: &str| {
        let sql = format!(
            "UPDATE {table} SET url_id = (SELECT url_id FROM captures WHERE id = {older})
             WHERE {id} = {newer}"
        );
        workspace.database().execute(&sql, []).unwrap();
    };
    move_to("captures", "id");
    move_to("reports", "capture_id");
    let latest = |workspace: &Workspace| {
        let found: Vec<Value> =
            reports(workspace).into_iter().map(|one| one["payload"].clone()).collect();
        found
    };
    let before = latest(&workspace);
    workspace.database().execute("DELETE FROM reports WHERE capture_id = ?1", [older]).unwrap();
    assert!(counts(&workspace.run(&["reparse"])).contains(" 1 new, 0 gone"));
    assert!(rows(&workspace).contains_key(&older));
    assert_eq!(latest(&workspace), before);
}

#[test]
fn what_cannot_be_read_is_named_and_harms_nothing_else() {
    let workspace = crawled("[archive]\nwarc_size = \"20KiB\"\n", &[]);
    let whole = rows(&workspace);
    let captures: Vec<(i64, String, i64, String)> = {
        let database = workspace.database();
        let mut statement = database
            .prepare(
                "SELECT c.id, s.name, c.offset + c.length / 2, coalesce(u.spelling, u.url)
                 FROM reports r JOIN captures c ON c.id = r.capture_id
                 JOIN segments s ON s.id = c.segment_id JOIN urls u ON u.id = c.url_id ORDER BY c.id",
            )
            .unwrap();
        let row =
            |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    };
    let warc = workspace.path().join("archive/warc");
    let (damaged, file, middle, damaged_url) = &captures[0];
    let mut bytes = fs::read(warc.join(file)).unwrap();
    bytes[usize::try_from(*middle).unwrap()] ^= 0xff;
    fs::write(warc.join(file), bytes).unwrap();
    let (missing, missing_file, ..) = captures.last().unwrap();
    fs::remove_file(warc.join(missing_file)).unwrap();
    let lost = |capture: &i64| {
        let file = &captures.iter().find(|(id, ..)| id == capture).unwrap().1;
        capture == damaged || file == missing_file
    };
    workspace.database().execute("UPDATE reports SET year = 1999", []).unwrap();
    let altered = rows(&workspace);

    let output = workspace.run(&["--quiet", "reparse"]);
    assert_eq!(output.status.code(), Some(1));
    let message = words(&output.stderr);
    let lines = |file: &str| -> Vec<&str> {
        message
            .lines()
            .filter(|line| line.contains(file) && line.contains("unreadable: "))
            .collect()
    };
    let [damage] = lines(file)[..] else { panic!("{message}") };
    assert!(damage.contains(damaged_url.as_str()), "{message}");
    // Of a file that is gone one word is enough, however many pages it held.
    let [gone] = lines(missing_file)[..] else { panic!("{message}") };
    let lost_pages: u64 =
        gone.split("pages=").nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap();
    let unreadable = 1 + lost_pages;
    let restored = whole.keys().filter(|capture| !lost(capture)).count();
    assert!(restored > 0 && restored < whole.len());
    assert!(whole.contains_key(missing));
    let expected = format!("{restored} changed, 0 new, 0 gone; {unreadable} pages unreadable");
    assert!(counts(&output).ends_with(&expected), "{}", counts(&output));
    for (capture, row) in rows(&workspace) {
        let expected = if lost(&capture) { &altered } else { &whole };
        assert_eq!(row, expected[&capture]);
    }
}

/// Stops it while it reads the last file, which never comes to an end: a pipe that nobody writes to.
fn stop_with(signal: &str) -> Option<i32> {
    let workspace = crawled("[archive]\nwarc_size = \"20KiB\"\n", &[]);
    let whole = rows(&workspace);
    workspace.database().execute("UPDATE reports SET year = 1999", []).unwrap();
    // Reports are fetched first, and so are read first: the others have something to lose, too.
    workspace
        .database()
        .execute(
            "INSERT INTO reports (url_id, capture_id, kind, json)
             SELECT c.url_id, c.id, 'report', '{}' FROM captures c JOIN urls u ON u.id = c.url_id
             WHERE c.kind = 'response' AND u.state <> 7
                 AND NOT EXISTS (SELECT 1 FROM reports r WHERE r.capture_id = c.id)",
            [],
        )
        .unwrap();
    let altered = rows(&workspace);
    let last = workspace.warc_files().pop().unwrap();
    let aside = workspace.path().join("aside");
    fs::rename(&last, &aside).unwrap();
    assert!(Command::new("mkfifo").arg(&last).status().unwrap().success());

    let mut reparse = workspace
        .command(&["reparse"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(reparse.stdout.take().unwrap()).lines().map(Result::unwrap);
    // What was told is committed, and the end is never reached.
    let first = lines.next().unwrap();
    let sent =
        Command::new("kill").args(["-s", signal, &reparse.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let code = reparse.wait().unwrap().code();
    let lines: Vec<String> = std::iter::once(first).chain(lines).collect();
    let (counts, changed) = lines.split_last().unwrap();
    assert!(counts.ends_with(&format!("; stopped by SIG{signal}")), "{counts}");

    let stopped = rows(&workspace);
    let (done, left): (Vec<_>, Vec<_>) =
        altered.iter().partition(|(capture, row)| stopped.get(capture) != Some(row));
    assert_eq!(done.len(), changed.len(), "what was told is what was written");
    assert!(!done.is_empty() && !left.is_empty());
    assert!(done.iter().all(|(capture, _)| stopped.get(capture) == whole.get(capture)));
    fs::rename(&aside, &last).unwrap();
    workspace.result(&["reparse"]);
    assert_eq!(rows(&workspace), whole);
    workspace.assert_whole();
    code
}

#[test]
fn sigint_leaves_each_batch_whole_or_untouched_and_exits_130() {
    assert_eq!(stop_with("INT"), Some(130));
}

#[test]
fn sigterm_leaves_each_batch_whole_or_untouched_and_exits_143() {
    assert_eq!(stop_with("TERM"), Some(143));
}

#[test]
fn while_a_crawl_holds_the_archive_it_exits_75_and_touches_nothing() {
    let workspace = crawled("", &["--max-pages", "20"]);
    workspace.database().execute("UPDATE reports SET year = 1999", []).unwrap();
    let before = rows(&workspace);
    let lock = Lock::acquire(&workspace.path().join("archive")).unwrap();
    let output = workspace.run(&["reparse"]);
    drop(lock);
    assert_eq!(output.status.code(), Some(75));
    let message = words(&output.stderr);
    assert!(message.contains("another crawl holds the archive"), "{message}");
    assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
    assert_eq!(rows(&workspace), before);
}

#[test]
fn without_an_archive_it_says_how_to_make_one_and_makes_none() {
    let workspace = Workspace::with("", "http://www.qingshanshi.gov.cn/\n");
    for arguments in [&["reparse"][..], &["reparse", "--dry-run"]] {
        let output = workspace.run(arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(words(&output.stderr).contains("`gongkai crawl` makes it"));
        assert!(!workspace.path().join("archive").exists());
    }
}

#[test]
fn after_an_update_what_only_reads_names_it_and_it_brings_the_database_up_to_date() {
    let workspace = crawled("", &["--max-pages", "20"]);
    let older =
        "DROP TABLE addresses; ALTER TABLE hosts DROP COLUMN address; ALTER TABLE hosts DROP COLUMN broken;
        ALTER TABLE hosts DROP COLUMN failures_since; ALTER TABLE origins DROP COLUMN gap_ms; DROP INDEX hosts_resting;
        DROP INDEX urls_queue; CREATE INDEX urls_waiting ON urls (host_id, rank) WHERE state = 0;
        CREATE INDEX urls_leased ON urls (host_id) WHERE state = 1;
        DROP INDEX captures_place; ALTER TABLE segments DROP COLUMN digest; DROP TABLE losses;
        PRAGMA user_version = 1;";
    workspace.database().execute_batch(older).unwrap();
    let url = gongkai::demo::portals()[0].seed_url();
    let commands: [&[&str]; 9] = [
        &["status"],
        &["why", &url],
        &["reports"],
        &["show", &url],
        &["cat", "sha256:0000000000000000000000000000000000000000000000000000000000000000"],
        &["verify"],
        &["verify", "--quick"],
        &["export", "warc", "--out", "out"],
        &["reparse", "--dry-run"],
    ];
    for command in commands {
        let output = workspace.run(command);
        let said = words(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
        assert!(
            said.contains("has schema 1") && said.contains("`gongkai reparse` brings it"),
            "{said}"
        );
    }
    workspace.result(&["reparse"]);
    workspace.result(&["verify"]);
    workspace.result(&["export", "warc", "--out", "out"]);
}
