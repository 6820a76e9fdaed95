//! `experiment`: gives each subject one of several variants, and the same one every time.
//!
//! **Invariant:** the variant depends on the subject, the experiment's name and the weights alone: no row is kept, and
//! two workflows with an experiment of one name agree. It is drawn once per entry and kept for later texts.

use super::{optional, random::split, required};
use crate::{
    graph::{
        emit::{Object, Site, text_literal},
        model::{Exit, Node},
    },
    spec::{NodeSpec, Shape},
};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "experiment",
    title: "Experiment",
    summary: "Gives each customer one of several variants, and the same one every time.",
    fields: &[
        required(
            "variants",
            Shape::Weights,
            "The variants, each an exit of its own, and what share of the customers each gets.",
        ),
        optional(
            "name",
            Shape::Text,
            "Name of the experiment; the node's id if empty. Under one name a customer gets one variant everywhere.",
        ),
        optional(
            "key",
            Shape::Expression,
            "Who or what gets a variant, e.g. input.orderId; the contact if empty.",
        ),
        optional(
            "saveAs",
            Shape::Path,
            "Where in the context the variant is kept; the node's id if empty.",
        ),
    ],
    ports: &[],
    effect: None,
};

pub(super) fn exits(node: &Node<'_>, exits: &mut Vec<Exit>) {
    split::exits(node, "variants", exits);
}

pub(super) fn lower(site: &Site<'_>) -> Object {
    let node = site.node;
    let name = match node.text("name") {
        "" => node.id,
        name => name,
    };
    let name = text_literal(name.trim());
    let draw = match node.text("key") {
        // Without a contact the input tells subjects apart; where there is neither, nobody comes back to be recognised.
        "" => format!(
            "(default(contact.id, null) != null ? bucket(contact.id, {name}) \
             : to_json(default(input, {{}})) != \"{{}}\" ? bucket(to_json(input), {name}) : random())"
        ),
        key => format!("bucket({key}, {name})"),
    };
    split::lower(site, "variants", &draw)
}
