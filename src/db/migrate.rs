//! The schema and its versions: an append-only list of steps, each applied once.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::DbError;

/// `gkai`: marks the file as ours (SQLite's `application_id`).
const APPLICATION_ID: i64 = 0x676b_6169;

/// The steps; a database of version n has had the first n. Never changed, only added to.
const STEPS: [&str; 2] =
    [include_str!("migrations/0001_first.sql"), include_str!("migrations/0002_verified.sql")];

/// The latest version.
#[expect(clippy::cast_possible_wrap, reason = "a constant list is short")]
pub(super) const LATEST: i64 = STEPS.len() as i64;

fn version(connection: &Connection) -> Result<i64, DbError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Refuses a database of a later gongkai before anything is written to it.
pub(super) fn refuse_newer(connection: &Connection, path: &Path) -> Result<(), DbError> {
    let found = version(connection).map_err(|error| match error {
        DbError::Sql(source) => DbError::Open { path: path.to_owned(), source },
        other => other,
    })?;
    if found > LATEST {
        return Err(DbError::Newer { path: path.to_owned(), found, known: LATEST });
    }
    Ok(())
}

/// Brings it to the latest version, in one transaction; the version is set last.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), DbError> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = usize::try_from(version(&tx)?).unwrap_or(0);
    if done < STEPS.len() {
        for step in STEPS.iter().skip(done) {
            tx.execute_batch(step)?;
        }
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", LATEST)?;
    }
    Ok(tx.commit()?)
}

#[cfg(test)]
mod tests {
    use crate::db::{Db, DbError};

    #[test]
    fn opening_twice_is_harmless() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gongkai.db");
        drop(Db::open(&path).unwrap());
        drop(Db::open(&path).unwrap());
    }

    #[test]
    fn a_newer_database_is_refused_untouched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gongkai.db");
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        let before = std::fs::read(&path).unwrap();
        let error = Db::open(&path).unwrap_err();
        assert!(matches!(error, DbError::Newer { found: 99, .. }), "{error}");
        assert!(error.to_string().contains("use a newer gongkai"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert!(!dir.path().join("gongkai.db-wal").exists());
    }

    #[test]
    fn reading_an_archive_that_is_not_there_says_how_to_make_one() {
        let dir = tempfile::tempdir().unwrap();
        let error = Db::open_read_only(&dir.path().join("gongkai.db")).unwrap_err().to_string();
        assert!(error.contains("`gongkai crawl` makes it"), "{error}");
    }
}
