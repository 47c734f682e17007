//! What is chosen of pages that came again, of revisits whose original is gone or lies elsewhere, and what a
//! snapshot says of it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;

use gongkai::archive::read::read_record;
use gongkai::digest::Digest;
use serde_json::Value;

use crate::exports::{Archive, assert_manifest, error, tree};

/// In words, and as what holds it; each has an archive of its own.
type Promise = (&'static str, fn(&Archive));

#[test]
fn what_came_again_and_what_is_lost_is_chosen_as_promised() {
    let crawled = Archive::crawled();
    let promises: [Promise; 9] = [
        ("the report of a page is that of its latest capture that is one", went_and_came_back),
        ("a report is of every time at which its page was captured", unchanged_since),
        ("the latest capture is one whose payload is held", latest_that_is_held),
        ("an exchange goes out whole or not at all", whole_or_not_at_all),
        ("no revisit goes out without its original, wherever that lies", original_behind_it),
        ("a revisit of a lost record goes out where a replay finds its bytes", lost_and_held_again),
        ("the same archive gives the same bytes from anywhere, however its index was made", moved),
        ("hosts are the same choice in whatever order", hosts_in_any_order),
        ("what a repair wrote off is named", losses),
    ];
    for (name, promise) in promises {
        writeln!(std::io::stderr(), "{name}").unwrap();
        promise(&crawled.copy());
    }
}

fn objects(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_url<'a>(objects: &'a [Value], url: &str) -> &'a Value {
    objects.iter().find(|object| object["url"] == url).unwrap()
}

/// A page with a report, of a capture that a later revisit says came again: URL, its row, the number of the
/// first capture, and the times of both.
fn seen_twice(archive: &Archive) -> (String, i64, i64, [i64; 2]) {
    archive
        .workspace
        .database()
        .query_row(
            "SELECT coalesce(u.spelling, u.url), u.id, o.id, o.at, c.at FROM reports r
             JOIN urls u ON u.id = r.url_id JOIN captures o ON o.id = r.capture_id
             JOIN captures c ON c.url_id = u.id AND c.payload_id = o.payload_id AND c.at > o.at
             WHERE c.kind = 'revisit' AND r.year = 2021 LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, [row.get(3)?, row.get(4)?])),
        )
        .unwrap()
}

