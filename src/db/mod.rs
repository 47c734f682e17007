//! Rows: the frontier and the catalogue in one SQLite file. The only module that knows SQL.
//!
//! - `migrate`: the schema and its versions
//! - `hosts`: the hosts' clocks and lines; `addresses`: those of the machines; `origins`: what their robots.txt said
//! - `urls`: admitting, leasing and moving URLs
//! - `captures`: payloads, captures and segments; `reports`: what was read out of them; `pages`: what
//!   can be read again
//! - `consistency`: what no two rows of ours contradict each other in
//! - `mend`: what a repair writes; `replay`: what a rebuild and a repair write that a crawl does not
//! - `selection`: what is chosen for an export; `kept`: what that keeps to come out sorted; `stated`: what
//!   it says beside
//! - `runs`: one row a run; `status`: the questions that people ask
//! - `commit`: an outcome, whole
//!
//! One writer: whoever crawls holds the archive's lock. Write-ahead log, and `synchronous=FULL`: what
//! is committed survives a power cut, since a host's wish for peace must.

pub mod addresses;
pub mod captures;
pub mod commit;
pub mod consistency;
pub mod hosts;
pub mod kept;
pub mod mend;
pub mod migrate;
pub mod origins;
pub mod pages;
pub mod replay;
pub mod reports;
pub mod runs;
pub mod selection;
pub mod stated;
pub mod status;
pub mod urls;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::archive::left_open;
use crate::canonical::CanonicalUrl;

/// How long a reader or writer waits for another before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The page cache, in KiB: the database's memory does not grow with the frontier.
const CACHE_KIB: i64 = 32 * 1024;

/// Statements kept prepared.
const STATEMENTS: usize = 64;

/// The archive's database.
#[derive(Debug)]
pub struct Db {
    connection: Connection,
    path: PathBuf,
    policy: Option<hosts::HostPolicy>,
}

/// One transaction: everything in it, or nothing.
#[derive(Debug)]
pub struct Tx<'db>(rusqlite::Transaction<'db>, Option<&'db hosts::HostPolicy>);

/// Why the database could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// It could not be opened.
    #[error("cannot open the database {}", path.display())]
    Open {
        /// Its path.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// Nothing can be written beside it.
    #[error(
        "the database {} cannot be read where nothing can be written beside it: SQLite makes a -wal and a \
         -shm there; copy it to a folder that can be written, link `warc` beside it, and name that folder as \
         `archive.dir`",
        path.display()
    )]
    NothingBeside {
        /// Its path.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// There is none yet.
    #[error(
        "there is no archive at {}: `gongkai crawl` makes it; `--config FILE` names another configuration",
        path.display()
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// There are WARC files, and nothing that says what is in them.
    #[error(
        "there are WARC files in {}, and no index beside them: get gongkai.db back from a copy, or run \
         `gongkai rebuild`; --config FILE names another configuration",
        dir.display()
    )]
    NoIndex {
        /// The archive.
        dir: PathBuf,
    },
    /// Something else lies there.
    #[error(
        "{} is not a database of gongkai: {why}; where WARC files lie beside it, `gongkai rebuild` makes the index anew; else move it away, or name another configuration with `--config FILE`",
        path.display()
    )]
    NotOurs {
        /// Its path.
        path: PathBuf,
        /// What it is.
        why: &'static str,
    },
    /// It was written by a later gongkai.
    #[error(
        "the database {} has schema {found}, this gongkai knows {known}: use a newer gongkai",
        path.display()
    )]
    Newer {
        /// Its path.
        path: PathBuf,
        /// The schema version found.
        found: i64,
        /// The latest that we know.
        known: i64,
    },
    /// It was written by an earlier gongkai, and nothing is written by who only reads.
    #[error(
        "the database {} has schema {found}, this gongkai reads {known}: `gongkai reparse` brings it up to \
         date, as `gongkai crawl` does, where it may be written",
        path.display()
    )]
    Older {
        /// Its path.
        path: PathBuf,
        /// The schema version found.
        found: i64,
        /// The one that we read.
        known: i64,
    },
    /// Its pages, its tables or a value in it are not what they should be.
    #[error(
        "the database is damaged: `gongkai repair` makes the index anew from the WARC files, and keeps the old one"
    )]
    Damaged(#[source] rusqlite::Error),
    /// A statement failed.
    #[error("the database failed")]
    Sql(#[source] rusqlite::Error),
    /// A row says what no row of ours says.
    #[error("the database holds {what}: run `gongkai verify`")]
    Corrupt {
        /// What it holds.
        what: String,
    },
}

impl DbError {
    /// Whether the disk was full, or a limit on the size of files was reached, which SQLite tells as a
    /// write that failed.
    pub fn is_disk_full(&self) -> bool {
        let (Self::Sql(error) | Self::Open { source: error, .. }) = self else {
            return false;
        };
        let code = error.sqlite_error().map(|error| error.extended_code);
        matches!(code, Some(rusqlite::ffi::SQLITE_FULL | rusqlite::ffi::SQLITE_IOERR_WRITE))
    }
}

impl DbError {
    /// Whether the database itself is damaged.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged(_) | Self::Corrupt { .. } => true,
            Self::Open { source, .. } => is_damage(source),
            _ => false,
        }
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        if is_damage(&error) { Self::Damaged(error) } else { Self::Sql(error) }
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, Unknown};
    match error {
        // `Unknown` is what a table or a column that is not there comes to.
        rusqlite::Error::SqliteFailure(error, _) => {
            matches!(error.code, DatabaseCorrupt | NotADatabase | Unknown)
        }
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..) => true,
        _ => false,
    }
}

