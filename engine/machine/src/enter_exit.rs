//! Exit set, entry set, transition domain and history, with SCXML's names and XState's readings of them.

use crate::{
    configuration::{is_leaf, regions},
    run::Run,
    select::Selected,
    state_set::StateSet,
};
use std::borrow::Cow;
use workflows::chart::{Chart, Kind, StateId};

/// The states a set of transitions exits (SCXML `computeExitSet`).
pub(crate) fn exit_set(run: &Run<'_>, transitions: &[Selected<'_>]) -> StateSet {
    let mut exits = StateSet::default();
    for selected in transitions.iter().filter(|s| !s.transition.targets.is_empty()) {
        match transition_domain(run, selected) {
            // Only a re-entering transition of the root has no domain: it leaves everything.
            None => exits.extend(run.active.iter()),
            Some(domain) => {
                if selected.transition.reenter && selected.source == domain {
                    exits.insert(domain);
                }
                exits.extend(run.active.iter().filter(|id| run.chart.is_descendant(*id, domain)));
            }
        }
    }
    exits
}

/// The compound or parallel state inside which a transition takes place (SCXML `getTransitionDomain`).
fn transition_domain(run: &Run<'_>, selected: &Selected<'_>) -> Option<StateId> {
    let chart = run.chart;
    let targets = effective_targets(run, &selected.transition.targets);
    let is_inside = |target: &StateId| {
        *target == selected.source || chart.is_descendant(*target, selected.source)
    };
    if !selected.transition.reenter && targets.iter().all(is_inside) {
        return Some(selected.source);
    }
    let mut others = targets.iter().copied().chain([selected.source]);
    let first = others.next().unwrap_or(selected.source);
    let common = chart
        .ancestors(first)
        .find(|ancestor| others.clone().all(|other| chart.is_descendant(other, *ancestor)));
    match common {
        Some(ancestor) => Some(ancestor),
        None if selected.transition.reenter => None,
        None => Some(StateId::ROOT),
    }
}

/// The targets with history states replaced by what they stand for (SCXML `getEffectiveTargetStates`).
fn effective_targets<'t>(run: &Run<'_>, targets: &'t [StateId]) -> Cow<'t, [StateId]> {
    let is_history = |id: &StateId| matches!(run.chart.state(*id).kind, Kind::History { .. });
    if !targets.iter().any(is_history) {
        return targets.into();
    }
    let mut effective = Vec::new();
    for target in targets {
        let state = run.chart.state(*target);
        if !is_history(target) {
            effective.push(*target);
        } else if let Some(remembered) = remembered(run, *target) {
            effective.extend(remembered);
        } else if let Some(default) = &state.initial {
            effective.extend(&*effective_targets(run, &default.targets));
        }
    }
    effective.into()
}

/// What a history state remembers; `None` if its parent was never left, or if the version has changed since.
fn remembered(run: &Run<'_>, history: StateId) -> Option<Vec<StateId>> {
    let paths = run.memo.history.get(&run.chart.state(history).path)?;
    paths.iter().map(|path| run.chart.at(path)).collect()
}

/// Writes down what the history children of the exited states will stand for.
pub(crate) fn record_history(run: &mut Run<'_>, exits: &StateSet) {
    let chart = run.chart;
    for exited in exits.iter() {
        for child in &chart.state(exited).children {
            let Kind::History { deep } = chart.state(*child).kind else { continue };
            let belongs = |id: &StateId| match deep {
                true => is_leaf(chart, *id) && chart.is_descendant(*id, exited),
                false => chart.state(*id).parent == Some(exited),
            };
            let paths = run.active.iter().filter(belongs).map(|id| chart.state(id).path.clone());
            let paths = paths.collect();
            run.memo_mut().history.insert(chart.state(*child).path.clone(), paths);
        }
    }
}

/// What is entered, and for which states the default entry (with its actions) is taken.
#[derive(Default)]
pub(crate) struct EntrySet {
    pub(crate) states: StateSet,
    pub(crate) by_default: StateSet,
}

