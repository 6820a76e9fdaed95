//! What was read a moment ago, by key.
//!
//! **Invariant:** a value read before a change is never put in after it: whoever reads takes the generation first, and a
//! change begins a new one.

use crate::limits::{CHANNEL_TTL, CHANNELS_MAX};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, PoisonError, RwLock},
};
use tokio::time::Instant;

/// Values that are believed for a while.
#[derive(Debug)]
pub(super) struct Cache<K, V>(RwLock<Kept<K, V>>);

#[derive(Debug)]
struct Kept<K, V> {
    generation: u64,
    values: HashMap<K, (Instant, Arc<V>)>,
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(RwLock::new(Kept { generation: 0, values: HashMap::new() }))
    }
}

impl<K: Eq + Hash, V> Cache<K, V> {
    /// The value, if it is fresh.
    pub(super) fn get(&self, key: &K) -> Option<Arc<V>> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (since, value) = kept.values.get(key)?;
        (since.elapsed() < CHANNEL_TTL).then(|| Arc::clone(value))
    }

    /// To be taken before a value is read from the store.
    pub(super) fn generation(&self) -> u64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).generation
    }

    /// Keeps a value that was read in `generation`.
    pub(super) fn put(&self, key: K, value: Arc<V>, generation: u64) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.generation != generation {
            return;
        }
        if kept.values.len() >= CHANNELS_MAX {
            kept.values.clear();
        }
        kept.values.insert(key, (Instant::now(), value));
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        kept.generation += 1;
        kept.values.clear();
    }
}
