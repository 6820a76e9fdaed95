//! Which moment of the life of a state can follow which: entered, active, done. All of them together are the graph that
//! reachability is read from and that facts are carried along.
//!
//! **Invariant:** every way an instance can go is in the graph; the graph may have ways that no instance goes, where
//! conditions exclude each other.

use super::route::{Domain, Route, domain, is_done_of, is_history, regions, routes};
use crate::chart::{Chart, Descriptor, Guard, Kind, State, StateId, Transition};
use std::collections::HashSet;

/// A moment, as a number: each state has three.
pub(super) type Moment = usize;

/// The graph, by moment.
#[derive(Debug)]
pub(super) struct Ways {
    n_states: usize,
    /// Moments in an order in which, but for loops, each comes after those that lead to it.
    pub(super) order: Vec<Moment>,
    is_reached: Vec<bool>,
    /// States whose done event may come late, when the state has been entered anew.
    is_late: Vec<bool>,
    open: Vec<Open>,
}

impl Ways {
    pub(super) fn of(chart: &Chart) -> Self {
        Self::by(chart, chart.states.iter().map(Open::of).collect())
    }

    /// As if every transition could be taken, also those that are told of because they cannot.
    pub(super) fn drawn(chart: &Chart) -> Self {
        Self::by(chart, chart.states.iter().map(Open::all).collect())
    }

    fn by(chart: &Chart, open: Vec<Open>) -> Self {
        let n_states = chart.states.len();
        let mut ways = Self {
            n_states,
            order: Vec::new(),
            is_reached: vec![false; 3 * n_states],
            is_late: super::late::late(chart),
            open,
        };
        ways.walk(chart);
        ways
    }

    pub(super) fn entered(state: StateId) -> Moment {
        state.index()
    }

    pub(super) fn active(&self, state: StateId) -> Moment {
        self.n_states + state.index()
    }

    pub(super) fn done(&self, state: StateId) -> Moment {
        2 * self.n_states + state.index()
    }

    /// The state of a moment, and which of its three moments it is.
    pub(super) fn split(&self, moment: Moment) -> (StateId, usize) {
        let state = u32::try_from(moment % self.n_states).unwrap_or(u32::MAX);
        (StateId(state), moment / self.n_states)
    }

    pub(super) fn is_reached(&self, state: StateId) -> bool {
        self.is_reached[Self::entered(state)] || self.is_reached[self.active(state)]
    }

    pub(super) fn open(&self, state: StateId) -> &Open {
        &self.open[state.index()]
    }

    /// Every transition of a state that may be taken.
    pub(super) fn takable<'c>(
        &self,
        chart: &'c Chart,
        state: StateId,
    ) -> impl Iterator<Item = &'c Transition> {
        let (of, open) = (chart.state(state), &self.open[state.index()]);
        let on = open.on.iter().map(|index| &of.on[*index]);
        on.chain(open.always.iter().map(|index| &of.always[*index])).collect::<Vec<_>>().into_iter()
    }

    /// Whether the state can be done.
    pub(super) fn can_be_done(&self, state: StateId) -> bool {
        self.is_reached[self.done(state)]
    }

    /// Whether the event that tells that a state is done may meet it when it has been entered anew.
    pub(super) fn is_late(&self, state: StateId) -> bool {
        self.is_late[state.index()]
    }

    /// Depth first, without recursion: a chart may be one long chain.
    fn walk(&mut self, chart: &Chart) {
        let mut regions_done: Vec<usize> = vec![0; self.n_states];
        let mut open: Vec<(Moment, Vec<Moment>)> = Vec::new();
        let start = Self::entered(StateId::ROOT);
        self.is_reached[start] = true;
        open.push((start, self.next(chart, start)));
        while let Some((moment, next)) = open.last_mut() {
            let Some(to) = next.pop() else {
                self.order.push(*moment);
                open.pop();
                continue;
            };
            if self.is_reached[to] {
                continue;
            }
            let (state, which) = self.split(to);
            // A parallel state is done when every region is.
            if which == 2 && chart.state(state).kind == Kind::Parallel {
                regions_done[state.index()] += 1;
                if regions_done[state.index()] < regions(chart, state).count() {
                    continue;
                }
            }
            self.is_reached[to] = true;
            open.push((to, self.next(chart, to)));
        }
        self.order.reverse();
    }

    /// The moments that can follow one.
    pub(super) fn next(&self, chart: &Chart, moment: Moment) -> Vec<Moment> {
        let (state, which) = self.split(moment);
        match which {
            0 => self.after_entry(chart, state),
            1 => self.while_active(chart, state),
            _ => self.when_done(chart, state),
        }
    }

    fn after_entry(&self, chart: &Chart, state: StateId) -> Vec<Moment> {
        let of = chart.state(state);
        match of.kind {
            Kind::Atomic => vec![self.active(state)],
            Kind::Final => {
                let parent = of.parent.filter(|p| chart.state(*p).kind == Kind::Compound);
                let done = parent.map(|parent| self.done(parent));
                let own = chart
                    .state(state)
                    .parent
                    .is_some_and(|parent| chart.state(parent).kind == Kind::Parallel);
                let own = own.then(|| self.done(state));
                [self.active(state)].into_iter().chain(done).chain(own).collect()
            }
            Kind::Parallel => regions(chart, state).map(Self::entered).collect(),
            Kind::Compound => {
                let first = of.initial.as_ref().and_then(|t| t.targets.first());
                let first = first.map_or(&[][..], std::slice::from_ref);
                let mut next = Vec::new();
                self.enter(chart, &routes(chart, Some(state), first), &mut next);
                next
            }
            Kind::History { .. } => Vec::new(),
        }
    }

    fn while_active(&self, chart: &Chart, state: StateId) -> Vec<Moment> {
        let of = chart.state(state);
        let mut next: Vec<Moment> =
            of.parent.map(|parent| self.active(parent)).into_iter().collect();
        for transition in self.takable(chart, state) {
            if !is_done_of(chart, state, transition) {
                self.follow(chart, state, transition, &mut next);
            }
        }
        if self.is_late(state) {
            next.push(self.done(state));
        }
        next
    }

    fn when_done(&self, chart: &Chart, state: StateId) -> Vec<Moment> {
        let of = chart.state(state);
        let parallel = of.parent.filter(|parent| chart.state(*parent).kind == Kind::Parallel);
        let mut next: Vec<Moment> = parallel.map(|parent| self.done(parent)).into_iter().collect();
        for transition in self.takable(chart, state) {
            if is_done_of(chart, state, transition) {
                self.follow(chart, state, transition, &mut next);
            }
        }
        next
    }

    /// The moments that follow one without any event.
    pub(super) fn next_at_once(&self, chart: &Chart, moment: Moment) -> Vec<Moment> {
        let (state, which) = self.split(moment);
        match which {
            0 => self
                .after_entry(chart, state)
                .into_iter()
                .filter(|m| *m < 2 * self.n_states)
                .collect(),
            1 => {
                let of = chart.state(state);
                let mut next: Vec<Moment> = of.parent.map(|p| self.active(p)).into_iter().collect();
                for index in &self.open[state.index()].always {
                    self.follow(chart, state, &of.always[*index], &mut next);
                }
                next
            }
            _ => Vec::new(),
        }
    }

    /// The moments that a transition leads to.
    pub(super) fn follow(
        &self,
        chart: &Chart,
        source: StateId,
        by: &Transition,
        next: &mut Vec<Moment>,
    ) {
        let from = match domain(chart, source, by) {
            Domain::Nowhere => return,
            Domain::Within => Some(source),
            Domain::Below(around) => Some(around),
            Domain::All => None,
        };
        self.enter(chart, &routes(chart, from, &by.targets), next);
    }

    fn enter(&self, chart: &Chart, routes: &[Route], next: &mut Vec<Moment>) {
        for route in routes {
            next.extend(route.beside.iter().copied().map(Self::entered));
            for passed in &route.passed {
                next.push(self.active(passed.state));
                next.extend(passed.beside.iter().copied().map(Self::entered));
            }
            if !is_history(chart, route.target) {
                next.push(Self::entered(route.target));
                continue;
            }
            for (parent, target) in defaults(chart, route.target) {
                let routes = routes_of(chart, parent, target);
                self.enter(chart, &routes, next);
            }
        }
    }
}

