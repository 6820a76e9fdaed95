//! What an admin is told: for each graph or upload of `testdata/diagnostics.json`, exactly these problems, in this order.

use perdure_workflows::{
    compile::compile,
    diagnostic::{
        Diagnostic,
        catalogue::{self, Entry},
    },
    graph, source,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs};

fn line(diagnostic: &Diagnostic) -> String {
    let severity = if diagnostic.is_error() { "error" } else { "warning" };
    let node = diagnostic.node.as_deref().unwrap_or("-");
    format!("{severity} {} {node} {}", diagnostic.code, diagnostic.pointer)
}

/// With the place in the file, and within a text of it, and whether it is accepted.
fn placed(diagnostic: &Diagnostic) -> String {
    let place = diagnostic.place.map(|place| format!(" {}:{}", place.line, place.column));
    let within = diagnostic.position.map(|at| format!(" [{}..{}]", at.start, at.end));
    let accepted = if diagnostic.accepted.is_some() { " accepted" } else { "" };
    let (place, within) = (place.unwrap_or_default(), within.unwrap_or_default());
    format!("{}{place}{within}{accepted}", line(diagnostic))
}

/// A case holds a bare graph, which is only lowered, or an upload (JSON, or any text), which is compiled.
fn check(case: &Value, wrong: &mut Vec<String>) -> BTreeSet<&'static str> {
    let (diagnostics, found) = match case.get("upload") {
        None => {
            let diagnostics = graph::lower(&case["graph"], "", "case").diagnostics;
            let found: Vec<String> = diagnostics.iter().map(line).collect();
            (diagnostics, found)
        }
        Some(upload) => {
            let text = upload.as_str().map_or_else(|| upload.to_string(), str::to_owned);
            let diagnostics = compile(text.as_bytes(), Some("case")).diagnostics;
            let found = diagnostics.iter().map(placed).collect();
            (diagnostics, found)
        }
    };
    if json!(found) != case["wanted"] {
        let wanted = &case["wanted"];
        wrong.push(format!(
            "{}\n  found  {}\n  wanted {wanted}\n  {diagnostics:?}",
            case["case"],
            json!(found)
        ));
    }
    diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn definitions() {
    let table = include_str!("../testdata/diagnostics.json");
    let cases: Vec<Value> = serde_json::from_str(table).unwrap();
    let mut wrong = Vec::new();
    let told: BTreeSet<&str> = cases.iter().flat_map(|case| check(case, &mut wrong)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Codes are a promise to programs; one that no case shows is one that nobody watches. Those that need a file of
    // megabytes, or no file, have their tests below; scenarios are read by the machine.
    let is_watched =
        |entry: &&Entry| entry.wrong.language().is_some() && !entry.code.starts_with("scenario-");
    let unwatched: Vec<&Entry> =
        catalogue::all().filter(is_watched).filter(|entry| !told.contains(entry.code)).collect();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        append(&unwatched);
        return;
    }
    let codes: Vec<&str> = unwatched.iter().map(|entry| entry.code).collect();
    assert!(
        codes.is_empty(),
        "no case in workflows/testdata/diagnostics.json tells these; add {{\"case\", \"graph\" or \"upload\", \"wanted\"}}, \
         or let UPDATE_EXPECT=1 add the examples of the catalogue, and read what it wrote: {codes:?}"
    );
}

/// Adds the catalogue's examples at the end of the table, one line each, with what is told of them.
fn append(entries: &[&Entry]) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/diagnostics.json");
    let table = fs::read_to_string(path).expect("the table can be read");
    let mut table = table.trim_end().trim_end_matches(']').trim_end().to_owned();
    for entry in entries {
        let text = entry.wrong.upload().unwrap_or_default();
        let found: Vec<String> =
            compile(text.as_bytes(), Some("case")).diagnostics.iter().map(placed).collect();
        let name = format!("example of {}", entry.code);
        let case = json!({ "case": name, "upload": text, "wanted": found });
        table.push_str(&format!(",\n  {case}"));
    }
    fs::write(path, table + "\n]\n").expect("the table can be written");
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
            br#"{"perdure": 1, "name": "a", "graph": {}, "triggers": [{"on": "message", "when": "true", "priority": 1}, {"on": "webhook", "name": "X"}, {}]}"#,
            None,
            Some("a"),
            &["missing-field /triggers/1/name", "missing-field /triggers/2/on"],
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
