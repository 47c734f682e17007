//! TOML files, read so that every mistake is named with its file and line, all of them at once.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// One mistake: where it stands, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// `config.toml:12`, or the name of an environment variable.
    pub place: String,
    /// What was found, what was expected.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// A value, and where it stands.
#[derive(Debug, Clone)]
pub struct Spot {
    place: String,
    value: Value,
}

#[derive(Debug, Clone)]
enum Value {
    Text(String),
    /// What an environment variable says: a text that may stand for a number or a list.
    Said(String),
    Number(String),
    Boolean(bool),
    List(Vec<Spot>),
    Other(&'static str),
}

impl Spot {
    /// A text that stands somewhere.
    pub fn text_at(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), value: Value::Text(text.into()) }
    }

    /// What an environment variable says; it has no other way to say a number or a list.
    pub fn variable(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: name.into(), value: Value::Said(text.into()) }
    }

    /// Where it stands.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// A mistake here.
    pub fn mistake(&self, what: impl Into<String>) -> Mistake {
        Mistake { place: self.place.clone(), what: what.into() }
    }

    fn found(&self) -> String {
        match &self.value {
            Value::Text(text) | Value::Said(text) => format!("the text {text:?}"),
            Value::Number(number) => format!("the number {number}"),
            Value::Boolean(_) => "a boolean".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Other(kind) => format!("a {kind}"),
        }
    }

    /// The digits of a number that stands there without quotes and unit.
    pub fn bare_number(&self) -> Option<&str> {
        match &self.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// It as text.
    ///
    /// # Errors
    /// When it is something else; `expected` says what it should be, with an example.
    pub fn text(&self, expected: &str) -> Result<&str, Mistake> {
        match &self.value {
            Value::Text(text) | Value::Said(text) => Ok(text),
            _ => Err(self.mistake(format!("expected {expected}, found {}", self.found()))),
        }
    }

    /// The truth value that stands there.
    ///
    /// # Errors
    /// When something else stands there; `expected` says what should.
    pub fn boolean(&self, expected: &str) -> Result<bool, Mistake> {
        match &self.value {
            Value::Boolean(value) => Ok(*value),
            _ => Err(self.mistake(format!("expected {expected}, found {}", self.found()))),
        }
    }

    /// It as a number that `expected` describes.
    ///
    /// # Errors
    /// When it is none, or out of range.
    pub fn number<T: std::str::FromStr>(
        &self,
        expected: &str,
        fits: impl Fn(&T) -> bool,
    ) -> Result<T, Mistake> {
        let (Value::Number(text) | Value::Said(text)) = &self.value else {
            return Err(self.mistake(format!("expected {expected}, found {}", self.found())));
        };
        match text.parse::<T>() {
            Ok(number) if fits(&number) => Ok(number),
            _ => Err(self.mistake(format!("expected {expected}, found {}", self.found()))),
        }
    }

    /// The things in it, a single one standing for a list of one.
    fn things(&self) -> Vec<Self> {
        match &self.value {
            Value::List(list) => list.clone(),
            Value::Said(text) => text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| Self::text_at(self.place.clone(), part))
                .collect(),
            _ => vec![self.clone()],
        }
    }
}

/// A TOML file as dotted keys with their values; what nobody takes out of it is unknown.
#[derive(Debug)]
pub struct TomlFile {
    spots: BTreeMap<String, (String, Spot)>,
    /// Headings with nothing under them, and their places.
    headings: Vec<(String, String)>,
    known: Vec<&'static str>,
    /// Where the keys stood that were taken out.
    taken: BTreeMap<&'static str, String>,
    mistakes: Vec<Mistake>,
}

