//! What an export says of itself: `snapshot.json` for machines, `README.txt` for people, and the record
//! that heads each WARC file.

use std::ffi::OsStr;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::beside::{Folder, MANIFEST};
use super::proof::DAMAGED_NAMED;
use super::{ExportError, Format, Work};
use crate::db::stated::{KnownLoss, SeedName};

/// So many seeds are named in the head of a WARC file; the snapshot names all.
const SEEDS_NAMED: usize = 50;

/// So many losses are named; all are counted.
const LOSSES_NAMED: usize = 1_000;

/// A value as one line of JSON.
pub(super) fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A value as JSON for reading.
pub(super) fn json(value: &Value) -> String {
    format!("{value:#}\n")
}

/// What the export is called.
pub(super) fn title(work: &Work<'_>) -> String {
    let of = match work.request.format {
        Format::Csv | Format::Jsonl => format!("{} reports", work.tally.reports),
        _ => format!("{} captures", work.tally.captures),
    };
    format!("{of} of a gongkai archive as of {}", work.as_of)
}

/// What was chosen, in words.
pub(super) fn choice(work: &Work<'_>) -> String {
    let filter = &work.request.filter;
    let mut words = Vec::new();
    if let Some(since) = filter.since {
        words.push(format!("captured since {since}"));
    }
    if let Some(before) = filter.before {
        words.push(format!("captured before {before}"));
    }
    if !filter.hosts.is_empty() {
        words.push(format!("at {}", filter.hosts.join(", ")));
    }
    if filter.is_of_reports() {
        words.push("read as a report".to_owned());
    }
    if let Some(year) = filter.year {
        words.push(format!("on the year {year}"));
    }
    if let Some(division) = &filter.division {
        words.push(format!("of the division {division}"));
    }
    if filter.latest {
        words.push("of each URL the latest capture".to_owned());
    }
    if words.is_empty() { "everything".to_owned() } else { words.join("; ") }
}

/// What it is, in a sentence or two.
pub(super) fn description(work: &Work<'_>) -> Result<String, ExportError> {
    let seeds = seeds(work)?;
    let operator = work.request.operator.as_deref().unwrap_or("an operator who is not named");
    Ok(format!(
        "Annual reports on government information disclosure (政府信息公开工作年度报告) and the pages \
         around them, archived by {} for {operator}, from {}. Chosen: {}.",
        work.request.software,
        seed_words(&seeds),
        choice(work)
    ))
}

/// Each with the name of its file, whatever the folder was called: the same archive gives the same bytes
/// from anywhere.
fn seeds(work: &Work<'_>) -> Result<Vec<SeedName>, ExportError> {
    let mut seeds = work.selection.seeds()?;
    for seed in &mut seeds {
        let name = Path::new(&seed.source).file_name().and_then(OsStr::to_str);
        // An address has slashes, too.
        if let Some(name) = name.filter(|_| !seed.source.contains("://")) {
            seed.source = name.to_owned();
        }
    }
    Ok(seeds)
}

fn seed_words(seeds: &[SeedName]) -> String {
    let mut names: Vec<&str> =
        seeds.iter().take(SEEDS_NAMED).map(|seed| seed.name.as_str()).collect();
    let more = seeds.len().saturating_sub(names.len());
    let more = format!("{more} more");
    if seeds.len() > names.len() {
        names.push(&more);
    }
    format!("{} seeds ({})", seeds.len(), names.join(", "))
}

/// What heads each WARC file.
pub(super) fn excerpt_fields(work: &Work<'_>) -> Result<Vec<(&'static str, String)>, ExportError> {
    let mut fields = vec![
        ("software", work.request.software.clone()),
        ("format", "WARC File Format 1.1".to_owned()),
        (
            "conformsTo",
            "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
                .to_owned(),
        ),
    ];
    if let Some(operator) = &work.request.operator {
        fields.push(("operator", operator.clone()));
    }
    fields.push(("isPartOf", format!("a gongkai archive as of {}", work.as_of)));
    fields.push((
        "description",
        format!(
            "an excerpt: records copied byte for byte out of the WARC files of that archive. Chosen: {}. \
             Found from {}",
            choice(work),
            seed_words(&seeds(work)?)
        ),
    ));
    Ok(fields)
}

