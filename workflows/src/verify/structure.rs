//! What can be said about a chart from its states and transitions alone: states nobody reaches, states nobody leaves,
//! transitions nobody takes, ends that are never announced.

use super::{
    route::{is_done_of, is_history, regions},
    ways::{Ways, constant},
};
use crate::{
    chart::{Chart, Descriptor, Kind, StateId, Transition},
    diagnostic::Diagnostic,
};
use std::collections::{HashMap, HashSet};

/// How people call a state here.
pub(super) fn name(chart: &Chart, id: StateId) -> String {
    let state = chart.state(id);
    state.node.clone().unwrap_or_else(|| state.path.clone())
}

pub(super) fn ids(chart: &Chart) -> impl Iterator<Item = StateId> + use<> {
    (0..u32::try_from(chart.states.len()).unwrap_or(u32::MAX)).map(StateId)
}

/// Results find their way back by invoke id, so an id is used once.
pub(super) fn duplicate_invokes(chart: &Chart, out: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<&str, &str> = HashMap::new();
    for id in ids(chart) {
        for invoke in &chart.state(id).invokes {
            if let Some(other) = seen.insert(&invoke.id, &invoke.pointer) {
                let message =
                    format!("two invokes have the id `{}`; the other is at `{other}`", invoke.id);
                let error = Diagnostic::error("duplicate-id", &invoke.pointer, message);
                out.push(error.on(name(chart, id)));
            }
        }
    }
}

/// What never becomes active, whatever comes.
pub(super) fn unreachable(chart: &Chart, ways: &Ways, out: &mut Vec<Diagnostic>) {
    for id in ids(chart).filter(|id| !ways.is_reached(*id)) {
        let state = chart.state(id);
        let is_told_with_parent = state.parent.is_some_and(|parent| !ways.is_reached(parent));
        // A history state that nothing targets is only dead weight.
        if is_told_with_parent || is_history(chart, id) {
            continue;
        }
        let message = format!("nothing leads to `{}`", name(chart, id));
        out.push(
            Diagnostic::warning("unreachable", &state.pointer, message)
                .on(name(chart, id))
                .help("draw a transition to it, or remove it"),
        );
    }
}

/// A state from which neither it nor any ancestor has a way out that can be taken.
pub(super) fn dead_ends(chart: &Chart, ways: &Ways, out: &mut Vec<Diagnostic>) {
    // Of each state, whether it, or something around it, leads on.
    let mut leads_on = vec![false; chart.states.len()];
    for id in ids(chart) {
        let state = chart.state(id);
        let around = state.parent.is_some_and(|parent| leads_on[parent.index()]);
        let can_come = |t: &&Transition| !is_done_of(chart, id, t) || ways.can_be_done(id);
        let mut own = state.on.iter().chain(&state.always).filter(|t| !t.targets.is_empty());
        leads_on[id.index()] = around || own.any(|t| can_come(&t));
        if state.kind == Kind::Atomic && !leads_on[id.index()] {
            let message = format!("nobody can ever leave `{}`", name(chart, id));
            out.push(
                Diagnostic::warning("dead-end", &state.pointer, message)
                    .on(name(chart, id))
                    .help("add a transition, or make it `\"type\": \"final\"`"),
            );
        }
    }
}

/// Final states inside others, after which nothing comes: what they end says nobody, and nothing else leads out.
pub(super) fn traps(chart: &Chart, ways: &Ways, out: &mut Vec<Diagnostic>) {
    let mut told = HashSet::new();
    for id in ids(chart).filter(|id| ways.is_reached(*id)) {
        let state = chart.state(id);
        let Some(parent) = state.parent.filter(|parent| *parent != StateId::ROOT) else { continue };
        let is_compound = chart.state(parent).kind == Kind::Compound;
        if state.kind != Kind::Final || !is_compound || !told.insert(parent) {
            continue;
        }
        let mut around = std::iter::once(parent).chain(chart.ancestors(parent));
        // Beside other regions the end of one may be all that is wanted.
        let leads_on = |around: StateId| {
            let of = chart.state(around);
            let mut own = of.on.iter().chain(&of.always).filter(|t| !t.targets.is_empty());
            of.kind == Kind::Parallel
                || own.any(|t| around == parent || !is_done_of(chart, around, t))
        };
        if around.any(leads_on) {
            continue;
        }
        let parent = name(chart, parent);
        let message =
            format!("`{}` ends `{parent}`, and nothing leads on from there", name(chart, id));
        out.push(
            Diagnostic::warning("trap", &state.pointer, message)
                .on(name(chart, id))
                .help(format!("Add `onDone` to `{parent}`, so that the workflow goes on or ends.")),
        );
    }
}

/// `onDone` of states that are never done.
pub(super) fn never_done(chart: &Chart, ways: &Ways, out: &mut Vec<Diagnostic>) {
    for id in ids(chart).filter(|id| ways.is_reached(*id) && !ways.can_be_done(*id)) {
        let state = chart.state(id);
        let Some(done) = state.on.iter().find(|t| is_done_of(chart, id, t)) else { continue };
        let why = match state.kind {
            Kind::Parallel => {
                let open = regions(chart, id).find(|region| !ways.can_be_done(*region));
                let open = open.map_or_else(String::new, |region| name(chart, region));
                format!("its region `{open}` has no final state that can be reached")
            }
            Kind::Compound => "none of its states is a final state that can be reached".to_owned(),
            _ => "it has no states inside".to_owned(),
        };
        let message = format!("`{}` is never done, because {why}", name(chart, id));
        out.push(
            Diagnostic::warning("never-done", &done.pointer, message)
                .on(name(chart, id))
                .help("Lead it to a state of `\"type\": \"final\"`, or leave by another event."),
        );
    }
}

/// Transitions that are never taken: their condition never holds, or one before them is always taken instead.
pub(super) fn shadowed(chart: &Chart, out: &mut Vec<Diagnostic>) {
    for id in ids(chart) {
        let state = chart.state(id);
        for transitions in [&state.on, &state.always] {
            let mut certain: HashSet<Option<&Descriptor>> = HashSet::new();
            for transition in transitions {
                let event = transition.event.as_ref();
                let truth = transition.guard.as_ref().map_or(Some(true), constant);
                let told = match truth {
                    _ if certain.contains(&event) => Some((
                        "shadowed",
                        "an earlier transition without a condition is always taken instead",
                    )),
                    Some(false) => Some(("never-taken", "this condition never holds")),
                    _ => None,
                };
                if truth == Some(true) {
                    certain.insert(event);
                }
                if let Some((code, message)) = told {
                    let warning = Diagnostic::warning(code, &transition.pointer, message);
                    out.push(warning.on(name(chart, id)));
                }
            }
        }
    }
}
