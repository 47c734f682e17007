//! `gongkai seeds`, and the seeds that a crawl is given.

use std::path::Path;

use url::Url;

use super::exit::{Exit, Failure};
use super::output::{Output, count, say, table};
use crate::canonical::CanonicalUrl;
use crate::config::Config;
use crate::seeds::{Reading, Seed, read_dir, read_file};
use crate::toml_file::Mistake;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Read every seed file and say what is wrong, with file and line.
    Check,
}

pub(super) fn run(
    command: &Command,
    config: &Config,
    output: &mut Output,
) -> Result<Exit, Failure> {
    match command {
        Command::Check => check(config, output),
    }
}

fn check(config: &Config, output: &mut Output) -> Result<Exit, Failure> {
    let reading = read_dir(&config.seeds.dir).map_err(Failure::usage)?;
    let row = |seed: &Seed| {
        let first = seed.urls.first().map(Url::to_string).unwrap_or_default();
        vec![seed.name.clone(), first, seed.source.clone()]
    };
    let rows: Vec<_> = reading.seeds.iter().map(row).collect();
    if !rows.is_empty() {
        output.line(table(&rows))?;
    }
    complain(&reading);
    let mistakes = count(reading.mistakes.len() as u64, "mistake");
    output.remark(format!("{} good, {mistakes}", reading.seeds.len()));
    Ok(if reading.mistakes.is_empty() { Exit::Done } else { Exit::Usage })
}

/// Says what is wrong with seed files.
pub(super) fn complain(reading: &Reading) {
    for mistake in &reading.mistakes {
        say(&mistake.to_string());
    }
}

/// The seeds that were named, as URLs or as files; all of the configured folder if none were.
pub(super) fn gather(named: &[String], config: &Config) -> Result<Reading, Failure> {
    if named.is_empty() {
        return read_dir(&config.seeds.dir).map_err(Failure::usage);
    }
    let mut all = Reading::default();
    for name in named {
        let one = match Url::parse(name) {
            Ok(url) if url.has_host() => from_url(name, &url),
            _ if is_bare_host(name) => {
                return Err(Failure::usage(format!(
                    "`{name}` is neither a URL nor a seed file: write http://{name}/"
                )));
            }
            _ => read_file(Path::new(name)).map_err(Failure::usage)?,
        };
        all.merge(one);
    }
    Ok(all)
}

/// A host's name without its scheme, where no file has that name.
fn is_bare_host(name: &str) -> bool {
    let is_list = [".toml", ".txt"].iter().any(|ending| name.ends_with(ending));
    !is_list && name.contains('.') && !name.contains('/') && !Path::new(name).exists()
}

fn from_url(name: &str, url: &Url) -> Reading {
    const SOURCE: &str = "command line";
    match CanonicalUrl::new(url) {
        Ok(_) => Reading { seeds: vec![Seed::from_url(url, SOURCE)], mistakes: Vec::new() },
        Err(why) => Reading {
            seeds: Vec::new(),
            mistakes: vec![Mistake {
                place: SOURCE.to_owned(),
                what: format!("`{name}` cannot be asked for: {why}"),
            }],
        },
    }
}
