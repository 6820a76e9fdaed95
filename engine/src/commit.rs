//! The transaction: a batch of chains, written together.
//!
//! **Invariant:** an instance is written only if its `seq` is the one it was read with, and only if every row its events came
//! from is still there. What fails the first test falls out of the batch; what fails the second undoes it.

use crate::{
    database,
    error::Error,
    fault,
    store::{
        RowId, RowIds, history, inbox, incidents, instances,
        steps::{self, StepRow},
        timers,
    },
    turn::Chain,
};
use chrono::{DateTime, Utc};
use machine::CommandId;
use sqlx::{Connection, PgConnection};
use std::collections::HashSet;
use uuid::Uuid;

/// (tenant, instance).
pub(crate) type InstanceKey = (Uuid, Uuid);

/// What is written together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) chains: Vec<Chain>,
    /// Inbox rows (tenant, id) to be dropped without a turn.
    pub(crate) discarded: Vec<(Uuid, i64)>,
}

/// What was written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// The instances that were not: another `seq`, or an id or key that is taken.
    pub(crate) lost: HashSet<InstanceKey>,
    /// Steps that are ready again.
    pub(crate) retried: Vec<StepRow>,
    /// Whether rows were put into the inbox.
    pub(crate) has_sent: bool,
}

/// Why nothing was written, as far as is known.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Rows that events came from are gone; nothing was written.
    Stale(Vec<Source>),
    /// Nothing was written.
    Before(Error),
    /// The answer to COMMIT was lost: it may be written.
    Unknown(sqlx::Error),
}

/// A row that an event came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Inbox(i64),
    Timer(RowId),
    Step(RowId),
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Before(Error::Database(error))
    }
}

/// Writes a batch. Must not be cancelled: whoever calls it waits for the end.
pub(crate) async fn commit(
    connection: &mut PgConnection,
    batch: &Batch,
    now: DateTime<Utc>,
) -> Result<Written, Trouble> {
    let mut transaction = connection.begin().await?;
    let written = write(&mut transaction, batch, now).await;
    let written = match written {
        Ok(written) => written,
        Err(trouble) => {
            // A rollback that fails means a lost connection, and that rolls back by itself.
            let _ = transaction.rollback().await;
            return Err(trouble);
        }
    };
    fault::point("turn.before_commit");
    transaction.commit().await.map_err(|error| {
        // An error with a code, from a server that lives, is an answer: it was not committed.
        if database::is_connection_lost(&error) { Trouble::Unknown(error) } else { error.into() }
    })?;
    fault::point("turn.after_commit");
    Ok(written)
}

async fn write(
    connection: &mut PgConnection,
    batch: &Batch,
    now: DateTime<Utc>,
) -> Result<Written, Trouble> {
    let (born, turned): (Vec<&Chain>, Vec<&Chain>) = batch.chains.iter().partition(|c| c.is_new);
    let mut held = instances::insert(connection, &born).await?;
    held.extend(instances::update(connection, &turned).await?);
    let chains: Vec<&Chain> = batch.chains.iter().filter(|c| held.contains(&key(c))).collect();
    let lost = batch.chains.iter().map(key).filter(|k| !held.contains(k)).collect();

    insert_rows(connection, &chains, now).await?;
    let retried = close_rows(connection, batch, &chains, now).await?;
    let has_sent = chains.iter().any(|c| !c.effects.sent.is_empty());
    Ok(Written { lost, retried, has_sent })
}

async fn insert_rows(
    connection: &mut PgConnection,
    chains: &[&Chain],
    now: DateTime<Utc>,
) -> Result<(), Trouble> {
    let mut turns = Vec::new();
    for chain in chains {
        turns.extend(chain.turns.iter().map(|t| (chain.meta.tenant, chain.meta.id, t)));
    }
    history::insert(connection, &turns).await?;
    let opened: Vec<&StepRow> = chains.iter().flat_map(|c| c.effects.steps.values()).collect();
    steps::insert(connection, &opened).await?;
    timers::insert(connection, chains.iter().flat_map(|c| c.effects.timers.values())).await?;
    let sent: Vec<_> = chains.iter().flat_map(|c| c.effects.sent.iter().cloned()).collect();
    inbox::insert(connection, &sent, now).await?;

    let incidents = chains.iter().filter_map(|c| c.effects.incident.as_ref());
    let opened: Vec<_> = incidents.filter_map(Option::as_ref).collect();
    incidents::upsert(connection, &opened).await?;
    let solved = chains.iter().filter(|c| matches!(c.effects.incident, Some(None)));
    let (tenants, ids) = solved.map(|c| key(c)).unzip();
    incidents::delete(connection, tenants, ids).await?;
    Ok(())
}

