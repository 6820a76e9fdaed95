//! `call`: runs another workflow, and waits for it or lets it go.

use super::{SAVE_AS, optional, required};
use crate::{
    graph::{
        Checker,
        emit::{self, Object, Site},
        model::Node,
    },
    spec::{NodeSpec, Port, Shape},
};
use serde_json::{Value, json};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "call",
    title: "Call a workflow",
    summary: "Runs another workflow.",
    fields: &[
        required("workflow", Shape::Text, "Name of the workflow."),
        optional("input", Shape::Json, "What it is started with."),
        optional(
            "mode",
            Shape::Choice(&["await", "detach"]),
            "Wait for its end, or go on at once; what is kept then names the child for `signal` and `cancel`.",
        ),
        SAVE_AS,
    ],
    ports: &[Port { name: "done", required: false }, Port { name: "failed", required: false }],
    effect: None,
};

pub(super) fn check(data: &Object, checker: &mut Checker<'_>) {
    let name = data.get("workflow").and_then(Value::as_str).unwrap_or_default();
    if !name.is_empty() && !crate::source::is_name(name) {
        checker
            .error("wrong-shape", "/workflow", format!("`{name}` cannot be the name of a workflow"))
            .help("Names are lower-case letters, digits, `-` and `_`, and are not computed.");
    }
}

pub(super) fn lower(site: &Site<'_>) -> Object {
    let node = site.node;
    let mut invoke = invoke(node);
    if node.text("mode") != "detach" {
        return settled(site, invoke);
    }
    invoke.insert("detach".to_owned(), json!(true));
    // What names the child to `signal` and `cancel`.
    invoke.insert("onDone".to_owned(), json!({ "actions": [kept(node)] }));
    // A timer of no length, not an eventless transition: steps of a state that is left within the macrostep it was
    // entered in are never started.
    emit::object(json!({ "invoke": invoke, "after": { "0": site.go("done") } }))
}

/// The invoke of the workflow that the node names.
pub(super) fn invoke(node: &Node<'_>) -> Object {
    emit::object(json!({
        "id": node.id,
        "src": format!("workflow:{}", node.text("workflow")),
        "input": node.field("input").cloned().unwrap_or_else(|| json!({})),
    }))
}

/// The state that waits for the invoke, and goes on by `done` or `failed`.
pub(super) fn settled(site: &Site<'_>, mut invoke: Object) -> Object {
    let mut done = site.go("done");
    done.insert("actions".to_owned(), json!([kept(site.node)]));
    invoke.insert("onDone".to_owned(), done.into());
    if site.is_wired("failed") {
        invoke.insert("onError".to_owned(), site.go("failed").into());
    }
    emit::object(json!({ "invoke": invoke }))
}

fn kept(node: &Node<'_>) -> Value {
    emit::assign(node.save_as(), "event.output")
}
