//! Puts the machine JSON together: one state per node, groups around their members, targets by id.
//!
//! **Invariant:** every target is `#<id>`, and every state of a node has that node's id, wherever a group puts it.

use super::{
    model::{Graph, Node},
    policy,
    timing::{Timing, timing},
};
use crate::{kinds, spec::Shape};
use serde_json::{Map, Value, json};
use std::{
    cell::Cell,
    collections::{BTreeMap, HashSet},
};

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

pub(crate) use policy::lower as policy;

/// One node in its graph, as its kind lowers it.
pub(crate) struct Site<'a> {
    pub(crate) node: &'a Node<'a>,
    index: usize,
    machine: &'a Machine<'a>,
}

struct Machine<'a> {
    graph: &'a Graph<'a>,
    members: BTreeMap<Option<usize>, Vec<usize>>,
    /// Id of the final state that dead ends lead to.
    end: String,
    /// Whether any does.
    has_dead_end: Cell<bool>,
}

impl Site<'_> {
    /// Whether an edge leaves by this handle.
    pub(crate) fn is_wired(&self, handle: &str) -> bool {
        self.node.exits.contains_key(handle)
    }

    /// The transition by this handle. Without an edge the surrounding group is done, or else the workflow.
    pub(crate) fn go(&self, handle: &str) -> Object {
        let graph = self.machine.graph;
        let wired = self.node.exits.get(handle).copied();
        let target = match wired.or_else(|| graph.beyond(self.index)) {
            Some(target) => graph.nodes[target].id,
            None => {
                self.machine.has_dead_end.set(true);
                &self.machine.end
            }
        };
        object(json!({ "target": format!("#{target}") }))
    }

    /// The delayed transition by this handle, after the time the node's data says.
    pub(crate) fn after(&self, handle: &str) -> Value {
        let key = match timing(self.node) {
            Some(Timing::Fixed(ms)) => ms.max(0).to_string(),
            Some(Timing::Computed(_)) => delay_name(self.node.id),
            None => "0".to_owned(),
        };
        Object::from_iter([(key, self.go(handle).into())]).into()
    }
}

/// The object of a `json!({…})`.
pub(crate) fn object(value: Value) -> Object {
    match value {
        Value::Object(map) => map,
        _ => Object::new(),
    }
}

/// A computed value.
pub(crate) fn expression(source: impl Into<String>) -> Value {
    json!({ "@expr": source.into() })
}

/// A text as it is written in an expression. JSON's escapes are also CEL's.
pub(crate) fn text_literal(text: &str) -> String {
    Value::from(text).to_string()
}

/// The transition, taken only if the condition holds.
pub(crate) fn guarded(when: &str, mut go: Object) -> Object {
    go.insert("guard".to_owned(), expression(when));
    go
}

/// The action that keeps one computed value.
pub(crate) fn assign(path: &str, source: &str) -> Value {
    assign_all(Object::from_iter([(path.to_owned(), expression(source))]))
}

/// The action that keeps several values.
pub(crate) fn assign_all(values: Object) -> Value {
    json!({ "type": "@xstate.assign", "assignment": values })
}

/// The state of a kind that acts: it invokes the step and goes on with its result.
pub(crate) fn step(site: &Site<'_>) -> Object {
    let node = site.node;
    // A kind nobody knows still gets a state, so that edges to it do not become further errors.
    let Some(spec) = node.spec else { return Object::new() };
    let input: Object = (spec.fields.iter())
        .filter(|field| field.shape != Shape::Path)
        .filter_map(|field| Some((field.name.to_owned(), node.field(field.name)?.clone())))
        .collect();
    let mut done = site.go("default");
    // Nobody reads the receipt of a message unless it was asked for.
    if !spec.kind.starts_with("send.") || node.field("saveAs").is_some() {
        done.insert("actions".to_owned(), json!([assign(node.save_as(), "event.output")]));
    }
    let mut invoke =
        object(json!({ "id": node.id, "src": spec.kind, "input": input, "onDone": done }));
    if let Some(policy) = policy(node) {
        invoke.insert("policy".to_owned(), policy.into());
    }
    if site.is_wired("error") {
        invoke.insert("onError".to_owned(), site.go("error").into());
    }
    object(json!({ "invoke": invoke }))
}

