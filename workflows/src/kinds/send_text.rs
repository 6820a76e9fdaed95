//! `send.text`: a plain message to the customer.

use super::{
    ATTEMPTS_MAX, CONNECTION, KEEP_AS, STEP_PORTS, STEP_TIMEOUT_MS, limited, optional, required,
};
use crate::spec::{Effect, NodeSpec, OnUnknown, Output, Shape};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "send.text",
    title: "Send a message",
    summary: "Sends a text to the customer.",
    fields: &[
        required("text", limited(4096), "What the customer reads."),
        optional("previewUrl", Shape::Boolean, "Show a preview of the first link."),
        KEEP_AS,
        CONNECTION,
    ],
    ports: STEP_PORTS,
    effect: Some(EFFECT),
};

/// How every message is attempted: sending twice reaches the customer twice, so an unknown outcome waits for the
/// channel's status webhook.
pub(crate) const EFFECT: Effect = Effect {
    provider: Some("channel"),
    is_idempotent: |_| false,
    on_unknown: OnUnknown::Check,
    timeout_ms: STEP_TIMEOUT_MS,
    attempts_max: ATTEMPTS_MAX,
    output: Output::Schema(
        r#"{"type": "object", "properties": {"messageId": {"type": "string"}}, "additionalProperties": true}"#,
    ),
};
