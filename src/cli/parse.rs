//! `gongkai parse`

use std::io::Read as _;
use std::path::{Path, PathBuf};

use gongkai_report::{Hints, decode, json_schema, read, read_with_evidence};

use super::exit::{Exit, Failure};
use super::output::Output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The page, HTML or text; `-` reads standard input.
    #[arg(required_unless_present = "schema")]
    file: Option<PathBuf>,
    /// Where it was found: links are resolved against it.
    #[arg(long, value_name = "U")]
    url: Option<String>,
    /// Its charset, where the page does not say or lies.
    #[arg(long, value_name = "C")]
    charset: Option<String>,
    /// Also say where each figure stands in the page.
    #[arg(long)]
    evidence: bool,
    /// Print the JSON Schema of what is printed, and parse nothing.
    #[arg(long, conflicts_with = "file")]
    schema: bool,
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

fn bytes(file: &Path) -> Result<Vec<u8>, Failure> {
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