/// The whole of it, for machines.
pub(super) fn object(work: &Work<'_>) -> Result<Value, ExportError> {
    let (losses, first) = known_losses(work)?;
    let mut object = json!({
        "schema": "gongkai-export/1",
        "format": work.request.format,
        "title": title(work),
        "description": description(work)?,
        "software": work.request.software,
        "operator": work.request.operator,
        "as_of": work.as_of,
        "filter": work.request.filter,
        "seeds": seeds(work)?,
        "written": written(work),
        "left_out": left_out(work)?,
        "known_losses": {"records": losses, "first": first},
    });
    if let Some(object) = object.as_object_mut() {
        if !is_of_reports(work) {
            let counts = &work.counts;
            object.insert("captures_in_the_archive".to_owned(), Value::from(counts.archive));
            object.insert("captures_chosen".to_owned(), Value::from(counts.chosen));
            object.insert("damaged".to_owned(), json!(work.damaged));
        }
        object.insert("how_to_check".to_owned(), json!(checks(work.request.format)));
    }
    Ok(object)
}

fn is_of_reports(work: &Work<'_>) -> bool {
    matches!(work.request.format, Format::Csv | Format::Jsonl)
}

/// What this format has room for.
fn written(work: &Work<'_>) -> Value {
    let tally = &work.tally;
    match work.request.format {
        Format::Warc | Format::Wacz => json!({
            "captures": tally.captures,
            "brought_along": tally.brought_along,
            "responses": tally.responses,
            "payload_bytes": tally.payload_bytes,
        }),
        Format::Files => json!({
            "captures": tally.captures,
            "payloads": tally.payloads,
            "payload_bytes": tally.payload_bytes,
        }),
        Format::Csv | Format::Jsonl => json!({"reports": tally.reports, "cells": tally.cells}),
    }
}

fn left_out(work: &Work<'_>) -> Result<Value, ExportError> {
    if is_of_reports(work) {
        return Ok(json!({"reports_not_chosen": reports_not_chosen(work)?}));
    }
    let (counts, tally) = (&work.counts, &work.tally);
    let mut left_out = json!({
        "captured_at_another_time": counts.other_time,
        "of_other_hosts": counts.other_hosts,
        "without_such_a_report": counts.no_such_report,
        "not_the_latest_of_their_url": counts.not_latest,
        "payload_known_to_be_lost": tally.known_lost,
        "damaged": tally.damaged,
    });
    // The others have room for exchanges without an answer.
    if let (Format::Files, Some(object)) = (work.request.format, left_out.as_object_mut()) {
        object.insert("without_an_answer".to_owned(), Value::from(tally.no_answer));
    }
    Ok(left_out)
}

fn reports_not_chosen(work: &Work<'_>) -> Result<u64, ExportError> {
    Ok(work.selection.pages_with_reports()?.saturating_sub(work.tally.reports))
}

/// What a repair wrote off, of the time and the hosts asked for: how many records, and the first of them.
fn known_losses(work: &Work<'_>) -> Result<(u64, Vec<KnownLoss>), ExportError> {
    let (mut count, mut first) = (0, Vec::new());
    work.selection.each_loss(|loss| {
        count += 1;
        if first.len() < LOSSES_NAMED {
            first.push(loss);
        }
    })?;
    Ok((count, first))
}

fn checks(format: Format) -> Vec<&'static str> {
    let manifest =
        "sha256sum --quiet -c manifest-sha256.txt: every file of this folder against its hash";
    match format {
        Format::Warc => vec![
            manifest,
            "gunzip -t gongkai-*.warc.gz: each file is whole; warcio check gongkai-*.warc.gz: each record \
             against its digests",
            "cdxj-indexer --sort gongkai-*.warc.gz: gives index.cdxj",
        ],
        Format::Wacz => vec![
            "wacz validate -f FILE: every part against its hash in datapackage.json, and that against \
             datapackage-digest.json",
            "unzip FILE, then warcio check archive/*.warc.gz: each record against its digests",
        ],
        Format::Files => vec![manifest, "the name of each file under payloads/ is its SHA-256"],
        Format::Csv | Format::Jsonl => vec![
            manifest,
            "each row names the page (url, captured_at) and the SHA-256 of its payload, under which \
             `export files` writes it and `gongkai cat` prints it",
        ],
    }
}

