//! `csv`: the reports and their numbers as comma-separated values (RFC 4180, UTF-8, a header first).

use std::path::PathBuf;

use super::beside::{Beside, Folder, NewFile};
use super::cells::{self, Cell};
use super::{ExportError, Size, Work, snapshot};
use crate::db::reports::ReportRow;

const REPORTS: &str = "reports.csv";
const CELLS: &str = "cells.csv";

/// A table that grows.
pub(super) struct Table {
    path: PathBuf,
    writer: ::csv::Writer<NewFile>,
}

impl Table {
    pub(super) fn begin(file: NewFile, columns: &[&str]) -> Result<Self, ExportError> {
        let path = file.path().to_owned();
        let writer =
            ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(file);
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
