//! `gongkai eval`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gongkai_report::evaluation::{Judgement, Verdict, judge};
use gongkai_report::{Hints, decode, read};
use serde_json::Value;

use super::exit::{Exit, Failure};
use super::output::{Output, table};

/// What stands after a page's name for its truth.
const TRUTH: &str = ".truth.json";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder of pages (`*.txt`, `*.html`) with `*.truth.json` beside them.
    dir: PathBuf,
    /// One JSON object a comparison.
    #[arg(long)]
    json: bool,
}

#[derive(Default, Clone, Copy)]
struct Count {
    right: u64,
    wrong: u64,
    missing: u64,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Failure> {
    let mut fields: BTreeMap<String, Count> = BTreeMap::new();
    let mut cells = Count::default();
    let mut wrong = Vec::new();
    let pairs = pairs(&args.dir)?;
    for (page, truth) in &pairs {
        for judgement in compare(page, truth)? {
            fields.entry(judgement.field.clone()).or_default().add(judgement.verdict);
            if judgement.is_cell() {
                cells.add(judgement.verdict);
            }
            if args.json {
                let page = page.display().to_string();
                output.json(&serde_json::json!({ "page": page, "judgement": judgement }))?;
            } else if judgement.verdict == Verdict::Wrong {
                wrong.push(format!(
                    "wrong  {}: {}: expected {}, found {}",
                    page.display(),
                    judgement.path,
                    judgement.expected,
                    judgement.found
                ));
            }
        }
    }
    if !args.json {
        summary(&fields, cells, &wrong, pairs.len(), output)?;
    }
    Ok(if cells.wrong == 0 { Exit::Done } else { Exit::Failed })
}

impl Count {
    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Right => self.right += 1,
            Verdict::Wrong => self.wrong += 1,
            Verdict::Missing => self.missing += 1,
        }
    }

    fn row(self, name: &str) -> Vec<String> {
        vec![
            name.to_owned(),
            self.right.to_string(),
            self.wrong.to_string(),
            self.missing.to_string(),
        ]
    }
}

fn summary(
    fields: &BTreeMap<String, Count>,
    cells: Count,
    wrong: &[String],
    pages: usize,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut rows = vec![["field", "right", "wrong", "missing"].map(str::to_owned).to_vec()];
    rows.extend(fields.iter().map(|(field, count)| count.row(field)));
    rows.push(cells.row("all cells"));
    output.line(table(&rows))?;
    for line in wrong {
        output.line(line)?;
    }
    output.line(format!("{pages} pages, wrong cells: {}", cells.wrong))
}

/// The pages of a folder that have a truth beside them, by name.
fn pairs(dir: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
    let entries = std::fs::read_dir(dir)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", dir.display())))?;
    let mut pairs = Vec::new();
    for entry in entries {
        let truth = entry.map_err(Failure::failed)?.path();
        let name = truth.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(stem) = name.strip_suffix(TRUTH) else {
            continue;
        };
        let page = ["txt", "html", "htm"].map(|ending| dir.join(format!("{stem}.{ending}")));
        match page.into_iter().find(|page| page.exists()) {
            Some(page) => pairs.push((page, truth)),
            None => {
                return Err(Failure::usage(format!("{} has no page beside it", truth.display())));
            }
        }
    }
    if pairs.is_empty() {
        return Err(Failure::usage(format!("there is no *{TRUTH} in {}", dir.display())));
    }
    pairs.sort();
    Ok(pairs)
}

fn compare(page: &Path, truth: &Path) -> Result<Vec<Judgement>, Failure> {
    let named = |path: &Path, error: &dyn std::fmt::Display| {
        Failure::usage(format!("cannot read {}: {error}", path.display()))
    };
    let bytes = std::fs::read(page).map_err(|error| named(page, &error))?;
    let hints = Hints::default();
    let report =
        serde_json::to_value(read(&decode(&bytes, &hints), &hints)).map_err(Failure::failed)?;
    let text = std::fs::read(truth).map_err(|error| named(truth, &error))?;
    let truth: Value = serde_json::from_slice(&text).map_err(|error| named(truth, &error))?;
    Ok(judge(&report, &truth))
}
