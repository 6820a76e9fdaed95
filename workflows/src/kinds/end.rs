//! `end`: the workflow is done. Inside a group whose exit is wired, the group is done.

use super::optional;
use crate::{
    graph::{
        emit::{self, Object, Site},
        render,
    },
    spec::{NodeSpec, Shape},
};
use serde_json::{Value, json};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "end",
    title: "End",
    summary: "Ends the workflow.",
    fields: &[optional("output", Shape::Json, "What the workflow gives back.")],
    ports: &[],
    effect: None,
};

pub(super) fn lower(site: &Site<'_>) -> Object {
    let output = site.node.field("output").map_or(Value::Null, render::computed);
    emit::object(json!({ "type": "final", "output": output }))
}
