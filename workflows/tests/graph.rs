//! Lowering: a golden machine for each node kind, both React Flow versions, size, and whatever a builder might send.
//!
//! A golden file holds the graph and the machine; `UPDATE_EXPECT=1` writes the machine anew.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

use perdure_workflows::{expr::TypeEnv, graph, json::Json, kinds, statechart};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

fn golden(kind: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/graph").join(format!("{kind}.json"))
}

/// Machines are compared with the order of their keys, which is document order.
fn check(name: &str) {
    let path = golden(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let case: Json = serde_json::from_str(&text).unwrap();
    let graph = case.get("graph").unwrap();
    let lowered = graph::lower(&graph.to_value(), "", "golden");
    assert!(lowered.diagnostics.is_empty(), "{name}: {:#?}", lowered.diagnostics);
    let (chart, problems) = statechart::parse(&lowered.machine, "", "golden", &TypeEnv::standard());
    assert!(chart.is_some(), "{name}: {problems:#?}");
    let found = Json::Object(vec![
        ("graph".to_owned(), graph.clone()),
        ("machine".to_owned(), lowered.machine),
        ("triggers".to_owned(), Json::from(&json!(lowered.triggers))),
    ]);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
    } else {
        assert_eq!(found, case, "{name}: run with UPDATE_EXPECT=1 if the change is meant");
    }
}

/// Every kind that can run. What was imported and not rewritten yet cannot.
fn runnable() -> Vec<&'static str> {
    kinds::all().iter().map(|spec| spec.kind).filter(|kind| *kind != "imported").collect()
}

#[test]
fn every_kind_lowers_as_written_down() {
    runnable().into_iter().for_each(check);
}

#[test]
fn kinds_in_one_another_lower_as_written_down() {
    for name in ["nested", "undo"] {
        check(name);
    }
}

/// The same graph as React Flow 11 and 12 export it.
#[test]
fn both_versions_of_react_flow_are_read() {
    let v12 = json!({
        "nodes": [
            {"id": "t", "type": "custom", "data": {"kind": "trigger", "on": "start", "label": {"en": "Go"}},
             "position": {"x": 0, "y": 0}, "measured": {"width": 1, "height": 2}, "selected": false},
            {"id": "g", "type": "group", "data": {}, "position": {"x": 0, "y": 0}},
            {"id": "n", "type": "noop", "data": {}, "parentId": "g", "extent": "parent", "position": {"x": 0, "y": 0}},
            {"id": "e", "type": "output", "data": {"kind": "end"}, "position": {"x": 0, "y": 0}}],
        "edges": [
            {"id": "1", "source": "t", "target": "n", "sourceHandle": null, "targetHandle": null, "label": {"a": 1}},
            {"id": "2", "source": "n", "target": "e", "animated": true, "markerEnd": {"type": "arrow"}},
            {"id": "2b", "source": "n", "target": "e"}],
        "viewport": {"x": 0, "y": 0, "zoom": 1}
    });
    let mut v11 = v12.clone();
    let n = v11["nodes"][2].as_object_mut().unwrap();
    n.remove("parentId");
    n.insert("parentNode".into(), "g".into());
    n.insert("positionAbsolute".into(), json!({"x": 0, "y": 0}));
    for graph in [&v12, &v11] {
        let lowered = graph::lower(graph, "/graph", "versions");
        assert!(lowered.diagnostics.is_empty(), "{:#?}", lowered.diagnostics);
        let machine = lowered.machine.to_value();
        let group = &machine["states"]["g"];
        assert_eq!(group["initial"], "n");
        assert_eq!(group["states"]["n"]["invoke"]["onDone"]["target"], "#e");
        assert_eq!(lowered.triggers, [(json!({"on": "start"}), "/graph/nodes/0/data".to_owned())]);
    }
}

fn chain(n: usize, kind: &str) -> Value {
    let mut nodes = vec![json!({"id": "t", "type": "trigger", "data": {"on": "start"}})];
    let mut edges = vec![json!({"source": "t", "target": "n0"})];
    for i in 0..n {
        nodes.push(json!({"id": format!("n{i}"), "type": kind, "data": {"assign": {"n": "1"}}}));
        edges.push(json!({"source": format!("n{i}"), "target": format!("n{}", i + 1)}));
    }
    nodes.push(json!({"id": format!("n{n}"), "type": "end", "data": {}}));
    json!({ "nodes": nodes, "edges": edges })
}

/// Forks one after the other.
fn forks(n: usize) -> Value {
    let mut nodes = vec![json!({"id": "t", "type": "trigger", "data": {"on": "start"}})];
    let mut edges = vec![json!({"source": "t", "target": "f0"})];
    for i in 0..n {
        let (fork, join, next) = (format!("f{i}"), format!("j{i}"), format!("f{}", i + 1));
        nodes.push(json!({"id": fork, "type": "fork", "data": {}}));
        for branch in ["a", "b"] {
            let step = format!("{branch}{i}");
            nodes.push(json!({"id": step, "type": "noop", "data": {}}));
            edges.push(json!({"source": fork, "target": step}));
            edges.push(json!({"source": step, "target": join}));
        }
        nodes.push(json!({"id": join, "type": "join", "data": {"mode": "any"}}));
        edges.push(json!({"source": join, "target": next}));
    }
    nodes.push(json!({"id": format!("f{n}"), "type": "end", "data": {}}));
    json!({ "nodes": nodes, "edges": edges })
}