impl TomlFile {
    /// Reads a file's bytes; `name` stands in the mistakes.
    pub fn parse(name: &str, bytes: &[u8]) -> Self {
        let mut file = Self {
            spots: BTreeMap::new(),
            headings: Vec::new(),
            known: Vec::new(),
            taken: BTreeMap::new(),
            mistakes: Vec::new(),
        };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let line =
                    1 + bytes.iter().take(error.valid_up_to()).filter(|b| **b == b'\n').count();
                let what = "this is not UTF-8: save the file as UTF-8".to_owned();
                file.mistakes.push(Mistake { place: format!("{name}:{line}"), what });
                return file;
            }
        };
        let lines = Lines { name, text };
        match DeTable::parse(text) {
            Ok(table) => file.flatten(&lines, "", table.get_ref()),
            Err(error) => {
                let place = lines.place(error.span().unwrap_or_default());
                let what = error.message().trim().replace('\n', "; ");
                file.mistakes.push(Mistake { place, what: format!("this is not TOML: {what}") });
            }
        }
        file
    }

    fn flatten(&mut self, lines: &Lines<'_>, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let dotted = if prefix.is_empty() {
                key.get_ref().to_string()
            } else {
                format!("{prefix}.{}", key.get_ref())
            };
            match value.get_ref() {
                DeValue::Table(inner) if !inner.is_empty() => self.flatten(lines, &dotted, inner),
                DeValue::Table(_) => self.headings.push((dotted, lines.place(key.span()))),
                other => {
                    let place = lines.place(key.span());
                    self.spots.insert(dotted, (place, lines.spot(value.span(), other)));
                }
            }
        }
    }

    /// Puts a value in, over what the file says.
    pub fn set(&mut self, key: &str, spot: Spot) {
        self.spots.insert(key.to_owned(), (spot.place.clone(), spot));
    }

    /// Takes a key out and reads its value; none where it is not there, or is a mistake.
    pub fn take<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Spot) -> Result<T, Mistake>,
    ) -> Option<T> {
        let spot = self.take_spot(key)?;
        read(&spot).map_err(|mistake| self.mistakes.push(mistake)).ok()
    }

    /// Takes a key out and reads each thing of its list.
    pub fn take_list<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&Spot) -> Result<T, Mistake>,
    ) -> Option<Vec<T>> {
        let spot = self.take_spot(key)?;
        let mut things = Vec::new();
        for thing in spot.things() {
            match read(&thing) {
                Ok(thing) => things.push(thing),
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        Some(things)
    }

    fn take_spot(&mut self, key: &'static str) -> Option<Spot> {
        self.known.push(key);
        let (place, spot) = self.spots.remove(key)?;
        self.taken.insert(key, place);
        Some(spot)
    }

    /// The place of a key that is there, or was until it was taken.
    pub fn place_of(&self, key: &str) -> Option<&str> {
        let there = self.spots.get(key).map(|(place, _)| place);
        there.or_else(|| self.taken.get(key)).map(String::as_str)
    }

    /// The keys that were asked for so far.
    pub fn known(&self) -> &[&'static str] {
        &self.known
    }

    /// Whether the file could not be read as TOML at all.
    pub fn is_broken(&self) -> bool {
        self.spots.is_empty() && !self.mistakes.is_empty()
    }

    /// Adds a mistake that was found elsewhere.
    pub fn add(&mut self, mistake: Mistake) {
        self.mistakes.push(mistake);
    }

    /// All mistakes in the order of their lines, what nobody took among them.
    pub fn finish(mut self) -> Vec<Mistake> {
        for (key, (place, _)) in &self.spots {
            let what = format!("unknown key `{}`: {}", key.escape_debug(), hint(key, &self.known));
            self.mistakes.push(Mistake { place: place.clone(), what });
        }
        for (heading, place) in &self.headings {
            let above = format!("{heading}.");
            if self.known.iter().any(|key| key.starts_with(&above)) {
                continue;
            }
            let what = if self.known.contains(&heading.as_str()) {
                format!("`{heading}` is a key and no heading: write {heading} = …")
            } else {
                let headings = headings(&self.known);
                let hint = match likest(&headings, |known| strsim::jaro_winkler(heading, known)) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("the headings are {}", quoted(&headings)),
                };
                format!("unknown heading `{}`: {hint}", heading.escape_debug())
            };
            self.mistakes.push(Mistake { place: place.clone(), what });
        }
        self.mistakes.sort_by_key(Mistake::line);
        self.mistakes
    }
}

impl Mistake {
    /// The line that it stands in; what has none comes last.
    fn line(&self) -> u64 {
        self.place.rsplit_once(':').and_then(|(_, line)| line.parse().ok()).unwrap_or(u64::MAX)
    }
}

