//! The schema and its versions: an append-only list of steps, each applied once.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::DbError;

/// `gkai`: marks the file as ours (SQLite's `application_id`).
const APPLICATION_ID: i64 = 0x676b_6169;

/// The steps; a database of version n has had the first n. Never changed, only added to.
const STEPS: [&str; 3] = [
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_verified.sql"),
    include_str!("migrations/0003_polite.sql"),
];

/// The latest version.
#[expect(clippy::cast_possible_wrap, reason = "a constant list is short")]
pub(super) const LATEST: i64 = STEPS.len() as i64;

fn version(connection: &Connection) -> Result<i64, DbError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Refuses a file that is no database, or another program's, before anything is written to it.
pub(super) fn refuse_others(connection: &Connection, path: &Path) -> Result<(), DbError> {
    let not_ours = |why| DbError::NotOurs { path: path.to_owned(), why };
    let opened = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => not_ours("it is no database at all"),
        // The file itself is open.
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => {
            DbError::NothingBeside { path: path.to_owned(), source: error }
        }
        _ => DbError::Open { path: path.to_owned(), source: error },
    };
    let id: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(opened)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(opened)?;
    if id != APPLICATION_ID && tables > 0 {
        return Err(not_ours("another program wrote it"));
    }
    Ok(())
}

/// Refuses a database of a later gongkai before anything is written to it.
pub(super) fn refuse_newer(connection: &Connection, path: &Path) -> Result<(), DbError> {
    let found = version(connection)?;
    if found > LATEST {
        return Err(DbError::Newer { path: path.to_owned(), found, known: LATEST });
    }
    Ok(())
}

/// Refuses a database of an earlier gongkai, for who reads alone: what is asked of it needs what is not
/// there yet.
pub(super) fn refuse_older(connection: &Connection, path: &Path) -> Result<(), DbError> {
    let found = version(connection)?;
    if found < LATEST {
        return Err(DbError::Older { path: path.to_owned(), found, known: LATEST });
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
    fn an_older_database_is_brought_up_to_date_by_who_writes_and_refused_untouched_by_who_reads() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gongkai.db");
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch(super::STEPS[0]).unwrap();
        connection.pragma_update(None, "application_id", super::APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        drop(connection);
        let before = std::fs::read(&path).unwrap();
        let error = Db::open_read_only(&path).unwrap_err();
        assert!(matches!(error, DbError::Older { found: 1, .. }), "{error}");
        assert!(error.to_string().contains("`gongkai reparse` brings it up to date"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
        drop(Db::open(&path).unwrap());
        drop(Db::open_read_only(&path).unwrap());
    }

    #[test]
    fn a_gap_that_was_kept_for_a_host_is_kept_for_each_of_its_origins() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gongkai.db");
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch(super::STEPS[0]).unwrap();
        connection.execute_batch(super::STEPS[1]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO hosts (id, name, crawl_delay_ms)
                     VALUES (1, 'www.qingshan.gov.cn', 10000), (2, 'www.yunling.gov.cn', NULL);
                 INSERT INTO origins (origin, host_id, standing, why, fetched_at, expires_at)
                     VALUES ('http://www.qingshan.gov.cn', 1, 'rules', '', 0, 0),
                         ('https://www.qingshan.gov.cn', 1, 'rules', '', 0, 0),
                         ('http://www.yunling.gov.cn', 2, 'rules', '', 0, 0)",
            )
            .unwrap();
        connection.pragma_update(None, "application_id", super::APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 2).unwrap();
        drop(connection);
        drop(Db::open(&path).unwrap());
        let connection = rusqlite::Connection::open(&path).unwrap();
        let mut gaps = connection.prepare("SELECT gap_ms FROM origins ORDER BY id").unwrap();
        let gaps: Vec<Option<i64>> =
            gaps.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(gaps, [Some(10_000), Some(10_000), None]);
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
    fn what_is_no_database_of_ours_is_refused_untouched_and_named_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gongkai.db");
        let text = "青杉市统计局\n".repeat(100);
        std::fs::write(&path, &text).unwrap();
        let others = dir.path().join("others.db");
        rusqlite::Connection::open(&others)
            .unwrap()
            .execute_batch("CREATE TABLE notes (a)")
            .unwrap();
        let before = std::fs::read(&others).unwrap();
        for (path, why) in
            [(&path, "it is no database at all"), (&others, "another program wrote it")]
        {
            let expected = format!("{} is not a database of gongkai: {why}; ", path.display());
            for opened in [Db::open(path), Db::open_read_only(path)] {
                let error = opened.unwrap_err();
                assert!(error.to_string().starts_with(&expected), "{error}");
                assert!(std::error::Error::source(&error).is_none());
            }
        }
        assert_eq!(std::fs::read(&path).unwrap(), text.as_bytes());
        assert_eq!(std::fs::read(&others).unwrap(), before);
    }

    #[test]
    fn reading_an_archive_that_is_not_there_says_how_to_make_one() {
        let dir = tempfile::tempdir().unwrap();
        let error = Db::open_read_only(&dir.path().join("gongkai.db")).unwrap_err().to_string();
        assert!(error.contains("`gongkai crawl` makes it"), "{error}");
    }
}
