//! Reads seed files: `*.toml` with one portal each, `*.txt` with one URL a line. A bad file does not
//! keep the good ones from being read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use regex::RegexSet;
use url::Url;

use super::Seed;
use crate::canonical::{CanonicalUrl, HostKey};
use crate::config::load::{duration, hours};
use crate::scope::Reach;
use crate::toml_file::{Mistake, Spot, TomlFile};

/// What was read out of seed files.
#[derive(Debug, Default)]
pub struct Reading {
    /// The good ones, by file name.
    pub seeds: Vec<Seed>,
    /// What is wrong with the others.
    pub mistakes: Vec<Mistake>,
}

/// A folder or a file of seeds cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the seeds in {}: expected a folder with *.toml or *.txt files, or one such file", path.display())]
pub struct SeedsError {
    /// Its path.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: std::io::Error,
}

/// Reads all seed files of a folder, in the order of their names.
///
/// # Errors
/// When the folder itself cannot be read.
pub fn read_dir(dir: &Path) -> Result<Reading, SeedsError> {
    let error = |source| SeedsError { path: dir.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(error)? {
        let path = entry.map_err(error)?.path();
        if matches!(path.extension().and_then(|e| e.to_str()), Some("toml" | "txt")) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(Reading::of(paths.iter().map(|path| match read_file(path) {
        Ok(one) => one,
        Err(error) => Reading {
            seeds: Vec::new(),
            mistakes: vec![Mistake {
                place: path.display().to_string(),
                what: format!("it cannot be read: {}", error.source),
            }],
        },
    })))
}

/// Reads one seed file.
///
/// # Errors
/// When it cannot be read.
pub fn read_file(path: &Path) -> Result<Reading, SeedsError> {
    let bytes =
        std::fs::read(path).map_err(|source| SeedsError { path: path.to_owned(), source })?;
    let name = path.display().to_string();
    let is_list = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("txt"));
    Ok(if is_list { read_list(&name, &bytes) } else { read_toml(&name, &bytes) })
}

impl Reading {
    /// Adds what another file brought; a name that is taken is a mistake.
    pub fn merge(&mut self, other: Self) {
        *self = Self::of([std::mem::take(self), other]);
    }

    fn of(readings: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        let mut places: HashMap<String, String> = HashMap::new();
        for one in readings {
            all.mistakes.extend(one.mistakes);
            for seed in one.seeds {
                if let Some(known) = places.get(&seed.name) {
                    let what = format!(
                        "the name `{}` is that of the seed in {known}: give it another",
                        seed.name
                    );
                    all.mistakes.push(Mistake { place: seed.place, what });
                } else {
                    places.insert(seed.name.clone(), seed.place.clone());
                    all.seeds.push(seed);
                }
            }
        }
        all
    }
}

/// Reads the text of one seed file in TOML; `name` is its name in messages.
pub fn read_toml(name: &str, bytes: &[u8]) -> Reading {
    let mut file = TomlFile::parse(name, bytes);
    if file.is_broken() {
        return Reading { seeds: Vec::new(), mistakes: file.finish() };
    }
    let place = Spot::text_at(format!("{name}:1"), "");
    let has_urls = file.place_of("urls").is_some();
    let urls = file.take_list("urls", url).unwrap_or_default();
    let seed_name = file.take("name", seed_name);
    let reach = read_reach(&mut file);
    let include = patterns(&mut file, "include");
    let exclude = patterns(&mut file, "exclude");
    let delay = file.take("delay", duration);
    let hours = file.take("hours", hours).flatten();
    let broken = file.take("allow_broken_certificate", yes_or_no).unwrap_or_default();
    if urls.is_empty() && !has_urls {
        file.add(place.mistake("`urls` is missing: write urls = [\"http://www.example.gov.cn/\"]"));
    }
    let named_at = file.place_of("name").or_else(|| file.place_of("urls")).map(str::to_owned);
    let mistakes = file.finish();
    if !mistakes.is_empty() {
        return Reading { seeds: Vec::new(), mistakes };
    }
    let Some(first) = urls.first() else {
        return Reading {
            seeds: Vec::new(),
            mistakes: vec![place.mistake("`urls` is empty: name one URL at least")],
        };
    };
    let seed_name = seed_name.unwrap_or_else(|| first.host_str().unwrap_or_default().to_owned());
    let mut seed = Seed::new(seed_name, name.to_owned(), urls, &reach, (include, exclude), delay);
    seed.hours = hours;
    seed.allow_broken_certificate = broken;
    seed.place = named_at.unwrap_or(seed.place);
    Reading { seeds: vec![seed], mistakes }
}

fn yes_or_no(spot: &Spot) -> Result<bool, Mistake> {
    spot.boolean("true or false")
}

fn seed_name(spot: &Spot) -> Result<String, Mistake> {
    let text = spot.text("a name in quotes")?;
    let name = text.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(spot.mistake(format!("expected the portal's name on one line, found {text:?}")));
    }
    Ok(name.to_owned())
}

