//! Timers that are set.

use super::{RowId, RowIds, RowKey, command};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A timer.
#[derive(Debug, Clone, PartialEq)]
pub struct TimerRow {
    /// Its key.
    pub id: RowId,
    /// Its name.
    pub name: String,
    /// The instance's shard.
    pub shard: i16,
    /// When it fires.
    pub fire_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Columns {
    tenant_id: Uuid,
    instance_id: Uuid,
    seq: i64,
    index: i32,
    name: String,
    shard: i16,
    fire_at: DateTime<Utc>,
}

impl From<Columns> for TimerRow {
    fn from(row: Columns) -> Self {
        Self {
            id: RowId {
                tenant: row.tenant_id,
                instance: row.instance_id,
                command: command(row.seq, row.index),
            },
            name: row.name,
            shard: row.shard,
            fire_at: row.fire_at,
        }
    }
}

/// Sets them.
pub(crate) async fn insert<'a>(
    connection: &mut PgConnection,
    timers: impl Iterator<Item = &'a TimerRow>,
) -> sqlx::Result<()> {
    let mut ids = RowIds::default();
    let (mut names, mut shards, mut dues) = (Vec::new(), Vec::new(), Vec::new());
    for timer in timers {
        ids.push(timer.id);
        names.push(timer.name.as_str());
        shards.push(timer.shard);
        dues.push(timer.fire_at);
    }
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/insert_timers.sql"))
        .bind(ids.tenants)
        .bind(ids.instances)
        .bind(ids.seqs)
        .bind(ids.indexes)
        .bind(names)
        .bind(shards)
        .bind(dues)
        .execute(connection)
        .await
        .map(drop)
}

/// Drops them; those that were there.
pub(crate) async fn delete(connection: &mut PgConnection, ids: RowIds) -> sqlx::Result<Vec<RowId>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let gone: Vec<RowKey> = sqlx::query_as(include_str!("sql/delete_timers.sql"))
        .bind(ids.tenants)
        .bind(ids.instances)
        .bind(ids.seqs)
        .bind(ids.indexes)
        .fetch_all(connection)
        .await?;
    Ok(gone.into_iter().map(RowId::from).collect())
}

/// The first `limit` that are due, oldest first.
pub(crate) async fn due(
    pool: &PgPool,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<TimerRow>> {
    let rows: Vec<Columns> = sqlx::query_as(include_str!("sql/select_due_timers.sql"))
        .bind(now)
        .bind(limit)
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().map(TimerRow::from).collect())
}

/// When the first timer after `now` fires.
pub(crate) async fn next(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar(include_str!("sql/select_next_timer.sql"))
        .bind(now)
        .fetch_optional(pool)
        .await
}
