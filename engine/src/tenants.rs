//! What an instance that nobody's message started knows of its tenant: name, language, zone, hours.

use serde_json::{Value, json};
use sqlx::PgPool;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// How long a tenant's settings are believed: starts come in bursts, settings change by hand.
const BELIEVED: Duration = Duration::from_secs(5);
/// Most tenants remembered.
const TENANTS_MAX: usize = 10_000;

/// Tenants as expressions see them.
#[derive(Debug, Default)]
pub(crate) struct Tenants(Mutex<HashMap<Uuid, (Instant, Value)>>);

impl Tenants {
    /// `{"tenant": …}`: the scope of an instance of which no more is known.
    pub(crate) async fn scope(&self, pool: &PgPool, tenant: Uuid) -> sqlx::Result<Value> {
        if let Some(known) = self.known(tenant) {
            return Ok(json!({ "tenant": known }));
        }
        let found: Option<Value> =
            sqlx::query_scalar(include_str!("store/sql/select_tenant_scope.sql"))
                .bind(tenant)
                .fetch_optional(pool)
                .await?;
        let found = found.unwrap_or_else(|| json!({ "id": tenant }));
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= TENANTS_MAX {
            remembered.clear();
        }
        remembered.insert(tenant, (Instant::now(), found.clone()));
        Ok(json!({ "tenant": found }))
    }

    fn known(&self, tenant: Uuid) -> Option<Value> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, known) = remembered.get(&tenant)?;
        (read_at.elapsed() < BELIEVED).then(|| known.clone())
    }
}
