//! `noop`: a durable step that does nothing, for measurements and tests.

use super::{ATTEMPTS_MAX, CONNECTION, SAVE_AS, STEP_PORTS, STEP_TIMEOUT_MS, optional};
use crate::spec::{Effect, NodeSpec, OnUnknown, Output, Shape};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "noop",
    title: "Do nothing",
    summary: "Gives its input back; a place holder, or a step to measure with.",
    fields: &[optional("value", Shape::Json, "What it gives back."), SAVE_AS, CONNECTION],
    ports: STEP_PORTS,
    effect: Some(Effect {
        provider: None,
        is_idempotent: |_| true,
        on_unknown: OnUnknown::Retry,
        timeout_ms: STEP_TIMEOUT_MS,
        attempts_max: ATTEMPTS_MAX,
        output: Output::Input,
    }),
};
