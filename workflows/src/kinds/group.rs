//! `group`: a frame around nodes. Its edges hold for all of them: by `timeout` when the group took too long, by
//! `default` when an `end` inside it was reached, and by any other handle when an event of that name arrives.

use super::optional;
use crate::{
    graph::emit::{Object, Site},
    spec::{NodeSpec, Port, Shape},
};
use serde_json::json;

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "group",
    title: "Group",
    summary: "Holds nodes together; its edges leave from whichever of them is active.",
    fields: &[optional("timeout", Shape::Duration, "Longest time inside the group.")],
    ports: &[Port { name: "default", required: false }, Port { name: "timeout", required: false }],
    effect: None,
};

/// The transitions of the group. Its `initial` and `states` are put in by the caller.
pub(super) fn lower(site: &Site<'_>) -> Object {
    let mut state = Object::new();
    if site.is_wired("default") {
        state.insert("onDone".to_owned(), site.go("default").into());
    }
    if site.node.field("timeout").is_some() {
        state.insert("after".to_owned(), site.after("timeout"));
    }
    let events: Object = (site.node.exits.keys())
        .filter(|handle| !matches!(**handle, "default" | "timeout"))
        .map(|event| ((*event).to_owned(), json!([site.go(event)])))
        .collect();
    if !events.is_empty() {
        state.insert("on".to_owned(), events.into());
    }
    state
}
