//! Exports: what the builder sent comes back, and a chart that went through XState's form runs as before.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

use perdure_workflows::{
    compile::compile,
    export::{Form, export},
    expr::TypeEnv,
    json::Json,
    statechart,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

/// Every definition that is shipped: bundled ones and examples.
fn definitions() -> Vec<PathBuf> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut folders = vec![root.join("workflows/definitions"), root.join("examples")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "json") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn text(json: &Json) -> String {
    serde_json::to_string(json).unwrap()
}

/// The chart without what only tells where it was read.
fn chart(machine: &Json, name: &str) -> String {
    let (chart, problems) = statechart::parse(machine, "", name, &TypeEnv::standard());
    assert!(chart.is_some(), "{name}: {problems:#?}");
    let chart = chart.unwrap();
    chart.states.iter().map(|state| format!("{state:?}\n")).collect()
}

fn check_xstate(bytes: &[u8], name: &str) {
    let compiled = compile(bytes, Some(name));
    let definition =
        compiled.definition.unwrap_or_else(|| panic!("{name}: {:#?}", compiled.diagnostics));
    let exported = export(bytes, Some(name), Form::XState).unwrap();
    assert_plain(&exported, name);
    let again = compile(text(&exported).as_bytes(), Some(name));
    let restored = again.definition.unwrap_or_else(|| panic!("{name}: {:#?}", again.diagnostics));
    let (before, after) =
        (chart(&compiled.machine.unwrap(), name), chart(&again.machine.unwrap(), name));
    for (before, after) in before.lines().zip(after.lines()) {
        assert_eq!(before, after, "{name}");
    }
    assert_eq!(before.len(), after.len(), "{name}");
    assert_eq!(restored.name, definition.name);
    assert_eq!(restored.title, definition.title);
    assert_eq!(format!("{:?}", restored.triggers), format!("{:?}", definition.triggers), "{name}");
    assert_eq!(
        format!("{:?}", restored.unhandled),
        format!("{:?}", definition.unhandled),
        "{name}"
    );
    assert_eq!(format!("{:?}", restored.messages), format!("{:?}", definition.messages), "{name}");
    assert_eq!(restored.input_schema, definition.input_schema, "{name}");
    assert_eq!(again.tests.len(), compiled.tests.len(), "{name}");
    // Once more gives the same export.
    let twice = export(text(&exported).as_bytes(), Some(name), Form::XState).unwrap();
    assert_eq!(canonical(&twice), canonical(&exported), "{name}");
}

/// Without order: what is put back stands at the end of its object.
fn canonical(json: &Json) -> Value {
    json.to_value()
}

/// Nothing outside of `meta` that XState does not know.
fn assert_plain(json: &Json, name: &str) {
    match json {
        Json::Object(members) => {
            for (key, value) in members.iter().filter(|(key, _)| key != "meta") {
                if key == "invoke" {
                    for invoke in value.items() {
                        for ours in ["policy", "detach", "each"] {
                            assert!(invoke.get(ours).is_none(), "{name}: {ours}");
                        }
                    }
                }
                let kind = value.get("type").and_then(Json::as_str).unwrap_or_default();
                assert!(!kind.starts_with("@perdure."), "{name}: {kind}");
                assert_plain(value, name);
            }
        }
        Json::Array(items) => {
            for item in items {
                let kind = item.get("type").and_then(Json::as_str).unwrap_or_default();
                assert!(!kind.starts_with("@perdure."), "{name}: {kind}");
                assert_plain(item, name);
            }
        }
        _ => {}
    }
}

#[test]
fn shipped_definitions_come_back_through_xstate() {
    for path in definitions() {
        let bytes = fs::read(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let looks_like_one = compile(&bytes, Some(name)).definition.is_some();
        // Beside the definitions of an example lie its events and inputs.
        if looks_like_one {
            check_xstate(&bytes, name);
        }
    }
}

#[test]
fn additions_are_moved_under_meta_and_back() {
    let invoke = json!({"id": "a", "src": "noop", "input": {}, "policy": {"maxAttempts": 2}, "detach": true});
    for (name, states) in [
        ("policy and detach", json!({"s": {"invoke": invoke}})),
        (
            "a list of invokes",
            json!({"s": {"invoke": [invoke, {"id": "b", "src": "noop", "policy": {"maxAttempts": 3}}]}}),
        ),
        ("meta of its own", json!({"s": {"meta": {"kind": "x"}, "invoke": invoke}})),
        ("meta that is no object", json!({"s": {"meta": "note", "invoke": invoke}})),
        ("meta of our name", json!({"s": {"meta": {"perdure": {"mine": 1}}, "invoke": invoke}})),
        ("deep", json!({"s": {"initial": "t", "states": {"t": {"invoke": invoke}}}})),
    ] {
        let machine = json!({"id": "m", "initial": "s", "meta": {"a": 1}, "states": states});
        check_xstate(machine.to_string().as_bytes(), name);
        let exported = export(machine.to_string().as_bytes(), Some("m"), Form::XState).unwrap();
        let restored = compile(text(&exported).as_bytes(), None).machine.unwrap();
        assert_eq!(restored.to_value(), machine, "{name}");
    }
}

/// Actions of ours need not be known to the compiler yet to be moved.
#[test]
fn what_has_no_such_form_is_refused_with_a_reason() {
    let machine = br#"{"id": "m", "initial": "a", "states": {"a": {}}}"#;
    let graph = br#"{"nodes": [], "edges": []}"#;
    for (bytes, form, code) in [
        (&machine[..], Form::ReactFlow, "not-drawn"),
        (&graph[..], Form::XState, "no-entry"),
        (&b"{"[..], Form::File, "json-syntax"),
        (&b"{}"[..], Form::ReactFlow, "form"),
    ] {
        let found = export(bytes, Some("m"), form).unwrap_err();
        assert!(found.iter().any(|told| told.code == code), "{code}: {found:#?}");
    }
}

#[test]
fn a_file_is_put_around_what_is_bare() {
    let graph = json!({"nodes": [], "edges": [], "viewport": {"x": 0, "y": 0, "zoom": 1}});
    let file = export(graph.to_string().as_bytes(), Some("bare"), Form::File).unwrap();
    assert_eq!(
        file.to_value(),
        json!({"perdure": 1, "name": "bare", "title": "bare", "graph": graph})
    );
    let again = export(text(&file).as_bytes(), None, Form::File).unwrap();
    assert_eq!(text(&again), text(&file));
}

#[test]
fn edges_without_an_id_get_one_that_stays() {
    let graph = json!({
        "nodes": [{"id": "a", "type": "noop"}, {"id": "b", "type": "end"}],
        "edges": [{"source": "a", "target": "b"}, {"source": "a", "target": "b"}, {"id": "e-a-default-b-2", "source": "a", "target": "b", "sourceHandle": "error"},
                  {"id": null, "source": "a", "target": "b", "sourceHandle": "error"}]
    });
    let ids = |json: &Json| -> Vec<String> {
        json.to_value()["edges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let once = export(graph.to_string().as_bytes(), Some("g"), Form::ReactFlow).unwrap();
    assert_eq!(ids(&once), ["e-a-default-b", "e-a-default-b-3", "e-a-default-b-2", "e-a-error-b"]);
    let twice = export(text(&once).as_bytes(), Some("g"), Form::ReactFlow).unwrap();
    assert_eq!(text(&twice), text(&once));
}

/// Any JSON.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9f64).prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z0-9@]{1,6}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A React Flow object with members that nobody knows, in an order of its own.
fn any_graph() -> impl Strategy<Value = String> {
    let extras = || prop::collection::vec(("x[a-z]{1,6}", any_json()), 0..4);
    let node = (extras(), "[a-z]{1,4}");
    let edge = (extras(), "[a-z]{1,4}", "[a-z]{1,4}", any::<prop::sample::Index>());
    (prop::collection::vec(node, 0..5), prop::collection::vec(edge, 0..5), extras(), any::<bool>())
        .prop_map(|(nodes, edges, extras, is_v11)| {
            let members = |own: Vec<(String, String)>, extras: Vec<(String, Value)>| {
                let mut seen = std::collections::BTreeSet::new();
                let extras = extras.into_iter().map(|(key, value)| (key, value.to_string()));
                let members: Vec<String> = extras
                    .chain(own)
                    .filter(|(key, _)| seen.insert(key.clone()))
                    .map(|(key, value)| format!("{}:{value}", Value::from(key)))
                    .collect();
                format!("{{{}}}", members.join(","))
            };
            let parent = if is_v11 { "parentNode" } else { "parentId" };
            let nodes: Vec<String> = nodes
                .into_iter()
                .map(|(extras, id)| {
                    members(
                        vec![
                            ("id".into(), format!("{id:?}")),
                            (parent.into(), "\"g\"".into()),
                            ("position".into(), "{\"y\":1,\"x\":0.5}".into()),
                        ],
                        extras,
                    )
                })
                .collect();
            let edges: Vec<String> = edges
                .into_iter()
                .enumerate()
                .map(|(index, (extras, source, target, _))| {
                    members(
                        vec![
                            ("target".into(), format!("{target:?}")),
                            ("source".into(), format!("{source:?}")),
                            ("id".into(), format!("\"edge{index}\"")),
                        ],
                        extras,
                    )
                })
                .collect();
            members(
                vec![
                    ("edges".into(), format!("[{}]", edges.join(","))),
                    ("viewport".into(), "{\"zoom\":1,\"x\":0,\"y\":-3.25}".into()),
                    ("nodes".into(), format!("[{}]", nodes.join(","))),
                ],
                extras,
            )
        })
}

proptest! {
    /// What the builder sent, in content and order of keys; within a definition file too.
    #[test]
    fn a_drawing_comes_back_as_it_was(graph in any_graph()) {
        let wanted: Json = serde_json::from_str(&graph).unwrap();
        let bare = export(graph.as_bytes(), Some("g"), Form::ReactFlow).unwrap();
        prop_assert_eq!(text(&bare), text(&wanted));
        let file = format!("{{\"perdure\":1,\"name\":\"g\",\"graph\":{graph}}}");
        let inside = export(file.as_bytes(), None, Form::ReactFlow).unwrap();
        prop_assert_eq!(text(&inside), text(&wanted));
    }
}
