//! `llm.reply`: a language model writes a text.

use super::{CONNECTION, SAVE_AS, STEP_PORTS, TEMPLATE, llm_extract, optional, required};
use crate::spec::{Effect, NodeSpec, Output, Shape};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "llm.reply",
    title: "Write with AI",
    summary: "Has a text written; sending it is a step of its own.",
    fields: &[
        required("prompt", TEMPLATE, "What to write."),
        optional("system", TEMPLATE, "Standing instructions."),
        optional("model", Shape::Text, "The model, if not the connection's."),
        optional("maxTokens", Shape::Integer, "Longest answer, in tokens."),
        SAVE_AS,
        CONNECTION,
    ],
    ports: STEP_PORTS,
    effect: Some(Effect {
        output: Output::Schema(r#"{"type": "object", "properties": {"text": {"type": "string"}}}"#),
        ..llm_extract::EFFECT
    }),
};
