//! Definitions: content that never changes, by digest, number or name.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

/// A stored definition.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DefinitionRow {
    /// Its name.
    pub name: String,
    /// Its number.
    pub version: i32,
    /// `sha256:<hex>`.
    pub digest: String,
    /// `draft`, `published` or `retired`.
    pub status: String,
    /// What was uploaded, byte for byte.
    pub source: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A definition to be stored.
#[derive(Debug)]
pub(crate) struct NewDefinition<'a> {
    pub(crate) tenant: Uuid,
    pub(crate) name: &'a str,
    pub(crate) digest: &'a str,
    pub(crate) title: &'a str,
    pub(crate) status: &'a str,
    pub(crate) source: &'a str,
    pub(crate) diagnostics: Value,
    pub(crate) now: DateTime<Utc>,
    pub(crate) retention_ms: Option<i64>,
}

/// Stores it under the next number; `None` if the same content is there already.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    new: &NewDefinition<'_>,
) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar(include_str!("sql/insert_definition.sql"))
        .bind(new.tenant)
        .bind(new.name)
        .bind(new.digest)
        .bind(new.title)
        .bind(new.status)
        .bind(new.source)
        .bind(&new.diagnostics)
        .bind(new.now)
        .bind(new.retention_ms)
        .fetch_optional(connection)
        .await
}

/// Makes a stored version the current one.
pub(crate) async fn publish(
    connection: &mut PgConnection,
    tenant: Uuid,
    name: &str,
    digest: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/publish_definition.sql"))
        .bind(tenant)
        .bind(name)
        .bind(digest)
        .bind(now)
        .execute(connection)
        .await
        .map(drop)
}

/// Number and status of the version with this content.
pub(crate) async fn same(
    connection: &mut PgConnection,
    tenant: Uuid,
    name: &str,
    digest: &str,
) -> sqlx::Result<Option<(i32, String)>> {
    sqlx::query_as(include_str!("sql/select_definition_same.sql"))
        .bind(tenant)
        .bind(name)
        .bind(digest)
        .fetch_optional(connection)
        .await
}

/// Leaves of the newest instances of a workflow that are not over, with how many are there; of so many at most.
pub(crate) async fn places(
    pool: &PgPool,
    tenant: Uuid,
    name: &str,
    looked_at_max: i64,
) -> sqlx::Result<Vec<(Json<Vec<String>>, i64)>> {
    sqlx::query_as(include_str!("sql/list_definition_places.sql"))
        .bind(tenant)
        .bind(name)
        .bind(looked_at_max)
        .fetch_all(pool)
        .await
}

/// By content.
pub(crate) async fn by_digest(
    pool: &PgPool,
    tenant: Uuid,
    digest: &str,
) -> sqlx::Result<Option<DefinitionRow>> {
    sqlx::query_as(include_str!("sql/select_definition_by_digest.sql"))
        .bind(tenant)
        .bind(digest)
        .fetch_optional(pool)
        .await
}

/// By number.
pub(crate) async fn by_version(
    pool: &PgPool,
    tenant: Uuid,
    name: &str,
    version: i32,
) -> sqlx::Result<Option<DefinitionRow>> {
    sqlx::query_as(include_str!("sql/select_definition_by_version.sql"))
        .bind(tenant)
        .bind(name)
        .bind(version)
        .fetch_optional(pool)
        .await
}

/// The current one: of those that are published, the one published last.
pub(crate) async fn published(
    pool: &PgPool,
    tenant: Uuid,
    name: &str,
) -> sqlx::Result<Option<DefinitionRow>> {
    sqlx::query_as(include_str!("sql/select_definition_published.sql"))
        .bind(tenant)
        .bind(name)
        .fetch_optional(pool)
        .await
}

/// Name and content of the current version of every definition.
pub(crate) async fn all_published(
    pool: &PgPool,
    tenant: Uuid,
) -> sqlx::Result<Vec<(String, String)>> {
    sqlx::query_as(include_str!("sql/select_definitions_published.sql"))
        .bind(tenant)
        .fetch_all(pool)
        .await
}
