//! What is to be done, from what a verification found.

use std::collections::BTreeMap;

use crate::verify::{Finding, Problem};

/// What a WARC file needs; of several the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Its rows and its records do not say the same: the rows are brought in line.
    Rows,
    /// Its bytes are not what they were: what is whole in it is kept in a new file, and it is set aside.
    Mending,
    /// The index does not know it: it is taken in, unless it is a copy.
    Admission,
    /// It is not there: what the index says of it goes.
    Removal,
}

/// What one WARC file needs, and what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileNeeds {
    /// What is done.
    pub need: Need,
    /// Captures whose records are not where they should be.
    pub without_record: u64,
    /// Bytes of it that are no record.
    pub damaged_bytes: u64,
}

/// What is to be done.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// File by file.
    pub files: BTreeMap<String, FileNeeds>,
    /// The database is damaged: the index is made anew.
    pub is_broken: bool,
    /// The rows contradict one another: unless what the files need puts that right, the index is made anew.
    pub contradicts: bool,
    /// How much is wrong.
    pub findings: u64,
}

impl Plan {
    /// Takes in what was found.
    pub fn add(&mut self, finding: &Finding) {
        self.findings += 1;
        let need = match finding.problem {
            Problem::MissingFile => Need::Removal,
            Problem::UnknownFile => Need::Admission,
            Problem::Altered | Problem::Length | Problem::Damaged => Need::Mending,
            Problem::RowWithoutRecord
            | Problem::RecordWithoutRow
            | Problem::RowDiffers
            | Problem::LostPayload => Need::Rows,
            Problem::Index | Problem::Database => {
                self.contradicts = true;
                self.is_broken |= finding.problem == Problem::Database;
                return;
            }
        };
        let Some(file) = &finding.file else {
            return;
        };
        let fresh = FileNeeds { need, without_record: 0, damaged_bytes: 0 };
        let needs = self.files.entry(file.clone()).or_insert(fresh);
        needs.need = needs.need.max(need);
        match finding.problem {
            Problem::Damaged => needs.damaged_bytes += finding.length.unwrap_or(0),
            Problem::RowWithoutRecord => needs.without_record += 1,
            _ => {}
        }
    }

    /// Nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && !self.contradicts
    }

    /// What would be done, a line each.
    pub fn words(&self) -> Vec<String> {
        let file = |(name, needs): (&String, &FileNeeds)| match needs.need {
            Need::Removal => format!("{name}: not there; its captures are taken out of the index"),
            Need::Mending => format!(
                "{name}: set aside, and its whole records kept in a new file; bytes that are no record: {}, \
                 captures without one: {}",
                needs.damaged_bytes, needs.without_record
            ),
            Need::Admission => {
                format!("{name}: taken into the index; set aside where it is a copy")
            }
            Need::Rows => format!("{name}: its rows are brought in line with its records"),
        };
        let mut words: Vec<String> = self.files.iter().map(file).collect();
        if self.is_broken {
            words.push("the index: made anew; then the files are looked at".to_owned());
        } else if self.contradicts {
            words.push("the index: made anew, unless that puts it right".to_owned());
        }
        words
    }
}
