//! Which states a transition leaves and enters, as far as that can be told without running it (SCXML's transition domain
//! and entry set, with XState's readings of them).

use crate::chart::{Chart, Kind, StateId, Transition};

/// Where a transition takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Domain {
    /// Nothing is left or entered.
    Nowhere,
    /// The children of the source are left, the source is not.
    Within,
    /// The source and everything around it up to this state, which stays.
    Below(StateId),
    /// Everything, the machine itself included.
    All,
}

/// What a transition from `source` leaves.
pub(super) fn domain(chart: &Chart, source: StateId, transition: &Transition) -> Domain {
    let targets = &transition.targets;
    let is_inside = |target: &StateId| *target == source || chart.is_descendant(*target, source);
    let Some(first) = targets.first() else { return Domain::Nowhere };
    if !transition.reenter && targets.iter().all(is_inside) {
        let is_leaf = chart.state(source).children.is_empty();
        return if is_leaf { Domain::Nowhere } else { Domain::Within };
    }
    let is_around = |around: StateId| {
        let others = targets[1..].iter().chain([&source]);
        others.clone().all(|other| chart.is_descendant(*other, around))
    };
    match chart.ancestors(*first).find(|ancestor| is_around(*ancestor)) {
        Some(ancestor) => Domain::Below(ancestor),
        None if transition.reenter => Domain::All,
        None => Domain::Below(StateId::ROOT),
    }
}

/// One state that is entered on the way to a target.
#[derive(Debug)]
pub(super) struct Passed {
    pub(super) state: StateId,
    /// Its regions that no target lies in, which begin where they begin.
    pub(super) beside: Vec<StateId>,
}

/// The way from a state that is active to a target below it.
#[derive(Debug)]
pub(super) struct Route {
    /// Other regions of the state it begins in.
    pub(super) beside: Vec<StateId>,
    /// States between, outermost first.
    pub(super) passed: Vec<Passed>,
    pub(super) target: StateId,
}

/// The way from `from` (not entered; `None`: the machine itself is entered too) to each target.
pub(super) fn routes(chart: &Chart, from: Option<StateId>, targets: &[StateId]) -> Vec<Route> {
    let beside = |state: StateId| -> Vec<StateId> {
        if chart.state(state).kind != Kind::Parallel {
            return Vec::new();
        }
        let is_free = |region: &StateId| {
            !targets.iter().any(|t| t == region || chart.is_descendant(*t, *region))
        };
        regions(chart, state).filter(is_free).collect()
    };
    let route = |target: &StateId| {
        let between = chart.ancestors(*target).take_while(|state| Some(*state) != from);
        let mut between: Vec<StateId> = between.collect();
        between.reverse();
        let passed =
            between.into_iter().map(|state| Passed { state, beside: beside(state) }).collect();
        let beside = from.filter(|from| from != target).map_or_else(Vec::new, beside);
        Route { beside, passed, target: *target }
    };
    targets.iter().map(route).collect()
}

/// The regions of a parallel state.
pub(super) fn regions(chart: &Chart, parallel: StateId) -> impl Iterator<Item = StateId> + '_ {
    let children = chart.state(parallel).children.iter().copied();
    children.filter(|child| !is_history(chart, *child))
}

pub(super) fn is_history(chart: &Chart, state: StateId) -> bool {
    matches!(chart.state(state).kind, Kind::History { .. })
}

/// Whether a transition is for the event that says that its own state is done.
pub(super) fn is_done_of(chart: &Chart, state: StateId, transition: &Transition) -> bool {
    match &transition.event {
        Some(crate::chart::Descriptor::Exact(name)) => {
            name.strip_prefix("xstate.done.state.") == Some(chart.state(state).id.as_str())
        }
        _ => false,
    }
}
