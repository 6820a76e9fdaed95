//! The node kinds: one file each, with its [`NodeSpec`] and, for kinds that steer instead of acting, its lowering.
//!
//! Kinds with an effect all lower alike (one state that invokes the step); how they act is written in the `nodes` crate.
//!
//! **Invariant:** the specs are the only list of kinds. Palette, verifier, lowering and documentation all read it.
//! **Invariant:** an idempotent input may always be retried; a spec's `on_unknown` is for the input that is not.

mod ask;
mod call;
mod delay;
mod end;
mod fail;
mod group;
mod http_request;
mod hubspot_contact;
mod if_else;
mod llm_extract;
mod llm_reply;
mod noop;
mod send_buttons;
mod send_list;
mod send_media;
mod send_template;
mod send_text;
mod set;
mod slack_post;
mod switch;
mod trigger;
mod until;
mod wait;

use crate::{
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
    &delay::SPEC,
    &until::SPEC,
    &wait::SPEC,
    &llm_extract::SPEC,
    &llm_reply::SPEC,
    &hubspot_contact::SPEC,
    &slack_post::SPEC,
    &http_request::SPEC,
    &call::SPEC,
    &noop::SPEC,
    &end::SPEC,
    &fail::SPEC,
    &group::SPEC,
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
        "ask" => ask::exits(node, &mut exits),
        "switch" => switch::exits(node, &mut exits),
        _ => {}
    }
    exits
}

fn port_exit(node: &Node<'_>, port: &Port) -> Exit {
    let unwired = match port.name {
        _ if port.required => Unwired::Error,
        // A group without this exit simply ends the workflow where its `end` does.
        "default" if node.kind() == "group" => Unwired::Nothing,
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
        "ask" => ask::check(data, checker),
        "call" => call::check(data, checker),
        "http.request" => http_request::check(data, checker),
        "hubspot.contact" => hubspot_contact::check(data, checker),
        "send.template" => send_template::check(data, checker),
        "trigger" => trigger::check(data, checker),
        "wait" => wait::check(data, checker),
        _ => {}
    }
}

/// The state a node becomes. Triggers become none; groups are put together by the caller, around their members.
pub(crate) fn lower(site: &Site<'_>) -> Object {
    match site.node.kind() {
        "ask" => ask::lower(site),
        "call" => call::lower(site),
        "delay" => delay::lower(site),
        "end" => end::lower(site),
        "fail" => fail::lower(site),
        "group" => group::lower(site),
        "if" => if_else::lower(site),
        "set" => set::lower(site),
        "switch" => switch::lower(site),
        "until" => until::lower(site),
        "wait" => wait::lower(site),
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
        let kinds: BTreeSet<String> =
            all()
                .iter()
                // `if` is a word of the language the files are written in.
                .map(|spec| {
                    if spec.kind == "if" {
                        "if_else".to_owned()
                    } else {
                        spec.kind.replace('.', "_")
                    }
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
