//! `map`: runs a workflow once for each item of a list, several at a time, and collects what they give back.

use super::{SAVE_AS, call, optional, required};
use crate::{
    expr::Expression,
    graph::{
        Checker,
        emit::{self, Object, Site},
    },
    spec::{NodeSpec, Port, Shape},
};
use serde_json::{Value, json};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "map",
    title: "For each",
    summary: "Runs a workflow once for each item of a list, and waits for all of them.",
    fields: &[
        required("over", Shape::Expression, "The list, e.g. context.order.lines."),
        required("workflow", Shape::Text, "Name of the workflow that is run for each item."),
        optional("as", Shape::Text, "What `input` calls the item; `item` if empty."),
        optional(
            "input",
            Shape::Json,
            "What each is started with, e.g. {\"line\": {\"@expr\": \"item\"}}; it also sees `index`.",
        ),
        optional("concurrency", Shape::Integer, "How many run at the same time; 10 if empty."),
        optional("max", Shape::Integer, "Most items there may be; 1000 if empty."),
        optional(
            "onFailure",
            Shape::Choice(&["stop", "collect"]),
            "What happens when one fails: `stop` cancels the others, `collect` goes on.",
        ),
        SAVE_AS,
    ],
    ports: &[Port { name: "done", required: false }, Port { name: "failed", required: false }],
    effect: None,
};

const ITEM: &str = "item";
const INDEX: &str = "index";
/// Names that mean something already where the input is computed.
const TAKEN: &[&str] = &["context", "event", "input", "contact", "tenant", "channel", "now", INDEX];
const CONCURRENCY_MAX: i64 = 100;
/// Most children one instance may have (DESIGN 4.7).
const ITEMS_MAX: i64 = 10_000;

pub(super) fn check(data: &Object, checker: &mut Checker<'_>) {
    call::check(data, checker);
    let name = item_name(data);
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    // Words of the language cannot be read back either.
    if !is_plain || Expression::parse(&format!("{name}.a")).is_err() || TAKEN.contains(&name) {
        checker
            .error("wrong-shape", "/as", format!("`{name}` cannot be the name of an item"))
            .help("Use a word that means nothing else here, e.g. `item` or `line`.");
    }
    for (field, most) in [("concurrency", CONCURRENCY_MAX), ("max", ITEMS_MAX)] {
        let given = data.get(field).and_then(Value::as_i64);
        if given.is_some_and(|n| !(1..=most).contains(&n)) {
            let message = format!("`{field}` is a number from 1 to {most}");
            checker
                .error("limit", &format!("/{field}"), message)
                .help("Leave it empty for the usual, or go through the list in parts.");
        }
    }
}

/// The names that `input` sees beside the usual ones.
pub(super) fn locals(data: &Object) -> Vec<&str> {
    vec![item_name(data), INDEX]
}

fn item_name(data: &Object) -> &str {
    let name = data.get("as").and_then(Value::as_str).unwrap_or_default().trim();
    if name.is_empty() { ITEM } else { name }
}

pub(super) fn lower(site: &Site<'_>) -> Object {
    let node = site.node;
    let mut each = emit::object(json!({ "items": emit::expression(node.text("over")) }));
    for name in ["as", "concurrency", "max", "onFailure"] {
        if let Some(value) = node.field(name) {
            each.insert(name.to_owned(), value.clone());
        }
    }
    let mut invoke = call::invoke(node);
    invoke.insert("each".to_owned(), each.into());
    call::settled(site, invoke)
}
