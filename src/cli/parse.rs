//! `gongkai parse`

use std::io::Read as _;
use std::path::{Path, PathBuf};

use gongkai_report::{Hints, decode, read};

use super::exit::{Exit, Failure};
use super::output::Output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The page, HTML or text; `-` reads standard input.
    file: PathBuf,
    /// Where it was found: links are resolved against it.
    #[arg(long, value_name = "U")]
    url: Option<String>,
    /// Its charset, where the page does not say or lies.
    #[arg(long, value_name = "C")]
    charset: Option<String>,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Failure> {
    let bytes = bytes(&args.file)?;
    let hints =
        Hints { url: args.url.as_deref(), content_type: None, charset: args.charset.as_deref() };
    output.json(&read(&decode(&bytes, &hints), &hints))?;
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