fn url(spot: &Spot) -> Result<Url, Mistake> {
    const URL: &str = "a URL in quotes such as \"http://www.example.gov.cn/\"";
    let text = spot.text(URL)?.trim();
    let wrong = |why: &str| {
        let meant = meant_url(text).map(|meant| format!("; write \"{meant}\""));
        spot.mistake(format!("expected {URL}, found {text:?}: {why}{}", meant.unwrap_or_default()))
    };
    if text.contains(char::is_whitespace) {
        // A URL parser makes %20 of it.
        return Err(wrong("there is a space in it"));
    }
    let url = Url::parse(text).map_err(|why| wrong(&why.to_string()))?;
    match CanonicalUrl::new(&url) {
        Ok(_) => Ok(url),
        Err(why) => Err(wrong(&why.to_string())),
    }
}

/// The URL that a text without a scheme, with full-width punctuation or with words after it most
/// likely means.
fn meant_url(text: &str) -> Option<Url> {
    let first = text.split_whitespace().next()?;
    let plain = first.replace('：', ":").replace('／', "/").replace(['．', '。'], ".");
    let meant = if plain.contains("://") { plain } else { format!("http://{plain}") };
    let url =
        Url::parse(&meant).ok().filter(|url| url.host_str().is_some_and(|h| h.contains('.')))?;
    CanonicalUrl::new(&url).is_ok().then_some(url)
}

fn read_reach(file: &mut TomlFile) -> Reach {
    const SCOPE: &str = "\"host\", \"domain\", or a list of hosts";
    let mut words = file
        .take_list("scope", |spot| {
            let text = spot.text(SCOPE)?.trim();
            let wrong = || {
                spot.mistake(format!(
                    "expected {SCOPE}, found {text:?}: hosts stand without scheme, port and path"
                ))
            };
            // As a URL would spell it: lower case, internationalised names in ASCII.
            Ok(url::Host::parse(text).map_err(|_| wrong())?.to_string())
        })
        .unwrap_or_default();
    match words.as_slice() {
        [] => Reach::Host,
        [one] if one == "host" => Reach::Host,
        [one] if one == "domain" => Reach::Domain,
        // A single word without a dot is no host of a portal, but a slip for one of ours.
        [one] if !one.contains(['.', ':']) => {
            let what = format!("expected {SCOPE}, found \"{one}\"");
            let place = file.place_of("scope").unwrap_or("scope").to_owned();
            file.add(Mistake { place, what });
            Reach::Host
        }
        _ => Reach::Hosts(words.drain(..).map(HostKey::from).collect()),
    }
}

fn patterns(file: &mut TomlFile, key: &'static str) -> RegexSet {
    let texts = file.take_list(key, |spot| {
        let text = spot.text("a regular expression in quotes such as \"/zwgk/\"")?;
        match regex::Regex::new(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(error) => Err(spot.mistake(format!(
                "`{key}`: {text:?} is no regular expression: {}; write \\ before a sign that stands for itself, \
                 and the text in single quotes",
                fault(&error)
            ))),
        }
    });
    // Each was tried alone; together they can only be too large.
    RegexSet::new(texts.unwrap_or_default()).unwrap_or_else(|error| {
        let place = file.place_of(key).unwrap_or(key).to_owned();
        let what = format!("`{key}`: these patterns are too much together: {error}");
        file.add(Mistake { place, what });
        RegexSet::empty()
    })
}

/// What is wrong with a pattern and at which letter; the crate says it over several lines, with a
/// caret under the letter, indented by four.
fn fault(error: &regex::Error) -> String {
    let text = error.to_string();
    let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
    let is_caret = |line: &&str| line.contains('^') && line.chars().all(|c| matches!(c, ' ' | '^'));
    let caret = text.lines().skip(1).find(is_caret).and_then(|line| line.find('^'));
    match caret {
        Some(column) => format!("{why} at letter {}", column.saturating_sub(3)),
        None => why.to_owned(),
    }
}

