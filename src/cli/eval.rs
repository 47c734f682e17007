//! `gongkai eval`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gongkai_report::evaluation::{ASKED_OF_ALL, Judgement, Verdict, judge};
use gongkai_report::{Hints, decode, read};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::output::{Output, count, table};

/// What stands after a page's name for its truth, and for what HTTP said of it.
const TRUTH: &str = ".truth.json";
const HINTS: &str = ".hints.json";

/// Endings of pages.
const PAGES: [&str; 3] = ["txt", "html", "htm"];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder of pages (`*.txt`, `*.html`) with `*.truth.json` beside them, and `*.hints.json`
    /// (`url`, `content_type`, `charset`) where there is more to know; folders in it are read too.
    dir: PathBuf,
    /// A line for every cell too, over all pages.
    #[arg(long)]
    cells: bool,
    /// One JSON object a comparison, and at the end one with the counts.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Default, Clone, Copy, Serialize)]
struct Count {
    right: u64,
    wrong: u64,
    missing: u64,
    needlessly_null: u64,
}

/// What is count over all pages.
#[derive(Debug, Default, Serialize)]
struct Counts {
    pages: usize,
    fields: BTreeMap<String, Count>,
    cells: BTreeMap<String, Count>,
    all_cells: Count,
    all: Count,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Failure> {
    let mut pages = Vec::new();
    find(&args.dir, &mut pages)?;
    if pages.is_empty() {
        return Err(Failure::usage(format!("there is no *{TRUTH} in {}", args.dir.display())));
    }
    pages.sort();
    let mut counts = Counts { pages: pages.len(), ..Counts::default() };
    let mut diff = Vec::new();
    for (page, truth) in &pages {
        let mut of_page = Vec::new();
        for judgement in compare(page, truth)? {
            counts.add(&judgement);
            if args.json {
                let page = page.display().to_string();
                output.json(&json!({ "page": page, "judgement": judgement }))?;
            } else if judgement.verdict != Verdict::Right {
                of_page.push(judgement);
            }
        }
        write_diff(page, &of_page, &mut diff);
    }
    if args.json {
        output.json(&json!({ "counts": counts }))?;
    } else {
        summary(&counts, args.cells, &diff, output)?;
    }
    Ok(if counts.all.wrong == 0 { Exit::Done } else { Exit::Failed })
}

impl Count {
    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Right => self.right += 1,
            Verdict::Wrong => self.wrong += 1,
            Verdict::Missing => self.missing += 1,
            Verdict::NeedlesslyNull => self.needlessly_null += 1,
        }
    }

    fn row(self, name: &str) -> Vec<String> {
        let counts = [self.right, self.wrong, self.missing, self.needlessly_null];
        let mut row = vec![name.to_owned()];
        row.extend(counts.map(|count| count.to_string()));
        row
    }
}

impl Counts {
    fn add(&mut self, judgement: &Judgement) {
        let verdict = judgement.verdict;
        self.all.add(verdict);
        self.fields.entry(judgement.field.clone()).or_default().add(verdict);
        if judgement.is_cell() {
            self.all_cells.add(verdict);
            self.cells.entry(judgement.path.clone()).or_default().add(verdict);
        }
    }
}

/// A page's wrong values as a diff, and what it left out a line each.
fn write_diff(page: &Path, judgements: &[Judgement], diff: &mut Vec<String>) {
    if judgements.is_empty() {
        return;
    }
    diff.push(String::new());
    diff.push(page.display().to_string());
    for judgement in judgements {
        let Judgement { path, expected, found, .. } = judgement;
        match judgement.verdict {
            Verdict::Right => {}
            Verdict::Wrong => {
                diff.push(format!("  wrong            {path}"));
                diff.push(format!("    - {expected}"));
                diff.push(format!("    + {found}"));
            }
            Verdict::Missing => diff.push(format!("  missing          {path}: {expected}")),
            Verdict::NeedlesslyNull => diff.push(format!("  needlessly null  {path}: {expected}")),
        }
    }
}

fn summary(
    counts: &Counts,
    with_cells: bool,
    diff: &[String],
    output: &mut Output,
) -> Result<(), Failure> {
    let head = ["field", "right", "wrong", "missing", "needlessly null"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(counts.fields.iter().map(|(field, count)| count.row(field)));
    if with_cells {
        rows.extend(counts.cells.iter().map(|(path, count)| count.row(path)));
    }
    rows.push(counts.all_cells.row("all cells"));
    output.line(table(&rows))?;
    for line in diff {
        output.line(line)?;
    }
    let Counts { pages, all, all_cells, .. } = counts;
    output.line(format!(
        "{}; wrong: {}, of them cells: {}; null that should not be: {}",
        count(*pages as u64, "page"),
        all.wrong,
        all_cells.wrong,
        all.missing + all.needlessly_null
    ))
}

/// The pages of a folder that have a truth beside them.
fn find(dir: &Path, pages: &mut Vec<(PathBuf, PathBuf)>) -> Result<(), Failure> {
    let entries = std::fs::read_dir(dir)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", dir.display())))?;
    for entry in entries {
        let path = entry.map_err(Failure::failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(stem) = name.strip_suffix(TRUTH) {
            let page = PAGES.map(|ending| path.with_file_name(format!("{stem}.{ending}")));
            let Some(page) = page.into_iter().find(|page| page.exists()) else {
                let message = format!("{} has no page beside it", path.display());
                return Err(Failure::usage(message));
            };
            pages.push((page, path));
        } else if path.is_dir() {
            find(&path, pages)?;
        }
    }
    Ok(())
}

/// What HTTP said of a page, as a file beside it says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    url: Option<String>,
    content_type: Option<String>,
    charset: Option<String>,
}

fn compare(page: &Path, truth: &Path) -> Result<Vec<Judgement>, Failure> {
    let bytes = bytes(page)?;
    let said = truth.with_file_name(
        truth.file_name().and_then(|name| name.to_str()).unwrap_or_default().replace(TRUTH, HINTS),
    );
    let said: Said = if said.exists() { parse(&said)? } else { Said::default() };
    let hints = Hints {
        url: said.url.as_deref(),
        content_type: said.content_type.as_deref(),
        charset: said.charset.as_deref(),
    };
    let report = read(&decode(&bytes, &hints), &hints);
    let report = serde_json::to_value(report).map_err(Failure::failed)?;
    let expected: Value = parse(truth)?;
    check_truth(truth, &expected, &report)?;
    Ok(judge(&report, &expected))
}

/// A truth judges something, and by keys that a report has.
fn check_truth(path: &Path, truth: &Value, report: &Value) -> Result<(), Failure> {
    let keys = truth.as_object().filter(|keys| !keys.is_empty()).ok_or_else(|| {
        Failure::usage(format!("{} is no object with the keys of a report", path.display()))
    })?;
    let is_known = |key: &str| report.get(key).is_some() || ASKED_OF_ALL.contains(&key);
    match keys.keys().find(|key| !is_known(key)) {
        Some(key) => {
            Err(Failure::usage(format!("{}: no report has a key `{key}`", path.display())))
        }
        None => Ok(()),
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    serde_json::from_slice(&bytes(path)?).map_err(|error| {
        let what = if error.is_data() { "is not what it should be" } else { "is no JSON" };
        Failure::usage(format!("{} {what}: {error}", path.display()))
    })
}
