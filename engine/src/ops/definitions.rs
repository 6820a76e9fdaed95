//! Definitions in lists, and one version with everything that was stored about it.

use super::{Page, detached, one_more, reading};
use crate::{Error, Result};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use sqlx::PgPool;
use uuid::Uuid;

/// A version in a list.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its number.
    pub version: i32,
    /// `sha256:<hex>`.
    pub digest: String,
    /// For people.
    pub title: String,
    /// `draft`, `published` or `retired`.
    pub status: String,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When it was last published.
    pub published_at: Option<DateTime<Utc>>,
}

/// A version with its source.
#[derive(Debug, Clone, Serialize)]
pub struct Version {
    /// What stands in lists.
    #[serde(flatten)]
    pub listed: Listed,
    /// What was uploaded, as it is stored.
    pub source: Box<RawValue>,
    /// What the compiler said.
    pub diagnostics: Value,
}

/// The current version of each definition (its newest draft, if none is published), by name, from the one after `after`.
pub async fn list(
    pool: &PgPool,
    tenant: Uuid,
    after: Option<String>,
    limit: u32,
) -> Result<Page<Listed>> {
    let pool = pool.clone();
    detached(async move {
        let mut transaction = reading(&pool).await?;
        let rows: Vec<Listed> = sqlx::query_as(include_str!("../store/sql/list_definitions.sql"))
            .bind(tenant)
            .bind(after.unwrap_or_default())
            .bind(one_more(limit))
            .fetch_all(&mut *transaction)
            .await?;
        Ok(Page::of(rows, limit, |row| row.name.clone()))
    })
    .await
}

/// The versions of one definition, newest first, from the one below `below`. Empty if there is no such definition.
pub async fn versions(
    pool: &PgPool,
    tenant: Uuid,
    name: String,
    below: Option<i32>,
    limit: u32,
) -> Result<Page<Listed>> {
    let pool = pool.clone();
    detached(async move {
        let mut transaction = reading(&pool).await?;
        let rows: Vec<Listed> =
            sqlx::query_as(include_str!("../store/sql/list_definition_versions.sql"))
                .bind(tenant)
                .bind(name)
                .bind(below.unwrap_or(i32::MAX))
                .bind(one_more(limit))
                .fetch_all(&mut *transaction)
                .await?;
        Ok(Page::of(rows, limit, |row| row.version.to_string()))
    })
    .await
}

/// The number of the version that new instances start with: the one published last.
pub async fn current(pool: &PgPool, tenant: Uuid, name: String) -> Result<Option<i32>> {
    let pool = pool.clone();
    detached(async move {
        let mut transaction = reading(&pool).await?;
        let version =
            sqlx::query_scalar(include_str!("../store/sql/select_definition_current.sql"))
                .bind(tenant)
                .bind(name)
                .fetch_optional(&mut *transaction)
                .await?;
        Ok(version)
    })
    .await
}

/// One version. `NotFound`.
pub async fn version(pool: &PgPool, tenant: Uuid, name: String, number: i32) -> Result<Version> {
    let pool = pool.clone();
    detached(async move {
        #[derive(sqlx::FromRow)]
        struct Columns {
            #[sqlx(flatten)]
            listed: Listed,
            source: String,
            diagnostics: Value,
        }
        let mut transaction = reading(&pool).await?;
        let row: Option<Columns> =
            sqlx::query_as(include_str!("../store/sql/select_definition_version.sql"))
                .bind(tenant)
                .bind(&name)
                .bind(number)
                .fetch_optional(&mut *transaction)
                .await?;
        let what = format!("version {number} of definition {name}");
        let Some(row) = row else { return Err(Error::NotFound(what)) };
        let source = RawValue::from_string(row.source)
            .map_err(|e| Error::Corrupt { what, why: e.to_string() })?;
        Ok(Version { listed: row.listed, source, diagnostics: row.diagnostics })
    })
    .await
}
