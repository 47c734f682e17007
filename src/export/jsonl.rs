//! `jsonl`: the reports as `reports --json` prints them, and their numbers, one object a line.

use serde_json::json;

use super::beside::{Beside, Folder};
use super::{ExportError, Size, Work, cells, snapshot};

const REPORTS: &str = "reports.jsonl";
const CELLS: &str = "cells.jsonl";

/// Writes the folder.
pub(super) fn write(work: &mut Work<'_>, beside: &Beside) -> Result<Size, ExportError> {
    let mut folder = Folder::new(beside, work.selection);
    let mut reports = folder.create(REPORTS)?;
    let mut cells = folder.create(CELLS)?;
    cells::each(work, |report, object, count| {
        reports.write(format!("{}\n", snapshot::line(object)).as_bytes())?;
        cells::each_of(object, |cell| {
            *count += 1;
            let line = json!({
                "agency": report.agency,
                "year": report.year,
                "division": report.division,
                "table": cell.table,
                "row": cell.row,
                "column": cell.column,
                "value": cell.value,
                "url": report.url,
                "captured_at": report.captured_at,
                "payload": report.payload.map(|payload| payload.to_string()),
            });
            cells.write(format!("{line}\n").as_bytes())
        })
    })?;
    folder.end(REPORTS, reports)?;
    folder.end(CELLS, cells)?;
    snapshot::put(work, &mut folder)?;
    folder.finish()
}
