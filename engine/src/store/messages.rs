//! Messages: what was received and sent, and what providers told about it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::{PgConnection, PgPool, types::Json};
use std::collections::HashSet;
use uuid::Uuid;

/// From a customer.
pub(crate) const IN: &str = "in";
/// A provider's word about a message of ours.
pub(crate) const STATUS: &str = "status";

/// A message as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct MessageRow {
    /// Its id; grows.
    pub id: i64,
    /// The conversation; not known before it is routed.
    pub conversation_id: Option<Uuid>,
    /// `in` or `out`.
    pub direction: String,
    /// The provider's id.
    pub provider_id: Option<String>,
    /// What was said: the body of the event, or the input of the step with its `kind`.
    pub body: Value,
    /// `received`, or the delivery state.
    pub status: String,
    /// When, as the provider tells.
    pub at: DateTime<Utc>,
    /// When it was stored.
    pub received_at: DateTime<Utc>,
    /// When the router decided.
    pub routed_at: Option<DateTime<Utc>>,
    /// What it decided.
    pub decision: Option<String>,
    /// The instance that got it, or sent it.
    pub instance_id: Option<Uuid>,
    /// The key of the step that sent it.
    pub step_key: Option<String>,
}

/// Something that arrived.
#[derive(Debug)]
pub(crate) struct NewMessage {
    pub(crate) tenant: Uuid,
    pub(crate) channel_id: Uuid,
    pub(crate) direction: &'static str,
    pub(crate) provider_id: String,
    pub(crate) body: Map<String, Value>,
    pub(crate) status: String,
    pub(crate) at: DateTime<Utc>,
}

/// What no other message has: the channel, the direction, and the provider's id.
pub(crate) type MessageName = (Uuid, String, String);

impl NewMessage {
    pub(crate) fn name(&self) -> MessageName {
        (self.channel_id, self.direction.to_owned(), self.provider_id.clone())
    }
}

/// Something that arrived and was not routed yet.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct UnroutedRow {
    pub(crate) tenant_id: Uuid,
    pub(crate) id: i64,
    pub(crate) channel_id: Uuid,
    pub(crate) direction: String,
    pub(crate) provider_id: String,
    pub(crate) body: Value,
    pub(crate) at: DateTime<Utc>,
    pub(crate) received_at: DateTime<Utc>,
}

/// What the router decided.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Decision {
    pub(crate) text: String,
    pub(crate) conversation: Option<Uuid>,
    pub(crate) instance: Option<Uuid>,
}

/// Which part of a transcript.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub(crate) conversation: Uuid,
    pub(crate) after: i64,
    pub(crate) limit: i64,
}

/// A message of ours to be recorded.
#[derive(Debug)]
pub(crate) struct SentMessage<'a> {
    pub(crate) tenant: Uuid,
    pub(crate) conversation: Uuid,
    pub(crate) instance: Uuid,
    pub(crate) provider_id: &'a str,
    pub(crate) step_key: &'a str,
    pub(crate) body: &'a Value,
    pub(crate) now: DateTime<Utc>,
}

/// Stores them in their order; the names of those that were not there yet.
pub(crate) async fn insert(
    pool: &PgPool,
    new: &[&NewMessage],
    now: DateTime<Utc>,
) -> sqlx::Result<HashSet<MessageName>> {
    let stored: Vec<MessageName> = sqlx::query_as(include_str!("sql/insert_messages.sql"))
        .bind(new.iter().map(|m| m.tenant).collect::<Vec<_>>())
        .bind(new.iter().map(|m| m.channel_id).collect::<Vec<_>>())
        .bind(new.iter().map(|m| m.direction).collect::<Vec<_>>())
        .bind(new.iter().map(|m| m.provider_id.as_str()).collect::<Vec<_>>())
        .bind(new.iter().map(|m| Json(&m.body)).collect::<Vec<_>>())
        .bind(new.iter().map(|m| m.status.as_str()).collect::<Vec<_>>())
        .bind(new.iter().map(|m| m.at).collect::<Vec<_>>())
        .bind(now)
        .fetch_all(pool)
        .await?;
    Ok(stored.into_iter().collect())
}

/// The first `limit` after `after` that were not routed.
pub(crate) async fn unrouted(
    pool: &PgPool,
    after: i64,
    limit: i64,
    shards: Option<&[i16]>,
) -> sqlx::Result<Vec<UnroutedRow>> {
    sqlx::query_as(include_str!("sql/select_unrouted.sql"))
        .bind(after)
        .bind(limit)
        .bind(shards)
        .fetch_all(pool)
        .await
}

/// Locks it; false if somebody else has routed it.
pub(crate) async fn lock_unrouted(
    connection: &mut PgConnection,
    tenant: Uuid,
    id: i64,
) -> sqlx::Result<bool> {
    let found: Option<i64> = sqlx::query_scalar(include_str!("sql/lock_unrouted.sql"))
        .bind(tenant)
        .bind(id)
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

/// Puts the router's decision on record.
pub(crate) async fn set_routed(
    connection: &mut PgConnection,
    message: &UnroutedRow,
    decision: &Decision,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/update_message_routed.sql"))
        .bind(message.tenant_id)
        .bind(message.id)
        .bind(now)
        .bind(&decision.text)
        .bind(decision.conversation)
        .bind(decision.instance)
        .execute(connection)
        .await
        .map(drop)
}

/// The instance that sent the message with this provider id.
pub(crate) async fn sender(
    connection: &mut PgConnection,
    tenant: Uuid,
    channel: Uuid,
    provider_id: &str,
) -> sqlx::Result<Option<Uuid>> {
    let found: Option<Option<Uuid>> =
        sqlx::query_scalar(include_str!("sql/select_message_sender.sql"))
            .bind(tenant)
            .bind(channel)
            .bind(provider_id)
            .fetch_optional(connection)
            .await?;
    Ok(found.flatten())
}

/// Records a message of ours on the channel of its conversation; its delivery state and the channel, if it was not on record yet.
pub(crate) async fn insert_sent(
    connection: &mut PgConnection,
    sent: &SentMessage<'_>,
) -> sqlx::Result<Option<(String, Uuid)>> {
    sqlx::query_as(include_str!("sql/upsert_message_sent.sql"))
        .bind(sent.tenant)
        .bind(sent.conversation)
        .bind(sent.provider_id)
        .bind(sent.body)
        .bind(sent.now)
        .bind(sent.instance)
        .bind(sent.step_key)
        .fetch_optional(connection)
        .await
}

/// Why the provider could not deliver the message with this id, as it told.
pub(crate) async fn failure(
    connection: &mut PgConnection,
    tenant: Uuid,
    channel: Uuid,
    provider_id: &str,
) -> sqlx::Result<Option<Value>> {
    let found: Option<Option<Value>> =
        sqlx::query_scalar(include_str!("sql/select_message_failure.sql"))
            .bind(tenant)
            .bind(channel)
            .bind(provider_id)
            .fetch_optional(connection)
            .await?;
    Ok(found.flatten())
}

/// A part of a transcript, in order.
pub(crate) async fn transcript(
    pool: &PgPool,
    tenant: Uuid,
    page: Page,
) -> sqlx::Result<Vec<MessageRow>> {
    sqlx::query_as(include_str!("sql/select_transcript.sql"))
        .bind(tenant)
        .bind(page.conversation)
        .bind(page.after)
        .bind(page.limit)
        .fetch_all(pool)
        .await
}
