//! A run as each of its WARC files describes it: its number, its configuration, its seeds. With it, what
//! the run concluded from an answer can be concluded again.

use crate::clock::Moment;
use crate::config::{self, Config};
use crate::seeds::{self, Seed, Seeds};
use crate::stops::HostList;

/// What a run went by.
#[derive(Debug, Clone)]
pub struct RunDescription {
    /// Its number.
    pub run: i64,
    /// When it began.
    pub started_at: Moment,
    /// The configuration in force.
    pub config: Config,
    /// The seeds that it took in.
    pub seeds: Seeds,
    /// The hosts that it was not to ask, when it began: for now, and because they do not want it.
    pub stops: (HostList, HostList),
}

/// Why a description cannot be gone by.
#[derive(Debug, thiserror::Error)]
#[error("the description of the run cannot be read: {0}")]
pub struct Unreadable(String);

impl RunDescription {
    /// As it stands in a WARC file: a line of JSON.
    pub fn to_json(&self) -> String {
        let mut table = toml::Table::new();
        table.insert("run".to_owned(), self.run.into());
        table.insert("started_at".to_owned(), self.started_at.as_millis().into());
        table.insert("configuration".to_owned(), self.config.to_toml().into());
        let seeds = self.seeds.iter().map(|seed| {
            let mut table = seed.to_toml();
            table.insert("source".to_owned(), seed.source.as_str().into());
            toml::Value::Table(table)
        });
        table.insert("seed".to_owned(), toml::Value::Array(seeds.collect()));
        for (key, list) in [("stop_hosts", &self.stops.0), ("opt_out", &self.stops.1)] {
            let lines = list.lines().map(toml::Value::from).collect();
            table.insert(key.to_owned(), toml::Value::Array(lines));
        }
        // A table of texts and numbers is always JSON.
        serde_json::to_string(&table).unwrap_or_default()
    }

    /// What a WARC file says.
    ///
    /// # Errors
    /// When it is no description, or one of a configuration or seeds that this gongkai does not know.
    pub fn from_json(text: &str) -> Result<Self, Unreadable> {
        let mut table: toml::Table =
            serde_json::from_str(text).map_err(|error| Unreadable(error.to_string()))?;
        let number = |key: &str| table.get(key).and_then(toml::Value::as_integer);
        let missing = |key: &str| Unreadable(format!("`{key}` is missing"));
        let run = number("run").ok_or_else(|| missing("run"))?;
        let started_at = number("started_at").ok_or_else(|| missing("started_at"))?;
        let text = table.get("configuration").and_then(toml::Value::as_str);
        let text = text.ok_or_else(|| missing("configuration"))?;
        let config = config::load::parse("configuration", text.as_bytes(), std::iter::empty())
            .map_err(|error| Unreadable(error.to_string()))?;
        let seeds = match table.remove("seed") {
            Some(toml::Value::Array(seeds)) => {
                seeds.into_iter().map(seed).collect::<Result<_, _>>()?
            }
            _ => Vec::new(),
        };
        let started_at = Moment::from_millis(started_at);
        let stops = (hosts(&table, "stop_hosts"), hosts(&table, "opt_out"));
        Ok(Self { run, started_at, config, seeds: Seeds::new(seeds), stops })
    }
}

fn hosts(table: &toml::Table, key: &str) -> HostList {
    let lines = table.get(key).and_then(toml::Value::as_array).into_iter().flatten();
    HostList::of(lines.filter_map(toml::Value::as_str).map(str::to_owned))
}

fn seed(value: toml::Value) -> Result<Seed, Unreadable> {
    let toml::Value::Table(mut table) = value else {
        return Err(Unreadable("a seed that is no table".to_owned()));
    };
    let source = table.remove("source");
    let source = source.as_ref().and_then(toml::Value::as_str).unwrap_or("WARC file").to_owned();
    let mut reading = seeds::read_toml(&source, table.to_string().as_bytes());
    let wrong = || {
        let mistakes: Vec<_> = reading.mistakes.iter().map(ToString::to_string).collect();
        Unreadable(mistakes.join("; "))
    };
    let mut seed = reading.seeds.pop().ok_or_else(wrong)?;
    seed.source = source;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: &str = "name = \"青杉市\"\nurls = [\"http://www.qingshan.gov.cn/\"]\n\
        scope = [\"b.gov.cn\"]\nexclude = [\"/英文/\"]\ninclude = [\"年报\"]\ndelay = \"2500ms\"\n\
        hours = \"22:00-07:00 UTC\"\nallow_broken_certificate = true\n";

    #[test]
    fn a_run_is_read_back_as_it_was_described() {
        let seed = seeds::read_toml("seeds/a.toml", SEEDS.as_bytes()).seeds.remove(0);
        let url = url::Url::parse("http://www.yunling.gov.cn/").unwrap();
        let seeds = Seeds::new(vec![seed, Seed::from_url(&url, "command line")]);
        let mut config = Config::default();
        config.fetch.retries = 7;
        let stops = (HostList::parse("a.gov.cn").0, HostList::parse("*.b.gov.cn").0);
        let started_at = Moment::from_millis(5);
        let run = RunDescription { run: 3, started_at, config, seeds, stops };
        let again = RunDescription::from_json(&run.to_json()).unwrap();
        assert_eq!((again.run, again.started_at), (3, run.started_at));
        assert_eq!(again.config, run.config);
        assert_eq!(again.stops, run.stops);
        assert_eq!(again.to_json(), run.to_json());
        assert_eq!(again.seeds.get("青杉市").unwrap().source, "seeds/a.toml");
    }

    #[test]
    fn what_is_no_description_says_why() {
        for (text, why) in [
            ("{", "cannot be read"),
            (r#"{"run":1}"#, "`started_at` is missing"),
            (r#"{"run":1,"started_at":1,"configuration":"colour = 1"}"#, "unknown key"),
            (
                r#"{"run":1,"started_at":1,"configuration":"","seed":[{"urls":[]}]}"#,
                "`urls` is empty",
            ),
        ] {
            let error = RunDescription::from_json(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
