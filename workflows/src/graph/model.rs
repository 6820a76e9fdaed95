//! The graph as read: nodes with their exits, addressed by index.

use crate::{diagnostic::Diagnostic, spec::NodeSpec};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

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
    /// The group around it.
    pub(crate) group: Option<usize>,
    /// Where each handle leads.
    pub(crate) exits: BTreeMap<&'a str, usize>,
    /// Which edge leaves by each handle, as a place in the upload's list.
    pub(crate) edges: BTreeMap<&'a str, usize>,
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
}

impl<'a> Graph<'a> {
    /// The groups around a node, innermost first.
    pub(crate) fn groups(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.nodes[index].group, |group| self.nodes[*group].group)
    }

    /// Where a dead end leads: to the exit of the nearest group that has one. `None`: the workflow ends.
    pub(crate) fn beyond(&self, index: usize) -> Option<usize> {
        self.groups(index).find_map(|group| self.nodes[group].exits.get("default").copied())
    }

    /// The group whose state holds this node's state. An `end` belongs to the nearest group that has an exit for it, and
    /// a `fail` to none: reaching a final state ends what it lies in.
    pub(crate) fn home(&self, index: usize) -> Option<usize> {
        match self.nodes[index].kind() {
            "fail" => None,
            "end" => self.groups(index).find(|g| self.nodes[*g].exits.contains_key("default")),
            _ => self.nodes[index].group,
        }
    }

    /// The nodes that become states, by the group whose state holds theirs.
    pub(crate) fn members(&self) -> BTreeMap<Option<usize>, Vec<usize>> {
        let mut members: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            if node.kind() != "trigger" {
                members.entry(self.home(index)).or_default().push(index);
            }
        }
        members
    }

    /// Where a group that is entered as such begins: at the member no other member leads to, else at the first.
    pub(crate) fn first_of(&self, members: &[usize]) -> Option<usize> {
        let led_to: BTreeSet<usize> = members
            .iter()
            .flat_map(|m| self.nodes[*m].exits.values().filter(move |target| *target != m))
            .copied()
            .collect();
        members.iter().find(|m| !led_to.contains(m)).or_else(|| members.first()).copied()
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
