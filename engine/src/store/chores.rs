//! Chores: periodic work that many processes do once.

use sqlx::PgPool;
use uuid::Uuid;

/// A chore that was claimed.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ChoreRow {
    pub(crate) name: String,
    pub(crate) fence: i64,
}

/// Makes the rows of these chores, where there are none.
pub(crate) async fn insert(pool: &PgPool, names: &[&str]) -> sqlx::Result<()> {
    let insert = sqlx::query(include_str!("sql/insert_chores.sql")).bind(names);
    insert.execute(pool).await.map(drop)
}

/// Takes one of these that is due and that nobody has.
pub(crate) async fn claim(
    pool: &PgPool,
    names: &[&str],
    me: Uuid,
    ttl_s: f64,
) -> sqlx::Result<Option<ChoreRow>> {
    sqlx::query_as(include_str!("sql/claim_chore.sql"))
        .bind(names)
        .bind(me)
        .bind(ttl_s)
        .fetch_optional(pool)
        .await
}

/// Keeps it for longer; whether it is still ours.
pub(crate) async fn renew(pool: &PgPool, row: &ChoreRow, ttl_s: f64) -> sqlx::Result<bool> {
    let renewed = sqlx::query(include_str!("sql/renew_chore.sql"))
        .bind(&row.name)
        .bind(row.fence)
        .bind(ttl_s)
        .execute(pool)
        .await?;
    Ok(renewed.rows_affected() > 0)
}

/// Lets it go until it is due again.
pub(crate) async fn finish(
    pool: &PgPool,
    row: &ChoreRow,
    again_s: f64,
    error: Option<String>,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/finish_chore.sql"))
        .bind(&row.name)
        .bind(row.fence)
        .bind(again_s)
        .bind(error)
        .execute(pool)
        .await
        .map(drop)
}
