//! Instances kept in memory between turns, so that a turn reads nothing it already has.
//!
//! **Invariant:** what is in here is what the store has. An instance is taken out while it has a turn, and put back only
//! after the commit; when in doubt it is simply not put back.

use crate::{commit::InstanceKey, store::instances::Instance};
use std::{collections::HashMap, sync::Arc};
use workflows::definition::Definition;

/// The least recently used go first when there are too many.
pub(crate) struct Hot {
    most: usize,
    tick: u64,
    instances: HashMap<InstanceKey, Entry>,
}

struct Entry {
    used: u64,
    instance: Instance,
    definition: Arc<Definition>,
}

impl Hot {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, tick: 0, instances: HashMap::new() }
    }

    pub(crate) fn contains(&self, key: InstanceKey) -> bool {
        self.instances.contains_key(&key)
    }

    pub(crate) fn take(&mut self, key: InstanceKey) -> Option<(Instance, Arc<Definition>)> {
        self.instances.remove(&key).map(|entry| (entry.instance, entry.definition))
    }

    pub(crate) fn put(&mut self, instance: Instance, definition: Arc<Definition>) {
        if self.instances.len() >= self.most {
            self.make_room();
        }
        self.tick += 1;
        let key = (instance.meta.tenant, instance.meta.id);
        self.instances.insert(key, Entry { used: self.tick, instance, definition });
    }

    /// Drops the older tenth at once, so that the cost is spread.
    fn make_room(&mut self) {
        let mut used: Vec<u64> = self.instances.values().map(|e| e.used).collect();
        used.sort_unstable();
        let oldest_kept = used.get(self.most / 10).copied().unwrap_or(u64::MAX);
        self.instances.retain(|_, entry| entry.used > oldest_kept);
    }
}
