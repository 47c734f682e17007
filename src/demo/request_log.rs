//! Who asked when, as the server saw it: what proves that a portal was left in peace.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

/// One request, as the server saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// When it arrived, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The host that it named.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// How it was answered.
    pub status: u16,
    /// When the answer was handed over.
    pub done_ms: i64,
    /// `If-None-Match`, if it was sent.
    pub if_none_match: Option<String>,
}

/// A log of requests: JSON Lines, each written when its answer was handed over.
#[derive(Debug)]
pub struct RequestLog(Mutex<File>);

impl RequestLog {
    /// A log that is added to.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(Mutex::new(OpenOptions::new().create(true).append(true).open(path)?)))
    }

    /// Adds a request.
    pub(super) fn add(&self, logged: &Logged) {
        let written = serde_json::to_string(logged).map_err(io::Error::other).and_then(|line| {
            let mut file =
                self.0.lock().map_err(|_| io::Error::other("a writer of the log panicked"))?;
            file.write_all((line + "\n").as_bytes())
        });
        if let Err(error) = written {
            tracing::error!(%error, "a request could not be logged");
        }
    }

    /// Reads a log; a last line without its end is being written, and is left out.
    ///
    /// # Errors
    /// When it cannot be read, or holds a line that is none of its own.
    pub fn read(path: &Path) -> io::Result<Vec<Logged>> {
        let text = std::fs::read_to_string(path)?;
        let whole = text.rfind('\n').map_or("", |end| text.get(..end).unwrap_or_default());
        whole.lines().map(|line| serde_json::from_str(line).map_err(io::Error::other)).collect()
    }
}
