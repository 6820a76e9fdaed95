//! What an admin is told: for each graph of `testdata/diagnostics.json`, exactly these problems, in this order.

use perdure_workflows::{diagnostic::Diagnostic, graph, source};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn line(diagnostic: &Diagnostic) -> String {
    let severity = if diagnostic.is_error() { "error" } else { "warning" };
    let node = diagnostic.node.as_deref().unwrap_or("-");
    format!("{severity} {} {node} {}", diagnostic.code, diagnostic.pointer)
}

fn check(case: &Value) -> BTreeSet<&'static str> {
    let lowered = graph::lower(&case["graph"], "", "case");
    let found: Vec<String> = lowered.diagnostics.iter().map(line).collect();
    assert_eq!(json!(found), case["wanted"], "{}\n{:#?}", case["case"], lowered.diagnostics);
    lowered.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn graphs() {
    let table = include_str!("../testdata/diagnostics.json");
    let cases: Vec<Value> = serde_json::from_str(table).unwrap();
    let told: BTreeSet<&str> = cases.iter().flat_map(check).collect();
    // Codes are a promise to programs; one that no case shows is one that nobody watches.
    for code in [
        "graph-shape",
        "unknown-kind",
        "not-supported",
        "duplicate-id",
        "id-characters",
        "edge-source",
        "edge-target",
        "unknown-handle",
        "unwired-handle",
        "two-edges",
        "no-entry",
        "two-entries",
        "unreachable",
        "dead-end",
        "missing-field",
        "unknown-field",
        "wrong-shape",
        "limit",
        "duplicate-option",
        "reserved-id",
        "eventless-loop",
        "busy-loop",
        "no-timeout",
        "unknown-event",
        "secret",
        "window",
        "unsafe-retry",
        "trigger-not-served",
        "unknown-parent",
        "group-depth",
        "empty-group",
        "wrong-type",
    ] {
        assert!(told.contains(code), "no case for `{code}`");
    }
}

fn check_source(bytes: &[u8], hint: Option<&str>, name: Option<&str>, wanted: &[&str]) {
    let (source, diagnostics) = source::read(bytes, hint);
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]);
    let found: Vec<String> =
        diagnostics.iter().map(|d| format!("{} {}", d.code, d.pointer)).collect();
    assert_eq!(found, wanted, "{text}\n{diagnostics:#?}");
    assert_eq!(source.map(|s| s.name).as_deref(), name, "{text}");
}

/// The bytes, the name hint, the name that is read, the codes that are told.
type UploadCase<'a> = (&'a [u8], Option<&'a str>, Option<&'a str>, &'a [&'a str]);

#[test]
fn uploads() {
    let deep = "[".repeat(100) + &"]".repeat(100);
    let large = vec![b' '; 2 * 1024 * 1024 + 1];
    let cases: &[UploadCase] = &[
        (br#"{"nodes": [], "edges": []}"#, Some("My Flow.v2"), Some("my-flow-v2"), &[]),
        (br#"{"nodes": [], "edges": []}"#, None, Some("unnamed"), &["name "]),
        (br#"{"nodes": [], "edges": [], "name": "flow"}"#, None, Some("flow"), &[]),
        (br#"{"id": "Cart", "initial": "a", "states": {}}"#, None, Some("cart"), &[]),
        (br#"{"id": "Cart", "initial": "a", "states": {}}"#, Some("shop"), Some("shop"), &[]),
        ("\u{feff}{\"id\": \"a\", \"type\": \"parallel\"}".as_bytes(), None, Some("a"), &[]),
        (br#"{"perdure": 1, "name": "a", "graph": {}}"#, Some("b"), Some("a"), &[]),
        (br#"{"perdure": 1, "graph": {}}"#, Some("b"), Some("unnamed"), &["name /name"]),
        (br#"{"perdure": 1, "name": "A b", "machine": {}}"#, None, Some("a-b"), &["name /name"]),
        (br#"{"perdure": 2, "name": "a", "graph": {}}"#, None, Some("a"), &["version /perdure"]),
        (br#"{"perdure": 1, "name": "a"}"#, None, None, &["form "]),
        (br#"{"perdure": 1, "name": "a", "graph": {}, "machine": {}}"#, None, None, &["form "]),
        (br#"{"perdure": 1, "name": "a", "graph": 3}"#, None, None, &["form "]),
        (br#"{"perdure": 1, "name": "a", "graph": {}, "trigers": []}"#, None, Some("a"), &["unknown-field /trigers"]),
        (
            br#"{"perdure": 1, "name": "a", "graph": {}, "input": 1, "context": [], "triggers": [1], "key": {}, "tests": 0, "messages": 1}"#,
            None,
            Some("a"),
            &["wrong-shape /context", "wrong-shape /input", "wrong-shape /triggers/0", "wrong-shape /key", "wrong-shape /messages", "wrong-shape /tests"],
        ),
        (
            br#"{"perdure": 1, "name": "a", "graph": {}, "triggers": [{"on": "message", "when": "true", "priority": 1}, {"on": "webhook", "name": "x"}, {}]}"#,
            None,
            Some("a"),
            &["trigger-not-served /triggers/1/on", "missing-field /triggers/2/on"],
        ),
        (
            br#"{"perdure": 1, "name": "a", "graph": {}, "context": {"apiKey": "abc"}}"#,
            None,
            Some("a"),
            &["secret /context/apiKey"],
        ),
        (br#"{"name": "a", "graph": {}}"#, None, None, &["form "]),
        (b"[]", None, None, &["form "]),
        (b"{\"nodes\": [], \"edges\": [\"a\\u0000\", {\"\\u0000/\": 1}]}", Some("a"), Some("a"), &["nul-character /edges/0", "nul-character /edges/1/\u{0}~1"]),
        (b"", None, None, &["json-syntax "]),
        (b"{\"a\": 1,}", None, None, &["json-syntax "]),
        (b"{'a': 1}", None, None, &["json-syntax "]),
        (b"{\"a\": 1e999}", None, None, &["json-syntax "]),
        (b"\xff", None, None, &["utf8 "]),
        (deep.as_bytes(), None, None, &["json-depth "]),
        (&large, None, None, &["too-large "]),
    ];
    for (bytes, hint, name, wanted) in cases {
        check_source(bytes, *hint, *name, wanted);
    }
}

#[test]
fn syntax_errors_say_where_and_what_to_do() {
    for (text, message, help) in [
        (
            "{\n  \"a\": 1,\n}",
            "this is not JSON: trailing comma (line 3, column 1)",
            "Remove the comma before the closing bracket.",
        ),
        (
            "{\"a\": 'b'}",
            "this is not JSON: expected value (line 1, column 7)",
            "JSON texts stand in double quotes.",
        ),
        (
            "{\"a\": 1 \"b\": 2}",
            "this is not JSON: expected `,` or `}` (line 1, column 9)",
            "A comma is missing before this place.",
        ),
        (
            "{\"a\": [1",
            "this is not JSON: EOF while parsing a list (line 1, column 8)",
            "The file stops too early: a bracket or a quote is not closed.",
        ),
        (
            "// hi\n{}",
            "this is not JSON: expected value (line 1, column 1)",
            "JSON has no comments; remove them.",
        ),
    ] {
        let (_, diagnostics) = source::read(text.as_bytes(), None);
        assert_eq!(diagnostics[0].message, message);
        assert_eq!(diagnostics[0].help.as_deref(), Some(help));
    }
}
