//! The graph: nodes by their kind, and edges.

use super::{described, optional, part};
use crate::{
    kinds,
    limits::ID_CHARS_MAX,
    spec::{Field, NodeSpec, Shape},
};
use serde_json::{Map, Value, json};

pub(super) fn defs() -> Map<String, Value> {
    let mut defs = Map::new();
    defs.insert("graph".to_owned(), graph());
    defs.insert("node".to_owned(), node());
    defs.insert("edge".to_owned(), edge());
    defs.insert("hasKind".to_owned(), has_kind());
    defs.insert("option".to_owned(), option());
    defs.insert("duration".to_owned(), duration());
    defs.insert("stepPolicy".to_owned(), step_policy());
    defs.extend(kinds::all().iter().map(|spec| (format!("data.{}", spec.kind), data(spec))));
    defs
}

fn graph() -> Value {
    json!({
        "title": "React Flow graph",
        "description": "What React Flow's toObject() gives.",
        "type": "object",
        "required": ["nodes"],
        "properties": {
            "nodes": { "type": "array", "items": part("node") },
            "edges": { "type": "array", "items": part("edge") },
        },
    })
}

fn node() -> Value {
    let kinds: Vec<&str> = kinds::all().iter().map(|spec| spec.kind).collect();
    let by_kind: Vec<Value> = kinds::all().iter().map(|spec| when_kind(spec)).collect();
    json!({
        "title": "Node",
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": { "type": "string", "pattern": format!("^[A-Za-z0-9_-]{{1,{ID_CHARS_MAX}}}$") },
            "type": described(json!({}), "The kind of the node, unless `data.kind` says it."),
            "data": { "type": ["object", "null"] },
            "parentId": described(json!({}), "The group it lies in."),
        },
        "if": { "not": part("hasKind") },
        "then": { "required": ["type"], "properties": { "type": { "enum": kinds } } },
        "allOf": by_kind,
    })
}

/// A node whose data says a kind that there is.
fn has_kind() -> Value {
    let kinds: Vec<&str> = kinds::all().iter().map(|spec| spec.kind).collect();
    data_kind(json!({ "enum": kinds }))
}

fn data_kind(kind: Value) -> Value {
    json!({
        "required": ["data"],
        "properties": {
            "data": { "type": "object", "required": ["kind"], "properties": { "kind": kind } },
        },
    })
}

/// What holds for a node of this kind. `data.kind` goes before `type`.
fn when_kind(spec: &NodeSpec) -> Value {
    let by_type = json!({
        "required": ["type"],
        "properties": { "type": { "const": spec.kind } },
        "not": part("hasKind"),
    });
    let needed: &[&str] = if spec.fields.iter().any(|f| f.required) { &["data"] } else { &[] };
    json!({
        "if": { "anyOf": [data_kind(json!({ "const": spec.kind })), by_type] },
        "then": {
            "required": needed,
            "properties": { "data": part(&format!("data.{}", spec.kind)) },
        },
    })
}

fn edge() -> Value {
    json!({
        "title": "Edge",
        "type": "object",
        "required": ["source", "target"],
        "properties": {
            "source": described(json!({ "type": "string" }), "Id of the node it leaves."),
            "target": described(json!({ "type": "string" }), "Id of the node it leads to."),
            "sourceHandle": described(json!({}), "The exit it leaves by; `default` if empty."),
        },
    })
}

/// The data of one kind. Other keys stay open: builders keep labels and the like there.
fn data(spec: &NodeSpec) -> Value {
    let required: Vec<&str> = spec.fields.iter().filter(|f| f.required).map(|f| f.name).collect();
    let mut properties: Map<String, Value> =
        spec.fields.iter().map(|f| (f.name.to_owned(), field(f))).collect();
    // A question is sent by a step as well.
    if spec.effect.is_some() || spec.kind == "ask" {
        properties.insert("policy".to_owned(), optional(part("stepPolicy")));
    }
    let reasons = json!({
        "type": ["object", "null"],
        "additionalProperties": { "type": "string", "pattern": "\\S" },
    });
    let accept = described(reasons, "Warnings of this node that are accepted: code and reason.");
    properties.insert("accept".to_owned(), accept);
    let types: &[&str] = if required.is_empty() { &["object", "null"] } else { &["object"] };
    json!({
        "title": spec.title,
        "description": spec.summary,
        "type": types,
        "required": required,
        "properties": properties,
    })
}

fn field(field: &Field) -> Value {
    let schema = shape(field.shape);
    // An optional field may be left empty in a form.
    let schema = match field.required {
        true => schema,
        false => json!({ "anyOf": [schema, part("blank")] }),
    };
    described(schema, field.help)
}

fn shape(shape: Shape) -> Value {
    let text = || json!({ "type": "string", "pattern": "\\S" });
    match shape {
        Shape::Template { .. } | Shape::Text | Shape::Expression => text(),
        Shape::Choice(words) => json!({ "enum": words }),
        Shape::Json | Shape::Any => json!({}),
        Shape::Schema | Shape::Assignments => json!({ "type": "object" }),
        Shape::Integer => json!({ "type": "integer" }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Duration => part("duration"),
        Shape::Path => {
            let name = "[A-Za-z_][A-Za-z0-9_-]*";
            json!({ "type": "string", "pattern": format!("^{name}(\\.{name})*$") })
        }
        Shape::Buttons => json!({ "type": "array", "minItems": 1, "items": part("option") }),
        Shape::Sections => json!({
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["rows"],
                "properties": { "rows": { "type": "array", "items": part("option") } },
            },
        }),
        Shape::Cases => json!({
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["id", "when"],
                "properties": { "id": text(), "when": text() },
            },
        }),
        Shape::Weights => json!({
            "type": "array",
            "minItems": 1,
            "items": { "type": "object", "required": ["id"], "properties": { "id": text() } },
        }),
        Shape::Hours => json!({ "type": ["object", "string"] }),
    }
}

fn option() -> Value {
    let text = || json!({ "type": "string", "pattern": "\\S" });
    json!({
        "type": "object",
        "required": ["id", "title"],
        "properties": {
            "id": described(text(), "What the workflow calls it."),
            "title": described(text(), "What the customer reads."),
            "description": described(json!({}), "A small line below, in lists."),
        },
    })
}

fn duration() -> Value {
    json!({
        "description": "`10m`, `PT10M`, milliseconds, or an expression that gives a duration.",
        "type": ["string", "integer"],
    })
}

/// How steps of a node are attempted.
fn step_policy() -> Value {
    let duration = || optional(part("duration"));
    json!({
        "type": "object",
        "properties": {
            "timeout": described(duration(), "Longest time of one try."),
            "maxAttempts": optional(json!({ "type": "integer", "minimum": 1 })),
            "backoff": described(duration(), "The wait before the second try; it grows."),
            "backoffMax": described(duration(), "The longest wait between two tries."),
            "onUnknown": described(
                optional(super::machine::on_unknown()),
                "What to do when nobody can know whether a try has worked.",
            ),
            "acceptDuplicates": optional(json!({ "type": "boolean" })),
            "rate": described(
                optional(json!({ "type": "string" })),
                "How often tries may begin, over all instances: \"80/s\", \"1/6s\".",
            ),
        },
    })
}