/// What a trigger node says, without what only the builder uses.
pub(super) fn trigger(node: &Node<'_>) -> Value {
    let fields = node.spec.map_or(&[][..], |spec| spec.fields).iter();
    fields
        .filter_map(|field| Some((field.name.to_owned(), node.field(field.name)?.clone())))
        .collect::<Object>()
        .into()
}

pub(super) fn machine(graph: &Graph<'_>, name: &str) -> Value {
    let taken: HashSet<&str> = graph.nodes.iter().map(|node| node.id).collect();
    let machine = Machine {
        graph,
        members: graph.members(),
        end: free_id("_end", &taken),
        has_dead_end: Cell::new(false),
    };
    let (initial, start) = machine.initial(&taken);
    let mut states = machine.states(None);
    states.extend(start);
    if machine.has_dead_end.get() || states.is_empty() {
        let end = json!({ "id": machine.end, "type": "final", "output": null });
        states.insert(machine.end, end);
    }
    let mut root = object(json!({
        "@exprLang": "cel",
        "id": free_id(name, &taken),
        "initial": initial,
        "context": {},
        "output": expression("default(event.output, null)"),
        "states": states,
    }));
    let delays: Object = (graph.nodes.iter())
        .filter_map(|node| match timing(node)? {
            Timing::Computed(source) => Some((delay_name(node.id), expression(source))),
            Timing::Fixed(_) => None,
        })
        .collect();
    if !delays.is_empty() {
        root.insert("delays".to_owned(), delays.into());
    }
    if let Some(viewport) = graph.viewport {
        root.insert("meta".to_owned(), json!({ "ui": { "viewport": viewport } }));
    }
    root.into()
}

impl Machine<'_> {
    /// The root's initial state; where it lies in a group, a state that leads there at once.
    fn initial(&self, taken: &HashSet<&str>) -> (String, Option<(String, Value)>) {
        let top = self.members.get(&None).and_then(|top| top.first());
        match self.graph.entry.or_else(|| top.copied()) {
            None => (self.end.clone(), None),
            Some(entry) if self.graph.home(entry).is_none() => {
                (self.graph.nodes[entry].id.to_owned(), None)
            }
            Some(entry) => {
                let start = free_id("_start", taken);
                let target = format!("#{}", self.graph.nodes[entry].id);
                let state = json!({ "id": start, "always": [{ "target": target }] });
                (start.clone(), Some((start, state)))
            }
        }
    }

    /// The states directly inside a group, or at the top. Recursion is as deep as groups are, `GROUP_DEPTH_MAX` at most.
    fn states(&self, group: Option<usize>) -> Object {
        let members = self.members.get(&group).map_or(&[][..], Vec::as_slice);
        members
            .iter()
            .map(|index| (self.graph.nodes[*index].id.to_owned(), self.state(*index).into()))
            .collect()
    }

    fn state(&self, index: usize) -> Object {
        let node = &self.graph.nodes[index];
        let mut state = kinds::lower(&Site { node, index, machine: self });
        if node.kind() == "group" {
            let members = self.members.get(&Some(index)).map_or(&[][..], Vec::as_slice);
            if let Some(first) = self.graph.first_of(members) {
                state.insert("initial".to_owned(), self.graph.nodes[first].id.into());
                state.insert("states".to_owned(), self.states(Some(index)).into());
            }
        }
        let ui: Object = (node.raw.iter())
            .filter(|(key, _)| !matches!(key.as_str(), "id" | "data"))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let mut meta = object(state.remove("meta").unwrap_or_default());
        meta.insert("node".to_owned(), node.id.into());
        meta.insert("kind".to_owned(), node.kind().into());
        meta.insert("ui".to_owned(), ui.into());
        state.insert("meta".to_owned(), meta.into());
        state.insert("id".to_owned(), node.id.into());
        state
    }
}

/// No node id contains a dot, so this is never a duration, a number or another node's delay.
fn delay_name(id: &str) -> String {
    format!("{id}.delay")
}

fn free_id(wanted: &str, taken: &HashSet<&str>) -> String {
    let mut id = wanted.to_owned();
    while taken.contains(id.as_str()) {
        id.push('_');
    }
    id
}