fn went_and_came_back(archive: &Archive) {
    let (url, id, first, [went, back]) = seen_twice(archive);
    let before = archive.workspace.result(&["reports", "--json"]);
    let counts = || {
        let status = archive.workspace.result(&["status", "--json"]);
        serde_json::from_str::<Value>(&status).unwrap()["reports"].clone()
    };
    let counted = counts();
    let between = i64::midpoint(went, back);
    // In between the page was another report.
    archive.alter(&format!(
        "INSERT INTO payloads (digest, length, capture_id) VALUES (randomblob(32), 1, {first});
         INSERT INTO captures (url_id, run_id, at, kind, status, mime, payload_id, segment_id, offset,
             length, record_id, elapsed_ms)
         SELECT url_id, run_id, {between}, kind, status, mime, (SELECT max(id) FROM payloads), segment_id,
             offset + 1, length, randomblob(16), 1 FROM captures WHERE id = {first};
         INSERT INTO reports (url_id, capture_id, kind, title, agency, year, json)
         SELECT url_id, (SELECT max(id) FROM captures), kind, 'another', agency, 1999, '{{}}' FROM reports
         WHERE url_id = {id}"
    ));
    assert_eq!(archive.workspace.result(&["reports", "--json"]), before);
    assert!(counted.is_array());
    assert_eq!(counts(), counted);
    archive.exported("jsonl", "jsonl", &[]);
    assert_eq!(fs::read_to_string(archive.path("jsonl/reports.jsonl")).unwrap(), before);
    archive.exported("csv", "csv", &[]);
    let csv = archive.workspace.result(&["reports", "--csv"]);
    assert_eq!(fs::read_to_string(archive.path("csv/reports.csv")).unwrap(), csv);
    let reports = objects(&before);
    let shown = archive.workspace.result(&["show", "--json", &url]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(&shown["report"], of_url(&reports, &url));
    let came_back = gongkai::clock::Moment::from_millis(back).to_string();
    assert_eq!(of_url(&reports, &url)["captured_at"], came_back);
    // As it stood then.
    let until = gongkai::clock::Moment::from_millis(between).to_string();
    archive.exported("csv", "then", &["--until", &until, "--year", "1999"]);
    assert!(fs::read_to_string(archive.path("then/reports.csv")).unwrap().contains(&url));
}

fn unchanged_since(archive: &Archive) {
    let since = archive.second.as_str();
    let pages = archive.numbers(
        "SELECT DISTINCT c.url_id FROM captures c JOIN reports r ON r.url_id = c.url_id
         JOIN captures o ON o.id = r.capture_id AND o.payload_id = c.payload_id
         WHERE c.kind = 'revisit' AND c.run_id = 2",
    );
    assert!(pages.len() > 3, "{pages:?}");
    for format in ["csv", "jsonl"] {
        let written = archive.exported(format, format, &["--since", since]);
        assert_eq!(written["written"]["reports"], pages.len(), "{format}");
    }
    let lines = fs::read_to_string(archive.path("jsonl/reports.jsonl")).unwrap();
    for report in objects(&lines) {
        assert!(report["captured_at"].as_str().unwrap() >= since, "{report}");
    }
}

fn latest_that_is_held(archive: &Archive) {
    let (_, id, first, _) = seen_twice(archive);
    archive.alter(&format!(
        "INSERT INTO payloads (digest, length, capture_id) VALUES (randomblob(32), 1, 0);
         UPDATE captures SET payload_id = (SELECT max(id) FROM payloads) WHERE url_id = {id} AND id <> {first}"
    ));
    archive.exported("warc", "out", &["--latest"]);
    let captures = archive.numbers(&format!("SELECT id FROM captures WHERE url_id = {id}"));
    let holds = archive.captures_in("out");
    assert_eq!(holds.intersection(&captures).collect::<Vec<_>>(), [&first]);
}

/// Where a record lies: file, offset and length.
fn place(archive: &Archive, capture: i64) -> (String, u64, u64) {
    archive
        .workspace
        .database()
        .query_row(
            "SELECT s.name, c.offset, c.length FROM captures c JOIN segments s ON s.id = c.segment_id
             WHERE c.id = ?1",
            [capture],
            |row| {
                let number = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
                Ok((row.get(0)?, number(1)?, number(2)?))
            },
        )
        .unwrap()
}

fn whole_or_not_at_all(archive: &Archive) {
    let capture = *archive
        .numbers(
            "SELECT max(c.id) FROM captures c JOIN payloads p ON p.capture_id = c.id WHERE NOT EXISTS
                 (SELECT 1 FROM captures r WHERE r.payload_id = p.id AND r.id <> c.id)",
        )
        .first()
        .unwrap();
    let (name, offset, length) = place(archive, capture);
    let file = archive.path("archive/warc").join(&name);
    let whole = fs::read(&file).unwrap();
    let expected = archive.numbers(&format!("SELECT id FROM captures WHERE id <> {capture}"));
    // The time in a gzip head, which no reader looks at; and the request.
    for (at, out) in [(offset + 5, "head"), (offset + length + 30, "request")] {
        let mut bytes = whole.clone();
        bytes[usize::try_from(at).unwrap()] ^= 0xff;
        fs::write(&file, bytes).unwrap();
        let output = archive.export("warc", out, &[]);
        assert_eq!(output.status.code(), Some(1), "{out}");
        assert!(error(&output).contains(&name), "{out}: {}", error(&output));
        assert_eq!(archive.captures_in(out), expected, "{out}");
    }
    // The payload is whole.
    archive.exported("files", "files", &[]);
}

fn revisits_of(archive: &Archive, capture: i64) -> BTreeSet<i64> {
    archive.numbers(&format!(
        "SELECT r.id FROM captures r JOIN captures c ON c.payload_id = r.payload_id
         WHERE c.id = {capture} AND r.kind = 'revisit'"
    ))
}

fn original_behind_it(archive: &Archive) {
    let (_, _, first, _) = seen_twice(archive);
    let (name, offset, length) = place(archive, first);
    let later = "gongkai-20990101000000000-00001-w0.warc.gz";
    let warc = archive.path("archive/warc");
    let mut bytes = fs::read(warc.join(&name)).unwrap();
    fs::remove_file(warc.join(&name)).unwrap();
    archive.alter(&format!("UPDATE segments SET name = '{later}' WHERE name = '{name}'"));
    fs::write(warc.join(later), &bytes).unwrap();
    archive.exported("warc", "whole", &[]);
    assert_eq!(archive.captures_in("whole"), archive.numbers("SELECT id FROM captures"));

    bytes[usize::try_from(offset + length / 2).unwrap()] ^= 0xff;
    fs::write(warc.join(later), &bytes).unwrap();
    let output = archive.export("warc", "out", &[]);
    assert_eq!(output.status.code(), Some(1), "{}", error(&output));
    let revisits = revisits_of(archive, first);
    assert!(!revisits.is_empty());
    let mut expected = archive.numbers("SELECT id FROM captures");
    expected.retain(|capture| *capture != first && !revisits.contains(capture));
    assert_eq!(archive.captures_in("out"), expected);
    let snapshot = archive.snapshot("out");
    assert_eq!(snapshot["left_out"]["damaged"], 1 + revisits.len());
    let named = snapshot["damaged"].as_array().unwrap();
    assert!(named.iter().any(|one| one["why"].as_str().unwrap().starts_with(later)), "{named:?}");
}

/// Loses the record of a capture, and has its bytes captured anew at another URL's row.
fn lost_and_captured_anew(archive: &Archive, lost: i64, url_id: i64) {
    let (name, offset, length) = place(archive, lost);
    let record = read_record(&archive.path("archive"), &name, offset, length).unwrap();
    let url: String = archive
        .workspace
        .database()
        .query_row("SELECT coalesce(spelling, url) FROM urls WHERE id = ?1", [url_id], |row| {
            row.get(0)
        })
        .unwrap();
    let id = uuid::Uuid::new_v4();
    let mut anew = format!(
        "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{id}>\r\n\
         WARC-Date: 2098-01-01T00:00:00.000Z\r\nWARC-Target-URI: {url}\r\n\
         WARC-Payload-Digest: {}\r\nWARC-Block-Digest: {}\r\n\
         Content-Type: application/http; msgtype=response\r\nContent-Length: {}\r\n\r\n",
        Digest::of(record.payload()),
        Digest::of(record.block()),
        record.block().len()
    )
    .into_bytes();
    anew.extend_from_slice(record.block());
    anew.extend_from_slice(b"\r\n\r\n");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    packed.write_all(&anew).unwrap();
    let packed = packed.finish().unwrap();
    let file = "gongkai-20980101000000000-00001-w0.warc.gz";
    fs::write(archive.path("archive/warc").join(file), &packed).unwrap();
    archive.alter(&format!(
        "INSERT INTO segments (name, length, sealed) VALUES ('{file}', {0}, 1);
         INSERT INTO captures (url_id, run_id, at, kind, status, mime, payload_id, segment_id, offset,
             length, record_id, elapsed_ms)
         SELECT {url_id}, run_id, 4039372800000, 'response', status, mime, payload_id,
             (SELECT max(id) FROM segments), 0, {0}, x'{1}', 1 FROM captures WHERE id = {lost};
         UPDATE payloads SET capture_id = (SELECT max(id) FROM captures) WHERE capture_id = {lost};
         DELETE FROM reports WHERE capture_id = {lost};
         DELETE FROM captures WHERE id = {lost};",
        packed.len(),
        id.simple()
    ));
}

fn lost_and_held_again(crawled: &Archive) {
    let (_, id, first, _) = seen_twice(crawled);
    let revisits = revisits_of(crawled, first);
    let other =
        *crawled.numbers(&format!("SELECT max(id) FROM urls WHERE id <> {id}")).first().unwrap();
    for (url_id, is_found) in [(id, true), (other, false)] {
        let archive = crawled.copy();
        lost_and_captured_anew(&archive, first, url_id);
        let written = archive.exported("warc", "out", &[]);
        assert_eq!(written["written"]["damaged"], 0);
        let mut expected = archive.numbers("SELECT id FROM captures");
        if !is_found {
            expected.retain(|capture| !revisits.contains(capture));
        }
        assert_eq!(archive.captures_in("out"), expected, "found: {is_found}");
        let lost = if is_found { 0 } else { revisits.len() };
        assert_eq!(archive.snapshot("out")["left_out"]["payload_known_to_be_lost"], lost);
    }
}

fn moved(archive: &Archive) {
    let numbered = "UPDATE reports SET division = '990100' WHERE year = 2020";
    let export = |archive: &Archive| -> Vec<_> {
        let formats = [("warc", "warc"), ("files", "files"), ("csv", "csv"), ("wacz", "all.wacz")];
        for (format, out) in formats {
            archive.exported(format, out, &[]);
        }
        let mut trees: Vec<_> = ["warc", "files", "csv"].map(|out| tree(&archive.path(out))).into();
        trees.push([("wacz".into(), fs::read(archive.path("all.wacz")).unwrap())].into());
        trees
    };
    let here = export(archive);
    let sources = archive.snapshot("warc")["seeds"].clone();
    for seed in sources.as_array().unwrap() {
        assert!(!seed["source"].as_str().unwrap().contains('/'), "{seed}");
    }
    let clean = || {
        let copy = archive.copy();
        for out in ["warc", "files", "csv"] {
            fs::remove_dir_all(copy.path(out)).unwrap();
        }
        fs::remove_file(copy.path("all.wacz")).unwrap();
        copy
    };
    assert!(export(&clean()) == here, "elsewhere");
    let packed = clean();
    packed.alter("VACUUM");
    assert!(export(&packed) == here, "after VACUUM");
    let rebuilt = clean();
    rebuilt.workspace.result(&["rebuild"]);
    rebuilt.alter(numbered);
    for (there, here) in export(&rebuilt).iter().zip(&here) {
        let differing: Vec<_> = here
            .iter()
            .filter(|(name, bytes)| there.get(*name) != Some(bytes))
            .map(|(name, _)| name)
            .collect();
        assert!(there.len() == here.len() && differing.is_empty(), "rebuilt: {differing:?}");
    }
}

fn hosts_in_any_order(archive: &Archive) {
    let (one, other) = ("tjj.baishuizhou.gov.cn", "www.gone.gov.cn");
    let first = archive.exported("warc", "1", &["--host", one, "--host", other]);
    let second = archive.exported(
        "warc",
        "2",
        &["--host", "WWW.gone.gov.cn.", "--host", one, "--host", other],
    );
    assert_eq!(first["sha256"], second["sha256"]);
    // A table of reports names the seeds of its reports, and says how many it leaves.
    archive.exported("csv", "csv", &["--host", one]);
    let snapshot = archive.snapshot("csv");
    assert_eq!(snapshot["seeds"].as_array().unwrap().len(), 1, "{snapshot}");
    let left = snapshot["left_out"]["reports_not_chosen"].as_u64().unwrap();
    assert!(left > 0);
    let readme = fs::read_to_string(archive.path("csv/README.txt")).unwrap();
    assert!(readme.contains(&format!("{left} pages with a report")), "{readme}");
    assert_eq!(snapshot["written"].as_object().unwrap().len(), 2, "{snapshot}");
}

fn losses(archive: &Archive) {
    let (url, _, first, _) = seen_twice(archive);
    let (name, offset, length) = place(archive, first);
    let file = archive.path("archive/warc").join(name);
    let mut bytes = fs::read(&file).unwrap();
    bytes[usize::try_from(offset + length / 2).unwrap()] ^= 0xff;
    fs::write(&file, bytes).unwrap();
    archive.workspace.result(&["repair"]);
    archive.exported("warc", "out", &[]);
    assert_manifest(&archive.path("out"));
    let losses = &archive.snapshot("out")["known_losses"];
    assert_eq!(
        (&losses["records"], &losses["first"][0]["url"]),
        (&Value::from(1), &Value::from(url))
    );
    let readme = fs::read_to_string(archive.path("out/README.txt")).unwrap();
    assert!(readme.contains("1 records known to be lost for good"), "{readme}");
    archive.exported("warc", "elsewhere", &["--host", "www.gone.gov.cn"]);
    assert_eq!(archive.snapshot("elsewhere")["known_losses"]["records"], 0);
}
