//! `ask`: asks the customer, waits, checks the answer, and asks again when it makes no sense.
//!
//! It becomes a compound state: `send` asks, `wait` waits, `again` asks again. An answer that does not fit is asked for
//! again up to `retries` times; the next one leaves by `invalid`, or by `timeout` if only that is wired. With neither
//! wired it keeps asking: every message of the customer gets a reply, and nobody is dropped without being told.
//!
//! **Invariant:** the time-out counts from the moment the last question was sent, never while one is being sent.

mod answer;

use super::{CONNECTION, TEMPLATE, limited, optional, required};
use crate::{
    graph::{
        Checker,
        emit::{self, Object, Site},
        model::{Exit, Node, Unwired},
    },
    spec::{NodeSpec, Port, Shape},
};
use serde_json::{Value, json};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "ask",
    title: "Ask",
    summary: "Asks the customer something and waits for the answer.",
    fields: &[
        required("text", limited(4096), "The question."),
        optional("type", Shape::Choice(TYPES), "What answer is expected; `text` if empty."),
        optional("choices", Shape::Buttons, "What can be chosen, for type `choice`: up to ten."),
        required("saveAs", Shape::Path, "Where in the context the answer is kept."),
        optional("timeout", Shape::Duration, "How long to wait for an answer."),
        optional(
            "retries",
            Shape::Integer,
            "How often to ask again after an answer that does not fit; 2 if empty.",
        ),
        optional("reask", TEMPLATE, "What to say then; the question again if empty."),
        optional("validate", Shape::Expression, "What else must hold, e.g. size(event.text) > 3."),
        optional("header", limited(60), "A bold line above the choices."),
        optional("footer", limited(60), "A small line below the choices."),
        optional(
            "button",
            limited(20),
            "The label that opens the list, when there are more than three choices.",
        ),
        CONNECTION,
    ],
    ports: &[
        // Required unless every choice has an exit of its own.
        Port { name: "answer", required: false },
        Port { name: "invalid", required: false },
        Port { name: "timeout", required: false },
        Port { name: "error", required: false },
    ],
    effect: None,
};

const TYPES: &[&str] = &["text", "number", "date", "email", "phone", "choice", "location", "file"];
const RETRIES: i64 = 2;
const RETRIES_MAX: i64 = 100;
/// Longest text above buttons or a list.
const INTERACTIVE_CHARS_MAX: usize = 1024;
/// Most choices that are shown as buttons.
const BUTTONS_MAX: usize = 3;
/// Longest title of a button; longer ones are shown in a list.
const BUTTON_CHARS_MAX: usize = 20;
const LIST_LABEL: &str = "Choose";

/// One thing to choose.
struct Choice<'a> {
    id: &'a str,
    title: &'a str,
}

fn choices<'a>(node: &Node<'a>) -> Vec<Choice<'a>> {
    if node.text("type") != "choice" {
        return Vec::new();
    }
    let items = node.field("choices").and_then(Value::as_array).into_iter().flatten();
    items
        .filter_map(|item| {
            let id = item.get("id")?.as_str()?;
            Some(Choice { id, title: item.get("title").and_then(Value::as_str).unwrap_or(id) })
        })
        .collect()
}

pub(super) fn exits(node: &Node<'_>, exits: &mut Vec<Exit>) {
    let choices = choices(node);
    let all_wired = choices.iter().all(|c| node.exits.contains_key(c.id));
    for answer in exits.iter_mut().filter(|exit| exit.name == "answer") {
        let is_needed = choices.is_empty() || !all_wired;
        answer.unwired = if is_needed { Unwired::Error } else { Unwired::Nothing };
    }
    exits.extend(choices.iter().map(|c| Exit { name: c.id.to_owned(), unwired: Unwired::Nothing }));
}

pub(super) fn check(data: &Object, checker: &mut Checker<'_>) {
    let is_choice = data.get("type").is_some_and(|t| t == "choice");
    let choices = data.get("choices").filter(|c| !c.is_null());
    if is_choice && choices.is_none() {
        checker
            .error("missing-field", "/choices", "there is nothing to choose from")
            .help("Add `choices`, e.g. [{\"id\": \"yes\", \"title\": \"Yes\"}].");
    }
    if !is_choice && choices.is_some() {
        checker
            .warning(
                "unknown-field",
                "/choices",
                "choices are shown only by a question of type `choice`",
            )
            .help("Add \"type\": \"choice\".");
    }
    if is_choice {
        checker.template_limit("text", data, INTERACTIVE_CHARS_MAX);
        for (index, item) in choices.and_then(Value::as_array).into_iter().flatten().enumerate() {
            let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
            if SPEC.ports.iter().any(|port| port.name == id) {
                checker
                    .error(
                        "reserved-id",
                        &format!("/choices/{index}/id"),
                        format!(
                            "a choice cannot be called `{id}`: that is an exit every question has"
                        ),
                    )
                    .help("Give the choice another id; its title may stay.");
            }
        }
    }
    let retries = data.get("retries").and_then(Value::as_i64).unwrap_or(RETRIES);
    if !(0..=RETRIES_MAX).contains(&retries) {
        checker.error(
            "limit",
            "/retries",
            format!("a question is asked again 0 to {RETRIES_MAX} times"),
        );
    }
}

