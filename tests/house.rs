//! The rules of the house that a reader relies on.

use std::fs;
use std::path::{Path, PathBuf};

/// Files longer than this, tests left aside, are two files.
const LONGEST_FILE: usize = 500;

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn all() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for dir in ["src", "crates/report/src", "tests", "benches"] {
        sources(&root.join(dir), &mut found);
    }
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

#[test]
fn every_file_says_what_it_holds_and_holds_no_more_than_one_can_read() {
    for (path, text) in all() {
        assert!(text.starts_with("//! "), "{}", path.display());
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        assert!(code.lines().count() <= LONGEST_FILE, "{}", path.display());
    }
}

#[test]
fn a_module_uses_only_those_above_it() {
    let lib = include_str!("../src/lib.rs");
    let order: Vec<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(order.len() > 15);
    for (path, text) in all() {
        let Ok(inside) = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        else {
            continue;
        };
        let module = inside
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs");
        let Some(place) = order.iter().position(|known| *known == module) else {
            continue;
        };
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for below in &order[place + 1..] {
            let word = format!("crate::{below}");
            let used = code
                .match_indices(&word)
                .any(|(at, _)| code[at + word.len()..].starts_with([':', ';', ' ', ',']));
            assert!(!used, "{} uses {below}, which stands below it", path.display());
        }
    }
}
