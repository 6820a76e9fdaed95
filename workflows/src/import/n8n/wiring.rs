//! Connections from one output to several nodes: n8n runs their branches one after the other; here they are a fork.
//!
//! A fork is structured: its branches meet in one join. Where they meet in one Merge node, that is the join; where they
//! do not meet at all, a join is put behind their ends. Anything else becomes a placeholder that lists the branches.
//!
//! **Invariant:** the search through the branches visits `VISITS_MAX` nodes at most, whatever the workflow looks like.

use super::document::Document;
use crate::{
    import::draft::{Draft, Node},
    json::{Json, object},
};
use std::collections::{HashMap, HashSet};

const VISITS_MAX: usize = 1_000_000;

/// What an output leads to.
pub(super) enum Fork {
    None,
    One(usize),
    /// The node the branches leave from.
    Many(String),
}

/// One output with several connections.
#[derive(Debug)]
struct Split {
    source: usize,
    output: usize,
    id: String,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    /// The branches meet in this Merge node.
    Meets(usize),
    /// They do not meet; this is the join behind their ends.
    Apart(String),
    /// Neither.
    Tangled,
}

/// The plan of all connections.
#[derive(Debug)]
pub(super) struct Wiring<'a> {
    pub(super) document: &'a Document<'a>,
    splits: Vec<Split>,
    by_output: HashMap<(usize, usize), usize>,
    /// Merge nodes that join a fork.
    joins: HashMap<usize, usize>,
    /// Where the ends of branches lead: the join of the innermost fork around a node.
    ends: HashMap<usize, String>,
    end: String,
    is_end_used: bool,
}

impl<'a> Wiring<'a> {
    pub(super) fn plan(document: &'a Document<'a>, draft: &mut Draft) -> Self {
        let mut wiring = Self {
            document,
            splits: Vec::new(),
            by_output: HashMap::new(),
            joins: HashMap::new(),
            ends: HashMap::new(),
            end: draft.ids.id("end", "end"),
            is_end_used: false,
        };
        let mut visits = 0;
        let mut regions: Vec<(usize, HashSet<usize>)> = Vec::new();
        for (source, node) in document.nodes.iter().enumerate() {
            for (output, targets) in node.outputs.iter().enumerate() {
                if targets.len() < 2 {
                    continue;
                }
                let (shape, region) = wiring.shape(source, targets, draft, &mut visits);
                if let Shape::Meets(join) = shape {
                    wiring.joins.insert(join, wiring.splits.len());
                }
                regions.push((wiring.splits.len(), region));
                wiring.by_output.insert((source, output), wiring.splits.len());
                let id = draft.ids.id(&format!("{}_fork", node.id), "fork");
                wiring.splits.push(Split { source, output, id, shape });
            }
        }
        // The smallest region last: inside of several forks, an end belongs to the innermost.
        regions.sort_by_key(|(_, region)| std::cmp::Reverse(region.len()));
        for (split, region) in regions {
            let join = match &wiring.splits[split].shape {
                Shape::Meets(join) => document.nodes[*join].id.clone(),
                Shape::Apart(join) => join.clone(),
                Shape::Tangled => continue,
            };
            wiring.ends.extend(region.into_iter().map(|node| (node, join.clone())));
        }
        wiring
    }

    /// How the branches of a split lie to one another, and the nodes between it and its join.
    fn shape(
        &self,
        source: usize,
        targets: &[usize],
        draft: &mut Draft,
        visits: &mut usize,
    ) -> (Shape, HashSet<usize>) {
        let tangled = || (Shape::Tangled, HashSet::new());
        let mut n_branches: HashMap<usize, usize> = HashMap::new();
        for target in targets {
            let Some(reached) = self.reach(*target, visits) else { return tangled() };
            if reached.contains(&source) {
                return tangled();
            }
            for node in reached {
                *n_branches.entry(node).or_default() += 1;
            }
        }
        let is_common = |node: &usize| n_branches.get(node) == Some(&targets.len());
        let region: HashSet<usize> =
            n_branches.iter().filter(|(_, n)| **n == 1).map(|(node, _)| *node).collect();
        // What some branches share and others do not is run once for each of them in n8n.
        if n_branches.keys().any(|node| !is_common(node) && !region.contains(node)) {
            return tangled();
        }
        let comes_from_inside = |node: &usize| {
            self.document.nodes[*node]
                .inputs
                .iter()
                .all(|input| region.contains(input) || *input == source)
        };
        if !region.iter().all(comes_from_inside) {
            return tangled();
        }
        let is_entered = |node: &&usize| {
            let inputs = &self.document.nodes[**node].inputs;
            inputs.iter().any(|input| region.contains(input) || *input == source)
        };
        let common: Vec<usize> = n_branches.keys().filter(|n| is_common(n)).copied().collect();
        let entries: Vec<usize> = common.iter().filter(is_entered).copied().collect();
        let shape = match entries.as_slice() {
            [] if common.is_empty() => {
                let id = &self.document.nodes[source].id;
                Shape::Apart(draft.ids.id(&format!("{id}_join"), "join"))
            }
            [join]
                if self.document.nodes[*join].kind == "merge"
                    && !self.document.nodes[*join].is_disabled()
                    && !self.joins.contains_key(join)
                    && comes_from_inside(join) =>
            {
                Shape::Meets(*join)
            }
            _ => return tangled(),
        };
        (shape, region)
    }

