//! The edges of a graph sorted by level. A level is what lies in one group or loop, or at the top; an edge between two
//! nodes of different levels counts, where both are at home, as an edge between the groups they lie in.

use crate::graph::model::Graph;

/// An edge as its level sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    /// The node it is drawn from.
    pub(super) from: usize,
    /// The node it is drawn to.
    pub(super) to: usize,
    /// What it leads to at this level: `to`, or what `to` lies in.
    pub(super) head: usize,
    /// Which branch of a fork it is, if it leaves one.
    pub(super) branch: Option<usize>,
    /// Its place in the upload's list.
    pub(super) edge: usize,
}

/// An edge that crosses the border of a group or loop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crossing {
    pub(super) step: Step,
    /// What of the inner level it leaves or enters: an end of the edge, or what that lies in.
    pub(super) inside: usize,
}

#[derive(Debug)]
pub(super) struct Levels {
    /// For each node the edges that leave it, or what is in it, for others of its level.
    pub(super) steps: Vec<Vec<Step>>,
    pub(super) leaving: Vec<Crossing>,
    pub(super) entering: Vec<Crossing>,
}

impl Levels {
    pub(super) fn of(graph: &Graph<'_>) -> Self {
        let mut levels = Self {
            steps: vec![Vec::new(); graph.nodes.len()],
            leaving: Vec::new(),
            entering: Vec::new(),
        };
        for (from, node) in graph.nodes.iter().enumerate().filter(|(_, node)| !node.is_undo) {
            for (handle, to) in &node.exits {
                let edge = node.edges.get(handle).copied().unwrap_or_default();
                let step = Step { from, to: *to, head: *to, branch: None, edge };
                levels.add(graph, step);
            }
            for (place, wire) in node.branches.iter().enumerate() {
                let (to, edge) = (wire.target, wire.edge);
                levels.add(graph, Step { from, to, head: to, branch: Some(place), edge });
            }
        }
        levels
    }

    /// Whether a node is led to by another of its level.
    pub(super) fn led_to(&self) -> Vec<bool> {
        let mut led_to = vec![false; self.steps.len()];
        for (tail, steps) in self.steps.iter().enumerate() {
            for step in steps.iter().filter(|step| step.head != tail) {
                led_to[step.head] = true;
            }
        }
        led_to
    }

    fn add(&mut self, graph: &Graph<'_>, step: Step) {
        let heads = || std::iter::once(step.to).chain(graph.groups(step.to));
        // A trigger is no state, wherever it was drawn.
        if graph.nodes[step.from].kind() == "trigger" {
            self.entering.extend(heads().map(|inside| Crossing { step, inside }));
            return;
        }
        for tail in std::iter::once(step.from).chain(graph.groups(step.from)) {
            let level = graph.nodes[tail].group;
            if let Some(head) = heads().find(|head| graph.nodes[*head].group == level) {
                self.entering.extend(
                    heads()
                        .take_while(|inside| *inside != head)
                        .map(|inside| Crossing { step, inside }),
                );
                let branch = step.branch.filter(|_| tail == step.from);
                // From inside a group or loop to itself: that stays where it is.
                if tail == step.from || tail != head {
                    self.steps[tail].push(Step { head, branch, ..step });
                }
                return;
            }
            self.leaving.push(Crossing { step, inside: tail });
        }
    }
}
