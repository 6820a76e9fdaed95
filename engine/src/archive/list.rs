//! Which files there are, and which of them holds an instance.

use crate::{
    Result,
    detached::detached,
    ops::{PAGE_ROWS_MAX, Page},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

/// A file.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Archive {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    #[sqlx(rename = "tenant_id")]
    pub tenant: Uuid,
    /// Below the folder of archives.
    pub file: String,
    /// `written`: what it holds is being deleted. `settled`: it is deleted.
    pub status: String,
    /// Finished instances in it.
    pub instances: i32,
    /// Turns in it.
    pub turns: i64,
    /// Its size.
    pub bytes: i64,
    /// SHA-256 of it.
    pub sha256: String,
    /// The first turn's time.
    pub first_at: Option<DateTime<Utc>>,
    /// The last turn's time.
    pub last_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
}

/// What a file holds of one instance.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Part {
    /// The archive.
    #[sqlx(rename = "archive_id")]
    pub archive: Uuid,
    /// The file, below the folder of archives.
    pub file: String,
    /// The first turn in it.
    pub first_seq: i64,
    /// The last turn in it.
    pub last_seq: i64,
    /// Whether the instance itself is in it, or only turns of one that lives on.
    pub is_over: bool,
    /// It was brought back, and stays until then.
    pub restored_until: Option<DateTime<Utc>>,
}

/// The files of a tenant, newest first; `after` is the id of the last one seen.
pub async fn archives(
    pool: &PgPool,
    tenant: Uuid,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Page<Archive>> {
    let pool = pool.clone();
    detached(async move {
        let limit = limit.clamp(1, PAGE_ROWS_MAX);
        let rows = sqlx::query_as(include_str!("../store/sql/list_archives.sql"))
            .bind(tenant)
            .bind(after)
            .bind(i64::from(limit) + 1)
            .fetch_all(&pool)
            .await?;
        Ok(Page::of(rows, limit, |archive: &Archive| archive.id.to_string()))
    })
    .await
}

/// The files that hold something of an instance, oldest turns first.
pub async fn parts(pool: &PgPool, tenant: Uuid, instance: Uuid) -> Result<Vec<Part>> {
    let pool = pool.clone();
    detached(async move {
        let rows = sqlx::query_as(include_str!("../store/sql/list_archive_parts.sql"))
            .bind(tenant)
            .bind(instance)
            .fetch_all(&pool)
            .await?;
        Ok(rows)
    })
    .await
}
