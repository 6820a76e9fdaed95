//! Steps of safe kinds that were opened and have no row of their own: which batch opened them.
//!
//! A step of a safe kind usually runs and is settled within milliseconds, so its own row would be written only to be deleted.
//! Instead one row per batch and tenant names all steps the batch opened. A step gets its own row when its first try did not
//! settle it. A row of the outbox goes with a later batch, when each of its steps is settled or has a row.
//!
//! **Invariant:** an open step has a row, or is named in the outbox by the process that opened it: whatever dies, somebody
//! finds it. What the outbox names in vain (settled, or never committed) costs one look at recovery.

use crate::{hash::FastMap, store::RowId, store::steps::StepRow, turn::Chain};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use uuid::Uuid;

/// Of a row of the outbox: its tenant, and its id.
pub(crate) type OutboxId = (Uuid, Uuid);

/// A row of the outbox in the making.
#[derive(Debug)]
pub(crate) struct OutboxRow {
    pub(crate) id: OutboxId,
    pub(crate) steps: Vec<RowId>,
}

/// What this process has in the outbox. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Outbox {
    /// Who wrote the rows.
    pub(crate) process: Uuid,
    books: Arc<Mutex<Books>>,
}

#[derive(Default)]
struct Books {
    row_of: FastMap<RowId, OutboxId>,
    left: FastMap<OutboxId, usize>,
    /// Rows with nothing left in them.
    done: Vec<OutboxId>,
}

impl Outbox {
    pub(crate) fn new(process: Uuid) -> Self {
        Self { process, books: Arc::default() }
    }

    /// The rows for what these chains open.
    pub(crate) fn rows<'a>(chains: impl Iterator<Item = &'a Chain>) -> Vec<OutboxRow> {
        let mut rows: HashMap<Uuid, OutboxRow> = HashMap::new();
        for step in chains.flat_map(|c| c.effects.steps.values()).filter(|s| !s.is_written) {
            let tenant = step.id.tenant;
            let row = rows
                .entry(tenant)
                .or_insert_with(|| OutboxRow { id: (tenant, Uuid::now_v7()), steps: Vec::new() });
            row.steps.push(step.id);
        }
        rows.into_values().collect()
    }

    /// These rows are stored.
    pub(crate) fn stored(&self, rows: Vec<OutboxRow>) {
        let mut books = self.books();
        for row in rows {
            books.left.insert(row.id, row.steps.len());
            books.row_of.extend(row.steps.into_iter().map(|step| (step, row.id)));
        }
    }

    /// This step is settled, or has a row of its own.
    pub(crate) fn resolve(&self, step: RowId) {
        self.resolve_all(std::iter::once(step));
    }

    /// As [`resolve`](Self::resolve), for several.
    pub(crate) fn resolve_all(&self, steps: impl Iterator<Item = RowId>) {
        let mut books = self.books();
        for step in steps {
            let Some(id) = books.row_of.remove(&step) else { continue };
            let Some(left) = books.left.get_mut(&id) else { continue };
            *left -= 1;
            if *left == 0 {
                books.left.remove(&id);
                books.done.push(id);
            }
        }
    }

    /// Rows to be deleted; whoever takes them deletes them, or gives them back.
    pub(crate) fn take_done(&self) -> Vec<OutboxId> {
        std::mem::take(&mut self.books().done)
    }

    /// They could not be deleted.
    pub(crate) fn give_back(&self, rows: &[OutboxId]) {
        self.books().done.extend(rows);
    }

    /// Whether there are rows to be deleted.
    pub(crate) fn has_done(&self) -> bool {
        !self.books().done.is_empty()
    }

    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a step that is opened gets its row at once: unsafe kinds, whose tries are put on record in it, do.
pub(crate) fn needs_row(step: &StepRow) -> bool {
    crate::kinds::is_unsafe(&step.kind, &step.input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine::CommandId;

    fn step(seq: u64) -> RowId {
        let (tenant, instance) = (Uuid::from_u128(1), Uuid::from_u128(2));
        RowId { tenant, instance, command: CommandId { seq, index: 0 } }
    }

    #[test]
    fn a_row_goes_when_its_last_step_does() {
        let outbox = Outbox::new(Uuid::nil());
        let id = (Uuid::from_u128(1), Uuid::from_u128(9));
        outbox.stored(vec![OutboxRow { id, steps: vec![step(1), step(2)] }]);
        outbox.resolve(step(1));
        outbox.resolve(step(1));
        outbox.resolve(step(7));
        assert!(outbox.take_done().is_empty(), "one is left");
        outbox.resolve(step(2));
        assert_eq!(outbox.take_done(), [id]);
        outbox.give_back(&[id]);
        assert!(outbox.has_done());
    }
}
