//! Timers that follow what their tenant changes, found by what they were computed with.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

/// What instances are told.
pub(crate) struct Telling<'a> {
    /// Whose.
    pub(crate) tenant: Uuid,
    /// What timers are computed with from now on.
    pub(crate) basis: i64,
    /// The first basis that is not outdated because its tz database is newer.
    pub(crate) newer: i64,
    /// The event.
    pub(crate) body: &'a Map<String, Value>,
    pub(crate) actor: &'a str,
}

/// The first tenants after this one that have timers that follow, as expressions see them.
pub(crate) async fn tenants(
    pool: &PgPool,
    after: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<(Uuid, Value)>> {
    sqlx::query_as(include_str!("sql/select_following_tenants.sql"))
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// Of tenants, with the basis of each and the first of a newer tz database: those that have timers with an outdated one.
pub(crate) async fn stale_tenants(
    pool: &PgPool,
    tenants: &[(Uuid, i64, i64)],
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar(include_str!("sql/select_stale_tenants.sql"))
        .bind(tenants.iter().map(|t| t.0).collect::<Vec<_>>())
        .bind(tenants.iter().map(|t| t.1).collect::<Vec<_>>())
        .bind(tenants.iter().map(|t| t.2).collect::<Vec<_>>())
        .fetch_all(pool)
        .await
}

/// Tells the instances of about `limit` outdated timers; how many timers that were.
pub(crate) async fn tell(
    connection: &mut PgConnection,
    telling: &Telling<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let waits: i64 = sqlx::query_scalar(include_str!("sql/tell_followers.sql"))
        .bind(telling.tenant)
        .bind(telling.basis)
        .bind(telling.newer)
        .bind(limit)
        .bind(Json(telling.body))
        .bind(telling.actor)
        .bind(now)
        .fetch_one(connection)
        .await?;
    Ok(waits.unsigned_abs())
}
