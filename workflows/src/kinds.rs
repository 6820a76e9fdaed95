//! The node kinds: one file each, with its [`NodeSpec`] and, for kinds that steer instead of acting, its lowering.
//!
//! Kinds with an effect all lower alike (one state that invokes the step); how they act is written in the `nodes` crate.
//!
//! **Invariant:** the specs are the only list of kinds. Palette, verifier, lowering and documentation all read it.
//! **Invariant:** an idempotent input may always be retried; a spec's `on_unknown` is for the input that is not.

mod approval;
mod ask;
mod call;
mod cancel;
mod compensate;
mod delay;
mod end;
mod experiment;
mod fail;
mod fork;
mod group;
mod hours;
mod http_request;
mod hubspot_contact;
mod if_else;
pub(crate) mod imported;
mod join;
mod llm_extract;
mod llm_reply;
mod loop_over;
mod map;
mod noop;
mod random;
mod schedule;
mod send_buttons;
mod send_list;
mod send_media;
mod send_template;
mod send_text;
mod set;
mod signal;
mod slack_post;
mod switch;
pub(crate) mod trigger;
mod until;
mod wait;
mod wait_webhook;

use crate::{
    expr::{self, Expression},
    graph::{
        Checker,
        emit::{self, Object, Site},
        model::{Exit, Node, Unwired},
    },
    spec::{Field, NodeSpec, OnUnknown, Port, Shape},
    suggest,
};
use serde_json::Value;

static KINDS: &[&NodeSpec] = &[
    &trigger::SPEC,
    &send_text::SPEC,
    &send_buttons::SPEC,
    &send_list::SPEC,
    &send_template::SPEC,
    &send_media::SPEC,
    &ask::SPEC,
    &set::SPEC,
    &if_else::SPEC,
    &switch::SPEC,
    &experiment::SPEC,
    &random::SPEC,
    &delay::SPEC,
    &until::SPEC,
    &schedule::SPEC,
    &hours::SPEC,
    &wait::SPEC,
    &wait_webhook::SPEC,
    &approval::SPEC,
    &llm_extract::SPEC,
    &llm_reply::SPEC,
    &hubspot_contact::SPEC,
    &slack_post::SPEC,
    &http_request::SPEC,
    &call::SPEC,
    &map::SPEC,
    &signal::SPEC,
    &cancel::SPEC,
    &compensate::SPEC,
    &noop::SPEC,
    &end::SPEC,
    &fail::SPEC,
    &fork::SPEC,
    &join::SPEC,
    &loop_over::SPEC,
    &group::SPEC,
    &imported::SPEC,
];

/// Every kind, in the order of the palette.
pub fn all() -> &'static [&'static NodeSpec] {
    KINDS
}

/// The kind of this name.
pub fn find(kind: &str) -> Option<&'static NodeSpec> {
    KINDS.iter().copied().find(|spec| spec.kind == kind)
}

/// The kind whose name is nearest to a mistyped one, if any is near.
pub fn nearest(kind: &str) -> Option<&'static str> {
    suggest::nearest(kind, KINDS.iter().map(|spec| spec.kind))
}

/// What is done about an unknown outcome of this step unless its definition says otherwise. Kinds without an effect have
/// no outcome; for them the answer is `Ask`.
pub fn on_unknown(spec: &NodeSpec, input: &Value) -> OnUnknown {
    match spec.effect {
        Some(effect) if (effect.is_idempotent)(input) => OnUnknown::Retry,
        Some(effect) => effect.on_unknown,
        None => OnUnknown::Ask,
    }
}

/// The exits of a node: its ports and those its data makes.
pub(crate) fn exits(node: &Node<'_>) -> Vec<Exit> {
    let Some(spec) = node.spec else { return Vec::new() };
    let mut exits: Vec<Exit> = spec.ports.iter().map(|port| port_exit(node, port)).collect();
    match spec.kind {
        "approval" => approval::exits(node, &mut exits),
        "ask" => ask::exits(node, &mut exits),
        "experiment" => experiment::exits(node, &mut exits),
        "imported" => imported::exits(node, &mut exits),
        "random" => random::exits(node, &mut exits),
        "switch" => switch::exits(node, &mut exits),
        _ => {}
    }
    exits
}

