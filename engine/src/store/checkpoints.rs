//! Checkpoints: the whole state of an instance after a turn.

use chrono::{DateTime, Utc};
use machine::State;
use serde_json::Value;
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

/// A stored one.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct CheckpointRow {
    pub(crate) seq: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) event: Value,
    pub(crate) semantics: i16,
    pub(crate) state: Value,
    pub(crate) state_digest: Vec<u8>,
    pub(crate) is_verified: bool,
}

/// A state to be kept: whose, and its digest.
pub(crate) struct Given {
    pub(crate) tenant: Uuid,
    pub(crate) instance: Uuid,
    pub(crate) state: State,
    pub(crate) digest: Vec<u8>,
}

/// Keeps those that are the states their turns left; how many, without those that were kept before.
pub(crate) async fn insert(
    pool: &PgPool,
    given: &[Given],
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let inserted = sqlx::query(include_str!("sql/insert_checkpoints.sql"))
        .bind(given.iter().map(|g| g.tenant).collect::<Vec<_>>())
        .bind(given.iter().map(|g| g.instance).collect::<Vec<_>>())
        .bind(given.iter().map(|g| super::as_i64(g.state.seq)).collect::<Vec<_>>())
        .bind(given.iter().map(|g| Json(&g.state)).collect::<Vec<_>>())
        .bind(given.iter().map(|g| g.digest.as_slice()).collect::<Vec<_>>())
        .bind(now)
        .bind(crate::SEMANTICS)
        .execute(pool)
        .await?;
    Ok(inserted.rows_affected())
}

/// Deletes those of these (tenant, instance) that nothing can be replayed from.
pub(crate) async fn delete_useless(pool: &PgPool, of: &[(Uuid, Uuid)]) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/delete_checkpoints_useless.sql"))
        .bind(of.iter().map(|o| o.0).collect::<Vec<_>>())
        .bind(of.iter().map(|o| o.1).collect::<Vec<_>>())
        .execute(pool)
        .await
        .map(drop)
}

/// Those of an instance, oldest first.
pub(crate) async fn of(
    pool: &PgPool,
    tenant: Uuid,
    instance: Uuid,
) -> sqlx::Result<Vec<CheckpointRow>> {
    sqlx::query_as(include_str!("sql/select_checkpoints.sql"))
        .bind(tenant)
        .bind(instance)
        .fetch_all(pool)
        .await
}

/// The number of the first turn that history still has.
pub(crate) async fn first_turn(
    pool: &PgPool,
    tenant: Uuid,
    instance: Uuid,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(include_str!("sql/select_first_turn.sql"))
        .bind(tenant)
        .bind(instance)
        .fetch_optional(pool)
        .await
}
