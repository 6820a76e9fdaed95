//! What is told of workflows that come from another product, or are written in another form.

use super::{
    Entry,
    Sample::{Node, Words},
    Severities::{Either, Error},
};

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        code: "needs-rewriting",
        severity: Either,
        title: "A part of another product has no counterpart here",
        what: "An imported workflow had something that cannot be taken over. A node without a counterpart stands in its place as an `imported` node with the original, and is an error until somebody puts nodes of ours there. What is only done differently here is a warning. An option that is left out of a node is a warning on it.",
        why: "Left out without a word, the workflow would do less than the one it came from.",
        wrong: Node(
            r#"{"id": "pixel", "type": "imported", "data": {"from": "typebot", "type": "Pixel", "note": "Call the address with an http.request."}}"#,
        ),
        right: Node(
            r#"{"id": "pixel", "type": "http.request", "data": {"url": "https://example.com/pixel"}}"#,
        ),
    },
    Entry {
        code: "not-drawn",
        severity: Error,
        title: "There is no drawing to export",
        what: "The definition was written as a statechart, so it has no React Flow graph.",
        why: "A drawing made up for it would not be what anybody drew, and could not be read back.",
        wrong: Words("perdure export machine.json --as react-flow"),
        right: Words("perdure export machine.json --as xstate"),
    },
];
