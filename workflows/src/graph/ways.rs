//! Where each node leads, forks, loops and groups understood; and the loops there are.
//!
//! **Invariant:** every walk is a work list over indices with a bounded number of visits, whatever the graph looks like.

use super::model::{Frame, Graph, Lead, Node};

/// Loops told of in one upload; a graph with more is not read to the end anyway.
const LOOPS_MAX: usize = 20;

/// Kinds that surely go on in the very moment they are reached.
const INSTANT: &[&str] = &["if", "switch", "set", "random", "experiment", "join"];
/// Kinds that may: their list is empty, the office is open, nothing is to be taken back.
const PERHAPS_INSTANT: &[&str] = &["fork", "loop", "group", "hours", "map", "compensate"];

/// The nodes after each node.
pub(super) struct Ways<'g, 'a> {
    graph: &'g Graph<'a>,
    /// Whether all that lies in a fork is instant, for each node.
    is_instant: Vec<bool>,
}

impl<'g, 'a> Ways<'g, 'a> {
    pub(super) fn new(graph: &'g Graph<'a>) -> Self {
        let is_of_sort = |node: &Node<'_>| INSTANT.contains(&node.kind());
        let mut is_instant: Vec<bool> =
            (graph.nodes.iter()).map(|node| is_of_sort(node) || node.kind() == "fork").collect();
        for (index, node) in graph.nodes.iter().enumerate() {
            if is_of_sort(node) || matches!(node.kind(), "fork" | "end" | "fail") {
                continue;
            }
            for frame in graph.frames(index) {
                if let Frame::Branch(branch) = frame {
                    is_instant[graph.structure.branches[branch].fork] = false;
                }
            }
        }
        Self { graph, is_instant }
    }

    /// Whether a node surely goes on in the moment it is reached. A fork does when all that is in it does.
    pub(super) fn is_instant(&self, index: usize) -> bool {
        self.is_instant[index]
    }

    /// Where a node leads by itself, that is without the edges of the groups around it, and by which handle.
    pub(super) fn next(&self, index: usize) -> Vec<(&'a str, usize)> {
        let node: &Node<'a> = &self.graph.nodes[index];
        let first = self.graph.first_of(index).filter(|_| node.is_container());
        let mut next: Vec<(&str, usize)> = first.map(|first| ("", first)).into_iter().collect();
        // An edge of a group counts where it is left, not where it is entered.
        if node.kind() != "group" || first.is_none() {
            let wired =
                node.exits.iter().map(|(handle, to)| (*handle, self.graph.lead(index, *to)));
            next.extend(wired.filter_map(|(handle, lead)| Some((handle, self.node_of(lead)?))));
            let beyond = self.graph.falls_to(index).and_then(|lead| self.node_of(lead));
            next.extend(beyond.map(|beyond| ("", beyond)));
        }
        for branch in self.graph.structure.branches_of(index) {
            let wire = node.branches[self.graph.structure.branches[branch].place];
            next.push((wire.handle, wire.target));
        }
        next
    }

    fn node_of(&self, lead: Lead) -> Option<usize> {
        match lead {
            Lead::Node(index) | Lead::Round(index) => Some(index),
            Lead::Join(branch) => self.graph.structure.join_of(branch),
            Lead::End => None,
        }
    }

    /// Loops through nodes of one sort, each found once. What neither begins nor ends in a loop is peeled off first.
    pub(super) fn loops(&self, is_of_sort: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
        let nodes = &self.graph.nodes;
        let mut left: Vec<bool> =
            (0..nodes.len()).map(|n| is_of_sort(n) || nodes[n].kind() == "group").collect();
        let next: Vec<Vec<usize>> = (0..nodes.len())
            .map(|n| self.next(n).into_iter().map(|(_, target)| target).collect())
            .collect();
        let mut loops = Vec::new();
        while loops.len() < LOOPS_MAX {
            peel(&next, &mut left);
            let Some(start) = left.iter().position(|is_left| *is_left) else { break };
            let found = follow(&next, &left, start);
            for node in &found {
                left[*node] = false;
            }
            loops.push(found);
        }
        loops
    }

    /// Whether a round of a loop can be over in the moment it begins.
    pub(super) fn may_spin(&self, around: usize) -> bool {
        let nodes = &self.graph.nodes;
        let mut is_seen = std::collections::BTreeSet::new();
        let mut work: Vec<usize> = self.graph.first_of(around).into_iter().collect();
        while let Some(index) = work.pop() {
            if index == around {
                return true;
            }
            let is_inside = self.graph.groups(index).any(|group| group == around);
            let kind = nodes[index].kind();
            let goes_on = INSTANT.contains(&kind) || PERHAPS_INSTANT.contains(&kind);
            if is_inside && goes_on && is_seen.insert(index) {
                work.extend(self.next(index).into_iter().map(|(_, target)| target));
                // What a group holds may be left by any of its edges.
                work.extend(nodes[index].targets().filter(|_| kind == "group"));
            }
        }
        false
    }
}

/// Removes, again and again, every node that leads to none of those left.
fn peel(next: &[Vec<usize>], left: &mut [bool]) {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); next.len()];
    let mut n_next = vec![0usize; next.len()];
    for (node, targets) in next.iter().enumerate().filter(|(node, _)| left[*node]) {
        for target in targets.iter().filter(|target| left[**target]) {
            before[*target].push(node);
            n_next[node] += 1;
        }
    }
    let mut work: Vec<usize> = (0..next.len()).filter(|n| left[*n] && n_next[*n] == 0).collect();
    while let Some(node) = work.pop() {
        left[node] = false;
        for source in &before[node] {
            n_next[*source] -= 1;
            if n_next[*source] == 0 {
                work.push(*source);
            }
        }
    }
}

/// Walks from `start`, where every node left leads to another one left, until a node comes again.
fn follow(next: &[Vec<usize>], left: &[bool], start: usize) -> Vec<usize> {
    let mut path = Vec::new();
    let mut place = vec![None; next.len()];
    let mut node = start;
    loop {
        if let Some(begin) = place[node] {
            return path.split_off(begin);
        }
        place[node] = Some(path.len());
        path.push(node);
        match next[node].iter().find(|target| left[**target]) {
            Some(target) => node = *target,
            None => return path,
        }
    }
}
