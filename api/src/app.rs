//! What every route shares.

use crate::{auth::Keys, metrics::Metrics, replica::Replica};
use engine::{Engine, conversation::Conversations};
use sqlx::PgPool;
use std::sync::Arc;

/// The parts behind the routes. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct App {
    pub(crate) engine: Engine,
    pub(crate) conversations: Conversations,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) keys: Arc<Keys>,
    replica: Option<Arc<Replica>>,
}

impl App {
    /// Over a running engine. `metrics` are the ones the engine's runner counts in, see [`crate::metrics::Counted`].
    pub fn new(engine: Engine, conversations: Conversations, metrics: Arc<Metrics>) -> Self {
        Self { engine, conversations, metrics, keys: Arc::default(), replica: None }
    }

    /// Reads lists from this replica of the database while it answers.
    #[must_use]
    pub fn with_replica(mut self, pool: Option<PgPool>) -> Self {
        self.replica = pool.map(|pool| Arc::new(Replica::new(pool)));
        self
    }

    /// Reads what may be a little old, and decides nothing: from the replica, if there is one that answers.
    pub(crate) async fn read<T, F>(&self, look: impl Fn(PgPool) -> F) -> engine::Result<T>
    where
        F: Future<Output = engine::Result<T>>,
    {
        if let Some(replica) = &self.replica
            && let Some(answer) = replica.ask(&look).await
        {
            return answer;
        }
        look(self.engine.pool().clone()).await
    }
}
