//! Loops of transitions that wait for nothing: those that surely never come to rest, and those that do not once their one
//! condition has held, because nothing on the loop changes what it reads.

use super::{
    structure::{ids, name},
    ways::{Ways, constant},
};
use crate::{
    chart::{Action, Chart, Guard, Kind, StateId, Transition},
    diagnostic::Diagnostic,
    expr::Expression,
};
use std::collections::{BTreeSet, HashSet};

/// States of a loop that are named.
const NAMED_MAX: usize = 6;

/// A cycle of unguarded eventless transitions between atomic states never comes to rest.
pub(super) fn certain(chart: &Chart, out: &mut Vec<Diagnostic>) -> BTreeSet<StateId> {
    let next = |id: StateId| -> Option<StateId> {
        let first = chart.state(id).always.first()?;
        let holds = first.guard.as_ref().is_none_or(|guard| constant(guard) == Some(true));
        (holds && first.targets.len() == 1).then(|| rest(chart, first.targets[0]))
    };
    let mut settled = vec![false; chart.states.len()];
    let mut place = vec![usize::MAX; chart.states.len()];
    let mut looping = BTreeSet::new();
    for start in ids(chart) {
        let mut path: Vec<StateId> = Vec::new();
        let mut at = Some(start);
        while let Some(id) = at.filter(|id| !settled[id.index()]) {
            if place[id.index()] != usize::MAX {
                let found = &path[place[id.index()]..];
                looping.extend(found);
                let message = format!(
                    "{} lead to each other for ever without waiting for anything",
                    names(chart, found)
                );
                let help = "put something that waits, or a condition that ends, into the loop";
                let at = &chart.state(found[0]).pointer;
                let error = Diagnostic::error("eventless-loop", at, message);
                out.push(error.on(name(chart, found[0])).help(help));
                break;
            }
            place[id.index()] = path.len();
            path.push(id);
            at = next(id);
        }
        for id in path {
            settled[id.index()] = true;
            place[id.index()] = usize::MAX;
        }
    }
    looping
}

fn names(chart: &Chart, states: &[StateId]) -> String {
    let mut names: Vec<String> =
        states.iter().take(NAMED_MAX).map(|id| format!("`{}`", name(chart, *id))).collect();
    if states.len() > NAMED_MAX {
        names.push(format!("{} more", states.len() - NAMED_MAX));
    }
    names.join(", ")
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

/// Loops with one condition that nothing on them changes.
pub(super) fn guarded(
    chart: &Chart,
    ways: &Ways,
    told: &BTreeSet<StateId>,
    out: &mut Vec<Diagnostic>,
) {
    for moments in circles(&|moment| ways.next_at_once(chart, moment), 3 * chart.states.len()) {
        let members: HashSet<usize> = moments.iter().copied().collect();
        let mut states: Vec<StateId> = moments.iter().map(|moment| ways.split(*moment).0).collect();
        states.sort_unstable();
        states.dedup();
        if states.iter().any(|state| told.contains(state)) {
            continue;
        }
        let taken: Vec<&Transition> = (states.iter())
            .filter(|state| members.contains(&ways.active(**state)))
            .flat_map(|state| {
                let open = ways.open(*state).always.iter();
                let open = open.map(|index| &chart.state(*state).always[*index]);
                open.filter(|t| stays(chart, ways, *state, t, &members)).collect::<Vec<_>>()
            })
            .collect();
        if let Some(condition) =
            one_condition(&taken).filter(|c| is_steady(chart, &states, &taken, c))
        {
            let message = format!(
                "{} lead to each other without waiting, and nothing there changes `{}`: once it holds, this never ends",
                names(chart, &leaves(chart, &states)),
                condition.source()
            );
            let first = taken[0];
            let warning = Diagnostic::warning("spinning-loop", &first.pointer, message);
            out.push(warning.on(name(chart, states[0])).help(
                "Change on the loop what the condition reads, or put something that waits into it.",
            ));
        }
    }
}

fn leaves(chart: &Chart, states: &[StateId]) -> Vec<StateId> {
    states.iter().copied().filter(|state| chart.state(*state).children.is_empty()).collect()
}

fn stays(
    chart: &Chart,
    ways: &Ways,
    source: StateId,
    transition: &Transition,
    members: &HashSet<usize>,
) -> bool {
    let mut next = Vec::new();
    ways.follow(chart, source, transition, &mut next);
    next.iter().any(|moment| members.contains(moment))
}

/// The only condition on the loop; with two, one may exclude the other.
fn one_condition<'c>(taken: &[&'c Transition]) -> Option<&'c Expression> {
    let mut found: Option<&Expression> = None;
    for transition in taken {
        match &transition.guard {
            None => {}
            Some(Guard::Expression(expression, None)) => match found {
                Some(other) if other.source() != expression.source() => return None,
                _ => found = Some(expression),
            },
            Some(_) => return None,
        }
    }
    found
}

