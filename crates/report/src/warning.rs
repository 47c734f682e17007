//! What was repaired, ambiguous or inconsistent: said beside the report, never hidden in it.

use schemars::JsonSchema;
use serde::Serialize;

/// One warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Warning {
    /// A word that can be counted: `row_incomplete`, `cell_note`, `text_restored` …
    pub code: &'static str,
    /// What it is about, as a path: `requests.granted`.
    pub at: String,
    /// In words, with what was written.
    pub message: String,
}

impl Warning {
    /// A warning.
    pub fn new(code: &'static str, at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, at: at.into(), message: message.into() }
    }
}
