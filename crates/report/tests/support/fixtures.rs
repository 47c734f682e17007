//! The pages of `tests/fixtures`, each with its truth and what HTTP said of it.

use std::fs;
use std::path::{Path, PathBuf};

use gongkai_report::{Hints, Report, decode, read_with_evidence};
use serde_json::Value;

/// A page that lies beside.
pub struct Fixture {
    /// `text/tabs_2021`.
    pub name: String,
    pub bytes: Vec<u8>,
    pub truth: Value,
    hints: Value,
}

impl Fixture {
    /// What the parser says of so much of it.
    pub fn parse(&self, bytes: &[u8]) -> Report {
        let said = |key: &str| self.hints.get(key).and_then(Value::as_str);
        let hints = Hints {
            url: said("url"),
            content_type: said("content_type"),
            charset: said("charset"),
        };
        read_with_evidence(&decode(bytes, &hints), &hints)
    }
}

/// Every page, in the order of their names.
pub fn all() -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut truths = Vec::new();
    find(&root, &mut truths);
    truths.sort();
    truths.iter().map(|truth| fixture(&root, truth)).collect()
}

fn find(dir: &Path, truths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, truths);
        } else if path.to_str().unwrap().ends_with(".truth.json") {
            truths.push(path);
        }
    }
}

fn fixture(root: &Path, truth: &Path) -> Fixture {
    let stem = truth.to_str().unwrap().strip_suffix(".truth.json").unwrap();
    let page = ["html", "txt"].map(|ending| PathBuf::from(format!("{stem}.{ending}")));
    let page =
        page.iter().find(|page| page.exists()).unwrap_or_else(|| panic!("{stem} has no page"));
    let hints = PathBuf::from(format!("{stem}.hints.json"));
    Fixture {
        name: Path::new(stem).strip_prefix(root).unwrap().to_str().unwrap().to_owned(),
        bytes: fs::read(page).unwrap(),
        truth: serde_json::from_slice(&fs::read(truth).unwrap()).unwrap(),
        hints: fs::read(hints).map_or(Value::Null, |hints| serde_json::from_slice(&hints).unwrap()),
    }
}
