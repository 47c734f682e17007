//! stub
use std::borrow::Cow;
#[derive(Default, Debug)]
pub struct Hints<'a> {
    pub url: Option<&'a str>,
    pub content_type: Option<&'a str>,
    pub charset: Option<&'a str>,
}
#[derive(Debug)]
pub struct Charset;
impl std::fmt::Display for Charset {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}
#[derive(Debug)]
pub struct Decoded<'a> {
    pub text: Cow<'a, str>,
    pub charset: Charset,
}
pub fn decode<'a>(b: &'a [u8], _: &Hints) -> Decoded<'a> {
    Decoded {
        text: String::from_utf8_lossy(b),
        charset: Charset,
    }
}
pub fn may_be_report(_: &str) -> bool {
    false
}
#[derive(Debug)]
pub enum Kind {
    Report,
    ReportFile,
    Column,
    Other,
}
#[derive(Debug)]
pub struct Format;
impl Format {
    pub fn as_str(&self) -> &'static str {
        ""
    }
}
#[derive(Debug, serde::Serialize)]
pub struct Report {
    #[serde(skip)]
    pub kind: Kind,
    pub title: Option<String>,
    pub agency: Option<String>,
    pub division: Option<String>,
    pub published: Option<String>,
    pub year: Option<i32>,
    #[serde(skip)]
    pub format: Option<Format>,
}
pub fn read(_: &Decoded, _: &Hints) -> Report {
    todo!()
}
