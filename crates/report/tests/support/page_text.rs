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
            c if c.is_whitespace() || c.is_control() || is_invisible(c) => None,
            c => Some(c),
        })
        .filter(|c| *c != ',')
        .collect()
}

/// Letters that no reader sees: joiners, marks of direction, variation selectors.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
    )
}
