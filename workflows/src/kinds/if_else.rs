//! `if`: goes one of two ways.

use super::required;
use crate::{
    graph::emit::{self, Object, Site},
    spec::{NodeSpec, Port, Shape},
};
use serde_json::json;

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "if",
    title: "If",
    summary: "Goes by `true` when the condition holds, and by `false` when it does not.",
    fields: &[required("when", Shape::Expression, "The condition.")],
    ports: &[Port { name: "true", required: true }, Port { name: "false", required: true }],
    effect: None,
};

pub(super) fn lower(site: &Site<'_>) -> Object {
    let yes = emit::guarded(site.node.text("when"), site.go("true"));
    emit::object(json!({ "always": [yes, site.go("false")] }))
}
