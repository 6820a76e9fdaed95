//! `approval`: asks a person of the team to decide, on the approval page, in Slack or in the console.
//!
//! It becomes a compound state: `post` tells the channel, if there is one, and `wait` waits.
//!
//! **Invariant:** a decision counts from the moment the state is entered, whatever becomes of the post: an approval is
//! never held up by Slack. **Invariant:** the first decision decides; one that is none of the choices changes nothing.

use super::{CONNECTION, TEMPLATE, limited, optional, required, saved};
use crate::{
    graph::{
        Checker,
        emit::{self, Object, Site, text_literal},
        model::{Exit, Node, Unwired},
        render,
    },
    spec::{NodeSpec, Port, Shape},
};
use serde_json::{Value, json};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "approval",
    title: "Approval",
    summary: "Asks someone of the team to decide, and waits for the decision.",
    fields: &[
        required("text", limited(3_000), "What is to be decided, with all they need to know."),
        optional(
            "channel",
            TEMPLATE,
            "The Slack channel that is told, with a link to decide, e.g. `#refunds`.",
        ),
        CONNECTION,
        optional(
            "choices",
            Shape::Buttons,
            "What can be decided, each an exit of its own; `approved` and `rejected` if empty.",
        ),
        optional("timeout", Shape::Duration, "How long to wait for the decision."),
        optional(
            "saveAs",
            Shape::Path,
            "Where in the context {text, decision, by, comment, at} is kept; the node's id if empty.",
        ),
    ],
    ports: &[Port { name: "timeout", required: false }],
    effect: None,
};

const DEFAULT_CHOICES: [(&str, &str); 2] = [("approved", "Approve"), ("rejected", "Reject")];

/// What can be decided: id and title.
fn choices<'a>(node: &Node<'a>) -> Vec<(&'a str, &'a str)> {
    let Some(given) = node.field("choices").and_then(Value::as_array) else {
        return DEFAULT_CHOICES.to_vec();
    };
    let choice = |item: &'a Value| {
        let id = item.get("id")?.as_str()?;
        Some((id, item.get("title").and_then(Value::as_str).unwrap_or(id)))
    };
    given.iter().filter_map(choice).collect()
}

pub(super) fn exits(node: &Node<'_>, exits: &mut Vec<Exit>) {
    let ids = choices(node).into_iter().map(|(id, _)| id.to_owned());
    exits.extend(ids.map(|name| Exit { name, unwired: Unwired::Error }));
}

pub(super) fn check(data: &Object, checker: &mut Checker<'_>) {
    let choices = data.get("choices").and_then(Value::as_array).into_iter().flatten();
    for (index, choice) in choices.enumerate() {
        let id = choice.get("id").and_then(Value::as_str).unwrap_or_default();
        if matches!(id, "timeout" | "default" | "error") {
            let message = format!("a decision cannot be called `{id}`");
            checker
                .error("reserved-id", &format!("/choices/{index}/id"), message)
                .help("Give the choice another id; its title may stay.");
        }
        let title = choice.get("title").and_then(Value::as_str).unwrap_or_default();
        if title.contains("{{") {
            checker
                .error(
                    "wrong-shape",
                    &format!("/choices/{index}/title"),
                    "the title of a decision stands on the approval page as it is written",
                )
                .help(
                    "Write it without {{ }}; what differs from case to case belongs into `text`.",
                );
        }
    }
    let is_blank = |name: &str| {
        data.get(name).and_then(Value::as_str).is_none_or(|text| text.trim().is_empty())
    };
    if is_blank("channel") && !is_blank("connection") {
        checker
            .warning(
                "unknown-field",
                "/connection",
                "the connection is used to post in a channel, and there is none",
            )
            .help("Add `channel`, e.g. #refunds, or remove `connection`.");
    }
}

pub(super) fn lower(site: &Site<'_>) -> Object {
    let node = site.node;
    let save_as = node.save_as();
    let choices = choices(node);
    let asked = Object::from_iter([(
        save_as.to_owned(),
        json!({
            "text": render::computed(&node.text("text").into()),
            "decision": null,
            "by": null,
            "comment": null,
            "at": null,
        }),
    )]);
    let mut states = emit::object(json!({ "wait": { "tags": ["waiting"] } }));
    if node.field("channel").is_some() {
        states.insert("post".to_owned(), post(node).into());
    }
    let initial = if states.contains_key("post") { "post" } else { "wait" };
    let titles: Vec<Value> =
        choices.iter().map(|(id, title)| json!({ "id": id, "title": title })).collect();
    let mut state = emit::object(json!({
        "entry": [emit::assign_all(asked)],
        "initial": initial,
        "states": states,
        "on": { format!("approval.{}", node.id): decisions(site, &choices) },
        "meta": { "approval": { "saveAs": save_as, "choices": titles } },
    }));
    if node.field("timeout").is_some() {
        state.insert("after".to_owned(), site.after("timeout"));
    }
    state
}

/// One transition for each choice, and one that takes whatever else comes, so that it does not wait for ever.
fn decisions(site: &Site<'_>, choices: &[(&str, &str)]) -> Vec<Object> {
    let save_as = site.node.save_as();
    let kept = |name: &str, source: &str| (format!("{save_as}.{name}"), emit::expression(source));
    let decided = Object::from_iter([
        kept("decision", "event.decision"),
        kept("by", "default(event.by, null)"),
        kept("comment", "default(event.comment, null)"),
        kept("at", "now"),
    ]);
    let mut decisions: Vec<Object> = choices
        .iter()
        .map(|(id, _)| {
            let mut go = site.go(id);
            go.insert("actions".to_owned(), json!([emit::assign_all(decided.clone())]));
            emit::guarded(&format!("default(event.decision, \"\") == {}", text_literal(id)), go)
        })
        .collect();
    decisions.push(emit::object(json!({ "actions": [] })));
    decisions
}

/// Tells the channel. A second post with the same link does no harm and a lost one does, so it is tried again; when it
/// fails for good, the decision can still come from the console or the API.
fn post(node: &Node<'_>) -> Object {
    let text = format!(
        "{{{{ {}.text }}}}\n{{{{ resume_url({}) }}}}",
        saved(node.save_as()),
        text_literal(node.id)
    );
    let mut input = emit::object(json!({ "channel": node.text("channel"), "text": text }));
    if let Some(connection) = node.field("connection") {
        input.insert("connection".to_owned(), connection.clone());
    }
    emit::object(json!({ "invoke": {
        "id": format!("{}.post", node.id),
        "src": "slack.post",
        "input": input,
        "policy": { "onUnknown": "retry", "acceptDuplicates": true },
        "onDone": { "target": "wait" },
        "onError": { "target": "wait" },
    } }))
}