impl Db {
    /// Opens the database for writing, and makes it if there is none. Older schemas are brought up
    /// to date.
    ///
    /// # Errors
    /// When it cannot be opened, is none of ours or newer than we know (it is then left untouched).
    pub fn open(path: &Path) -> Result<Self, DbError> {
        let open_error = |source| DbError::Open { path: path.to_owned(), source };
        let mut connection = Connection::open(path).map_err(open_error)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        migrate::refuse_others(&connection, path)?;
        migrate::refuse_newer(&connection, path)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(open_error)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        migrate::migrate(&mut connection)?;
        Self::with(connection, path)
    }

    /// Takes what lies in a database's log into the database itself, as far as it can be opened: what
    /// cannot is set aside as it is.
    pub fn take_in_log(path: &Path) {
        let take = || -> rusqlite::Result<()> {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        };
        if let Err(error) = take() {
            tracing::debug!(path = %path.display(), %error, "its log is set aside beside it");
        }
    }

    /// Makes a database that nobody opens before [`Db::finish`]: it is written without a journal and
    /// without syncs, and worth nothing when that is interrupted.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make_unsynced(path: &Path) -> Result<Self, DbError> {
        let open_error = |source| DbError::Open { path: path.to_owned(), source };
        let mut connection = Connection::open(path).map_err(open_error)?;
        connection.pragma_update(None, "journal_mode", "OFF").map_err(open_error)?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        migrate::migrate(&mut connection)?;
        Self::with(connection, path)
    }

    /// Closes it, everything in its one file.
    ///
    /// # Errors
    /// When the disk is full, or the database fails.
    pub fn finish(self) -> Result<(), DbError> {
        self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
        let path = self.path;
        self.connection.close().map_err(|(_, source)| DbError::Open { path, source })
    }

    /// Opens it for reading alone.
    ///
    /// # Errors
    /// When there is none, or it is none of ours, or older or newer than we know.
    pub fn open_read_only(path: &Path) -> Result<Self, DbError> {
        Self::exists(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .map_err(|source| DbError::Open { path: path.to_owned(), source })?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        migrate::refuse_others(&connection, path)?;
        migrate::refuse_newer(&connection, path)?;
        migrate::refuse_older(&connection, path)?;
        Self::with(connection, path)
    }

    /// Whether there is one, for who must not make it.
    ///
    /// # Errors
    /// When there is none.
    pub fn exists(path: &Path) -> Result<(), DbError> {
        // An empty file is what a full disk, or a copy that broke off, leaves.
        if std::fs::metadata(path).is_ok_and(|file| file.len() > 0) {
            return Ok(());
        }
        let dir = path.parent().unwrap_or(path);
        if left_open::has_warc_files(dir).unwrap_or(false) {
            return Err(DbError::NoIndex { dir: dir.to_owned() });
        }
        Err(DbError::Missing { path: path.to_owned() })
    }

    fn with(connection: Connection, path: &Path) -> Result<Self, DbError> {
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.pragma_update(None, "foreign_keys", false)?;
        // Else a statement is planned anew whenever a partial index might speak of what is bound to it: of each of
        // the frontier's, for each URL.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self { connection, path: path.to_owned(), policy: None })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a transaction that will write.
    ///
    /// # Errors
    /// When another writer holds the database.
    pub fn begin(&mut self) -> Result<Tx<'_>, DbError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Tx(tx, self.policy.as_ref()))
    }

    /// The row of a URL, if it is known.
    ///
    /// # Errors
    /// When the database fails.
    pub fn url_id(&self, url: &CanonicalUrl) -> Result<Option<i64>, DbError> {
        urls::find(&self.connection, url)
    }
}

impl Tx<'_> {
    /// Makes everything in it true.
    ///
    /// # Errors
    /// When the disk is full, or the database fails; nothing of it is true then.
    pub fn commit(self) -> Result<(), DbError> {
        Ok(self.0.commit()?)
    }
}

/// Seconds and less, as the database stores them.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A stored duration; nonsense reads as zero.
pub(crate) fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
