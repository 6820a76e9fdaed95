//! `fork`: goes several ways at once. Every edge that leaves it is a branch, and the branches meet in a `join`.
//!
//! It becomes a parallel state with one region per branch. A region ends in a final state that says its branch is done;
//! the fork is left when as many are done as its join waits for.

use super::NEXT;
use crate::{
    graph::emit::{self, Object, Site, text_literal},
    spec::NodeSpec,
};
use serde_json::{Value, json};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "fork",
    title: "Fork",
    summary: "Goes several ways at once: each edge that leaves it is a branch, and the branches meet in a join.",
    fields: &[],
    ports: NEXT,
    effect: None,
};

/// The parallel state. Its regions are put in by the caller.
pub(super) fn lower(site: &Site<'_>) -> Object {
    let mut state = emit::object(json!({ "type": "parallel" }));
    let Some(join) = site.join() else { return state };
    let done: Vec<String> =
        site.joined().iter().map(|id| format!("in_state({})", text_literal(id))).collect();
    let n = join.field("n").and_then(Value::as_u64).unwrap_or(1);
    let enough = match join.text("mode") {
        "any" => done.join(" || "),
        "n" => format!("[{}].filter(done, done).size() >= {n}", done.join(", ")),
        _ => {
            state.insert("onDone".to_owned(), emit::target(join.id).into());
            return state;
        }
    };
    state.insert("always".to_owned(), json!([emit::guarded(&enough, emit::target(join.id))]));
    state
}
