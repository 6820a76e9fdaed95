//! `send.media`: an image, a video, a sound or a document.

use super::{CONNECTION, KEEP_AS, STEP_PORTS, TEMPLATE, limited, optional, required, send_text};
use crate::spec::{NodeSpec, Shape};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "send.media",
    title: "Send a file",
    summary: "Sends an image, a video, a sound or a document.",
    fields: &[
        required("media", TEMPLATE, "Link to the file, or the id of an uploaded one."),
        optional(
            "mediaType",
            Shape::Choice(&["image", "video", "audio", "document"]),
            "What it is; told by the file's ending if empty.",
        ),
        optional("caption", limited(1024), "A text below it."),
        optional("filename", TEMPLATE, "The name a document is shown with."),
        KEEP_AS,
        CONNECTION,
    ],
    ports: STEP_PORTS,
    effect: Some(send_text::EFFECT),
};
