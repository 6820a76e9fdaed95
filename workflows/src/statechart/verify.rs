//! What can be said about a legal chart: states nobody reaches, states nobody leaves, loops that never wait.

use crate::{
    chart::{Chart, Guard, Kind, StateId, Transition},
    diagnostic::Diagnostic,
};

pub(super) fn verify(chart: &Chart, diagnostics: &mut Vec<Diagnostic>) {
    duplicate_invokes(chart, diagnostics);
    unreachable(chart, diagnostics);
    dead_ends(chart, diagnostics);
    eventless_loops(chart, diagnostics);
    shadowed(chart, diagnostics);
}

fn name(chart: &Chart, id: StateId) -> String {
    let state = chart.state(id);
    state.node.clone().unwrap_or_else(|| state.path.clone())
}

fn ids(chart: &Chart) -> impl Iterator<Item = StateId> {
    (0..u32::try_from(chart.states.len()).unwrap_or(u32::MAX)).map(StateId)
}

/// Results find their way back by invoke id, so an id is used once.
fn duplicate_invokes(chart: &Chart, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = std::collections::HashMap::new();
    for id in ids(chart) {
        for invoke in &chart.state(id).invokes {
            if let Some(other) = seen.insert(invoke.id.clone(), invoke.pointer.clone()) {
                let message =
                    format!("two invokes have the id `{}`; the other is at `{other}`", invoke.id);
                let error = Diagnostic::error("duplicate-id", &invoke.pointer, message);
                diagnostics.push(error.on(name(chart, id)));
            }
        }
    }
}

/// Everything that can become active when guards and events are anything.
fn unreachable(chart: &Chart, diagnostics: &mut Vec<Diagnostic>) {
    let mut reached = vec![false; chart.states.len()];
    let mut open = vec![StateId::ROOT];
    while let Some(id) = open.pop() {
        if std::mem::replace(&mut reached[id.index()], true) {
            continue;
        }
        let state = chart.state(id);
        open.extend(state.parent);
        match state.kind {
            Kind::Parallel => open.extend(&state.children),
            _ => open.extend(state.initial.iter().flat_map(|t| &t.targets)),
        }
        open.extend(state.on.iter().chain(&state.always).flat_map(|t| &t.targets));
    }
    for id in ids(chart).filter(|id| !reached[id.index()]) {
        let state = chart.state(id);
        let is_told_with_parent = state.parent.is_some_and(|parent| !reached[parent.index()]);
        // A history state that nothing targets is only dead weight.
        if is_told_with_parent || matches!(state.kind, Kind::History { .. }) {
            continue;
        }
        let message = format!("nothing leads to `{}`", name(chart, id));
        diagnostics.push(
            Diagnostic::warning("unreachable", &state.pointer, message)
                .on(name(chart, id))
                .help("draw a transition to it, or remove it"),
        );
    }
}

/// An atomic state from which neither it nor any ancestor has a way out.
fn dead_ends(chart: &Chart, diagnostics: &mut Vec<Diagnostic>) {
    for id in ids(chart) {
        let state = chart.state(id);
        if state.kind != Kind::Atomic {
            continue;
        }
        let leads_out = |s: StateId| {
            let state = chart.state(s);
            state.on.iter().chain(&state.always).any(|t| !t.targets.is_empty())
        };
        if !leads_out(id) && !chart.ancestors(id).any(leads_out) {
            let message = format!("nobody can ever leave `{}`", name(chart, id));
            diagnostics.push(
                Diagnostic::warning("dead-end", &state.pointer, message)
                    .on(name(chart, id))
                    .help("add a transition, or make it `\"type\": \"final\"`"),
            );
        }
    }
}

/// A cycle of unguarded eventless transitions between atomic states never comes to rest.
fn eventless_loops(chart: &Chart, diagnostics: &mut Vec<Diagnostic>) {
    let next = |id: StateId| -> Option<StateId> {
        let first = chart.state(id).always.first()?;
        let is_certain = first.guard.is_none() && first.targets.len() == 1;
        is_certain.then(|| rest(chart, first.targets[0]))
    };
    let mut settled = vec![false; chart.states.len()];
    for start in ids(chart) {
        let mut path = Vec::new();
        let mut at = Some(start);
        while let Some(id) = at.filter(|id| !settled[id.index()]) {
            if let Some(from) = path.iter().position(|seen| *seen == id) {
                report_loop(chart, &path[from..], diagnostics);
                break;
            }
            path.push(id);
            at = next(id);
        }
        for id in path {
            settled[id.index()] = true;
        }
    }
}

fn report_loop(chart: &Chart, states: &[StateId], diagnostics: &mut Vec<Diagnostic>) {
    let names: Vec<_> = states.iter().map(|id| format!("`{}`", name(chart, *id))).collect();
    diagnostics.push(
        Diagnostic::error(
            "eventless-loop",
            &chart.state(states[0]).pointer,
            format!(
                "{} lead to each other for ever without waiting for anything",
                names.join(", ")
            ),
        )
        .on(name(chart, states[0]))
        .help("put something that waits, or a condition that ends, into the loop"),
    );
}

/// Where a single-region entry comes to rest.
fn rest(chart: &Chart, mut id: StateId) -> StateId {
    while let (Kind::Compound, Some(initial)) = (&chart.state(id).kind, &chart.state(id).initial) {
        match initial.targets.first() {
            Some(target) => id = *target,
            None => break,
        }
    }
    id
}

/// A transition behind an unguarded one for the same event can never be taken.
fn shadowed(chart: &Chart, diagnostics: &mut Vec<Diagnostic>) {
    for id in ids(chart) {
        let state = chart.state(id);
        for (index, transition) in state.on.iter().enumerate() {
            let hides =
                |earlier: &&Transition| earlier.event == transition.event && is_certain(earlier);
            if state.on[..index].iter().any(|earlier| hides(&earlier)) {
                diagnostics.push(
                    Diagnostic::warning(
                        "shadowed",
                        &transition.pointer,
                        "an earlier transition without a condition is always taken instead",
                    )
                    .on(name(chart, id)),
                );
            }
        }
    }
}

fn is_certain(transition: &Transition) -> bool {
    match &transition.guard {
        None => true,
        Some(Guard::Expression(expression, None)) => expression.source().trim() == "true",
        Some(_) => false,
    }
}
