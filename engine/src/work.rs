//! What travels in memory: events on their way to the owner, and hints on their way from it.
//!
//! **Invariant:** everything here may be lost at any moment. Work that came from a row is found again by polling, work that
//! came from a caller was not acknowledged yet, and a hint only saves waiting for the next poll.

use crate::{
    bell::Bell,
    error::{Error, Result},
    request::InstanceView,
    shards::ShardSet,
    store::{RowId, instances::Meta, steps::StepRow},
    turn::Given,
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::{
    collections::HashSet,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
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
pub(crate) struct Reply {
    pub(crate) sender: oneshot::Sender<Result<Answer>>,
    /// Whether the instance is to be told, or only that it is done.
    pub(crate) wants_view: bool,
}

impl Work {
    /// Ends it, telling whoever waits.
    pub(crate) fn finish(&mut self, result: Result<Answer>) {
        if let Some(reply) = self.reply.take() {
            // A caller that has gone away needs no answer.
            let _ = reply.sender.send(result);
        }
        self.ticket = None;
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
    /// A step is ready.
    Ready(Box<StepRow>),
    /// The step's state was left.
    Closed(RowId),
    /// The provider told that the step with this key happened.
    Confirmed(String, Value),
    /// These shards are ours now.
    Taken(ShardSet),
    /// These shards are handed over: told when no try of theirs runs any more.
    Leave(ShardSet, oneshot::Sender<()>),
}

/// Where hints go.
#[derive(Clone)]
pub(crate) struct Hints {
    pub(crate) steps: mpsc::Sender<StepHint>,
    pub(crate) timers: mpsc::Sender<DateTime<Utc>>,
    pub(crate) bell: Bell,
    /// Rung when a schedule was changed.
    pub(crate) schedules: Arc<Notify>,
}

impl Hints {
    /// Tells the executor; waits while it has its hands full. It is gone only when the process ends.
    pub(crate) async fn step(&self, hint: StepHint) {
        let _ = self.steps.send(hint).await;
    }

    /// Tells the scheduler when a timer fires.
    pub(crate) fn timer(&self, fire_at: DateTime<Utc>) {
        let _ = self.timers.try_send(fire_at);
    }
}

/// Rows that are in memory already, so that a poll does not take them twice.
pub(crate) struct InFlight<K>(Arc<Mutex<HashSet<K>>>);

impl<K> Clone for InFlight<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K> Default for InFlight<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Copy> InFlight<K> {
    /// Marks a row as taken until the ticket is dropped; `None` if it is already.
    pub(crate) fn take(&self, key: K) -> Option<Ticket<K>> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(key).then(|| Ticket { keys: self.0.clone(), key })
    }

    /// How many are taken.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// A taken row; gives it back when dropped.
pub(crate) struct Ticket<K: Eq + Hash> {
    keys: Arc<Mutex<HashSet<K>>>,
    key: K,
}

impl<K: Eq + Hash> Drop for Ticket<K> {
    fn drop(&mut self) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
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
