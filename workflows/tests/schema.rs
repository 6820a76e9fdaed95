//! The JSON Schema of definitions: it takes what the compiler takes, and refuses what is plainly wrong.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

use jsonschema::Validator;
use perdure_workflows::{diagnostic::catalogue, graph, kinds, schema};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema::definition()).unwrap()
}

/// Every problem with its pointer.
fn problems(validator: &Validator, file: &Value) -> Vec<String> {
    validator.iter_errors(file).map(|e| format!("{} {e}", e.instance_path())).collect()
}

/// Definitions of a folder and below; not scenarios, events and the like that stand beside them.
fn definitions(folder: &Path, found: &mut Vec<(PathBuf, Value)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            definitions(&path, found);
        } else if path.extension().is_some_and(|end| end == "json") {
            let json: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let is_definition =
                ["perdure", "nodes", "states"].iter().any(|key| !json[*key].is_null());
            if is_definition {
                found.push((path, json));
            }
        }
    }
}

#[test]
fn it_is_a_schema() {
    assert!(jsonschema::draft202012::meta::is_valid(&schema::definition()));
}

#[test]
fn every_definition_we_ship_is_taken() {
    let validator = validator();
    let mut found = Vec::new();
    for folder in ["examples", "workflows/definitions"] {
        definitions(&root().join(folder), &mut found);
    }
    assert!(found.len() >= 3, "the examples have moved");
    for (path, json) in found {
        assert_eq!(problems(&validator, &json), [""; 0], "{}", path.display());
    }
}

#[test]
fn every_cured_example_is_taken() {
    let validator = validator();
    for entry in catalogue::all() {
        let Some(upload) = entry.right.upload() else { continue };
        let json: Value = serde_json::from_str(&upload).unwrap();
        assert_eq!(problems(&validator, &json), [""; 0], "{}: {upload}", entry.code);
    }
}

fn goldens() -> Vec<(&'static str, Value)> {
    let read = |kind: &str| {
        let path = root().join(format!("workflows/testdata/graph/{kind}.json"));
        let case: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
        Some(case["graph"].clone())
    };
    kinds::all().iter().filter_map(|spec| Some((spec.kind, read(spec.kind)?))).collect()
}

/// Pointers to everything in the data of nodes.
fn places(value: &Value, at: String, out: &mut Vec<String>) {
    if at.matches('/').count() > 3 {
        out.push(at.clone());
    }
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                places(value, format!("{at}/{key}"), out);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, format!("{at}/{index}"), out);
            }
        }
        _ => {}
    }
}

/// Whatever stands in a field: when the compiler has no objection, the schema has none.
#[test]
fn what_the_compiler_takes_is_taken() {
    let validator = validator();
    let values = [Value::Null, json!(""), json!([]), json!({}), json!(-1), json!(true), json!("x")];
    for (kind, golden) in goldens() {
        assert_eq!(problems(&validator, &golden), [""; 0], "{kind}");
        let mut pointers = Vec::new();
        places(&golden["nodes"], "/nodes".to_owned(), &mut pointers);
        for pointer in pointers {
            for value in &values {
                let mut graph = golden.clone();
                *graph.pointer_mut(&pointer).unwrap() = value.clone();
                let is_taken =
                    !graph::lower(&graph, "", "case").diagnostics.iter().any(|d| d.is_error());
                if is_taken {
                    let problems = problems(&validator, &graph);
                    assert!(problems.is_empty(), "{kind}: {value} at {pointer}: {problems:?}");
                }
            }
        }
    }
}

/// `$FILE` with one member changed.
fn file(member: &str, value: Value) -> Value {
    let mut file = json!({
        "perdure": 1,
        "name": "case",
        "machine": { "initial": "a", "states": { "a": { "type": "final" } } },
    });
    file[member] = value;
    file
}

fn node(node: Value) -> Value {
    json!({ "nodes": [node], "edges": [] })
}

fn machine(state: Value) -> Value {
    json!({ "initial": "a", "states": { "a": state } })
}

fn script(line: Value) -> Value {
    file("tests", json!([{ "name": "case", "script": [{ "start": {} }, line] }]))
}

#[test]
fn what_is_plainly_wrong_is_refused() {
    let validator = validator();
    let whole = file("title", json!("Case"));
    assert_eq!(problems(&validator, &whole), [""; 0]);
    for wrong in [
        json!([]),
        json!({}),
        file("perdure", json!(2)),
        file("name", json!("Book a table")),
        file("titel", json!("Case")),
        file("graph", json!({ "nodes": [] })),
        file("machine", json!(3)),
        file("triggers", json!([{ "on": "full moon" }])),
        file("triggers", json!([{}])),
        file("policies", json!({ "unhandled": { "default": "forget" } })),
        file("accept", json!([{ "code": "window" }])),
        file("accept", json!([{ "code": "window", "reason": "" }])),
        file("messages", json!(["Hello"])),
        node(json!({ "type": "end" })),
        node(json!({ "id": "a b", "type": "end" })),
        node(json!({ "id": "a", "type": "send.txt" })),
        node(json!({ "id": "a", "type": "custom" })),
        node(json!({ "id": "a", "type": "send.text" })),
        node(json!({ "id": "a", "type": "send.text", "data": {} })),
        node(json!({ "id": "a", "type": "send.text", "data": { "text": 3 } })),
        node(json!({ "id": "a", "type": "custom", "data": { "kind": "send.text" } })),
        node(
            json!({ "id": "a", "type": "ask", "data": { "text": "?", "saveAs": "1", "type": "text" } }),
        ),
        node(
            json!({ "id": "a", "type": "ask", "data": { "text": "?", "saveAs": "a", "type": "txt" } }),
        ),
        node(json!({ "id": "a", "type": "delay", "data": { "for": [] } })),
        node(
            json!({ "id": "a", "type": "send.text", "data": { "text": "a", "policy": { "onUnknown": "hope" } } }),
        ),
        node(
            json!({ "id": "a", "type": "wait", "data": { "event": "a", "accept": { "no-timeout": "" } } }),
        ),
        json!({ "nodes": [], "edges": [{ "source": "a" }] }),
        machine(json!([])),
        machine(json!({ "type": "end" })),
        machine(json!({ "on": { "go": 1 } })),
        machine(json!({ "on": { "go": { "target": [1] } } })),
        machine(json!({ "entry": [{}] })),
        machine(json!({ "invoke": {} })),
        machine(json!({ "invoke": { "src": "send.txt" } })),
        machine(json!({ "invoke": { "src": "noop", "policy": { "tries": 3 } } })),
        machine(json!({ "states": { "a.b": {} } })),
        file("tests", json!([{ "script": [{ "start": {} }] }])),
        file("tests", json!([{ "name": "case", "script": [] }])),
        script(json!({ "says": "Ana" })),
        script(json!({ "say": "Ana", "wait": "1h" })),
        script(json!({ "say": 3 })),
        script(json!({ "step": { "of": "ask" } })),
        script(json!({ "expect": { "sayd": "Hello" } })),
        script(json!({ "expect": { "status": "well" } })),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}
