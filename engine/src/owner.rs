//! The owner: the one task that gives instances their turns.
//!
//! It collects what is ready, computes, commits, and only then tells: callers their answers, the executor its steps, the
//! scheduler its timers.
//!
//! **Invariant:** work is finished (answered, its ticket dropped) only when it is stored, or can never be.
//! **Invariant:** after a commit with a lost answer nothing in memory is believed.

pub(crate) mod batch;
pub(crate) mod hot;
pub(crate) mod lease;

use crate::{
    Clock,
    commit::{self, Batch, InstanceKey, Source, Trouble, Written},
    database::{self, Remedy},
    definitions::Definitions,
    error::Error,
    fault,
    limits::{BATCH_TURNS_MAX, DATABASE_RETRY, HOT_INSTANCES_MAX},
    request::InstanceView,
    store::{RowId, history, instances},
    turn::{Chain, Claim},
    work::{Hints, StepHint, Stop, What, Work},
};
use batch::Prepared;
use hot::Hot;
use sqlx::{ConnectOptions, PgConnection, PgPool};
use std::collections::{HashMap, HashSet, VecDeque};
use tokio::sync::mpsc;

/// The owner's own state.
pub(crate) struct Owner {
    pub(crate) pool: PgPool,
    pub(crate) definitions: Definitions,
    pub(crate) clock: Clock,
    pub(crate) hints: Hints,
    hot: Hot,
    /// Instances whose rows cannot be read back, or whose definition cannot: their events stay where they are.
    unreadable: HashSet<InstanceKey>,
    /// Its own connection, made when needed and dropped when in doubt.
    connection: Option<PgConnection>,
}

/// What is to be done about a batch that was not written.
enum Redo {
    /// The same again.
    Same(Prepared),
    /// These works, from what the store says, each group for itself.
    Groups(Vec<Vec<Work>>),
}

impl Owner {
    pub(crate) fn new(pool: PgPool, definitions: Definitions, clock: Clock, hints: Hints) -> Self {
        let hot = Hot::new(HOT_INSTANCES_MAX);
        let unreadable = HashSet::new();
        Self { pool, definitions, clock, hints, hot, unreadable, connection: None }
    }

    /// Runs until told that nothing more will come (an abandoned try may still hold a sender), and then until everything
    /// received is stored.
    pub(crate) async fn run(mut self, mut work: mpsc::Receiver<Work>, mut finish: Stop) {
        loop {
            let first = tokio::select! {
                biased;
                first = work.recv() => first,
                () = finish.wait(), if !work.is_closed() => {
                    work.close();
                    continue;
                }
            };
            let Some(first) = first else { return };
            let works = collect(first, &mut work);
            self.apply(works).await;
        }
    }

