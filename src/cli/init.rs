//! `gongkai init`

use std::path::PathBuf;

use super::exit::{Exit, Failure};
use super::output::Output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder to write into.
    #[arg(default_value = ".")]
    dir: PathBuf,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Failure> {
    for file in crate::init::init(&args.dir).map_err(Failure::failed)? {
        let what = if file.existed { "was there, left as it is" } else { "written" };
        output.line(format!("{}: {what}", file.path.display()))?;
    }
    output.remark(
        "Now set identity.contact in config.toml, and name a portal in seeds/example.toml.\n\
         Then: gongkai seeds check && gongkai crawl",
    );
    Ok(Exit::Done)
}
