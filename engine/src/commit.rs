//! The transaction: a batch of chains, written together.
//!
//! **Invariant:** an instance is written only if its `seq` is the one it was read with, and only if every row its events came
//! from is still there. What fails the first test falls out of the batch; what fails the second undoes it.

use crate::{
    database,
    error::Error,
    fault,
    outbox::{OutboxId, OutboxRow},
    store::{
        RowId, RowIds, history, inbox,
        inbox::Enqueued,
        incidents, instances, outbox,
        steps::{self, StepRow},
        timers,
        turns::{self, Turns},
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
    pub(crate) chains: Vec<Box<Chain>>,
    /// Inbox rows (tenant, id) to be dropped without a turn.
    pub(crate) discarded: Vec<(Uuid, i64)>,
    /// Events for instances of other processes.
    pub(crate) passed: Vec<Enqueued>,
    /// Inbox rows (tenant, id) that some of them came from: dropped, and they must be there.
    pub(crate) moved: Vec<(Uuid, i64)>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.chains.is_empty() && self.discarded.is_empty() && self.passed.is_empty()
    }

    /// Whether one statement writes it: nothing in it depends on rows that may have gone.
    fn is_plain(&self) -> bool {
        self.discarded.is_empty()
            && self.passed.is_empty()
            && self.chains.iter().all(|chain| chain.effects.is_plain())
    }
}

/// What was written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// The instances that were not: another `seq`, or an id or key that is taken.
    pub(crate) lost: HashSet<InstanceKey>,
    /// Steps that are ready again.
    pub(crate) retried: Vec<StepRow>,
    /// The inbox rows of what was passed on, in its order.
    pub(crate) passed: Vec<i64>,
}

/// What a batch writes beside its turns.
pub(crate) struct Around<'a> {
    pub(crate) now: DateTime<Utc>,
    /// Who writes.
    pub(crate) process: Uuid,
    /// Rows for the steps it opens.
    pub(crate) opened: &'a [OutboxRow],
    /// Rows of which nothing is left.
    pub(crate) emptied: &'a [OutboxId],
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
    around: &Around<'_>,
) -> Result<Written, Trouble> {
    if batch.is_plain() && write_plain(connection, batch, around).await? {
        return Ok(Written::default());
    }
    let mut transaction = connection.begin().await?;
    let written = write(&mut transaction, batch, around).await;
    let written = match written {
        Ok(written) => written,
        Err(trouble) => {
            // A rollback that fails means a lost connection, and that rolls back by itself.
            let _ = transaction.rollback().await;
            return Err(trouble);
        }
    };
    fault::point("turn.before_commit");
    transaction.commit().await.map_err(lost_answer)?;
    fault::point("turn.after_commit");
    Ok(written)
}

/// What an error of a statement that commits means.
fn lost_answer(error: sqlx::Error) -> Trouble {
    // An error with a code, from a server that lives, is an answer: it was not committed. What cannot be encoded was not sent.
    match error {
        error @ sqlx::Error::Encode(_) => error.into(),
        error if database::is_connection_lost(&error) => Trouble::Unknown(error),
        error => error.into(),
    }
}

/// One statement, which commits; false if it was undone because an instance was not as expected.
async fn write_plain(
    connection: &mut PgConnection,
    batch: &Batch,
    around: &Around<'_>,
) -> Result<bool, Trouble> {
    let chains: Vec<&Chain> = batch.chains.iter().map(Box::as_ref).collect();
    let (born, turned) = chains.iter().partition(|chain| chain.is_new);
    let mut stopped = RowIds::default();
    for (id, ()) in each(&chains, |c| c.effects.stopped.keys().map(|k| (*k, ()))) {
        stopped.push(id);
    }
    let turns = Turns {
        born,
        turned,
        history: history(&chains),
        timers: chains.iter().flat_map(|c| c.effects.timers.values()).collect(),
        stopped,
        opened: around.opened,
        emptied: around.emptied,
        process: around.process,
        now: around.now,
    };
    fault::point("turn.before_commit");
    let is_written = turns::write(connection, turns).await.map_err(lost_answer)?;
    fault::point("turn.after_commit");
    Ok(is_written)
}

async fn write(
    connection: &mut PgConnection,
    batch: &Batch,
    around: &Around<'_>,
) -> Result<Written, Trouble> {
    let all = batch.chains.iter().map(Box::as_ref);
    let (born, turned): (Vec<&Chain>, Vec<&Chain>) = all.clone().partition(|c| c.is_new);
    let mut held = instances::insert(connection, &born).await?;
    held.extend(instances::update(connection, &turned).await?);
    let chains: Vec<&Chain> = all.clone().filter(|c| held.contains(&key(c))).collect();
    let lost = all.map(key).filter(|k| !held.contains(k)).collect();

    insert_rows(connection, &chains, around).await?;
    let passed = inbox::insert(connection, &batch.passed, around.now).await?;
    let retried = close_rows(connection, batch, &chains, around.now).await?;
    Ok(Written { lost, retried, passed })
}

/// The turns of these chains, as rows.
fn history<'a>(chains: &[&'a Chain]) -> Vec<history::Keyed<'a>> {
    let keyed = chains.iter().map(|chain| (key(chain), chain));
    keyed
        .flat_map(|((tenant, id), chain)| chain.turns.iter().map(move |t| (tenant, id, t)))
        .collect()
}

async fn insert_rows(
    connection: &mut PgConnection,
    chains: &[&Chain],
    around: &Around<'_>,
) -> Result<(), Trouble> {
    history::insert(connection, &history(chains)).await?;
    let opened = chains.iter().flat_map(|c| c.effects.steps.values()).filter(|s| s.is_written);
    let parked = chains.iter().flat_map(|c| c.effects.parked_unwritten.values());
    let stored: Vec<&StepRow> = opened.map(|step| &**step).chain(parked).collect();
    steps::insert(connection, &stored).await?;
    let set: Vec<_> = chains.iter().flat_map(|c| c.effects.timers.values()).collect();
    timers::insert(connection, &set).await?;
    let sent: Vec<_> = chains.iter().flat_map(|c| c.effects.sent.iter().cloned()).collect();
    inbox::insert(connection, &sent, around.now).await?;
    outbox::insert(connection, around.process, around.now, around.opened).await?;
    outbox::delete(connection, around.emptied).await?;

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
    for (tenant, id) in &batch.moved {
        tenants.push(*tenant);
        ids.push(*id);
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
