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
            Value::Text(text) | Value::Said(text) => format!("the text \"{text}\""),
            Value::Number(number) => format!("the number {number}"),
            Value::List(_) => "a list".to_owned(),
            Value::Other(kind) => format!("a {kind}"),
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
    known: Vec<&'static str>,
    mistakes: Vec<Mistake>,
}

impl TomlFile {
    /// Reads a file's bytes; `name` stands in the mistakes.
    pub fn parse(name: &str, bytes: &[u8]) -> Self {
        let mut file = Self { spots: BTreeMap::new(), known: Vec::new(), mistakes: Vec::new() };
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
                // A heading with nothing under it says nothing.
                DeValue::Table(_) => {}
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
        self.known.push(key);
        let (_, spot) = self.spots.remove(key)?;
        read(&spot).map_err(|mistake| self.mistakes.push(mistake)).ok()
    }

    /// Takes a key out and reads each thing of its list.
    pub fn take_list<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&Spot) -> Result<T, Mistake>,
    ) -> Option<Vec<T>> {
        self.known.push(key);
        let (_, spot) = self.spots.remove(key)?;
        let mut things = Vec::new();
        for thing in spot.things() {
            match read(&thing) {
                Ok(thing) => things.push(thing),
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        Some(things)
    }

    /// The place of a key that is there.
    pub fn place_of(&self, key: &str) -> Option<&str> {
        self.spots.get(key).map(|(place, _)| place.as_str())
    }

    /// Whether the file could not be read as TOML at all.
    pub fn is_broken(&self) -> bool {
        self.spots.is_empty() && !self.mistakes.is_empty()
    }

    /// Adds a mistake that was found elsewhere.
    pub fn add(&mut self, mistake: Mistake) {
        self.mistakes.push(mistake);
    }

    /// All mistakes, what nobody took among them.
    pub fn finish(mut self) -> Vec<Mistake> {
        for (key, (place, _)) in &self.spots {
            let hint = match closest(key, &self.known) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("the keys are {}", quoted(&self.known)),
            };
            self.mistakes.push(Mistake {
                place: place.clone(),
                what: format!("unknown key `{key}`: {hint}"),
            });
        }
        self.mistakes
    }
}

/// The known word that a mistyped one most likely means.
fn closest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    /// Below this likeness (0 to 1) a suggestion is a riddle.
    const LIKE: f64 = 0.8;
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let likeness = |candidate: &str| {
        let whole = strsim::jaro_winkler(word, candidate);
        // The right key under the wrong heading.
        if last(word) == last(candidate) { whole.max(LIKE) } else { whole }
    };
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
            DeValue::Array(list) => Value::List(
                list.iter().map(|thing| self.spot(thing.span(), thing.get_ref())).collect(),
            ),
            other => Value::Other(other.type_str()),
        };
        Spot { place: self.place(span), value }
    }
}