fn read_list(name: &str, bytes: &[u8]) -> Reading {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reading = Reading::default();
    let mut by_name = HashMap::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let place = format!("{name}:{}", index + 1);
        let Ok(line) = std::str::from_utf8(line) else {
            let what = "this is not UTF-8: save the file as UTF-8".to_owned();
            reading.mistakes.push(Mistake { place, what });
            continue;
        };
        let line = without_comment(line);
        if line.is_empty() {
            continue;
        }
        match url(&Spot::text_at(place.clone(), line)) {
            Ok(url) => join(&mut reading, &mut by_name, &url, &place),
            Err(mistake) => reading.mistakes.push(mistake),
        }
    }
    reading
}

/// A line up to a `#` that stands first or after a space: within a URL it begins a fragment.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    let comment = line.find(|letter: char| {
        let begins = letter == '#' && before.is_whitespace();
        before = letter;
        begins
    });
    comment.and_then(|at| line.get(..at)).unwrap_or(line).trim()
}

/// Lines of one host are one seed.
fn join(reading: &mut Reading, by_name: &mut HashMap<String, usize>, url: &Url, source: &str) {
    let fresh = Seed::from_url(url, source);
    let known = by_name.get(&fresh.name).and_then(|index| reading.seeds.get_mut(*index));
    if let Some(known) = known {
        known.urls.push(url.clone());
    } else {
        by_name.insert(fresh.name.clone(), reading.seeds.len());
        reading.seeds.push(fresh);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn toml(text: &str) -> Reading {
        read_toml("seeds/a.toml", text.as_bytes())
    }

    #[test]
    fn the_example_is_a_good_seed_file() {
        let reading = read_toml("seeds/example.toml", include_bytes!("../../seeds/example.toml"));
        assert_eq!(reading.mistakes, []);
        assert_eq!(reading.seeds.len(), 1);
    }

    #[test]
    fn a_mistake_in_a_seed_file_is_named_with_its_line_and_what_to_write() {
        let good = "urls = [\"http://www.qingshan.gov.cn/\"]\n";
        for (line, words) in [
            ("includ = []", ["unknown key `includ`", "`include`"]),
            ("include = [\"年(报\"]", ["no regular expression", "unclosed group at letter 2"]),
            ("scope = [\"a.gov.cn:8080\"]", ["list of hosts", "port"]),
            ("name = \"a\\nb\"", ["on one line", "a\\nb"]),
            ("scope = \"Domains\"", ["\"host\", \"domain\"", "\"domains\""]),
            ("scope = \"http://a.gov.cn/\"", ["list of hosts", "without scheme"]),
            ("delay = 3", ["the number 3", "\"2s\""]),
            ("name = \"\"", ["portal's name", "\"\""]),
        ] {
            let reading = toml(&format!("{good}{line}\n"));
            let found = reading.mistakes.iter().map(ToString::to_string).collect::<String>();
            assert!(found.starts_with("seeds/a.toml:2: "), "{line}: {found}");
            assert!(words.iter().all(|word| found.contains(word)), "{line}: {found}");
            assert!(reading.seeds.is_empty(), "{line}");
        }
        for (text, word) in [
            ("name = \"x\"", "`urls` is missing"),
            ("urls = []", "`urls` is empty"),
            ("urls = [\"www.qingshan.gov.cn\"]", "write \"http://www.qingshan.gov.cn/\""),
            (
                "urls = [\"www.qingshan.gov.cn:8080/a\"]",
                "write \"http://www.qingshan.gov.cn:8080/a\"",
            ),
            ("urls = [\"http：／／www.qingshan.gov.cn\"]", "write \"http://www.qingshan.gov.cn/\""),
            (
                "urls = [\"http://www.qingshan.gov.cn/ 青山\"]",
                "write \"http://www.qingshan.gov.cn/\"",
            ),
            ("urls = [\"ftp://www.qingshan.gov.cn\"]", "neither http nor https"),
        ] {
            let found = toml(text).mistakes.iter().map(ToString::to_string).collect::<String>();
            assert!(
                found.starts_with("seeds/a.toml:1: ") && found.contains(word),
                "{text}: {found}"
            );
        }
    }

    #[test]
    fn a_list_is_one_seed_a_host_and_a_bad_line_costs_nothing_else() {
        let list = "# portals\n\nhttp://www.qingshan.gov.cn/\nhttp://www.qingshan.gov.cn/b\n\
            nonsense\nhttp://www.yunling.gov.cn/\n";
        let reading = read_list("seeds/a.txt", list.as_bytes());
        let names: Vec<_> =
            reading.seeds.iter().map(|seed| (seed.name.as_str(), seed.urls.len())).collect();
        assert_eq!(names, [("www.qingshan.gov.cn", 2), ("www.yunling.gov.cn", 1)]);
        assert_eq!(reading.mistakes.len(), 1);
        assert_eq!(reading.mistakes[0].place, "seeds/a.txt:5");
    }

    #[test]
    fn a_comment_in_a_list_is_no_part_of_the_url() {
        let list =
            "http://www.qingshan.gov.cn/ # 青山区\n  # http://x.gov.cn/\nhttp://a.gov.cn/#top\r\n";
        let reading = read_list("seeds/a.txt", list.as_bytes());
        assert_eq!(reading.mistakes, []);
        let urls: Vec<_> =
            reading.seeds.iter().flat_map(|seed| &seed.urls).map(Url::as_str).collect();
        assert_eq!(urls, ["http://www.qingshan.gov.cn/", "http://a.gov.cn/#top"]);
    }

    #[test]
    fn hosts_of_a_list_are_spelt_as_urls_spell_them() {
        let reading =
            toml("urls = [\"http://a.gov.cn/\"]\nscope = [\"WWW.例子.CN\", \"b.gov.cn\"]");
        assert_eq!(reading.mistakes, []);
        assert_eq!(reading.seeds[0].scope().hosts(), ["a.gov.cn", "b.gov.cn", "xn--fsqu00a.cn"]);
    }

    #[test]
    fn a_name_given_twice_is_a_mistake_in_the_line_of_the_second() {
        let dir = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("a.toml", "urls = [\"http://a.gov.cn/\"]\nname = \"x\""),
            ("b.toml", "\n\nname = \"x\"\nurls = [\"http://b.gov.cn/\"]"),
        ] {
            std::fs::write(dir.path().join(file), text).unwrap();
        }
        let reading = read_dir(dir.path()).unwrap();
        assert_eq!(reading.seeds.len(), 1);
        let mistake = reading.mistakes[0].to_string();
        assert!(mistake.contains("b.toml:3: the name `x`"), "{mistake}");
        assert!(mistake.contains("a.toml:2"), "{mistake}");
    }

    #[test]
    fn a_bad_file_does_not_keep_the_good_ones_from_being_read() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.toml"), "urls = 3").unwrap();
        std::fs::write(dir.path().join("b.toml"), "urls = [\"http://b.gov.cn/\"]").unwrap();
        std::fs::write(dir.path().join("c.toml"), [0xff, 0xfe]).unwrap();
        std::fs::write(dir.path().join("d.txt"), "http://b.gov.cn/").unwrap();
        std::fs::write(dir.path().join("notes.md"), "no seed").unwrap();
        let reading = read_dir(dir.path()).unwrap();
        assert_eq!(reading.seeds.len(), 1);
        let places: Vec<_> = reading.mistakes.iter().map(|mistake| &mistake.place).collect();
        assert_eq!(reading.mistakes.len(), 3, "{places:?}");
        assert!(reading.mistakes[2].what.contains("the name `b.gov.cn`"), "{:?}", reading.mistakes);
    }

    proptest! {
        #[test]
        fn no_bytes_bring_it_down(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_toml("a.toml", &bytes).seeds.len() + read_list("a.txt", &bytes).seeds.len();
        }

        #[test]
        fn no_value_brings_it_down(value in "\\PC{0,40}", pattern in "[(\\[{^$.*+?|\\\\)\\]}年-]{0,12}") {
            for key in ["urls", "name", "scope", "include", "delay"] {
                let text = if key == "include" { &pattern } else { &value };
                let text = format!("{key} = {}", toml::Value::String(text.clone()));
                let _ = read_toml("a.toml", text.as_bytes()).seeds.len();
            }
            let _ = read_list("a.txt", value.as_bytes()).seeds.len();
        }
    }
}
