//! `gongkai reports`

use super::exit::{Exit, Failure};
use super::open;
use super::output::{self, Output, table};
use crate::config::Config;
use crate::db::DbError;
use crate::db::reports::{ReportFilter, ReportRow};
use crate::export::csv;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The year reported on.
    #[arg(long, value_name = "Y")]
    year: Option<i64>,
    /// A part of the agency's name.
    #[arg(long, value_name = "S")]
    agency: Option<String>,
    /// The administrative division, or the beginning of its number.
    #[arg(long, value_name = "D", value_parser = division)]
    division: Option<String>,
    /// One JSON object a line: the report's own keys, with url, `captured_at` and payload.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Comma-separated values, a header first.
    #[arg(long)]
    csv: bool,
}

/// A number of GB/T 2260, or its beginning.
pub(super) fn division(text: &str) -> Result<String, &'static str> {
    let is_one = (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_one {
        Ok(text.to_owned())
    } else {
        Err("expected up to six digits, such as 640221 or 64")
    }
}

pub(super) fn run(args: &Args, config: &Config, output: &mut Output) -> Result<Exit, Failure> {
    let db = open(config)?;
    let filter = ReportFilter {
        year: args.year,
        agency: args.agency.clone(),
        division: args.division.clone(),
    };
    let mut rows = Vec::new();
    if args.csv {
        output.bytes(&csv::line(&ReportRow::COLUMNS).map_err(Failure::failed)?)?;
    }
    let count = db.each_report(&filter, |report| {
        if args.json {
            output.json(&report.object()?)
        } else if args.csv {
            output.bytes(&csv::line(&report.cells()).map_err(Failure::failed)?)
        } else {
            rows.push(short(&report));
            Ok(())
        }
    })?;
    if !rows.is_empty() {
        output.line(table(&rows))?;
    }
    if !args.json && !args.csv {
        output.remark(output::count(count, "report"));
    }
    Ok(Exit::Done)
}

fn short(report: &ReportRow) -> Vec<String> {
    let [agency, year, _, _, format, ..] = report.cells();
    vec![agency, year, format, report.url.clone()]
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Self::failed(error)
    }
}
