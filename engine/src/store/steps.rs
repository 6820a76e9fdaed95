//! Open steps.

use super::{RowId, RowIds, RowKey, command};
use crate::error::Error;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;
use workflows::chart::Policy;

/// Where an open step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    /// To be run.
    Ready,
    /// A try of an unsafe kind is under way.
    Started,
    /// For its next try.
    Waiting,
    /// Its outcome is unknown and may still be told.
    Checking,
    /// Its result made the instance stuck.
    Parked,
}

impl StepStatus {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Started => "started",
            Self::Waiting => "waiting",
            Self::Checking => "checking",
            Self::Parked => "parked",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Ready, Self::Started, Self::Waiting, Self::Checking, Self::Parked]
            .into_iter()
            .find(|s| s.as_str() == text)
    }
}

/// A try that did not settle its step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Try {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// `retry`, `unknown` or `later`.
    pub outcome: String,
    /// Stable short code.
    pub code: String,
    /// For people.
    pub message: String,
}

/// An open step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    /// Its key.
    pub id: RowId,
    /// The instance's shard.
    pub shard: i16,
    /// Where it stands.
    pub status: StepStatus,
    /// Tries begun.
    pub attempt: u32,
    /// Grows with every claim.
    pub fence: i64,
    /// Not before.
    pub due: DateTime<Utc>,
    /// The last few tries.
    pub tries: Vec<Try>,
    /// The invoke it belongs to.
    pub invoke: String,
    /// Node kind.
    pub kind: String,
    /// Idempotency key.
    pub key: String,
    /// The conversation its instance runs in.
    pub conversation: Option<Uuid>,
    /// How to attempt it.
    pub policy: Policy,
    /// Its input.
    pub input: Value,
    /// Whether it has a row. One without is named in the outbox: see [`crate::outbox`].
    pub is_written: bool,
}

#[derive(sqlx::FromRow)]
pub(super) struct Columns {
    tenant_id: Uuid,
    instance_id: Uuid,
    seq: i64,
    index: i32,
    shard: i16,
    status: String,
    attempt: i32,
    fence: i64,
    due: DateTime<Utc>,
    tries: Json<Vec<Try>>,
    invoke: String,
    kind: String,
    key: String,
    conversation_id: Option<Uuid>,
    policy: Json<Policy>,
    input: Value,
}

impl TryFrom<Columns> for StepRow {
    type Error = Error;

    fn try_from(row: Columns) -> Result<Self, Error> {
        let status = StepStatus::parse(&row.status).ok_or_else(|| Error::Corrupt {
            what: format!("step {}.{} of instance {}", row.seq, row.index, row.instance_id),
            why: format!("unknown status `{}`", row.status),
        })?;
        Ok(Self {
            id: RowId {
                tenant: row.tenant_id,
                instance: row.instance_id,
                command: command(row.seq, row.index),
            },
            shard: row.shard,
            status,
            attempt: u32::try_from(row.attempt).unwrap_or(0),
            fence: row.fence,
            due: row.due,
            tries: row.tries.0,
            invoke: row.invoke,
            kind: row.kind,
            key: row.key,
            conversation: row.conversation_id,
            policy: row.policy.0,
            input: row.input,
            is_written: true,
        })
    }
}

pub(super) fn parse(rows: Vec<Columns>) -> crate::Result<Vec<StepRow>> {
    rows.into_iter().map(StepRow::try_from).collect()
}

/// Makes rows for steps, as they stand. One that has a row already is left as that has it.
pub(crate) async fn insert(connection: &mut PgConnection, steps: &[&StepRow]) -> sqlx::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    let mut ids = RowIds::default();
    steps.iter().for_each(|s| ids.push(s.id));
    sqlx::query(include_str!("sql/insert_steps.sql"))
        .bind(ids.tenants)
        .bind(ids.instances)
        .bind(ids.seqs)
        .bind(ids.indexes)
        .bind(steps.iter().map(|s| s.shard).collect::<Vec<_>>())
        .bind(steps.iter().map(|s| s.status.as_str()).collect::<Vec<_>>())
        .bind(
            steps.iter().map(|s| i32::try_from(s.attempt).unwrap_or(i32::MAX)).collect::<Vec<_>>(),
        )
        .bind(steps.iter().map(|s| s.fence).collect::<Vec<_>>())
        .bind(steps.iter().map(|s| s.due).collect::<Vec<_>>())
        .bind(steps.iter().map(|s| Json(&s.tries)).collect::<Vec<_>>())
        .bind(steps.iter().map(|s| s.invoke.as_str()).collect::<Vec<_>>())
        .bind(steps.iter().map(|s| s.kind.as_str()).collect::<Vec<_>>())
        .bind(steps.iter().map(|s| s.key.as_str()).collect::<Vec<_>>())
        .bind(steps.iter().map(|s| s.conversation).collect::<Vec<_>>())
        .bind(steps.iter().map(|s| Json(&s.policy)).collect::<Vec<_>>())
        .bind(steps.iter().map(|s| Json(&s.input)).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
}

