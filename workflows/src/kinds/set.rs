//! `set`: writes values into the context.

use super::{NEXT, required};
use crate::{
    graph::{
        emit::{self, Object, Site},
        render,
    },
    spec::{NodeSpec, Shape},
};
use serde_json::{Value, json};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "set",
    title: "Set values",
    summary: "Computes values and keeps them in the context.",
    fields: &[required(
        "assign",
        Shape::Assignments,
        "An expression for each place in the context.",
    )],
    ports: NEXT,
    effect: None,
};

pub(super) fn lower(site: &Site<'_>) -> Object {
    let assignments =
        site.node.field("assign").and_then(Value::as_object).cloned().unwrap_or_default();
    let values = assignments
        .into_iter()
        .map(|(path, value)| match value {
            Value::String(source) => (path, emit::expression(source)),
            literal => (path, render::computed(&literal)),
        })
        .collect();
    let mut go = site.go("default");
    go.insert("actions".to_owned(), json!([emit::assign_all(values)]));
    emit::object(json!({ "always": [go] }))
}
