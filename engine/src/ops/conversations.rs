//! Conversations in lists, and the messages of one.

use super::{Page, detached, list, one_more, reading};
use crate::{Error, Result};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

/// A conversation in a list.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Listed {
    /// Its id.
    pub id: Uuid,
    /// The channel it is on.
    #[serde(rename = "channel")]
    pub channel_id: Uuid,
    /// `bot`, `human`, `paused` or `opted_out`.
    pub mode: String,
    /// The instance that gets the contact's messages.
    #[serde(rename = "foreground")]
    pub foreground_id: Option<Uuid>,
    /// Those put aside, the last one on top.
    pub suspended: Vec<Uuid>,
    /// When the contact last wrote.
    pub last_inbound_at: Option<DateTime<Utc>>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// With whom.
    #[serde(rename = "contact")]
    pub contact_id: Option<Uuid>,
    /// Their name.
    pub contact_name: Option<String>,
    /// Their number.
    pub contact_phone: Option<String>,
}

/// A message of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Message {
    /// Its number.
    pub id: i64,
    /// `in` or `out`.
    pub direction: String,
    /// The provider's id.
    pub provider_id: Option<String>,
    /// What was said.
    pub body: Value,
    /// Where its delivery stands.
    pub status: String,
    /// When, as the provider tells.
    pub at: DateTime<Utc>,
    /// When it got here.
    pub received_at: DateTime<Utc>,
    /// What the router did with it.
    pub decision: Option<String>,
    /// The instance it went to, or came from.
    #[serde(rename = "instance")]
    pub instance_id: Option<Uuid>,
    /// The idempotency key of the step that sent it.
    pub step_key: Option<String>,
}

/// Conversations, newest first, from the one after `after`; those of one phone number if given.
pub async fn conversations(
    pool: &PgPool,
    tenant: Uuid,
    phone: Option<String>,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Page<Listed>> {
    let pool = pool.clone();
    detached(async move {
        let mut transaction = reading(&pool).await?;
        let ids = match phone {
            Some(phone) => {
                Some(list::by_phone(&mut transaction, tenant, &list::spellings(&phone)).await?)
            }
            None => None,
        };
        let rows: Vec<Listed> = sqlx::query_as(include_str!("../store/sql/list_conversations.sql"))
            .bind(tenant)
            .bind(after)
            .bind(ids)
            .bind(one_more(limit))
            .fetch_all(&mut *transaction)
            .await?;
        Ok(Page::of(rows, limit, |row| row.id.to_string()))
    })
    .await
}

/// The messages of a conversation, oldest first, from the one after `after`. `NotFound`.
pub async fn messages(
    pool: &PgPool,
    tenant: Uuid,
    conversation: Uuid,
    after: i64,
    limit: u32,
) -> Result<Page<Message>> {
    let pool = pool.clone();
    detached(async move {
        let mut transaction = reading(&pool).await?;
        let exists: bool =
            sqlx::query_scalar(include_str!("../store/sql/select_conversation_exists.sql"))
                .bind(tenant)
                .bind(conversation)
                .fetch_one(&mut *transaction)
                .await?;
        if !exists {
            return Err(Error::NotFound(format!("conversation {conversation}")));
        }
        let rows: Vec<Message> = sqlx::query_as(include_str!("../store/sql/list_messages.sql"))
            .bind(tenant)
            .bind(conversation)
            .bind(after)
            .bind(one_more(limit))
            .fetch_all(&mut *transaction)
            .await?;
        Ok(Page::of(rows, limit, |row| row.id.to_string()))
    })
    .await
}
