//! The graph as read: nodes with their exits, addressed by index.

use crate::{diagnostic::Diagnostic, kinds, spec::NodeSpec};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, ops::Range};

/// One node of the builder.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) id: &'a str,
    /// Its kind; `None` if no kind of that name exists.
    pub(crate) spec: Option<&'static NodeSpec>,
    pub(crate) data: Option<&'a Map<String, Value>>,
    pub(crate) raw: &'a Map<String, Value>,
    /// Where it stands in the upload.
    pub(crate) pointer: String,
    /// The group or loop around it.
    pub(crate) group: Option<usize>,
    /// Where each handle leads. A fork has none: its edges are branches.
    pub(crate) exits: BTreeMap<&'a str, usize>,
    /// Which edge leaves by each handle, as a place in the upload's list.
    pub(crate) edges: BTreeMap<&'a str, usize>,
    /// The edges of a fork, in the order they were drawn.
    pub(crate) branches: Vec<Wire<'a>>,
    /// The step that takes back what this one did, and the edge that says so.
    pub(crate) undo: Option<(usize, usize)>,
    /// Whether it takes back what others did: then it is a step to be run when needed, and no state.
    pub(crate) is_undo: bool,
}

/// One edge of a fork.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire<'a> {
    pub(crate) handle: &'a str,
    pub(crate) target: usize,
    /// Its place in the upload's list.
    pub(crate) edge: usize,
}

impl<'a> Node<'a> {
    /// The kind's name; empty for an unknown kind.
    pub(crate) fn kind(&self) -> &'static str {
        self.spec.map_or("", |spec| spec.kind)
    }

    /// A field of its data; null counts as absent, and so does an empty text, which is what a cleared form leaves.
    pub(crate) fn field(&self, name: &str) -> Option<&'a Value> {
        self.data?.get(name).filter(|v| !is_blank(v))
    }

    /// A text field of its data; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &'a str {
        self.field(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Where its result is kept.
    pub(crate) fn save_as(&self) -> &'a str {
        self.field("saveAs").and_then(Value::as_str).unwrap_or(self.id)
    }

    /// Whether other nodes lie in it.
    pub(crate) fn is_container(&self) -> bool {
        matches!(self.kind(), "group" | "loop")
    }

    /// Whether it acts on the world, by a step or by a child: only that can be taken back.
    pub(crate) fn acts(&self) -> bool {
        self.kind() == "call" || self.spec.is_some_and(|spec| spec.effect.is_some())
    }

    /// Where its edges lead, undo steps left out.
    pub(crate) fn targets(&self) -> impl Iterator<Item = usize> + '_ {
        self.exits.values().copied().chain(self.branches.iter().map(|wire| wire.target))
    }

    /// An error on this node, at a place below it.
    pub(crate) fn error(&self, code: &'static str, below: &str, message: String) -> Diagnostic {
        Diagnostic::error(code, format!("{}{below}", self.pointer), message).on(self.id)
    }

    /// A warning on this node, at a place below it.
    pub(crate) fn warning(&self, code: &'static str, below: &str, message: String) -> Diagnostic {
        Diagnostic::warning(code, format!("{}{below}", self.pointer), message).on(self.id)
    }
}

/// Whether a field was left empty.
pub(crate) fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// The whole graph.
#[derive(Debug)]
pub(crate) struct Graph<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    /// Where an instance begins.
    pub(crate) entry: Option<usize>,
    /// Where it stands in the upload.
    pub(crate) pointer: String,
    /// Kept for the builder.
    pub(crate) viewport: Option<&'a Value>,
    /// Which branches there are, and which nodes lie in them.
    pub(crate) structure: Structure,
}

