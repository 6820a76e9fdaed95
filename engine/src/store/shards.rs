//! Leases: who is there, and who owns which instances, until when by the database's time.

use crate::shards::ShardSet;
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Somebody who holds shards.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Owner {
    pub(crate) owner: Uuid,
    /// Its lease has not ended.
    pub(crate) runs: bool,
    /// When it ends; negative if it has.
    pub(crate) ends_in_s: f64,
}

/// Somebody who takes part in owning shards, or did.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Member {
    pub(crate) id: Uuid,
    /// It has been seen lately.
    pub(crate) is_live: bool,
    /// It holds its session lock as long as it lives.
    pub(crate) has_session: bool,
    /// When it counts as gone; negative if it does.
    pub(crate) ends_in_s: f64,
}

/// A process, as others see it.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) id: Uuid,
    /// Where it runs, for people.
    pub(crate) name: String,
    /// `all`, `engine` or `api`.
    pub(crate) role: &'static str,
    /// Whether its connections are sessions of its own: not behind a transaction pooler.
    pub(crate) has_session: bool,
}

/// Says that this process is there.
pub(crate) async fn appear(
    connection: &mut PgConnection,
    process: &Process,
    ttl_s: f64,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/upsert_process.sql"))
        .bind(process.id)
        .bind(&process.name)
        .bind(env!("CARGO_PKG_VERSION"))
        .bind(process.role)
        .bind(process.has_session)
        .bind(ttl_s)
        .execute(connection)
        .await
        .map(drop)
}

/// Says that this process is not there any more.
pub(crate) async fn disappear(connection: &mut PgConnection, me: Uuid) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/delete_process.sql")).bind(me).execute(connection).await.map(drop)
}

/// These are gone, whatever their dates say.
pub(crate) async fn bury(connection: &mut PgConnection, gone: &[Uuid]) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/update_processes_gone.sql"))
        .bind(gone)
        .execute(connection)
        .await
        .map(drop)
}

/// Forgets processes that are long gone and left nothing.
pub(crate) async fn forget_gone(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/delete_processes.sql")).execute(pool).await.map(drop)
}

/// Everyone who takes part in owning shards, or did.
pub(crate) async fn members(connection: &mut PgConnection) -> sqlx::Result<Vec<Member>> {
    sqlx::query_as(include_str!("sql/select_members.sql")).fetch_all(connection).await
}

/// Everyone who holds shards.
pub(crate) async fn owners(connection: &mut PgConnection) -> sqlx::Result<Vec<Owner>> {
    sqlx::query_as(include_str!("sql/select_owners.sql")).fetch_all(connection).await
}

/// Takes at most `most` shards that are free, whose lease has ended, or whose owner is one of `gone`; which ones.
pub(crate) async fn take(
    connection: &mut PgConnection,
    me: Uuid,
    ttl_s: f64,
    gone: &[Uuid],
    most: usize,
) -> sqlx::Result<ShardSet> {
    let taken: Vec<i16> = sqlx::query_scalar(include_str!("sql/take_shards.sql"))
        .bind(me)
        .bind(ttl_s)
        .bind(gone)
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await?;
    Ok(taken.into_iter().collect())
}

/// Renews the lease; which shards are held.
pub(crate) async fn renew(
    connection: &mut PgConnection,
    me: Uuid,
    ttl_s: f64,
) -> sqlx::Result<ShardSet> {
    let held: Vec<i16> = sqlx::query_scalar(include_str!("sql/renew_shards.sql"))
        .bind(me)
        .bind(ttl_s)
        .fetch_all(connection)
        .await?;
    Ok(held.into_iter().collect())
}

/// Lets them go; all of them without a set.
pub(crate) async fn release(
    connection: &mut PgConnection,
    me: Uuid,
    shards: Option<&ShardSet>,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/release_shards.sql"))
        .bind(me)
        .bind(shards.map(|shards| shards.iter().collect::<Vec<_>>()))
        .execute(connection)
        .await
        .map(drop)
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
