//! `experiment` and `random`: each way gets its share, and a subject keeps its variant.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

use perdure_workflows::{
    expr::{Expression, Fuel, Scope, Texts},
    graph,
};
use serde_json::{Value, json};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

const SUBJECTS: u32 = 4_000;

/// What an entry of the node draws, given the subject.
struct Split {
    draw: Expression,
}

impl Split {
    fn of(kind: &str, data: &Value) -> Self {
        let ways = data.get("variants").or_else(|| data.get("branches")).unwrap().clone();
        let to_end = |way: &Value| json!({"source": "n", "sourceHandle": way["id"], "target": "e"});
        let mut edges: Vec<Value> = ways.as_array().unwrap().iter().map(to_end).collect();
        edges.push(json!({"source": "s", "target": "n"}));
        let graph = json!({
            "nodes": [
                {"id": "s", "type": "trigger", "data": {"on": "start"}},
                {"id": "n", "type": kind, "data": data},
                {"id": "e", "type": "end", "data": {}}],
            "edges": edges});
        let lowered = graph::lower(&graph, "", "split");
        assert!(lowered.diagnostics.is_empty(), "{:#?}", lowered.diagnostics);
        let machine = lowered.machine.to_value();
        let source = machine["states"]["n"]["entry"][0]["assignment"]["n"]["@expr"].as_str();
        Self { draw: Expression::parse(source.unwrap()).unwrap() }
    }

    /// The way of this subject, and how often chance was asked.
    fn way(&self, contact: &Value, input: &Value, seed: &str) -> (String, u32) {
        let draws = Cell::new(0);
        let scope = Scope {
            context: &Value::Null,
            event: &Value::Null,
            input,
            contact,
            tenant: &Value::Null,
            channel: &Value::Null,
            now: "2026-11-20T12:00:00Z".parse().unwrap(),
            locals: &Value::Null,
            in_state: &|_| false,
            seed,
            seq: 1,
            draws: &draws,
            texts: &Texts::new(),
            time_zone: "UTC",
            locale: "en",
            resume: None,
        };
        let way = self.draw.evaluate(&scope, &Fuel::default()).unwrap();
        (way.as_str().unwrap().to_owned(), draws.get())
    }
}

/// Every way gets what its weight says, give or take a twentieth of everybody.
fn check_shares(ways: impl Iterator<Item = String>, wanted: &[(&str, u32)]) {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for way in ways {
        *counts.entry(way).or_default() += 1;
    }
    let known: BTreeSet<&str> = wanted.iter().map(|(way, _)| *way).collect();
    assert!(counts.keys().all(|way| known.contains(way.as_str())), "{counts:?}");
    for (way, share) in wanted {
        let count = counts.get(*way).copied().unwrap_or_default();
        assert!(count.abs_diff(*share) < SUBJECTS / 20, "{way}: {count}, {share} wanted");
    }
}

#[test]
fn an_experiment_gives_each_subject_one_variant() {
    let thirds =
        json!([{"id": "a", "weight": 1}, {"id": "b", "weight": 2}, {"id": "c", "weight": 1}]);
    let wanted = [("a", SUBJECTS / 4), ("b", SUBJECTS / 2), ("c", SUBJECTS / 4)];
    for (data, subject) in [
        (json!({"variants": thirds}), "contact"),
        (json!({"variants": thirds}), "input"),
        (json!({"variants": thirds, "key": "input.id", "name": "price"}), "input"),
    ] {
        let split = Split::of("experiment", &data);
        let way = |id: u32, seed: &str| {
            let known = json!({"id": format!("{subject}-{id}")});
            let (contact, input) =
                if subject == "contact" { (known, json!({})) } else { (Value::Null, known) };
            let (way, draws) = split.way(&contact, &input, seed);
            assert_eq!(draws, 0, "a known subject is not left to chance");
            way
        };
        check_shares((0..SUBJECTS).map(|id| way(id, "one")), &wanted);
        assert!((0..100).all(|id| way(id, "one") == way(id, "two")), "{data} is sticky");
    }
}

#[test]
fn experiments_of_different_names_are_independent() {
    let variants = json!([{"id": "a", "weight": 1}, {"id": "b", "weight": 1}]);
    let [first, second] = ["first", "second"]
        .map(|name| Split::of("experiment", &json!({"variants": variants, "name": name})));
    let both = (0..SUBJECTS).map(|id| {
        let contact = json!({ "id": id });
        first.way(&contact, &Value::Null, "").0 + &second.way(&contact, &Value::Null, "").0
    });
    check_shares(both, &["aa", "ab", "ba", "bb"].map(|way| (way, SUBJECTS / 4)));
}

#[test]
fn chance_is_asked_once() {
    let ways = json!([{"id": "a", "weight": 9}, {"id": "b", "weight": 1}]);
    for (kind, field) in [("random", "branches"), ("experiment", "variants")] {
        let split = Split::of(kind, &json!({ field: ways }));
        let drawn = (0..SUBJECTS).map(|instance| {
            let (way, draws) = split.way(&Value::Null, &Value::Null, &instance.to_string());
            assert_eq!(draws, 1);
            way
        });
        check_shares(drawn, &[("a", SUBJECTS * 9 / 10), ("b", SUBJECTS / 10)]);
    }
}
