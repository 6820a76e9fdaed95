//! What things of a workflow are called: a state by its path, its id or its builder node, a step by its kind or its place.

use crate::invoke::kind_of;
use std::collections::BTreeSet;
use workflows::{
    chart::{Action, Chart, Source, State, StateId},
    definition::Definition,
};

/// The names of one definition.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    chart: &'a Chart,
}

impl<'a> Names<'a> {
    pub(super) fn of(definition: &'a Definition) -> Self {
        Self { chart: &definition.chart }
    }

    /// What the state at a path is called, and what the states around it are called, nearest first.
    pub(super) fn of_state(self, path: &str) -> Vec<&'a str> {
        let Some(id) = self.chart.find(path) else { return Vec::new() };
        let around = std::iter::once(id).chain(self.chart.ancestors(id));
        around.flat_map(|id| own_names(self.chart, self.chart.state(id))).collect()
    }

    /// Whether a state is active, given the paths of the active leaves.
    pub(super) fn is_active(self, name: &str, leaves: &[String]) -> bool {
        leaves.iter().any(|leaf| self.of_state(leaf).contains(&name))
    }

    /// The builder node a path belongs to, or the path.
    pub(super) fn node(self, path: &'a str) -> &'a str {
        let Some(id) = self.chart.find(path) else { return path };
        let mut around = std::iter::once(id).chain(self.chart.ancestors(id));
        around.find_map(|id| self.chart.state(id).node.as_deref()).unwrap_or(path)
    }

    /// The node, or else the path, of the state that sets a timer on entry; the timer's name for a delayed raise.
    pub(super) fn timer(self, name: &'a str) -> &'a str {
        let owner =
            self.chart.states.iter().find(|state| state.after.iter().any(|a| a.event == name));
        owner.map_or(name, |owner| self.node(&owner.path))
    }

    /// What a step is called, from the most to the least exact: invoke, for an item of an `each` or an undo step what it
    /// is a part of, places, kind.
    pub(super) fn of_step<'s>(self, invoke: &'s str, path: &str, kind: &'s str) -> Vec<&'s str>
    where
        'a: 's,
    {
        let places = self.of_state(path);
        std::iter::once(invoke).chain(whole(invoke)).chain(places).chain([kind]).collect()
    }

    /// Every name of a state.
    pub(super) fn states(self) -> BTreeSet<&'a str> {
        self.chart.states.iter().flat_map(|state| own_names(self.chart, state)).collect()
    }

    /// Every name of a step that can be waited for.
    pub(super) fn steps(self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for state in &self.chart.states {
            for invoke in &state.invokes {
                let kind = match &invoke.source {
                    Source::Workflow { detach: true, .. } | Source::Compensate => continue,
                    source => kind_of(source),
                };
                names.extend(
                    self.of_step(&invoke.id, &state.path, &kind).into_iter().map(str::to_owned),
                );
            }
            let initial = state.initial.iter();
            let transitions = initial.chain(&state.on).chain(&state.always).map(|t| &t.actions);
            for actions in transitions.chain([&state.entry, &state.exit]) {
                undo_names(actions, &mut names);
            }
        }
        names
    }
}

/// What an item's id `<invoke>[<index>]`, or an undo step's `<invoke>/<number>`, is a part of.
pub(super) fn whole(invoke: &str) -> Option<&str> {
    let (whole, number) = match invoke.strip_suffix(']') {
        Some(item) => item.rsplit_once('[')?,
        None => invoke.rsplit_once('/')?,
    };
    number.parse::<u32>().is_ok().then_some(whole)
}

fn undo_names(actions: &[Action], names: &mut BTreeSet<String>) {
    for action in actions {
        match action {
            Action::Undo(undo) => {
                names.extend(undo.id.clone());
                names.insert(kind_of(&undo.source));
            }
            Action::With { actions, .. } => undo_names(actions, names),
            _ => {}
        }
    }
}

/// The path, the builder node, and the id if someone gave it one; nothing for the machine itself.
fn own_names<'a>(chart: &'a Chart, state: &'a State) -> impl Iterator<Item = &'a str> {
    let prefix = chart.state(StateId::ROOT).id.as_str();
    let rest = state.id.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
    let own_id = Some(state.id.as_str()).filter(|_| rest != Some(state.path.as_str()));
    let names = [Some(state.path.as_str()), state.node.as_deref(), own_id];
    names.into_iter().flatten().filter(|_| !state.path.is_empty())
}
