//! What is over for long enough: finding it and deleting it.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// How long a definition's finished instances are kept.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Retention {
    pub(crate) tenant_id: Uuid,
    pub(crate) name: String,
    pub(crate) retention_ms: Option<i64>,
}

/// A finished instance that is kept no longer.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Expired {
    pub(crate) id: Uuid,
    pub(crate) seq: i64,
    pub(crate) created_at: DateTime<Utc>,
    /// The file that holds it as it is.
    pub(crate) archive_id: Option<Uuid>,
}

/// Which ones are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExpiredWanted<'a> {
    pub(crate) kept: &'a Retention,
    pub(crate) before: DateTime<Utc>,
    pub(crate) after: (DateTime<Utc>, Uuid),
    pub(crate) now: DateTime<Utc>,
    pub(crate) limit: i64,
}

/// A file whose instances may still be in the tables.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct OpenArchive {
    pub(crate) tenant_id: Uuid,
    pub(crate) id: Uuid,
    pub(crate) file: String,
}

/// Definitions after this one, with how long what they ran is kept.
pub(crate) async fn retentions(
    pool: &PgPool,
    after: (Uuid, &str),
    default_ms: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Retention>> {
    sqlx::query_as(include_str!("sql/list_retentions.sql"))
        .bind(after.0)
        .bind(after.1)
        .bind(default_ms)
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// Finished instances of a definition that are kept no longer, oldest first.
pub(crate) async fn expired(
    pool: &PgPool,
    wanted: &ExpiredWanted<'_>,
) -> sqlx::Result<Vec<Expired>> {
    sqlx::query_as(include_str!("sql/list_expired.sql"))
        .bind(wanted.kept.tenant_id)
        .bind(&wanted.kept.name)
        .bind(wanted.before)
        .bind(wanted.after.0)
        .bind(wanted.after.1)
        .bind(wanted.now)
        .bind(wanted.limit)
        .fetch_all(pool)
        .await
}

/// Deletes finished instances (id, seq) that have not changed, with all their rows; how many.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    tenant: Uuid,
    finished: &[(Uuid, i64)],
) -> sqlx::Result<usize> {
    let deleted: Vec<Uuid> = sqlx::query_scalar(include_str!("sql/delete_finished.sql"))
        .bind(tenant)
        .bind(finished.iter().map(|f| f.0).collect::<Vec<_>>())
        .bind(finished.iter().map(|f| f.1).collect::<Vec<_>>())
        .fetch_all(&mut *connection)
        .await?;
    sqlx::query(include_str!("sql/delete_finished_rows.sql"))
        .bind(tenant)
        .bind(&deleted)
        .execute(connection)
        .await?;
    Ok(deleted.len())
}

/// Files after this one that may not be settled.
pub(crate) async fn open_archives(
    pool: &PgPool,
    after: (Uuid, Uuid),
) -> sqlx::Result<Vec<OpenArchive>> {
    sqlx::query_as(include_str!("sql/list_archives_open.sql"))
        .bind(after.0)
        .bind(after.1)
        .fetch_all(pool)
        .await
}

/// Instances (id, seq) that a file holds and the tables still have.
pub(crate) async fn open_instances(
    pool: &PgPool,
    archive: &OpenArchive,
    after: Uuid,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<(Uuid, i64)>> {
    sqlx::query_as(include_str!("sql/list_archived_open.sql"))
        .bind(archive.tenant_id)
        .bind(archive.id)
        .bind(after)
        .bind(now)
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// Says whether all that a file holds is deleted.
pub(crate) async fn set_status(
    pool: &PgPool,
    tenant: Uuid,
    archive: Uuid,
    status: &str,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/settle_archive.sql"))
        .bind(tenant)
        .bind(archive)
        .bind(status)
        .execute(pool)
        .await
        .map(drop)
}