    fn reach(&self, from: usize, visits: &mut usize) -> Option<HashSet<usize>> {
        let mut reached = HashSet::new();
        let mut work = vec![from];
        while let Some(node) = work.pop() {
            *visits += 1;
            if *visits > VISITS_MAX {
                return None;
            }
            if reached.insert(node) {
                work.extend(self.document.nodes[node].outputs.iter().flatten());
            }
        }
        Some(reached)
    }

    /// The fork that a Merge node joins.
    pub(super) fn fork_that_meets(&self, node: usize) -> Option<usize> {
        self.joins.get(&node).copied()
    }

    /// What an output leads to.
    pub(super) fn target(&self, node: usize, output: usize) -> Fork {
        let targets = self.document.nodes[node].outputs.get(output).map_or(&[][..], Vec::as_slice);
        match (targets, self.by_output.get(&(node, output))) {
            (_, Some(split)) => Fork::Many(self.splits[*split].id.clone()),
            ([one], _) => Fork::One(*one),
            _ => Fork::None,
        }
    }

    /// Where it goes on from a node that leads nowhere.
    pub(super) fn dead_end(&mut self, node: usize) -> String {
        match self.ends.get(&node) {
            Some(join) => join.clone(),
            None => {
                self.is_end_used = true;
                self.end.clone()
            }
        }
    }

    /// Draws the forks, the joins that were not there, and the end.
    pub(super) fn finish(mut self, used: &HashSet<(usize, usize)>, draft: &mut Draft) {
        for split in std::mem::take(&mut self.splits) {
            if used.contains(&(split.source, split.output)) {
                self.draw_split(&split, draft);
            }
        }
        if self.is_end_used || draft.nodes.is_empty() {
            let mut end = Node::new(self.end.clone(), "end", String::new());
            let right = draft.nodes.iter().map(|node| node.position.0).fold(0.0, f64::max);
            end.position = (right + 220.0, 0.0);
            draft.nodes.push(end);
        }
    }

    fn draw_split(&mut self, split: &Split, draft: &mut Draft) {
        let node = &self.document.nodes[split.source];
        let pointer = node.pointer.clone();
        let targets = node.outputs[split.output].clone();
        let at = draft.nodes.iter().find(|n| n.id == node.id).map_or((0.0, 0.0), |n| n.position);
        let mut fork = match &split.shape {
            Shape::Tangled => {
                let names = targets.iter().map(|t| Json::from(self.document.nodes[*t].name));
                let original =
                    object([("from", node.name.into()), ("to", names.collect::<Vec<_>>().into())]);
                let note = "Branches that meet in a Merge, or do not meet, can be a `fork`; put the others one after the other.";
                draft.placeholder(
                    (split.id.clone(), pointer.clone()),
                    "several connections of one output",
                    &original,
                    note,
                )
            }
            _ => Node::new(split.id.clone(), "fork", pointer.clone()),
        };
        fork.position = (at.0 + 110.0, at.1);
        draft.nodes.push(fork);
        let join = match &split.shape {
            Shape::Meets(join) => Some(*join),
            _ => None,
        };
        for (index, target) in targets.iter().enumerate() {
            let handle = match split.shape {
                Shape::Tangled => format!("branch_{}", index + 1),
                _ => "default".to_owned(),
            };
            let mut target_id = self.document.nodes[*target].id.clone();
            // A branch with nothing in it still has to be a branch.
            if join == Some(*target) {
                let id = draft.ids.id(&format!("{}_pass", split.id), "pass");
                let mut pass = Node::new(id.clone(), "set", pointer.clone())
                    .with("assign", Json::Object(Vec::new()));
                pass.position = (at.0 + 220.0, at.1);
                draft.nodes.push(pass);
                draft.edge((&id, "default"), &target_id, &pointer);
                target_id = id;
            }
            draft.edge((&split.id, &handle), &target_id, &pointer);
        }
        if let Shape::Apart(join) = &split.shape {
            let mut node = Node::new(join.clone(), "join", pointer.clone()).with("mode", "all");
            node.position = (at.0 + 440.0, at.1);
            draft.nodes.push(node);
            let after = self.dead_end(split.source);
            draft.edge((join, "default"), &after, &pointer);
        }
    }
}
