//! The command line: what was typed, and which command it is.
//!
//! One file a command; `exit` holds the codes, `output` the door to standard output and standard
//! error, `logging` where the log goes.

mod audit;
mod cat;
mod crawl;
mod demo;
mod eval;
mod exit;
mod export;
mod init;
mod logging;
mod output;
mod parse;
mod progress;
mod rebuild;
mod repair;
mod reparse;
mod reports;
mod robots;
mod seeds;
mod show;
mod status;
mod verify;
mod why;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::config::{self, Config};
use crate::db::Db;

pub use exit::Exit;
use exit::Failure;
use output::Output;

/// A polite crawler and archiver of the annual reports on government information disclosure
/// (政府信息公开工作年度报告).
#[derive(Debug, Parser)]
#[command(name = "gongkai", version, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done; 1 it ran and something failed; 2 wrong arguments, \
configuration or seeds;\n75 another crawl holds the archive; 130/143 stopped by SIGINT/SIGTERM with \
its state saved.")]
struct Cli {
    /// The configuration [default: config.toml, where there is one].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Say more; twice, say everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Say nothing but errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// How the log on standard error is written.
    #[arg(long, global = true, value_enum, default_value = "text", value_name = "FORMAT")]
    log_format: logging::Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Crawl sample portals inside this program, and show what was found; needs no network.
    Demo(demo::Args),
    /// Write a commented config.toml and an example of a seed.
    Init(init::Args),
    /// Crawl until nothing is due; take up where the last run stopped.
    Crawl(crawl::Args),
    /// How things stand: queues, hosts and why they wait, the archive, the last runs.
    Status(status::Args),
    /// How a URL was found, how it stands, and what it waits for.
    Why(why::Args),
    /// Whether robots.txt allows a URL: the line that decides, the delay, the copy's age.
    Robots(robots::Args),
    /// The seed files.
    #[command(subcommand)]
    Seeds(seeds::Command),
    /// The reports that were found.
    Reports(reports::Args),
    /// One page: its captures, its report, its checks, its links.
    Show(show::Args),
    /// A stored payload, to standard output.
    Cat(cat::Args),
    /// The parser alone: one JSON object to standard output.
    Parse(parse::Args),
    /// The parser against a folder of pages with `*.truth.json` beside them.
    Eval(eval::Args),
    /// Today's parser over everything archived: what changed, and the catalogue put right.
    Reparse(reparse::Args),
    /// Every stored byte against its digests, the index against the files, both ways.
    Verify(verify::Args),
    /// From the WARC files alone: was every host and address left in peace as it must be.
    Audit(audit::Args),
    /// Set damaged parts aside, keep every whole record, bring the index in line.
    Repair(repair::Args),
    /// The index anew from the WARC files alone; the old one is set aside.
    Rebuild(rebuild::Args),
    /// The archive, or a choice of it, in others' formats: whole, checkable, the same bytes each time.
    Export(export::Args),
    /// Completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// The manual page, in roff.
    Man,
}

/// Runs the command line; the code says how it went.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and versions are results, and go to standard output.
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return match error.print() {
                Ok(()) => code.into(),
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => code.into(),
                Err(_standard_output_is_gone) => Exit::Failed.into(),
            };
        }
    };
    logging::start(cli.verbose, cli.quiet, cli.log_format);
    let mut output = Output::new(cli.quiet);
    let exit = run(&cli, &mut output);
    output.end(exit).into()
}

fn run(cli: &Cli, output: &mut Output) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Demo(args) => demo::run(args, output),
        Command::Init(args) => init::run(args, output),
        Command::Crawl(args) => crawl::run(args, &configuration(cli)?, output),
        Command::Status(args) => status::run(args, &configuration(cli)?, output),
        Command::Why(args) => why::run(args, &configuration(cli)?, output),
        Command::Robots(args) => robots::run(args, cli, output),
        Command::Seeds(command) => seeds::run(command, &configuration(cli)?, output),
        Command::Reports(args) => reports::run(args, &configuration(cli)?, output),
        Command::Show(args) => show::run(args, &configuration(cli)?, output),
        Command::Cat(args) => cat::run(args, &configuration(cli)?, output),
        Command::Parse(args) => parse::run(args, output),
        Command::Eval(args) => eval::run(args, output),
        Command::Reparse(args) => reparse::run(args, &configuration(cli)?, output),
        Command::Verify(args) => verify::run(args, &configuration(cli)?, output),
        Command::Audit(args) => audit::run(args, &configuration(cli)?, output),
        Command::Repair(args) => repair::run(args, &configuration(cli)?, output),
        Command::Rebuild(args) => rebuild::run(args, &configuration(cli)?, output),
        Command::Export(args) => export::run(args, &configuration(cli)?, output),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "gongkai", &mut script);
            output.bytes(&script)?;
            Ok(Exit::Done)
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .map_err(|error| Failure::output(&error))?;
            output.bytes(&page)?;
            Ok(Exit::Done)
        }
    }
}

fn configuration(cli: &Cli) -> Result<Config, Failure> {
    // A name that is no text is none of ours.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let config = config::load(cli.config.as_deref(), environment).map_err(Failure::usage)?;
    let is_elsewhere = needs_what_init_writes(&cli.command)
        && cli.config.is_none()
        && [Path::new(config::load::DEFAULT_FILE), &config.seeds.dir, &config.archive.dir]
            .iter()
            .all(|path| !path.exists());
    if is_elsewhere {
        let what = format!(
            "there is no {} here: `gongkai init` writes one; `--config FILE` names one elsewhere",
            config::load::DEFAULT_FILE
        );
        return Err(Failure::usage(what));
    }
    Ok(config)
}

/// Whether a command goes by seeds or an archive, and is told of none.
fn needs_what_init_writes(command: &Command) -> bool {
    match command {
        Command::Crawl(args) => args.seeds.is_empty(),
        command => {
            matches!(
                command,
                Command::Status(_) | Command::Why(_) | Command::Seeds(_) | Command::Reports(_)
            )
        }
    }
}

fn open(config: &Config) -> Result<Db, Failure> {
    let path = config.archive.dir.join(crate::archive::format::DATABASE);
    Db::open_read_only(&path).map_err(Failure::failed)
}
