//! Conversations: who talks to whom on what, and which instance gets their messages.

use crate::{
    Error, Result,
    conversation::{ModeRequest, mode::Mode},
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A conversation as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ConversationRow {
    /// Its id.
    pub id: Uuid,
    /// The channel account.
    pub channel_id: Uuid,
    /// The person.
    pub contact_id: Uuid,
    /// `bot`, `human`, `paused`, `opted_out`.
    pub mode: String,
    /// The instance that gets the messages. One that is over counts as none.
    pub foreground_id: Option<Uuid>,
    /// Instances put aside, the last one on top.
    pub suspended: Vec<Uuid>,
    /// When the customer last wrote, as the provider tells.
    pub last_inbound_at: Option<DateTime<Utc>>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl ConversationRow {
    /// Its mode. `Corrupt` if nobody knows it.
    pub fn mode(&self) -> Result<Mode> {
        Mode::named(&self.mode).ok_or_else(|| Error::Corrupt {
            what: format!("conversation {}", self.id),
            why: format!("unknown mode `{}`", self.mode),
        })
    }
}

/// One contact on one channel account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parties {
    pub(crate) tenant: Uuid,
    pub(crate) channel: Uuid,
    pub(crate) contact: Uuid,
}

/// What a conversation's step needs to know before it sends.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct AddressRow {
    pub(crate) channel_id: Uuid,
    pub(crate) mode: String,
    pub(crate) last_inbound_at: Option<DateTime<Utc>>,
    pub(crate) phone: Option<String>,
    pub(crate) user_id: Option<String>,
}

/// An instance of a conversation, as far as the router cares.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct LineRow {
    pub(crate) id: Uuid,
    /// Not known before its first turn.
    pub(crate) definition: Option<String>,
    /// It is not over, or its first turn is still to come.
    pub(crate) is_live: bool,
    /// The deepest child that it waits for, or itself.
    pub(crate) leaf_id: Uuid,
    /// The router sent something that had no turn yet.
    pub(crate) is_busy: bool,
}

/// A live instance that could take over the foreground.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct LiveRow {
    pub(crate) id: Uuid,
    pub(crate) conversation_id: Option<Uuid>,
}

/// Finds it, or makes it under `id`, and locks it; a message written at `at` has come.
pub(crate) async fn touch(
    connection: &mut PgConnection,
    parties: Parties,
    id: Uuid,
    at: Option<DateTime<Utc>>,
) -> sqlx::Result<ConversationRow> {
    sqlx::query_as(include_str!("sql/upsert_conversation.sql"))
        .bind(parties.tenant)
        .bind(id)
        .bind(parties.channel)
        .bind(parties.contact)
        .bind(crate::shard_of(id, Some(id)))
        .bind(at)
        .fetch_one(connection)
        .await
}

/// By id.
pub(crate) async fn by_id(
    pool: &PgPool,
    tenant: Uuid,
    id: Uuid,
) -> sqlx::Result<Option<ConversationRow>> {
    sqlx::query_as(include_str!("sql/select_conversation.sql"))
        .bind(tenant)
        .bind(id)
        .fetch_optional(pool)
        .await
}

/// By id, locked until the transaction ends.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    tenant: Uuid,
    id: Uuid,
) -> sqlx::Result<Option<ConversationRow>> {
    sqlx::query_as(include_str!("sql/lock_conversation.sql"))
        .bind(tenant)
        .bind(id)
        .fetch_optional(connection)
        .await
}

/// A page, by id.
pub(crate) async fn list(
    pool: &PgPool,
    tenant: Uuid,
    after: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<ConversationRow>> {
    sqlx::query_as(include_str!("sql/select_conversations.sql"))
        .bind(tenant)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// Of the person with this phone.
pub(crate) async fn by_phone(
    pool: &PgPool,
    tenant: Uuid,
    phone: &str,
) -> sqlx::Result<Vec<ConversationRow>> {
    sqlx::query_as(include_str!("sql/select_phone_conversations.sql"))
        .bind(tenant)
        .bind(phone)
        .fetch_all(pool)
        .await
}

/// Sets the mode.
pub(crate) async fn set_mode(
    connection: &mut PgConnection,
    tenant: Uuid,
    id: Uuid,
    mode: &str,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/update_conversation_mode.sql"))
        .bind(tenant)
        .bind(id)
        .bind(mode)
        .execute(connection)
        .await
        .map(drop)
}

/// Puts a change of mode on record.
pub(crate) async fn audit_mode(
    connection: &mut PgConnection,
    request: &ModeRequest,
    detail: &Value,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/insert_audit_mode.sql"))
        .bind(request.tenant)
        .bind(Uuid::now_v7())
        .bind(&request.actor)
        .bind(request.conversation.to_string())
        .bind(&request.reason)
        .bind(detail)
        .execute(connection)
        .await
        .map(drop)
}

/// Sets which instances get the messages.
pub(crate) async fn set_stack(
    connection: &mut PgConnection,
    tenant: Uuid,
    conversation: &ConversationRow,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/update_conversation_stack.sql"))
        .bind(tenant)
        .bind(conversation.id)
        .bind(conversation.foreground_id)
        .bind(&conversation.suspended)
        .execute(connection)
        .await
        .map(drop)
}

/// What a step that speaks in this conversation needs to know.
pub(crate) async fn address(
    pool: &PgPool,
    tenant: Uuid,
    id: Uuid,
) -> sqlx::Result<Option<AddressRow>> {
    sqlx::query_as(include_str!("sql/select_conversation_address.sql"))
        .bind(tenant)
        .bind(id)
        .fetch_optional(pool)
        .await
}

/// How these instances of a conversation stand.
pub(crate) async fn line(
    connection: &mut PgConnection,
    tenant: Uuid,
    conversation: Uuid,
    instances: &[Uuid],
) -> sqlx::Result<Vec<LineRow>> {
    if instances.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(include_str!("sql/select_conversation_line.sql"))
        .bind(tenant)
        .bind(instances)
        .bind(crate::shard_of(conversation, Some(conversation)))
        .bind(conversation)
        .bind(i64::try_from(instances.len()).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await
}

/// The newest live instance of a conversation that nobody waits for and nobody is cancelling.
pub(crate) async fn newest_live(
    connection: &mut PgConnection,
    tenant: Uuid,
    conversation: Uuid,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar(include_str!("sql/select_conversation_newest.sql"))
        .bind(tenant)
        .bind(conversation)
        .bind(crate::shard_of(conversation, Some(conversation)))
        .fetch_optional(connection)
        .await
}

/// The live instance that holds a key, unless it is being cancelled.
pub(crate) async fn key_holder(
    connection: &mut PgConnection,
    tenant: Uuid,
    definition: &str,
    key: &str,
) -> sqlx::Result<Option<LiveRow>> {
    sqlx::query_as(include_str!("sql/select_key_holder_live.sql"))
        .bind(tenant)
        .bind(definition)
        .bind(key)
        .fetch_optional(connection)
        .await
}
