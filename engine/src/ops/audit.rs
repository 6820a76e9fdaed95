//! The audit: what people and programs did, append only.

use super::detached;
use crate::Result;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// One thing somebody does.
#[derive(Debug, Clone)]
pub struct Deed {
    /// In which tenant.
    pub tenant: Uuid,
    /// Who: `api:<key id>`.
    pub actor: String,
    /// What: the ops verb, or `<noun>.<verb>`.
    pub verb: &'static str,
    /// To what.
    pub target: String,
    /// Why, in their words.
    pub reason: Option<String>,
    /// The rest; never a credential.
    pub detail: Value,
}

/// Records a deed. Called before it is done: there is no deed without its record, though there may be a record of a deed that
/// turned out not to be possible.
pub async fn record(pool: &PgPool, deed: Deed) -> Result<()> {
    let pool = pool.clone();
    detached(async move { record_in(&mut *pool.acquire().await?, deed).await }).await
}

/// Records a deed in the transaction that does it: both are there, or neither.
pub(crate) async fn record_in(connection: &mut PgConnection, deed: Deed) -> Result<()> {
    sqlx::query(include_str!("../store/sql/insert_audit.sql"))
        .bind(deed.tenant)
        .bind(Uuid::now_v7())
        .bind(deed.actor)
        .bind(deed.verb)
        .bind(deed.target)
        .bind(deed.reason)
        .bind(deed.detail)
        .execute(connection)
        .await?;
    Ok(())
}