impl<'a> Graph<'a> {
    /// The groups and loops around a node, innermost first.
    pub(crate) fn groups(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.nodes[index].group, |group| self.nodes[*group].group)
    }

    /// Whether the node becomes a state.
    pub(crate) fn is_state(&self, index: usize) -> bool {
        let node = &self.nodes[index];
        node.kind() != "trigger" && !node.is_undo
    }

    /// What the node lies in directly.
    pub(crate) fn frame(&self, index: usize) -> Option<Frame> {
        let branch = self.structure.branch_of.get(index).copied().flatten().map(Frame::Branch);
        branch.or_else(|| self.nodes[index].group.map(Frame::Container))
    }

    /// Everything the node lies in, innermost first.
    pub(crate) fn frames(&self, index: usize) -> impl Iterator<Item = Frame> + '_ {
        std::iter::successors(self.frame(index), |frame| match frame {
            Frame::Container(container) => self.frame(*container),
            Frame::Branch(branch) => {
                let branch = &self.structure.branches[*branch];
                let outer = branch.outer.map(Frame::Branch);
                outer.or_else(|| self.nodes[branch.fork].group.map(Frame::Container))
            }
        })
    }

    /// Where an edge from a node to another really leads: into the join that waits for the node's branch, to the next
    /// round of a loop around it, or to the other node.
    pub(crate) fn lead(&self, index: usize, target: usize) -> Lead {
        let found = self.frames(index).find_map(|frame| match frame {
            Frame::Branch(branch) if self.structure.join_of(branch) == Some(target) => {
                Some(Lead::Join(branch))
            }
            Frame::Container(around) if around == target && self.nodes[around].kind() == "loop" => {
                Some(Lead::Round(around))
            }
            _ => None,
        });
        found.unwrap_or(Lead::Node(target))
    }

    /// Where a dead end leads: the nearest thing around it that goes on after it.
    pub(crate) fn beyond(&self, index: usize) -> Lead {
        let found = self.frames(index).find_map(|frame| match frame {
            Frame::Branch(branch) => Some(Lead::Join(branch)),
            Frame::Container(around) if self.nodes[around].kind() == "loop" => {
                Some(Lead::Round(around))
            }
            Frame::Container(group) => self.by_default(group),
        });
        found.unwrap_or(Lead::End)
    }

    fn by_default(&self, group: usize) -> Option<Lead> {
        let target = self.nodes[group].exits.get("default")?;
        Some(self.lead(group, *target))
    }

    /// Where a node leads without an edge, if it can be left so.
    pub(crate) fn falls_to(&self, index: usize) -> Option<Lead> {
        let node = &self.nodes[index];
        match node.kind() {
            "fail" => None,
            "end" => match self.home(index)? {
                Frame::Container(group) => self.by_default(group),
                Frame::Branch(_) => None,
            },
            _ => kinds::exits(node)
                .iter()
                .any(|exit| {
                    exit.unwired == Unwired::Ends && !node.exits.contains_key(exit.name.as_str())
                })
                .then(|| self.beyond(index)),
        }
    }

    /// What holds this node's state. An `end` belongs to the nearest group that has an exit for it, and a `fail` to
    /// nothing: reaching a final state ends what it lies in.
    pub(crate) fn home(&self, index: usize) -> Option<Frame> {
        match self.nodes[index].kind() {
            "fail" => None,
            "end" => self
                .groups(index)
                .find(|g| {
                    let group = &self.nodes[*g];
                    group.kind() == "group" && group.exits.contains_key("default")
                })
                .map(Frame::Container),
            _ => self.frame(index),
        }
    }

    /// The nodes whose states lie directly in a frame, or at the top.
    pub(crate) fn members(&self, frame: Option<Frame>) -> &[usize] {
        self.structure.members.get(&frame).map_or(&[], Vec::as_slice)
    }

    /// Where a group or loop that is entered as such begins: at the member no other member leads to, else at the first.
    pub(crate) fn first_of(&self, container: usize) -> Option<usize> {
        let members = self.members(Some(Frame::Container(container)));
        let is_led_to = |m: &&usize| self.structure.led_to.get(**m).copied().unwrap_or_default();
        members.iter().find(|m| !is_led_to(m)).or_else(|| members.first()).copied()
    }

    /// Where an edge stands in the upload.
    pub(crate) fn edge_pointer(&self, edge: usize) -> String {
        format!("{}/edges/{edge}", self.pointer)
    }
}

/// What a node can lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Frame {
    /// A group or a loop, by its node.
    Container(usize),
    /// A branch of a fork, by its place in [`Structure::branches`].
    Branch(usize),
}

/// Where going on leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lead {
    /// To a node.
    Node(usize),
    /// To the join that waits for this branch.
    Join(usize),
    /// To the next round of this loop.
    Round(usize),
    /// Nowhere: the workflow ends.
    End,
}

/// The branches of every fork, and what lies where. Filled in by [`super::structure`].
#[derive(Debug, Default)]
pub(crate) struct Structure {
    /// Every branch; those of one fork in the order of its edges.
    pub(crate) branches: Vec<Branch>,
    /// The innermost branch around each node at its own level, that is in the same group or loop.
    pub(crate) branch_of: Vec<Option<usize>>,
    /// Which of them belong to each fork.
    pub(crate) by_fork: BTreeMap<usize, Range<usize>>,
    /// The join of each fork.
    pub(crate) joins: BTreeMap<usize, usize>,
    /// Whether another node of the same level leads to it.
    pub(crate) led_to: Vec<bool>,
    /// The nodes that become states, by what holds their state.
    pub(crate) members: BTreeMap<Option<Frame>, Vec<usize>>,
}

/// One branch of a fork.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) fork: usize,
    /// Which of the fork's edges it is.
    pub(crate) place: usize,
    /// The branch the fork itself lies in, at the same level.
    pub(crate) outer: Option<usize>,
    /// How many branches lie around what is in it, itself included.
    pub(crate) depth: usize,
    /// Whether anything in it leads to the join.
    pub(crate) reaches: bool,
}

impl Structure {
    /// The join that waits for a branch.
    pub(crate) fn join_of(&self, branch: usize) -> Option<usize> {
        self.joins.get(&self.branches[branch].fork).copied()
    }

    /// The branches of a fork, in order.
    pub(crate) fn branches_of(&self, fork: usize) -> Range<usize> {
        self.by_fork.get(&fork).cloned().unwrap_or_default()
    }
}

/// A named exit of one node.
pub(crate) struct Exit {
    pub(crate) name: String,
    pub(crate) unwired: Unwired,
}

/// What it means that no edge leaves an exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unwired {
    /// The node makes no sense without it.
    Error,
    /// The workflow ends there, which may not be meant.
    Ends,
    /// It is optional.
    Nothing,
}