/// Whether nothing on the loop changes what the condition reads.
fn is_steady(
    chart: &Chart,
    states: &[StateId],
    taken: &[&Transition],
    condition: &Expression,
) -> bool {
    let is_pure = !["random(", "in_state("].iter().any(|call| condition.source().contains(call));
    let reads = condition.paths();
    let mut writes = Vec::new();
    let lists = states.iter().flat_map(|id| {
        let state = chart.state(*id);
        let initial = state.initial.iter().map(|t| &t.actions);
        [&state.entry, &state.exit].into_iter().chain(initial)
    });
    for actions in lists.chain(taken.iter().map(|t| &t.actions)) {
        written(actions, &mut writes);
    }
    let touches = |read: &[String], write: &[String]| read.iter().zip(write).all(|(a, b)| a == b);
    let is_given =
        |root: &str| matches!(root, "context" | "contact" | "tenant" | "channel" | "now" | "event");
    is_pure
        && reads.iter().all(|read| {
            is_given(read.root())
                && (read.root() != "context"
                    || !writes.iter().any(|write| touches(&read.segments[1..], write)))
        })
}

fn written<'c>(actions: &'c [Action], writes: &mut Vec<&'c [String]>) {
    for action in actions {
        match action {
            Action::Assign(assignments) => {
                writes.extend(assignments.iter().map(|(path, _)| path.as_slice()));
            }
            Action::With { actions, .. } => written(actions, writes),
            _ => {}
        }
    }
}

/// The circles of a graph (strongly connected parts with an edge inside), by Tarjan's algorithm without recursion.
fn circles(next: &dyn Fn(usize) -> Vec<usize>, n_nodes: usize) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    let mut number = vec![0_usize; n_nodes];
    let mut low = vec![0_usize; n_nodes];
    let mut is_stacked = vec![false; n_nodes];
    let (mut stack, mut count) = (Vec::new(), 0);
    for start in 0..n_nodes {
        if number[start] != 0 {
            continue;
        }
        let mut open: Vec<(usize, Vec<usize>, bool)> = Vec::new();
        let mut enter = Some(start);
        loop {
            if let Some(node) = enter.take() {
                count += 1;
                (number[node], low[node], is_stacked[node]) = (count, count, true);
                stack.push(node);
                let after = next(node);
                let is_own = after.contains(&node);
                open.push((node, after, is_own));
            }
            let Some((node, after, is_own)) = open.last_mut() else { break };
            let (node, is_own) = (*node, *is_own);
            match after.pop() {
                Some(to) if number[to] == 0 => enter = Some(to),
                Some(to) if is_stacked[to] => low[node] = low[node].min(number[to]),
                Some(_) => {}
                None => {
                    open.pop();
                    if let Some((above, _, _)) = open.last() {
                        low[*above] = low[*above].min(low[node]);
                    }
                    if low[node] == number[node] {
                        let place = stack.iter().rposition(|member| *member == node).unwrap_or(0);
                        let part = stack.split_off(place);
                        part.iter().for_each(|member| is_stacked[*member] = false);
                        if part.len() > 1 || is_own {
                            found.push(part);
                        }
                    }
                }
            }
        }
    }
    found
}
