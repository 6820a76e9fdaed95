//! The machine config: XState's machine JSON with our few additions.

use super::{described, optional, part};
use crate::{kinds, limits::ID_CHARS_MAX};
use serde_json::{Map, Value, json};

pub(super) fn defs() -> Map<String, Value> {
    [
        ("machine", machine()),
        ("state", state()),
        ("transitions", transitions()),
        ("transition", transition()),
        ("guard", guard()),
        ("actions", actions()),
        ("action", action()),
        ("delay", delay()),
        ("invoke", invoke()),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}

fn machine() -> Value {
    json!({
        "title": "Machine config",
        "allOf": [part("state")],
        "anyOf": [{ "required": ["states"] }, { "required": ["initial"] }, { "required": ["type"] }],
        "properties": {
            "@exprLang": { "const": "cel" },
            "context": described(
                json!({ "type": "object" }),
                "What an instance knows at first; parts may be computed from the `input`.",
            ),
            "guards": described(json!({ "type": "object" }), "Conditions by name."),
            "actions": described(
                json!({ "type": "object", "additionalProperties": part("actions") }),
                "Actions by name.",
            ),
            "delays": described(
                json!({ "type": "object", "additionalProperties": part("delay") }),
                "Lengths of time by name.",
            ),
        },
    })
}

fn state() -> Value {
    let transitions = |what: &str| described(part("transitions"), what);
    let by_event = json!({ "type": "object", "additionalProperties": part("transitions") });
    let key = format!("^[^.#]{{1,{ID_CHARS_MAX}}}$");
    json!({
        "title": "State",
        "type": "object",
        "properties": {
            "id": described(json!({}), "A name by which any transition can reach it, as `#id`."),
            "type": {
                "enum": ["atomic", "compound", "parallel", "final", "history", "choice"],
            },
            "initial": described(
                json!({ "type": ["string", "object"] }),
                "The key of the child it begins in.",
            ),
            "states": {
                "type": "object",
                "propertyNames": { "pattern": key },
                "additionalProperties": part("state"),
            },
            "on": described(by_event.clone(), "Transitions by event; `*` is any event."),
            "after": described(by_event, "Transitions by length of time."),
            "always": transitions("Transitions that need no event."),
            "choice": transitions("The branches of a state of type `choice`."),
            "onDone": transitions("When a final state inside is reached."),
            "onError": transitions("When something inside has failed."),
            "timeout": part("delay"),
            "onTimeout": transitions("When the time-out is over."),
            "invoke": described(
                json!({ "anyOf": [part("invoke"), { "type": "array", "items": part("invoke") }] }),
                "Steps and child workflows that run while the state is active.",
            ),
            "entry": part("actions"),
            "exit": part("actions"),
            "history": { "enum": ["shallow", "deep", true, false] },
            "tags": { "type": ["string", "array"] },
            "meta": described(json!({}), "For people and tools; `outcome: failed` on a final state."),
            "description": described(json!({}), "For people."),
            "output": described(json!({}), "What a final state, or the machine, gives back."),
        },
    })
}

fn transitions() -> Value {
    json!({ "anyOf": [part("transition"), { "type": "array", "items": part("transition") }] })
}

fn transition() -> Value {
    json!({
        "anyOf": [
            { "type": "null" },
            described(json!({ "type": "string" }), "The state it leads to."),
            {
                "type": "object",
                "properties": {
                    "target": {
                        "anyOf": [
                            { "type": ["string", "null"] },
                            { "type": "array", "items": { "type": "string" } },
                        ],
                    },
                    "guard": part("guard"),
                    "when": part("guard"),
                    "actions": part("actions"),
                    "context": described(json!({ "type": "object" }), "Values to keep."),
                    "reenter": described(json!({}), "Whether its own state is left and entered."),
                },
            },
        ],
    })
}

fn guard() -> Value {
    json!({
        "description": "An expression, the name of a guard, or `and`, `or`, `not`, `stateIn`.",
        "anyOf": [
            { "type": "string" },
            part("expression"),
            { "type": "object", "required": ["type"], "properties": { "type": { "type": "string" } } },
        ],
    })
}

fn actions() -> Value {
    json!({
        "anyOf": [
            { "type": "null" },
            part("action"),
            { "type": "array", "items": part("action") },
        ],
    })
}

fn action() -> Value {
    json!({
        "anyOf": [
            described(json!({ "type": "string" }), "The name of an action."),
            {
                "type": "object",
                "required": ["type"],
                "properties": {
                    "type": {
                        "type": "string",
                        "examples": [
                            "@xstate.assign",
                            "@xstate.raise",
                            "@xstate.cancel",
                            "@xstate.emit",
                            "@xstate.log",
                            "@perdure.undo",
                        ],
                    },
                },
            },
        ],
    })
}

fn delay() -> Value {
    json!({
        "description": "Milliseconds, `PT10M`, a name in `delays`, or an expression.",
        "type": ["integer", "string", "object"],
    })
}

fn invoke() -> Value {
    let acting: Vec<&str> =
        kinds::all().iter().filter(|spec| spec.effect.is_some()).map(|spec| spec.kind).collect();
    json!({
        "title": "Invoke",
        "type": "object",
        "required": ["src"],
        "properties": {
            "id": described(json!({}), "Names it in events and in the console."),
            "src": described(
                json!({ "anyOf": [
                    { "enum": acting },
                    { "type": "string", "pattern": "^(workflow:.|@perdure\\.)" },
                ] }),
                "A node kind that acts, or `workflow:<name>`.",
            ),
            "input": described(json!({}), "What it gets; texts are templates."),
            "onDone": part("transitions"),
            "onError": part("transitions"),
            "timeout": part("delay"),
            "onTimeout": part("transitions"),
            "policy": described(optional(policy()), "How it is attempted."),
            "each": described(each(), "Runs it once for every item of a list."),
            "detach": described(json!({}), "Starts a child workflow without waiting for it."),
        },
    })
}

fn each() -> Value {
    let count = || json!({ "type": "integer", "minimum": 1 });
    json!({
        "type": "object",
        "required": ["items"],
        "properties": {
            "items": described(json!({}), "The list, usually an expression."),
            "as": described(json!({ "type": "string" }), "The name of one item; `item` if absent."),
            "concurrency": described(count(), "How many at once; 10 if absent."),
            "max": described(count(), "The longest list that is taken; 1,000 if absent."),
            "onFailure": { "enum": ["stop", "collect"] },
        },
    })
}

fn policy() -> Value {
    let ms = || optional(json!({ "type": "integer", "minimum": 0 }));
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "timeoutMs": ms(),
            "maxAttempts": ms(),
            "backoffMs": ms(),
            "backoffMaxMs": ms(),
            "onUnknown": optional(on_unknown()),
            "acceptDuplicates": { "type": "boolean" },
            "rate": optional(json!({ "type": "string" })),
        },
    })
}

pub(super) fn on_unknown() -> Value {
    json!({ "enum": ["retry", "check", "ask", "assume_done", "assume_failed"] })
}
