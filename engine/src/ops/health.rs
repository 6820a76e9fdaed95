//! How well the database ages: bloat, old snapshots, months ahead, chores that do not get done. `docs/metrics.md` says from when
//! on each of these numbers should wake somebody.

use super::{detached, reading};
use crate::{Engine, Result, everlasting::months::Month, store::months};
use sqlx::FromRow;

/// Everything.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// The database as a whole.
    pub database: Database,
    /// Months of history that are made and have not begun.
    pub months_ahead: i64,
    /// The tables that turns change.
    pub tables: Vec<Table>,
    /// The chores.
    pub chores: Vec<Chore>,
}

/// The database as a whole.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Database {
    /// Age of the oldest transaction that holds a snapshot, in seconds; of those this role may see.
    pub snapshot_s: f64,
    /// Age of the oldest prepared transaction, in seconds.
    pub prepared_s: f64,
    /// Transactions that the furthest replication slot holds back.
    pub slot_xids: i64,
    /// WAL that the furthest replication slot holds back, in bytes.
    pub slot_wal_bytes: i64,
    /// Transactions since the database was frozen; Postgres stops at two thousand million.
    pub frozen_xids: i64,
    /// The same of shared row locks.
    pub frozen_multixacts: i64,
    /// WAL written since the statistics were reset, in bytes.
    pub wal_bytes: i64,
    /// Turns in history's default partition, ten thousand at most.
    pub stray_turns: i64,
    /// Archives whose instances are not deleted yet.
    pub open_archives: i64,
}

/// A table.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Rows, about.
    pub live: i64,
    /// Row versions that wait for vacuum, about.
    pub dead: i64,
    /// Rows updated.
    pub updates: i64,
    /// Of these, rows updated without touching an index.
    pub hot_updates: i64,
    /// Seconds since it was vacuumed; -1: never.
    pub vacuumed_s: f64,
}

/// A chore.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Chore {
    /// Its name.
    pub name: String,
    /// Seconds since it has been due.
    pub late_s: f64,
    /// What went wrong the last time.
    pub last_error: Option<String>,
}

/// Reads them.
pub async fn read(engine: &Engine) -> Result<Health> {
    let (pool, now) = (engine.pool().clone(), engine.clock().now());
    detached(async move {
        let partitions = months::list(&pool).await?;
        let begins =
            partitions.iter().filter(|p| p.is_attached).filter_map(|p| Month::named(&p.name));
        let months_ahead = begins.filter(|month| month.start() > now).count();
        let mut transaction = reading(&pool).await?;
        let database = sqlx::query_as(include_str!("../store/sql/select_health.sql"))
            .fetch_one(&mut *transaction)
            .await?;
        let tables = sqlx::query_as(include_str!("../store/sql/list_table_health.sql"))
            .fetch_all(&mut *transaction)
            .await?;
        let chores = sqlx::query_as(include_str!("../store/sql/list_chores.sql"))
            .fetch_all(&mut *transaction)
            .await?;
        let months_ahead = i64::try_from(months_ahead).unwrap_or(i64::MAX);
        Ok(Health { database, months_ahead, tables, chores })
    })
    .await
}
