//! Flows that share one server by weight: start-time fair queueing, without memory of flows that have gone.
//!
//! Virtual time is the tag of the flow served last; a flow's next tag is its last one plus `COST / weight`. Whoever comes
//! enters as if it had just been served, so coming and going gains nothing, and nothing has to be remembered.
//!
//! **Invariant:** of two flows that both always have something, neither is ahead of the other by more than one service each,
//! counted in their weights.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    hash::Hash,
};

/// What one service costs at weight 1. Every weight up to 16 divides it without a rest; the error of any other is below
/// 0.02 %.
const COST: u64 = 720_720;
/// Largest weight; larger ones count as this.
pub(super) const WEIGHT_MAX: u16 = 100;

/// Flows by key, each with what it holds.
#[derive(Debug)]
pub(super) struct Flows<K, V> {
    flows: HashMap<K, Flow<V>>,
    /// One entry per flow: its tag, when it got it (so that equal tags take turns), and whose it is.
    turns: BinaryHeap<Reverse<(u64, u64, K)>>,
    now: u64,
    entered: u64,
}

#[derive(Debug)]
struct Flow<V> {
    weight: u16,
    holds: V,
}

impl<K, V> Default for Flows<K, V>
where
    K: Ord,
{
    fn default() -> Self {
        Self { flows: HashMap::new(), turns: BinaryHeap::new(), now: 0, entered: 0 }
    }
}

impl<K: Clone + Eq + Hash + Ord, V: Default> Flows<K, V> {
    /// What a flow holds; it enters if it is not there. The weight named last counts from its next service on.
    pub(super) fn enter(&mut self, key: &K, weight: u16) -> &mut V {
        if !self.flows.contains_key(key) {
            self.stand_in_line(key.clone(), weight);
        }
        let flow =
            self.flows.entry(key.clone()).or_insert_with(|| Flow { weight, holds: V::default() });
        flow.weight = weight;
        &mut flow.holds
    }

    /// What a flow holds, if it is there.
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.flows.get(key).map(|flow| &flow.holds)
    }

    /// Serves the flow whose turn it is: `serve` takes from what it holds, and says whether anything is left. `None` if there
    /// is no flow.
    pub(super) fn serve<T>(&mut self, serve: impl FnOnce(&mut V) -> (T, bool)) -> Option<T> {
        let Reverse((tag, _, key)) = self.turns.pop()?;
        self.now = tag;
        let flow = self.flows.get_mut(&key)?;
        let (taken, is_left) = serve(&mut flow.holds);
        if is_left {
            let weight = flow.weight;
            self.stand_in_line(key, weight);
        } else {
            self.flows.remove(&key);
        }
        if self.flows.is_empty() {
            // Nobody is there to whom the count matters: it never grows without end.
            (self.now, self.entered) = (0, 0);
        }
        Some(taken)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    fn stand_in_line(&mut self, key: K, weight: u16) {
        let cost = COST / u64::from(weight.clamp(1, WEIGHT_MAX));
        self.entered += 1;
        self.turns.push(Reverse((self.now + cost, self.entered, key)));
    }
}
