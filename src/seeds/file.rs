//! Reads seed files: `*.toml` with one portal each, `*.txt` with one URL a line. A bad file does not
//! keep the good ones from being read.

use std::path::{Path, PathBuf};

use regex::RegexSet;
use url::Url;

use super::Seed;
use crate::canonical::{CanonicalUrl, HostKey};
use crate::config::load::duration;
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
#[error("cannot read the seeds {}: expected a folder with *.toml or *.txt files, or one such file", path.display())]
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
    let mut all = Reading::default();
    for path in paths {
        match read_file(&path) {
            Ok(one) => all.merge(one),
            Err(error) => all.mistakes.push(Mistake {
                place: path.display().to_string(),
                what: format!("it cannot be read: {}", error.source),
            }),
        }
    }
    Ok(all)
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
        self.mistakes.extend(other.mistakes);
        for seed in other.seeds {
            match self.seeds.iter().find(|known| known.name == seed.name) {
                Some(known) => self.mistakes.push(Mistake {
                    place: seed.source,
                    what: format!(
                        "the name `{}` is that of the seed in {}: give it another",
                        seed.name, known.source
                    ),
                }),
                None => self.seeds.push(seed),
            }
        }
    }
}

fn read_toml(name: &str, bytes: &[u8]) -> Reading {
    let mut file = TomlFile::parse(name, bytes);
    if file.is_broken() {
        return Reading { seeds: Vec::new(), mistakes: file.finish() };
    }
    let place = Spot::text_at(format!("{name}:1"), "");
    let has_urls = file.place_of("urls").is_some();
    let urls = file.take_list("urls", url).unwrap_or_default();
    let seed_name = file.take("name", |spot| match spot.text("a name in quotes")?.trim() {
        "" => Err(spot.mistake("expected the portal's name, found \"\"")),
        name => Ok(name.to_owned()),
    });
    let reach = read_reach(&mut file);
    let include = patterns(&mut file, "include");
    let exclude = patterns(&mut file, "exclude");
    let delay = file.take("delay", duration);
    if urls.is_empty() && !has_urls {
        file.add(place.mistake("`urls` is missing: write urls = [\"http://www.example.gov.cn/\"]"));
    }
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
    let seed = Seed::new(seed_name, name.to_owned(), urls, &reach, (include, exclude), delay);
    Reading { seeds: vec![seed], mistakes }
}

fn url(spot: &Spot) -> Result<Url, Mistake> {
    const URL: &str = "a URL in quotes such as \"http://www.example.gov.cn/\"";
    let text = spot.text(URL)?;
    let url = Url::parse(text)
        .map_err(|why| spot.mistake(format!("expected {URL}, found \"{text}\": {why}")))?;
    match CanonicalUrl::new(&url) {
        Ok(_) => Ok(url),
        Err(why) => Err(spot.mistake(format!("\"{text}\" cannot be asked for: {why}"))),
    }
}

fn read_reach(file: &mut TomlFile) -> Reach {
    const SCOPE: &str = "\"host\", \"domain\", or a list of hosts";
    let mut words = file
        .take_list("scope", |spot| {
            let text = spot.text(SCOPE)?.trim();
            let is_name = !text.is_empty()
                && text.bytes().all(|b| {
                    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']')
                });
            if is_name {
                return Ok(text.to_ascii_lowercase());
            }
            Err(spot.mistake(format!(
                "expected {SCOPE}, found \"{text}\": hosts stand without scheme and path"
            )))
        })
        .unwrap_or_default();
    match words.as_slice() {
        [] => Reach::Host,
        [one] if one == "host" => Reach::Host,
        [one] if one == "domain" => Reach::Domain,
        _ => Reach::Hosts(words.drain(..).map(HostKey::from).collect()),
    }
}

fn patterns(file: &mut TomlFile, key: &'static str) -> RegexSet {
    let texts = file.take_list(key, |spot| {
        let text = spot.text("a regular expression in quotes such as \"/zwgk/\"")?;
        match regex::Regex::new(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
                Err(spot.mistake(format!(
                    "`{key}`: \"{text}\" is no regular expression: {why}; write \\\\ before a sign that stands for itself"
                )))
            }
        }
    });
    // Each was tried alone; together they can only be too large.
    RegexSet::new(texts.unwrap_or_default()).unwrap_or_else(|error| {
        file.add(Mistake { place: key.to_owned(), what: error.to_string() });
        RegexSet::empty()
    })
}

fn read_list(name: &str, bytes: &[u8]) -> Reading {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reading = Reading::default();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let place = format!("{name}:{}", index + 1);
        let Ok(line) = std::str::from_utf8(line) else {
            let what = "this is not UTF-8: save the file as UTF-8".to_owned();
            reading.mistakes.push(Mistake { place, what });
            continue;
        };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match url(&Spot::text_at(place.clone(), line)) {
            Ok(url) => join(&mut reading, &url, &place),
            Err(mistake) => reading.mistakes.push(mistake),
        }
    }
    reading
}

/// Lines of one host are one seed.
fn join(reading: &mut Reading, url: &Url, source: &str) {
    let fresh = Seed::from_url(url, source);
    match reading.seeds.iter_mut().find(|seed| seed.name == fresh.name) {
        Some(known) => known.urls.push(url.clone()),
        None => reading.seeds.push(fresh),
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
            ("include = [\"(\"]", ["no regular expression", "unclosed group"]),
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
            ("urls = [\"www.qingshan.gov.cn\"]", "http://www.example.gov.cn/"),
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
    }
}
