//! What is told of a graph: its nodes and edges, how they are wired, and how it would run.

use super::{
    Entry,
    Sample::{Node, Upload, Words},
    Severities::{Error, Warning},
};

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        code: "graph-shape",
        severity: Error,
        title: "The graph is not what React Flow gives",
        what: "A graph is `{\"nodes\": […], \"edges\": […]}`; every node and edge is an object, and a node has an `id`.",
        why: "What cannot be read cannot be run, and leaving it out would change the workflow.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"type": "end"}], "edges": []}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "end"}]}}"#,
        ),
    },
    Entry {
        code: "too-many-states",
        severity: Error,
        title: "There are too many nodes or states",
        what: "A workflow may have 10,000.",
        why: "Beyond that it can neither be checked while somebody waits nor understood by anybody.",
        wrong: Words("A graph of 12,000 nodes."),
        right: Words(
            "Two workflows of 6,000 nodes, of which one calls the other with a `call` node.",
        ),
    },
    Entry {
        code: "too-many-transitions",
        severity: Error,
        title: "There are too many edges or transitions",
        what: "A workflow may have 50,000.",
        why: "Beyond that it can neither be checked while somebody waits nor understood by anybody.",
        wrong: Words("A machine with 60,000 transitions."),
        right: Words("Transitions that many states share, drawn once from the state around them."),
    },
    Entry {
        code: "unknown-kind",
        severity: Error,
        title: "There is no node or step of this kind",
        what: "A node's `type` or `data.kind`, or the `src` of an invoke, is none of the kinds that `perdure kinds` lists.",
        why: "Nobody would know what to do there.",
        wrong: Node(r#"{"id": "hi", "type": "send.txt", "data": {"text": "Hello"}}"#),
        right: Node(r#"{"id": "hi", "type": "send.text", "data": {"text": "Hello"}}"#),
    },
    Entry {
        code: "not-supported",
        severity: Error,
        title: "This is not run here",
        what: "Something that other tools know, and that this release refuses by name instead of ignoring it.",
        why: "Ignored, the workflow would do less than what was drawn.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": {"target": "shut", "cond": "isFree"}}}, "shut": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": {"target": "shut", "guard": {"@expr": "event.isFree == true"}}}}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "id-characters",
        severity: Error,
        title: "An id has characters that it cannot have",
        what: "The id of a node is made of letters, digits, `_` and `-`; the key of a state holds no `.`, `#` or control character. Both have 1 to 128 characters.",
        why: "Ids become names in expressions, in history and in the console.",
        wrong: Node(r#"{"id": "say hello", "type": "send.text", "data": {"text": "Hello"}}"#),
        right: Node(r#"{"id": "say-hello", "type": "send.text", "data": {"text": "Hello"}}"#),
    },
    Entry {
        code: "duplicate-id",
        severity: Error,
        title: "Two things have the same id",
        what: "Two nodes, two states or two invokes have one id.",
        why: "An edge, a result or a person in the console could mean either of them.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "end", "type": "end"}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "end"}]}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "end"}]}}"#,
        ),
    },
    Entry {
        code: "edge-source",
        severity: Error,
        title: "An edge starts nowhere",
        what: "The `source` of an edge is not the id of a node.",
        why: "It usually belonged to a node that was deleted or renamed, and its path would be lost.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "end"}, {"source": "hello", "target": "end"}]}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "end"}]}}"#,
        ),
    },
    Entry {
        code: "edge-target",
        severity: Error,
        title: "An edge leads nowhere",
        what: "The `target` of an edge is not the id of a node, or it is a trigger, which only starts the workflow.",
        why: "A customer who goes that way would be lost.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "ende"}]}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "end"}]}}"#,
        ),
    },
    Entry {
        code: "unknown-handle",
        severity: Error,
        title: "An edge leaves by an exit the node does not have",
        what: "The `sourceHandle` of an edge is none of the node's exits, or the node ends the workflow and has none.",
        why: "The edge would never be taken.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "adult", "type": "if", "data": {"when": "input.age >= 18"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "adult"}, {"source": "adult", "sourceHandle": "yes", "target": "end"}, {"source": "adult", "sourceHandle": "false", "target": "end"}]}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "adult", "type": "if", "data": {"when": "input.age >= 18"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "adult"}, {"source": "adult", "sourceHandle": "true", "target": "end"}, {"source": "adult", "sourceHandle": "false", "target": "end"}]}}"#,
        ),
    },
    Entry {
        code: "unwired-handle",
        severity: Error,
        title: "No edge leaves by an exit that needs one",
        what: "The node has an exit that will be taken, and nothing is drawn there.",
        why: "A customer who goes that way would stop in the middle.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "adult", "type": "if", "data": {"when": "input.age >= 18"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "adult"}, {"source": "adult", "sourceHandle": "true", "target": "end"}]}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "adult", "type": "if", "data": {"when": "input.age >= 18"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "adult"}, {"source": "adult", "sourceHandle": "true", "target": "end"}, {"source": "adult", "sourceHandle": "false", "target": "end"}]}}"#,
        ),
    },
    Entry {
        code: "two-edges",
        severity: Error,
        title: "Two edges leave by one exit",
        what: "Only one of them can be taken, and nothing says which. Several paths at once begin with a `fork`.",
        why: "One of the two paths would never run.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "wait", "type": "delay", "data": {"for": "1m"}}, {"id": "end", "type": "end"}, {"id": "other", "type": "end"}], "edges": [{"source": "start", "target": "wait"}, {"source": "wait", "target": "end"}, {"source": "wait", "target": "other"}]}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "wait", "type": "delay", "data": {"for": "1m"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "wait"}, {"source": "wait", "target": "end"}]}}"#,
        ),
    },
    Entry {
        code: "no-entry",
        severity: Error,
        title: "Nothing starts the workflow",
        what: "The graph has no `trigger` node.",
        why: "It could be published and would never run.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "hello", "type": "send.text", "data": {"text": "Hello"}}, {"id": "end", "type": "end"}], "edges": [{"source": "hello", "target": "end"}]}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "message"}}, {"id": "hello", "type": "send.text", "data": {"text": "Hello"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "hello"}, {"source": "hello", "target": "end"}]}}"#,
        ),
    },
    Entry {
        code: "two-entries",
        severity: Error,
        title: "The workflow begins in two places",
        what: "Two triggers lead to different nodes.",
        why: "Replaying, migrating and reading a workflow need one beginning.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "said", "type": "trigger", "data": {"on": "message"}}, {"id": "called", "type": "trigger", "data": {"on": "start"}}, {"id": "hello", "type": "send.text", "data": {"text": "Hello"}}, {"id": "end", "type": "end"}], "edges": [{"source": "said", "target": "hello"}, {"source": "called", "target": "end"}, {"source": "hello", "target": "end"}]}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "said", "type": "trigger", "data": {"on": "message"}}, {"id": "called", "type": "trigger", "data": {"on": "start"}}, {"id": "hello", "type": "send.text", "data": {"text": "Hello"}}, {"id": "end", "type": "end"}], "edges": [{"source": "said", "target": "hello"}, {"source": "called", "target": "hello"}, {"source": "hello", "target": "end"}]}}"#,
        ),
    },
    Entry {
        code: "unreachable",
        severity: Warning,
        title: "Nothing leads there",
        what: "No path from the beginning reaches this node or state.",
        why: "Whoever drew it expects it to run.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": "shut"}}, "shut": {"type": "final"}, "locked": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": "shut", "turn": "locked"}}, "shut": {"type": "final"}, "locked": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "dead-end",
        severity: Warning,
        title: "The path ends without an end",
        what: "Nothing follows this node, so the workflow ends there; or no transition ever leaves this state, so it stays there for ever.",
        why: "It may be meant, or an edge was forgotten. An `end` node says that it is meant.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "hello", "type": "send.text", "data": {"text": "Hello"}}], "edges": [{"source": "start", "target": "hello"}]}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "hello", "type": "send.text", "data": {"text": "Hello"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "hello"}, {"source": "hello", "target": "end"}]}}"#,
        ),
    },
    Entry {
        code: "no-timeout",
        severity: Warning,
        title: "It waits for ever if nothing comes",
        what: "A question or a wait has no `timeout`, and no group around it has one.",
        why: "Customers put their phone away. Their instances would stay open for years, and later messages would be taken for the answer.",
        wrong: Node(
            r#"{"id": "name", "type": "ask", "data": {"text": "What is your name?", "saveAs": "name"}}"#,
        ),
        right: Node(
            r#"{"id": "name", "type": "ask", "data": {"text": "What is your name?", "saveAs": "name", "timeout": "30m"}}"#,
        ),
    },
    Entry {
        code: "eventless-loop",
        severity: Error,
        title: "A loop never waits",
        what: "Nodes or states lead to one another without anything that waits, acts or could end the loop.",
        why: "The instance would spin until it is stopped after 1,000 steps, for every customer.",
        wrong: Upload(
            r#"{"id": "spin", "initial": "a", "states": {"a": {"always": "b"}, "b": {"always": "a"}}}"#,
        ),
        right: Upload(
            r#"{"id": "spin", "initial": "a", "states": {"a": {"after": {"PT1H": "b"}}, "b": {"always": "a"}}}"#,
        ),
    },
    Entry {
        code: "busy-loop",
        severity: Warning,
        title: "Steps are repeated without a wait",
        what: "Steps lead to one another in a circle with nothing that waits in between.",
        why: "Providers are called again and again, as fast as they answer: that costs money, and they block who does it.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "poll", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "get", "type": "http.request", "data": {"url": "https://example.com/job"}}, {"id": "done", "type": "if", "data": {"when": "context.get.status == 200"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "get"}, {"source": "get", "target": "done"}, {"source": "done", "sourceHandle": "true", "target": "end"}, {"source": "done", "sourceHandle": "false", "target": "get"}]}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "poll", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "get", "type": "http.request", "data": {"url": "https://example.com/job"}}, {"id": "done", "type": "if", "data": {"when": "context.get.status == 200"}}, {"id": "pause", "type": "delay", "data": {"for": "1m"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "get"}, {"source": "get", "target": "done"}, {"source": "done", "sourceHandle": "true", "target": "end"}, {"source": "done", "sourceHandle": "false", "target": "pause"}, {"source": "pause", "target": "get"}]}}"#,
        ),
    },
    Entry {
        code: "window",
        severity: Warning,
        title: "A message may come too late for WhatsApp",
        what: "When this message is reached, the customer may not have written for 24 hours.",
        why: "WhatsApp refuses every message then but an approved template.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "later", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "message"}}, {"id": "wait", "type": "delay", "data": {"for": "2d"}}, {"id": "ping", "type": "send.text", "data": {"text": "Still interested?"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "wait"}, {"source": "wait", "target": "ping"}, {"source": "ping", "target": "end"}]}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "later", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "message"}}, {"id": "wait", "type": "delay", "data": {"for": "2d"}}, {"id": "ping", "type": "send.template", "data": {"name": "still_interested"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "wait"}, {"source": "wait", "target": "ping"}, {"source": "ping", "target": "end"}]}}"#,
        ),
    },
    Entry {
        code: "unknown-parent",
        severity: Error,
        title: "A node lies in a group that does not exist",
        what: "`parentId` is not the id of a node.",
        why: "Edges and time-outs of the group would not hold for it.",
        wrong: Node(
            r#"{"id": "hi", "type": "send.text", "parentId": "greeting", "data": {"text": "Hello"}}"#,
        ),
        right: Node(r#"{"id": "hi", "type": "send.text", "data": {"text": "Hello"}}"#),
    },
    Entry {
        code: "group-depth",
        severity: Error,
        title: "Groups lie in one another too deeply, or in a circle",
        what: "A node may lie in 16 groups, and a group not in itself.",
        why: "Nothing could say where such a group begins.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "end", "type": "end"}, {"id": "a", "type": "group", "parentId": "b"}, {"id": "b", "type": "group", "parentId": "a"}], "edges": [{"source": "start", "target": "end"}]}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "end", "type": "end", "parentId": "b"}, {"id": "a", "type": "group"}, {"id": "b", "type": "group", "parentId": "a"}], "edges": [{"source": "start", "target": "end"}]}}"#,
        ),
    },
    Entry {
        code: "empty-group",
        severity: Error,
        title: "An edge leads to a group with nothing in it",
        what: "The group has no nodes, so there is nothing to go on with.",
        why: "A customer would stop there.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "part", "type": "group"}], "edges": [{"source": "start", "target": "part"}]}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "hi", "graph": {"nodes": [{"id": "start", "type": "trigger", "data": {"on": "start"}}, {"id": "part", "type": "group"}, {"id": "wait", "type": "delay", "parentId": "part", "data": {"for": "1m"}}, {"id": "end", "type": "end"}], "edges": [{"source": "start", "target": "part"}, {"source": "wait", "target": "end"}]}}"#,
        ),
    },
    Entry {
        code: "unsafe-retry",
        severity: Error,
        title: "Trying again may do it twice",
        what: "`onUnknown` is `retry`, and the provider cannot tell a second try from a second order.",
        why: "When an answer is lost nobody knows whether it happened: a message would be sent, or a card charged, a second time.",
        wrong: Node(
            r#"{"id": "hi", "type": "send.text", "data": {"text": "Hello", "policy": {"onUnknown": "retry"}}}"#,
        ),
        right: Node(
            r#"{"id": "hi", "type": "send.text", "data": {"text": "Hello", "policy": {"onUnknown": "check"}}}"#,
        ),
    },
    Entry {
        code: "unknown-event",
        severity: Error,
        title: "This event never arrives",
        what: "The node waits for an event that the engine keeps for itself.",
        why: "It would wait for ever.",
        wrong: Node(
            r#"{"id": "pay", "type": "wait", "data": {"event": "step.done", "timeout": "1h"}}"#,
        ),
        right: Node(r#"{"id": "pay", "type": "wait", "data": {"event": "paid", "timeout": "1h"}}"#),
    },
];
