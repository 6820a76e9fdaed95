//! `explain`: why an instance is where it is.

use super::history::last_event;
use crate::{Engine, Result};
use machine::explain::{Explanation, explain};
use serde::Serialize;
use uuid::Uuid;

/// What is known of an instance.
#[derive(Debug, Clone, Serialize)]
pub struct Explained {
    /// Its status, as everywhere.
    pub status: String,
    /// Why it is where it is.
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// Explains an instance as it is stored, with its guards read over the last event it met. `NotFound`.
pub async fn instance(engine: &Engine, tenant: Uuid, id: Uuid) -> Result<Explained> {
    let view = engine.instance(tenant, id).await?;
    let definition = engine.definition_by_digest(tenant, &view.digest).await?;
    let last = last_event(engine.pool(), tenant, id).await?;
    let explanation = explain(&definition, &view.state, last.as_ref(), engine.clock().now());
    Ok(Explained { status: view.status, explanation })
}
