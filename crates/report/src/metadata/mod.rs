//! Who, when and which: what is written around a report.
//!
//! - `pairs`: labelled pairs beside the report
//! - `dates`: dates of the calendar
//! - `foot`: the signature, the site's number, the record number
//! - `stated`: the fields, each from the most trusted of its places
//!
//! The order of trust: a labelled pair beside the report (written for it), then the meta tags of the
//! government website guidelines (国办发〔2017〕47号; often left over from a template), then the
//! title, then the signature. Where two places disagree, a warning says so (`metadata_disagrees`).

mod dates;
mod foot;
mod pairs;
mod stated;

pub(crate) use pairs::around;
pub(crate) use stated::{Claim, Stated, stated};

use crate::page::Page;

/// The value of a meta tag, by its name in lower case. Some pages have name and content the wrong
/// way round.
pub(crate) fn meta<'a>(page: &'a Page, name: &str) -> Option<&'a str> {
    if let Some(value) = page.meta.get(name) {
        return Some(value.as_str());
    }
    let turned = |(_, content): &(&String, &String)| content.eq_ignore_ascii_case(name);
    page.meta.iter().find(turned).map(|(name, _)| name.as_str())
}
