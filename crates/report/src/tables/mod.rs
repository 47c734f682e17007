//! The three tables of a report, found by their labels.
//!
//! - `cells`: a line as labels and values, a value as a number
//! - `placement`: rows that lost cells
//! - `requests`: table three
//! - `proactive`: table two
//! - `reviews`: table four
//!
//! Each takes the lines of its section and gives back what is sure; the rest is null, with a
//! warning that says why.

mod cells;
mod placement;
mod proactive;
mod requests;
mod reviews;

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::page::Page;
use crate::schema::{Format, Table};
use crate::sections::Sections;
use crate::text::{is_longer, words};
use crate::warning::Warning;

pub(crate) use cells::Value;

/// A table as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Read<'a> {
    pub(crate) table: Table,
    /// What each stated cell was read from.
    pub(crate) stated: Vec<Stated<'a>>,
}

/// A stated cell: its path, and the values that it was read from.
#[derive(Debug, Clone)]
pub(crate) struct Stated<'a> {
    pub(crate) path: String,
    pub(crate) values: Vec<Value<'a>>,
}

/// The tables of a page.
#[derive(Debug, Default)]
pub(crate) struct Tables<'a> {
    pub(crate) proactive: Option<Read<'a>>,
    pub(crate) requests: Option<Read<'a>>,
    pub(crate) reviews: Option<Read<'a>>,
}

impl<'a> Tables<'a> {
    /// Reads each table out of its section; out of the whole page where its section is not there.
    pub(crate) fn read(
        page: &'a Page,
        sections: &Sections,
        format: Format,
        warnings: &mut Vec<Warning>,
    ) -> Self {
        let requests = within(page, sections, 3, warnings, |lines, warnings| {
            requests::read(page, lines, format, warnings)
        });
        let form = form(format, requests.as_ref());
        let proactive = within(page, sections, 2, warnings, |lines, warnings| {
            proactive::read(page, lines, form, warnings)
        });
        let reviews = within(page, sections, 4, warnings, |lines, warnings| {
            reviews::read(page, lines, warnings)
        });
        Self { proactive, requests, reviews }
    }

    /// Says which tables a report of a form with tables lacks.
    pub(crate) fn warn_of_missing(&self, warnings: &mut Vec<Warning>) {
        let tables = [
            ("proactive", &self.proactive),
            ("requests", &self.requests),
            ("reviews", &self.reviews),
        ];
        for (name, _) in tables.iter().filter(|(_, table)| table.is_none()) {
            let message = "its section holds no table that could be read";
            warnings.push(Warning::new("table_missing", *name, message));
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Read<'a>> {
        [&self.proactive, &self.requests, &self.reviews].into_iter().flatten()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// Cells that hold a number: a template has tables, and no numbers in them.
    pub(crate) fn stated(&self) -> usize {
        self.all().map(|read| read.table.stated()).sum()
    }

    /// The form that the tables follow, where no label of table two says it.
    pub(crate) fn format(&self, format: Format) -> Format {
        if self.is_empty() { Format::Narrative } else { form(format, self.requests.as_ref()) }
    }
}

/// The form by table three, where table two does not say it.
fn form(format: Format, requests: Option<&Read<'_>>) -> Format {
    match requests {
        Some(requests) if format == Format::Narrative => {
            let is_2019 = requests.table.row("other_outcome").is_some();
            if is_2019 { Format::Form2019 } else { Format::Form2021 }
        }
        _ => format,
    }
}

fn within<'a>(
    page: &Page,
    sections: &Sections,
    number: usize,
    warnings: &mut Vec<Warning>,
    read: impl Fn(Range<usize>, &mut Vec<Warning>) -> Option<Read<'a>>,
) -> Option<Read<'a>> {
    // A section whose own table is missing must not take that of another: a year's before it, a
    // subordinate unit's.
    if let Some(place) = sections.place(number) {
        return read(place.start + 1..place.end, warnings);
    }
    // Nor may a report take that of the other on its page.
    if sections.is_double() {
        return None;
    }
    is_elsewhere(page, number).then(|| read(0..page.len(), warnings)).flatten()
}

/// Whether the page has the table of a section whose heading was not found, by the labels that only
/// it has.
fn is_elsewhere(page: &Page, number: usize) -> bool {
    /// The section of each label.
    const LABELS: [(usize, &str); 4] = [
        (2, "本年制发件数"),
        (2, "本年新制作数量"),
        (3, "本年新收政府信息公开申请数量"),
        (4, "未经复议直接起诉"),
    ];
    const LONGEST_LABEL: usize = 60;
    static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| words(LABELS.map(|(_, label)| label)));
    page.lines_with(&WORDS).any(|(line, word)| {
        LABELS.get(word).is_some_and(|(section, _)| *section == number)
            && (line.cells().len() > 1 || !is_longer(line.tight(), LONGEST_LABEL))
    })
}