/// Where a history state leads that remembers nothing: from its parent to each of its targets, histories followed.
pub(super) fn defaults(chart: &Chart, history: StateId) -> Vec<(StateId, StateId)> {
    let mut found = Vec::new();
    let mut seen = HashSet::from([history]);
    let mut work = vec![history];
    while let Some(history) = work.pop() {
        let of = chart.state(history);
        let Some(parent) = of.parent else { continue };
        for target in of.initial.iter().flat_map(|initial| &initial.targets) {
            if !is_history(chart, *target) {
                found.push((parent, *target));
            } else if seen.insert(*target) {
                work.push(*target);
            }
        }
    }
    found
}

/// The way from a history's parent to a default of it.
pub(super) fn routes_of(chart: &Chart, parent: StateId, target: StateId) -> Vec<Route> {
    match chart.is_descendant(target, parent) {
        true => routes(chart, Some(parent), &[target]),
        false => routes(chart, Some(StateId::ROOT), &[target]),
    }
}

/// The transitions of a state that may be taken, by index: not those whose condition can never hold, nor those behind one
/// that always does.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) on: Vec<usize>,
    pub(super) always: Vec<usize>,
}

impl Open {
    fn of(state: &State) -> Self {
        Self { on: open(&state.on), always: open(&state.always) }
    }

    fn all(state: &State) -> Self {
        Self { on: (0..state.on.len()).collect(), always: (0..state.always.len()).collect() }
    }
}

fn open(transitions: &[Transition]) -> Vec<usize> {
    let mut certain: HashSet<Option<&Descriptor>> = HashSet::new();
    let mut open = Vec::new();
    for (index, transition) in transitions.iter().enumerate() {
        if certain.contains(&transition.event.as_ref()) {
            continue;
        }
        match transition.guard.as_ref().map_or(Some(true), constant) {
            Some(false) => continue,
            Some(true) => {
                certain.insert(transition.event.as_ref());
            }
            None => {}
        }
        open.push(index);
    }
    open
}

/// What a condition is, if it is the same always.
pub(super) fn constant(guard: &Guard) -> Option<bool> {
    match guard {
        Guard::Expression(expression, _) => expression.constant(),
        Guard::InState(_) => None,
        Guard::And(parts) => fold(parts, false),
        Guard::Or(parts) => fold(parts, true),
        Guard::Not(part) => constant(part).map(|truth| !truth),
        Guard::With { guard, .. } => constant(guard),
    }
}

/// `deciding` if one of the parts is; the opposite if all of them are that.
fn fold(parts: &[Guard], deciding: bool) -> Option<bool> {
    let parts = parts.iter().map(constant);
    let mut result = Some(!deciding);
    for part in parts {
        match part {
            Some(truth) if truth == deciding => return Some(deciding),
            Some(_) => {}
            None => result = None,
        }
    }
    result
}
