//! A laid out table as pages write it: the same cells in many hands.

use gongkai_report::Number;

use super::Choices;
use super::forms::{Cell, Content, Laid};

/// How a system's editors write a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// `<td>1</td>`.
    Plain,
    /// A paragraph and a span in each cell, as word processors paste.
    Pasted,
    /// Upper case, end tags left out, attributes without quotes.
    Old,
    /// `<th>` for labels, a `<thead>` and a `<tbody>`.
    Headed,
    /// Fonts and centred blocks in cells.
    Fonts,
}

/// Writes tables in one hand, each choice that a page has made anew.
pub struct Writer<'c> {
    pub hand: Hand,
    pub choices: &'c mut Choices,
}

impl Writer<'_> {
    /// A table; sometimes inside another that lays out the page, sometimes broken in two.
    pub fn table(&mut self, laid: &Laid) -> String {
        let mut out = String::new();
        let framed = self.choices.chance(15);
        if framed {
            out.push_str("<table width=\"100%\"><tr><td>&nbsp;");
        }
        let broken = (laid.head > 0 && laid.rows.len() > 8 && self.choices.chance(25))
            .then(|| laid.head + 1 + self.choices.below(laid.rows.len() - laid.head - 1));
        let repeats_head = self.choices.chance(50);
        out.push_str(&self.open());
        for (at, row) in laid.rows.iter().enumerate() {
            if self.hand == Hand::Headed && at == laid.head && at > 0 {
                out.push_str("</thead><tbody>");
            }
            if Some(at) == broken {
                out.push_str("</table><p></p>");
                out.push_str(&self.open());
                for head in laid.rows.iter().take(laid.head).filter(|_| repeats_head) {
                    self.row(head, &mut out);
                }
            }
            self.row(row, &mut out);
        }
        out.push_str("</table>");
        if framed {
            out.push_str("</td></tr></table>");
        }
        out
    }

    fn open(&mut self) -> String {
        let open = match self.hand {
            Hand::Plain => self.choices.one_of(&[
                "<table>",
                "\n<table class=tb>\n",
                "<table border='1' cellspacing=0>",
            ]),
            Hand::Pasted => "<table class=\"MsoNormalTable\" style=\"border:none\"><tbody>",
            Hand::Old => "<TABLE BORDER=1>",
            Hand::Headed => "<table><colgroup><col><col></colgroup><thead>",
            Hand::Fonts => "<table><tbody>",
        };
        open.to_owned()
    }

    fn row(&mut self, cells: &[Cell], out: &mut String) {
        out.push_str(match self.hand {
            Hand::Old => "<TR>",
            Hand::Pasted => "<tr style=\"height:24.0pt\">",
            _ => "<tr>",
        });
        for cell in cells {
            self.cell(cell, out);
            out.push_str(self.choices.one_of(&["", "", "", "\n   ", "<!-- 1 -->"]));
        }
        if self.hand != Hand::Old {
            out.push_str("</tr>\r\n");
        }
    }

    fn cell(&mut self, cell: &Cell, out: &mut String) {
        let name = match (self.hand, &cell.content) {
            (Hand::Headed, Content::Label(_)) => "th",
            (Hand::Old, _) => "TD",
            _ => "td",
        };
        out.push_str(&format!("<{name}"));
        // A table may have more columns than one sees: then a cell spans several.
        let columns = cell.columns * self.choices.one_of(&[1, 1, 1, 2]);
        if columns > 1 {
            let columns = if self.hand == Hand::Old {
                format!(" COLSPAN={columns}")
            } else {
                format!(" colspan=\"{columns}\"")
            };
            out.push_str(&columns);
        }
        if cell.rows > 1 {
            out.push_str(&format!(" rowspan='{}'", cell.rows));
        }
        out.push('>');
        let text = match &cell.content {
            Content::Label(text) => self.label(text),
            Content::Value(number) => self.number(*number),
        };
        out.push_str(&self.within(&text));
        if self.hand != Hand::Old {
            out.push_str(&format!("</{name}>"));
        }
    }

    /// What editors put around the text of a cell.
    fn within(&mut self, text: &str) -> String {
        let blank = self.choices.one_of(&["", "", "", "&nbsp;", "\u{3000}", "\n\t ", "\u{200b}"]);
        match self.hand {
            Hand::Pasted => format!(
                "<p class=\"MsoNormal\" align=center>{blank}<span lang=\"EN-US\" style=\"font-size:12.0pt\">{text}<o:p></o:p></span></p>"
            ),
            Hand::Fonts => {
                format!("<div align=center><font size=2><b>{blank}{text}</b></font>{blank}</div>")
            }
            Hand::Plain | Hand::Old | Hand::Headed => format!("{blank}{text}{blank}"),
        }
    }

    /// A label, perhaps over two lines, with other signs behind its number.
    fn label(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        match self.choices.below(12) {
            0 => text = text.replacen('.', "、", 1),
            1 => text = text.replace('（', "(").replace('）', ")"),
            2 => text = text.replacen('）', "） ", 1),
            3 | 4 => {
                let letters = text.chars().count();
                let at = 1 + self.choices.below(letters.max(2) - 1);
                let head: String = text.chars().take(at).collect();
                let rest: String = text.chars().skip(at).collect();
                text = format!("{head}<br>{rest}");
            }
            _ => {}
        }
        text
    }

    /// A number as clerks type it.
    fn number(&mut self, number: Number) -> String {
        let text = written(number);
        match self.choices.below(14) {
            0 => text.chars().map(full_width).collect(),
            1 if self.hand == Hand::Pasted => {
                let mut out = String::new();
                for c in text.chars() {
                    out.push_str(&format!("<span>{c}</span>"));
                }
                out
            }
            2 => grouped(&text),
            3 if text == "0" => "零".to_owned(),
            _ => text,
        }
    }
}

/// A number in digits.
pub fn written(number: Number) -> String {
    match number {
        Number::Whole(whole) => whole.to_string(),
        Number::Decimal(decimal) => format!("{decimal:.2}"),
    }
}

fn full_width(c: char) -> char {
    char::from_u32(u32::from(c) + 0xfee0).unwrap()
}

/// `12345.60` as `12,345.60`.
fn grouped(text: &str) -> String {
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut out = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

/// A table as extracted text, its cells between these; blank cells where another spans are left out.
pub fn text(laid: &Laid, separator: &str) -> String {
    let mut out = String::new();
    for row in &laid.rows {
        let cells: Vec<String> = row
            .iter()
            .map(|cell| match &cell.content {
                Content::Label(text) => (*text).to_owned(),
                Content::Value(number) => written(*number),
            })
            .collect();
        out.push_str(&cells.join(separator));
        out.push('\n');
    }
    out
}
