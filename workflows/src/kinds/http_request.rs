//! `http.request`: calls any web address.

use super::{
    ATTEMPTS_MAX, CONNECTION, SAVE_AS, STEP_PORTS, STEP_TIMEOUT_MS, TEMPLATE, optional, required,
};
use crate::{
    graph::{Checker, emit::Object},
    spec::{Effect, NodeSpec, OnUnknown, Output, Shape},
};
use serde_json::Value;

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "http.request",
    title: "Call a web address",
    summary: "Sends an HTTP request and gives back its answer.",
    fields: &[
        optional(
            "method",
            Shape::Choice(&["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
            "The method; GET if empty.",
        ),
        required("url", TEMPLATE, "The address, starting with https://."),
        optional("headers", Shape::Json, "Headers by name; credentials belong in a connection."),
        optional("body", Shape::Json, "What is sent, as JSON or as text."),
        optional(
            "idempotencyHeader",
            Shape::Text,
            "The header in which the other side expects an idempotency key, if it honours one.",
        ),
        SAVE_AS,
        CONNECTION,
    ],
    ports: STEP_PORTS,
    effect: Some(Effect {
        provider: None,
        is_idempotent,
        on_unknown: OnUnknown::Ask,
        timeout_ms: STEP_TIMEOUT_MS,
        attempts_max: ATTEMPTS_MAX,
        output: Output::Schema(
            r#"{"type": "object", "properties": {"status": {"type": "integer"}, "headers": {"type": "object"}, "body": {}}}"#,
        ),
    }),
};

/// By the method (RFC 9110 section 9.2.2), or by the promise of the other side to honour a key.
fn is_idempotent(input: &Value) -> bool {
    let has_key = input["idempotencyHeader"].as_str().is_some_and(|name| !name.is_empty());
    let method = match &input["method"] {
        Value::Null => "GET".to_owned(),
        Value::String(method) => method.to_ascii_uppercase(),
        _ => String::new(),
    };
    has_key || matches!(method.as_str(), "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS")
}

pub(super) fn check(data: &Object, checker: &mut Checker<'_>) {
    let Some(url) = data.get("url").and_then(Value::as_str) else { return };
    let url = url.trim();
    let is_address =
        url.starts_with("https://") || url.starts_with("http://") || url.starts_with("{{");
    if !is_address && !url.is_empty() {
        checker
            .error("wrong-shape", "/url", format!("`{url}` is not a web address"))
            .help("It starts with https://.");
    }
}
