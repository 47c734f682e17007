//! The text of a page by another reader than ours: html5ever's tree, as scraper builds it.

use scraper::Html;

/// Every letter that the page shows or holds, without blanks, widths made one.
pub fn page_text(page: &str) -> String {
    let tree = Html::parse_document(page);
    let text: String = tree.root_element().text().collect();
    let raw = if page.contains('<') { text } else { page.to_owned() };
    raw.chars()
        .filter_map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
            c if c.is_whitespace() || c == '\u{200b}' => None,
            c => Some(c),
        })
        .filter(|c| *c != ',')
        .collect()
}
