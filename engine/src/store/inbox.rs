//! The inbox: events accepted and not applied yet.

use crate::{ids, json};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::{PgConnection, PgPool};
use std::collections::HashMap;
use uuid::Uuid;

/// An event for the inbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Enqueued {
    /// Whose.
    pub tenant: Uuid,
    /// For which instance.
    pub instance: Uuid,
    /// The conversation the instance runs in: decides the shard.
    pub conversation: Option<Uuid>,
    /// `{"type": …}` and its fields. `started` starts the instance: see [`crate::turn::Started`] for its fields.
    pub body: Map<String, Value>,
    /// Who sent it.
    pub actor: String,
    /// Its own id, if whoever sent it was told one.
    pub event_id: Option<Uuid>,
}

/// An event in the inbox.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct InboxRow {
    pub(crate) tenant_id: Uuid,
    pub(crate) id: i64,
    pub(crate) shard: i16,
    pub(crate) instance_id: Uuid,
    pub(crate) body: Value,
    pub(crate) actor: String,
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) event_id: Option<Uuid>,
}

/// Puts an event into the inbox in the caller's transaction; the row's id. Call [`crate::Engine::hint_inbox`] after the
/// commit. `Refused` if the body cannot be stored or read back.
pub async fn enqueue(
    connection: &mut PgConnection,
    mut event: Enqueued,
    now: DateTime<Utc>,
) -> crate::Result<i64> {
    json::accept(&mut event.body)?;
    let ids = insert(connection, &[event], now).await?;
    ids.first().copied().ok_or_else(|| crate::Error::Conflict("the inbox".to_owned()))
}

/// Puts events into the inbox; their rows' ids.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    events: &[Enqueued],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<i64>> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let shard = |e: &Enqueued| ids::shard_of(e.instance, e.conversation);
    sqlx::query_scalar(include_str!("sql/insert_inbox.sql"))
        .bind(events.iter().map(|e| e.tenant).collect::<Vec<_>>())
        .bind(events.iter().map(shard).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.instance).collect::<Vec<_>>())
        .bind(events.iter().map(|e| sqlx::types::Json(&e.body)).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.actor.as_str()).collect::<Vec<_>>())
        .bind(now)
        .bind(events.iter().map(|e| e.event_id).collect::<Vec<_>>())
        .fetch_all(connection)
        .await
}

/// The rows of those of these events that are there, by the events' ids.
pub(crate) async fn waiting(
    pool: &PgPool,
    events: &[Enqueued],
) -> sqlx::Result<HashMap<Uuid, i64>> {
    if events.is_empty() {
        return Ok(HashMap::new());
    }
    let shard = |e: &Enqueued| ids::shard_of(e.instance, e.conversation);
    let found: Vec<(Uuid, i64)> = sqlx::query_as(include_str!("sql/select_inbox_events.sql"))
        .bind(events.iter().map(|e| e.tenant).collect::<Vec<_>>())
        .bind(events.iter().map(shard).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.instance).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.event_id).collect::<Vec<_>>())
        .fetch_all(pool)
        .await?;
    Ok(found.into_iter().collect())
}

/// The first `limit` rows after `(shard, id)` in these shards (all without a list).
pub(crate) async fn read(
    pool: &PgPool,
    after: (i16, i64),
    limit: i64,
    shards: Option<&[i16]>,
) -> sqlx::Result<Vec<InboxRow>> {
    sqlx::query_as(include_str!("sql/select_inbox.sql"))
        .bind(after.0)
        .bind(after.1)
        .bind(limit)
        .bind(shards)
        .fetch_all(pool)
        .await
}

/// The oldest rows of these shards, at most `limit` of them.
pub(crate) async fn read_rung(
    pool: &PgPool,
    shards: &[i16],
    limit: i64,
) -> sqlx::Result<Vec<InboxRow>> {
    sqlx::query_as(include_str!("sql/select_inbox_rung.sql"))
        .bind(shards)
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// About `limit` rows in these shards, equally many of each tenant that has so many, oldest first.
pub(crate) async fn read_of_each(
    pool: &PgPool,
    limit: i64,
    shards: Option<&[i16]>,
) -> sqlx::Result<Vec<InboxRow>> {
    sqlx::query_as(include_str!("sql/select_inbox_of_each.sql"))
        .bind(limit)
        .bind(shards)
        .fetch_all(pool)
        .await
}

/// Drops rows; those that were there.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    tenants: Vec<Uuid>,
    ids: Vec<i64>,
) -> sqlx::Result<Vec<i64>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar(include_str!("sql/delete_inbox.sql"))
        .bind(tenants)
        .bind(ids)
        .fetch_all(connection)
        .await
}

/// How it stands with whom something is to be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// It takes events.
    Live,
    /// It has ended.
    Over,
    /// Its start is in the inbox.
    Unborn,
}

/// Whom something is to be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recipient {
    pub(crate) stands: Stands,
    /// The conversation it runs in.
    pub(crate) conversation: Option<Uuid>,
}

impl Recipient {
    /// The instance of this id, if there is one, or will be: then its start is in the inbox under `shard`.
    pub(crate) async fn find(
        pool: &PgPool,
        tenant: Uuid,
        instance: Uuid,
        shard: i16,
    ) -> sqlx::Result<Option<Self>> {
        let rows: Vec<(String, Option<Uuid>)> =
            sqlx::query_as(include_str!("sql/select_recipient.sql"))
                .bind(tenant)
                .bind(instance)
                .bind(shard)
                .fetch_all(pool)
                .await?;
        let rows = rows.into_iter().map(|(stands, conversation)| {
            let stands = match stands.as_str() {
                "live" => Stands::Live,
                "over" => Stands::Over,
                _ => Stands::Unborn,
            };
            Self { stands, conversation }
        });
        // A start that came twice leaves a row beside the instance for a moment.
        Ok(rows.min_by_key(|recipient| recipient.stands == Stands::Unborn))
    }
}
