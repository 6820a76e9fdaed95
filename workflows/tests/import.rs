//! Importers: a golden file for each export in `testdata/import`, nothing dropped in silence, every input survived.
//!
//! A golden file holds the definition file and what is told; `UPDATE_EXPECT=1` writes it anew.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

use perdure_workflows::{
    compile::compile,
    import::{Product, detect, import},
    json::Json,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/import")
}

/// Every export in the test data, with its product.
fn exports() -> Vec<(PathBuf, Product)> {
    let mut found = Vec::new();
    for (name, product) in [("typebot", Product::Typebot), ("n8n", Product::N8n)] {
        for entry in fs::read_dir(folder().join(name)).unwrap() {
            let path = entry.unwrap().path();
            if !path.to_str().unwrap().ends_with(".golden.json") {
                found.push((path, product));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn read(path: &Path) -> Json {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn exports_are_imported_as_written_down() {
    for (path, product) in exports() {
        let json = read(&path);
        assert_eq!(detect(&json), Some(product), "{}", path.display());
        let imported = import(&json, product, None);
        let told: Vec<Value> = imported
            .diagnostics
            .iter()
            .map(|told| {
                let told = serde_json::to_value(told).unwrap();
                json!([
                    told["severity"],
                    told["node"],
                    told["pointer"],
                    told["message"],
                    told["help"]
                ])
            })
            .collect();
        let found = format!(
            "{{\"file\": {},\n\"told\": {}}}\n",
            serde_json::to_string_pretty(&imported.file).unwrap(),
            serde_json::to_string_pretty(&told).unwrap()
        );
        let golden = path.with_extension("golden.json");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&golden, &found).unwrap();
        } else {
            let wanted = fs::read_to_string(&golden).unwrap_or_default();
            assert!(
                found == wanted,
                "{}: run with UPDATE_EXPECT=1 if it is meant",
                golden.display()
            );
        }
    }
}

/// Every id of the source: of blocks and events, or of nodes.
fn source_ids(json: &Json, product: Product) -> BTreeSet<String> {
    let json = json.to_value();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let items = match product {
        Product::Typebot => {
            let groups = list(&json["groups"]);
            let blocks = groups.iter().flat_map(|group| list(&group["blocks"]));
            list(&json["events"]).into_iter().chain(blocks).collect()
        }
        Product::N8n => list(&json["nodes"]),
    };
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// Every id of the source that the file tells of: what its nodes were made of, the jumps, the notes.
fn kept_ids(file: &Value) -> BTreeSet<String> {
    let graph = &file["graph"];
    let nodes = graph["nodes"].as_array().unwrap();
    let made =
        nodes.iter().flat_map(|node| node["data"]["ui"]["from"].as_array().into_iter().flatten());
    let noted =
        ["jumps", "notes"].into_iter().flat_map(|key| graph[key].as_array().into_iter().flatten());
    made.chain(noted.map(|note| &note["id"]))
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect()
}

#[test]
fn nothing_is_dropped_in_silence() {
    for (path, product) in exports() {
        let json = read(&path);
        let imported = import(&json, product, None);
        let kept = kept_ids(&imported.file.to_value());
        let told: BTreeSet<String> = (imported.diagnostics.iter())
            .filter_map(|told| {
                let value = json.to_value();
                Some(value.pointer(&told.pointer)?["id"].as_str()?.to_owned())
            })
            .collect();
        let lost: Vec<String> = source_ids(&json, product)
            .into_iter()
            .filter(|id| !kept.contains(id) && !told.contains(id))
            .collect();
        assert!(lost.is_empty(), "{}: {lost:?}", path.display());
    }
}

/// The errors an imported file may have: what needs rewriting, and what was too long there.
const EXPECTED: &[&str] = &["needs-rewriting", "limit", "duplicate-option"];

#[test]
fn imported_files_are_sound_but_for_what_is_told() {
    for (path, product) in exports() {
        let bytes = fs::read(&path).unwrap();
        let compiled = compile(&bytes, Some("imported"));
        let json = read(&path).to_value();
        for told in &compiled.diagnostics {
            let is_expected = !told.is_error() || EXPECTED.contains(&told.code);
            assert!(is_expected, "{}: {told:#?}", path.display());
            assert!(json.pointer(&told.pointer).is_some(), "{}: {told:#?}", path.display());
        }
        // The file alone is told of alike.
        let file = import(&read(&path), product, Some("imported")).file;
        let again = compile(serde_json::to_string(&file).unwrap().as_bytes(), None);
        for told in again.diagnostics.iter().filter(|told| told.is_error()) {
            let same = |d: &&perdure_workflows::diagnostic::Diagnostic| {
                d.code == told.code && d.node == told.node
            };
            assert!(
                compiled.diagnostics.iter().find(same).is_some(),
                "{}: {told:#?}",
                path.display()
            );
        }
    }
}

/// An export of which everything has a counterpart can be published as it is.
#[test]
fn an_export_without_surprises_can_be_published() {
    let typebot = json!({
        "version": "6", "id": "b", "name": "Hi there",
        "events": [{"id": "s", "type": "start", "outgoingEdgeId": "e0", "graphCoordinates": {"x": 0, "y": 0}}],
        "groups": [{"id": "g1", "title": "Ask", "graphCoordinates": {"x": 0, "y": 0}, "blocks": [
            {"id": "k1", "type": "text", "content": {"richText": [{"type": "p", "children": [{"text": "Book?"}]}]}},
            {"id": "k2", "type": "choice input", "options": {"variableId": "v"}, "items": [
                {"id": "y", "content": "Yes"}, {"id": "n", "content": "No", "outgoingEdgeId": "e1"}]},
            {"id": "k3", "type": "text", "content": {"richText": [{"type": "p", "children": [{"text": "You said {{Answer}}."}]}]}}]}],
        "edges": [{"id": "e0", "from": {"eventId": "s"}, "to": {"groupId": "g1"}},
                  {"id": "e1", "from": {"blockId": "k2", "itemId": "n"}, "to": {"groupId": "g1"}}],
        "variables": [{"id": "v", "name": "Answer"}],
        "settings": {"whatsApp": {"isEnabled": true}}
    });
    let n8n = json!({
        "name": "Ping",
        "nodes": [
            {"id": "1", "name": "When clicking", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "position": [0, 0], "parameters": {}},
            {"id": "2", "name": "HTTP", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "position": [200, 0], "parameters": {"url": "=https://a.example/{{ $json.id }}", "options": {}}},
            {"id": "3", "name": "If", "type": "n8n-nodes-base.if", "typeVersion": 2, "position": [400, 0], "parameters": {"conditions": {"options": {}, "conditions": [{"leftValue": "={{ $json.ok }}", "rightValue": "", "operator": {"type": "boolean", "operation": "true"}}], "combinator": "and"}}}],
        "connections": {
            "When clicking": {"main": [[{"node": "HTTP", "type": "main", "index": 0}]]},
            "HTTP": {"main": [[{"node": "If", "type": "main", "index": 0}]]}}
    });
    for export in [typebot, n8n] {
        let compiled = compile(export.to_string().as_bytes(), None);
        assert!(compiled.is_publishable(), "{:#?}", compiled.diagnostics);
        let made = compiled.made.unwrap();
        let again = compile(serde_json::to_string(&made).unwrap().as_bytes(), None);
        // What is kept of an upload has the digest of the upload.
        assert_eq!(again.definition.unwrap().digest, compiled.definition.unwrap().digest);
    }
}

/// Exports that are large or lead in circles, each with the time it may take.
#[test]
fn large_and_circular_exports_take_bounded_time() {
    let jump = |id: usize, to: usize| json!({"id": format!("g{id}"), "title": "", "blocks": [{"id": format!("j{id}"), "type": "Jump", "options": {"groupId": format!("g{to}")}}]});
    let start = json!([{"id": "s", "type": "start", "outgoingEdgeId": "e"}]);
    let edges = json!([{"id": "e", "from": {"eventId": "s"}, "to": {"groupId": "g0"}}]);
    let n = 4_000;
    let ring: Vec<Value> = (0..n).map(|i| jump(i, (i + 1) % n)).collect();
    let chain: Vec<Value> = (0..n).map(|i| jump(i, i + 1)).collect();
    let texts: Vec<Value> = (0..9_000)
        .map(|i| json!({"id": "same", "type": "text", "content": {"richText": [{"type": "p", "children": [{"text": format!("{{{{v}}}} {i}")}]}]}}))
        .collect();
    let node = |i: usize, kind: &str| json!({"id": format!("{i}"), "name": format!("n{i}"), "type": format!("n8n-nodes-base.{kind}"), "parameters": {"url": "=https://a.example/{{ $json.x }}"}});
    let nodes = |kind: &str| (0..n).map(|i| node(i, kind)).collect::<Vec<_>>();
    let all: Vec<Value> = (0..n).map(|i| json!({"node": format!("n{i}")})).collect();
    let to = |targets: &[usize]| json!({"main": [targets.iter().map(|t| json!({"node": format!("n{t}")})).collect::<Vec<_>>()]});
    let line: serde_json::Map<_, _> =
        (0..n).map(|i| (format!("n{i}"), to(&[(i + 1) % n]))).collect();
    let ladder: serde_json::Map<_, _> =
        (0..n).map(|i| (format!("n{i}"), to(&[(i + 1) % n, (i + 2) % n]))).collect();
    for (name, export) in [
        (
            "ring of jumps",
            json!({"events": start, "groups": ring, "edges": edges, "variables": []}),
        ),
        (
            "chain of jumps",
            json!({"events": start, "groups": chain, "edges": edges, "variables": []}),
        ),
        (
            "one long group",
            json!({"events": start, "groups": [{"id": "g0", "blocks": texts}], "edges": edges, "variables": [{"id": "1", "name": "v"}]}),
        ),
        ("ring of requests", json!({"nodes": nodes("httpRequest"), "connections": line})),
        ("ring of passing nodes", json!({"nodes": nodes("noOp"), "connections": line})),
        ("ladder", json!({"nodes": nodes("httpRequest"), "connections": ladder})),
        ("star", json!({"nodes": nodes("httpRequest"), "connections": {"n0": {"main": [all]}}})),
        (
            "far output",
            json!({"nodes": nodes("noOp"), "connections": {"n0": {"main": vec![json!([]); 9_999]}}}),
        ),
    ] {
        let json: Json = serde_json::from_value(export).unwrap();
        let began = Instant::now();
        let imported = import(&json, detect(&json).unwrap(), None);
        assert!(!imported.file.entries().is_empty());
        assert!(began.elapsed() < Duration::from_secs(10), "{name}: {:?}", began.elapsed());
    }
}

/// Every export, with one value somewhere replaced or removed.
fn mutated() -> impl Strategy<Value = Value> {
    let values = prop_oneof![
        Just(Value::Null),
        Just(json!("")),
        Just(json!([])),
        Just(json!({})),
        Just(json!(-1)),
        Just(json!(1e300)),
        Just(json!(true)),
        Just(json!("={{ $json.a.b }}")),
        Just(json!("={{ $('x').item.json[0] || (1 ? 2 : `a${b}`) }}")),
        Just(json!("{{Full name}}")),
        Just(json!("{{")),
        Just(json!("n8n-nodes-base.merge")),
        Just(json!("Condition")),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    (0..exports().len(), any::<prop::sample::Index>(), values).prop_map(|(which, at, value)| {
        let mut json = read(&exports()[which].0).to_value();
        let mut pointers = Vec::new();
        collect(&json, String::new(), &mut pointers);
        let pointer = at.get(&pointers);
        *json.pointer_mut(pointer).unwrap() = value;
        json
    })
}

fn collect(json: &Value, at: String, out: &mut Vec<String>) {
    match json {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{at}/{index}"), out);
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                collect(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), out);
            }
        }
        _ => {}
    }
    out.push(at);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    /// Whatever is in it, an export is imported, compiled, and told of in its own places.
    #[test]
    fn mutated_exports_are_survived(export in mutated()) {
        let compiled = compile(export.to_string().as_bytes(), Some("x"));
        for told in &compiled.diagnostics {
            prop_assert!(export.pointer(&told.pointer).is_some(), "{:?}", told);
        }
        let json: Json = serde_json::from_value(export).unwrap();
        for product in [Product::Typebot, Product::N8n] {
            let first = import(&json, product, None);
            let second = import(&json, product, None);
            prop_assert_eq!(first.file, second.file);
        }
    }

    /// Half a file is refused, and never worse.
    #[test]
    fn truncated_exports_are_survived(which in 0..4usize, at in any::<prop::sample::Index>()) {
        let exports = exports();
        let bytes = fs::read(&exports[which % exports.len()].0).unwrap();
        let compiled = compile(&bytes[..at.index(bytes.len())], None);
        prop_assert!(!compiled.is_publishable());
    }
}
