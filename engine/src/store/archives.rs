//! Archives: the files, and which of them holds what.

use crate::archive::Manifest;
use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

/// A row of a table, as text.
#[derive(Debug, FromRow)]
pub(crate) struct TurnText {
    pub(crate) instance_id: Uuid,
    pub(crate) seq: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) row: String,
}

/// A finished instance, as text.
#[derive(Debug, FromRow)]
pub(crate) struct InstanceText {
    pub(crate) id: Uuid,
    pub(crate) definition: String,
    pub(crate) conversation_id: Option<Uuid>,
    pub(crate) seq: i64,
    pub(crate) row: String,
}

/// What a file holds of one instance.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) instance: Uuid,
    pub(crate) definition: String,
    pub(crate) conversation: Option<Uuid>,
    pub(crate) first_seq: i64,
    pub(crate) last_seq: i64,
    pub(crate) is_over: bool,
}

/// Some instances' turns after a place, within a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TurnsWanted<'a> {
    pub(crate) tenant: Uuid,
    pub(crate) instances: &'a [Uuid],
    pub(crate) after: (Uuid, i64),
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    pub(crate) limit: i64,
}

/// Finished instances of these.
pub(crate) async fn instances(
    pool: &PgPool,
    tenant: Uuid,
    ids: &[Uuid],
) -> sqlx::Result<Vec<InstanceText>> {
    sqlx::query_as(include_str!("sql/select_archive_instances.sql"))
        .bind(tenant)
        .bind(ids)
        .fetch_all(pool)
        .await
}

/// A page of turns.
pub(crate) async fn turns(pool: &PgPool, wanted: &TurnsWanted<'_>) -> sqlx::Result<Vec<TurnText>> {
    sqlx::query_as(include_str!("sql/list_archive_turns.sql"))
        .bind(wanted.tenant)
        .bind(wanted.instances)
        .bind(wanted.after.0)
        .bind(wanted.after.1)
        .bind(wanted.from)
        .bind(wanted.to)
        .bind(wanted.limit)
        .fetch_all(pool)
        .await
}

/// The checkpoints of these.
pub(crate) async fn checkpoints(
    pool: &PgPool,
    tenant: Uuid,
    ids: &[Uuid],
) -> sqlx::Result<Vec<TurnText>> {
    sqlx::query_as(include_str!("sql/list_archive_checkpoints.sql"))
        .bind(tenant)
        .bind(ids)
        .fetch_all(pool)
        .await
}

/// Notes a file with what it holds.
pub(crate) async fn insert(pool: &PgPool, file: &Manifest, entries: &[Entry]) -> sqlx::Result<()> {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    sqlx::query(include_str!("sql/insert_archive.sql"))
        .bind(file.tenant)
        .bind(file.archive)
        .bind(&file.file)
        .bind(i32::try_from(file.instances).unwrap_or(i32::MAX))
        .bind(count(file.turns))
        .bind(count(file.bytes))
        .bind(&file.sha256)
        .bind(file.first_at)
        .bind(file.last_at)
        .bind(file.made_at)
        .bind(entries.iter().map(|e| e.instance).collect::<Vec<_>>())
        .bind(entries.iter().map(|e| e.definition.as_str()).collect::<Vec<_>>())
        .bind(entries.iter().map(|e| e.conversation).collect::<Vec<_>>())
        .bind(entries.iter().map(|e| e.first_seq).collect::<Vec<_>>())
        .bind(entries.iter().map(|e| e.last_seq).collect::<Vec<_>>())
        .bind(entries.iter().map(|e| e.is_over).collect::<Vec<_>>())
        .execute(pool)
        .await
        .map(drop)
}
