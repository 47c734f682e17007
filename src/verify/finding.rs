//! What a verification finds.

use std::fmt;

use serde::Serialize;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// A WARC file that the index knows is not there.
    MissingFile,
    /// A WARC file is there that the index does not know.
    UnknownFile,
    /// A WARC file is shorter, or longer, than the index says.
    Length,
    /// Bytes of a WARC file are no whole record.
    Damaged,
    /// Every record of a file is whole, and yet its bytes are not those that were written.
    Altered,
    /// A row whose record is not where the row says.
    RowWithoutRecord,
    /// A record that no row speaks of.
    RecordWithoutRow,
    /// A row that says something else than its record.
    RowDiffers,
    /// A revisit whose payload nobody holds.
    LostPayload,
    /// Rows that contradict one another.
    Index,
    /// The database is damaged itself.
    Database,
}

impl Problem {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingFile => "missing file",
            Self::UnknownFile => "unknown file",
            Self::Length => "wrong length",
            Self::Damaged => "damaged",
            Self::Altered => "altered",
            Self::RowWithoutRecord => "row without record",
            Self::RecordWithoutRow => "record without row",
            Self::RowDiffers => "row differs",
            Self::LostPayload => "lost payload",
            Self::Index => "index",
            Self::Database => "database",
        }
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub problem: Problem,
    /// The WARC file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Where in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// How many bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// The URL of the capture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Why, in words.
    pub why: String,
}

impl Finding {
    /// Of the archive as a whole.
    pub(super) fn new(problem: Problem, why: impl Into<String>) -> Self {
        Self { problem, file: None, offset: None, length: None, url: None, why: why.into() }
    }

    /// Of this file.
    pub(super) fn in_file(problem: Problem, file: &str, why: impl Into<String>) -> Self {
        Self { file: Some(file.to_owned()), ..Self::new(problem, why) }
    }

    /// At this place of it.
    pub(super) fn at(self, offset: u64, length: u64) -> Self {
        Self { offset: Some(offset), length: Some(length), ..self }
    }

    /// Of this URL.
    pub(super) fn of(self, url: Option<&str>) -> Self {
        Self { url: url.map(str::to_owned), ..self }
    }
}

/// `damaged: FILE at byte 12, 345 bytes: why (URL)`
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.problem.as_str())?;
        if let Some(file) = &self.file {
            f.write_str(file)?;
            if let (Some(offset), Some(length)) = (self.offset, self.length) {
                write!(f, " at byte {offset}, {length} bytes")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.why)?;
        self.url.as_ref().map_or(Ok(()), |url| write!(f, " ({url})"))
    }
}
