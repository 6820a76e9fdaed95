//! `cancel`: cancels another instance: a child, one known by its key, or one known by its id.

use super::{
    STEP_PORTS, TEMPLATE, optional,
    signal::{self, CHILD, EFFECT, INSTANCE, KEY, WORKFLOW},
};
use crate::{
    graph::{
        Checker,
        emit::{Object, Site},
    },
    spec::{NodeSpec, Shape},
};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "cancel",
    title: "Cancel an instance",
    summary: "Cancels another instance; one that has ended by itself leaves by `error`.",
    fields: &[
        CHILD,
        WORKFLOW,
        KEY,
        INSTANCE,
        optional("reason", TEMPLATE, "Why, for the people who look into it."),
        optional(
            "compensate",
            Shape::Boolean,
            "Whether it first undoes what it has done; no if empty.",
        ),
        super::SAVE_AS,
    ],
    ports: STEP_PORTS,
    effect: Some(EFFECT),
};

pub(super) fn check(data: &Object, checker: &mut Checker<'_>) {
    signal::check_address(data, checker);
}

pub(super) fn lower(site: &Site<'_>) -> Object {
    signal::lower(site)
}
