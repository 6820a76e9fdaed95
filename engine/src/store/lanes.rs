//! Lanes: the open steps of one tenant, kind and connection, as the executor looks for them.

use super::steps::{self, StepRow};
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// A lane.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::FromRow)]
pub struct Lane {
    /// Whose.
    #[sqlx(rename = "tenant_id")]
    pub tenant: Uuid,
    /// Node kind.
    pub kind: String,
    /// The connection that the steps name; empty if they name none.
    pub lane: String,
}

impl Lane {
    /// Before the first one.
    pub(crate) fn before_all() -> Self {
        Self { tenant: Uuid::nil(), kind: String::new(), lane: String::new() }
    }

    /// The lane a step waits in; as the table's own column says it.
    pub fn of(row: &StepRow) -> Self {
        use serde_json::Value;
        let lane = match row.input.get("connection") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(name)) => name.clone(),
            Some(other) => other.to_string(),
        };
        Self { tenant: row.id.tenant, kind: row.kind.clone(), lane }
    }
}

/// The first `limit` lanes after one that have open steps.
pub(crate) async fn after(pool: &PgPool, lane: &Lane, limit: i64) -> sqlx::Result<Vec<Lane>> {
    sqlx::query_as(include_str!("sql/select_step_lanes.sql"))
        .bind(lane.tenant)
        .bind(&lane.kind)
        .bind(&lane.lane)
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// Of each lane the first so many that are due in these shards (all without a list), oldest first within a lane.
pub(crate) async fn due(
    pool: &PgPool,
    now: DateTime<Utc>,
    asked: &[(Lane, i64)],
    shards: Option<&[i16]>,
) -> crate::Result<Vec<StepRow>> {
    let rows = sqlx::query_as(include_str!("sql/select_due_steps.sql"))
        .bind(now)
        .bind(asked.iter().map(|(lane, _)| lane.tenant).collect::<Vec<_>>())
        .bind(asked.iter().map(|(lane, _)| lane.kind.as_str()).collect::<Vec<_>>())
        .bind(asked.iter().map(|(lane, _)| lane.lane.as_str()).collect::<Vec<_>>())
        .bind(asked.iter().map(|(_, rows)| *rows).collect::<Vec<_>>())
        .bind(shards)
        .fetch_all(pool)
        .await?;
    steps::parse(rows)
}
