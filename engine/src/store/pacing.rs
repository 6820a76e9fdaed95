//! What processes share about rates, health and places.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;
use workflows::pacing::Rate;

/// What a reservation got.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(crate) struct Reserved {
    /// Tokens.
    pub(crate) granted: i32,
    /// When the bucket will be full again.
    pub(crate) next_at: DateTime<Utc>,
    /// No tokens before.
    pub(crate) closed_until: DateTime<Utc>,
}

/// A rate by its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) tenant: Uuid,
    pub(crate) key: &'a str,
    pub(crate) rate: Rate,
}

fn period_us(rate: Rate) -> i64 {
    i64::try_from(rate.period_us).unwrap_or(i64::MAX)
}

fn burst(rate: Rate) -> i32 {
    i32::try_from(rate.burst).unwrap_or(i32::MAX)
}

/// Takes up to `wanted` tokens for this process.
pub(crate) async fn reserve(
    pool: &PgPool,
    named: Named<'_>,
    wanted: u32,
    now: DateTime<Utc>,
) -> sqlx::Result<Reserved> {
    sqlx::query_as(include_str!("sql/reserve_pacing.sql"))
        .bind(named.tenant)
        .bind(named.key)
        .bind(now)
        .bind(period_us(named.rate))
        .bind(burst(named.rate))
        .bind(i32::try_from(wanted).unwrap_or(i32::MAX))
        .fetch_one(pool)
        .await
}

/// Gives a token back.
pub(crate) async fn give_back(pool: &PgPool, named: Named<'_>) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/return_pacing.sql"))
        .bind(named.tenant)
        .bind(named.key)
        .bind(period_us(named.rate))
        .execute(pool)
        .await
        .map(drop)
}

/// No tokens for anybody before `until`.
pub(crate) async fn close(
    pool: &PgPool,
    named: Named<'_>,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/close_pacing.sql"))
        .bind(named.tenant)
        .bind(named.key)
        .bind(now)
        .bind(period_us(named.rate))
        .bind(burst(named.rate))
        .bind(until)
        .execute(pool)
        .await
        .map(drop)
}

/// Drops up to `limit` rates that are no longer used, and as many slots that a crash left.
pub(crate) async fn delete_unused(
    pool: &PgPool,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/delete_pacing.sql"))
        .bind(now)
        .bind(limit)
        .execute(pool)
        .await
        .map(drop)
}

/// A connection or channel that is not well.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct HealthRow {
    pub(crate) tenant_id: Uuid,
    pub(crate) subject: String,
    pub(crate) state: Value,
    pub(crate) version: i64,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) since: DateTime<Utc>,
}

/// A page of those that are not well, after a tenant and subject.
pub(crate) async fn unwell(
    pool: &PgPool,
    after: (Uuid, &str),
    limit: i64,
) -> sqlx::Result<Vec<HealthRow>> {
    sqlx::query_as(include_str!("sql/list_health.sql"))
        .bind(after.0)
        .bind(after.1)
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// Puts on record that one is not well; false if somebody else just did.
pub(crate) async fn insert_health(pool: &PgPool, row: &HealthRow) -> sqlx::Result<bool> {
    let done = sqlx::query(include_str!("sql/insert_health.sql"))
        .bind(row.tenant_id)
        .bind(&row.subject)
        .bind(&row.state)
        .bind(&row.code)
        .bind(&row.message)
        .bind(row.since)
        .execute(pool)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Changes it from the version the row was read with; false if somebody else did.
pub(crate) async fn update_health(pool: &PgPool, row: &HealthRow) -> sqlx::Result<bool> {
    let done = sqlx::query(include_str!("sql/update_health.sql"))
        .bind(row.tenant_id)
        .bind(&row.subject)
        .bind(row.version)
        .bind(&row.state)
        .bind(&row.code)
        .bind(&row.message)
        .execute(pool)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// It is well again; with a version only if nobody changed it since. Whether it was there.
pub(crate) async fn delete_health(
    pool: &PgPool,
    tenant: Uuid,
    subject: &str,
    version: Option<i64>,
) -> sqlx::Result<bool> {
    let done = sqlx::query(include_str!("sql/delete_health.sql"))
        .bind(tenant)
        .bind(subject)
        .bind(version)
        .execute(pool)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// One of the places of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) tenant: Uuid,
    pub(crate) subject: String,
    /// Which attempt has it.
    pub(crate) holder: String,
}

/// Takes one of `max` places until a time; `None` if all are taken.
pub(crate) async fn take_slot(
    pool: &PgPool,
    slot: &Slot,
    max: u32,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar(include_str!("sql/take_slot.sql"))
        .bind(slot.tenant)
        .bind(&slot.subject)
        .bind(i32::try_from(max).unwrap_or(i32::MAX))
        .bind(&slot.holder)
        .bind(now)
        .bind(until)
        .fetch_optional(pool)
        .await
}

/// Gives a place back, if it is still the holder's.
pub(crate) async fn give_slot(pool: &PgPool, slot: &Slot, n: i32) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/delete_slot.sql"))
        .bind(slot.tenant)
        .bind(&slot.subject)
        .bind(n)
        .bind(&slot.holder)
        .execute(pool)
        .await
        .map(drop)
}
