//! `llm.extract`: a language model reads a text and fills in a form.

use super::{
    ATTEMPTS_MAX, CONNECTION, LLM_TIMEOUT_MS, SAVE_AS, STEP_PORTS, TEMPLATE, optional, required,
};
use crate::spec::{Effect, NodeSpec, OnUnknown, Output, Shape};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "llm.extract",
    title: "Extract with AI",
    summary: "Reads a text and gives back an object that fits a schema.",
    fields: &[
        required("prompt", TEMPLATE, "What to look for."),
        required("schema", Shape::Schema, "JSON Schema of the result."),
        optional("text", TEMPLATE, "What to read, if the prompt does not hold it."),
        optional("system", TEMPLATE, "Standing instructions."),
        optional("model", Shape::Text, "The model, if not the connection's."),
        SAVE_AS,
        CONNECTION,
    ],
    ports: STEP_PORTS,
    effect: Some(EFFECT),
};

/// How every question to a model is attempted: asking twice costs money and changes nothing.
pub(crate) const EFFECT: Effect = Effect {
    provider: Some("openai"),
    is_idempotent: |_| true,
    on_unknown: OnUnknown::Retry,
    timeout_ms: LLM_TIMEOUT_MS,
    attempts_max: ATTEMPTS_MAX,
    output: Output::InField("schema"),
};