pub(super) fn lower(site: &Site<'_>) -> Object {
    let node = site.node;
    let choices = choices(node);
    let question = node.field("text").cloned().unwrap_or_default();
    let reask = node.field("reask").cloned().unwrap_or_else(|| question.clone());
    let counts = overflow(site).is_some();
    let mut wait = emit::object(json!({
        "tags": ["waiting"],
        "on": { "message": answers(site, &choices) },
    }));
    if node.field("timeout").is_some() {
        wait.insert("after".to_owned(), site.after("timeout"));
    }
    let mut state = emit::object(json!({
        "initial": "send",
        "states": {
            "send": send(site, node.id.to_owned(), question, &choices),
            "wait": wait,
            "again": send(site, format!("{}.again", node.id), reask, &choices),
        },
    }));
    if counts {
        let zero = Object::from_iter([(counter_path(node.id), json!(0))]);
        state.insert("entry".to_owned(), json!([emit::assign_all(zero)]));
    }
    state
}

fn send(site: &Site<'_>, id: String, text: Value, choices: &[Choice<'_>]) -> Object {
    let node = site.node;
    let mut input = emit::object(json!({ "text": text }));
    let fits =
        |c: &Choice<'_>| c.title.contains("{{") || c.title.chars().count() <= BUTTON_CHARS_MAX;
    let options: Vec<Value> =
        choices.iter().map(|c| json!({ "id": c.id, "title": c.title })).collect();
    let kind = if choices.is_empty() {
        "send.text"
    } else if choices.len() <= BUTTONS_MAX && choices.iter().all(fits) {
        input.insert("buttons".to_owned(), options.into());
        "send.buttons"
    } else {
        let label = node.field("button").cloned().unwrap_or_else(|| LIST_LABEL.into());
        input.insert("button".to_owned(), label);
        input.insert("sections".to_owned(), json!([{ "rows": options }]));
        "send.list"
    };
    let extras: &[&str] =
        if choices.is_empty() { &["connection"] } else { &["header", "footer", "connection"] };
    for name in extras {
        if let Some(value) = node.field(name) {
            input.insert((*name).to_owned(), value.clone());
        }
    }
    let mut invoke = emit::object(json!({
        "id": id, "src": kind, "input": input, "onDone": { "target": "wait" },
    }));
    if let Some(policy) = emit::policy(node) {
        invoke.insert("policy".to_owned(), policy.into());
    }
    if site.is_wired("error") {
        invoke.insert("onError".to_owned(), site.go("error").into());
    }
    emit::object(json!({ "invoke": invoke }))
}

/// The transitions of a message: each way to read it as an answer, and last what happens when none fits.
fn answers(site: &Site<'_>, choices: &[Choice<'_>]) -> Vec<Object> {
    let node = site.node;
    let save_as = node.save_as();
    let validate = node.text("validate");
    let readings = match node.text("type") {
        "choice" => answer::choice_readings(choices),
        other => answer::readings(other),
    };
    let mut transitions: Vec<Object> = readings
        .into_iter()
        .map(|reading| {
            let handle = reading.handle.filter(|id| site.is_wired(id)).unwrap_or("answer");
            let when = match validate {
                "" => reading.when,
                extra => format!("({}) && ({extra})", reading.when),
            };
            let mut go = site.go(handle);
            go.insert("actions".to_owned(), json!([emit::assign(save_as, &reading.value)]));
            emit::guarded(&when, go)
        })
        .collect();
    transitions.extend(invalid(site));
    transitions
}

fn invalid(site: &Site<'_>) -> Vec<Object> {
    let mut again = emit::object(json!({ "target": "again" }));
    let Some(overflow) = overflow(site) else { return vec![again] };
    let id = emit::text_literal(site.node.id);
    // `dyn`, because the counter is ours and in nobody's schema of the context.
    let asked = format!("default(dyn(context)._ask[{id}], 0)");
    let counted = emit::assign(&counter_path(site.node.id), &format!("{asked} + 1"));
    again.insert("actions".to_owned(), json!([counted]));
    let retries = site.node.field("retries").and_then(Value::as_i64).unwrap_or(RETRIES);
    vec![emit::guarded(&format!("{asked} < {retries}"), again), overflow]
}

/// Where an answer leads that did not fit once too often.
fn overflow(site: &Site<'_>) -> Option<Object> {
    ["invalid", "timeout"]
        .into_iter()
        .find(|handle| site.is_wired(handle))
        .map(|handle| site.go(handle))
}

fn counter_path(node: &str) -> String {
    format!("_ask.{node}")
}
