//! Waiting for an event that was passed on to the process that owns its instance: its inbox row goes in the turn.

use crate::{
    error::{Error, Result},
    ops::send::is_waiting,
    request::InstanceView,
    store::{history, instances},
    work::{What, Work},
};
use sqlx::PgPool;
use std::time::Duration;
use uuid::Uuid;

/// First wait before it is looked again; it grows, so that a long turn is not asked for all the time.
const LOOK: Duration = Duration::from_millis(2);
/// Longest wait before it is looked again.
const LOOK_MAX: Duration = Duration::from_millis(100);
/// How long the start of an instance is waited for. It is in the inbox, and happens anyway.
const BIRTH_WAIT: Duration = Duration::from_secs(30);

/// (tenant, instance).
type Key = (Uuid, Uuid);

/// The definition and key of a start that has a key.
pub(super) fn keyed(work: &Work) -> Option<(String, String)> {
    let What::Birth(birth) = &work.what else { return None };
    birth.meta.key.clone().map(|key| (birth.meta.definition.clone(), key))
}

/// The instance after the turn of the event in this inbox row.
pub(super) async fn turned(pool: &PgPool, key: Key, row: i64) -> Result<InstanceView> {
    let mut wait = LOOK;
    while is_waiting(pool, key.0, row).await? {
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LOOK_MAX);
    }
    let found = instances::load(pool, &[key]).await?.pop();
    let (_, instance) = found.ok_or_else(|| Error::NotFound(format!("instance {}", key.1)))?;
    Ok(instance?.into())
}

/// The instance that was to be started by this inbox row and event, or why it was not.
pub(super) async fn born(
    pool: &PgPool,
    key: Key,
    (row, event): (i64, Uuid),
    keyed: Option<(String, String)>,
) -> Result<InstanceView> {
    let started = tokio::time::timeout(BIRTH_WAIT, turned(pool, key, row)).await;
    match started {
        Err(_) => Err(Error::Pending(key.1)),
        Ok(Err(Error::NotFound(what))) => {
            let Some((definition, value)) = keyed else { return Err(Error::NotFound(what)) };
            let holder = instances::key_holder(pool, key.0, &definition, &value).await?;
            Err(holder.map_or(Error::NotFound(what), Error::KeyTaken))
        }
        Ok(Err(error)) => Err(error),
        Ok(Ok(view)) if history::is_born_of(pool, key, event).await? => Ok(view),
        Ok(Ok(_)) => Err(Error::Exists(key.1)),
    }
}
