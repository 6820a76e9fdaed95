//! The owner of a track: the one task that gives the track's instances their turns.
//!
//! It collects what is ready, computes, commits, and only then tells: callers their answers, the executor its steps, the
//! scheduler its timers.
//!
//! **Invariant:** work is finished (answered, its ticket dropped) only when it is stored, or can never be.
//! **Invariant:** after a commit with a lost answer nothing in memory is believed.

pub(crate) mod batch;
mod collect;
pub(crate) mod hot;
pub(crate) mod lease;
mod link;

use crate::{
    Clock,
    commit::{self, Around, Batch, InstanceKey, Source, Trouble, Written},
    database::{self, Remedy},
    definitions::Definitions,
    error::Error,
    fault,
    hash::{FastMap, FastSet},
    ids,
    limits::{DATABASE_RETRY, TIMERS_AHEAD},
    outbox::Outbox,
    request::InstanceView,
    shards::{ShardSet, Shards},
    store::{
        RowId, history,
        inbox::{self, Enqueued},
        instances, outbox,
    },
    tracks::{Message, Track},
    turn::{Chain, Claim},
    work::{Answer, Hints, StepHint, Stop, TimerHint, What, Work},
};
use batch::Prepared;
use collect::{Collected, collect};
use hot::Hot;
use link::Link;
use sqlx::PgPool;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};
use tokio::time::Instant;
use uuid::Uuid;

/// How long rows of the outbox of which nothing is left wait for a batch to go with.
const EMPTIED_WAIT: Duration = Duration::from_millis(100);
/// How many of them go without waiting.
const EMPTIED_MAX: usize = 64;

/// What all owners of a process share.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) pool: PgPool,
    pub(crate) definitions: Definitions,
    pub(crate) clock: Clock,
    pub(crate) hints: Hints,
    pub(crate) shards: Shards,
    pub(crate) outbox: Outbox,
    /// Whether a connection keeps what is set in it: not behind a transaction pooler.
    pub(crate) has_session: bool,
}

/// The owner's own state.
pub(crate) struct Owner {
    common: Common,
    hot: Hot,
    /// Instances whose rows cannot be read back, or whose definition cannot: their events stay where they are.
    unreadable: HashSet<InstanceKey>,
    /// Its own connection, made when needed and dropped when in doubt.
    link: Option<Link>,
}

/// What is to be done about a batch that was not written.
enum Redo {
    /// The same again.
    Same(Prepared),
    /// These works, from what the store says, each group for itself.
    Groups(Vec<Vec<Box<Work>>>),
}

impl Owner {
    /// An owner that keeps at most this much of instances in memory.
    pub(crate) fn new(common: Common, hot_bytes_max: usize) -> Self {
        let hot = Hot::new(hot_bytes_max);
        Self { common, hot, unreadable: HashSet::new(), link: None }
    }

    /// Runs until told that nothing more will come (an abandoned try may still hold a sender), and then until everything
    /// received is stored.
    pub(crate) async fn run(mut self, mut track: Track, mut finish: Stop) {
        while let Some(first) = self.next(&mut track, &mut finish).await {
            track.give_way(&first).await;
            let Collected { works, forget } = collect(first, &mut track);
            if !works.is_empty() {
                self.apply(works).await;
            }
            for (shards, done) in forget {
                self.hot.forget(&shards);
                // Whoever asked may have stopped waiting.
                let _ = done.send(());
            }
        }
        self.empty_outbox().await;
    }

    /// The next message; `None` when no more will come.
    async fn next(&mut self, track: &mut Track, finish: &mut Stop) -> Option<Message> {
        loop {
            let n_emptied = self.common.outbox.n_done();
            let wait = if n_emptied < EMPTIED_MAX { EMPTIED_WAIT } else { Duration::ZERO };
            tokio::select! {
                biased;
                Some(message) = track.next() => return Some(message),
                () = finish.wait(), if !track.is_closed() => track.close(),
                () = tokio::time::sleep(wait), if n_emptied > 0 => self.empty_outbox().await,
                else => return None,
            }
        }
    }

    /// Its connection.
    async fn link(&mut self) -> sqlx::Result<&mut Link> {
        let link = match self.link.take() {
            Some(link) => link,
            None => Link::open(&self.common).await?,
        };
        Ok(self.link.insert(link))
    }

    /// Gives a connection up that is lost, so that the next one is made.
    fn drop_lost(&mut self, error: &sqlx::Error) {
        if database::is_connection_lost(error) {
            self.link = None;
        }
    }

