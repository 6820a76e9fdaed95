//! `explain`: why an instance is where it is.

use super::history::{event, last_event};
use crate::{
    Engine, Result,
    everlasting::checkpoint::{self, Begin},
};
use machine::explain::{Explanation, explain};
use serde::Serialize;
use uuid::Uuid;

/// What is known of an instance.
#[derive(Debug, Clone, Serialize)]
pub struct Explained {
    /// Its status, as everywhere.
    pub status: String,
    /// The checkpoint that stands for its first turns, if they have left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_from: Option<Begin>,
    /// Why it is where it is.
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// Explains an instance as it is stored, with its guards read over the last event it met. `NotFound`.
pub async fn instance(engine: &Engine, tenant: Uuid, id: Uuid) -> Result<Explained> {
    let view = engine.instance(tenant, id).await?;
    let definition = engine.definition_by_digest(tenant, &view.digest).await?;
    let checkpoint = checkpoint::begin(engine.pool(), tenant, id).await?;
    let last = match last_event(engine.pool(), tenant, id).await? {
        Some(event) => Some(event),
        // Its turn has left with its month.
        None => match &checkpoint {
            Some(kept) => Some(event(id, kept.row.at, kept.row.event.clone())?),
            None => None,
        },
    };
    let history_from = checkpoint.map(|kept| kept.begin());
    let explanation = explain(&definition, &view.state, last.as_ref(), engine.clock().now());
    Ok(Explained { status: view.status, history_from, explanation })
}
