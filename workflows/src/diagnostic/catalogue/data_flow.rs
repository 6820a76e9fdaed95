//! What is told of variables: read where nothing has set them.

use super::{
    Entry,
    Sample::{Node, Upload},
    Severities::{Either, Error, Warning},
};

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        code: "unknown-variable",
        severity: Either,
        title: "Nothing sets what is read",
        what: "An expression reads a name of the `context` that nothing in this workflow sets and no schema declares. Where the reading says what to use without it, it is a warning.",
        why: "It would always be missing: the instance gets stuck, or the customer reads a text with a hole.",
        wrong: Node(
            r#"{"id": "ready", "type": "send.text", "data": {"text": "Your order {{ context.order }} is ready."}}"#,
        ),
        right: Node(
            r#"{"id": "ready", "type": "send.text", "data": {"text": "Your order {{ input.order }} is ready."}}"#,
        ),
    },
    Entry {
        code: "never-set",
        severity: Error,
        title: "Something is read before it is set",
        what: "On every way that leads here, what is read is set later or not at all.",
        why: "The instance would get stuck here, for every customer.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "hello", "type": "send.text", "data": {"text": "Hello {{ context.name }}"}}, {"id": "ask", "type": "ask", "data": {"text": "What is your name?", "saveAs": "name", "timeout": "1h"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "hello"}, {"source": "hello", "target": "ask"}, {"source": "ask", "target": "end", "sourceHandle": "answer"}, {"source": "ask", "target": "end", "sourceHandle": "timeout"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "ask", "type": "ask", "data": {"text": "What is your name?", "saveAs": "name", "timeout": "1h"}}, {"id": "hello", "type": "send.text", "data": {"text": "Hello {{ context.name }}"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "ask"}, {"source": "ask", "target": "hello", "sourceHandle": "answer"}, {"source": "ask", "target": "end", "sourceHandle": "timeout"}, {"source": "hello", "target": "end"}]}"#,
        ),
    },
    Entry {
        code: "maybe-unset",
        severity: Warning,
        title: "On one way something is read that was not set",
        what: "Some ways that lead here set what is read, and at least one does not. The message says which.",
        why: "Customers who come that way get stuck here; those who test the workflow often come another way.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "known", "type": "if", "data": {"when": "input.isKnown == true"}}, {"id": "ask", "type": "ask", "data": {"text": "What is your name?", "saveAs": "name", "timeout": "1h"}}, {"id": "hello", "type": "send.text", "data": {"text": "Hello {{ context.name }}"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "known"}, {"source": "known", "target": "hello", "sourceHandle": "true"}, {"source": "known", "target": "ask", "sourceHandle": "false"}, {"source": "ask", "target": "hello", "sourceHandle": "answer"}, {"source": "ask", "target": "end", "sourceHandle": "timeout"}, {"source": "hello", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "known", "type": "if", "data": {"when": "input.isKnown == true"}}, {"id": "ask", "type": "ask", "data": {"text": "What is your name?", "saveAs": "name", "timeout": "1h"}}, {"id": "hello", "type": "send.text", "data": {"text": "Hello {{ default(context.name, 'friend') }}"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "known"}, {"source": "known", "target": "hello", "sourceHandle": "true"}, {"source": "known", "target": "ask", "sourceHandle": "false"}, {"source": "ask", "target": "hello", "sourceHandle": "answer"}, {"source": "ask", "target": "end", "sourceHandle": "timeout"}, {"source": "hello", "target": "end"}]}"#,
        ),
    },
];
