//! What is told of a reparse, as it happens, and what is counted.

use super::Difference;
use super::reading::Reading;
use crate::clock::Moment;
use crate::crawl::Signal;
use crate::digest::Digest;
use crate::outcome::ReportFacts;

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It says something else now.
    Changed,
    /// The page was taken for no report, and is one.
    New,
    /// The page was taken for a report, and is none.
    Gone,
}

impl What {
    /// In one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::New => "new",
            Self::Gone => "gone",
        }
    }
}

/// A report that today's parser reads otherwise than the catalogue has it.
#[derive(Debug, Clone)]
pub struct Change {
    /// What became of it.
    pub what: What,
    /// Its page.
    pub url: String,
    /// When that was captured.
    pub captured_at: Moment,
    /// The page's payload.
    pub payload: Digest,
    /// The report: as it is read now, or, where it is gone, as it was.
    pub facts: ReportFacts,
    /// What is said differently; nothing where only the writing differs.
    pub differences: Vec<Difference>,
}

/// A page that could not be read; its reports stay as they are.
#[derive(Debug, Clone)]
pub struct Unreadable {
    /// Its URL.
    pub url: String,
    /// Its payload, as far as the index knows it.
    pub payload: Option<Digest>,
    /// Why not, with the file and the place.
    pub why: String,
}

/// What happened, told as it happens.
#[derive(Debug)]
pub enum Event<'a> {
    /// A report changed.
    Changed(&'a Change),
    /// A page could not be read.
    Unreadable(&'a Unreadable),
    /// A batch is done: what was counted so far, and how far through the archive it is, in percent.
    Batch(&'a Counts, u8),
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Pages that were read: each payload once a URL.
    pub read: u64,
    /// Reports that are what they were.
    pub unchanged: u64,
    /// Reports that say something else.
    pub changed: u64,
    /// Reports that were not there.
    pub new: u64,
    /// Reports that are none.
    pub gone: u64,
    /// Pages that could not be read.
    pub unreadable: u64,
}

/// What it came to.
#[derive(Debug, Clone, Copy)]
pub struct Summary {
    /// What was counted.
    pub counts: Counts,
    /// What stopped it before it was through.
    pub stopped: Option<Signal>,
}

impl Counts {
    pub(super) fn add(&mut self, reading: &Reading) {
        self.read += u64::from(reading.read);
        self.unchanged += reading.unchanged;
        self.unreadable += reading.unreadable.len() as u64;
        for plan in &reading.plans {
            match plan.change.what {
                What::Changed => self.changed += 1,
                What::New => self.new += 1,
                What::Gone => self.gone += 1,
            }
        }
    }
}