fn port_exit(node: &Node<'_>, port: &Port) -> Exit {
    let unwired = match port.name {
        _ if port.required => Unwired::Error,
        // A group without this exit simply ends the workflow where its `end` does.
        "default" if matches!(node.kind(), "group" | "fork") => Unwired::Nothing,
        "default" | "done" => Unwired::Ends,
        // Without a `timeout` field nothing ever leaves by this exit.
        "timeout" if node.field("timeout").is_some() => Unwired::Ends,
        _ => Unwired::Nothing,
    };
    Exit { name: port.name.to_owned(), unwired }
}

/// Rules of one kind beyond the shapes of its fields.
pub(crate) fn check(kind: &str, data: &Object, checker: &mut Checker<'_>) {
    match kind {
        "approval" => approval::check(data, checker),
        "ask" => ask::check(data, checker),
        "call" => call::check(data, checker),
        "cancel" => cancel::check(data, checker),
        "hours" => hours::check(data, checker),
        "http.request" => http_request::check(data, checker),
        "hubspot.contact" => hubspot_contact::check(data, checker),
        "imported" => imported::check(data, checker),
        "join" => join::check(data, checker),
        "loop" => loop_over::check(data, checker),
        "map" => map::check(data, checker),
        "schedule" => schedule::check(data, checker),
        "send.template" => send_template::check(data, checker),
        "signal" => signal::check(data, checker),
        "trigger" => trigger::check(data, checker),
        "wait" => wait::check(data, checker),
        _ => {}
    }
}

/// The moment a node waits for, as an expression; `None` for kinds that wait for something else.
pub(crate) fn moment(node: &Node<'_>) -> Option<String> {
    match node.kind() {
        "hours" => hours::moment(node),
        "schedule" => schedule::moment(node),
        _ => None,
    }
}

/// The names that the expressions of one field see beside the usual ones.
pub(crate) fn locals<'a>(kind: &str, field: &str, data: &'a Object) -> Vec<&'a str> {
    match (kind, field) {
        ("map", "input") => map::locals(data),
        _ => Vec::new(),
    }
}

/// Whether the engine itself runs steps of this kind, because all they touch is its own database. The others are run by
/// the nodes.
pub fn is_run_by_engine(kind: &str) -> bool {
    matches!(kind, "signal" | "cancel")
}

/// The state a node becomes. Triggers become none; groups are put together by the caller, around their members.
pub(crate) fn lower(site: &Site<'_>) -> Object {
    match site.node.kind() {
        "approval" => approval::lower(site),
        "ask" => ask::lower(site),
        "call" => call::lower(site),
        "cancel" => cancel::lower(site),
        "compensate" => compensate::lower(site),
        "delay" => delay::lower(site),
        "end" => end::lower(site),
        "experiment" => experiment::lower(site),
        "fail" => fail::lower(site),
        "fork" => fork::lower(site),
        "group" => group::lower(site),
        "hours" => hours::lower(site),
        "if" => if_else::lower(site),
        "join" => join::lower(site),
        "loop" => loop_over::lower(site),
        "imported" => imported::lower(site),
        "map" => map::lower(site),
        "random" => random::lower(site),
        "schedule" => schedule::lower(site),
        "set" => set::lower(site),
        "signal" => signal::lower(site),
        "switch" => switch::lower(site),
        "until" => until::lower(site),
        "wait" => wait::lower(site),
        "wait.webhook" => wait_webhook::lower(site),
        _ => emit::step(site),
    }
}

/// The exits of a kind that acts.
const STEP_PORTS: &[Port] =
    &[Port { name: "default", required: false }, Port { name: "error", required: false }];

/// The exit of a kind that has just one and cannot fail.
const NEXT: &[Port] = &[Port { name: "default", required: false }];

const SAVE_AS: Field = optional(
    "saveAs",
    Shape::Path,
    "Where in the context the result is kept; the node's id if empty.",
);

