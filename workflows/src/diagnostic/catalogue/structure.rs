//! What is told of the structure of a graph: forks with their joins, loops, and steps that take others back.

use super::{
    Entry,
    Sample::{Upload, Words},
    Severities::{Error, Warning},
};

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        code: "fork-branches",
        severity: Error,
        title: "A fork has fewer than two branches",
        what: "Each edge that leaves a `fork` is a branch, and this one has none or one.",
        why: "Nothing would run side by side; most likely an edge was forgotten.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "a"}, {"source": "a", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "a"}, {"source": "fork", "target": "b"}, {"source": "a", "target": "join"}, {"source": "b", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
    },
    Entry {
        code: "fork-without-join",
        severity: Error,
        title: "The branches of a fork never meet",
        what: "No branch of this `fork` leads to a `join` in the same group.",
        why: "Nobody could say when the branches are done and how it goes on.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "a"}, {"source": "fork", "target": "b"}, {"source": "a", "target": "end"}, {"source": "b", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "a"}, {"source": "fork", "target": "b"}, {"source": "a", "target": "join"}, {"source": "b", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
    },
    Entry {
        code: "fork-joins",
        severity: Error,
        title: "The branches of a fork meet in two joins",
        what: "All branches of one `fork` meet in one `join`.",
        why: "Each join would wait for branches that arrive at the other one.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "other", "type": "join", "data": {}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "a"}, {"source": "fork", "target": "b"}, {"source": "a", "target": "join"}, {"source": "b", "target": "other"}, {"source": "join", "target": "end"}, {"source": "other", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "a"}, {"source": "fork", "target": "b"}, {"source": "a", "target": "join"}, {"source": "b", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
    },
    Entry {
        code: "fork-crossing",
        severity: Error,
        title: "An edge leads from one branch into another",
        what: "Branches run side by side and meet only in their `join`.",
        why: "The other branch would be in two places at once.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "c", "type": "delay", "data": {"for": "3m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "a"}, {"source": "fork", "target": "b"}, {"source": "a", "target": "c"}, {"source": "b", "target": "c"}, {"source": "c", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "a"}, {"source": "fork", "target": "b"}, {"source": "a", "target": "join"}, {"source": "b", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
    },
    Entry {
        code: "fork-escape",
        severity: Error,
        title: "An edge leaves a branch past the join",
        what: "A branch ends in the `join` of its fork, or stops everything with an `end` or a `fail`.",
        why: "The other branches would go on without it, and the join would wait for ever.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "ok", "type": "if", "data": {"when": "input.ok == true"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "after", "type": "delay", "data": {"for": "3m"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "ok"}, {"source": "fork", "target": "b"}, {"source": "ok", "target": "join", "sourceHandle": "true"}, {"source": "ok", "target": "after", "sourceHandle": "false"}, {"source": "b", "target": "join"}, {"source": "join", "target": "after"}, {"source": "after", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "ok", "type": "if", "data": {"when": "input.ok == true"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "after", "type": "delay", "data": {"for": "3m"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "ok"}, {"source": "fork", "target": "b"}, {"source": "ok", "target": "join", "sourceHandle": "true"}, {"source": "ok", "target": "join", "sourceHandle": "false"}, {"source": "b", "target": "join"}, {"source": "join", "target": "after"}, {"source": "after", "target": "end"}]}"#,
        ),
    },
    Entry {
        code: "fork-entry",
        severity: Error,
        title: "An edge leads into a branch from outside",
        what: "Branches begin at their `fork`.",
        why: "The other branches would not have begun, and the join would wait for them for ever.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "first", "type": "if", "data": {"when": "input.fast == true"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "first"}, {"source": "first", "target": "fork", "sourceHandle": "true"}, {"source": "first", "target": "a", "sourceHandle": "false"}, {"source": "fork", "target": "a"}, {"source": "fork", "target": "b"}, {"source": "a", "target": "join"}, {"source": "b", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "first", "type": "if", "data": {"when": "input.fast == true"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "first"}, {"source": "first", "target": "fork", "sourceHandle": "true"}, {"source": "first", "target": "end", "sourceHandle": "false"}, {"source": "fork", "target": "a"}, {"source": "fork", "target": "b"}, {"source": "a", "target": "join"}, {"source": "b", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
    },
    Entry {
        code: "fork-depth",
        severity: Error,
        title: "A fork lies too deep",
        what: "Forks, loops and groups may lie 16 levels deep in one another; a fork counts for two.",
        why: "Deeper nesting can neither be drawn nor followed.",
        wrong: Words("Eight forks, each in a branch of the one before, in a group."),
        right: Words("The inner forks in a workflow of their own, which a `call` node runs."),
    },
    Entry {
        code: "fork-end",
        severity: Warning,
        title: "An `end` in a branch stops the other branches",
        what: "The `end` is reached from one branch of a `fork`, and ends the whole workflow.",
        why: "What the other branches were doing is given up, a customer may wait in one of them.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "ok", "type": "if", "data": {"when": "input.ok == true"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "ok"}, {"source": "fork", "target": "b"}, {"source": "ok", "target": "join", "sourceHandle": "true"}, {"source": "ok", "target": "end", "sourceHandle": "false"}, {"source": "b", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "ok", "type": "if", "data": {"when": "input.ok == true"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "ok"}, {"source": "fork", "target": "b"}, {"source": "ok", "target": "join", "sourceHandle": "true"}, {"source": "ok", "target": "join", "sourceHandle": "false"}, {"source": "b", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
    },
    Entry {
        code: "join-without-fork",
        severity: Error,
        title: "A join has no fork",
        what: "No edge into this `join` comes from a branch of a `fork` in the same group.",
        why: "There is nothing it could wait for.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "a"}, {"source": "a", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "a"}, {"source": "a", "target": "end"}]}"#,
        ),
    },
    Entry {
        code: "join-unreached",
        severity: Error,
        title: "Too few branches lead to a join",
        what: "Nothing leads to the `join`, or fewer branches than it waits for.",
        why: "It would wait for ever.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "stop", "type": "fail", "data": {"reason": "b came first"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "a"}, {"source": "fork", "target": "b"}, {"source": "a", "target": "join"}, {"source": "b", "target": "stop"}, {"source": "join", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "a"}, {"source": "fork", "target": "b"}, {"source": "a", "target": "join"}, {"source": "b", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
    },
    Entry {
        code: "join-one-branch",
        severity: Warning,
        title: "Only one branch leads to a join",
        what: "The other branches of the fork can only be stopped.",
        why: "That is meant where a branch watches the time; otherwise an edge was forgotten.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {"mode": "any"}}, {"id": "stop", "type": "fail", "data": {"reason": "b came first"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "a"}, {"source": "fork", "target": "b"}, {"source": "a", "target": "join"}, {"source": "b", "target": "stop"}, {"source": "join", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {"mode": "any"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "a"}, {"source": "fork", "target": "b"}, {"source": "a", "target": "join"}, {"source": "b", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
    },
    Entry {
        code: "join-count",
        severity: Error,
        title: "A join waits for more branches than there are",
        what: "`n` is larger than the number of branches of the fork.",
        why: "It would wait for ever.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {"mode": "n", "n": 3}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "a"}, {"source": "fork", "target": "b"}, {"source": "a", "target": "join"}, {"source": "b", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "join", "type": "join", "data": {"mode": "n", "n": 2}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "a"}, {"source": "fork", "target": "b"}, {"source": "a", "target": "join"}, {"source": "b", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
    },
    Entry {
        code: "join-shared",
        severity: Error,
        title: "Two forks share a join",
        what: "Each `fork` has a `join` of its own.",
        why: "Nobody could say which branches it waits for.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "inner", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "c", "type": "delay", "data": {"for": "3m"}}, {"id": "join", "type": "join", "data": {}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "inner"}, {"source": "fork", "target": "a"}, {"source": "inner", "target": "b"}, {"source": "inner", "target": "c"}, {"source": "a", "target": "join"}, {"source": "b", "target": "join"}, {"source": "c", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "fork", "type": "fork", "data": {}}, {"id": "inner", "type": "fork", "data": {}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "b", "type": "delay", "data": {"for": "2m"}}, {"id": "c", "type": "delay", "data": {"for": "3m"}}, {"id": "met", "type": "join", "data": {}}, {"id": "join", "type": "join", "data": {}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "fork"}, {"source": "fork", "target": "inner"}, {"source": "fork", "target": "a"}, {"source": "inner", "target": "b"}, {"source": "inner", "target": "c"}, {"source": "a", "target": "join"}, {"source": "b", "target": "met"}, {"source": "c", "target": "met"}, {"source": "met", "target": "join"}, {"source": "join", "target": "end"}]}"#,
        ),
    },
    Entry {
        code: "loop-entry",
        severity: Error,
        title: "An edge leads into a loop from outside",
        what: "A loop begins at the loop itself, with its first round.",
        why: "No round would have begun: there is no item and no count.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "first", "type": "if", "data": {"when": "input.fast == true"}}, {"id": "loop", "type": "loop", "data": {"over": "input.items"}}, {"id": "a", "type": "delay", "data": {"for": "1m"}, "parentId": "loop"}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "first"}, {"source": "first", "target": "loop", "sourceHandle": "true"}, {"source": "first", "target": "a", "sourceHandle": "false"}, {"source": "loop", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "first", "type": "if", "data": {"when": "input.fast == true"}}, {"id": "loop", "type": "loop", "data": {"over": "input.items"}}, {"id": "a", "type": "delay", "data": {"for": "1m"}, "parentId": "loop"}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "first"}, {"source": "first", "target": "loop", "sourceHandle": "true"}, {"source": "first", "target": "end", "sourceHandle": "false"}, {"source": "loop", "target": "end"}]}"#,
        ),
    },
    Entry {
        code: "undo-target",
        severity: Error,
        title: "`undo` leads to something that cannot take a step back",
        what: "The `undo` exit leads to a node that acts (an `http.request`, a `call` and the like).",
        why: "Taking back means doing something, with the values known when the step was done; a wait or a question cannot.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "book", "type": "http.request", "data": {"url": "https://example.com/book"}}, {"id": "a", "type": "delay", "data": {"for": "1m"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "book"}, {"source": "book", "target": "end"}, {"source": "book", "target": "a", "sourceHandle": "undo"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "book", "type": "http.request", "data": {"url": "https://example.com/book"}}, {"id": "cancel-it", "type": "http.request", "data": {"url": "https://example.com/cancel"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "book"}, {"source": "book", "target": "end"}, {"source": "book", "target": "cancel-it", "sourceHandle": "undo"}]}"#,
        ),
    },
    Entry {
        code: "undo-shared",
        severity: Error,
        title: "A step that takes back is also on the way",
        what: "A node that an `undo` exit leads to is led to by nothing else.",
        why: "It would run on the way there as well as on the way back.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "book", "type": "http.request", "data": {"url": "https://example.com/book"}}, {"id": "cancel-it", "type": "http.request", "data": {"url": "https://example.com/cancel"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "book"}, {"source": "book", "target": "cancel-it"}, {"source": "book", "target": "cancel-it", "sourceHandle": "undo"}, {"source": "cancel-it", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "book", "type": "http.request", "data": {"url": "https://example.com/book"}}, {"id": "cancel-it", "type": "http.request", "data": {"url": "https://example.com/cancel"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "book"}, {"source": "book", "target": "end"}, {"source": "book", "target": "cancel-it", "sourceHandle": "undo"}]}"#,
        ),
    },
    Entry {
        code: "undo-exits",
        severity: Error,
        title: "Something follows a step that takes back",
        what: "A node that an `undo` exit leads to has no edges of its own.",
        why: "Steps are taken back one after the other, the last first; what comes then is drawn behind the `compensate` node.",
        wrong: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "book", "type": "http.request", "data": {"url": "https://example.com/book"}}, {"id": "cancel-it", "type": "http.request", "data": {"url": "https://example.com/cancel"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "book"}, {"source": "book", "target": "end"}, {"source": "book", "target": "cancel-it", "sourceHandle": "undo"}, {"source": "cancel-it", "target": "end"}]}"#,
        ),
        right: Upload(
            r#"{"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "book", "type": "http.request", "data": {"url": "https://example.com/book"}}, {"id": "cancel-it", "type": "http.request", "data": {"url": "https://example.com/cancel"}}, {"id": "end", "type": "end", "data": {}}], "edges": [{"source": "start", "target": "book"}, {"source": "book", "target": "end"}, {"source": "book", "target": "cancel-it", "sourceHandle": "undo"}]}"#,
        ),
    },
];
