//! What arrives while something is being stored is stored by the next statement, with one commit for all of it: a number that many
//! people write to has a webhook for each message, and three for each answer. Nobody waits for more to come.
//!
//! **Invariant:** each arrival is stored whole or not at all, and its sender is told which; what cannot be stored costs itself.
//! **Invariant:** what a tenant sends waits for nobody else's.

use crate::{
    Clock, Error, Result,
    limits::ARRIVALS_MAX,
    store::messages::{self, NewMessage},
};
use sqlx::PgPool;
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{sync::oneshot, task::JoinSet};
use uuid::Uuid;

/// Where they meet.
pub(super) struct Arrivals {
    pool: PgPool,
    clock: Clock,
    /// What waits behind what is being stored, of each tenant of which something is.
    waiting: Mutex<HashMap<Uuid, Vec<Arrival>>>,
}

/// What came with one webhook.
struct Arrival {
    new: Vec<NewMessage>,
    /// How many were not there yet.
    stored: oneshot::Sender<Result<usize>>,
}

impl Arrivals {
    pub(super) fn new(pool: PgPool, clock: Clock) -> Arc<Self> {
        Arc::new(Self { pool, clock, waiting: Mutex::default() })
    }

    /// Stores what one tenant was sent, in its order and after what came before; how many were not there yet.
    pub(super) async fn store(
        self: &Arc<Self>,
        tenant: Uuid,
        new: Vec<NewMessage>,
    ) -> Result<usize> {
        if new.is_empty() {
            return Ok(0);
        }
        let (stored, told) = oneshot::channel();
        let arrival = Arrival { new, stored };
        let first = match self.waiting().entry(tenant) {
            Entry::Occupied(mut waiting) => {
                waiting.get_mut().push(arrival);
                None
            }
            Entry::Vacant(nobody) => {
                nobody.insert(Vec::new());
                Some(arrival)
            }
        };
        if let Some(first) = first {
            // Whoever hangs up does not end it: others wait for it.
            tokio::spawn(Storing { arrivals: Arc::clone(self), tenant }.run(first));
        }
        told.await.unwrap_or(Err(Error::Panicked))
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Uuid, Vec<Arrival>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first that wait, for one statement; without any, the next arrival begins again.
    fn next(&self, tenant: Uuid) -> Vec<Arrival> {
        let mut all = self.waiting();
        let Entry::Occupied(mut waiting) = all.entry(tenant) else { return Vec::new() };
        if waiting.get().is_empty() {
            waiting.remove();
            return Vec::new();
        }
        let mut n = 0;
        let is_full = |arrival: &Arrival| {
            n += arrival.new.len();
            n > ARRIVALS_MAX
        };
        // One that is too long alone goes alone.
        let full_at = waiting.get().iter().position(is_full).map(|at| at.max(1));
        let count = full_at.unwrap_or_else(|| waiting.get().len());
        waiting.get_mut().drain(..count).collect()
    }

    /// With one statement; if that fails because of one of them, each with its own.
    async fn store_batch(self: &Arc<Self>, mut batch: Vec<Arrival>) {
        if batch.len() > 1 {
            match self.insert(&batch).await {
                Ok(counts) => {
                    for (arrival, count) in batch.drain(..).zip(counts) {
                        arrival.tell(Ok(count));
                    }
                }
                Err(error) => tracing::debug!(%error, "arrivals are stored one by one"),
            }
        }
        let mut alone = JoinSet::new();
        for arrival in batch {
            let this = Arc::clone(self);
            alone.spawn(async move {
                let counts = this.insert(std::slice::from_ref(&arrival)).await;
                arrival.tell(counts.map(|counts| counts.iter().sum()));
            });
        }
        alone.join_all().await;
    }

    /// How many of each were not there yet.
    async fn insert(&self, batch: &[Arrival]) -> Result<Vec<usize>> {
        let new: Vec<&NewMessage> = batch.iter().flat_map(|arrival| &arrival.new).collect();
        let mut stored = messages::insert(&self.pool, &new, self.clock.now()).await?;
        let mut count = |arrival: &Arrival| {
            arrival.new.iter().filter(|message| stored.remove(&message.name())).count()
        };
        Ok(batch.iter().map(&mut count).collect())
    }
}

impl Arrival {
    /// Whoever waited may have hung up.
    fn tell(self, stored: Result<usize>) {
        let _ = self.stored.send(stored);
    }
}

/// Stores until nothing of the tenant waits. If it ends before that, those who wait are told so and the next arrival begins again.
struct Storing {
    arrivals: Arc<Arrivals>,
    tenant: Uuid,
}

impl Storing {
    async fn run(self, first: Arrival) {
        let mut batch = vec![first];
        while !batch.is_empty() {
            self.arrivals.store_batch(batch).await;
            batch = self.arrivals.next(self.tenant);
        }
    }
}

impl Drop for Storing {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.arrivals.waiting().remove(&self.tenant);
        }
    }
}
