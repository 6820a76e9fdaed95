//! What happens beside a region of a parallel state: all that the other regions may set while it is active.

use super::{assigned::sets, facts::Facts, route::regions, script::Scripts};
use crate::chart::{Chart, Kind, StateId};
use std::collections::HashMap;

/// For each region, what the other regions of its state may set.
pub(super) fn beside(chart: &Chart, scripts: &Scripts<'_>) -> HashMap<StateId, Facts> {
    let n_cells = scripts.variables.n_cells();
    let mut found = HashMap::new();
    for (id, state) in (0..).map(StateId).zip(&chart.states) {
        if state.kind != Kind::Parallel {
            continue;
        }
        let (mut any, mut many) = (Facts::nowhere(n_cells), Facts::nowhere(n_cells));
        let own: Vec<(StateId, Facts)> =
            regions(chart, id).map(|region| (region, all_sets(chart, scripts, region))).collect();
        for (_, sets) in &own {
            let mut again = any.clone();
            again.meet(sets);
            many.join(&again);
            any.join(sets);
        }
        for (region, sets) in own {
            let mut others = any.clone();
            others.without(&sets);
            others.join(&many);
            found.insert(region, others);
        }
    }
    found
}

/// All that anything inside a state may set.
fn all_sets(chart: &Chart, scripts: &Scripts<'_>, state: StateId) -> Facts {
    let mut all = Facts::nowhere(scripts.variables.n_cells());
    for inside in (state.0..chart.state(state).end).map(StateId) {
        let of = &scripts.states[inside.index()];
        let transitions = of.on.iter().chain(&of.always).map(|of| &of.actions);
        let lists = [&of.entry, &of.initial, &of.exit].into_iter().chain(transitions);
        lists.flat_map(sets).for_each(|range| all.may_set(range));
    }
    all
}
