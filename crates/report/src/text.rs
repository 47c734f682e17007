//! Text as it is read and compared: blanks, widths and line breaks made one, poison undone.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
use memchr::memmem;
use regex::Regex;

/// Compiles a pattern that is a constant of this crate.
#[expect(clippy::expect_used, reason = "every pattern is a constant, and each is used by a test")]
pub(crate) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

/// Whether a text has more letters than this.
pub(crate) fn is_longer(text: &str, letters: usize) -> bool {
    const LONGEST_LETTER: usize = 4;
    text.len() > letters
        && (text.len() > letters * LONGEST_LETTER || text.chars().nth(letters).is_some())
}

/// Words that are looked for all at once; which of them was found, its place among them tells.
#[expect(clippy::expect_used, reason = "every list is a constant, and each is used by a test")]
pub(crate) fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> AhoCorasick {
    AhoCorasick::new(words).expect("a constant list")
}

/// A letter as it is compared: full-width forms narrowed, every blank a space (a line break stays
/// one), invisible letters none.
fn narrow(c: char) -> Option<char> {
    match c {
        // Nearly every letter of a page.
        '\u{20}'..='\u{7e}' | '\u{4e00}'..='\u{9fff}' | '\u{3001}'..='\u{3011}' => Some(c),
        '\n' | '\r' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xff01 + 0x21),
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ad}'
        | '\u{180e}' => None,
        c if c.is_whitespace() || c == '\u{3164}' => Some(' '),
        c if c.is_control() => None,
        c => Some(c),
    }
}

/// Letters that are written without blanks between them, so that a line break among them means nothing.
fn is_wide(c: char) -> bool {
    c >= '\u{2e80}'
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    Break,
}

/// A text in the making: letters narrowed, a run of blanks one space, none at the ends. A line break
/// of the source between two Chinese letters is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plain {
    out: String,
    gap: Gap,
}

impl Plain {
    /// Adds text of the source.
    pub(crate) fn push(&mut self, text: &str) {
        for c in text.chars() {
            match narrow(c) {
                None => {}
                Some(' ') => self.gap = self.gap.max(Gap::Space),
                Some('\n') => self.gap = Gap::Break,
                Some(c) => self.letter(c),
            }
        }
    }

    fn letter(&mut self, c: char) {
        if self.gap != Gap::None {
            let means_nothing = match self.out.chars().next_back() {
                None | Some('\n') => true,
                Some(last) => self.gap == Gap::Break && is_wide(last) && is_wide(c),
            };
            if !means_nothing {
                self.out.push(' ');
            }
            self.gap = Gap::None;
        }
        self.out.push(c);
    }

    /// Ends a line of the text.
    pub(crate) fn end_line(&mut self) {
        self.gap = Gap::None;
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    /// How long it is, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// It has no letters.
    pub(crate) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// The text; what is left is empty.
    pub(crate) fn take(&mut self) -> String {
        self.gap = Gap::None;
        let mut out = std::mem::take(&mut self.out);
        while out.ends_with('\n') {
            out.pop();
        }
        out
    }
}

/// A text in the form of [`Plain`].
pub(crate) fn plain(text: &str) -> String {
    let mut plain = Plain::default();
    plain.push(text);
    plain.take()
}

/// A text without blanks, letters narrowed.
pub(crate) fn tight(text: &str) -> String {
    text.chars().filter_map(narrow).filter(|c| !matches!(c, ' ' | '\n')).collect()
}

/// A label as it is compared: without blanks, signs and the number before it.
pub(crate) fn label(text: &str) -> String {
    let tight = tight(text);
    let start = NUMBERING.find(&tight).map_or(0, |number| number.end());
    tight.get(start..).unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).collect()
}

static NUMBERING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:\(?[一二三四五六七八九十\d]{1,3}\)[、.,:]?|[一二三四五六七八九十]{1,3}[、.,:]|\d{1,2}[、.,:]?|[㈠-㈩①-⑳⑴-⒇⒈-⒛][、.]?)",
    )
});

/// Letters that are traditional alone and stand in every report.
const TRADITIONAL: [char; 12] =
    ['務', '開', '會', '對', '報', '關', '應', '數', '據', '辦', '總', '請'];

/// So many of [`TRADITIONAL`] make a text one that was turned traditional.
const TRADITIONAL_ENOUGH: usize = 5;

/// So many readings with a tone mark in brackets make a text one that was woven with pinyin.
const TONED_ENOUGH: usize = 3;

/// So many without a tone mark: an ordinary text has abbreviations in brackets, but not so many
/// that could all be readings.
const TONELESS_ENOUGH: usize = 12;

/// What was done to a text before it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Undone {
    /// It was in traditional characters.
    pub(crate) traditional: bool,
    /// Pinyin stood in brackets after its letters.
    pub(crate) pinyin: bool,
}

/// What was done to a text so that it does not look copied, as copies on strangers' hosts are:
/// traditional characters, pinyin in brackets.
pub(crate) fn poison(text: &str) -> Undone {
    let readings = readings(text);
    let toned = readings.iter().filter(|reading| reading.toned).count();
    let kinds = TRADITIONAL.iter().filter(|letter| {
        memmem::find(text.as_bytes(), letter.encode_utf8(&mut [0; 4]).as_bytes()).is_some()
    });
    Undone {
        pinyin: toned >= TONED_ENOUGH || readings.len() >= TONELESS_ENOUGH,
        traditional: kinds.count() >= TRADITIONAL_ENOUGH,
    }
}

