//! `wait.webhook`: waits until another system calls the address that `resume_url` gave it.

use super::optional;
use crate::{
    graph::emit::{self, Object, Site},
    spec::{NodeSpec, Port, Shape},
};
use serde_json::{Value, json};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "wait.webhook",
    title: "Wait for a call back",
    summary: "Waits until another system calls the address that {{ resume_url(\"<node id>\") }} gives in an earlier text or request.",
    fields: &[
        optional(
            "when",
            Shape::Expression,
            "Only if this holds, e.g. event.body.status == \"paid\".",
        ),
        optional(
            "saveAs",
            Shape::Path,
            "Where in the context what came is kept, as {body, query}; not kept if empty.",
        ),
        optional("timeout", Shape::Duration, "How long to wait."),
    ],
    ports: &[Port { name: "received", required: true }, Port { name: "timeout", required: false }],
    effect: None,
};

pub(super) fn lower(site: &Site<'_>) -> Object {
    let mut received = match site.node.text("when") {
        "" => site.go("received"),
        when => emit::guarded(when, site.go("received")),
    };
    if let Some(path) = site.node.field("saveAs").and_then(Value::as_str) {
        let kept = "{\"body\": default(event.body, null), \"query\": default(event.query, {})}";
        received.insert("actions".to_owned(), json!([emit::assign(path, kept)]));
    }
    let mut state = emit::object(json!({
        "tags": ["waiting"],
        "on": { format!("resume.{}", site.node.id): [received] },
    }));
    if site.node.field("timeout").is_some() {
        state.insert("after".to_owned(), site.after("timeout"));
    }
    state
}
