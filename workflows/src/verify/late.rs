//! Whether the event that tells that a state is done may come late: when, between the moment a state is done and the moment
//! its event is looked at, something may leave it and enter it anew.
//!
//! Done events wait in a queue behind what was raised before, and eventless transitions go before it. So only those, and
//! transitions for events the machine raises itself, can come between.

use super::route::{Domain, domain, is_done_of};
use crate::chart::{Action, Chart, Descriptor, Kind, State, StateId, Transition};

/// By state.
pub(super) fn late(chart: &Chart) -> Vec<bool> {
    let raises = raises(chart);
    // How many more marked runs begin than end at each index.
    let mut edges = vec![0_i64; chart.states.len() + 1];
    for (id, state) in (0..).map(StateId).zip(&chart.states) {
        let internal = state.on.iter().filter(|t| raises || is_internal(t));
        let coming_between = internal.filter(|t| !is_done_of(chart, id, t));
        for transition in state.always.iter().chain(coming_between) {
            mark(chart, id, transition, &mut edges);
        }
    }
    let mut open = 0;
    edges[..chart.states.len()]
        .iter()
        .map(|edge| {
            open += edge;
            open > 0
        })
        .collect()
}

/// Marks every state that is active together with the source, and that the transition leaves, but what is below the source.
fn mark(chart: &Chart, source: StateId, transition: &Transition, edges: &mut [i64]) {
    let mut run = |from: u32, to: u32| {
        if from < to {
            edges[from as usize] += 1;
            edges[to as usize] -= 1;
        }
    };
    let stays = match domain(chart, source, transition) {
        Domain::Nowhere => return,
        Domain::Within => {
            return run(source.0, chart.state(source).end);
        }
        Domain::Below(around) => Some(around),
        Domain::All => None,
    };
    // The source, what is around it and, of parallel states around it, the other regions.
    let mut inside = source;
    run(source.0, chart.state(source).end);
    for around in chart.ancestors(source).take_while(|state| Some(*state) != stays) {
        beside(chart, around, inside, &mut run);
        inside = around;
    }
    if let Some(stays) = stays {
        beside(chart, stays, inside, &mut run);
    }
}

/// A parallel state and its regions but the one that something is inside of.
fn beside(chart: &Chart, around: StateId, inside: StateId, run: &mut impl FnMut(u32, u32)) {
    let (id, around) = (around, chart.state(around));
    // A compound state is done while a final child is active, and then nothing else in it is.
    if around.kind == Kind::Parallel {
        run(id.0, id.0 + 1);
        let own = around
            .children
            .iter()
            .find(|region| **region == inside || chart.is_descendant(inside, **region));
        if let (Some(own), Some(first)) = (own, around.children.first()) {
            run(first.0, own.0);
            run(chart.state(*own).end, around.end);
        }
    }
}

/// Whether the machine itself raises an event it may be for, without any action that says so.
fn is_internal(transition: &Transition) -> bool {
    match &transition.event {
        Some(Descriptor::Exact(name)) => name.starts_with("xstate.done."),
        Some(Descriptor::Prefix(prefix)) => {
            "xstate.done.".starts_with(prefix) || prefix.starts_with("xstate.done")
        }
        Some(Descriptor::Any) => true,
        None => false,
    }
}

/// Whether anything in the chart raises an event at once.
pub(super) fn raises(chart: &Chart) -> bool {
    chart.states.iter().any(any_raises)
}

/// Whether one of its actions raises an event at once.
fn any_raises(state: &State) -> bool {
    let transitions = state.on.iter().chain(&state.always).chain(&state.initial);
    let lists = transitions.map(|t| &t.actions).chain([&state.entry, &state.exit]);
    lists.into_iter().any(|actions| actions.iter().any(raises_now))
}

fn raises_now(action: &Action) -> bool {
    match action {
        Action::Raise { delay, .. } => delay.is_none(),
        Action::With { actions, .. } => actions.iter().any(raises_now),
        _ => false,
    }
}
