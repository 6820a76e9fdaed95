//! `trigger`: what starts the workflow. It becomes no state; its edge shows where an instance begins.

use super::{optional, required};
use crate::{
    graph::{Checker, emit::Object},
    spec::{NodeSpec, Port, Shape},
};
use serde_json::Value;

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "trigger",
    title: "Start",
    summary: "What starts the workflow.",
    fields: &[
        required(
            "on",
            Shape::Choice(&["message", "start", "event", "schedule", "webhook"]),
            "The occasion: a customer's message, or a start through the API.",
        ),
        optional(
            "when",
            Shape::Expression,
            "Only if this holds, e.g. event.text.matches('(?i)^book').",
        ),
        optional("name", Shape::Text, "Name of the event or webhook."),
        optional("cron", Shape::Text, "Times of a schedule."),
        optional("tz", Shape::Text, "Time zone of a schedule."),
        optional("priority", Shape::Integer, "Higher goes first when several workflows match."),
        optional(
            "policy",
            Shape::Choice(&["interrupt", "suspend", "ignore_if_waiting"]),
            "What becomes of the workflow the customer is in.",
        ),
    ],
    ports: &[Port { name: "default", required: true }],
    effect: None,
};

pub(crate) fn check(data: &Object, checker: &mut Checker<'_>) {
    let on = data.get("on").and_then(Value::as_str).unwrap_or_default();
    if matches!(on, "schedule" | "webhook" | "event") {
        checker
            .error(
                "trigger-not-served",
                "/on",
                format!("nothing would fire a trigger on `{on}`: this release starts workflows from messages and from the API"),
            )
            .help("Use `\"on\": \"start\"` and start it with POST /v1/instances from the program that knows the occasion.");
    }
}
