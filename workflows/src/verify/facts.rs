//! What is known of every variable at one place: whether it may be unset there, and whether it may be set.
//!
//! Two bits for each variable, both of which only ever grow when ways meet, so that a walk along all ways comes to rest.

use std::ops::Range;

const WORD: u32 = u64::BITS;

/// Facts that hold at one place, over all ways that lead there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    /// The bits of "may be unset", then those of "may be set".
    words: Vec<u64>,
}

impl Facts {
    /// Nothing has been set.
    pub(super) fn unset(n_cells: u32) -> Self {
        let mut facts = Self { words: vec![0; 2 * n_cells.div_ceil(WORD) as usize] };
        let half = facts.words.len() / 2;
        facts.words[..half].fill(u64::MAX);
        facts
    }

    /// No way leads here.
    pub(super) fn nowhere(n_cells: u32) -> Self {
        Self { words: vec![0; 2 * n_cells.div_ceil(WORD) as usize] }
    }

    /// Words that one operation touches.
    pub(super) fn n_words(&self) -> usize {
        self.words.len()
    }

    /// These variables have a value from here on.
    pub(super) fn set(&mut self, cells: &Range<u32>) {
        let half = self.words.len() / 2;
        let (unset, set) = self.words.split_at_mut(half);
        for_words(cells, |word, mask| {
            unset[word] &= !mask;
            set[word] |= mask;
        });
    }

    /// These variables may have a value from here on.
    pub(super) fn may_set(&mut self, cells: &Range<u32>) {
        let half = self.words.len() / 2;
        let set = &mut self.words[half..];
        for_words(cells, |word, mask| set[word] |= mask);
    }

    /// These variables surely have a value here, wherever it was given to them.
    pub(super) fn know(&mut self, cells: &Range<u32>) {
        for_words(cells, |word, mask| self.words[word] &= !mask);
    }

    /// Another way leads here too. Whether that is news.
    pub(super) fn join(&mut self, other: &Self) -> bool {
        let mut is_news = false;
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            is_news |= *theirs & !*mine != 0;
            *mine |= theirs;
        }
        is_news
    }

    /// What may be set on another way may be set here too; what that way leaves unset is not asked. Whether that is news.
    pub(super) fn join_set(&mut self, other: &Self) -> bool {
        let half = self.words.len() / 2;
        let mut is_news = false;
        for (mine, theirs) in self.words[half..].iter_mut().zip(&other.words[half..]) {
            is_news |= *theirs & !*mine != 0;
            *mine |= theirs;
        }
        is_news
    }

    /// Both hold at the same time.
    pub(super) fn meet(&mut self, other: &Self) {
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            *mine &= theirs;
        }
    }

    /// Takes the facts of the other away.
    pub(super) fn without(&mut self, other: &Self) {
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            *mine &= !theirs;
        }
    }

    pub(super) fn may_be_unset(&self, cell: u32) -> bool {
        self.words[(cell / WORD) as usize] >> (cell % WORD) & 1 == 1
    }

    pub(super) fn may_be_set(&self, cell: u32) -> bool {
        let half = self.words.len() / 2;
        self.words[half + (cell / WORD) as usize] >> (cell % WORD) & 1 == 1
    }
}

/// Each word that holds some of the cells, with the bits of these.
fn for_words(cells: &Range<u32>, mut act: impl FnMut(usize, u64)) {
    let mut at = cells.start;
    while at < cells.end {
        let word = at / WORD;
        let end = cells.end.min((word + 1) * WORD);
        let ones = u64::MAX >> (WORD - (end - at));
        act(word as usize, ones << (at % WORD));
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_any_place() {
        for cells in [0..1, 0..64, 63..65, 5..130, 128..200, 7..7] {
            let mut facts = Facts::unset(200);
            facts.set(&cells);
            for cell in 0..200 {
                assert_eq!(facts.may_be_set(cell), cells.contains(&cell), "{cells:?} {cell}");
                assert_eq!(facts.may_be_unset(cell), !cells.contains(&cell), "{cells:?} {cell}");
            }
        }
    }

    #[test]
    fn ways_meet() {
        let (mut one, mut other) = (Facts::unset(3), Facts::unset(3));
        one.set(&(0..2));
        other.set(&(1..3));
        let mut both = one.clone();
        assert!(both.join(&other) && !both.join(&other));
        assert!(both.may_be_unset(0) && !both.may_be_unset(1) && both.may_be_set(2));
        one.meet(&other);
        assert!(!one.may_be_unset(0) && one.may_be_set(1) && !one.may_be_set(0));
    }
}
