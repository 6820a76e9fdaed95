//! Months of history: their partitions, and who has turns in them.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// A partition.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Partition {
    pub(crate) name: String,
    pub(crate) is_attached: bool,
}

/// An instance with turns in a month; without a definition it is gone.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Present {
    pub(crate) tenant_id: Uuid,
    pub(crate) instance_id: Uuid,
    pub(crate) definition: Option<String>,
    pub(crate) conversation_id: Option<Uuid>,
    pub(crate) live: Option<bool>,
    pub(crate) retention_ms: Option<i64>,
    pub(crate) last_seq: Option<i64>,
    pub(crate) checkpoint_seq: Option<i64>,
    pub(crate) archived_seq: Option<i64>,
    pub(crate) restored_until: Option<DateTime<Utc>>,
}

/// The partitions that are not the default one, oldest first.
pub(crate) async fn list(pool: &PgPool) -> sqlx::Result<Vec<Partition>> {
    sqlx::query_as(include_str!("sql/list_months.sql")).fetch_all(pool).await
}

/// Who has turns in a time, after this one (tenant, instance).
pub(crate) async fn present(
    pool: &PgPool,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    after: (Uuid, Uuid),
    default_ms: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Present>> {
    sqlx::query_as(include_str!("sql/select_month_instances.sql"))
        .bind(from)
        .bind(to)
        .bind(after.0)
        .bind(after.1)
        .bind(default_ms)
        .bind(limit)
        .fetch_all(pool)
        .await
}
