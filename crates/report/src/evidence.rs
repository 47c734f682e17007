//! Where each figure stands in the page that it was read from.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use crate::metadata::{Claim, Stated};
use crate::page::Page;
use crate::sections::Sections;
use crate::tables::{Tables, Value};

/// What a field or a cell was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Evidence {
    /// The text as written, blanks and widths made one.
    pub raw: String,
    /// Where it stands.
    pub at: At,
}

/// A place in a page. Everything is counted from 1, letters from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum At {
    /// A cell of an HTML table.
    Cell {
        /// The table, in the order of their beginnings in the page.
        table: u32,
        /// Its row.
        row: u32,
        /// The cell of the row; with several, the first of them.
        cell: usize,
    },
    /// Letters of a section's text.
    Letters {
        /// The section, 1 to 6.
        section: u8,
        /// The first letter.
        from: usize,
        /// The letter after the last.
        to: usize,
    },
    /// A line of the page, as text.
    Line {
        /// The line, blank ones not counted.
        line: usize,
    },
    /// Something that is no text of the page: a meta tag, the title.
    Named {
        /// Its name: `meta pubdate`, `title`.
        place: String,
    },
}

/// The evidence of every field and cell, by its path in the report.
pub(crate) fn collect(
    page: &Page,
    sections: &Sections,
    tables: &Tables<'_>,
    stated: &Stated,
    is_report: bool,
) -> BTreeMap<String, Evidence> {
    let mut evidence = BTreeMap::new();
    let mut add = |key: &str, claim: Option<&Claim>| {
        if let Some(claim) = claim {
            let at = match claim.line {
                Some(line) => At::Line { line: line + 1 },
                None => At::Named { place: claim.place.clone() },
            };
            evidence.insert(
                key.to_owned(),
                Evidence { raw: claim.raw.as_ref().unwrap_or(&claim.value).clone(), at },
            );
        }
    };
    add("agency", stated.agency.as_ref().map(|(claim, _)| claim));
    add("year", stated.year.as_ref().map(|(_, claim)| claim));
    add("published", stated.published.as_ref());
    add("generated", stated.generated.as_ref());
    add("signed", stated.signed.as_ref());
    add("source", stated.source.as_ref());
    add("site_id", stated.site_id.as_ref());
    add("icp", stated.icp.as_ref());
    add("site_name", stated.site_name.as_ref());
    for (key, claim) in &stated.labelled {
        add(key, Some(claim));
    }
    if is_report {
        let offsets = sections.offsets(page);
        for stated in tables.all().flat_map(|read| &read.stated) {
            if let Some(found) = of_values(page, &stated.values, &offsets) {
                evidence.insert(stated.path.clone(), found);
            }
        }
    }
    evidence
}

/// Where the first of these values stands, and all of them as written.
fn of_values(
    page: &Page,
    values: &[Value<'_>],
    offsets: &HashMap<usize, (u8, usize)>,
) -> Option<Evidence> {
    let words: Vec<&str> = values.iter().map(|value| value.text).collect();
    let raw = words.join(" ");
    let (first, last) = (values.first()?.spot, values.last()?.spot);
    let line = page.line(first.line)?;
    if let Some(place) = line.place() {
        let at = At::Cell { table: place.table, row: place.row, cell: first.cell + 1 };
        return Some(Evidence { raw, at });
    }
    let letter = |line: usize, cell: usize, letter: usize| {
        let (section, start) = offsets.get(&line)?;
        let before = page.line(line)?.cells().take(cell).map(|cell| cell.chars().count() + 1);
        Some((*section, start + before.sum::<usize>() + letter))
    };
    let from = letter(first.line, first.cell, first.from);
    let to = letter(last.line, last.cell, last.to);
    let at = match (from, to) {
        (Some((section, from)), Some((_, to))) => At::Letters { section, from, to },
        _ => At::Line { line: first.line + 1 },
    };
    Some(Evidence { raw, at })
}
