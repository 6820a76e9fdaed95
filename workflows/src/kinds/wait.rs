//! `wait`: waits for an event, for example a signal from another system.

use super::{optional, required};
use crate::{
    graph::{
        Checker,
        emit::{self, Object, Site},
    },
    spec::{NodeSpec, Port, Shape},
};
use serde_json::{Value, json};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "wait",
    title: "Wait for an event",
    summary: "Waits until an event arrives, or until the time is up.",
    fields: &[
        required(
            "event",
            Shape::Text,
            "Name of the event; `message` is a message of the customer.",
        ),
        optional(
            "when",
            Shape::Expression,
            "Only if this holds, e.g. event.orderId == context.orderId.",
        ),
        optional(
            "saveAs",
            Shape::Path,
            "Where in the context the event is kept; not kept if empty.",
        ),
        optional("timeout", Shape::Duration, "How long to wait."),
    ],
    ports: &[Port { name: "received", required: true }, Port { name: "timeout", required: false }],
    effect: None,
};

/// Types the engine makes for its own book-keeping; no state can wait for them, and nobody may send them.
const INTERNAL: &[&str] = &["timer", "step.done", "step.failed", "step.unknown", "note"];

/// Whether an event of this name is the engine's own.
pub(super) fn is_internal(event: &str) -> bool {
    INTERNAL.contains(&event) || event.starts_with("ops.") || event.starts_with("xstate.")
}

pub(super) fn check(data: &Object, checker: &mut Checker<'_>) {
    let event = data.get("event").and_then(Value::as_str).unwrap_or_default();
    if is_internal(event) {
        checker
            .error(
                "unknown-event",
                "/event",
                format!("`{event}` is an event of the engine itself, and never arrives here"),
            )
            .help("Wait for `message`, or for an event with a name of your own.");
    }
}

pub(super) fn lower(site: &Site<'_>) -> Object {
    let mut received = match site.node.text("when") {
        "" => site.go("received"),
        when => emit::guarded(when, site.go("received")),
    };
    if let Some(path) = site.node.field("saveAs").and_then(Value::as_str) {
        received.insert("actions".to_owned(), json!([emit::assign(path, "event")]));
    }
    let mut state = emit::object(json!({
        "tags": ["waiting"],
        "on": { site.node.text("event"): [received] },
    }));
    if site.node.field("timeout").is_some() {
        state.insert("after".to_owned(), site.after("timeout"));
    }
    state
}
