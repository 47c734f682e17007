//! The titles of pages, for the list of pages of a WACZ.

use crate::db::selection::Chosen;
use crate::read::Answer;

/// A title stands in the first bytes of a page; so many are looked at.
const PREFIX_BYTES: usize = 64 << 10;

/// No title is longer: the rest is left out.
const TITLE_CHARS: usize = 300;

/// Whether a capture is a page of HTML, as far as its status and its type tell.
pub(super) fn is_html(capture: &Chosen) -> bool {
    capture.status == Some(200)
        && matches!(capture.mime.as_deref(), Some("text/html" | "application/xhtml+xml"))
}

/// The beginning of a payload.
#[derive(Debug, Default)]
pub(super) struct Prefix(Vec<u8>);

impl Prefix {
    /// Takes in what comes next, as far as there is room.
    pub(super) fn take(&mut self, part: &[u8]) {
        let room = PREFIX_BYTES.saturating_sub(self.0.len());
        self.0.extend_from_slice(part.get(..room).unwrap_or(part));
    }

    /// The page's title, if it has one.
    pub(super) fn title(&self, capture: &Chosen) -> Option<String> {
        let answer = Answer {
            url: &capture.url,
            status: 200,
            content_type: capture.mime.as_deref(),
            payload: &self.0,
        };
        title(answer.page()?.text())
    }
}

fn title(text: &str) -> Option<String> {
    // As long as the text, byte for byte.
    let lower = text.to_ascii_lowercase();
    let tag = lower.match_indices("<title").find(|(at, tag)| {
        let next = lower.as_bytes().get(at + tag.len());
        next.is_some_and(|next| *next == b'>' || next.is_ascii_whitespace())
    });
    let begin = tag?.0;
    let begin = begin + lower.get(begin..)?.find('>')? + 1;
    let end = begin + lower.get(begin..)?.find("</title")?;
    let plain = html_escape::decode_html_entities(text.get(begin..end)?).into_owned();
    let words: Vec<&str> = plain
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect();
    let title: String = words.join(" ").chars().take(TITLE_CHARS).collect();
    Some(title).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_line_without_entities() {
        let page = "<head><titles>x</titles><TITLE lang=zh>\r\n 青杉市&amp;统计局\u{a0}年度\t报告 </Title>";
        assert_eq!(title(page).as_deref(), Some("青杉市&统计局 年度 报告"));
        for none in ["", "<title", "<title>", "<title>a", "<title> </title>", "<p>a</p>"] {
            assert_eq!(title(none), None, "{none}");
        }
        let long = format!("<title>{}</title>", "长".repeat(1_000));
        assert_eq!(title(&long).unwrap().chars().count(), TITLE_CHARS);
    }
}
