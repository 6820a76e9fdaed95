//! What is told of a node's data, and of objects elsewhere that are checked the same way.

use super::{
    Entry,
    Sample::{Node, Upload},
    Severities::{Either, Error},
};

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        code: "missing-field",
        severity: Error,
        title: "Something that is needed is missing",
        what: "A field that this kind of node cannot do without is absent or empty.",
        why: "The step could not be run.",
        wrong: Node(r#"{"id": "hi", "type": "send.text", "data": {}}"#),
        right: Node(r#"{"id": "hi", "type": "send.text", "data": {"text": "Hello"}}"#),
    },
    Entry {
        code: "unknown-field",
        severity: Either,
        title: "A field means nothing here",
        what: "A key is not known at this place, usually because it is misspelt. In an expression: the schema says that there is no such field. In the data of a node and in a machine it is a warning, since builders keep things of their own there.",
        why: "What it says would be ignored: a time-out, a limit, a condition.",
        wrong: Node(r#"{"id": "pay", "type": "wait", "data": {"event": "paid", "timeOut": "1h"}}"#),
        right: Node(r#"{"id": "pay", "type": "wait", "data": {"event": "paid", "timeout": "1h"}}"#),
    },
    Entry {
        code: "wrong-shape",
        severity: Error,
        title: "Something else must stand here",
        what: "A field has a number where a text belongs, a word that is none of those to choose from, a text that is not a duration, and the like.",
        why: "It could be read as something that nobody meant.",
        wrong: Node(r#"{"id": "pause", "type": "delay", "data": {"for": "10 minutes"}}"#),
        right: Node(r#"{"id": "pause", "type": "delay", "data": {"for": "10m"}}"#),
    },
    Entry {
        code: "limit",
        severity: Error,
        title: "It is more than the channel or the engine takes",
        what: "A text is too long, a list has too many entries or none, a number is out of range. What is computed counts with what is sure to be there.",
        why: "The provider would refuse the message when a customer is waiting for it.",
        wrong: Node(
            r#"{"id": "pick", "type": "send.buttons", "data": {"text": "Pick one", "buttons": [{"id": "a", "title": "A title that is longer than twenty characters"}]}}"#,
        ),
        right: Node(
            r#"{"id": "pick", "type": "send.buttons", "data": {"text": "Pick one", "buttons": [{"id": "a", "title": "A short title"}]}}"#,
        ),
    },
    Entry {
        code: "duplicate-option",
        severity: Error,
        title: "An option is there twice",
        what: "Two choices, buttons, rows or cases have the same id or the same title.",
        why: "Nobody could tell which one the customer has chosen.",
        wrong: Node(
            r#"{"id": "pick", "type": "send.buttons", "data": {"text": "Pick one", "buttons": [{"id": "a", "title": "Tea"}, {"id": "a", "title": "Coffee"}]}}"#,
        ),
        right: Node(
            r#"{"id": "pick", "type": "send.buttons", "data": {"text": "Pick one", "buttons": [{"id": "a", "title": "Tea"}, {"id": "b", "title": "Coffee"}]}}"#,
        ),
    },
    Entry {
        code: "reserved-id",
        severity: Error,
        title: "An option has the name of an exit",
        what: "A choice or case is called like an exit the node has anyway, such as `timeout` or `default`.",
        why: "An edge from that exit could mean either.",
        wrong: Node(
            r#"{"id": "when", "type": "ask", "data": {"text": "When?", "saveAs": "when", "timeout": "1h", "type": "choice", "choices": [{"id": "now", "title": "Now"}, {"id": "timeout", "title": "Later"}]}}"#,
        ),
        right: Node(
            r#"{"id": "when", "type": "ask", "data": {"text": "When?", "saveAs": "when", "timeout": "1h", "type": "choice", "choices": [{"id": "now", "title": "Now"}, {"id": "later", "title": "Later"}]}}"#,
        ),
    },
    Entry {
        code: "unknown-state",
        severity: Error,
        title: "There is no such state",
        what: "A condition asks whether a state is active that the machine does not have.",
        why: "It would never hold.",
        wrong: Upload(
            r##"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": {"target": "shut", "guard": {"type": "stateIn", "params": "#ajar"}}}}, "shut": {"type": "final"}}}"##,
        ),
        right: Upload(
            r##"{"id": "door", "initial": "open", "states": {"open": {"id": "ajar", "on": {"push": {"target": "shut", "guard": {"type": "stateIn", "params": "#ajar"}}}}, "shut": {"type": "final"}}}"##,
        ),
    },
];
