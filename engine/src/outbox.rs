//! Steps of safe kinds that were opened and have no row of their own: which batch opened them.
//!
//! A step of a safe kind usually runs and is settled within milliseconds, so its own row would be written only to be deleted.
//! Instead one row per batch and tenant names all steps the batch opened. A step gets its own row when its first try did not
//! settle it. A row of the outbox goes with a later batch, when each of its steps is settled or has a row.
//!
//! **Invariant:** an open step has a row, or is named in the outbox by the process that opened it: whatever dies, somebody
//! finds it. What the outbox names in vain (settled, or never committed) costs one look at recovery.

use crate::{
    hash::FastMap, limits::OUTBOX_STEPS_MAX, store::RowId, store::steps::StepRow, turn::Chain,
};
use std::sync::{Arc, Mutex, PoisonError};
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
        let steps = chains.flat_map(|chain| chain.effects.steps.values());
        rows_of(steps.filter(|step| !step.is_written).map(|step| step.id))
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

    /// How many rows are to be deleted.
    pub(crate) fn n_done(&self) -> usize {
        self.books().done.len()
    }

    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rows that name these steps.
fn rows_of(steps: impl Iterator<Item = RowId>) -> Vec<OutboxRow> {
    let mut rows: Vec<OutboxRow> = Vec::new();
    // The row of a tenant that has room.
    let mut places: FastMap<Uuid, usize> = FastMap::default();
    for step in steps {
        let place = places.get(&step.tenant).and_then(|place| rows.get_mut(*place));
        match place.filter(|row| row.steps.len() < OUTBOX_STEPS_MAX) {
            Some(row) => row.steps.push(step),
            None => {
                places.insert(step.tenant, rows.len());
                rows.push(OutboxRow { id: (step.tenant, Uuid::now_v7()), steps: vec![step] });
            }
        }
    }
    rows
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
    fn a_row_is_of_one_tenant_and_has_room_for_so_many() {
        let of = |tenant| move |seq| RowId { tenant: Uuid::from_u128(tenant), ..step(seq) };
        let n = u64::try_from(OUTBOX_STEPS_MAX).unwrap();
        let steps = (0..2 * n + 1).map(of(1)).chain((0..3).map(of(2)));
        let rows = rows_of(steps);
        let found: Vec<_> = rows.iter().map(|row| (row.id.0.as_u128(), row.steps.len())).collect();
        assert_eq!(found, [(1, OUTBOX_STEPS_MAX), (1, OUTBOX_STEPS_MAX), (1, 1), (2, 3)]);
        assert!(rows.iter().all(|row| row.steps.iter().all(|step| step.tenant == row.id.0)));
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
        assert_eq!(outbox.n_done(), 1);
    }
}
