//! The report as an object: `gongkai-report/1`, key by key.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::checks::Check;
use crate::evidence::Evidence;
use crate::number::Number;
use crate::warning::Warning;

/// What `schema` says.
pub const SCHEMA: &str = "gongkai-report/1";

/// What a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An annual report, its text in the page.
    Report,
    /// A page that offers the report only as a file.
    ReportFile,
    /// A list of reports.
    Column,
    /// Everything else.
    Other,
}

/// The form that a report follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Format {
    /// 国办公开办函〔2021〕30号.
    #[serde(rename = "2021")]
    Form2021,
    /// 国办公开办函〔2019〕60号.
    #[serde(rename = "2019")]
    Form2019,
    /// Earlier, or without tables.
    #[serde(rename = "narrative")]
    Narrative,
}

impl Format {
    /// As the object writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Form2021 => "2021",
            Self::Form2019 => "2019",
            Self::Narrative => "narrative",
        }
    }
}

/// A section of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Section {
    /// 1 to 6.
    pub number: u8,
    /// Its heading, as written.
    pub heading: String,
    /// Its text, normalised; the cells of a row between tabs.
    pub text: String,
}

/// A link to the report as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Attachment {
    /// Where it lies, resolved where the page's own URL is known.
    pub url: String,
    /// The link's text.
    pub text: String,
}

/// A table as rows of cells, in the order of the form; a cell that is not stated is null.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table(pub Vec<(&'static str, Cells)>);

/// The cells of a row, in the order of the form.
pub type Cells = Vec<(&'static str, Option<Number>)>;

impl Table {
    /// The cells of a row.
    pub fn row(&self, key: &str) -> Option<&Cells> {
        self.0.iter().find(|(row, _)| *row == key).map(|(_, cells)| cells)
    }

    /// One cell.
    pub fn cell(&self, row: &str, column: &str) -> Option<Number> {
        self.row(row)?.iter().find(|(key, _)| *key == column).and_then(|(_, number)| *number)
    }

    /// How many cells hold a number.
    pub fn stated(&self) -> usize {
        self.0.iter().flat_map(|(_, cells)| cells).filter(|(_, number)| number.is_some()).count()
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Row<'a>(&'a Cells);
        impl Serialize for Row<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|(key, number)| (key, number)))
            }
        }
        serializer.collect_map(self.0.iter().map(|(key, cells)| (key, Row(cells))))
    }
}

impl JsonSchema for Table {
    fn schema_name() -> Cow<'static, str> {
        "Table".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Row key to column key to cell: a number as the page states it, or null.",
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": { "type": ["number", "null"] }
            }
        })
    }
}

/// The JSON Schema (2020-12) of [`Report`] as it is serialised, as `docs/report.schema.json` publishes it.
///
/// ```
/// assert_eq!(gongkai_report::json_schema()["title"], "gongkai-report/1");
/// ```
pub fn json_schema() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Report>().to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("title".to_owned(), SCHEMA.into());
    }
    schema
}

/// What the parser says of one page.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// What the page is.
    pub kind: Kind,
    /// What its bytes were read as, what decided it, and what the other sources said.
    pub charset: String,
    /// The report's own title, without the site's name.
    pub title: Option<String>,
    /// The publishing agency.
    pub agency: Option<String>,
    /// Which place named it: `metadata`, `title`, `signature`, `text`.
    pub agency_from: Option<&'static str>,
    /// The year reported on.
    pub year: Option<i32>,
    /// When it was published: a date, or a moment in China's time.
    pub published: Option<String>,
    /// When it was made: a date.
    pub generated: Option<String>,
    /// The date under the signature.
    pub signed: Option<String>,
    /// 索引号, as written.
    pub index_number: Option<String>,
    /// 文号, as written.
    pub document_number: Option<String>,
    /// 信息类别.
    pub category: Option<String>,
    /// 主题分类.
    pub subject: Option<String>,
    /// 公开方式.
    pub disclosure_method: Option<String>,
    /// 公开时限.
    pub disclosure_period: Option<String>,
    /// 公开范围.
    pub disclosure_scope: Option<String>,
    /// 来源, as written.
    pub source: Option<String>,
    /// 政府网站标识码, 10 digits.
    pub site_id: Option<String>,
    /// 备案号.
    pub icp: Option<String>,
    /// `SiteName`.
    pub site_name: Option<String>,
    /// The administrative division (GB/T 2260, 6 digits).
    pub division: Option<String>,
    /// Every labelled pair, in page order.
    pub metadata: Map<String, Value>,
    /// The form; null for a page that is no report.
    pub format: Option<Format>,
    /// The six sections; null for a page that is no report.
    pub sections: Option<Vec<Section>>,
    /// Table two: 主动公开政府信息情况.
    pub proactive: Option<Table>,
    /// Table three: 收到和处理政府信息公开申请情况.
    pub requests: Option<Table>,
    /// Table four: 行政复议、行政诉讼情况.
    pub reviews: Option<Table>,
    /// The sums that must hold.
    pub checks: Vec<Check>,
    /// What was repaired, ambiguous or inconsistent.
    pub warnings: Vec<Warning>,
    /// Links to the report as a file.
    pub attachments: Vec<Attachment>,
    /// Where each figure stands in the page, by its path in this object; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<BTreeMap<String, Evidence>>,
}