/// The text without that poison.
pub(crate) fn undo_poison(text: &str, poison: Undone) -> String {
    let text = if poison.pinyin { without(text, &readings(text)) } else { text.to_owned() };
    match SIMPLIFIER.as_ref() {
        Some(converter) if poison.traditional => converter.convert(&text),
        _ => text,
    }
}

/// Tables that are built in; none only if they are damaged, which the tests would say.
static SIMPLIFIER: LazyLock<Option<OpenCC>> =
    LazyLock::new(|| OpenCC::from_config(BuiltinConfig::T2s).ok());

/// A reading in brackets behind a Chinese letter.
struct Reading {
    from: usize,
    to: usize,
    toned: bool,
}

/// `務(wù)`, `公(gong)(gong)`: every bracket behind a Chinese letter that may hold a reading.
fn readings(text: &str) -> Vec<Reading> {
    let mut found: Vec<Reading> = Vec::new();
    for from in memchr::memchr_iter(b'(', text.as_bytes()) {
        let follows = found.last().is_some_and(|reading| reading.to == from)
            || text.get(..from).and_then(|before| before.chars().next_back()).is_some_and(is_han);
        if !follows {
            continue;
        }
        if let Some((length, toned)) = reading(text.get(from + 1..).unwrap_or_default()) {
            found.push(Reading { from, to: from + 1 + length + 1, toned });
        }
    }
    found
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The length in bytes of a syllable that ends in `)`, and whether it bears a tone mark.
fn reading(text: &str) -> Option<(usize, bool)> {
    const LONGEST: usize = 7;
    let mut syllable = String::new();
    let mut toned = false;
    for (at, c) in text.char_indices().take(LONGEST) {
        match c {
            ')' => return is_syllable(&syllable).then_some((at, toned)),
            'a'..='z' | 'ü' => syllable.push(c),
            ':' => {}
            c => {
                syllable.push(untoned(c)?);
                toned = true;
            }
        }
    }
    None
}

/// A vowel without its tone mark.
fn untoned(c: char) -> Option<char> {
    Some(match c {
        'ā' | 'á' | 'ǎ' | 'à' => 'a',
        'ō' | 'ó' | 'ǒ' | 'ò' => 'o',
        'ē' | 'é' | 'ě' | 'è' => 'e',
        'ī' | 'í' | 'ǐ' | 'ì' => 'i',
        'ū' | 'ú' | 'ǔ' | 'ù' => 'u',
        'ǖ' | 'ǘ' | 'ǚ' | 'ǜ' => 'ü',
        'ń' | 'ň' | 'ǹ' => 'n',
        _ => return None,
    })
}

/// Whether letters are a syllable of pinyin: an initial or none, and a final.
fn is_syllable(letters: &str) -> bool {
    const INITIALS: [&str; 23] = [
        "zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x",
        "r", "z", "c", "s", "y", "w",
    ];
    const FINALS: [&str; 38] = [
        "a", "o", "e", "i", "u", "ü", "v", "ai", "ei", "ui", "ao", "ou", "iu", "ie", "ue", "üe",
        "ve", "er", "an", "en", "in", "un", "ün", "ang", "eng", "ing", "ong", "ia", "iao", "ian",
        "iang", "iong", "ua", "uo", "uai", "uan", "uang", "n",
    ];
    let rest = INITIALS.iter().find_map(|initial| letters.strip_prefix(initial)).unwrap_or(letters);
    FINALS.contains(&rest)
}

fn without(text: &str, readings: &[Reading]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for reading in readings {
        out.push_str(text.get(from..reading.from).unwrap_or_default());
        from = reading.to;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_compared_without_number_blanks_and_signs() {
        for (written, name) in [
            ("(一) 予以公开", "予以公开"),
            ("㈠予以公开", "予以公开"),
            ("3.危及“三安全一稳定”", "危及三安全一稳定"),
            ("１．属于国家\u{a0}秘密", "属于国家秘密"),
            ("1、属于国家秘密", "属于国家秘密"),
            ("一)予以公开", "予以公开"),
            ("三、本年度办理结果", "本年度办理结果"),
            ("索  引  号:", "索引号"),
            ("三安全一稳定", "三安全一稳定"),
        ] {
            assert_eq!(label(written), name, "{written}");
        }
    }

    #[test]
    fn blanks_widths_and_breaks_within_words_are_made_one() {
        for (written, read) in [
            ("　２０２３ 年\u{a0}\u{200b} 报告 ", "2023 年 报告"),
            ("政府信\n  息 公开", "政府信息 公开"),
            ("政府信\n息\r\n公开", "政府信息公开"),
            ("open\ndata", "open data"),
            ("〔2021〕30号", "〔2021〕30号"),
        ] {
            assert_eq!(plain(written), read, "{written:?}");
        }
    }

    fn undone(text: &str) -> (String, Undone) {
        let poison = poison(text);
        (undo_poison(text, poison), poison)
    }

    #[test]
    fn poison_is_undone() {
        let (text, found) = undone("公開(kāi)政務(wù)會(huì)對應(yīng)報總數(APP)網站(web)");
        assert_eq!(text, "公开政务会对应报总数(APP)网站(web)");
        assert!(found.traditional && found.pinyin);
        let doubled = "公(gong)(gong)開(kai)(kai)政(zheng)府(fu)信(xin)息(xi)工(gong)(gong)作(zuo)報(bao)(bao)告";
        assert_eq!(undone(doubled).0, "公開政府信息工作報告");
    }

    #[test]
    fn ordinary_brackets_stay() {
        let text = "政务(app)公开(web)，下载(PDF)、热线(12345)、平台(an)";
        assert_eq!(undone(text), (text.to_owned(), Undone::default()));
    }
}
