//! `switch`: goes by the first case that holds, or else by `default`.

use super::required;
use crate::{
    graph::{
        emit::{self, Object, Site},
        model::{Exit, Node, Unwired},
    },
    spec::{NodeSpec, Port, Shape},
};
use serde_json::{Value, json};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "switch",
    title: "Switch",
    summary: "Goes by the first case whose condition holds, and by `default` when none does.",
    fields: &[required("cases", Shape::Cases, "The cases, tried from top to bottom.")],
    ports: &[Port { name: "default", required: false }],
    effect: None,
};

pub(super) fn exits(node: &Node<'_>, exits: &mut Vec<Exit>) {
    let ids = cases(node).filter_map(|case| case.get("id").and_then(Value::as_str));
    exits.extend(ids.map(|id| Exit { name: id.to_owned(), unwired: Unwired::Error }));
}

pub(super) fn lower(site: &Site<'_>) -> Object {
    let mut always: Vec<Object> = cases(site.node)
        .filter_map(|case| {
            let (id, when) = (case.get("id")?.as_str()?, case.get("when")?.as_str()?);
            Some(emit::guarded(when, site.go(id)))
        })
        .collect();
    always.push(site.go("default"));
    emit::object(json!({ "always": always }))
}

fn cases<'a>(node: &Node<'a>) -> impl Iterator<Item = &'a Value> + use<'a> {
    node.field("cases").and_then(Value::as_array).into_iter().flatten()
}
