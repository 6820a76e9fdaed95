//! What is told of a file as such: bytes, JSON, the form, and what stands around the graph or machine.

use super::{
    Entry,
    Sample::{Node, Upload, Words},
    Severities::{Either, Error, Warning},
};

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        code: "unreadable",
        severity: Error,
        title: "The file cannot be read",
        what: "There is no such file, it is a folder, or this user may not read it.",
        why: "Nothing can be said about a definition that nobody can read.",
        wrong: Words("perdure check no-such-file.json"),
        right: Words("perdure check workflow.json"),
    },
    Entry {
        code: "too-large",
        severity: Error,
        title: "The file is too large",
        what: "A definition may have 2 MiB.",
        why: "Every process keeps the definitions it runs in memory, and every version is stored for good. A larger file usually holds pictures or tables, which belong elsewhere.",
        wrong: Words("A file of 3 MB with a picture in it as base64."),
        right: Words(
            "The same file with the address of the picture. Large flows are split, and one calls the other with a `call` node.",
        ),
    },
    Entry {
        code: "utf8",
        severity: Error,
        title: "The file is not UTF-8",
        what: "JSON is written in UTF-8, and this file has bytes that are not.",
        why: "Guessing the encoding would garble what customers read.",
        wrong: Words("A file saved as Windows-1252, with `ñ` as the single byte F1."),
        right: Words("The same file saved with the encoding UTF-8."),
    },
    Entry {
        code: "json-syntax",
        severity: Error,
        title: "This is not JSON",
        what: "A comma, a quote or a bracket is missing or too much. The message says where.",
        why: "Nothing of the file can be read.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"type": "final"},}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "json-depth",
        severity: Error,
        title: "Brackets are nested too deeply",
        what: "Objects and lists may lie 64 deep in one another.",
        why: "No workflow needs that; a program that made the file went round in a circle, and reading it would exhaust the memory for nothing.",
        wrong: Words("A file in which 65 lists stand in one another."),
        right: Words("The same file, with whatever made it corrected."),
    },
    Entry {
        code: "nul-character",
        severity: Error,
        title: "A text holds a NUL character",
        what: "The character `\\u0000` stands in a text or in a key.",
        why: "The database cannot keep it, so an instance could not be saved.",
        wrong: Node(r#"{"id": "hi", "type": "send.text", "data": {"text": "Hello\u0000"}}"#),
        right: Node(r#"{"id": "hi", "type": "send.text", "data": {"text": "Hello"}}"#),
    },
    Entry {
        code: "duplicate-key",
        severity: Either,
        title: "A key is given twice in one object",
        what: "JSON keeps the last of two members with the same key. It is a warning when both have the same value.",
        why: "The first one is lost without a word: an answer, a branch or a whole state that somebody wrote would not run.",
        wrong: Upload(
            r#"{
  "id": "door", "initial": "open",
  "states": {
    "open": {"on": {"push": "shut", "push": "locked"}},
    "shut": {"type": "final"},
    "locked": {"type": "final"}
  }
}"#,
        ),
        right: Upload(
            r#"{
  "id": "door", "initial": "open",
  "states": {
    "open": {"on": {"push": "shut", "turn": "locked"}},
    "shut": {"type": "final"},
    "locked": {"type": "final"}
  }
}"#,
        ),
    },
    Entry {
        code: "form",
        severity: Error,
        title: "This is no workflow in a form that is known",
        what: "An upload is a definition file (`perdure`, `name`, and `graph` or `machine`), a React Flow object (`nodes`, `edges`) or a machine config (`initial`, `states`).",
        why: "There is nothing to run.",
        wrong: Upload(r#"{"perdure": 1, "name": "hello"}"#),
        right: Upload(
            r#"{"perdure": 1, "name": "hello", "machine": {"initial": "done", "states": {"done": {"type": "final"}}}}"#,
        ),
    },
    Entry {
        code: "version",
        severity: Error,
        title: "The file has another format",
        what: "`\"perdure\": 1` says which format a definition file is written in, and this release reads format 1.",
        why: "A file of a later format may mean something else by the same words.",
        wrong: Upload(
            r#"{"perdure": 2, "name": "hello", "machine": {"initial": "done", "states": {"done": {"type": "final"}}}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "hello", "machine": {"initial": "done", "states": {"done": {"type": "final"}}}}"#,
        ),
    },
    Entry {
        code: "name",
        severity: Error,
        title: "The workflow has no name that can be used",
        what: "A name is made of lower-case letters, digits, `-` and `_`, and begins with a letter or digit.",
        why: "The name stands in addresses, in commands and in other workflows that call this one.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "Book a table", "machine": {"initial": "done", "states": {"done": {"type": "final"}}}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "book-a-table", "title": "Book a table", "machine": {"initial": "done", "states": {"done": {"type": "final"}}}}"#,
        ),
    },
    Entry {
        code: "message-shape",
        severity: Error,
        title: "A localized message is not a text",
        what: "`messages` holds texts by language and key.",
        why: "`t(\"key\")` would have nothing to say to the customer.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "hello", "messages": {"en": {"greeting": 1}}, "machine": {"initial": "done", "states": {"done": {"type": "final"}}}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "hello", "messages": {"en": {"greeting": "Hello"}}, "machine": {"initial": "done", "states": {"done": {"type": "final"}}}}"#,
        ),
    },
    Entry {
        code: "policy-shape",
        severity: Error,
        title: "A policy cannot be read",
        what: "`policies.unhandled` says what becomes of events that nothing waits for (`defer`, `drop` or `error`), `retention` how long finished instances are kept (`90d`), `priority` (0 to 9) whose steps go first, `rate` (`80/s`) how often they may begin, `concurrency` how many instances may run at once; `policy` of an invoke says how a step is attempted.",
        why: "A policy that is ignored silently would repeat, drop or keep what it was written to prevent.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "hello", "policies": {"unhandled": {"default": "forget"}}, "machine": {"initial": "done", "states": {"done": {"type": "final"}}}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "hello", "policies": {"unhandled": {"default": "drop"}}, "machine": {"initial": "done", "states": {"done": {"type": "final"}}}}"#,
        ),
    },
    Entry {
        code: "secret",
        severity: Warning,
        title: "A password or token is written into the workflow",
        what: "A text looks like a credential, or stands under a key like `apiKey`.",
        why: "Everybody who may look at the workflow, its exports and its history could read it, and it would have to be changed in every version.",
        wrong: Node(
            r#"{"id": "call", "type": "http.request", "data": {"url": "https://example.com/orders", "headers": {"Authorization": "Bearer 0123456789abcdef"}}}"#,
        ),
        right: Node(
            r#"{"id": "call", "type": "http.request", "data": {"url": "https://example.com/orders", "connection": "shop"}}"#,
        ),
    },
    Entry {
        code: "accept-shape",
        severity: Error,
        title: "An acceptance cannot be read",
        what: "A definition file accepts warnings with `\"accept\": [{\"code\", \"node\"?, \"pointer\"?, \"reason\"}]`, a node with `\"accept\": {\"<code>\": \"<reason>\"}` in its data. The reason is needed.",
        why: "Whoever reads the workflow next must be able to see why a warning was thought to be fine.",
        wrong: Node(
            r#"{"id": "answer", "type": "wait", "data": {"event": "paid", "accept": {"no-timeout": ""}}}"#,
        ),
        right: Node(
            r#"{"id": "answer", "type": "wait", "data": {"event": "paid", "accept": {"no-timeout": "The shop always reports a payment or a failure."}}}"#,
        ),
    },
    Entry {
        code: "accept-error",
        severity: Error,
        title: "An error cannot be accepted",
        what: "An acceptance names an error. Only warnings can be accepted.",
        why: "With an error the workflow would not run as drawn, whatever anybody thinks of it.",
        wrong: Node(
            r#"{"id": "hi", "type": "send.text", "data": {"accept": {"missing-field": "Nothing to say."}}}"#,
        ),
        right: Node(r#"{"id": "hi", "type": "send.text", "data": {"text": "Hello"}}"#),
    },
    Entry {
        code: "accept-unused",
        severity: Warning,
        title: "A warning is accepted that nothing has",
        what: "An acceptance fits no warning of the definition: the warning has been cured, or the code or node is misspelt.",
        why: "It would hide the next warning of that code, which nobody has looked at.",
        wrong: Node(
            r#"{"id": "answer", "type": "wait", "data": {"event": "paid", "timeout": "1d", "accept": {"no-timeout": "The shop always reports."}}}"#,
        ),
        right: Node(
            r#"{"id": "answer", "type": "wait", "data": {"event": "paid", "timeout": "1d"}}"#,
        ),
    },
    Entry {
        code: "states-gone",
        severity: Warning,
        title: "Instances are in states that the new version no longer has",
        what: "The workflow is uploaded again without states in which instances are now; the message counts them by state.",
        why: "They go on with the version they were started with, and miss what the new one mends, because there is no place in it to move them to.",
        wrong: Words(
            "Version 2 has no node `confirm` any more, and 40 customers are being asked there.",
        ),
        right: Words(
            "Version 2 keeps `confirm` until nobody is in it, or the 40 are left to end with version 1.",
        ),
    },
];
