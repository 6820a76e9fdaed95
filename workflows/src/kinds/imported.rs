//! `imported`: stands for a node of another product that has no counterpart here. It keeps the original and the wiring,
//! and it is an error on the node until somebody has put a node of ours in its place.
//!
//! **Invariant:** a definition that holds one is never published, so its lowering is read by people only.

use super::{optional, required};
use crate::{
    graph::{
        Checker,
        emit::{Object, Site},
        model::{Exit, Node, Unwired},
    },
    spec::{NodeSpec, Shape},
};
use serde_json::{Value, json};

/// Name of the kind.
pub(crate) const KIND: &str = "imported";
/// The diagnostic of everything an import could not take over.
pub(crate) const NEEDS_REWRITING: &str = "needs-rewriting";

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: KIND,
    title: "To be rewritten",
    summary: "Stands for a node of another product that has no counterpart here, until it is replaced.",
    fields: &[
        required("from", Shape::Text, "The product it comes from."),
        required("type", Shape::Any, "What it was called there."),
        optional("original", Shape::Any, "The node as it was exported."),
        optional("note", Shape::Any, "What to put in its place."),
    ],
    ports: &[],
    effect: None,
};

/// What is said about a placeholder: at import, and at every check until it is replaced.
pub(crate) fn message(from: &str, original_type: &str) -> String {
    format!("`{original_type}` is a node of {from}, and there is no such node here")
}

pub(super) fn check(data: &Object, checker: &mut Checker<'_>) {
    let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default();
    let note = match text("note") {
        "" => "Put a node of another kind in its place; `original` holds what it did.",
        note => note,
    };
    checker.error(NEEDS_REWRITING, "", message(text("from"), text("type"))).help(note);
}

/// Whatever was wired stays wired.
pub(super) fn exits(node: &Node<'_>, exits: &mut Vec<Exit>) {
    let wired = node.edges.keys();
    exits
        .extend(wired.map(|handle| Exit { name: (*handle).to_owned(), unwired: Unwired::Nothing }));
}

/// A state that each exit's name leads out of.
pub(super) fn lower(site: &Site<'_>) -> Object {
    let on: Object =
        site.node.exits.keys().map(|h| ((*h).to_owned(), json!([site.go(h)]))).collect();
    Object::from_iter([("on".to_owned(), on.into())])
}
