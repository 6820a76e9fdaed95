//! Steps in memory that are to be begun: those whose time has not come, and those whose turn has not.
//!
//! **Invariant:** what is due is begun by turns: tenants first, then priority, then connection or kind, whoever came first.
//! **Invariant:** never more than [`STEPS_WAITING_MAX`] steps are here, and a lane with few always finds room: the flood of another
//! stays in the table.

use crate::{
    fair::{FairKey, FairQueue, Weight},
    hash::FastMap,
    kinds,
    limits::{LANES_MAX, STEP_PAGE, STEPS_WAITING_MAX},
    shards::ShardSet,
    store::{RowId, lanes::Lane, steps::StepRow},
};
use chrono::{DateTime, Utc};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// With fewer steps than this, a lane is nearly through.
const LITTLE: usize = STEP_PAGE as usize / 4;

/// What waits.
pub(super) struct Waiting {
    rows: FastMap<RowId, Place>,
    by_due: BTreeSet<(DateTime<Utc>, RowId)>,
    /// May name steps that are gone; those are passed over.
    ready: FairQueue<RowId>,
    held: HashMap<Uuid, usize>,
    lanes: HashMap<Lane, usize>,
    /// Lanes that have more in the table than was taken.
    more: HashSet<Lane>,
    /// One of them is nearly through with what it has here.
    is_hungry: bool,
}

struct Place {
    row: Box<StepRow>,
    lane: Lane,
    is_ready: bool,
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            rows: FastMap::default(),
            by_due: BTreeSet::new(),
            // Its room is kept here, where steps that were taken back are not counted.
            ready: FairQueue::new(usize::MAX),
            held: HashMap::new(),
            lanes: HashMap::new(),
            more: HashSet::new(),
            is_hungry: false,
        }
    }
}

impl Waiting {
    pub(super) fn contains(&self, id: RowId) -> bool {
        self.rows.contains_key(&id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many steps of a lane are here.
    pub(super) fn in_lane(&self, lane: &Lane) -> usize {
        self.lanes.get(lane).copied().unwrap_or(0)
    }

    /// Whether another step of the lane is taken. A tenant may hold as much as is free, and a lane as much as is left to its
    /// tenant: whoever comes after a flood finds some.
    pub(super) fn has_room(&self, lane: &Lane) -> bool {
        let free = STEPS_WAITING_MAX.saturating_sub(self.rows.len());
        let held = self.held.get(&lane.tenant).copied().unwrap_or(0);
        self.in_lane(lane) < free.saturating_sub(held)
    }

    /// Takes a step that was not here; without room it is given back, to be left to the table.
    pub(super) fn put(&mut self, row: Box<StepRow>) -> Result<(), Box<StepRow>> {
        let lane = Lane::of(&row);
        if !self.has_room(&lane) {
            self.note_more(lane);
            return Err(row);
        }
        *self.held.entry(row.id.tenant).or_default() += 1;
        *self.lanes.entry(lane.clone()).or_default() += 1;
        self.by_due.insert((row.due, row.id));
        self.rows.insert(row.id, Place { row, lane, is_ready: false });
        Ok(())
    }

    /// Those of these shards.
    pub(super) fn of_shards(&self, shards: &ShardSet) -> Vec<RowId> {
        let places = self.rows.values().filter(|place| shards.contains(place.row.shard));
        places.map(|place| place.row.id).collect()
    }

    /// All of them.
    pub(super) fn into_rows(self) -> impl Iterator<Item = Box<StepRow>> {
        self.rows.into_values().map(|place| place.row)
    }

    /// Gives a step out.
    pub(super) fn take(&mut self, id: RowId) -> Option<Box<StepRow>> {
        let Place { row, lane, is_ready } = self.rows.remove(&id)?;
        if !is_ready {
            self.by_due.remove(&(row.due, id));
        }
        count_down(&mut self.held, &id.tenant);
        count_down(&mut self.lanes, &lane);
        self.is_hungry |= self.in_lane(&lane) < LITTLE && self.more.contains(&lane);
        Some(row)
    }

    /// The next step that is due, by turns.
    pub(super) fn pop(&mut self, now: DateTime<Utc>) -> Option<Box<StepRow>> {
        while let Some(&(due, id)) = self.by_due.first()
            && due <= now
        {
            self.by_due.pop_first();
            let Some(place) = self.rows.get_mut(&id) else { continue };
            place.is_ready = true;
            let priority = place.row.policy.priority();
            let pushed = self.ready.push(&fair_key(&place.row), Weight::default(), priority, id);
            debug_assert!(pushed.is_ok(), "a queue without bounds is never full");
        }
        loop {
            let id = self.ready.pop()?;
            if self.rows.get(&id).is_some_and(|place| place.is_ready) {
                return self.take(id);
            }
        }
    }

    /// When the next one that is not due yet is.
    pub(super) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.by_due.first().map(|(due, _)| *due)
    }

    /// The lane has more in the table than is here.
    pub(super) fn note_more(&mut self, lane: Lane) {
        self.is_hungry |= self.in_lane(&lane) < LITTLE;
        if self.more.len() < LANES_MAX {
            self.more.insert(lane);
        }
    }

    /// Everything of the lane that is due was read.
    pub(super) fn note_all(&mut self, lane: &Lane) {
        self.more.remove(lane);
    }

    /// Whether a lane is nearly through with what it has here, and has more in the table.
    pub(super) fn is_hungry(&self) -> bool {
        self.is_hungry
    }

    /// The table is about to be read.
    pub(super) fn feed(&mut self) {
        self.is_hungry = false;
    }
}

fn count_down<K: Eq + std::hash::Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// Beside what a step is counted: its connection if it names one, else the provider, else its kind. Steps of one instance
/// run side by side, so there is no order to keep.
fn fair_key(row: &StepRow) -> FairKey {
    let provider = || kinds::effect(&row.kind).and_then(|effect| effect.provider);
    let named = row.input.get("connection").and_then(serde_json::Value::as_str);
    let group = named.or_else(provider).unwrap_or(&row.kind);
    FairKey { tenant: row.id.tenant, group: Arc::from(group), order: None }
}
