//! Instances kept in memory between turns, so that a turn reads nothing it already has.
//!
//! **Invariant:** what is in here is what the store has. An instance is taken out while it has a turn, and put back only
//! after the commit; when in doubt it is simply not put back.
//! **Invariant:** it holds about as many bytes as it may, and no more.

use crate::{commit::InstanceKey, hash::FastMap, shards::ShardSet, store::instances::Instance};
use std::sync::Arc;
use workflows::definition::Definition;

/// What an instance takes beside its values: keys, maps, the entry itself.
const BYTES_AROUND: usize = 1_024;

/// The least recently used go first when there are too many.
pub(crate) struct Hot {
    bytes_max: usize,
    bytes: usize,
    tick: u64,
    instances: FastMap<InstanceKey, Entry>,
}

struct Entry {
    used: u64,
    bytes: usize,
    instance: Instance,
    definition: Arc<Definition>,
}

impl Hot {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, bytes: 0, tick: 0, instances: FastMap::default() }
    }

    pub(crate) fn contains(&self, key: InstanceKey) -> bool {
        self.instances.contains_key(&key)
    }

    pub(crate) fn take(&mut self, key: InstanceKey) -> Option<(Instance, Arc<Definition>)> {
        let entry = self.instances.remove(&key)?;
        self.bytes -= entry.bytes;
        Some((entry.instance, entry.definition))
    }

    pub(crate) fn put(&mut self, instance: Instance, definition: Arc<Definition>) {
        if self.bytes >= self.bytes_max {
            self.make_room();
        }
        self.tick += 1;
        let bytes = bytes_of(&instance);
        let key = (instance.meta.tenant, instance.meta.id);
        let entry = Entry { used: self.tick, bytes, instance, definition };
        self.bytes += bytes;
        if let Some(old) = self.instances.insert(key, entry) {
            self.bytes -= old.bytes;
        }
    }

    /// Drops the instances of these shards.
    pub(crate) fn forget(&mut self, shards: &ShardSet) {
        self.keep(|entry| !shards.contains(entry.instance.meta.shard));
    }

    /// Drops the older tenth at once, so that the cost is spread.
    fn make_room(&mut self) {
        let mut used: Vec<u64> = self.instances.values().map(|e| e.used).collect();
        used.sort_unstable();
        let oldest_kept = used.get(used.len() / 10).copied().unwrap_or(u64::MAX);
        self.keep(|entry| entry.used > oldest_kept);
    }

    fn keep(&mut self, is_kept: impl Fn(&Entry) -> bool) {
        self.instances.retain(|_, entry| is_kept(entry));
        self.bytes = self.instances.values().map(|entry| entry.bytes).sum();
    }
}

/// About what an instance takes in memory: its texts, and what holds them.
fn bytes_of(instance: &Instance) -> usize {
    let state = &instance.state;
    let open = state.memo.steps.len() + state.memo.timers.len() + state.memo.deferred.len();
    instance.context.bytes + instance.origin_bytes + BYTES_AROUND + open * BYTES_AROUND / 4
}
