//! `slack.post`: a message in a Slack channel.

use super::{
    ATTEMPTS_MAX, CONNECTION, SAVE_AS, STEP_PORTS, STEP_TIMEOUT_MS, TEMPLATE, limited, optional,
    required,
};
use crate::spec::{Effect, NodeSpec, OnUnknown, Output, Shape};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "slack.post",
    title: "Post to Slack",
    summary: "Posts a message in a Slack channel.",
    fields: &[
        required("channel", TEMPLATE, "The channel, e.g. `#bookings`."),
        required("text", limited(40_000), "What the team reads."),
        optional("blocks", Shape::Json, "Slack blocks instead of plain text."),
        SAVE_AS,
        CONNECTION,
    ],
    ports: STEP_PORTS,
    // The message carries our key as metadata, so Slack can be asked whether it is there.
    effect: Some(Effect {
        provider: Some("slack"),
        is_idempotent: |_| false,
        on_unknown: OnUnknown::Check,
        timeout_ms: STEP_TIMEOUT_MS,
        attempts_max: ATTEMPTS_MAX,
        output: Output::Schema(
            r#"{"type": "object", "properties": {"channel": {"type": "string"}, "ts": {"type": "string"}}}"#,
        ),
    }),
};
