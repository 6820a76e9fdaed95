//! `until`: waits until a moment, or a while before or after it. A moment that has passed is not waited for.

use super::{NEXT, optional, required};
use crate::{
    graph::emit::{self, Object, Site},
    spec::{NodeSpec, Shape},
};
use serde_json::json;

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "until",
    title: "Wait until",
    summary: "Waits until a date and time, or a while before or after it.",
    fields: &[
        required(
            "at",
            Shape::Expression,
            "The moment, e.g. context.startsAt or 2026-12-24T18:00:00Z.",
        ),
        optional(
            "offset",
            Shape::Duration,
            "A while after it, or before it with a minus, e.g. -24h.",
        ),
    ],
    ports: NEXT,
    effect: None,
};

pub(super) fn lower(site: &Site<'_>) -> Object {
    emit::object(json!({ "after": site.after("default") }))
}
