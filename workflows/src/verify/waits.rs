//! What a chart waits for: events it raises that nobody takes, and customers who may never answer.

use super::{
    structure::{ids, name},
    ways::Ways,
};
use crate::{
    chart::{Action, Chart, Descriptor, Kind, Mapper, State, StateId, Transition},
    diagnostic::Diagnostic,
};
use serde_json::Value;
use std::collections::HashSet;

/// Events whose sender is a person or another system that may never act.
const AWAITED: [&str; 3] = ["message", "resume", "approval"];

/// Actions with where they are written.
fn actions(state: &State) -> impl Iterator<Item = (&Action, &str)> {
    let transitions = state.on.iter().chain(&state.always).chain(&state.initial);
    let taken = transitions.flat_map(|t| t.actions.iter().map(|a| (a, t.pointer.as_str())));
    let own = state.entry.iter().chain(&state.exit).map(|a| (a, state.pointer.as_str()));
    own.chain(taken)
}

/// The events an action raises whose type is written out, and whether later.
fn raised<'a>(action: &'a Action, found: &mut Vec<(&'a str, bool)>) {
    match action {
        Action::Raise { event: Mapper::Literal(event), delay, .. } => {
            let kind = event.get("type").and_then(Value::as_str);
            found.extend(kind.map(|kind| (kind, delay.is_some())));
        }
        Action::Raise { event: Mapper::Object(parts), delay, .. } => {
            let kind = parts.iter().find_map(|(name, part)| match part {
                Mapper::Literal(Value::String(kind)) if name == "type" => Some(kind.as_str()),
                _ => None,
            });
            found.extend(kind.map(|kind| (kind, delay.is_some())));
        }
        Action::With { actions, .. } => actions.iter().for_each(|action| raised(action, found)),
        _ => {}
    }
}

/// Events that are raised, and that no transition anywhere is for.
pub(super) fn unheard(chart: &Chart, out: &mut Vec<Diagnostic>) {
    let descriptors: HashSet<&Descriptor> =
        chart.states.iter().flat_map(|s| &s.on).filter_map(|t| t.event.as_ref()).collect();
    let is_heard = |event: &str| {
        let beginnings = event.match_indices('.').map(|(dot, _)| &event[..dot]).chain([event]);
        descriptors.contains(&Descriptor::Any)
            || descriptors.contains(&Descriptor::Exact(event.to_owned()))
            || beginnings
                .into_iter()
                .any(|b| descriptors.contains(&Descriptor::Prefix(b.to_owned())))
    };
    let mut told = HashSet::new();
    for id in ids(chart) {
        for (action, pointer) in actions(chart.state(id)) {
            let mut events = Vec::new();
            raised(action, &mut events);
            for (event, _) in events.into_iter().filter(|(event, _)| !is_heard(event)) {
                if !told.insert((id, event.to_owned())) {
                    continue;
                }
                let message = format!("`{event}` is raised here, and no transition takes it");
                out.push(
                    Diagnostic::warning("unheard-event", pointer, message)
                        .on(name(chart, id))
                        .help("Add a transition for it under `on`, or remove the action."),
                );
            }
        }
    }
}

/// States that wait for a person or another system, with nothing that ends the wait.
pub(super) fn without_end(chart: &Chart, ways: &Ways, out: &mut Vec<Diagnostic>) {
    // A delayed event may be what ends any wait.
    let has_alarm = chart.states.iter().any(|state| {
        actions(state).any(|(action, _)| {
            let mut events = Vec::new();
            raised(action, &mut events);
            events.iter().any(|(_, is_later)| *is_later)
        })
    });
    if has_alarm {
        return;
    }
    let mut told = HashSet::new();
    for id in ids(chart).filter(|id| ways.is_reached(*id)) {
        if chart.state(id).kind != Kind::Atomic {
            continue;
        }
        let around = || std::iter::once(id).chain(chart.ancestors(id));
        // Another region, a timer or the result of a step may end the wait.
        let is_bounded = around().any(|around| {
            let of = chart.state(around);
            of.kind == Kind::Parallel || !of.after.is_empty() || !of.invokes.is_empty()
        });
        let waiting = around().find(|around| awaits(chart, *around));
        if let Some(waiting) = waiting.filter(|waiting| !is_bounded && told.insert(*waiting)) {
            let message = format!("`{}` waits for ever if nothing comes", name(chart, waiting));
            out.push(
                Diagnostic::warning("no-timeout", &chart.state(waiting).pointer, message)
                    .on(name(chart, waiting))
                    .help("Say how long to wait, e.g. \"after\": {\"PT30M\": \"<a state>\"}."),
            );
        }
    }
}

fn awaits(chart: &Chart, id: StateId) -> bool {
    let is_awaited = |t: &Transition| match &t.event {
        Some(Descriptor::Exact(event)) => {
            AWAITED.contains(&event.split('.').next().unwrap_or_default())
        }
        _ => false,
    };
    chart.state(id).on.iter().any(|t| !t.targets.is_empty() && is_awaited(t))
}
