//! `delay`: waits for a length of time.

use super::{NEXT, required};
use crate::{
    graph::emit::{self, Object, Site},
    spec::{NodeSpec, Shape},
};
use serde_json::json;

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "delay",
    title: "Delay",
    summary: "Waits for a length of time.",
    fields: &[required("for", Shape::Duration, "How long, e.g. 10m or P1D.")],
    ports: NEXT,
    effect: None,
};

pub(super) fn lower(site: &Site<'_>) -> Object {
    emit::object(json!({ "after": site.after("default") }))
}
