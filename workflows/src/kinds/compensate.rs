//! `compensate`: undoes what was done. The steps that the exits `undo` lead to are run, the last one first, one after
//! the other. A workflow that ends as failed, or is cancelled with compensation, does so by itself.

use super::NEXT;
use crate::{
    graph::emit::{self, Object, Site},
    spec::NodeSpec,
};
use serde_json::json;

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "compensate",
    title: "Undo",
    summary: "Undoes what was done so far: runs the steps that `undo` exits lead to, the last one first.",
    fields: &[],
    ports: NEXT,
    effect: None,
};

pub(super) fn lower(site: &Site<'_>) -> Object {
    emit::object(json!({ "invoke": {
        "id": site.node.id,
        "src": "@perdure.compensate",
        "onDone": site.go("default"),
    } }))
}
