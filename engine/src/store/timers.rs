//! Timers that are set.

use super::{RowId, RowIds, RowKey, arguments::Arguments, command};
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
    /// What it was computed with, if that can change ([`crate::tenants::basis`]). Not read back with what is due.
    pub basis: Option<i64>,
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
            basis: None,
        }
    }
}

/// The columns of `insert_timers.sql`.
pub(crate) fn add(arguments: &mut Arguments, timers: &[&TimerRow]) {
    let mut ids = RowIds::default();
    timers.iter().for_each(|timer| ids.push(timer.id));
    ids.add(arguments);
    arguments
        .column(timers, |t| t.name.as_str())
        .column(timers, |t| t.shard)
        .column(timers, |t| t.fire_at)
        .column(timers, |t| t.basis);
}

/// Sets them.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    timers: &[&TimerRow],
) -> sqlx::Result<()> {
    if timers.is_empty() {
        return Ok(());
    }
    let mut arguments = Arguments::default();
    add(&mut arguments, timers);
    let statement = include_str!("sql/insert_timers.sql");
    sqlx::query_with(statement, arguments.ready()?).execute(connection).await.map(drop)
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

/// The first `limit` that are due by `now` in these shards (all without a list), oldest first.
pub(crate) async fn due(
    pool: &PgPool,
    now: DateTime<Utc>,
    limit: i64,
    shards: Option<&[i16]>,
) -> sqlx::Result<Vec<TimerRow>> {
    let rows: Vec<Columns> = sqlx::query_as(include_str!("sql/select_due_timers.sql"))
        .bind(now)
        .bind(limit)
        .bind(shards)
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().map(TimerRow::from).collect())
}

/// About `limit` that are due in these shards, equally many of each tenant that has so many, oldest first.
pub(crate) async fn due_of_each(
    pool: &PgPool,
    now: DateTime<Utc>,
    limit: i64,
    shards: Option<&[i16]>,
) -> sqlx::Result<Vec<TimerRow>> {
    let rows: Vec<Columns> = sqlx::query_as(include_str!("sql/select_due_timers_of_each.sql"))
        .bind(now)
        .bind(limit)
        .bind(shards)
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().map(TimerRow::from).collect())
}
