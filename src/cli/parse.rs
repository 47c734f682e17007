//! `gongkai parse`

use std::io::Read as _;
use std::path::{Path, PathBuf};

use gongkai_report::{Hints, decode, is_charset, json_schema, read, read_with_evidence};
use url::Url;

use super::exit::{Exit, Failure};
use super::output::Output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The page, HTML or text; `-` reads standard input.
    #[arg(required_unless_present = "schema")]
    file: Option<PathBuf>,
    /// Where it was found: links are resolved against it.
    #[arg(long, value_name = "U", value_parser = url)]
    url: Option<String>,
    /// Its charset, where the page does not say or lies.
    #[arg(long, value_name = "C", value_parser = charset)]
    charset: Option<String>,
    /// Also say where each figure stands in the page.
    #[arg(long)]
    evidence: bool,
    /// Print the JSON Schema of what is printed, and parse nothing.
    #[arg(long, conflicts_with = "file")]
    schema: bool,
}

/// As written, once it is known that links can be resolved against it.
fn url(text: &str) -> Result<String, String> {
    match Url::parse(text) {
        Ok(url) if url.has_host() => Ok(text.to_owned()),
        Ok(_) => Err("it names no host: expected http://…".to_owned()),
        Err(why) => Err(format!("{why}: expected http://…")),
    }
}

fn charset(text: &str) -> Result<String, &'static str> {
    if is_charset(text) {
        return Ok(text.to_owned());
    }
    Err("expected a name of the Encoding Standard, such as gbk, gb18030, big5 or utf-8")
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Failure> {
    let Some(file) = args.file.as_deref().filter(|_| !args.schema) else {
        output.line(format!("{:#}", json_schema()))?;
        return Ok(Exit::Done);
    };
    let bytes = bytes(file)?;
    let hints =
        Hints { url: args.url.as_deref(), content_type: None, charset: args.charset.as_deref() };
    let parse = if args.evidence { read_with_evidence } else { read };
    output.json(&parse(&decode(&bytes, &hints), &hints))?;
    Ok(Exit::Done)
}

/// What stands in a file, or comes by standard input where it is `-`.
pub(super) fn bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(file).map(|read| bytes = read)
    };
    match read {
        Ok(()) => Ok(bytes),
        Err(error) => Err(Failure::usage(format!("cannot read {}: {error}", file.display()))),
    }
}
