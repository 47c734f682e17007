//! `csv`: the reports and their numbers as comma-separated values (RFC 4180, UTF-8, a header first).

use std::path::PathBuf;

use super::beside::{Beside, Folder, NewFile};
use super::cells::{self, Cell};
use super::{ExportError, Size, Work, snapshot};
use crate::db::reports::ReportRow;

const REPORTS: &str = "reports.csv";
const CELLS: &str = "cells.csv";

/// How CSV is written here, wherever it goes. A cell that a spreadsheet would take for a formula is not one
/// of ours to alter.
fn format() -> ::csv::WriterBuilder {
    let mut format = ::csv::WriterBuilder::new();
    format.terminator(::csv::Terminator::CRLF);
    format
}

/// One line, for who writes it elsewhere.
///
/// # Errors
/// Never seen: it is written to memory.
pub fn line(cells: &[impl AsRef<[u8]>]) -> std::io::Result<Vec<u8>> {
    let mut writer = format().from_writer(Vec::new());
    writer.write_record(cells)?;
    writer.into_inner().map_err(::csv::IntoInnerError::into_error)
}

/// A table that grows.
pub(super) struct Table {
    path: PathBuf,
    writer: ::csv::Writer<NewFile>,
}

impl Table {
    pub(super) fn begin(file: NewFile, columns: &[&str]) -> Result<Self, ExportError> {
        let path = file.path().to_owned();
        let writer = format().from_writer(file);
        let mut table = Self { path, writer };
        table.add(columns)?;
        Ok(table)
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [&str; N]) -> Result<(), ExportError> {
        self.add(&cells)
    }

    fn add(&mut self, cells: &[&str]) -> Result<(), ExportError> {
        let written = self.writer.write_record(cells).map_err(std::io::Error::from);
        written.map_err(ExportError::io("write", &self.path))
    }

    pub(super) fn end(self) -> Result<NewFile, ExportError> {
        let file = self.writer.into_inner().map_err(::csv::IntoInnerError::into_error);
        file.map_err(ExportError::io("write", &self.path))
    }
}

/// Writes the folder.
pub(super) fn write(work: &mut Work<'_>, beside: &Beside) -> Result<Size, ExportError> {
    let mut folder = Folder::new(beside, work.selection);
    let mut reports = Table::begin(folder.create(REPORTS)?, &ReportRow::COLUMNS)?;
    let mut cells = Table::begin(folder.create(CELLS)?, &Cell::COLUMNS)?;
    cells::each(work, |report, object, count| {
        reports.row(report.cells().each_ref().map(String::as_str))?;
        let [agency, year, division, _, _, _, url, captured_at, payload] = report.cells();
        cells::each_of(object, |cell| {
            *count += 1;
            let value = cell.text();
            cells.row([
                &agency,
                &year,
                &division,
                cell.table,
                cell.row,
                cell.column,
                &value,
                &url,
                &captured_at,
                &payload,
            ])
        })
    })?;
    folder.end(REPORTS, reports.end()?)?;
    folder.end(CELLS, cells.end()?)?;
    snapshot::put(work, &mut folder)?;
    folder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_a_formula_goes_out_as_it_is() {
        let line = line(&["a", "b,\"c\"", "d\ne", "=1+1", ""]).unwrap();
        assert_eq!(String::from_utf8(line).unwrap(), "a,\"b,\"\"c\"\"\",\"d\ne\",=1+1,\r\n");
    }
}
