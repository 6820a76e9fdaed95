//! Checkpoints: what replay starts from when the first turns of an instance have left.
//!
//! **Invariant:** a checkpoint holds the state that a turn left, compared by digest with what that turn wrote. A row that was
//! changed by hand makes none.

use crate::{
    Error, Result, fault,
    store::{
        checkpoints::{self, CheckpointRow, Given},
        instances,
    },
    turn::digest,
};
use chrono::{DateTime, Utc};
use machine::State;
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

/// Where a replay began instead of at the first turn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Begin {
    /// The state is the one after this turn.
    pub seq: u64,
    /// When that turn was.
    pub at: DateTime<Utc>,
    /// Whether the state was compared with that turn by digest.
    pub is_verified: bool,
}

/// A checkpoint, read back.
pub(crate) struct Checkpoint {
    pub(crate) state: State,
    pub(crate) row: CheckpointRow,
}

impl Checkpoint {
    /// What people are told of it.
    pub(crate) fn begin(&self) -> Begin {
        let CheckpointRow { at, is_verified, .. } = self.row;
        Begin { seq: self.state.seq, at, is_verified }
    }
}

/// Keeps the states of these instances (tenant, id) as they stand.
pub(crate) async fn make(pool: &PgPool, of: &[(Uuid, Uuid)], now: DateTime<Utc>) -> Result<()> {
    let mut given = Vec::new();
    for ((tenant, instance), loaded) in instances::load(pool, of).await? {
        match loaded {
            Ok(loaded) => {
                let digest = digest(&loaded.state).to_vec();
                given.push(Given { tenant, instance, state: loaded.state, digest });
            }
            Err(error) => {
                tracing::error!(instance.id = %instance, %error, "no checkpoint can be made of it");
            }
        }
    }
    checkpoints::insert(pool, &given, now).await?;
    fault::point("checkpoint.made");
    checkpoints::delete_useless(pool, of).await?;
    Ok(())
}

/// The checkpoint from which an instance can be replayed; `None` while history has its first turn. Of several the oldest with
/// which history goes on without a gap. `Corrupt` if it does not hold what it was written with.
pub(crate) async fn begin(
    pool: &PgPool,
    tenant: Uuid,
    instance: Uuid,
) -> Result<Option<Checkpoint>> {
    let first = checkpoints::first_turn(pool, tenant, instance).await?;
    if first == Some(1) {
        return Ok(None);
    }
    let mut rows = checkpoints::of(pool, tenant, instance).await?;
    let joins = |row: &CheckpointRow| first.is_none_or(|first| row.seq + 1 >= first);
    let Some(place) = rows.iter().position(joins) else { return Ok(None) };
    // Without turns only the newest one is where the instance stands.
    let place = if first.is_none() { rows.len() - 1 } else { place };
    let row = rows.swap_remove(place);
    let corrupt = |why: String| Error::Corrupt {
        what: format!("checkpoint {} of instance {instance}", row.seq),
        why,
    };
    let state: State =
        serde_json::from_value(row.state.clone()).map_err(|e| corrupt(e.to_string()))?;
    let is_comparable = row.is_verified && row.semantics == crate::SEMANTICS;
    if is_comparable && digest(&state)[..] != row.state_digest {
        return Err(corrupt("its state does not have the digest of its turn".to_owned()));
    }
    Ok(Some(Checkpoint { state, row }))
}
