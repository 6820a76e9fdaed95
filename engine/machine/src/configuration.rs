//! Configurations: the set of active states, its stored form (paths of the leaves) and its XState value.

use crate::{run::Failure, state_set::StateSet};
use serde_json::{Map, Value};
use workflows::chart::{Chart, Kind, StateId};

/// The full configuration of the stored leaves. Fails when it is not legal in this chart: a leaf that does not exist, two
/// children of one compound state, a region without an active state.
pub(crate) fn load(chart: &Chart, leaves: &[String]) -> Result<StateSet, Failure> {
    let mut active = StateSet::default();
    for path in leaves {
        let Some(id) = chart.at(path) else {
            let message = format!("the state `{path}` does not exist in this version");
            return Err(Failure::new("configuration", message));
        };
        active.insert(id);
        active.extend(chart.ancestors(id));
    }
    for id in active.iter() {
        let state = chart.state(id);
        let children = state.children.iter().filter(|child| active.contains(**child)).count();
        let is_legal = match state.kind {
            Kind::Compound => children == 1,
            Kind::Parallel => children == regions(chart, id).count(),
            Kind::Atomic | Kind::Final => true,
            Kind::History { .. } => false,
        };
        if !is_legal {
            let name = if state.path.is_empty() { &state.key } else { &state.path };
            let message = format!("`{name}` cannot be active like this in this version");
            return Err(Failure::new("configuration", message));
        }
    }
    Ok(active)
}

/// The stored form: paths of the active leaves in document order.
pub(crate) fn store(chart: &Chart, active: &StateSet) -> Vec<String> {
    leaves(chart, active).map(|id| chart.state(id).path.clone()).collect()
}

/// Active atomic and final states, in document order (SCXML "atomic states").
pub(crate) fn leaves<'a>(
    chart: &'a Chart,
    active: &'a StateSet,
) -> impl Iterator<Item = StateId> + 'a {
    active.iter().filter(|id| is_leaf(chart, *id))
}

pub(crate) fn is_leaf(chart: &Chart, id: StateId) -> bool {
    matches!(chart.state(id).kind, Kind::Atomic | Kind::Final)
}

/// Children of a parallel state that count as regions.
pub(crate) fn regions(chart: &Chart, parallel: StateId) -> impl Iterator<Item = StateId> + '_ {
    let children = chart.state(parallel).children.iter().copied();
    children.filter(|child| !matches!(chart.state(*child).kind, Kind::History { .. }))
}

/// The XState state value of stored leaves: `"a"`, `{"a": "b"}`, `{"p": {"r1": "x", "r2": {}}}`.
pub fn state_value(chart: &Chart, leaves: &[String]) -> Value {
    match load(chart, leaves) {
        Ok(active) if !active.is_empty() => value_of(chart, StateId::ROOT, &active),
        _ => Value::Object(Map::new()),
    }
}

fn value_of(chart: &Chart, id: StateId, active: &StateSet) -> Value {
    let state = chart.state(id);
    let children: Vec<_> = state.children.iter().copied().filter(|c| active.contains(*c)).collect();
    if let (Kind::Compound, [only]) = (&state.kind, children.as_slice()) {
        let child = chart.state(*only);
        if is_leaf(chart, *only) {
            return Value::String(child.key.clone());
        }
    }
    let members =
        children.into_iter().map(|c| (chart.state(c).key.clone(), value_of(chart, c, active)));
    Value::Object(members.collect())
}
