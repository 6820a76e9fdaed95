//! Shows one way on which a variable stays unset.

use super::{Subject, assigned::Assigned, facts::Facts, ways::Ways};
use crate::chart::StateId;
use std::collections::VecDeque;

/// Names that are shown at each end of a long way.
const NAMED_MAX: usize = 4;

pub(super) struct Witness<'w, 'c> {
    subject: &'w Subject<'c>,
    ways: &'w Ways,
    assigned: &'w Assigned,
}

impl<'w, 'c> Witness<'w, 'c> {
    pub(super) fn new(subject: &'w Subject<'c>, ways: &'w Ways, assigned: &'w Assigned) -> Self {
        Self { subject, ways, assigned }
    }

    /// `a`, `b`, `c`: a shortest way from the beginning to a moment on which the variable may stay unset.
    pub(super) fn way(&self, cell: u32, to: usize) -> Option<String> {
        let chart = self.subject.chart;
        let start = Ways::entered(StateId::ROOT);
        let mut from: Vec<Option<usize>> = vec![None; 3 * chart.states.len()];
        let mut work = VecDeque::from([start]);
        while let Some(moment) = work.pop_front() {
            if moment == to {
                return self.names(to, &from);
            }
            for next in self.ways.next(chart, moment) {
                if next != start && from[next].is_none() && self.is_unset(next, cell) {
                    from[next] = Some(moment);
                    work.push_back(next);
                }
            }
        }
        None
    }

    fn is_unset(&self, moment: usize, cell: u32) -> bool {
        let (state, which) = self.ways.split(moment);
        let is_unset = |facts: Option<&Facts>| facts.is_some_and(|facts| facts.may_be_unset(cell));
        match which {
            0 => is_unset(self.assigned.before_default(state)),
            1 => is_unset(self.assigned.active(state)),
            _ => is_unset(self.assigned.done(state)),
        }
    }

    fn names(&self, to: usize, from: &[Option<usize>]) -> Option<String> {
        let moments = std::iter::successors(Some(to), |moment| from[*moment]);
        let mut names: Vec<String> = moments
            .map(|moment| self.ways.split(moment).0)
            .filter(|state| self.subject.chart.state(*state).children.is_empty())
            .filter_map(|state| self.subject.name(state))
            .collect();
        names.dedup();
        names.reverse();
        let n_names = names.len();
        let shown = (names.into_iter().enumerate())
            .filter(|(place, _)| *place < NAMED_MAX || place + NAMED_MAX >= n_names)
            .map(|(place, name)| match place + NAMED_MAX == n_names && n_names > 2 * NAMED_MAX {
                true => format!("…, `{name}`"),
                false => format!("`{name}`"),
            });
        let shown: Vec<String> = shown.collect();
        (!shown.is_empty()).then(|| shown.join(", "))
    }
}
