//! `send.template`: a message the channel has approved beforehand. The only one that is delivered when the customer has
//! not written for 24 hours.

use super::{CONNECTION, KEEP_AS, STEP_PORTS, optional, required, send_text};
use crate::{
    graph::{Checker, emit::Object},
    spec::{NodeSpec, Shape},
};
use serde_json::Value;

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "send.template",
    title: "Send a template",
    summary: "Sends an approved template; the way to write to someone after a day of silence.",
    fields: &[
        required("name", Shape::Text, "Name of the approved template."),
        optional("language", Shape::Text, "Language code of the template, e.g. `en` or `es_MX`."),
        optional("params", Shape::Json, "Values for the placeholders, by position or by name."),
        KEEP_AS,
        CONNECTION,
    ],
    ports: STEP_PORTS,
    effect: Some(send_text::EFFECT),
};

const NAME_CHARS_MAX: usize = 512;

pub(super) fn check(data: &Object, checker: &mut Checker<'_>) {
    let Some(name) = data.get("name").and_then(Value::as_str) else { return };
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.contains("{{") || name.is_empty() {
        return;
    }
    if !name.chars().all(is_plain) || name.len() > NAME_CHARS_MAX {
        checker
            .error("limit", "/name", format!("`{name}` cannot be the name of a template"))
            .help("Template names are lower-case letters, digits and `_`.");
    }
}
