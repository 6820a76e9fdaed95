//! Scenarios: the script language of `perdure test`. What plays them stands above this crate, so the form is told here
//! once more; tests compare the two.

use super::{described, part};
use serde_json::{Map, Value, json};

pub(super) fn defs() -> Map<String, Value> {
    [
        ("scenario", scenario()),
        ("line", line()),
        ("expectation", expectation()),
        ("outcome", outcome()),
        ("texts", texts()),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}

fn closed(properties: Value, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": properties,
    })
}

fn scenario() -> Value {
    let object = || json!({ "type": "object" });
    let outcomes = json!({
        "anyOf": [part("outcome"), { "type": "array", "minItems": 1, "items": part("outcome") }],
    });
    let given = closed(
        json!({
            "input": described(json!({}), "What the instance is started with."),
            "contact": object(),
            "tenant": object(),
            "channel": object(),
            "context": described(object(), "What the instance knows at first, field by field."),
            "steps": described(
                json!({ "type": "object", "additionalProperties": outcomes }),
                "What steps answer, by kind or by node.",
            ),
        }),
        &[],
    );
    let scenario = closed(
        json!({
            "name": described(
                json!({ "type": "string", "pattern": "\\S" }),
                "What the workflow does.",
            ),
            "at": described(json!({ "type": "string" }), "When it starts, e.g. 2026-01-01T09:00:00Z."),
            "given": given,
            "script": { "type": "array", "minItems": 1, "items": part("line") },
        }),
        &["name", "script"],
    );
    described(scenario, "What the workflow is meant to do, played in virtual time.")
}

fn line() -> Value {
    let text = |what: &str| described(json!({ "type": "string" }), what);
    let settled = json!({
        "type": "object",
        "required": ["of"],
        "additionalProperties": false,
        "properties": {
            "of": described(json!({ "type": "string" }), "The kind or node of an open step."),
            "output": {},
            "error": error(),
        },
        "oneOf": [{ "required": ["output"] }, { "required": ["error"] }],
    });
    let event = json!({
        "type": "object",
        "required": ["type"],
        "properties": { "type": { "type": "string" } },
    });
    let line = closed(
        json!({
            "start": described(
                json!({ "type": "object" }),
                "Starts it, with a message or without one. The first line, and only that.",
            ),
            "say": text("The customer writes."),
            "press": text("The customer presses what has this id."),
            "send": described(event, "Something else happens."),
            "wait": described(
                json!({ "type": ["string", "integer"] }),
                "Time passes: `2h`, `PT10M` or milliseconds.",
            ),
            "step": described(settled, "An open step is settled."),
            "expect": part("expectation"),
        }),
        &[],
    );
    let mut line = line;
    line["minProperties"] = json!(1);
    line["maxProperties"] = json!(1);
    line
}

fn outcome() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": { "output": {}, "error": error() },
        "oneOf": [{ "required": ["output"] }, { "required": ["error"] }],
    })
}

fn error() -> Value {
    closed(json!({ "code": {}, "message": {} }), &[])
}

fn texts() -> Value {
    json!({
        "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
    })
}

fn expectation() -> Value {
    let texts = |what: &str| described(part("texts"), what);
    closed(
        json!({
            "said": texts("What was said since the last expectation; /between slashes/ a pattern."),
            "buttons": texts("The ids the last message shows."),
            "state": texts("Nodes or states that are active."),
            "status": { "enum": ["active", "done", "error"] },
            "context": described(json!({}), "Parts of what the instance knows."),
            "output": described(json!({}), "Parts of what it gives back."),
            "commands": described(json!({ "type": "array" }), "Commands that were issued."),
            "unhandled": described(
                json!({ "type": "boolean" }),
                "Whether an event found no transition.",
            ),
            "timers": described(json!({ "type": "object" }), "When timers are due, by node."),
        }),
        &[],
    )
}
