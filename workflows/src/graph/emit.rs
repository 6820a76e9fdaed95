//! What a kind needs to write its state: the node in its graph, where its handles lead, and the common pieces.

use super::{
    assemble::{Machine, delay_name},
    model::Node,
    policy,
    timing::{Timing, timing},
};
use crate::spec::Shape;
use serde_json::{Map, Value, json};

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

pub(crate) use policy::lower as policy;

/// One node in its graph, as its kind lowers it.
pub(crate) struct Site<'a> {
    pub(crate) node: &'a Node<'a>,
    pub(super) index: usize,
    pub(super) machine: &'a Machine<'a>,
}

impl<'a> Site<'a> {
    /// Whether an edge leaves by this handle.
    pub(crate) fn is_wired(&self, handle: &str) -> bool {
        self.node.exits.contains_key(handle)
    }

    /// The transition by this handle. Without an edge, what surrounds the node goes on: its branch is done, its loop
    /// begins the next round, its group is done, or else the workflow.
    pub(crate) fn go(&self, handle: &str) -> Object {
        target(self.machine.leads_to(self.index, handle))
    }

    /// The join that waits for the branches of this fork.
    pub(crate) fn join(&self) -> Option<&'a Node<'a>> {
        self.machine.join(self.index)
    }

    /// The ids of the states that say, each for its branch, that a branch of this fork is done.
    pub(crate) fn joined(&self) -> Vec<String> {
        self.machine.joined(self.index)
    }

    /// How a loop is put together.
    pub(crate) fn rounds(&self) -> Rounds {
        self.machine.rounds(self.index)
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

/// The states of a loop that are no nodes, and where its members begin.
pub(crate) struct Rounds {
    /// Key of the state that decides whether there is another round.
    pub(crate) round: String,
    /// Key of the state that a round ends in.
    pub(crate) again: String,
    /// Where a round begins; `None` for a loop with nothing in it.
    pub(crate) first: Option<String>,
    /// Where the loop leads when it was stopped by its cap.
    pub(crate) capped: String,
    /// Whether a round may be over in the moment it begins, so that many of them would not come to rest.
    pub(crate) may_spin: bool,
}

/// The transition to the state of this id.
pub(crate) fn target(id: impl std::fmt::Display) -> Object {
    object(json!({ "target": format!("#{id}") }))
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
