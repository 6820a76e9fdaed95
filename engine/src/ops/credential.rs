//! API keys, as far as the store knows them: by hash.
//!
//! **Invariant:** a key itself never gets here, only its SHA-256.

use super::detached;
use crate::Result;
use sqlx::PgPool;
use uuid::Uuid;

/// A key that has not been revoked.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Credential {
    /// Whose.
    pub tenant_id: Uuid,
    /// Its id.
    pub id: Uuid,
    /// SHA-256 of the key.
    pub hash: Vec<u8>,
    /// `owner`, `admin`, `operator` or `viewer`.
    pub role: String,
    /// What it may do of what its role may do; empty: all of it.
    pub scopes: Vec<String>,
}

/// A key to be stored.
#[derive(Debug, Clone)]
pub struct NewCredential {
    /// Whose.
    pub tenant: Uuid,
    /// For people.
    pub name: String,
    /// The first characters, so that people can tell keys apart.
    pub prefix: String,
    /// SHA-256 of the key.
    pub hash: Vec<u8>,
    /// Its role.
    pub role: &'static str,
}

/// The key with this hash.
pub async fn find(pool: &PgPool, hash: Vec<u8>) -> Result<Option<Credential>> {
    let pool = pool.clone();
    detached(async move {
        let found = sqlx::query_as(include_str!("../store/sql/select_api_key.sql"))
            .bind(hash)
            .fetch_optional(&pool)
            .await?;
        Ok(found)
    })
    .await
}

/// Stores a key; its id.
pub async fn insert(pool: &PgPool, new: NewCredential) -> Result<Uuid> {
    let pool = pool.clone();
    detached(async move {
        let id = Uuid::now_v7();
        sqlx::query(include_str!("../store/sql/insert_api_key.sql"))
            .bind(new.tenant)
            .bind(id)
            .bind(new.name)
            .bind(new.prefix)
            .bind(new.hash)
            .bind(new.role)
            .execute(&pool)
            .await?;
        Ok(id)
    })
    .await
}

/// Makes a tenant, unless it is there.
pub async fn insert_tenant(pool: &PgPool, tenant: Uuid, name: String) -> Result<()> {
    let pool = pool.clone();
    detached(async move {
        sqlx::query(include_str!("../store/sql/insert_tenant.sql"))
            .bind(tenant)
            .bind(name)
            .execute(&pool)
            .await?;
        Ok(())
    })
    .await
}
