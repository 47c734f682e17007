//! How a command ends: the codes that scripts rely on, and errors as people read them.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use crate::archive::ArchiveError;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// It ran, and something failed, as said.
    Failed,
    /// Wrong arguments, configuration or seeds.
    Usage,
    /// Another crawl holds the archive; nothing was done (`EX_TEMPFAIL`).
    Locked,
    /// Stopped by SIGINT, with its state saved.
    Interrupted,
    /// Stopped by SIGTERM, with its state saved.
    Terminated,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Locked => 75,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
        })
    }
}

/// The code that an archive's error ends with.
pub(super) fn of_archive(error: &ArchiveError) -> Exit {
    match error {
        ArchiveError::Held { .. } => Exit::Locked,
        _ => Exit::Failed,
    }
}

/// Who is told of a failure, beside whoever reads the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Whoever watches, however quiet.
    Always,
    /// Not who wants errors alone.
    UnlessQuiet,
    /// Nobody: all that happened is that nobody reads on.
    Nobody,
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    error: Box<dyn Error + Send + Sync>,
    told: Told,
}

impl Failure {
    /// With a code of its own.
    pub(super) fn new(exit: Exit, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { exit, error: error.into(), told: Told::Always }
    }

    /// It ran, and failed.
    pub(super) fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::Failed, error)
    }

    /// Something that was given is wrong.
    pub(super) fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::Usage, error)
    }

    /// Standard output is gone. A reader that has enough (`| head -1`) is no failure: the command ends
    /// there, and nothing is said.
    pub(super) fn output(error: &std::io::Error) -> Self {
        let reader_is_gone = error.kind() == std::io::ErrorKind::BrokenPipe;
        let (exit, told) =
            if reader_is_gone { (Exit::Done, Told::Nobody) } else { (Exit::Failed, Told::Always) };
        let what = format!("cannot write to standard output: {error}");
        Self { told, ..Self::new(exit, what) }
    }

    /// What was told, where the work goes on though nobody reads on: what was found, and what was done, must
    /// not depend on the reader.
    pub(super) fn unless_reader_is_gone(told: Result<(), Self>) -> Result<(), Self> {
        told.or_else(|failure| if failure.reader_is_gone() { Ok(()) } else { Err(failure) })
    }

    /// Whether all that happened is that nobody reads on.
    pub(super) fn reader_is_gone(&self) -> bool {
        self.told == Told::Nobody
    }

    /// The same, kept from who wants errors alone: it is the ordinary course of things, and the code says it.
    pub(super) fn unless_quiet(self) -> Self {
        Self { told: Told::UnlessQuiet, ..self }
    }

    /// Whether it is said, where errors alone are wanted or everything.
    pub(super) fn is_told(&self, quiet: bool) -> bool {
        match self.told {
            Told::Always => true,
            Told::UnlessQuiet => !quiet,
            Told::Nobody => false,
        }
    }
}

/// The error, and what lies under it.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)?;
        let mut source = self.error.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}
