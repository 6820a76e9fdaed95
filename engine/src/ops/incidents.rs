//! Why instances are stuck, grouped by cause.

use super::{Page, detached, one_more, reading};
use crate::Result;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

/// Instances that are stuck for the same reason.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Cause {
    /// Equal for equal causes.
    pub fingerprint: String,
    /// Stable short code.
    pub code: String,
    /// The message of one of them.
    pub message: String,
    /// Name of the definition.
    pub definition: String,
    /// The oldest version among them.
    pub version_first: i32,
    /// The newest.
    pub version_last: i32,
    /// The state it is about.
    pub state: Option<String>,
    /// The step it is about.
    pub step: Option<String>,
    /// How many instances, counted up to ten thousand.
    pub instances: i64,
    /// Since when the first of them.
    pub since: DateTime<Utc>,
    /// Since when the last of them.
    pub latest: DateTime<Utc>,
    /// Some of them, the last first.
    pub examples: Vec<Uuid>,
}

/// Causes, by fingerprint, from the one after `after`.
pub async fn causes(
    pool: &PgPool,
    tenant: Uuid,
    after: Option<String>,
    limit: u32,
) -> Result<Page<Cause>> {
    let pool = pool.clone();
    detached(async move {
        let mut transaction = reading(&pool).await?;
        let rows: Vec<Cause> = sqlx::query_as(include_str!("../store/sql/list_incidents.sql"))
            .bind(tenant)
            .bind(after.unwrap_or_default())
            .bind(one_more(limit))
            .fetch_all(&mut *transaction)
            .await?;
        Ok(Page::of(rows, limit, |row| row.fingerprint.clone()))
    })
    .await
}
