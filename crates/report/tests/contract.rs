//! What the parser emits is what `docs/report.schema.json` and `docs/REPORT.md` publish.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use gongkai_report::json_schema;
use serde_json::Value;

use crate::support::fixtures;

fn docs(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

/// `UPDATE=1 cargo test -p gongkai-report` writes the schema anew.
#[test]
fn the_published_schema_is_that_of_the_code() {
    let path = docs("report.schema.json");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, format!("{:#}\n", json_schema())).unwrap();
    }
    let published: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(published, json_schema(), "run the tests with UPDATE=1");
}

#[test]
fn what_the_parser_says_of_every_page_is_valid_by_the_published_schema() {
    let schema: Value =
        serde_json::from_slice(&fs::read(docs("report.schema.json")).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for fixture in fixtures::all() {
        let report = serde_json::to_value(fixture.parse(&fixture.bytes)).unwrap();
        let errors: Vec<String> = validator.iter_errors(&report).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", fixture.name);
    }
}

#[test]
fn every_warning_that_the_pages_bring_is_explained_in_the_docs() {
    let text = fs::read_to_string(docs("REPORT.md")).unwrap();
    let codes: BTreeSet<&str> = fixtures::all()
        .iter()
        .flat_map(|fixture| fixture.parse(&fixture.bytes).warnings)
        .map(|warning| warning.code)
        .collect();
    for code in &codes {
        assert!(text.contains(&format!("| `{code}` |")), "docs/REPORT.md does not explain {code}");
    }
    assert!(codes.len() > 8, "{codes:?}");
}
