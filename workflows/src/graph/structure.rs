//! Finds the branches of every fork: which nodes lie in which, and the join where they meet.
//!
//! A fork is a parallel state, so its branches must be apart: nobody comes in but through the fork, and nobody goes out
//! but into the join, or by ending the workflow. Groups and loops count as one node where they stand, and what is in
//! them is looked at by itself. One walk along the edges gives each node the branch of the node it was reached from;
//! an edge between two nodes whose branches do not fit is told as what it looks like.
//!
//! **Invariant:** each edge is looked at once, and branches nest at most [`GROUP_DEPTH_MAX`] deep, so the time is near
//! linear for any graph.

mod level;
mod told;

use super::model::{Branch, Frame, Graph, Lead};
use crate::{diagnostic::Diagnostic, limits::GROUP_DEPTH_MAX};
use level::{Levels, Step};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    ops::Range,
};

/// Mistakes whose cause is looked for all the way back.
const LOOKED_AT_MAX: usize = 100;

/// Fills in the structure of the graph, and returns what is wrong with its forks, joins and loops.
pub(super) fn analyse(graph: &mut Graph<'_>) -> Vec<Diagnostic> {
    let levels = Levels::of(graph);
    graph.structure.led_to = levels.led_to();
    let mut walk = Walk::new(graph, &levels);
    for seed in seeds(walk.graph, &levels) {
        walk.from(seed);
    }
    walk.finish()
}

/// Where to begin: where instances do, then at the nodes nothing leads to, then anywhere.
fn seeds(graph: &Graph<'_>, levels: &Levels) -> Vec<usize> {
    let triggers = graph.nodes.iter().filter(|node| node.kind() == "trigger");
    let entries = triggers.flat_map(|node| node.exits.values().copied());
    let led_to = levels.led_to();
    let mut seeds: Vec<usize> =
        entries.flat_map(|entry| std::iter::once(entry).chain(graph.groups(entry))).collect();
    seeds.extend((0..graph.nodes.len()).filter(|index| !led_to[*index]));
    seeds.extend((0..graph.nodes.len()).filter(|index| led_to[*index]));
    seeds.retain(|index| graph.is_state(*index));
    seeds
}

struct Walk<'g, 'a> {
    graph: &'g mut Graph<'a>,
    levels: &'g Levels,
    is_seen: Vec<bool>,
    /// The edge each node was first reached by.
    reached_by: Vec<Option<Step>>,
    /// Edges to be followed. What lies deepest comes first, so that a branch is known before others run into it.
    work: BinaryHeap<Work>,
    /// The fork of each join.
    forks: BTreeMap<usize, usize>,
    /// Forks told of as sharing their join.
    shared: BTreeSet<usize>,
    /// Edges into a join from outside any branch.
    loose: Vec<Step>,
    out: Vec<Diagnostic>,
}

/// An edge to be followed: how deep it leads, which it is, and what it leads to, in which branch.
type Work = (usize, Reverse<usize>, usize, Option<usize>, Option<Step>);

impl<'g, 'a> Walk<'g, 'a> {
    fn new(graph: &'g mut Graph<'a>, levels: &'g Levels) -> Self {
        let n_nodes = graph.nodes.len();
        graph.structure.branch_of = vec![None; n_nodes];
        Self {
            graph,
            levels,
            is_seen: vec![false; n_nodes],
            reached_by: vec![None; n_nodes],
            work: BinaryHeap::new(),
            forks: BTreeMap::new(),
            shared: BTreeSet::new(),
            loose: Vec::new(),
            out: Vec::new(),
        }
    }

    fn from(&mut self, seed: usize) {
        if self.is_seen[seed] {
            return;
        }
        let mut n_steps = 0;
        self.work.push((0, Reverse(0), seed, None, None));
        while let Some((_, _, index, branch, step)) = self.work.pop() {
            if std::mem::replace(&mut self.is_seen[index], true) {
                self.compare(index, branch, step);
                continue;
            }
            self.graph.structure.branch_of[index] = branch;
            self.reached_by[index] = step;
            let branches = self.open(index, branch);
            for step in &self.levels.steps[index] {
                let around = step.branch.map_or(branch, |place| branches.clone().nth(place));
                n_steps += 1;
                self.go(step, around, n_steps);
            }
        }
    }

