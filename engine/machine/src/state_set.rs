//! Sets of states, in document order.

use workflows::chart::StateId;

/// States of one chart. A bit for each: a chart of 64 states and fewer needs no memory for it, and a turn makes half a dozen of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StateSet {
    first: u64,
    /// Never ends with a word without a state, so that equal sets are equal values.
    rest: Vec<u64>,
}

impl StateSet {
    /// Adds a state; false if it was there.
    pub(crate) fn insert(&mut self, id: StateId) -> bool {
        let (place, bit) = place_of(id);
        if place > self.rest.len() {
            self.rest.resize(place, 0);
        }
        let word = if place == 0 { &mut self.first } else { &mut self.rest[place - 1] };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Takes a state out.
    pub(crate) fn remove(&mut self, id: StateId) {
        let (place, bit) = place_of(id);
        match place {
            0 => self.first &= !bit,
            _ => self.rest.iter_mut().skip(place - 1).take(1).for_each(|word| *word &= !bit),
        }
        while self.rest.last() == Some(&0) {
            self.rest.pop();
        }
    }

    pub(crate) fn contains(&self, id: StateId) -> bool {
        let (place, bit) = place_of(id);
        self.word(place) & bit != 0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first == 0 && self.rest.is_empty()
    }

    /// The states, in document order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = StateId> + Clone + '_ {
        (0..=self.rest.len()).flat_map(|place| Bits { place, left: self.word(place) })
    }

    fn word(&self, place: usize) -> u64 {
        match place {
            0 => self.first,
            _ => self.rest.get(place - 1).copied().unwrap_or(0),
        }
    }
}

impl Extend<StateId> for StateSet {
    fn extend<I: IntoIterator<Item = StateId>>(&mut self, states: I) {
        for id in states {
            self.insert(id);
        }
    }
}

/// The word of a state, and its bit there.
fn place_of(id: StateId) -> (usize, u64) {
    (id.index() / 64, 1 << (id.index() % 64))
}

/// The states of one word.
#[derive(Clone)]
struct Bits {
    place: usize,
    left: u64,
}

impl Bits {
    fn take(&mut self, bit: u32) -> StateId {
        self.left &= !(1 << bit);
        StateId(u32::try_from(self.place * 64).unwrap_or(u32::MAX) + bit)
    }
}

impl Iterator for Bits {
    type Item = StateId;

    fn next(&mut self) -> Option<StateId> {
        (self.left != 0).then(|| self.take(self.left.trailing_zeros()))
    }
}

impl DoubleEndedIterator for Bits {
    fn next_back(&mut self) -> Option<StateId> {
        (self.left != 0).then(|| self.take(63 - self.left.leading_zeros()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// Whatever is put in and taken out, it is the set of the standard library.
        #[test]
        fn is_an_ordered_set(changes in prop::collection::vec((any::<bool>(), 0_u32..200), 0..60)) {
            let (mut set, mut wanted) = (StateSet::default(), BTreeSet::new());
            for (is_put_in, id) in changes {
                let id = StateId(id);
                if is_put_in {
                    prop_assert_eq!(set.insert(id), wanted.insert(id));
                } else {
                    set.remove(id);
                    wanted.remove(&id);
                }
                prop_assert_eq!(set.contains(id), wanted.contains(&id));
            }
            prop_assert!(set.iter().eq(wanted.iter().copied()));
            prop_assert!(set.iter().rev().eq(wanted.iter().rev().copied()));
            prop_assert_eq!(set.is_empty(), wanted.is_empty());
            let mut again = StateSet::default();
            again.extend(wanted);
            prop_assert_eq!(again, set);
        }
    }
}