    /// Deletes rows of the outbox that no batch took along. What fails is left to the next batch.
    async fn empty_outbox(&mut self) {
        let emptied = self.common.outbox.take_done();
        if emptied.is_empty() {
            return;
        }
        // Not over the pool: while all of that is in use, turns would wait here.
        let deleted = async { outbox::delete(self.link().await?.ready().await?, &emptied).await };
        if let Err(error) = deleted.await {
            tracing::debug!(%error, "rows of the outbox could not be deleted yet");
            self.drop_lost(&error);
            self.common.outbox.give_back(&emptied);
            // Without a database there are no turns to be given either.
            tokio::time::sleep(EMPTIED_WAIT).await;
        }
    }

    /// Gives every work its turn, however often that takes.
    async fn apply(&mut self, works: Vec<Box<Work>>) {
        let mut groups = VecDeque::from([works]);
        while let Some(group) = groups.pop_front() {
            let mut prepared = self.prepare(group).await;
            let mut wait = DATABASE_RETRY;
            loop {
                let result = self.write(&prepared).await;
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

    async fn write(&mut self, prepared: &Prepared) -> Result<Written, Trouble> {
        let batch = &prepared.batch;
        if batch.is_empty() {
            return Ok(Written::default());
        }
        fault::point("turn.prepared");
        // A turn alone takes none along: that would cost it more than all of them cost later.
        let emptied = match batch.chains.len() {
            0 | 1 => Vec::new(),
            _ => self.common.outbox.take_done(),
        };
        let around = Around {
            now: self.common.clock.now(),
            process: self.common.outbox.process,
            opened: &prepared.opened,
            emptied: &emptied,
        };
        let result = self.commit(batch, &around).await;
        if let Err(trouble) = &result {
            self.common.outbox.give_back(&emptied);
            if let Trouble::Before(Error::Database(error)) | Trouble::Unknown(error) = trouble {
                self.drop_lost(error);
            }
        }
        result
    }

    async fn commit(&mut self, batch: &Batch, around: &Around<'_>) -> Result<Written, Trouble> {
        let link = self.link().await?;
        let begun = Instant::now();
        let result = commit::commit(link.ready().await?, batch, around).await;
        link.note(begun.elapsed());
        result
    }

    /// Everything is stored: memory follows, and everyone is told. The works of lost instances, to be redone.
    async fn publish(&mut self, prepared: Prepared, written: Written) -> Vec<Box<Work>> {
        let Prepared { batch, works, passed, opened } = prepared;
        let mut views = FastMap::default();
        let told: FastSet<InstanceKey> =
            works.iter().filter(|w| w.wants_view()).map(|w| (w.tenant, w.instance)).collect();
        self.common.outbox.stored(opened);
        let mut sent = ShardSet::default();
        let mut ready = Vec::with_capacity(batch.chains.len());
        for mut chain in batch.chains {
            let key = commit::key(&chain);
            if written.lost.contains(&key) {
                let opened = chain.effects.steps.values().map(|step| step.id);
                self.common.outbox.resolve_all(opened);
                continue;
            }
            let steps = std::mem::take(&mut chain.effects.steps).into_iter();
            ready.extend(steps.map(|(_, step)| step));
            self.hint(&mut chain).await;
            for event in &chain.effects.sent {
                sent.insert(ids::shard_of(event.instance, event.conversation));
            }
            let definition = chain.definition.clone();
            let instance = batch::stored(chain);
            if told.contains(&key) {
                views.insert(key, InstanceView::from(instance.clone()));
            }
            if !instance.state.life.is_over() && self.common.shards.settles(instance.meta.shard) {
                self.hot.put(instance, definition);
            }
        }
        ready.extend(written.retried.into_iter().map(Box::new));
        if !ready.is_empty() {
            self.common.hints.step(StepHint::Ready(ready)).await;
        }
        fault::point("turn.hinted");
        for event in &batch.passed {
            sent.insert(ids::shard_of(event.instance, event.conversation));
        }
        if !sent.is_empty() {
            self.common.hints.bell.inbox(sent);
        }
        for (mut work, id) in passed.into_iter().zip(written.passed) {
            work.finish(Ok(Answer::Passed(id)));
        }
        let mut again = Vec::new();
        for mut work in works {
            let key = (work.tenant, work.instance);
            if !written.lost.contains(&key) {
                let view = work.wants_view().then(|| views.get(&key).cloned()).flatten();
                work.finish(Ok(Answer::Applied(view.map(Box::new))));
            } else if matches!(work.what, What::Birth(_)) {
                self.refuse_birth(work, &mut again).await;
            } else {
                again.push(work);
            }
        }
        again
    }

    async fn hint(&self, chain: &mut Chain) {
        let (tenant, instance) = commit::key(chain);
        let resolved = chain.effects.resolved();
        let resolved = resolved.map(|command| RowId { tenant, instance, command });
        self.common.outbox.resolve_all(resolved);
        for (command, fence) in &chain.effects.closed {
            if fence.is_none() {
                let id = RowId { tenant, instance, command: *command };
                self.common.hints.step(StepHint::Closed(id)).await;
            }
        }
        let soon = self.common.clock.now() + TIMERS_AHEAD;
        for (_, timer) in std::mem::take(&mut chain.effects.timers) {
            if timer.fire_at <= soon {
                self.common.hints.timer(TimerHint::Set(timer));
            }
        }
    }

    /// What is to be done about a batch that was not written, as far as is known.
    async fn redo(&mut self, prepared: Prepared, trouble: Trouble) -> Redo {
        match trouble {
            Trouble::Stale(sources) => {
                let (stale, rest): (Vec<Box<Work>>, Vec<Box<Work>>) =
                    prepared.into_works().partition(|w| is_from(w, &sources));
                for mut work in stale {
                    tracing::debug!(instance.id = %work.instance, "an event's row was gone");
                    work.finish_stale();
                }
                Redo::Groups(vec![rest])
            }
            Trouble::Before(Error::Database(error)) => match database::remedy(&error) {
                Remedy::Retry => Redo::Same(prepared),
                Remedy::Data => {
                    Redo::Groups(isolate(prepared.into_works().collect(), &error.to_string()))
                }
            },
            Trouble::Before(error) => {
                Redo::Groups(isolate(prepared.into_works().collect(), &error.to_string()))
            }
            Trouble::Unknown(_) => Redo::Groups(vec![self.read_back(prepared).await]),
        }
    }

    /// Finds out which events had their turn, or were passed on, in a commit whose answer was lost; the others, to be redone.
    async fn read_back(&mut self, mut prepared: Prepared) -> Vec<Box<Work>> {
        let opened: Vec<Uuid> = prepared.opened.iter().map(|row| row.id.1).collect();
        let passed = std::mem::take(&mut prepared.batch.passed);
        let works: Vec<Box<Work>> = prepared.into_works().collect();
        let asked: Vec<_> =
            works.iter().map(|w| (w.tenant, w.instance, w.given.event_id)).collect();
        let mut wait = DATABASE_RETRY;
        let (waiting, turned) = loop {
            match self.turned(&asked, &passed, &opened).await {
                Ok(found) => break found,
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
                work.finish(Ok(Answer::Applied(view)));
            } else if let Some(row) = waiting.get(&work.given.event_id) {
                work.finish(Ok(Answer::Passed(*row)));
            } else {
                rest.push(work);
            }
        }
        // Hints of what was stored are lost with the answer; steps and timers are found by polling.
        self.common.hints.bell.inbox(ShardSet::ALL);
        rest
    }

    /// Which of the events that were passed on wait in the inbox, and which events had their turn: in this order, because one
    /// that waits may have its turn between the two looks. The steps these turns opened get their rows, so that polling finds them.
    async fn turned(
        &self,
        asked: &[(Uuid, Uuid, Uuid)],
        passed: &[Enqueued],
        opened: &[Uuid],
    ) -> Result<(HashMap<Uuid, i64>, HashSet<Uuid>), Error> {
        let waiting = inbox::waiting(&self.common.pool, passed).await?;
        let turned = history::turned(&self.common.pool, asked).await?;
        if !opened.is_empty() {
            outbox::recover(&self.common.pool, opened).await?;
        }
        Ok((waiting, turned))
    }

    /// The instance of a work as the store has it, if whoever waits wants it.
    async fn view(&self, work: &Work) -> Option<Box<InstanceView>> {
        if !work.wants_view() {
            return None;
        }
        let rows =
            instances::load(&self.common.pool, &[(work.tenant, work.instance)]).await.ok()?;
        let instance = rows.into_iter().next()?.1.ok()?;
        Some(Box::new(InstanceView::from(instance)))
    }
}

/// Whether a work comes from one of these rows.
fn is_from(work: &Work, sources: &[Source]) -> bool {
    let row = |command| RowId { tenant: work.tenant, instance: work.instance, command };
    let source = match &work.given.claim {
        Some(Claim::Inbox(id) | Claim::Failed(id)) => Source::Inbox(*id),
        Some(Claim::Timer(id)) => Source::Timer(row(*id)),
        Some(Claim::Step(settlement)) => Source::Step(row(settlement.step)),
        None => return false,
    };
    sources.contains(&source)
}

/// After an error in the data: each instance for itself, then each event for itself; and an event that fails alone makes
/// its instance stuck. One that cannot even do that is left where it came from.
fn isolate(mut works: Vec<Box<Work>>, why: &str) -> Vec<Vec<Box<Work>>> {
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
    let mut groups: Vec<Vec<Box<Work>>> = Vec::new();
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
