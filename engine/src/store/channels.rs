//! Channels and connections: rows with sealed credentials.

use crate::channel::{ChannelNew, ConnectionNew, Sealed};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

/// A channel as stored.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ChannelRow {
    pub(crate) tenant_id: Uuid,
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) external_id: String,
    pub(crate) settings: Value,
    pub(crate) secrets: Option<Vec<u8>>,
    pub(crate) key_id: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
}

/// A connection as stored.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ConnectionRow {
    pub(crate) tenant_id: Uuid,
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) provider: String,
    pub(crate) base_url: String,
    pub(crate) settings: Value,
    pub(crate) secrets: Option<Vec<u8>>,
    pub(crate) key_id: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
}

/// Inserts it, or changes the one with this id; `None` if the account is taken by another row.
pub(crate) async fn upsert_channel(
    pool: &PgPool,
    new: &ChannelNew,
    id: Uuid,
    sealed: &Sealed,
) -> sqlx::Result<Option<ChannelRow>> {
    sqlx::query_as(include_str!("sql/upsert_channel.sql"))
        .bind(new.tenant)
        .bind(id)
        .bind(&new.kind)
        .bind(&new.name)
        .bind(&new.external_id)
        .bind(&new.settings)
        .bind(&sealed.bytes)
        .bind(&sealed.key_id)
        .fetch_optional(pool)
        .await
}

/// A tenant's channel.
pub(crate) async fn channel_by_id(
    pool: &PgPool,
    tenant: Uuid,
    id: Uuid,
) -> sqlx::Result<Option<ChannelRow>> {
    sqlx::query_as(include_str!("sql/select_channel_by_id.sql"))
        .bind(tenant)
        .bind(id)
        .fetch_optional(pool)
        .await
}

/// The channel a webhook names; whose it is, is what it tells.
pub(crate) async fn channel_for_webhook(
    pool: &PgPool,
    id: Uuid,
) -> sqlx::Result<Option<ChannelRow>> {
    sqlx::query_as(include_str!("sql/select_channel_for_webhook.sql"))
        .bind(id)
        .fetch_optional(pool)
        .await
}

/// The channel of a provider's account, whosever it is.
pub(crate) async fn channel_by_account(
    pool: &PgPool,
    kind: &str,
    external_id: &str,
) -> sqlx::Result<Option<ChannelRow>> {
    sqlx::query_as(include_str!("sql/select_channel_by_account.sql"))
        .bind(kind)
        .bind(external_id)
        .fetch_optional(pool)
        .await
}

/// A tenant's channels, by name.
pub(crate) async fn list_channels(pool: &PgPool, tenant: Uuid) -> sqlx::Result<Vec<ChannelRow>> {
    sqlx::query_as(include_str!("sql/select_channels.sql")).bind(tenant).fetch_all(pool).await
}

/// Inserts it, or changes the one with this id; `None` if the name is taken by another row.
pub(crate) async fn upsert_connection(
    pool: &PgPool,
    new: &ConnectionNew,
    id: Uuid,
    sealed: &Sealed,
) -> sqlx::Result<Option<ConnectionRow>> {
    sqlx::query_as(include_str!("sql/upsert_connection.sql"))
        .bind(new.tenant)
        .bind(id)
        .bind(&new.name)
        .bind(&new.provider)
        .bind(&new.base_url)
        .bind(&new.settings)
        .bind(&sealed.bytes)
        .bind(&sealed.key_id)
        .fetch_optional(pool)
        .await
}

/// A tenant's connection by name.
pub(crate) async fn connection_by_name(
    pool: &PgPool,
    tenant: Uuid,
    name: &str,
) -> sqlx::Result<Option<ConnectionRow>> {
    sqlx::query_as(include_str!("sql/select_connection_by_name.sql"))
        .bind(tenant)
        .bind(name)
        .fetch_optional(pool)
        .await
}

/// A tenant's connections, by name.
pub(crate) async fn list_connections(
    pool: &PgPool,
    tenant: Uuid,
) -> sqlx::Result<Vec<ConnectionRow>> {
    sqlx::query_as(include_str!("sql/select_connections.sql")).bind(tenant).fetch_all(pool).await
}
