//! `send.list`: a message with a list of up to ten rows.

use super::{CONNECTION, KEEP_AS, STEP_PORTS, limited, optional, required, send_text};
use crate::spec::{NodeSpec, Shape};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "send.list",
    title: "Send a list",
    summary: "Sends a text with a list to choose from, and does not wait for an answer.",
    fields: &[
        required("text", limited(1024), "What the customer reads above the list."),
        optional("header", limited(60), "A bold line above the text."),
        optional("footer", limited(60), "A small line below the text."),
        required("button", limited(20), "The label that opens the list."),
        required("sections", Shape::Sections, "One to ten sections, ten rows in all."),
        KEEP_AS,
        CONNECTION,
    ],
    ports: STEP_PORTS,
    effect: Some(send_text::EFFECT),
};
