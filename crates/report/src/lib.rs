//! Reads the annual reports on government information disclosure (政府信息公开工作年度报告): bytes in,
//! one [`Report`] out. No network, no disk, no clock; no panic on any input.
//!
//! ```
//! use gongkai_report::{Hints, Kind, decode, read};
//!
//! let page = "<title>青杉市统计局2023年政府信息公开工作年度报告</title>\
//!             <h2>一、总体情况</h2><p>略</p><h2>二、主动公开政府信息情况</h2>\
//!             <table><tr><td>信息内容</td><td>本年处理决定数量</td></tr><tr><td>行政许可</td><td>12</td></tr></table>";
//! let hints = Hints::default();
//! let report = read(&decode(page.as_bytes(), &hints), &hints);
//! assert_eq!(report.kind, Kind::Report);
//! assert_eq!((report.agency.as_deref(), report.year), (Some("青杉市统计局"), Some(2023)));
//! ```
//!
//! A page goes `charset` → `page` (lines) → `title`, `metadata`, `sections` → `tables` → `checks`.

mod charset;
mod checks;
pub mod evaluation;
mod evidence;
mod glance;
mod kind;
mod layout;
mod metadata;
mod number;
mod page;
mod read;
mod schema;
mod sections;
mod tables;
mod text;
mod title;
mod warning;

pub use charset::{Charset, Decoded, From as CharsetFrom, decode, is_charset};
pub use checks::Check;
pub use evidence::{At, Evidence};
pub use glance::may_be_report;
pub use number::Number;
pub use read::{read, read_with_evidence};
pub use schema::{Attachment, Cells, Format, Kind, Report, SCHEMA, Section, Table, json_schema};
pub use warning::Warning;

/// What is known of a page beside its bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints<'a> {
    /// Where it was found; links are resolved against it.
    pub url: Option<&'a str>,
    /// The `Content-Type` of its response.
    pub content_type: Option<&'a str>,
    /// The charset, where the caller knows better than the page.
    pub charset: Option<&'a str>,
}