const KEEP_AS: Field =
    optional("saveAs", Shape::Path, "Where in the context the result is kept; not kept if empty.");

const CONNECTION: Field = optional(
    "connection",
    Shape::Text,
    "Name of the connection to act with, if there are several.",
);

const TIME_ZONE: Field = optional(
    "tz",
    Shape::Text,
    "The time zone, e.g. Africa/Nairobi; `tenant` (also if empty) or `contact` for theirs.",
);

/// The zone a node's `tz` says, as an expression; the functions of time know `tenant` and `contact`.
fn zone(node: &Node<'_>) -> String {
    let name = node.text("tz").trim();
    emit::text_literal(if name.is_empty() { "tenant" } else { name })
}

/// Tells when `tz` names no zone.
fn check_zone(data: &Object, checker: &mut Checker<'_>) {
    let name = data.get("tz").and_then(Value::as_str).unwrap_or_default().trim();
    if !matches!(name, "" | "tenant" | "contact") && !expr::is_zone(name) {
        checker.error("wrong-shape", "/tz", format!("there is no time zone `{name}`")).help(
            "Names are those of the IANA, e.g. Africa/Nairobi; or write `tenant` or `contact`.",
        );
    }
}

/// Reads back what an assignment to this path has kept. `dyn`, because the path need not be in the schema of the context.
fn saved(path: &str) -> String {
    let mut read = "dyn(context)".to_owned();
    for part in path.split('.') {
        let is_name = part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && Expression::parse(&format!("context.{part}")).is_ok();
        match is_name {
            true => read.push_str(&format!(".{part}")),
            false => read.push_str(&format!("[{}]", emit::text_literal(part))),
        }
    }
    read
}

const fn required(name: &'static str, shape: Shape, help: &'static str) -> Field {
    Field { name, shape, required: true, help }
}

const fn optional(name: &'static str, shape: Shape, help: &'static str) -> Field {
    Field { name, shape, required: false, help }
}

/// A template whose rendered text the provider limits.
const fn limited(chars_max: usize) -> Shape {
    Shape::Template { chars_max: Some(chars_max) }
}

/// A template of any length.
const TEMPLATE: Shape = Shape::Template { chars_max: None };

const STEP_TIMEOUT_MS: u64 = 30_000;
const LLM_TIMEOUT_MS: u64 = 60_000;
const ATTEMPTS_MAX: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_has_one_file() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/kinds");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        let kinds: BTreeSet<String> = all()
            .iter()
            // `if` and `loop` are words of the language the files are written in.
            .map(|spec| match spec.kind {
                "if" => "if_else".to_owned(),
                "loop" => "loop_over".to_owned(),
                kind => kind.replace('.', "_"),
            })
            .collect();
        assert_eq!(kinds, files);
    }

    #[test]
    fn unknown_outcomes() {
        for (kind, input, wanted) in [
            ("llm.extract", json!({}), OnUnknown::Retry),
            ("llm.reply", json!({}), OnUnknown::Retry),
            ("hubspot.contact", json!({}), OnUnknown::Retry),
            ("noop", json!({}), OnUnknown::Retry),
            ("signal", json!({"event": "paid"}), OnUnknown::Retry),
            ("cancel", json!({}), OnUnknown::Retry),
            ("slack.post", json!({}), OnUnknown::Check),
            ("send.text", json!({}), OnUnknown::Check),
            ("send.template", json!({}), OnUnknown::Check),
            ("http.request", json!({}), OnUnknown::Retry),
            ("http.request", json!({"method": "put"}), OnUnknown::Retry),
            ("http.request", json!({"method": "POST"}), OnUnknown::Ask),
            (
                "http.request",
                json!({"method": "POST", "idempotencyHeader": "X-Key"}),
                OnUnknown::Retry,
            ),
            ("http.request", json!({"method": "{{ input.method }}"}), OnUnknown::Ask),
            ("ask", json!({}), OnUnknown::Ask),
        ] {
            assert_eq!(on_unknown(find(kind).unwrap(), &input), wanted, "{kind} {input}");
        }
    }
}
