//! What every route shares.

use crate::{auth::Keys, metrics::Metrics};
use engine::{Engine, conversation::Conversations};
use std::sync::Arc;

/// The parts behind the routes. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct App {
    pub(crate) engine: Engine,
    pub(crate) conversations: Conversations,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) keys: Arc<Keys>,
}

impl App {
    /// Over a running engine. `metrics` are the ones the engine's runner counts in, see [`crate::metrics::Counted`].
    pub fn new(engine: Engine, conversations: Conversations, metrics: Arc<Metrics>) -> Self {
        Self { engine, conversations, metrics, keys: Arc::default() }
    }
}
