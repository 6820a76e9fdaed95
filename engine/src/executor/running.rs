//! The tries under way, and which of them have a result that waits for its turn.

use crate::{hash::FastMap, shards::ShardSet, store::RowId};

/// Tries by step.
#[derive(Default)]
pub(super) struct Running {
    tries: FastMap<RowId, Try>,
    /// How many have a result.
    with_result: usize,
}

struct Try {
    shard: i16,
    has_result: bool,
}

impl Running {
    /// A try begins.
    pub(super) fn insert(&mut self, id: RowId, shard: i16) {
        let before = self.tries.insert(id, Try { shard, has_result: false });
        self.forget(before);
    }

    /// A try has its result; one that is over already stays so.
    pub(super) fn note_result(&mut self, id: RowId) {
        if let Some(tried) = self.tries.get_mut(&id)
            && !std::mem::replace(&mut tried.has_result, true)
        {
            self.with_result += 1;
        }
    }

    /// A try is over.
    pub(super) fn remove(&mut self, id: RowId) {
        let before = self.tries.remove(&id);
        self.forget(before);
    }

    fn forget(&mut self, before: Option<Try>) {
        if before.is_some_and(|tried| tried.has_result) {
            self.with_result -= 1;
        }
    }

    pub(super) fn contains(&self, id: RowId) -> bool {
        self.tries.contains_key(&id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tries.is_empty()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.tries.len()
    }

    /// How many have no result: those that somebody outside works on.
    pub(super) fn at_work(&self) -> usize {
        self.tries.len() - self.with_result
    }

    /// Whether one runs in these shards.
    pub(super) fn is_in(&self, shards: &ShardSet) -> bool {
        self.tries.values().any(|tried| shards.contains(tried.shard))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine::CommandId;
    use uuid::Uuid;

    #[test]
    fn one_with_a_result_needs_no_place() {
        let id = |seq| RowId {
            tenant: Uuid::nil(),
            instance: Uuid::nil(),
            command: CommandId { seq, index: 0 },
        };
        let mut running = Running::default();
        running.insert(id(1), 3);
        running.insert(id(2), 4);
        running.note_result(id(1));
        running.note_result(id(1));
        running.note_result(id(9));
        assert_eq!((running.len(), running.at_work()), (2, 1));
        // Its turn is stored; what is told of it later changes nothing.
        running.remove(id(1));
        running.note_result(id(1));
        assert_eq!((running.len(), running.at_work()), (1, 1));
        assert!(
            running.is_in(&ShardSet::from_iter([4])) && !running.is_in(&ShardSet::from_iter([3]))
        );
    }
}
