//! A handful of numbers about the whole database, for monitoring.

use super::detached;
use crate::Result;
use sqlx::PgPool;

/// What the statistics collector counts. Approximate, and a second or so old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Counters {
    /// Turns written.
    pub turns: i64,
    /// Events that went through the inbox.
    pub inbox_events: i64,
    /// Steps asked for.
    pub steps: i64,
    /// Steps not settled.
    pub open_steps: i64,
    /// Timers not fired.
    pub open_timers: i64,
    /// Events in the inbox.
    pub inbox_waiting: i64,
    /// Stuck instances.
    pub incidents: i64,
}

/// Reads them.
pub async fn read(pool: &PgPool) -> Result<Counters> {
    let pool = pool.clone();
    detached(async move {
        let counters = sqlx::query_as(include_str!("../store/sql/select_table_counters.sql"))
            .fetch_one(&pool)
            .await?;
        Ok(counters)
    })
    .await
}