#[test]
fn ten_thousand_nodes_are_lowered_quickly() {
    let ring = {
        let mut ring = chain(9_990, "set");
        ring["edges"][9_990]["target"] = "n0".into();
        ring
    };
    for (name, graph, codes) in [
        ("forks", forks(2_000), vec![]),
        ("chain of sets", chain(9_998, "set"), vec![]),
        ("chain of steps", chain(9_998, "noop"), vec!["unknown-field"; 9_998]),
        ("ring", ring, vec!["unreachable", "eventless-loop"]),
    ] {
        let began = Instant::now();
        let lowered = graph::lower(&graph, "", name);
        let found: Vec<&str> = lowered.diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(found, codes, "{name}");
        assert!(began.elapsed() < Duration::from_secs(10), "{name}: {:?}", began.elapsed());
    }
    let lowered = graph::lower(&chain(10_001, "set"), "", "over");
    assert!(lowered.diagnostics.iter().any(|d| d.code == "too-many-states"));
}

/// Every golden graph, with one value somewhere replaced by another.
fn mutated() -> impl Strategy<Value = Value> {
    let values = prop_oneof![
        Just(Value::Null),
        Just(json!("")),
        Just(json!([])),
        Just(json!({})),
        Just(json!(-1)),
        Just(json!(1e300)),
        Just(json!(true)),
        Just(json!("group")),
        Just(json!("start")),
        Just(json!("box")),
        Just(json!("{{ broken")),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    (
        prop::sample::select(runnable()),
        prop::collection::vec((any::<prop::sample::Index>(), values), 1..6),
    )
        .prop_map(|(kind, changes)| {
            let text = fs::read_to_string(golden(kind)).unwrap();
            let mut graph = serde_json::from_str::<Value>(&text).unwrap()["graph"].take();
            for (place, value) in changes {
                let mut pointers = Vec::new();
                collect(&graph, String::new(), &mut pointers);
                let pointer = place.get(&pointers).clone();
                *graph.pointer_mut(&pointer).unwrap() = value;
            }
            graph
        })
}

fn collect(value: &Value, at: String, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                collect(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), out);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{at}/{index}"), out);
            }
        }
        _ => {}
    }
    out.push(at);
}

/// Forks, joins, loops and groups wired anyhow.
fn tangled() -> impl Strategy<Value = Value> {
    let kinds = prop::sample::select(vec![
        "fork", "fork", "join", "join", "loop", "group", "noop", "noop", "if", "set", "delay",
        "end", "fail",
    ]);
    let node = (kinds, prop::option::weighted(0.3, 0usize..12));
    let edge = (0usize..12, 0usize..12, prop::sample::select(vec!["", "true", "false", "undo"]));
    (prop::collection::vec(node, 1..12), prop::collection::vec(edge, 0..24)).prop_map(
        |(nodes, edges)| {
            let data = json!({"over": "[1]", "when": "true", "reason": "no", "for": "1h", "assign": {}});
            let mut all = vec![json!({"id": "t", "type": "trigger", "data": {"on": "start"}})];
            all.extend(nodes.iter().enumerate().map(|(index, (kind, parent))| {
                let parent = parent.map(|parent| format!("n{parent}"));
                json!({"id": format!("n{index}"), "type": kind, "parentId": parent, "data": data})
            }));
            let mut wired = vec![json!({"source": "t", "target": "n0"})];
            wired.extend(edges.iter().map(|(from, to, handle)| {
                json!({"source": format!("n{from}"), "target": format!("n{to}"), "sourceHandle": handle})
            }));
            json!({ "nodes": all, "edges": wired })
        },
    )
}

/// What passes the graph's own checks passes the statechart's.
fn check_whatever(graph: &Value) -> Result<(), TestCaseError> {
    let lowered = graph::lower(graph, "/graph", "whatever");
    prop_assert!(lowered.machine.get("states").is_some());
    for diagnostic in &lowered.diagnostics {
        prop_assert!(diagnostic.pointer.starts_with("/graph"), "{diagnostic:?}");
        prop_assert!(!diagnostic.message.is_empty());
    }
    let (_, problems) = statechart::parse(&lowered.machine, "", "whatever", &TypeEnv::standard());
    if !lowered.diagnostics.iter().any(|d| d.is_error()) {
        let errors: Vec<_> = problems.into_iter().filter(|d| d.is_error()).collect();
        prop_assert!(errors.is_empty(), "{graph:#}\n{errors:#?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is wrong with a graph is told; and what passes is a machine the next stage accepts.
    #[test]
    fn mutated_graphs_never_panic(graph in mutated()) {
        check_whatever(&graph)?;
    }

    /// Whatever leads where: it is told, or it is a machine.
    #[test]
    fn tangled_graphs_never_panic(graph in tangled()) {
        check_whatever(&graph)?;
    }
}
