//! `loop`: a frame around nodes that are run once per item of a list, or while a condition holds.
//!
//! It becomes a compound state. Its state `_round` decides whether there is another round and puts the next item into the
//! context; `_again` is where a round ends, at a dead end or by an edge back to the loop. An edge to a node outside
//! leaves the loop for good. The list is computed once, when the loop is entered.
//!
//! **Invariant:** no loop runs for ever: it has a cap, and reaching it is an exit of its own, or else a failure.
//! **Invariant:** rounds that may be over at once are parted by a timer of no length, so that ten thousand of them are
//! ten thousand turns and not one that never comes to rest.

use super::optional;
use crate::{
    graph::{
        Checker,
        emit::{self, Object, Rounds, Site, expression, text_literal},
        model::Node,
    },
    spec::{NodeSpec, Port, Shape},
};
use serde_json::{Value, json};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "loop",
    title: "Loop",
    summary: "Repeats the nodes inside it: once per item of a list, or while a condition holds.",
    fields: &[
        optional("over", Shape::Expression, "The list to go through, e.g. context.cart.lines."),
        optional(
            "as",
            Shape::Path,
            "Where in the context the item of the round is kept; `item` if empty.",
        ),
        optional(
            "index",
            Shape::Path,
            "Where in the context the number of the round is kept, from 0.",
        ),
        optional("while", Shape::Expression, "Another round is run as long as this holds."),
        optional("max", Shape::Integer, "Most rounds, up to 10000; 100 if empty."),
    ],
    ports: &[Port { name: "default", required: false }, Port { name: "capped", required: false }],
    effect: None,
};

const ROUNDS: i64 = 100;
const ROUNDS_MAX: i64 = 10_000;

pub(super) fn check(data: &Object, checker: &mut Checker<'_>) {
    let is_given =
        |name: &str| data.get(name).is_some_and(|value| !crate::graph::model::is_blank(value));
    match (is_given("over"), is_given("while")) {
        (false, false) => {
            checker.error("missing-field", "/over", "the loop does not say what it repeats").help(
                "Add `over` with a list, e.g. context.cart.lines; or `while` with a condition.",
            );
        }
        (true, true) => {
            checker
                .error(
                    "wrong-shape",
                    "/while",
                    "a loop goes through a list, or repeats while a condition holds, not both",
                )
                .help("Remove `over` or `while`. To stop early, lead an edge out of the loop.");
        }
        _ => {}
    }
    for name in ["as"].into_iter().filter(|name| is_given(name) && !is_given("over")) {
        checker
            .warning("unknown-field", &format!("/{name}"), "there are items only with `over`")
            .help("Remove it.");
    }
    let max = data.get("max").and_then(Value::as_i64);
    if max.is_some_and(|max| !(1..=ROUNDS_MAX).contains(&max)) {
        checker
            .error("limit", "/max", format!("`max` is a number from 1 to {ROUNDS_MAX}"))
            .help("For more than that, work through the list in parts.");
    }
}

pub(super) fn lower(site: &Site<'_>) -> Object {
    let (node, rounds) = (site.node, site.rounds());
    // `dyn`, because this is ours and in nobody's schema of the context.
    let own = format!("dyn(context)._loop[{}]", text_literal(node.id));
    let path = |name: &str| format!("_loop.{}.{name}", node.id);
    let over = node.text("over");
    let mut entry = Object::from_iter([(path("index"), json!(0))]);
    let mut exit = Object::new();
    if !over.is_empty() {
        entry.insert(path("items"), expression(over));
        // Nobody needs the list any more, and it may be long.
        exit.insert(path("items"), Value::Null);
    }
    let next = Object::from_iter([(path("index"), expression(format!("{own}.index + 1")))]);
    let mut again = emit::target(format!("{}.{}", node.id, rounds.round));
    again.insert("actions".to_owned(), json!([emit::assign_all(next)]));
    let again = match rounds.may_spin {
        true => json!({ "after": { "0": again } }),
        false => json!({ "always": [again] }),
    };
    let mut state = emit::object(json!({
        "initial": rounds.round,
        "entry": [emit::assign_all(entry)],
        "states": {
            &*rounds.round: { "always": decide(site, &rounds, &own) },
            &*rounds.again: again,
        },
    }));
    if !exit.is_empty() {
        state.insert("exit".to_owned(), json!([emit::assign_all(exit)]));
    }
    state
}

/// Another round, or the cap, or what comes after the loop.
fn decide(site: &Site<'_>, rounds: &Rounds, own: &str) -> Vec<Object> {
    let node = site.node;
    let max = node.field("max").and_then(Value::as_i64).unwrap_or(ROUNDS);
    let more = match node.text("while") {
        "" => format!("{own}.index < size({own}.items)"),
        condition => format!("({condition})"),
    };
    let mut begin = emit::target(rounds.first.as_deref().unwrap_or(node.id));
    let values = kept(node, own);
    if !values.is_empty() {
        begin.insert("actions".to_owned(), json!([emit::assign_all(values)]));
    }
    vec![
        emit::guarded(&format!("{more} && {own}.index < {max}"), begin),
        emit::guarded(&more, emit::target(&rounds.capped)),
        site.go("default"),
    ]
}

/// What a round finds in the context.
fn kept(node: &Node<'_>, own: &str) -> Object {
    let mut values = Object::new();
    if !node.text("over").is_empty() {
        let name = node.field("as").and_then(Value::as_str).unwrap_or("item");
        values.insert(name.to_owned(), expression(format!("{own}.items[{own}.index]")));
    }
    if let Some(name) = node.field("index").and_then(Value::as_str) {
        values.insert(name.to_owned(), expression(format!("{own}.index")));
    }
    values
}
