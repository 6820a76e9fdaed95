//! Confirmations of steps, and what else is remembered for a while.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

/// Remembers that the step with this key happened. The first word counts.
pub(crate) async fn insert_confirmation(
    pool: &PgPool,
    tenant: Uuid,
    key: &str,
    output: &Value,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/insert_confirmation.sql"))
        .bind(tenant)
        .bind(key)
        .bind(output)
        .bind(expires_at)
        .execute(pool)
        .await
        .map(drop)
}

/// What was told about the step with this key, if anything was.
pub(crate) async fn confirmation(
    pool: &PgPool,
    tenant: Uuid,
    key: &str,
) -> sqlx::Result<Option<Value>> {
    sqlx::query_scalar(include_str!("sql/select_confirmation.sql"))
        .bind(tenant)
        .bind(key)
        .fetch_optional(pool)
        .await
}

/// Forgets what has expired.
pub(crate) async fn delete_expired(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query(include_str!("sql/delete_expired.sql")).bind(now).execute(pool).await?;
    Ok(done.rows_affected())
}