/// Changes and drops rows; fails if one that an event came from is not there.
async fn close_rows(
    connection: &mut PgConnection,
    batch: &Batch,
    chains: &[&Chain],
    now: DateTime<Utc>,
) -> Result<Vec<StepRow>, Trouble> {
    let mut missing = Vec::new();

    let mut ids = RowIds::default();
    let (mut fences, mut named) = (Vec::new(), Vec::new());
    for (id, fence) in each(chains, |c| c.effects.parked.iter().map(|(k, v)| (*k, *v))) {
        ids.push(id);
        fences.push(fence);
        named.push(id);
    }
    let parked = steps::park(connection, ids, fences).await?;
    missing.extend(not_in(&named, &parked).map(Source::Step));

    let mut ids = RowIds::default();
    for (id, ()) in each(chains, |c| c.effects.retried.iter().map(|k| (*k, ()))) {
        ids.push(id);
    }
    let retried = steps::retry(connection, ids, now).await.map_err(Trouble::Before)?;

    let mut ids = RowIds::default();
    let (mut fences, mut named) = (Vec::new(), Vec::new());
    for (id, fence) in each(chains, |c| c.effects.closed.iter().map(|(k, v)| (*k, *v))) {
        ids.push(id);
        fences.push(fence);
        named.extend(fence.map(|_| id));
    }
    let closed = steps::delete(connection, ids, fences).await?;
    missing.extend(not_in(&named, &closed).map(Source::Step));

    let mut ids = RowIds::default();
    let mut named = Vec::new();
    for (id, has_fired) in each(chains, |c| c.effects.stopped.iter().map(|(k, v)| (*k, *v))) {
        ids.push(id);
        named.extend(has_fired.then_some(id));
    }
    let stopped = timers::delete(connection, ids).await?;
    missing.extend(not_in(&named, &stopped).map(Source::Timer));

    missing.extend(consume(connection, batch, chains).await?);
    if missing.is_empty() { Ok(retried) } else { Err(Trouble::Stale(missing)) }
}

/// Drops inbox rows; those that applied events came from and that were not there.
async fn consume(
    connection: &mut PgConnection,
    batch: &Batch,
    chains: &[&Chain],
) -> Result<Vec<Source>, Trouble> {
    let (mut tenants, mut ids) = (Vec::new(), Vec::new());
    for chain in chains {
        tenants.extend(chain.effects.consumed.iter().map(|_| chain.meta.tenant));
        ids.extend(&chain.effects.consumed);
    }
    let named = ids.clone();
    for (tenant, id) in &batch.discarded {
        tenants.push(*tenant);
        ids.push(*id);
    }
    let gone: HashSet<i64> = inbox::delete(connection, tenants, ids).await?.into_iter().collect();
    Ok(named.into_iter().filter(|id| !gone.contains(id)).map(Source::Inbox).collect())
}

pub(crate) fn key(chain: &Chain) -> InstanceKey {
    (chain.meta.tenant, chain.meta.id)
}

/// The rows that each chain names, with the chain's key.
fn each<'a, T, I>(
    chains: &'a [&'a Chain],
    rows: impl Fn(&'a Chain) -> I + 'a,
) -> impl Iterator<Item = (RowId, T)> + 'a
where
    I: Iterator<Item = (CommandId, T)> + 'a,
{
    chains.iter().flat_map(move |chain| {
        let (tenant, instance) = key(chain);
        rows(chain).map(move |(command, value)| (RowId { tenant, instance, command }, value))
    })
}

fn not_in<'a>(named: &'a [RowId], found: &[RowId]) -> impl Iterator<Item = RowId> + 'a {
    let found: HashSet<RowId> = found.iter().copied().collect();
    named.iter().copied().filter(move |id| !found.contains(id))
}
