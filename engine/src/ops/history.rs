//! `history`: the turns of one instance, a page at a time.

use super::{detached, reading};
use crate::{Error, Result};
use chrono::{DateTime, Utc};
use machine::Event;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

/// Most turns of one page.
pub const TURNS_MAX: u32 = 1_000;
/// A page ends before the turn with which it would reach this size.
const PAGE_BYTES_MAX: i64 = 8 * 1024 * 1024;

/// One turn, as history has it.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Turn {
    /// Its number.
    pub seq: i64,
    /// When, for the instance.
    pub at: DateTime<Utc>,
    /// The event's own id.
    pub event_id: Uuid,
    /// The event.
    pub event: Value,
    /// `applied`, `deferred`, `dropped`, `held` or `stuck`.
    pub verdict: String,
    /// Active leaves before.
    #[sqlx(rename = "from_")]
    pub from: Value,
    /// Active leaves after.
    #[sqlx(rename = "to_")]
    pub to: Value,
    /// How the context changed.
    pub context_patch: Option<Value>,
    /// What was asked of the world.
    pub commands: Value,
    /// The definition it was computed with.
    pub definition_digest: String,
    /// Who sent the event.
    pub actor: String,
    /// The instance's status after.
    pub status: String,
    /// The beginning of SHA-256 of the state after.
    #[serde(skip)]
    pub state_digest: Vec<u8>,
    /// The number of the semantics it was computed with.
    #[serde(skip)]
    pub semantics: i16,
}

/// The turns after turn `after`, oldest first; as many as fit, at least one if there is one. An instance that does not exist
/// has none.
pub async fn turns(
    pool: &PgPool,
    tenant: Uuid,
    instance: Uuid,
    after: u64,
    limit: u32,
) -> Result<Vec<Turn>> {
    let pool = pool.clone();
    detached(async move {
        let mut transaction = reading(&pool).await?;
        let rows = sqlx::query_as(include_str!("../store/sql/list_history.sql"))
            .bind(tenant)
            .bind(instance)
            .bind(i64::try_from(after).unwrap_or(i64::MAX))
            .bind(i64::from(limit.clamp(1, TURNS_MAX)))
            .bind(PAGE_BYTES_MAX)
            .fetch_all(&mut *transaction)
            .await?;
        Ok(rows)
    })
    .await
}

/// The last event an instance met.
pub async fn last_event(pool: &PgPool, tenant: Uuid, instance: Uuid) -> Result<Option<Event>> {
    let pool = pool.clone();
    detached(async move {
        let row: Option<(DateTime<Utc>, Value)> =
            sqlx::query_as(include_str!("../store/sql/select_last_event.sql"))
                .bind(tenant)
                .bind(instance)
                .fetch_optional(&pool)
                .await?;
        row.map(|(at, body)| event(instance, at, body)).transpose()
    })
    .await
}

/// What became of the ops verb that `actor` sent when the instance had `seq` turns; `None` if it had no turn yet.
pub async fn verdict(
    pool: &PgPool,
    (tenant, instance): (Uuid, Uuid),
    seq: u64,
    verb: &'static str,
    actor: String,
) -> Result<Option<String>> {
    let pool = pool.clone();
    detached(async move {
        let found = sqlx::query_scalar(include_str!("../store/sql/select_verdict.sql"))
            .bind(tenant)
            .bind(instance)
            .bind(i64::try_from(seq).unwrap_or(i64::MAX))
            .bind(verb)
            .bind(actor)
            .fetch_optional(&pool)
            .await?;
        Ok(found)
    })
    .await
}

/// The error of a request about an instance that is not there; with the cure, if it is in an archive.
pub async fn gone(pool: &PgPool, tenant: Uuid, instance: Uuid, error: Error) -> Error {
    if !matches!(error, Error::NotFound(_)) {
        return error;
    }
    match crate::archive::list::parts(pool, tenant, instance).await {
        Ok(parts) if !parts.is_empty() => Error::NotFound(format!(
            "instance {instance} is in the archive {}, which `perdure archive restore` brings back, and so",
            parts[0].file
        )),
        Ok(_) => error,
        Err(worse) => worse,
    }
}

/// An event from its columns.
pub(super) fn event(instance: Uuid, at: DateTime<Utc>, body: Value) -> Result<Event> {
    match body {
        Value::Object(body) => Ok(Event { at, body }),
        _ => Err(Error::Corrupt {
            what: format!("history of instance {instance}"),
            why: "an event is not an object".to_owned(),
        }),
    }
}
