//! `random`: goes one of several ways by chance, each as often as its weight says.
//!
//! **Invariant:** chance is asked once per entry, and what it said is kept before anything is decided by it. A replay
//! draws the same, because `random()` is a hash of what history has.

pub(super) mod split;

use super::{optional, required};
use crate::{
    graph::{
        emit::{Object, Site},
        model::{Exit, Node},
    },
    spec::{NodeSpec, Shape},
};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "random",
    title: "Random split",
    summary: "Goes one of several ways by chance, drawn anew each time.",
    fields: &[
        required(
            "branches",
            Shape::Weights,
            "The ways, each an exit of its own, and what share each gets.",
        ),
        optional(
            "saveAs",
            Shape::Path,
            "Where in the context the way is kept; the node's id if empty.",
        ),
    ],
    ports: &[],
    effect: None,
};

pub(super) fn exits(node: &Node<'_>, exits: &mut Vec<Exit>) {
    split::exits(node, "branches", exits);
}

pub(super) fn lower(site: &Site<'_>) -> Object {
    split::lower(site, "branches", "random()")
}
