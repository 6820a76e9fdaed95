//! The definition file: `{"perdure": 1, "name": …}` around a graph or a machine.

use super::{Body, Source, UNNAMED, is_name, slug};
use crate::{
    diagnostic::{Diagnostic, pointer_token},
    graph,
    json::Json,
    secret, suggest,
};
use serde_json::Value;

const FORMAT: i64 = 1;

const KNOWN: &[&str] = &[
    "perdure",
    "name",
    "title",
    "description",
    "input",
    "context",
    "schema",
    "triggers",
    "key",
    "search",
    "messages",
    "policies",
    "graph",
    "machine",
    "tests",
    "accept",
    "$schema",
];

pub(super) fn read(json: &Json, out: &mut Vec<Diagnostic>) -> Option<Source> {
    if json.get("perdure").and_then(Json::as_i64) != Some(FORMAT) {
        let message = format!("this release reads definition files of format {FORMAT}");
        out.push(Diagnostic::error("version", "/perdure", message).help("Write \"perdure\": 1."));
    }
    for (key, _) in json.entries().iter().filter(|(key, _)| !KNOWN.contains(&key.as_str())) {
        out.push(
            Diagnostic::error(
                "unknown-field",
                format!("/{}", pointer_token(key)),
                format!("`{key}` means nothing in a definition file"),
            )
            .help(suggest::help(key, KNOWN.iter().copied())),
        );
    }
    check_presentation(json, out);
    let name = name(json, out);
    let (body, pointer) = body(json, out)?;
    let context = object(json, "context", out);
    if let Some(context) = &context {
        secret::scan(context, "/context", None, out);
    }
    Some(Source {
        title: text(json, "title", out).unwrap_or_else(|| name.clone()),
        name,
        body,
        pointer: pointer.to_owned(),
        input: object(json, "input", out),
        context,
        schema: object(json, "schema", out),
        triggers: triggers(json, out),
        key: text(json, "key", out),
        messages: object(json, "messages", out).unwrap_or(Value::Null),
        policies: object(json, "policies", out).unwrap_or(Value::Null),
        tests: list(json, "tests", out).iter().map(Json::to_value).collect(),
        document: json.clone(),
        origins: None,
    })
}

/// What nothing else here reads, and people and searches rely on.
fn check_presentation(json: &Json, out: &mut Vec<Diagnostic>) {
    text(json, "description", out);
    for (index, item) in list(json, "search", out).iter().enumerate() {
        if item.as_str().is_none() {
            wrong(&format!("/search/{index}"), "an expression, written as a text", out);
        }
    }
}

fn name(json: &Json, out: &mut Vec<Diagnostic>) -> String {
    let given = json.get("name");
    let text = given.and_then(Json::as_str).unwrap_or_default();
    if is_name(text) {
        return text.to_owned();
    }
    let near = slug(text);
    let message = match given {
        None => "this definition has no name".to_owned(),
        Some(_) => format!("`{}` cannot be the name of a workflow", text.escape_debug()),
    };
    let help = match near.as_str() {
        "" => "Add a name of lower-case letters, digits, `-` and `_`, e.g. \"booking\".".to_owned(),
        near => format!("Use lower-case letters, digits, `-` and `_`, e.g. \"{near}\"."),
    };
    out.push(Diagnostic::error("name", "/name", message).help(help));
    if near.is_empty() { UNNAMED.to_owned() } else { near }
}

fn body(json: &Json, out: &mut Vec<Diagnostic>) -> Option<(Body, &'static str)> {
    let message = match (json.get("graph"), json.get("machine")) {
        (Some(graph @ Json::Object(_)), None) => {
            return Some((Body::Graph(graph.to_value()), "/graph"));
        }
        (None, Some(machine @ Json::Object(_))) => {
            return Some((Body::Machine(machine.clone()), "/machine"));
        }
        (Some(_), Some(_)) => {
            "a definition holds a `graph` or a `machine`, and this one holds both"
        }
        (None, None) => {
            "this definition holds neither a `graph` nor a `machine`, so there is nothing to run"
        }
        _ => "the `graph` or `machine` of a definition must be an object",
    };
    let help = "`graph` is a React Flow object, `machine` a machine config.";
    out.push(Diagnostic::error("form", "", message).help(help));
    None
}

/// A member that may be absent or null.
fn member<'a>(json: &'a Json, key: &str) -> Option<&'a Json> {
    json.get(key).filter(|value| !matches!(value, Json::Null))
}

fn wrong(at: &str, wanted: &str, out: &mut Vec<Diagnostic>) {
    let name = at.rsplit('/').next().unwrap_or_default();
    out.push(Diagnostic::error("wrong-shape", at, format!("`{name}` must be {wanted}")));
}

fn object(json: &Json, key: &str, out: &mut Vec<Diagnostic>) -> Option<Value> {
    match member(json, key)? {
        object @ Json::Object(_) => Some(object.to_value()),
        _ => {
            wrong(&format!("/{key}"), "an object", out);
            None
        }
    }
}

fn text(json: &Json, key: &str, out: &mut Vec<Diagnostic>) -> Option<String> {
    match member(json, key)? {
        Json::String(text) => Some(text.clone()),
        _ => {
            wrong(&format!("/{key}"), "a text", out);
            None
        }
    }
}

fn list<'a>(json: &'a Json, key: &str, out: &mut Vec<Diagnostic>) -> &'a [Json] {
    match member(json, key) {
        None => &[],
        Some(Json::Array(items)) => items,
        Some(_) => {
            wrong(&format!("/{key}"), "a list", out);
            &[]
        }
    }
}

fn triggers(json: &Json, out: &mut Vec<Diagnostic>) -> Vec<(Value, String)> {
    let mut triggers = Vec::new();
    for (index, trigger) in list(json, "triggers", out).iter().enumerate() {
        let at = format!("/triggers/{index}");
        match trigger.to_value() {
            Value::Object(trigger) => {
                graph::check_trigger(&trigger, &at, out);
                triggers.push((Value::Object(trigger), at));
            }
            _ => wrong(&at, "an object, like {\"on\": \"message\"}", out),
        }
    }
    triggers
}
