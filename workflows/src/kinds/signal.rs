//! `signal`: sends an event to another instance: a child, one known by its key, or one known by its id.
//!
//! The engine does this itself: the event is a row of the same database, under the step's key, so that a step that is
//! tried again delivers once.

use super::{ATTEMPTS_MAX, STEP_PORTS, STEP_TIMEOUT_MS, TEMPLATE, optional, required, wait};
use crate::{
    graph::{
        Checker,
        emit::{self, Object, Site},
        model::is_blank,
    },
    source,
    spec::{Effect, Field, NodeSpec, OnUnknown, Output, Shape},
};
use serde_json::Value;

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "signal",
    title: "Signal",
    summary: "Sends an event to another instance.",
    fields: &[
        required("event", Shape::Text, "Name of the event, which the other waits for."),
        optional("data", Shape::Json, "The fields of the event."),
        CHILD,
        WORKFLOW,
        KEY,
        INSTANCE,
        super::SAVE_AS,
    ],
    ports: STEP_PORTS,
    effect: Some(EFFECT),
};

/// Whom it is for, as a `call` in mode `detach` kept it.
pub(super) const CHILD: Field = optional(
    "child",
    Shape::Expression,
    "The child it is for: what a detached `call` has kept, e.g. context.survey.",
);
/// Whom it is for, by workflow and key.
pub(super) const WORKFLOW: Field =
    optional("workflow", Shape::Text, "Name of the workflow it is for, together with `key`.");
pub(super) const KEY: Field =
    optional("key", TEMPLATE, "Key of the live instance of that workflow, e.g. {{ contact.id }}.");
/// Whom it is for, by id.
pub(super) const INSTANCE: Field =
    optional("instance", TEMPLATE, "Id of the instance it is for, e.g. {{ input.instance }}.");

/// A row in our own database, under the step's key: trying again does it once.
pub(super) const EFFECT: Effect = Effect {
    provider: None,
    is_idempotent: |_| true,
    on_unknown: OnUnknown::Retry,
    timeout_ms: STEP_TIMEOUT_MS,
    attempts_max: ATTEMPTS_MAX,
    output: Output::Schema(
        r#"{"type": "object", "properties": {"delivered": {"type": "boolean"}, "instance": {}}}"#,
    ),
};

pub(super) fn check(data: &Object, checker: &mut Checker<'_>) {
    let event = data.get("event").and_then(Value::as_str).unwrap_or_default();
    if wait::is_internal(event) {
        checker
            .error("unknown-event", "/event", format!("`{event}` is an event of the engine itself"))
            .help("Use a name of your own, e.g. `order.paid`.");
    }
    if data.get("data").is_some_and(|data| !data.is_object() && !is_blank(data)) {
        checker
            .error("wrong-shape", "/data", "`data` must be an object: the fields of the event")
            .help("For example {\"amount\": {\"@expr\": \"context.total\"}}.");
    }
    check_address(data, checker);
}

/// One instance must be meant, and in one way.
pub(super) fn check_address(data: &Object, checker: &mut Checker<'_>) {
    let has = |name: &str| data.get(name).is_some_and(|value| !is_blank(value));
    let given: Vec<&str> =
        ["child", "workflow", "instance"].into_iter().filter(|name| has(name)).collect();
    match given.as_slice() {
        [] => checker
            .error("missing-field", "/child", "this does not say which instance is meant")
            .help("Fill in `child`, or `workflow` and `key`, or `instance`."),
        [_] => {}
        [first, second, ..] => checker
            .error(
                "wrong-shape",
                &format!("/{second}"),
                format!("`{first}` and `{second}` both say which instance is meant"),
            )
            .help("Keep one of them."),
    }
    if has("workflow") && !has("key") {
        checker
            .error("missing-field", "/key", "`key` is missing")
            .help("It says which instance of the workflow is meant, e.g. {{ contact.id }}.");
    }
    if has("key") && !has("workflow") && !given.is_empty() {
        checker
            .warning("unknown-field", "/key", "`key` means something only together with `workflow`")
            .help("Remove it, or fill in `workflow`.");
    }
    let workflow = data.get("workflow").and_then(Value::as_str).unwrap_or_default().trim();
    if !workflow.is_empty() && !source::is_name(workflow) {
        checker
            .error(
                "wrong-shape",
                "/workflow",
                format!("`{workflow}` cannot be the name of a workflow"),
            )
            .help("Names are lower-case letters, digits, `-` and `_`, and are not computed.");
    }
}

/// An ordinary step, but for `child`, which is computed as it is.
pub(super) fn lower(site: &Site<'_>) -> Object {
    let mut state = emit::step(site);
    let child = site.node.text("child");
    if !child.is_empty()
        && let Some(Value::Object(input)) = state.get_mut("invoke").and_then(|i| i.get_mut("input"))
    {
        input.insert("child".to_owned(), emit::expression(child));
    }
    state
}