fn holds(format: Format) -> &'static str {
    match format {
        Format::Warc => {
            "gongkai-00001.warc.gz and following: WARC 1.1, one gzip member a record; each exchange whole \
             (response or\n  revisit, request, metadata), byte for byte as archived. A revisit has its original with \
             it.\nindex.cdxj: a line a response or revisit, sorted, for pywb and its kin.\n"
        }
        Format::Wacz => {
            "archive/: WARC 1.1, one gzip member a record, stored uncompressed in the zip; each exchange \
             whole.\nindexes/: the index (CDXJ in blocks). pages/pages.jsonl: reports first, then other pages.\n"
        }
        Format::Files => {
            "payloads/sha256/: each payload once, under the SHA-256 of its bytes.\ncaptures.csv: which URL brought \
             which payload when. Without a path: the payload could not be had.\n  \
             not_page: what was answered in place of the page (a page that says that there is none: soft-404).\n"
        }
        Format::Csv => {
            "reports.csv: a row a report, of each page the latest.\ncells.csv: a row a number of its tables; \
             what a report does not state has no row. With DuckDB:\n  SELECT agency, year, sum(value) FROM \
             read_csv('cells.csv', types={'value': 'DOUBLE', 'division': 'VARCHAR'})\n  WHERE \"table\" = 'requests' \
             AND \"row\" = 'received_new' AND \"column\" = 'total' GROUP BY ALL;\n"
        }
        Format::Jsonl => {
            "reports.jsonl: a report a line (gongkai-report/1), of each page the latest.\ncells.jsonl: a number \
             of its tables a line; what a report does not state has no line.\n"
        }
    }
}

/// The same, for people.
pub(super) fn readme(work: &Work<'_>) -> Result<String, ExportError> {
    let format = work.request.format;
    let mut text = format!(
        "{}\n\n{}\n\nWritten by {}. It is dated by the latest capture of the archive, not by the day of writing: \
         the same archive and choice\ngive the same bytes.\n\nWhat it holds\n\n{}snapshot.json: all that stands \
         here, and every seed, for machines.\n",
        title(work),
        description(work)?,
        work.request.software,
        holds(format)
    );
    if format != Format::Wacz {
        text.push_str(&format!("{MANIFEST}: the SHA-256 of every other file.\n"));
    }
    text.push_str("\nWhat was left out\n\n");
    text.push_str(&left_out_words(work)?);
    text.push_str("\nHow to check it\n\n");
    for check in checks(format) {
        text.push_str(&format!("- {check}\n"));
    }
    Ok(text)
}

fn left_out_words(work: &Work<'_>) -> Result<String, ExportError> {
    let (counts, tally) = (&work.counts, &work.tally);
    let damaged = if work.damaged.len() < DAMAGED_NAMED {
        "damaged captures, or such as need one (snapshot.json names them)".to_owned()
    } else {
        format!(
            "damaged captures, or such as need one (snapshot.json names {DAMAGED_NAMED} of them)"
        )
    };
    let not_chosen = if is_of_reports(work) { reports_not_chosen(work)? } else { 0 };
    let reasons = [
        (not_chosen, "pages with a report: none that the choice lets through"),
        (counts.other_time, "captures: made at another time"),
        (counts.other_hosts, "captures: of other hosts"),
        (counts.no_such_report, "captures: no such report was read from them"),
        (counts.not_latest, "captures: not the latest page of their URL"),
        (
            tally.no_answer,
            "captures: there was no answer, or one that asks for peace (429, 503) or comes from a firewall or a network",
        ),
        (tally.known_lost, "captures: their payload is known to be lost"),
        (tally.damaged, &damaged),
    ];
    let mut text = String::new();
    for (count, what) in reasons.iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!("{count} {what}\n"));
    }
    let (losses, _) = known_losses(work)?;
    if losses > 0 {
        text.push_str(&format!(
            "{losses} records known to be lost for good (snapshot.json names the first)\n"
        ));
    }
    text.push_str(
        "An archive holds what was fetched. What a crawl left out (outside the seeds' scope, or forbidden by \
         robots.txt when\nit was due) is not in it, and is not counted here.\n",
    );
    Ok(text)
}

/// Puts both into a folder.
pub(super) fn put(work: &Work<'_>, folder: &mut Folder<'_>) -> Result<(), ExportError> {
    folder.put("snapshot.json", &json(&object(work)?))?;
    folder.put("README.txt", &readme(work)?)
}