/// What to write instead of an unknown key.
fn hint(key: &str, known: &[&'static str]) -> String {
    if let Some(known) = closest(key, known) {
        return format!("did you mean `{known}`?");
    }
    let (heading, _) = split(key);
    let beside: Vec<&str> =
        known.iter().copied().filter(|other| split(other).0 == heading).collect();
    let listed = if beside.is_empty() { known } else { &beside };
    format!("the keys are {}", quoted(listed))
}

/// A dotted key as its heading, which may be empty, and its own name.
fn split(key: &str) -> (&str, &str) {
    key.rsplit_once('.').unwrap_or(("", key))
}

/// The headings of these keys, each once.
fn headings(known: &[&'static str]) -> Vec<&'static str> {
    let mut headings: Vec<_> =
        known.iter().map(|key| split(key).0).filter(|heading| !heading.is_empty()).collect();
    headings.dedup();
    headings
}

/// The known key that a mistyped one most likely means: one like it under a like heading, or the
/// right key under the wrong heading.
fn closest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let (heading, name) = split(key);
    likest(known, |candidate| {
        let (its_heading, its_name) = split(candidate);
        let headings = strsim::jaro_winkler(heading, its_heading);
        if name == its_name {
            return LIKE + (1.0 - LIKE) * headings;
        }
        strsim::jaro_winkler(name, its_name).min(headings)
    })
}

/// Below this likeness (0 to 1) a suggestion is a riddle.
const LIKE: f64 = 0.8;

fn likest(known: &[&'static str], likeness: impl Fn(&str) -> f64) -> Option<&'static str> {
    known
        .iter()
        .map(|candidate| (likeness(candidate), *candidate))
        .filter(|(like, _)| *like >= LIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

struct Lines<'a> {
    name: &'a str,
    text: &'a str,
}

impl Lines<'_> {
    fn place(&self, span: Range<usize>) -> String {
        let before = self.text.as_bytes().iter().take(span.start);
        format!("{}:{}", self.name, 1 + before.filter(|byte| **byte == b'\n').count())
    }

    fn spot(&self, span: Range<usize>, value: &DeValue<'_>) -> Spot {
        let value = match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) if number.radix() == 10 => {
                Value::Number(number.as_str().to_owned())
            }
            DeValue::Float(number) => Value::Number(number.as_str().to_owned()),
            DeValue::Boolean(value) => Value::Boolean(*value),
            DeValue::Array(list) => Value::List(
                list.iter().map(|thing| self.spot(thing.span(), thing.get_ref())).collect(),
            ),
            other => Value::Other(other.type_str()),
        };
        Spot { place: self.place(span), value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 5] =
        ["archive.dir", "seeds.dir", "politeness.delay", "politeness.max_delay", "fetch.retries"];

    fn mistakes(text: &str) -> Vec<String> {
        let mut file = TomlFile::parse("a.toml", text.as_bytes());
        for key in KNOWN {
            file.take(key, |spot| spot.text("a text").map(str::to_owned));
        }
        file.finish().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_unknown_key_is_named_with_the_key_that_was_meant_or_with_those_there_are() {
        for (text, hint) in [
            ("politeness.dealy = \"\"", "did you mean `politeness.delay`?"),
            ("politness.delay = \"\"", "did you mean `politeness.delay`?"),
            ("delay = \"\"", "did you mean `politeness.delay`?"),
            ("seed.dir = \"\"", "did you mean `seeds.dir`?"),
            ("politeness.colour = \"\"", "the keys are `politeness.delay`, `politeness.max_delay`"),
            ("[fetch.retries]", "`fetch.retries` is a key and no heading"),
            (
                "[colour]",
                "unknown heading `colour`: the headings are `archive`, `seeds`, `politeness`",
            ),
        ] {
            let found = mistakes(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].starts_with("a.toml:1: ") && found[0].contains(hint), "{found:?}");
        }
        assert!(mistakes("[fetch]\n[archive]\n").is_empty(), "a heading alone says nothing");
    }

    #[test]
    fn mistakes_come_in_the_order_of_their_lines() {
        let lines = (0..12).map(|n| format!("x{n} = {n}")).collect::<Vec<_>>().join("\n");
        let places: Vec<_> = mistakes(&lines)
            .iter()
            .filter_map(|m| Some(m.split_once(": ")?.0.to_owned()))
            .collect();
        let expected: Vec<_> = (1..=12).map(|line| format!("a.toml:{line}")).collect();
        assert_eq!(places, expected);
    }

    #[test]
    fn what_a_file_says_reaches_the_terminal_without_its_control_characters() {
        let found = mistakes("fetch.retries = [\"\"]\npoliteness.delay = 3\n\"\\u001b[2J\" = 1\n");
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.concat().chars().all(|c| !c.is_control()), "{found:?}");
    }
}
