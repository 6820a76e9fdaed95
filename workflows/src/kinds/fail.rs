//! `fail`: the workflow has failed.

use super::{TEMPLATE, required};
use crate::{
    graph::{
        emit::{self, Object, Site},
        render,
    },
    spec::NodeSpec,
};
use serde_json::json;

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "fail",
    title: "Fail",
    summary: "Ends the workflow as failed, so that someone sees it.",
    fields: &[required("reason", TEMPLATE, "Why, for the people who look into it.")],
    ports: &[],
    effect: None,
};

pub(super) fn lower(site: &Site<'_>) -> Object {
    emit::object(json!({
        "type": "final",
        "meta": { "outcome": "failed" },
        "output": { "reason": render::computed(&site.node.text("reason").into()) },
    }))
}
