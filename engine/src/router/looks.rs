//! Where a look at what is not routed begins. What was routed stays in the index until it is vacuumed, and while somebody holds a
//! snapshot that may be for hours: a look from the beginning goes past all of it (150 ms after two minutes of fifty conversations a
//! second), so few do.
//!
//! **Invariant:** a look leaves out only what lay before the end of a look from the beginning that is [`SETTLED`] old. A message has its
//! id before it is committed; one that is committed later than that is found by the next look from the beginning.

use crate::{polling, shards::ShardSet};
use std::{collections::VecDeque, time::Duration};
use tokio::time::Instant;

/// How often one begins at the beginning, at most.
const WHOLE: Duration = Duration::from_secs(3);
/// Longest from an id to its commit. A webhook is one statement of a few milliseconds.
const SETTLED: Duration = Duration::from_secs(5);

/// The looks of a router.
#[derive(Debug, Default)]
pub(super) struct Looks {
    owned: ShardSet,
    /// When the last one from the beginning began.
    whole_at: Option<Instant>,
    /// How long the statements of that took.
    whole_took: Duration,
    /// Those from the beginning that ended well: when they ended, and up to which id everything was routed after them. The first is
    /// the newest that is settled, if one is.
    whole: VecDeque<(Instant, i64)>,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// It reads what has a greater id.
    pub(super) after: i64,
    /// What its statements took.
    pub(super) took: Duration,
    is_whole: bool,
}

impl Looks {
    /// The next one, for these shards. From the beginning if that was long ago, or was for others.
    pub(super) fn next(&mut self, owned: ShardSet, at: Instant) -> Look {
        if self.owned != owned {
            *self = Self { owned, ..Self::default() };
        }
        let apart = polling::apart(WHOLE, self.whole_took);
        let is_whole = self.whole_at.is_none_or(|whole_at| at.duration_since(whole_at) >= apart);
        if is_whole {
            self.whole_at = Some(at);
        }
        let is_settled = |look: &(Instant, i64)| at.duration_since(look.0) >= SETTLED;
        while self.whole.get(1).is_some_and(is_settled) {
            self.whole.pop_front();
        }
        let settled = self.whole.front().filter(|look| is_settled(look) && !is_whole);
        Look { after: settled.map_or(0, |look| look.1), took: Duration::ZERO, is_whole }
    }

    /// It saw everything up to `seen`, and routed what does not wait; the first that waits. One that failed is not told.
    pub(super) fn ended(&mut self, look: Look, at: Instant, seen: i64, waits: Option<i64>) {
        if !look.is_whole {
            return;
        }
        self.whole_took = look.took;
        let before = self.whole.back().map_or(0, |look| look.1);
        let routed = waits.map_or_else(|| seen.max(before), |first| first - 1);
        // What waits is seen by every look, however late it was committed.
        self.whole.iter_mut().for_each(|look| look.1 = look.1.min(routed));
        self.whole.push_back((at, routed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_begin_at_the_beginning() {
        let begin = Instant::now();
        let (ours, others) = (ShardSet::ALL, ShardSet::from_iter([1]));
        // When, for which shards, where it begins; what it saw (nothing: it failed), and what waits.
        let script = [
            (0, ours, 0, Some((70, None))),
            (10, ours, 0, Some((80, None))),
            (3_000, ours, 0, Some((100, None))),
            (4_990, ours, 0, Some((105, None))),
            (5_010, ours, 70, Some((110, None))),
            (6_000, ours, 0, Some((130, None))),
            (6_010, ours, 70, Some((140, None))),
            (8_010, ours, 100, Some((145, None))),
            // Somebody waits whose message came late.
            (9_000, ours, 0, Some((150, Some(90)))),
            (9_010, ours, 89, Some((160, None))),
            // There was nothing to be seen.
            (12_000, ours, 0, Some((0, None))),
            (14_990, ours, 89, None),
            (15_010, ours, 0, Some((300, None))),
            (18_020, ours, 0, None),
            (20_020, ours, 300, None),
            (20_030, others, 0, Some((320, None))),
            (20_040, others, 0, Some((330, None))),
        ];
        let mut looks = Looks::default();
        for (ms, owned, after, ended) in script {
            let at = begin + Duration::from_millis(ms);
            let look = looks.next(owned, at);
            assert_eq!(look.after, after, "{ms}");
            if let Some((seen, waits)) = ended {
                looks.ended(look, at + Duration::from_millis(2), seen, waits);
            }
        }
    }

    #[test]
    fn those_from_the_beginning_are_farther_apart_when_they_take_long() {
        let begin = Instant::now();
        let mut looks = Looks::default();
        for (ms, took_ms, is_whole) in
            [(0, 500, true), (3_000, 0, false), (4_500, 5, true), (7_500, 0, true)]
        {
            let at = begin + Duration::from_millis(ms);
            let mut look = looks.next(ShardSet::ALL, at);
            assert_eq!(look.is_whole, is_whole, "{ms}");
            look.took = Duration::from_millis(took_ms);
            looks.ended(look, at, 70, None);
        }
    }
}
