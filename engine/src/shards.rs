//! Which shards this process owns.
//!
//! **Invariant:** only the keeper of the lease ([`crate::owner::lease`]) adds and removes; everybody else asks.
//! **Invariant:** being wrong about it does no harm: every turn is a compare-and-set, every settlement names its fence.

use crate::limits::SHARDS;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Words of 64 shards.
const WORDS: usize = SHARDS as usize / 64;

/// A set of shards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ShardSet([u64; WORDS]);

impl ShardSet {
    /// All of them.
    pub(crate) const ALL: Self = Self([u64::MAX; WORDS]);

    pub(crate) fn contains(&self, shard: i16) -> bool {
        let (word, bit) = place(shard);
        self.0[word] & bit != 0
    }

    pub(crate) fn insert(&mut self, shard: i16) {
        let (word, bit) = place(shard);
        self.0[word] |= bit;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & !b)
    }

    pub(crate) fn meets(&self, other: &Self) -> bool {
        !self.both(other).is_empty()
    }

    /// Those that are in both.
    pub(crate) fn both(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & b)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        *self = self.with(other, |a, b| a | b);
    }

    fn with(&self, other: &Self, join: impl Fn(u64, u64) -> u64) -> Self {
        let mut words = self.0;
        words.iter_mut().zip(other.0).for_each(|(word, other)| *word = join(*word, other));
        Self(words)
    }

    /// In their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = i16> + '_ {
        (0..SHARDS).filter(|shard| self.contains(*shard))
    }

    /// As statements take them; `None` stands for all, so that a process that owns all filters nothing.
    pub(crate) fn filter(&self) -> Option<Vec<i16>> {
        (*self != Self::ALL).then(|| self.iter().collect())
    }

    /// Sixteen digits per word.
    pub(crate) fn to_hex(self) -> String {
        self.0.iter().map(|word| format!("{word:016x}")).collect()
    }

    /// What [`to_hex`](Self::to_hex) made.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let mut words = [0; WORDS];
        if text.len() != WORDS * 16 || !text.is_ascii() {
            return None;
        }
        for (word, digits) in words.iter_mut().zip(text.as_bytes().chunks(16)) {
            *word = u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(words))
    }
}

impl FromIterator<i16> for ShardSet {
    fn from_iter<I: IntoIterator<Item = i16>>(shards: I) -> Self {
        let mut set = Self::default();
        shards.into_iter().for_each(|shard| set.insert(shard));
        set
    }
}

fn place(shard: i16) -> (usize, u64) {
    let shard = usize::from(shard.rem_euclid(SHARDS).unsigned_abs());
    (shard / 64, 1 << (shard % 64))
}

/// The shards of this process, shared by its tasks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shards(Arc<Sets>);

#[derive(Debug, Default)]
struct Sets {
    owned: [AtomicU64; WORDS],
    /// Being handed over: nothing new is begun for them, what is under way is finished.
    leaving: [AtomicU64; WORDS],
}

impl Shards {
    /// Those for which something new may be begun.
    pub(crate) fn owned(&self) -> ShardSet {
        read(&self.0.owned)
    }

    /// Whether something new may be begun for this one.
    pub(crate) fn owns(&self, shard: i16) -> bool {
        has(&self.0.owned, shard)
    }

    /// Whether what is under way for this one may be finished here.
    pub(crate) fn settles(&self, shard: i16) -> bool {
        has(&self.0.owned, shard) || has(&self.0.leaving, shard)
    }

    /// They are ours from now on.
    pub(crate) fn add(&self, shards: &ShardSet) {
        change(&self.0.leaving, shards, |word, other| word & !other);
        change(&self.0.owned, shards, |word, other| word | other);
    }

    /// Nothing new for them from now on.
    pub(crate) fn leave(&self, shards: &ShardSet) {
        change(&self.0.leaving, shards, |word, other| word | other);
        change(&self.0.owned, shards, |word, other| word & !other);
    }

    /// They are not ours any more.
    pub(crate) fn lose(&self, shards: &ShardSet) {
        change(&self.0.owned, shards, |word, other| word & !other);
        change(&self.0.leaving, shards, |word, other| word & !other);
    }
}

fn read(words: &[AtomicU64; WORDS]) -> ShardSet {
    let mut set = ShardSet::default();
    set.0.iter_mut().zip(words).for_each(|(to, from)| *to = from.load(Ordering::SeqCst));
    set
}

fn has(words: &[AtomicU64; WORDS], shard: i16) -> bool {
    let (word, bit) = place(shard);
    words[word].load(Ordering::SeqCst) & bit != 0
}

fn change(words: &[AtomicU64; WORDS], shards: &ShardSet, join: impl Fn(u64, u64) -> u64) {
    for (word, other) in words.iter().zip(shards.0) {
        // Only the keeper writes, so nothing is lost between the two.
        word.store(join(word.load(Ordering::SeqCst), other), Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_goes_through_its_text() {
        for shards in [vec![], vec![0], vec![63, 64, 255], (0..SHARDS).collect()] {
            let set: ShardSet = shards.iter().copied().collect();
            assert_eq!(ShardSet::from_hex(&set.to_hex()), Some(set));
            assert_eq!((set.iter().collect::<Vec<_>>(), set.len()), (shards.clone(), shards.len()));
        }
        assert_eq!(ShardSet::from_hex("x"), None);
        assert_eq!(ShardSet::ALL.filter(), None);
    }

    #[test]
    fn a_shard_that_leaves_is_settled_and_not_begun() {
        let shards = Shards::default();
        let (both, one) = (ShardSet::from_iter([1, 2]), ShardSet::from_iter([2]));
        shards.add(&both);
        shards.leave(&one);
        assert_eq!((shards.owns(2), shards.settles(2), shards.owns(1)), (false, true, true));
        shards.lose(&one);
        assert!(!shards.settles(2));
        shards.add(&one);
        assert_eq!(shards.owned(), both);
    }
}