/// As [`insert`], for one.
pub(crate) async fn insert_one(pool: &PgPool, step: &StepRow) -> sqlx::Result<()> {
    insert(&mut *pool.acquire().await?, &[step]).await
}

/// Drops steps, those with a fence only if it is still theirs; which ones.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    ids: RowIds,
    fences: Vec<Option<i64>>,
) -> sqlx::Result<Vec<RowId>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<RowKey> = sqlx::query_as(include_str!("sql/delete_steps.sql"))
        .bind(ids.tenants)
        .bind(ids.instances)
        .bind(ids.seqs)
        .bind(ids.indexes)
        .bind(fences)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(RowId::from).collect())
}

/// Puts steps aside if the fence is still theirs; which ones.
pub(crate) async fn park(
    connection: &mut PgConnection,
    ids: RowIds,
    fences: Vec<i64>,
) -> sqlx::Result<Vec<RowId>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<RowKey> = sqlx::query_as(include_str!("sql/park_steps.sql"))
        .bind(ids.tenants)
        .bind(ids.instances)
        .bind(ids.seqs)
        .bind(ids.indexes)
        .bind(fences)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(RowId::from).collect())
}

/// Makes steps ready again, with all their attempts and their old key.
pub(crate) async fn retry(
    connection: &mut PgConnection,
    ids: RowIds,
    now: DateTime<Utc>,
) -> crate::Result<Vec<StepRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as(include_str!("sql/retry_steps.sql"))
        .bind(ids.tenants)
        .bind(ids.instances)
        .bind(ids.seqs)
        .bind(ids.indexes)
        .bind(now)
        .fetch_all(connection)
        .await?;
    parse(rows)
}

/// Puts on record that a try begins, for those whose fence is still theirs; which ones. Attempt and fence grow by one.
pub(crate) async fn start(pool: &PgPool, steps: &[&StepRow]) -> sqlx::Result<Vec<RowId>> {
    let mut ids = RowIds::default();
    steps.iter().for_each(|s| ids.push(s.id));
    let rows: Vec<RowKey> = sqlx::query_as(include_str!("sql/start_steps.sql"))
        .bind(ids.tenants)
        .bind(ids.instances)
        .bind(ids.seqs)
        .bind(ids.indexes)
        .bind(steps.iter().map(|s| s.fence).collect::<Vec<_>>())
        .bind(i64::try_from(steps.len()).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().map(RowId::from).collect())
}

/// Writes where a step stands after a try that did not settle it; the fence it has then, `None` if it is no longer ours. One
/// without a row gets it, if its instance still waits for it.
pub(crate) async fn defer(pool: &PgPool, step: &StepRow) -> sqlx::Result<Option<i64>> {
    if !step.is_written {
        return write(pool, step).await;
    }
    sqlx::query_scalar(include_str!("sql/defer_step.sql"))
        .bind(step.id.tenant)
        .bind(step.id.instance)
        .bind(super::as_i64(step.id.command.seq))
        .bind(i32::try_from(step.id.command.index).unwrap_or(i32::MAX))
        .bind(step.fence)
        .bind(step.status.as_str())
        .bind(i32::try_from(step.attempt).unwrap_or(i32::MAX))
        .bind(step.due)
        .bind(Json(&step.tries))
        .fetch_optional(pool)
        .await
}

async fn write(pool: &PgPool, step: &StepRow) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(include_str!("sql/insert_step_open.sql"))
        .bind(step.id.tenant)
        .bind(step.id.instance)
        .bind(super::as_i64(step.id.command.seq))
        .bind(i32::try_from(step.id.command.index).unwrap_or(i32::MAX))
        .bind(step.shard)
        .bind(step.status.as_str())
        .bind(i32::try_from(step.attempt).unwrap_or(i32::MAX))
        .bind(step.fence)
        .bind(step.due)
        .bind(Json(&step.tries))
        .bind(&step.invoke)
        .bind(&step.kind)
        .bind(&step.key)
        .bind(step.conversation)
        .bind(Json(&step.policy))
        .bind(&step.input)
        .fetch_optional(pool)
        .await
}

/// Tries in these shards (all without a list) that are under way, or were when an earlier owner ended.
pub(crate) async fn started(pool: &PgPool, shards: Option<&[i16]>) -> crate::Result<Vec<StepRow>> {
    let rows = sqlx::query_as(include_str!("sql/select_started_steps.sql"))
        .bind(shards)
        .fetch_all(pool)
        .await?;
    parse(rows)
}
