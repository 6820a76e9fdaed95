//! `retry` with another version of the definition: after a fix, a stuck instance goes on from where it stands.
//!
//! The version is looked up when the verb is accepted, and stands in the event by number and digest, so history says what
//! was meant. The owner gives the event its turn with that version, and moves the instance in the same turn: its row, its
//! history and whatever comes of the retry are one transaction.

use crate::{Engine, Error, InstanceView, Result};
use machine::{Event, event::kind};
use serde_json::{Value, json};
use uuid::Uuid;

/// The `definition` of an `ops.retry` event: the version to go on with. `NotFound` if there is no such version; `Unfit` if
/// the instance, as it stands, has no place in it.
pub async fn definition(
    engine: &Engine,
    tenant: Uuid,
    view: &InstanceView,
    version: i32,
) -> Result<Value> {
    let stored = engine.definition(tenant, &view.definition, Some(version)).await?;
    machine::fits(&stored.definition, &view.state).map_err(|why| Error::Unfit { version, why })?;
    Ok(json!({ "version": stored.version, "digest": stored.definition.digest }))
}

/// Version and digest that an `ops.retry` names.
pub(crate) fn named(event: &Event) -> Option<(i32, &str)> {
    let definition = event.body.get("definition").filter(|_| event.kind() == kind::RETRY)?;
    let version = definition.get("version")?.as_i64()?;
    Some((i32::try_from(version).ok()?, definition.get("digest")?.as_str()?))
}