    /// Gives every work its turn, however often that takes.
    async fn apply(&mut self, works: Vec<Work>) {
        let mut groups = VecDeque::from([works]);
        while let Some(group) = groups.pop_front() {
            let mut prepared = self.prepare(group).await;
            let mut wait = DATABASE_RETRY;
            loop {
                let result = self.write(&prepared.batch).await;
                let (trouble, redo) = match result {
                    Ok(written) => {
                        let again = self.publish(prepared, written).await;
                        groups.extend((!again.is_empty()).then_some(again));
                        break;
                    }
                    Err(trouble) => (format!("{trouble:?}"), self.redo(prepared, trouble).await),
                };
                tracing::warn!(trouble, "a batch was not written");
                match redo {
                    Redo::Groups(parts) => {
                        parts.into_iter().rev().for_each(|part| groups.push_front(part));
                        break;
                    }
                    Redo::Same(same) => prepared = same,
                }
                tokio::time::sleep(wait).await;
                wait = lease::next_wait(wait);
            }
        }
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, Trouble> {
        if batch.chains.is_empty() && batch.discarded.is_empty() {
            return Ok(Written::default());
        }
        fault::point("turn.prepared");
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.pool.connect_options().connect().await?),
        };
        let result = commit::commit(connection, batch, self.clock.now()).await;
        if let Err(Trouble::Before(Error::Database(error)) | Trouble::Unknown(error)) = &result
            && database::is_connection_lost(error)
        {
            self.connection = None;
        }
        result
    }

    /// Everything is stored: memory follows, and everyone is told. The works of lost instances, to be redone.
    async fn publish(&mut self, prepared: Prepared, mut written: Written) -> Vec<Work> {
        let Prepared { batch, works, .. } = prepared;
        let mut views = HashMap::new();
        let mut told: HashSet<InstanceKey> = HashSet::new();
        for work in &works {
            if work.reply.as_ref().is_some_and(|r| r.wants_view) {
                told.insert((work.tenant, work.instance));
            }
        }
        for chain in batch.chains {
            let key = commit::key(&chain);
            if written.lost.contains(&key) {
                continue;
            }
            self.hint(&chain);
            let definition = chain.definition.clone();
            let instance = batch::stored(chain);
            if told.contains(&key) {
                views.insert(key, InstanceView::from(instance.clone()));
            }
            if !instance.state.life.is_over() {
                self.hot.put(instance, definition);
            }
        }
        for row in written.retried.drain(..) {
            self.hints.step(StepHint::Ready(Box::new(row)));
        }
        fault::point("turn.hinted");
        if written.has_sent {
            self.hints.inbox.notify_one();
        }
        let mut again = Vec::new();
        for mut work in works {
            let key = (work.tenant, work.instance);
            if !written.lost.contains(&key) {
                let wants_view = work.reply.as_ref().is_some_and(|r| r.wants_view);
                let view = wants_view.then(|| views.get(&key).cloned()).flatten();
                work.finish(Ok(view.map(Box::new)));
            } else if matches!(work.what, What::Birth(_)) {
                self.refuse_birth(work, &mut again).await;
            } else {
                again.push(work);
            }
        }
        again
    }

    fn hint(&self, chain: &Chain) {
        for row in chain.effects.steps.values() {
            self.hints.step(StepHint::Ready(Box::new(row.clone())));
        }
        for (command, fence) in &chain.effects.closed {
            if fence.is_none() {
                let (tenant, instance) = commit::key(chain);
                let id = RowId { tenant, instance, command: *command };
                self.hints.step(StepHint::Closed(id));
            }
        }
        if let Some(first) = chain.effects.timers.values().map(|t| t.fire_at).min() {
            self.hints.timer(first);
        }
    }

    /// What is to be done about a batch that was not written, as far as is known.
    async fn redo(&mut self, prepared: Prepared, trouble: Trouble) -> Redo {
        match trouble {
            Trouble::Stale(sources) => {
                let (stale, rest): (Vec<Work>, Vec<Work>) =
                    prepared.works.into_iter().partition(|w| is_from(w, &sources));
                for mut work in stale {
                    tracing::debug!(instance.id = %work.instance, "an event's row was gone");
                    work.finish_stale();
                }
                Redo::Groups(vec![rest])
            }
            Trouble::Before(Error::Database(error)) => match database::remedy(&error) {
                Remedy::Retry => Redo::Same(prepared),
                Remedy::Data => Redo::Groups(isolate(prepared.works, &error.to_string())),
            },
            Trouble::Before(error) => Redo::Groups(isolate(prepared.works, &error.to_string())),
            Trouble::Unknown(_) => Redo::Groups(vec![self.read_back(prepared.works).await]),
        }
    }

    /// Finds out which events had their turn in a commit whose answer was lost; the others, to be redone.
    async fn read_back(&mut self, works: Vec<Work>) -> Vec<Work> {
        let asked: Vec<_> =
            works.iter().map(|w| (w.tenant, w.instance, w.given.event_id)).collect();
        let mut wait = DATABASE_RETRY;
        let turned = loop {
            match history::turned(&self.pool, &asked).await {
                Ok(turned) => break turned,
                Err(error) => {
                    tracing::warn!(%error, "the outcome of a commit cannot be read back yet");
                    tokio::time::sleep(wait).await;
                    wait = lease::next_wait(wait);
                }
            }
        };
        let mut rest = Vec::new();
        for mut work in works {
            if turned.contains(&work.given.event_id) {
                let view = self.view(&work).await;
                work.finish(Ok(view));
            } else {
                rest.push(work);
            }
        }
        // Hints of what was stored are lost with the answer; steps and timers are found by polling.
        self.hints.inbox.notify_one();
        rest
    }

    /// The instance of a work as the store has it, if whoever waits wants it.
    async fn view(&self, work: &Work) -> Option<Box<InstanceView>> {
        work.reply.as_ref().filter(|r| r.wants_view)?;
        let rows = instances::load(&self.pool, &[(work.tenant, work.instance)]).await.ok()?;
        let instance = rows.into_iter().next()?.1.ok()?;
        Some(Box::new(InstanceView::from(instance)))
    }
}

/// What is ready, at most a batch. Nothing is waited for: what arrives during a commit makes the next batch, so batches grow
/// with the load, and at rest an event goes alone and at once.
fn collect(first: Work, work: &mut mpsc::Receiver<Work>) -> Vec<Work> {
    let mut works = vec![first];
    while works.len() < BATCH_TURNS_MAX {
        let Ok(next) = work.try_recv() else { break };
        works.push(next);
    }
    works
}

/// Whether a work comes from one of these rows.
fn is_from(work: &Work, sources: &[Source]) -> bool {
    let row = |command| RowId { tenant: work.tenant, instance: work.instance, command };
    let source = match work.given.claim {
        Some(Claim::Inbox(id)) => Source::Inbox(id),
        Some(Claim::Timer(id)) => Source::Timer(row(id)),
        Some(Claim::Step(settlement)) => Source::Step(row(settlement.step)),
        None => return false,
    };
    sources.contains(&source)
}

/// After an error in the data: each instance for itself, then each event for itself; and an event that fails alone makes
/// its instance stuck. One that cannot even do that is left where it came from.
fn isolate(mut works: Vec<Work>, why: &str) -> Vec<Vec<Work>> {
    if let [work] = works.as_mut_slice() {
        if work.given.halt.is_none() && !matches!(work.what, What::Discard) {
            work.given.halt = Some(("storage".to_owned(), why.to_owned()));
            return vec![works];
        }
        tracing::error!(instance.id = %work.instance, why, "an event cannot be stored at all");
        work.leave(Err(Error::Refused(format!("the event cannot be stored: {why}"))));
        return Vec::new();
    }
    let first = works.first().map(|w| (w.tenant, w.instance));
    if works.iter().all(|w| Some((w.tenant, w.instance)) == first) {
        return works.into_iter().map(|w| vec![w]).collect();
    }
    let mut groups: Vec<Vec<Work>> = Vec::new();
    let mut places = HashMap::new();
    for work in works {
        let place = *places.entry((work.tenant, work.instance)).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(work);
    }
    groups
}
