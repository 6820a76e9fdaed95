//! What travels in memory: events on their way to the owner, and hints on their way from it.
//!
//! **Invariant:** everything here may be lost at any moment. Work that came from a row is found again by polling, work that
//! came from a caller was not acknowledged yet, and a hint only saves waiting for the next poll.

use crate::{
    bell::Bell,
    error::{Error, Result},
    executor::Settling,
    hash::FastSet,
    request::InstanceView,
    shards::ShardSet,
    store::{RowId, instances::Meta, steps::StepRow, timers::TimerRow},
    turn::Given,
};
use serde_json::Value;
use std::{
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use uuid::Uuid;
use workflows::definition::Definition;

/// An event on its way to its instance.
pub(crate) struct Work {
    pub(crate) tenant: Uuid,
    pub(crate) instance: Uuid,
    pub(crate) what: What,
    pub(crate) given: Given,
    /// Dropped when the work is finished, one way or another.
    pub(crate) ticket: Option<Box<dyn Send + Sync>>,
    pub(crate) reply: Option<Reply>,
}

/// What is to be done.
pub(crate) enum What {
    /// Apply the event.
    Event,
    /// Start the instance with it.
    Birth(Box<Birth>),
    /// Forget it: only its inbox row is to be deleted.
    Discard,
}

/// An instance about to be started.
#[derive(Clone)]
pub(crate) struct Birth {
    pub(crate) meta: Meta,
    pub(crate) definition: Arc<Definition>,
}

/// What became of an event, for whoever waits.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It had its turn; with the instance after it, if that was wanted.
    Applied(Option<Box<InstanceView>>),
    /// Another process owns the instance: the event is in the inbox, under this id.
    Passed(i64),
}

/// Whoever waits for the turn.
pub(crate) enum Reply {
    /// A caller.
    Caller {
        sender: oneshot::Sender<Result<Answer>>,
        /// Whether the instance is to be told, or only that it is done.
        wants_view: bool,
    },
    /// The executor, whose result it is.
    Executor(Settling),
}

impl Work {
    /// Ends it, telling whoever waits.
    pub(crate) fn finish(&mut self, result: Result<Answer>) {
        match self.reply.take() {
            // A caller that has gone away needs no answer.
            Some(Reply::Caller { sender, .. }) => drop(sender.send(result)),
            Some(Reply::Executor(settling)) => settling.finish(result),
            None => {}
        }
        self.ticket = None;
    }

    /// Whether whoever waits wants to be told the instance.
    pub(crate) fn wants_view(&self) -> bool {
        matches!(self.reply, Some(Reply::Caller { wants_view: true, .. }))
    }

    /// Ends it, and leaves the row it comes from alone until the next start: given back, it would come again at once.
    pub(crate) fn leave(&mut self, result: Result<Answer>) {
        std::mem::forget(self.ticket.take());
        self.finish(result);
    }

    /// The row it comes from was taken by somebody else.
    pub(crate) fn finish_stale(&mut self) {
        self.finish(Err(Error::Conflict(format!("instance {}", self.instance))));
    }
}

/// What the executor is told, by owners and by the keeper of the lease.
#[derive(Debug)]
pub(crate) enum StepHint {
    /// Steps are ready.
    Ready(Vec<Box<StepRow>>),
    /// The step's state was left.
    Closed(RowId),
    /// The provider told that the step with this key happened.
    Confirmed(String, Value),
    /// These shards are ours now.
    Taken(ShardSet),
    /// These shards are handed over: told when no try of theirs runs any more.
    Leave(ShardSet, oneshot::Sender<()>),
}

/// What the scheduler is told.
#[derive(Debug)]
pub(crate) enum TimerHint {
    /// A timer was set, for soon.
    Set(TimerRow),
    /// There may be timers it does not know of.
    Look,
}

/// Where hints go.
#[derive(Clone)]
pub(crate) struct Hints {
    pub(crate) steps: mpsc::Sender<StepHint>,
    pub(crate) timers: mpsc::Sender<TimerHint>,
    pub(crate) bell: Bell,
    /// Rung when a schedule was changed.
    pub(crate) schedules: Arc<Notify>,
}

impl Hints {
    /// Tells the executor; waits while it has its hands full. It is gone only when the process ends.
    pub(crate) async fn step(&self, hint: StepHint) {
        let _ = self.steps.send(hint).await;
    }

    /// Tells the scheduler. A hint that finds no room is lost, which costs the timer a poll.
    pub(crate) fn timer(&self, hint: TimerHint) {
        let _ = self.timers.try_send(hint);
    }
}

/// Rows that are in memory already, so that a poll does not take them twice.
pub(crate) struct InFlight<K>(Arc<Mutex<Taken<K>>>);

/// Which rows are in memory.
struct Taken<K> {
    keys: FastSet<K>,
    /// Given back while somebody reads: what is being read may still show them, though they are gone.
    gone: FastSet<K>,
    readings: usize,
}

impl<K> Clone for InFlight<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K> Default for InFlight<K> {
    fn default() -> Self {
        let (keys, gone) = Default::default();
        Self(Arc::new(Mutex::new(Taken { keys, gone, readings: 0 })))
    }
}

impl<K: Eq + Hash + Copy> InFlight<K> {
    /// To be asked for before rows are read, and kept until each of them was offered to [`take`](Self::take).
    pub(crate) fn reading(&self) -> Reading<K> {
        lock(&self.0).readings += 1;
        Reading(self.0.clone())
    }

    /// Marks a row as taken until the ticket is dropped; `None` if it is already, or was when the reading began.
    pub(crate) fn take(&self, key: K) -> Option<Ticket<K>> {
        let mut taken = lock(&self.0);
        let is_free = !taken.gone.contains(&key) && taken.keys.insert(key);
        is_free.then(|| Ticket { taken: self.0.clone(), key })
    }

    /// How many are taken.
    pub(crate) fn len(&self) -> usize {
        lock(&self.0).keys.len()
    }
}

fn lock<K>(taken: &Mutex<Taken<K>>) -> MutexGuard<'_, Taken<K>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Rows are being read.
pub(crate) struct Reading<K>(Arc<Mutex<Taken<K>>>);

impl<K> Drop for Reading<K> {
    fn drop(&mut self) {
        let mut taken = lock(&self.0);
        taken.readings -= 1;
        if taken.readings == 0 {
            taken.gone.clear();
        }
    }
}

/// A taken row; gives it back when dropped.
pub(crate) struct Ticket<K: Eq + Hash> {
    taken: Arc<Mutex<Taken<K>>>,
    key: K,
}

impl<K: Eq + Hash> Drop for Ticket<K> {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        if let Some(key) = taken.keys.take(&self.key)
            && taken.readings > 0
        {
            taken.gone.insert(key);
        }
    }
}

/// Tells a task to stop; also when whoever could tell it is gone.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// The handle that tells, and what it is told by.
    pub(crate) fn channel() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    /// Whether it was told.
    pub(crate) fn is_set(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits until it is told.
    pub(crate) async fn wait(&mut self) {
        // An error says that nobody is left to tell.
        let _ = self.0.wait_for(|is_set| *is_set).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_applied_during_a_reading_is_not_taken_again() {
        let in_flight = InFlight::<i64>::default();
        let ticket = in_flight.take(1);
        assert!(in_flight.take(1).is_none(), "it is in memory");
        let reading = in_flight.reading();
        drop(ticket);
        assert!(in_flight.take(1).is_none(), "what was read may show it, and it is gone");
        drop(reading);
        assert!(in_flight.take(1).is_some(), "whoever reads now finds it only if it is there");
        assert_eq!(in_flight.len(), 0);
    }
}
