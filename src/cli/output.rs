//! The door to standard output (results alone) and standard error (everything else).

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write};

use super::exit::{Exit, Failure};

/// Where a command writes.
#[derive(Debug)]
pub(super) struct Output {
    results: BufWriter<Stdout>,
    quiet: bool,
}

impl Output {
    /// To the standard streams; `quiet` keeps remarks back.
    pub(super) fn new(quiet: bool) -> Self {
        Self { results: BufWriter::new(io::stdout()), quiet }
    }

    /// A line of the result.
    ///
    /// # Errors
    /// When standard output is gone.
    pub(super) fn line(&mut self, line: impl AsRef<str>) -> Result<(), Failure> {
        let line = line.as_ref();
        self.results
            .write_all(line.as_bytes())
            .and_then(|()| self.results.write_all(b"\n"))
            .map_err(|error| Failure::output(&error))
    }

    /// One JSON object, on a line of its own.
    ///
    /// # Errors
    /// When standard output is gone.
    pub(super) fn json(&mut self, value: &impl serde::Serialize) -> Result<(), Failure> {
        let line = serde_json::to_string(value).map_err(Failure::failed)?;
        self.line(line)
    }

    /// Bytes of the result, as they are.
    ///
    /// # Errors
    /// When standard output is gone.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.results.write_all(bytes).map_err(|error| Failure::output(&error))
    }

    /// Hands over what was written so far.
    ///
    /// # Errors
    /// When standard output is gone.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.results.flush().map_err(|error| Failure::output(&error))
    }

    /// A line of the result that says that all is well: kept back where nothing but errors is wanted.
    ///
    /// # Errors
    /// When standard output is gone.
    pub(super) fn good_news(&mut self, line: impl AsRef<str>) -> Result<(), Failure> {
        if self.quiet { Ok(()) } else { self.line(line) }
    }

    /// A remark for whoever watches.
    pub(super) fn remark(&self, text: impl AsRef<str>) {
        if !self.quiet {
            say(text.as_ref());
        }
    }

    /// Flushes, says what went wrong, and gives the code.
    pub(super) fn end(mut self, result: Result<Exit, Failure>) -> Exit {
        let flushed = self.results.flush();
        let failure = match (result, flushed) {
            (Ok(exit), Ok(())) => return exit,
            (Ok(exit), Err(error)) => match Failure::output(&error) {
                gone if gone.reader_is_gone() => return exit,
                failure => failure,
            },
            (Err(failure), _) => failure,
        };
        if failure.is_told(self.quiet) {
            say(&format!("error: {failure}"));
        }
        failure.exit
    }
}

/// Says something on standard error, however quiet: it has no one to complain to.
pub(super) fn say(text: &str) {
    let written = writeln!(io::stderr().lock(), "{text}");
    drop(written);
}

/// Whether someone watches standard error.
pub(super) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// The width of a text on a terminal: a Han letter takes two columns.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|c| if c >= '\u{1100}' { 2 } else { 1 }).sum()
}

/// A table with its columns under each other.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
        })
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, wide)| {
            let gap = wide.saturating_sub(width(cell));
            format!("{cell}{}", " ".repeat(gap))
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// `1 report`, `2 reports`.
pub(super) fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// `1 URL waits`, `2 URLs wait`.
pub(super) fn count_do(number: u64, what: &str, does: &str) -> String {
    let singular = if number == 1 { "s" } else { "" };
    format!("{} {does}{singular}", count(number, what))
}

/// Bytes as people read them.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] =
        [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (name, unit) in UNITS {
        if bytes >= unit {
            return format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit);
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_also_with_han_letters() {
        let rows =
            [["a", "青杉市", "1"], ["bcd", "x", "2"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "a    青杉市  1\nbcd  x       2");
    }

    #[test]
    fn one_is_not_many() {
        let said = [0, 1, 2].map(|count| count_do(count, "URL", "wait"));
        assert_eq!(said, ["0 URLs wait", "1 URL waits", "2 URLs wait"]);
    }

    #[test]
    fn sizes_are_written_for_people() {
        assert_eq!(size(512), "512 B");
        assert_eq!(size(1_572_864), "1.5 MiB");
    }
}