/// The states a set of transitions enters (SCXML `computeEntrySet`).
pub(crate) fn entry_set(run: &Run<'_>, transitions: &[Selected<'_>]) -> EntrySet {
    let mut entry = EntrySet::default();
    for selected in transitions.iter().filter(|s| !s.transition.targets.is_empty()) {
        let domain = transition_domain(run, selected);
        if domain.is_some_and(|domain| !run.is_active(domain)) {
            // Another transition has left what this one would have stayed in, so there is nowhere to enter.
            continue;
        }
        for target in &selected.transition.targets {
            let is_history = matches!(run.chart.state(*target).kind, Kind::History { .. });
            // A target that is the source itself is entered only if the transition leaves it.
            let is_entered = *target != selected.source
                || domain != Some(selected.source)
                || selected.transition.reenter;
            if !is_history && is_entered {
                entry.states.insert(*target);
                entry.by_default.insert(*target);
            }
            add_descendants(run, *target, &mut entry);
        }
        let bound = if selected.source == StateId::ROOT && selected.transition.reenter {
            None
        } else {
            domain
        };
        for target in &*effective_targets(run, &selected.transition.targets) {
            add_ancestors(run, *target, domain, bound, &mut entry);
            if let Some(parallel) = domain.filter(|d| run.chart.state(*d).kind == Kind::Parallel) {
                add_regions(run, parallel, DefaultEntry::OfTheirStates, &mut entry);
            }
        }
    }
    entry
}

/// The whole machine from the start.
pub(crate) fn initial_entry_set(run: &Run<'_>) -> EntrySet {
    let mut entry = EntrySet::default();
    entry.states.insert(StateId::ROOT);
    entry.by_default.insert(StateId::ROOT);
    add_descendants(run, StateId::ROOT, &mut entry);
    entry
}

/// SCXML `addDescendantStatesToEnter`.
fn add_descendants(run: &Run<'_>, id: StateId, entry: &mut EntrySet) {
    let state = run.chart.state(id);
    match state.kind {
        Kind::History { .. } => add_history(run, id, entry),
        Kind::Compound => {
            let Some(initial) = state.initial.as_ref().and_then(|t| t.targets.first()) else {
                return;
            };
            if !matches!(run.chart.state(*initial).kind, Kind::History { .. }) {
                entry.states.insert(*initial);
                entry.by_default.insert(*initial);
            }
            add_descendants(run, *initial, entry);
            add_ancestors(run, *initial, Some(id), Some(id), entry);
        }
        Kind::Parallel => add_regions(run, id, DefaultEntry::OfTheRegions, entry),
        Kind::Atomic | Kind::Final => {}
    }
}

fn add_history(run: &Run<'_>, history: StateId, entry: &mut EntrySet) {
    let state = run.chart.state(history);
    let Some(parent) = state.parent else { return };
    let targets = match remembered(run, history) {
        Some(remembered) => remembered,
        None => {
            // Without a default of its own, the parent is entered as it enters itself, its initial actions included.
            let default = state.initial.as_ref();
            let parent_initial = run.chart.state(parent).initial.as_ref();
            if default.map(|t| &t.pointer) == parent_initial.map(|t| &t.pointer) {
                entry.by_default.insert(parent);
            }
            default.map(|t| t.targets.clone()).unwrap_or_default()
        }
    };
    for target in &targets {
        if !matches!(run.chart.state(*target).kind, Kind::History { .. }) {
            entry.states.insert(*target);
        }
        add_descendants(run, *target, entry);
    }
    for target in targets {
        add_ancestors(run, target, Some(parent), Some(parent), entry);
    }
}

/// SCXML `addAncestorStatesToEnter`: those below `until`, and the other regions of parallel ones among them. Only states
/// inside `bound` are entered anew.
fn add_ancestors(
    run: &Run<'_>,
    id: StateId,
    until: Option<StateId>,
    bound: Option<StateId>,
    entry: &mut EntrySet,
) {
    let chart = run.chart;
    if until == Some(id) {
        return;
    }
    for ancestor in chart.ancestors(id).take_while(|ancestor| Some(*ancestor) != until) {
        if bound.is_none_or(|bound| chart.is_descendant(ancestor, bound)) {
            entry.states.insert(ancestor);
        }
        if chart.state(ancestor).kind == Kind::Parallel {
            add_regions(run, ancestor, DefaultEntry::OfTheirStates, entry);
        }
    }
}

/// Whose initial actions are run when the regions of a parallel state are entered.
#[derive(Clone, Copy, PartialEq)]
enum DefaultEntry {
    /// The parallel state was the target: those of its regions.
    OfTheRegions,
    /// A state inside it was the target: not those of the other regions, only those of the states below them. SCXML
    /// would run both; XState does this.
    OfTheirStates,
}

/// Enters every region of a parallel state in which nothing is entered yet.
fn add_regions(run: &Run<'_>, parallel: StateId, default: DefaultEntry, entry: &mut EntrySet) {
    let chart: &Chart = run.chart;
    for region in regions(chart, parallel) {
        // A history state reached from inside enters its ancestors again; what was not left beside stays as it is.
        let is_entered = run.is_active(region)
            || entry.states.iter().any(|s| s == region || chart.is_descendant(s, region));
        if !is_entered {
            entry.states.insert(region);
            if default == DefaultEntry::OfTheRegions {
                entry.by_default.insert(region);
            }
            add_descendants(run, region, entry);
        }
    }
}