    /// A node was reached once more: in the same branch, unless something is wrong.
    fn compare(&mut self, index: usize, branch: Option<usize>, step: Option<Step>) {
        let known = self.graph.structure.branch_of[index];
        let (Some(step), true) = (step, known != branch) else { return };
        if self.graph.nodes[index].kind() == "join" {
            return;
        }
        let found = told::misled(self.graph, &step, branch, known);
        let first = self.reached_by[index];
        self.out.push(match (found.code, first) {
            // The fork is right about where its branches begin: whoever came first came from outside.
            ("fork-escape", first) if step.branch.is_some() => {
                told::intrusion(self.graph, first.as_ref().unwrap_or(&step), index, branch)
            }
            // And the join about where they end: whoever came first ran past it.
            ("fork-entry", Some(first)) if self.is_after(&step, known) => {
                told::misled(self.graph, &first, known, branch)
            }
            _ => found,
        });
    }

    /// Whether an edge comes from behind the join of a branch.
    fn is_after(&self, step: &Step, branch: Option<usize>) -> bool {
        let join = branch.and_then(|branch| self.graph.structure.join_of(branch));
        // Each look goes all the way back, so only the first mistakes are looked at so closely.
        let way =
            std::iter::successors(Some(step.from), |index| Some(self.reached_by[*index]?.from));
        let n_steps = if self.out.len() < LOOKED_AT_MAX { self.is_seen.len() } else { 1 };
        join.is_some_and(|join| way.take(n_steps).any(|index| index == join))
    }

    /// Makes the branches of a fork.
    fn open(&mut self, fork: usize, outer: Option<usize>) -> Range<usize> {
        let structure = &mut self.graph.structure;
        let first = structure.branches.len();
        if self.graph.nodes[fork].kind() == "fork" {
            let depth = outer.map_or(0, |outer| structure.branches[outer].depth) + 1;
            if depth > GROUP_DEPTH_MAX {
                // Told with the frames around it, when everything is known.
                return first..first;
            }
            let n_branches = self.graph.nodes[fork].branches.len();
            structure.branches.extend((0..n_branches).map(|place| Branch {
                fork,
                place,
                outer,
                depth,
                reaches: false,
            }));
            structure.by_fork.insert(fork, first..first + n_branches);
        }
        first..structure.branches.len()
    }

    /// Follows an edge out of `branch`.
    fn go(&mut self, step: &Step, branch: Option<usize>, n_steps: usize) {
        let next = step.head;
        let inside = match (self.graph.nodes[next].kind(), branch) {
            // These leave everything, so they are in no branch.
            ("end" | "fail", _) => return,
            ("join", Some(branch)) => {
                self.close(step, branch);
                self.graph.structure.branches[branch].outer
            }
            ("join", None) => {
                self.loose.push(*step);
                None
            }
            _ => branch,
        };
        let depth = inside.map_or(0, |inside| self.graph.structure.branches[inside].depth);
        self.work.push((depth, Reverse(n_steps), next, inside, Some(*step)));
    }

    /// An edge of a branch leads to a join.
    fn close(&mut self, step: &Step, branch: usize) {
        let fork = self.graph.structure.branches[branch].fork;
        self.graph.structure.branches[branch].reaches = true;
        let joins = &mut self.graph.structure.joins;
        match (joins.get(&fork).copied(), self.forks.get(&step.head).copied()) {
            (None, None) => {
                joins.insert(fork, step.head);
                self.forks.insert(step.head, fork);
            }
            (Some(join), _) if join == step.head => {}
            (Some(join), _) => self.out.push(told::two_joins(self.graph, fork, join, step)),
            (None, Some(other)) => {
                if self.shared.insert(fork) {
                    self.out.push(told::two_forks(self.graph, fork, other, step));
                }
            }
        }
    }

    fn finish(mut self) -> Vec<Diagnostic> {
        self.place_members();
        self.mark_dead_ends();
        told::crossings(self.graph, self.levels, &mut self.out);
        // What follows from a mistake already told would only be confusing.
        let is_clean = self.out.is_empty();
        if is_clean {
            told::loose(self.graph, &self.forks, &self.loose, &mut self.out);
            told::ends(self.graph, &mut self.out);
        }
        told::forks(self.graph, &self.shared, &mut self.out);
        told::joins(self.graph, &self.forks, is_clean, &mut self.out);
        self.out
    }

    fn place_members(&mut self) {
        let mut members: BTreeMap<Option<Frame>, Vec<usize>> = BTreeMap::new();
        for index in (0..self.graph.nodes.len()).filter(|index| self.graph.is_state(*index)) {
            members.entry(self.graph.home(index)).or_default().push(index);
        }
        self.graph.structure.members = members;
    }

    /// A dead end in a branch leads to the join as well.
    fn mark_dead_ends(&mut self) {
        let states = (0..self.graph.nodes.len()).filter(|index| self.graph.is_state(*index));
        let leads: Vec<Lead> = states.filter_map(|index| self.graph.falls_to(index)).collect();
        for lead in leads {
            if let Lead::Join(branch) = lead {
                self.graph.structure.branches[branch].reaches = true;
            }
        }
    }
}
