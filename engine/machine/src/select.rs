//! Which transitions an event enables (SCXML `selectTransitions`, `selectEventlessTransitions`), as XState selects them.

use crate::{
    configuration::{self, regions},
    enter_exit::exit_set,
    run::{Failure, Run},
};
use workflows::chart::{Chart, Descriptor, Kind, State, StateId, Transition};

/// A transition with the state it leaves from.
#[derive(Clone, Copy)]
pub(crate) struct Selected<'d> {
    pub(crate) source: StateId,
    pub(crate) transition: &'d Transition,
}

impl PartialEq for Selected<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.transition, other.transition)
    }
}

/// The transitions the current event enables: innermost states first, every region of a parallel state for itself.
pub(crate) fn select<'d>(run: &mut Run<'d>) -> Result<Vec<Selected<'d>>, Failure> {
    let mut enabled = Vec::new();
    if !run.active.is_empty() {
        let name =
            run.event.get("type").and_then(|kind| kind.as_str()).unwrap_or_default().to_owned();
        select_below(run, StateId::ROOT, &name, &mut enabled)?;
    }
    Ok(without_conflicts(run, enabled))
}

/// Looks below `id` first, then at `id` itself. True if anything was found.
fn select_below<'d>(
    run: &mut Run<'d>,
    id: StateId,
    event: &str,
    enabled: &mut Vec<Selected<'d>>,
) -> Result<bool, Failure> {
    let chart = run.chart;
    let state = chart.state(id);
    let mut found = false;
    match state.kind {
        Kind::Compound => {
            if let Some(child) = state.children.iter().find(|child| run.is_active(**child)) {
                found = select_below(run, *child, event, enabled)?;
            }
        }
        Kind::Parallel => {
            for region in regions(chart, id) {
                found |= select_below(run, region, event, enabled)?;
            }
        }
        Kind::Atomic | Kind::Final | Kind::History { .. } => {}
    }
    if found {
        return Ok(true);
    }
    for transition in candidates(state, event) {
        if run.allows(transition, id)? {
            enabled.push(Selected { source: id, transition });
            return Ok(true);
        }
    }
    Ok(false)
}

/// The transitions listed for an event, best first: the exact name, then wildcards, the longest first (XState 5.33).
fn candidates<'d>(state: &'d State, event: &str) -> Vec<&'d Transition> {
    let is_for = |t: &&Transition| t.event.as_ref().is_some_and(|d| d.matches(event));
    let mut matching: Vec<_> = state.on.iter().filter(is_for).collect();
    matching.sort_by_key(|t| std::cmp::Reverse(precision(t.event.as_ref())));
    matching
}

fn precision(descriptor: Option<&Descriptor>) -> usize {
    match descriptor {
        Some(Descriptor::Exact(_)) => usize::MAX,
        Some(Descriptor::Prefix(prefix)) => prefix.len() + 2,
        Some(Descriptor::Any) | None => 1,
    }
}

/// The eventless transitions that are enabled now: per leaf, itself first, then its ancestors.
pub(crate) fn select_eventless<'d>(run: &mut Run<'d>) -> Result<Vec<Selected<'d>>, Failure> {
    let chart: &'d Chart = run.chart;
    let leaves: Vec<_> = configuration::leaves(chart, &run.active).collect();
    let mut enabled: Vec<Selected<'d>> = Vec::new();
    for leaf in leaves {
        'leaf: for id in std::iter::once(leaf).chain(chart.ancestors(leaf)) {
            for transition in &chart.state(id).always {
                let selected = Selected { source: id, transition };
                if enabled.contains(&selected) {
                    break 'leaf;
                }
                if run.allows(transition, id)? {
                    enabled.push(selected);
                    break 'leaf;
                }
            }
        }
    }
    Ok(without_conflicts(run, enabled))
}

/// SCXML `removeConflictingTransitions`: of two that would exit the same state, the one from the descendant wins, else the
/// one that comes first in document order.
pub(crate) fn without_conflicts<'d>(
    run: &Run<'d>,
    enabled: Vec<Selected<'d>>,
) -> Vec<Selected<'d>> {
    if enabled.len() < 2 {
        return enabled;
    }
    let mut kept: Vec<Selected<'d>> = Vec::new();
    for first in enabled {
        let mine = exit_set(run, &[first]);
        let mut removed = Vec::new();
        let is_preempted = kept.iter().any(|second| {
            let conflicts = exit_set(run, &[*second]).iter().any(|id| mine.contains(id));
            let wins = run.chart.is_descendant(first.source, second.source);
            if conflicts && wins {
                removed.push(*second);
            }
            conflicts && !wins
        });
        if !is_preempted {
            kept.retain(|second| !removed.contains(second));
            kept.push(first);
        }
    }
    kept
}
