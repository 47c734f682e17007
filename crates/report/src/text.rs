//! Text as it is compared: blanks, widths and brackets made one, poison undone.

use std::borrow::Cow;
use std::sync::LazyLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
use regex::Regex;

/// Compiles a pattern that is a constant of this crate.
#[expect(clippy::expect_used, reason = "every pattern is a constant, and each is used by a test")]
pub(crate) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

/// Full-width letters, digits and signs as ASCII; all blanks as one; invisible letters dropped.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}' | '\u{2060}' => {}
            '\u{ff01}'..='\u{ff5e}' => {
                let narrow = u32::from(c) - 0xff01 + 0x21;
                out.push(char::from_u32(narrow).unwrap_or(c));
            }
            '〔' | '【' | '﹝' => out.push('['),
            '〕' | '】' | '﹞' => out.push(']'),
            c if c.is_whitespace() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A text without blanks, in [`plain`] form.
pub(crate) fn tight(text: &str) -> String {
    plain(text).chars().filter(|c| *c != ' ').collect()
}

/// A label as it is compared: without blanks, signs and the number before it.
pub(crate) fn label(text: &str) -> String {
    let tight = tight(text);
    let bare = NUMBERING.replace(&tight, "");
    bare.chars().filter(|c| c.is_alphanumeric()).collect()
}

static NUMBERING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:[\((]?[一二三四五六七八九十\d]{1,3}[\))]?[、..,,::]?|[㈠-㈩①-⑳])")
});

/// A run of blanks as one, none at the ends.
pub(crate) fn trimmed(text: &str) -> String {
    plain(text).split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Letters that are traditional alone and stand in every report.
const TRADITIONAL: [char; 12] =
    ['務', '開', '會', '對', '報', '關', '應', '數', '據', '辦', '總', '請'];

/// So many of [`TRADITIONAL`] make a text one that was turned traditional.
const TRADITIONAL_ENOUGH: usize = 5;

/// What was done to a text before it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Undone {
    /// It was in traditional characters.
    pub(crate) traditional: bool,
    /// Pinyin stood in brackets after its letters.
    pub(crate) pinyin: bool,
}

/// Traditional characters turned back, pinyin in brackets taken out: what copies on strangers'
/// hosts do to a text so that it does not look copied.
pub(crate) fn undo_poison(text: &str) -> (Cow<'_, str>, Undone) {
    let mut undone = Undone::default();
    let mut text = Cow::Borrowed(text);
    if PINYIN_MARKED.find_iter(&text).nth(2).is_some() {
        undone.pinyin = true;
        text = Cow::Owned(PINYIN.replace_all(&text, "$1").into_owned());
    }
    let kinds = TRADITIONAL.iter().filter(|letter| text.contains(**letter)).count();
    if kinds >= TRADITIONAL_ENOUGH
        && let Some(converter) = SIMPLIFIER.as_ref()
    {
        undone.traditional = true;
        text = Cow::Owned(converter.convert(&text));
    }
    (text, undone)
}

/// Tables that are built in; none only if they are damaged, which the tests would say.
static SIMPLIFIER: LazyLock<Option<OpenCC>> =
    LazyLock::new(|| OpenCC::from_config(BuiltinConfig::T2s).ok());

/// Pinyin with a tone mark: ordinary brackets hold none.
static PINYIN_MARKED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\p{Han}[\((][a-zü]{0,5}[āáǎàōóǒòēéěèīíǐìūúǔùǖǘǚǜ][a-zü]{0,5}[\))]"));

static PINYIN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(\p{Han})[\((][a-züāáǎàōóǒòēéěèīíǐìūúǔùǖǘǚǜ]{1,6}[\))]"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_compared_without_number_blanks_and_signs() {
        assert_eq!(label("(一) 予以公开"), "予以公开");
        assert_eq!(label("3.危及“三安全一稳定”"), "危及三安全一稳定");
        assert_eq!(label("１．属于国家\u{a0}秘密"), "属于国家秘密");
        assert_eq!(label("三、本年度办理结果"), "本年度办理结果");
        assert_eq!(label("索  引  号:"), "索引号");
    }

    #[test]
    fn poison_is_undone_and_ordinary_brackets_stay() {
        let (text, undone) = undo_poison("公開(kāi)政務(wù)會(huì)對應(yīng)報總數(APP)");
        assert_eq!(text, "公开政务会对应报总数(APP)");
        assert!(undone.traditional && undone.pinyin);
        let (text, undone) = undo_poison("政务(app)公开(web)");
        assert_eq!((text.as_ref(), undone), ("政务(app)公开(web)", Undone::default()));
    }
}
