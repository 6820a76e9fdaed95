//! Leases: who owns which instances, until when by the database's time.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Somebody who holds shards.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Owner {
    pub(crate) owner: Uuid,
    /// Its lease has not ended.
    pub(crate) runs: bool,
}

/// Everyone who holds shards.
pub(crate) async fn owners(connection: &mut PgConnection) -> sqlx::Result<Vec<Owner>> {
    sqlx::query_as(include_str!("sql/select_owners.sql")).fetch_all(connection).await
}

/// Takes every shard that is free, whose lease has ended, or whose owner is one of `gone`; how many.
pub(crate) async fn take(
    connection: &mut PgConnection,
    me: Uuid,
    ttl_s: f64,
    gone: &[Uuid],
) -> sqlx::Result<usize> {
    let taken: Vec<i16> = sqlx::query_scalar(include_str!("sql/take_shards.sql"))
        .bind(me)
        .bind(ttl_s)
        .bind(gone)
        .fetch_all(connection)
        .await?;
    Ok(taken.len())
}

/// Renews the lease; how many shards are still held.
pub(crate) async fn renew(
    connection: &mut PgConnection,
    me: Uuid,
    ttl_s: f64,
) -> sqlx::Result<usize> {
    let held: Vec<i16> = sqlx::query_scalar(include_str!("sql/renew_shards.sql"))
        .bind(me)
        .bind(ttl_s)
        .fetch_all(connection)
        .await?;
    Ok(held.len())
}

/// Lets them go.
pub(crate) async fn release(connection: &mut PgConnection, me: Uuid) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/release_shards.sql")).bind(me).execute(connection).await.map(drop)
}

/// Takes the session lock of an owner; false if its session lives.
pub(crate) async fn lock(connection: &mut PgConnection, owner: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar(include_str!("sql/lock_owner.sql"))
        .bind(owner.to_string())
        .fetch_one(connection)
        .await
}

/// Gives the session lock back.
pub(crate) async fn unlock(connection: &mut PgConnection, owner: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar(include_str!("sql/unlock_owner.sql"))
        .bind(owner.to_string())
        .fetch_one(connection)
        .await
}

/// The database's time.
pub(crate) async fn database_now(connection: &mut PgConnection) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar(include_str!("sql/select_now.sql")).fetch_one(connection).await
}
