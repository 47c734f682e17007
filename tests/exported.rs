//! What leaves the archive is what was asked for, checkable, and the same each time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use gongkai::archive::read::Records;
use gongkai::digest::Digest;
use serde_json::Value;

use crate::exports::{Archive, assert_line, assert_manifest, records, tree};

const FOLDERS: [&str; 4] = ["warc", "files", "csv", "jsonl"];

/// In words, and as what holds it.
type Promise = (&'static str, fn(&Archive));

#[test]
fn one_archive_keeps_every_promise_of_its_exports() {
    let archive = Archive::crawled();
    let promises: [Promise; 8] = [
        ("the same archive and filter give the same bytes", same_bytes),
        ("a folder holds exchanges whole, and a line for each that is replayed", whole_exchanges),
        ("a file is cut at the configured size", cut_at_size),
        ("a revisit brings its original along", originals_come_along),
        ("a filter lets through what it says", filters),
        ("payloads lie under their hashes", payloads),
        ("the numbers are those of the reports", numbers),
        ("a WACZ is what its specification says", wacz),
    ];
    for (name, promise) in promises {
        writeln!(std::io::stderr(), "{name}").unwrap();
        promise(&archive);
        assert_eq!(archive.unfinished(), Vec::<String>::new(), "{name}");
    }
}

fn same_bytes(archive: &Archive) {
    for format in FOLDERS {
        let one = archive.exported(format, &format!("{format}-1"), &["--latest"]);
        let other = archive.exported(format, &format!("{format}-2"), &["--latest"]);
        assert_eq!(one["sha256"], other["sha256"], "{format}");
        let trees = ["-1", "-2"].map(|which| tree(&archive.path(&format!("{format}{which}"))));
        assert!(trees[0] == trees[1], "{format}");
        assert_manifest(&archive.path(&format!("{format}-1")));
        let files = one["files"].as_u64().unwrap();
        assert_eq!(files, trees[0].len() as u64, "{format}");
    }
    archive.exported("wacz", "1.wacz", &[]);
    let written = archive.exported("wacz", "2.wacz", &[]);
    let bytes = ["1.wacz", "2.wacz"].map(|name| fs::read(archive.path(name)).unwrap());
    assert!(bytes[0] == bytes[1]);
    assert_eq!(written["sha256"], Digest::of(&bytes[0]).hex());
}

fn whole_exchanges(archive: &Archive) {
    archive.exported("warc", "all", &[]);
    assert_manifest(&archive.path("all"));
    let all = archive.numbers("SELECT id FROM captures");
    assert_eq!(archive.captures_in("all"), all);
    let copied = records(&archive.path("all"));
    // All that was archived is there, but for what heads the files.
    let kept: Vec<(String, String)> = archive
        .workspace
        .warc_files()
        .iter()
        .flat_map(|file| Records::open(file).unwrap())
        .map(|found| found.unwrap().record)
        .filter(|record| record.field("WARC-Target-URI").is_some())
        .map(|record| {
            (record.field("WARC-Record-ID").unwrap().to_owned(), record.kind().to_owned())
        })
        .collect();
    assert_eq!(copied[0].1, "warcinfo");
    assert_eq!(copied[1..], kept);
    let failed =
        archive.numbers("SELECT id FROM captures WHERE kind NOT IN ('response', 'revisit')");
    assert!(!failed.is_empty());
    let index = fs::read_to_string(archive.path("all/index.cdxj")).unwrap();
    assert_eq!(index.lines().count(), all.len() - failed.len());
    assert!(index.lines().is_sorted());
    for line in index.lines() {
        assert_line(&archive.path("all"), line);
    }
}

fn cut_at_size(archive: &Archive) {
    let mut command = archive.workspace.command(&["export", "warc", "--out", "cut"]);
    assert!(command.env("GONGKAI_ARCHIVE__WARC_SIZE", "100KiB").output().unwrap().status.success());
    let cut = tree(&archive.path("cut"));
    let files: Vec<_> = cut.iter().filter(|(name, _)| name.extension().unwrap() == "gz").collect();
    assert!(files.len() > 2);
    assert_eq!(files[0].0, Path::new("gongkai-00001.warc.gz"));
    for (name, _) in files {
        let first =
            Records::open(&archive.path("cut").join(name)).unwrap().next().unwrap().unwrap();
        assert_eq!(first.record.field("WARC-Filename"), name.to_str());
        let block = String::from_utf8_lossy(first.record.block()).into_owned();
        assert!(block.contains("operator: test@gongkai.example\r\n"), "{block}");
    }
    let lines = fs::read_to_string(archive.path("cut/index.cdxj")).unwrap();
    for line in lines.lines().step_by(20) {
        assert_line(&archive.path("cut"), line);
    }
}

fn originals_come_along(archive: &Archive) {
    let written = archive.exported("warc", "second", &["--since", &archive.second]);
    let at = "SELECT id FROM captures WHERE at >";
    let first: i64 =
        *archive.numbers("SELECT max(at) FROM captures WHERE run_id = 1").first().unwrap();
    let chosen = archive.numbers(&format!("{at} {first}"));
    let originals = archive.numbers(&format!(
        "SELECT p.capture_id FROM captures c JOIN payloads p ON p.id = c.payload_id
         WHERE c.kind = 'revisit' AND c.at > {first}"
    ));
    assert!(originals.len() > 20);
    let expected: BTreeSet<i64> = chosen.union(&originals).copied().collect();
    assert_eq!(archive.captures_in("second"), expected);
    let along = (expected.len() - chosen.len()) as u64;
    assert_eq!(written["written"]["brought_along"].as_u64(), Some(along));
    let index = fs::read_to_string(archive.path("second/index.cdxj")).unwrap();
    assert!(index.contains("warc/revisit"));
    for line in index.lines() {
        assert_line(&archive.path("second"), line);
    }
}

fn filters(archive: &Archive) {
    let of_report = "SELECT c.id FROM captures c JOIN reports r ON r.url_id = c.url_id
        JOIN captures o ON o.id = r.capture_id AND o.payload_id = c.payload_id";
    let until = archive.second.as_str();
    let cases: [(&[&str], String); 6] = [
        (
            &["--host", "TJJ.baishuizhou.gov.cn", "--host", "www.gone.gov.cn"],
            "SELECT c.id FROM captures c JOIN urls u ON u.id = c.url_id JOIN hosts h ON h.id = u.host_id
             WHERE h.name LIKE 'tjj%' OR h.name LIKE 'www.gone%'"
                .to_owned(),
        ),
        (&["--reports-only"], of_report.to_owned()),
        (&["--year", "2021"], format!("{of_report} WHERE r.year = 2021")),
        (&["--division", "99"], format!("{of_report} WHERE r.division LIKE '99%'")),
        (&["--until", until], "SELECT id FROM captures WHERE run_id = 1".to_owned()),
        (
            &["--latest"],
            "SELECT id FROM captures c WHERE kind IN ('response', 'revisit') AND id = (SELECT id FROM captures l
                 WHERE l.url_id = c.url_id AND kind IN ('response', 'revisit')
                 ORDER BY status NOT IN (200, 304), at DESC, id DESC LIMIT 1)"
                .to_owned(),
        ),
    ];
    for (number, (filter, sql)) in cases.iter().enumerate() {
        let out = format!("filter-{number}");
        let written = archive.exported("warc", &out, filter);
        let expected = archive.numbers(sql);
        assert!(!expected.is_empty(), "{filter:?}");
        assert_eq!(written["captures_chosen"], expected.len(), "{filter:?}");
        let holds = archive.captures_in(&out);
        assert!(holds.is_superset(&expected), "{filter:?}");
        let along = written["written"]["brought_along"].as_u64().unwrap();
        assert_eq!(holds.len() as u64, expected.len() as u64 + along, "{filter:?}");
        assert_manifest(&archive.path(&out));
        let snapshot = fs::read_to_string(archive.path(&out).join("snapshot.json")).unwrap();
        let snapshot: Value = serde_json::from_str(&snapshot).unwrap();
        assert_eq!(snapshot["operator"], "test@gongkai.example");
        let left: u64 =
            snapshot["left_out"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
        let all = archive.numbers("SELECT id FROM captures").len();
        assert_eq!(left, (all - expected.len()) as u64, "{filter:?}");
    }
}

fn payloads(archive: &Archive) {
    archive.exported("files", "files", &[]);
    assert_manifest(&archive.path("files"));
    let files = tree(&archive.path("files"));
    let mut hashes = BTreeSet::new();
    for (name, bytes) in files.iter().filter(|(name, _)| name.starts_with("payloads")) {
        let hash = name.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(Digest::of(bytes).hex(), hash);
        hashes.insert(format!("sha256:{hash}"));
    }
    let table = &files[Path::new("captures.csv")];
    let mut table = csv::Reader::from_reader(table.as_slice());
    let rows: Vec<BTreeMap<String, String>> = table.deserialize().map(Result::unwrap).collect();
    let answers = archive.numbers("SELECT id FROM captures WHERE kind IN ('response', 'revisit')");
    assert_eq!(rows.len(), answers.len());
    let named: BTreeSet<String> = rows.iter().map(|row| row["payload"].clone()).collect();
    assert_eq!(named, hashes);
    for row in &rows {
        assert!(files.contains_key(Path::new(&row["path"])), "{row:?}");
    }
}

fn numbers(archive: &Archive) {
    archive.exported("jsonl", "jsonl", &[]);
    archive.exported("csv", "csv", &[]);
    let reports = archive.workspace.result(&["reports", "--json"]);
    assert_eq!(fs::read_to_string(archive.path("jsonl/reports.jsonl")).unwrap(), reports);
    let mut expected: BTreeMap<String, f64> = BTreeMap::new();
    let mut count = 0;
    for report in reports.lines() {
        let report: Value = serde_json::from_str(report).unwrap();
        for table in ["proactive", "requests", "reviews"] {
            for (row, cells) in report[table].as_object().into_iter().flatten() {
                for (column, value) in cells.as_object().into_iter().flatten() {
                    if let Some(value) = value.as_f64() {
                        *expected.entry(format!("{table}.{row}.{column}")).or_default() += value;
                        count += 1;
                    }
                }
            }
        }
    }
    let sums = |rows: Vec<BTreeMap<String, String>>| {
        assert_eq!(rows.len(), count);
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for row in rows {
            let key = format!("{}.{}.{}", row["table"], row["row"], row["column"]);
            *sums.entry(key).or_default() += row["value"].parse::<f64>().unwrap();
            assert!(row["url"].starts_with("http") && row["payload"].starts_with("sha256:"));
        }
        sums
    };
    let csv = fs::read(archive.path("csv/cells.csv")).unwrap();
    let rows = csv::Reader::from_reader(csv.as_slice()).deserialize().map(Result::unwrap).collect();
    assert_eq!(sums(rows), expected);
    let lines = fs::read_to_string(archive.path("jsonl/cells.jsonl")).unwrap();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let row = |line: &str| -> BTreeMap<String, String> {
        let object: BTreeMap<String, Value> = serde_json::from_str(line).unwrap();
        object.iter().map(|(name, value)| (name.clone(), text(value))).collect()
    };
    assert_eq!(sums(lines.lines().map(row).collect()), expected);
    let written = archive.exported("csv", "csv-2021", &["--year", "2021"]);
    let of_2021 = archive.workspace.result(&["reports", "--json", "--year", "2021"]);
    assert_eq!(written["written"]["reports"], of_2021.lines().count());
}

fn wacz(archive: &Archive) {
    archive.exported("wacz", "all.wacz", &[]);
    let mut zip = zip::ZipArchive::new(fs::File::open(archive.path("all.wacz")).unwrap()).unwrap();
    let mut parts = BTreeMap::new();
    for index in 0..zip.len() {
        let mut part = zip.by_index(index).unwrap();
        assert_eq!(part.compression(), zip::CompressionMethod::Stored);
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).unwrap();
        parts.insert(part.name().unwrap().into_owned(), bytes);
    }
    let object = |name: &str| serde_json::from_slice::<Value>(&parts[name]).unwrap();
    let package = object("datapackage.json");
    assert_eq!(package["wacz_version"], "1.1.1");
    let digest = object("datapackage-digest.json");
    assert_eq!(digest["hash"], Digest::of(&parts["datapackage.json"]).to_string());
    let mut listed =
        BTreeSet::from(["datapackage.json".to_owned(), "datapackage-digest.json".into()]);
    for resource in package["resources"].as_array().unwrap() {
        let path = resource["path"].as_str().unwrap();
        assert_eq!(resource["hash"], Digest::of(&parts[path]).to_string());
        assert_eq!(resource["bytes"], parts[path].len());
        listed.insert(path.to_owned());
    }
    assert_eq!(listed, parts.keys().cloned().collect());
    assert!(parts.contains_key("snapshot/snapshot.json"));

    let mut lines = String::new();
    MultiGzDecoder::new(parts["indexes/index.cdx.gz"].as_slice())
        .read_to_string(&mut lines)
        .unwrap();
    assert!(lines.lines().is_sorted());
    archive.exported("warc", "as-warc", &[]);
    assert_eq!(lines, fs::read_to_string(archive.path("as-warc/index.cdxj")).unwrap());
    let warc = "gongkai-00001.warc.gz";
    assert_eq!(
        parts[&format!("archive/{warc}")],
        fs::read(archive.path("as-warc").join(warc)).unwrap()
    );

    let pages = String::from_utf8(parts["pages/pages.jsonl"].clone()).unwrap();
    let pages: Vec<Value> = pages.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(pages[0]["format"], "json-pages-1.0");
    let reports = archive.workspace.result(&["reports", "--json"]);
    let reports: Vec<Value> =
        reports.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (page, report) in pages[1..].iter().zip(&reports) {
        assert_eq!((&page["url"], &page["title"]), (&report["url"], &report["title"]));
    }
    assert!(pages.len() > reports.len() + 20);
    let urls: BTreeSet<&str> =
        pages[1..].iter().map(|page| page["url"].as_str().unwrap()).collect();
    assert_eq!(urls.len(), pages.len() - 1, "each once");
    let titled = pages.iter().filter(|page| page["title"] != page["url"]).count();
    assert!(titled * 10 > pages.len() * 9);
}
