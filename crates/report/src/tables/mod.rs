//! The three tables of a report, found by their labels.
//!
//! - `requests`: table three
//! - `proactive`: table two
//! - `reviews`: table four
//!
//! Each takes the lines of its section and gives back what is sure; the rest is null, with a
//! warning that says why.

pub(crate) mod proactive;
pub(crate) mod requests;
pub(crate) mod reviews;

use crate::number::{Cell, Number, cell};
use crate::warning::Warning;

/// The number in a cell that counts something; `at` is its path. Warns of what it could not read.
fn count(text: &str, at: &str, warnings: &mut Vec<Warning>) -> Option<Number> {
    let unreadable = |warnings: &mut Vec<Warning>| {
        let message = format!("`{}` is no count", shorten(text));
        warnings.push(Warning::new("cell_unreadable", at, message));
        None
    };
    match cell(text) {
        Cell::Blank => None,
        Cell::Number(Number::Whole(count)) if count >= 0 => Some(Number::Whole(count)),
        Cell::Noted(Number::Whole(count), note) if count >= 0 => {
            warnings.push(Warning::new("cell_note", at, note));
            Some(Number::Whole(count))
        }
        Cell::Number(_) | Cell::Noted(..) | Cell::Yuan(_) | Cell::Unreadable => {
            unreadable(warnings)
        }
    }
}

/// Whether a cell can only be a value: a number, a sign for nothing, or a blank.
fn is_value(text: &str) -> bool {
    !matches!(cell(text), Cell::Unreadable) || is_run_together(text)
}

/// `0000000`: seven cells of which the borders were lost.
fn is_run_together(text: &str) -> bool {
    text.len() == crate::layout::APPLICANTS.len() && text.bytes().all(|byte| byte == b'0')
}

/// What stands in a warning is as long as a cell, not as long as a page.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
