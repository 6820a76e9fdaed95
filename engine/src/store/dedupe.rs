//! Confirmations of steps, and what else is remembered for a while.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Scope of what steps of the engine's own have delivered.
const DELIVERY: &str = "delivery";

/// Remembers that the steps with these keys happened, each with its output. The first word counts.
pub(crate) async fn insert_confirmations(
    pool: &PgPool,
    confirmed: &[(Uuid, String, Value)],
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/insert_confirmations.sql"))
        .bind(confirmed.iter().map(|c| c.0).collect::<Vec<_>>())
        .bind(confirmed.iter().map(|c| c.1.as_str()).collect::<Vec<_>>())
        .bind(confirmed.iter().map(|c| &c.2).collect::<Vec<_>>())
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

/// The instance that the step with this key has reached already.
pub(crate) async fn delivery(pool: &PgPool, tenant: Uuid, key: &str) -> sqlx::Result<Option<Uuid>> {
    let told: Option<Value> = sqlx::query_scalar(include_str!("sql/select_request.sql"))
        .bind(tenant)
        .bind(DELIVERY)
        .bind(key)
        .fetch_optional(pool)
        .await?;
    Ok(told.and_then(|told| told.as_str()?.parse().ok()))
}

/// Remembers whom the step with this key reached; false if that is remembered already.
pub(crate) async fn insert_delivery(
    connection: &mut PgConnection,
    (tenant, key): (Uuid, &str),
    instance: Uuid,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query(include_str!("sql/insert_event_key.sql"))
        .bind(tenant)
        .bind(DELIVERY)
        .bind(key)
        .bind(Value::String(instance.to_string()))
        .bind(expires_at)
        .execute(connection)
        .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Forgets what has expired, at most so many; how many they were.
pub(crate) async fn delete_expired(
    pool: &PgPool,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let delete = sqlx::query(include_str!("sql/delete_expired.sql")).bind(now).bind(limit);
    Ok(delete.execute(pool).await?.rows_affected())
}
