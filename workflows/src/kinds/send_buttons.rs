//! `send.buttons`: a message with up to three reply buttons.

use super::{CONNECTION, KEEP_AS, STEP_PORTS, limited, optional, required, send_text};
use crate::spec::{NodeSpec, Shape};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "send.buttons",
    title: "Send buttons",
    summary: "Sends a text with up to three buttons, and does not wait for an answer.",
    fields: &[
        required("text", limited(1024), "What the customer reads above the buttons."),
        optional("header", limited(60), "A bold line above the text."),
        optional("footer", limited(60), "A small line below the text."),
        required("buttons", Shape::Buttons, "One to three buttons."),
        KEEP_AS,
        CONNECTION,
    ],
    ports: STEP_PORTS,
    effect: Some(send_text::EFFECT),
};
