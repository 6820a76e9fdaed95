//! Housekeeping: history's partitions for the months to come, and what has expired.

use crate::{
    Clock,
    limits::PACING_DELETED_MAX,
    store::{dedupe, pacing},
    work::Stop,
};
use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, PgPool};
use std::time::Duration;

/// How often it looks around.
const ROUND: Duration = Duration::from_secs(3_600);
/// Months made ahead, the running one included.
const MONTHS_AHEAD: u32 = 3;

/// The housekeeper.
pub(crate) struct Maintainer {
    pub(crate) pool: PgPool,
    pub(crate) clock: Clock,
}

impl Maintainer {
    /// Keeps house until told to stop; the first round is before the engine starts. What fails is tried again in the next round.
    pub(crate) async fn run(self, mut stop: Stop) {
        while !stop.is_set() {
            tokio::select! {
                () = tokio::time::sleep(ROUND) => {}
                () = stop.wait() => return,
            }
            self.round().await;
        }
    }

    /// One round.
    pub(crate) async fn round(&self) {
        let now = self.clock.now();
        for statement in partitions(now) {
            // The text is made of numbers only.
            let made = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&self.pool).await;
            if let Err(error) = made {
                tracing::warn!(%error, "a month of history has no partition of its own");
            }
        }
        if let Err(error) = dedupe::delete_expired(&self.pool, now).await {
            tracing::warn!(%error, "expired keys could not be deleted");
        }
        if let Err(error) = pacing::delete_unused(&self.pool, now, PACING_DELETED_MAX).await {
            tracing::warn!(%error, "unused rates could not be deleted");
        }
    }
}

/// The statements that make the partitions of the months from `now` on.
fn partitions(now: DateTime<Utc>) -> Vec<String> {
    let Some(first) = NaiveDate::from_ymd_opt(now.year(), now.month(), 1) else {
        return Vec::new();
    };
    let months = (0..MONTHS_AHEAD).filter_map(|n| {
        let from = first.checked_add_months(Months::new(n))?;
        Some((from, from.checked_add_months(Months::new(1))?))
    });
    months
        .map(|(from, to)| {
            format!(
                "create table if not exists history_{} partition of history \
                 for values from ('{from} 00:00+00') to ('{to} 00:00+00')",
                from.format("%Y_%m"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_each_other() {
        let now = "2026-11-20T18:00:00Z".parse().unwrap();
        let wanted = [
            ("history_2026_11", "'2026-11-01 00:00+00') to ('2026-12-01 00:00+00'"),
            ("history_2026_12", "'2026-12-01 00:00+00') to ('2027-01-01 00:00+00'"),
            ("history_2027_01", "'2027-01-01 00:00+00') to ('2027-02-01 00:00+00'"),
        ];
        let made = partitions(now);
        assert_eq!(made.len(), wanted.len());
        for (made, (name, range)) in made.iter().zip(wanted) {
            assert!(made.contains(name) && made.contains(range), "{made}");
        }
    }
}
