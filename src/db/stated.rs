//! What an export states beside its captures: the reports, the seeds, and what is known to be lost.

use serde::Serialize;
use url::Url;

use super::DbError;
use super::reports::{self, HAS_ONE, ReportRow};
use super::selection::{AT_HOST, IN_TIME, OF_REPORT, Selection};
use crate::clock::Moment;

/// A seed that led to something chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeedName {
    /// Its name.
    pub name: String,
    /// The file that it was read from, or `command line`.
    pub source: String,
}

/// A record that a repair wrote off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownLoss {
    /// The URL that it was captured from.
    pub url: String,
    /// When, as far as that is known.
    pub captured_at: Option<Moment>,
    /// Why it is gone.
    pub why: String,
}

impl Selection {
    /// The seeds that led to chosen captures.
    ///
    /// # Errors
    /// When the database fails.
    pub fn seeds(&self) -> Result<Vec<SeedName>, DbError> {
        let mut statement = self.prepare(
            "SELECT name, source FROM seeds WHERE id IN (SELECT u.seed_id FROM temp.chosen x
                 JOIN captures c ON c.id = x.capture JOIN urls u ON u.id = c.url_id)
             ORDER BY name, source",
        )?;
        let seeds = statement
            .query_map([], |row| Ok(SeedName { name: row.get(0)?, source: row.get(1)? }))?;
        Ok(seeds.collect::<Result<_, _>>()?)
    }

    /// Hands on the records that are known to be lost, of the time and the hosts asked for, by URL and time.
    /// One of which nobody knows the time is of any.
    ///
    /// # Errors
    /// When the database fails.
    pub fn each_loss(&self, mut each: impl FnMut(KnownLoss)) -> Result<(), DbError> {
        let mut statement = self.bind(&format!(
            "SELECT c.url, c.at, c.why FROM losses c WHERE c.at IS NULL OR ({IN_TIME})
             ORDER BY c.url, c.at, c.record_id"
        ))?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let at = row.get::<_, Option<i64>>(1)?.map(Moment::from_millis);
            let loss = KnownLoss { url: row.get(0)?, captured_at: at, why: row.get(2)? };
            let url = Url::parse(&loss.url).ok();
            let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
            let hosts = &self.filter.hosts;
            if hosts.is_empty() || hosts.iter().any(|asked| asked == host) {
                each(loss);
            }
        }
        Ok(())
    }

    /// Hands on each report that the filter lets through, by agency and year; of each page that of the
    /// latest capture within the time asked for out of which one was read, which counts as chosen. Returns
    /// how many there were.
    ///
    /// # Errors
    /// When the database fails, or `each` does.
    pub fn each_report<E: From<DbError>>(
        &self,
        mut each: impl FnMut(ReportRow) -> Result<(), E>,
    ) -> Result<u64, E> {
        let mut statement = self.prepare(&format!(
            "{} WHERE {HAS_ONE} AND {AT_HOST} AND {OF_REPORT} ORDER BY r.agency, r.year, u.url",
            reports::select(IN_TIME)
        ))?;
        let mut choose = self.prepare("INSERT OR IGNORE INTO temp.chosen VALUES (?1, 0)")?;
        let bounds = self.bounds();
        let mut rows =
            statement.query(self.parameters(&bounds).as_slice()).map_err(DbError::from)?;
        let mut count = 0;
        while let Some(row) = rows.next().map_err(DbError::from)? {
            let capture: i64 = row.get(10).map_err(DbError::from)?;
            choose.execute([capture]).map_err(DbError::from)?;
            each(reports::report(row).map_err(DbError::from)?)?;
            count += 1;
        }
        Ok(count)
    }

    /// How many pages the archive has a report of.
    ///
    /// # Errors
    /// When the database fails.
    pub fn pages_with_reports(&self) -> Result<u64, DbError> {
        self.count("SELECT count(DISTINCT url_id) FROM reports")
    }
}
