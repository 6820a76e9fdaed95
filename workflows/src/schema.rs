//! The JSON Schema (draft 2020-12) of what may be uploaded, so that editors complete and check it as it is written.
//!
//! It is made of the same tables the compiler reads ([`crate::kinds`]), printed by `perdure schema`, served at
//! `GET /v1/schema` and kept at `docs/schema/definition.schema.json`.
//!
//! **Invariant:** a graph the compiler takes is never refused by the schema: the schema says what is surely wrong, the
//! compiler says the rest. What builders keep for themselves (positions, labels, colours) is open.

mod machine;
mod node;
mod scenario;

use serde_json::{Map, Value, json};

/// Names this schema for tools that keep several.
pub const ID: &str = "urn:perdure:definition:1";

/// The schema. The same for every call of one release.
pub fn definition() -> Value {
    let mut defs = Map::new();
    defs.insert("file".to_owned(), file());
    defs.insert("accept".to_owned(), accept());
    defs.insert("blank".to_owned(), blank());
    defs.insert("expression".to_owned(), expression());
    defs.insert("unhandled".to_owned(), unhandled());
    defs.extend(node::defs());
    defs.extend(machine::defs());
    defs.extend(scenario::defs());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Perdure workflow",
        "description": "A definition file, or a bare React Flow graph or machine config.",
        "type": "object",
        "if": { "required": ["perdure"] },
        "then": { "$ref": "#/$defs/file" },
        "else": {
            "if": { "required": ["nodes", "edges"] },
            "then": { "$ref": "#/$defs/graph" },
            "else": { "$ref": "#/$defs/machine" },
        },
        "$defs": defs,
    })
}

/// A reference to a part of the schema.
fn part(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// The schema, or null.
fn optional(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// The schema with a sentence for people.
fn described(mut schema: Value, description: &str) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".to_owned(), description.into());
    }
    schema
}

fn file() -> Value {
    let trigger = part("data.trigger");
    let object = || json!({ "type": ["object", "null"] });
    let text = || json!({ "type": ["string", "null"] });
    json!({
        "title": "Definition file",
        "type": "object",
        "required": ["perdure", "name"],
        "oneOf": [{ "required": ["graph"] }, { "required": ["machine"] }],
        "additionalProperties": false,
        "properties": {
            "$schema": { "description": "Where an editor finds this schema." },
            "perdure": described(json!({ "const": 1 }), "The format of the file."),
            "name": described(
                json!({ "type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,127}$" }),
                "Names the workflow: lower-case letters, digits, `-` and `_`.",
            ),
            "title": described(text(), "Its name for people."),
            "description": described(text(), "What it is for."),
            "input": described(object(), "JSON Schema of what an instance is started with."),
            "context": described(object(), "What an instance knows at first."),
            "schema": described(object(), "JSON Schema of the context."),
            "triggers": described(
                json!({ "type": ["array", "null"], "items": trigger }),
                "What starts it, beside the trigger nodes of a graph.",
            ),
            "key": described(
                text(),
                "An expression; there is at most one live instance for each of its values.",
            ),
            "search": described(
                json!({ "type": ["array", "null"], "items": { "type": "string" } }),
                "Expressions by whose values instances are found.",
            ),
            "messages": described(object(), "Localized texts by language and key, for t(\"key\")."),
            "policies": described(
                policies(),
                "What holds for the whole workflow.",
            ),
            "graph": part("graph"),
            "machine": part("machine"),
            "tests": described(
                json!({ "type": ["array", "null"], "items": part("scenario") }),
                "Scenarios, played by `perdure test`.",
            ),
            "accept": part("accept"),
        },
    })
}

fn policies() -> Value {
    let rate = described(
        json!({ "type": ["string", "null"] }),
        "How often tries of all its steps together may begin: \"80/s\", \"100/10s\".",
    );
    let concurrency = json!({
        "type": ["object", "null"],
        "required": ["max"],
        "additionalProperties": false,
        "properties": {
            "key": described(json!({ "type": ["string", "null"] }), "An expression; without one there is one key for all."),
            "max": { "type": "integer", "minimum": 1, "maximum": crate::pacing::CONCURRENCY_MAX },
            "over": described(
                json!({ "enum": ["queue", "refuse", "cancel_old"] }),
                "What becomes of one more; `queue` if absent.",
            ),
        },
    });
    json!({
        "type": ["object", "null"],
        "properties": {
            "unhandled": part("unhandled"),
            "retention": described(
                json!({ "type": ["string", "null"] }),
                "How long a finished instance and its history are kept, like 90d or P365D.",
            ),
            "priority": described(
                json!({ "type": ["integer", "null"], "minimum": 0, "maximum": 9 }),
                "Which of the tenant's work goes first: 9 before 5, which is what does not say.",
            ),
            "rate": rate,
            "concurrency": described(concurrency, "How many instances may run at once for each key."),
        },
    })
}

fn accept() -> Value {
    json!({
        "description": "Warnings that are accepted, each with a reason.",
        "type": ["array", "null"],
        "items": {
            "type": "object",
            "required": ["code", "reason"],
            "additionalProperties": false,
            "properties": {
                "code": described(json!({ "type": "string" }), "The code of the warning."),
                "node": described(
                    json!({ "type": ["string", "null"] }),
                    "Only on this node or state.",
                ),
                "pointer": described(
                    json!({ "type": ["string", "null"] }),
                    "Only at or below this JSON pointer.",
                ),
                "reason": described(
                    json!({ "type": "string", "pattern": "\\S" }),
                    "Why it is fine.",
                ),
            },
        },
    })
}

/// What a cleared form leaves: it counts as absent.
fn blank() -> Value {
    json!({ "anyOf": [{ "type": "null" }, { "type": "string", "pattern": "^\\s*$" }] })
}

/// A value that is computed.
fn expression() -> Value {
    json!({
        "type": "object",
        "required": ["@expr"],
        "properties": {
            "@expr": described(json!({ "type": "string" }), "An expression in CEL."),
            "@lang": { "const": "cel" },
        },
    })
}

fn unhandled() -> Value {
    let word = json!({ "enum": ["defer", "drop", "error"] });
    json!({
        "description": "What becomes of an event that no state waits for.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "default": word,
            "events": { "type": "object", "additionalProperties": word },
            "deferTtlMs": optional(json!({ "type": "integer" })),
        },
    })
}
