//! History's partitions: one per month, made ahead; what landed in the default partition is moved to where it belongs.
//!
//! **Invariant:** a month is made in one transaction, attached to history with the rows of it that were in the default partition,
//! so no row is ever missing, and a row in default never keeps a month from being made.
//! **Invariant:** nobody waits for a lock on history for longer than [`LOCK_WAIT`]; what could not be done is done in the next round.

use crate::{Result, limits::MONTHS_AHEAD};
use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use std::collections::BTreeSet;

/// How long making or dropping a month waits for turns under way, and so how long turns may wait behind it.
pub(crate) const LOCK_WAIT: &str = "set local lock_timeout = '500ms'";

/// A month of history, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month(NaiveDate);

impl Month {
    /// The month of a time.
    pub(crate) fn of(at: DateTime<Utc>) -> Self {
        Self(at.date_naive().with_day(1).unwrap_or_else(|| at.date_naive()))
    }

    /// The month of a partition, by its name.
    pub(crate) fn named(partition: &str) -> Option<Self> {
        let (year, month) = partition.strip_prefix("history_")?.split_once('_')?;
        NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1).map(Self)
    }

    /// Its first moment.
    pub(crate) fn start(self) -> DateTime<Utc> {
        self.0.and_time(chrono::NaiveTime::MIN).and_utc()
    }

    /// The first moment after it.
    pub(crate) fn end(self) -> DateTime<Utc> {
        self.after(1).start()
    }

    /// The `n`th month after it.
    fn after(self, n: u32) -> Self {
        Self(self.0.checked_add_months(Months::new(n)).unwrap_or(self.0))
    }

    /// Its partition.
    pub(crate) fn partition(self) -> String {
        format!("history_{}", self.0.format("%Y_%m"))
    }
}

/// Makes the months from `now` on, and those whose rows are in the default partition. What fails is said, and the rest is done.
pub async fn ensure(pool: &PgPool, now: DateTime<Utc>) -> Result<()> {
    let stray: Vec<DateTime<Utc>> =
        sqlx::query_scalar(include_str!("../store/sql/select_stray_months.sql"))
            .fetch_all(pool)
            .await?;
    if !stray.is_empty() {
        tracing::warn!(
            months = stray.len(),
            "turns are in history's default partition; they are moved to their months"
        );
    }
    let mut wanted: BTreeSet<Month> = stray.into_iter().map(Month::of).collect();
    wanted.extend((0..MONTHS_AHEAD).map(|n| Month::of(now).after(n)));
    let mut failed = None;
    for month in wanted {
        if let Err(error) = make(pool, month).await {
            tracing::warn!(%error, partition = month.partition(), "a month of history cannot be made yet");
            failed = Some(error);
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Makes a month, if it is not there.
pub(crate) async fn make(pool: &PgPool, month: Month) -> Result<()> {
    let partition = month.partition();
    if is_attached(pool, &partition).await? {
        return Ok(());
    }
    let pool = pool.clone();
    // To its end, whoever waits for it.
    crate::detached::detached(async move {
        let mut transaction = pool.begin().await?;
        run(&mut transaction, LOCK_WAIT.to_owned()).await?;
        sqlx::query(include_str!("../store/sql/lock_months.sql"))
            .execute(&mut *transaction)
            .await?;
        if !is_attached(&mut *transaction, &partition).await? {
            // The text is made of numbers only.
            for statement in statements(month) {
                run(&mut transaction, statement).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    })
    .await
}

async fn run(connection: &mut PgConnection, statement: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}

async fn is_attached<'e>(executor: impl sqlx::PgExecutor<'e>, partition: &str) -> Result<bool> {
    let found = sqlx::query_scalar(include_str!("../store/sql/select_month_exists.sql"))
        .bind(partition)
        .fetch_one(executor)
        .await?;
    Ok(found)
}

/// What makes a month. Made aside and attached, because that does not stop turns of other months from being read; the default
/// partition is locked before its rows are moved, so none arrives in between.
fn statements(month: Month) -> [String; 4] {
    let partition = month.partition();
    let (from, to) = (month.start().to_rfc3339(), month.end().to_rfc3339());
    [
        format!(
            "create table {partition} (like history including all) with (\
             autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_scale_factor = 0.05)"
        ),
        "lock table history_default in access exclusive mode".to_owned(),
        format!(
            "with moved as (delete from history_default where at >= '{from}' and at < '{to}' returning *) \
             insert into {partition} select * from moved"
        ),
        format!(
            "alter table history attach partition {partition} for values from ('{from}') to ('{to}')"
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_each_other() {
        let cases = [
            (
                "2026-11-20T18:00:00Z",
                0,
                "history_2026_11",
                "2026-11-01T00:00:00+00:00",
                "2026-12-01T00:00:00+00:00",
            ),
            (
                "2026-11-30T23:59:59Z",
                1,
                "history_2026_12",
                "2026-12-01T00:00:00+00:00",
                "2027-01-01T00:00:00+00:00",
            ),
            (
                "2026-12-31T23:59:59Z",
                2,
                "history_2027_02",
                "2027-02-01T00:00:00+00:00",
                "2027-03-01T00:00:00+00:00",
            ),
        ];
        for (now, n, name, from, to) in cases {
            let month = Month::of(now.parse().unwrap()).after(n);
            assert_eq!(month.partition(), name);
            assert_eq!(Month::named(name), Some(month));
            let attach = &statements(month)[3];
            assert!(attach.contains(from) && attach.contains(to), "{attach}");
        }
        for other in ["history_default", "history", "instance", "history_2026_13"] {
            assert_eq!(Month::named(other), None, "{other}");
        }
    }
}
