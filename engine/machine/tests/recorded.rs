//! What a scenario did, recorded and played again: every scenario of the test data, of the shipped definitions and of the
//! examples that passes gives a recording that passes and goes the same way.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

use expect_test::{Expect, expect};
use perdure_machine::{
    replay::Recorded,
    scenario::{
        self, Scenario,
        record::{Manner, Recording, record},
    },
};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};
use workflows::compile::{Compiled, compile};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "json") {
            found.push(path);
        }
    }
}

fn manner(compiled: &Compiled, keeps_data: bool) -> Manner {
    Manner { name: "recorded".to_owned(), keeps_data, defers: compiled.defers }
}

/// Records what a scenario did. One that gives the context something else than the definition does cannot be told by its
/// history; where it differs, it must say so.
fn check(path: &Path, compiled: &Compiled, scenario: &Scenario, given: &Value) {
    let definition = compiled.definition.as_ref().unwrap();
    let place = format!("{}: {}", path.display(), scenario.name());
    let turns = scenario.history(definition, compiled.defers);
    for keeps_data in [true, false] {
        let recording = record(definition, &turns, &manner(compiled, keeps_data));
        let Recording { scenario, notes } = match recording {
            Ok(recording) => recording,
            Err(why) => panic!("{place}: {why}"),
        };
        if keeps_data && given.get("context").is_none() {
            assert_eq!(notes, Vec::<String>::new(), "{place}: {scenario:#}");
        }
        let (read, mistakes) =
            scenario::read(definition, &[(scenario.clone(), "/tests/0".to_owned())]);
        assert!(mistakes.is_empty(), "{place}: {mistakes:?}");
        if let Err(failure) = read[0].run(definition, compiled.defers) {
            panic!("{place}: {failure}\n{scenario:#}");
        }
        let again = read[0].history(definition, compiled.defers);
        let ends = |turns: &[Recorded]| turns.last().map(|turn| turn.to.clone());
        if notes.is_empty() {
            assert_eq!(ends(&again), ends(&turns), "{place}");
        }
    }
}

#[test]
fn what_a_scenario_did_is_a_scenario() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["testdata/scenarios", "../../workflows/definitions", "../../examples"] {
        files(&root.join(folder), &mut found);
    }
    found.sort();
    let mut recorded = 0;
    for path in found {
        let compiled = compile(&fs::read(&path).unwrap(), None);
        let Some(definition) = &compiled.definition else { continue };
        let (scenarios, _) = scenario::read(definition, &compiled.tests);
        for scenario in scenarios {
            if scenario.run(definition, compiled.defers).is_err() {
                continue;
            }
            let named = |(test, _): &&(Value, String)| test["name"] == scenario.name();
            let given = compiled.tests.iter().find(named).map(|(test, _)| test["given"].clone());
            check(&path, &compiled, &scenario, &given.unwrap_or_default());
            recorded += 1;
        }
    }
    assert!(recorded > 5, "{recorded}");
}

/// A conversation with a person in it.
fn greeting() -> Compiled {
    let definition = json!({
        "perdure": 1, "name": "greeting",
        "graph": {
            "nodes": [
                {"id": "in", "type": "trigger", "position": {"x": 0, "y": 0}, "data": {"on": "message"}},
                {"id": "mail", "type": "ask", "position": {"x": 0, "y": 0}, "data": {
                    "text": "Hello {{ contact.name }}, your e-mail?", "saveAs": "mail", "timeout": "30m"}},
                {"id": "tell", "type": "http.request", "position": {"x": 0, "y": 0}, "data": {
                    "url": "https://crm.example.com", "method": "POST", "body": {"mail": "{{ context.mail }}"}}},
                {"id": "bye", "type": "end", "position": {"x": 0, "y": 0}, "data": {}}],
            "edges": [
                {"id": "1", "source": "in", "target": "mail"},
                {"id": "2", "source": "mail", "sourceHandle": "answer", "target": "tell"},
                {"id": "3", "source": "mail", "sourceHandle": "timeout", "target": "bye"},
                {"id": "4", "source": "tell", "target": "bye"}]}
    });
    compile(definition.to_string().as_bytes(), None)
}

/// What is recorded of the conversation below.
fn wanted() -> Expect {
    expect![[r#"
        {
          "at": "2026-01-01T09:00:00Z",
          "given": {
            "contact": {
              "name": "Ana",
              "phone": "+255700000001"
            }
          },
          "name": "recorded",
          "script": [
            {
              "start": {
                "text": "hi, this is Ana"
              }
            },
            {
              "expect": {
                "said": "Hello Ana, your e-mail?",
                "state": "mail"
              }
            },
            {
              "wait": "PT1M30S"
            },
            {
              "say": "person1@example.com"
            },
            {
              "expect": {
                "state": "tell"
              }
            },
            {
              "step": {
                "of": "tell",
                "output": {
                  "body": {
                    "owner": "+255700000001"
                  },
                  "status": 200
                }
              }
            },
            {
              "expect": {
                "state": "bye",
                "status": "done"
              }
            }
          ]
        }"#]]
}

#[test]
fn people_are_samples() {
    let compiled = greeting();
    let definition =
        compiled.definition.as_ref().unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
    let scenario = json!({
        "name": "tells her address",
        "given": {"contact": {"name": "Asha Mwangi", "phone": "+255712345678"}},
        "script": [
            {"start": {"text": "hi, this is Asha"}}, {"wait": "90s"}, {"say": "asha.mwangi@mail.example"},
            {"step": {"of": "tell", "output": {"status": 200, "body": {"owner": "+255 712 345 678"}}}}
        ]
    });
    let (read, mistakes) = scenario::read(definition, &[(scenario, String::new())]);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let turns = read[0].history(definition, compiled.defers);
    let Recording { scenario, notes } =
        record(definition, &turns, &manner(&compiled, false)).unwrap();
    assert_eq!(notes, Vec::<String>::new());
    wanted().assert_eq(&format!("{scenario:#}"));
    let kept = record(definition, &turns, &manner(&compiled, true)).unwrap().scenario.to_string();
    for known in ["Asha Mwangi", "asha.mwangi@mail.example", "+255 712 345 678"] {
        assert!(kept.contains(known), "{kept}");
    }
}

#[test]
fn an_end_in_the_middle_of_a_step_is_cut_off() {
    let compiled = greeting();
    let definition = compiled.definition.as_ref().unwrap();
    let script = json!([{"start": {"text": "hi"}}, {"say": "a@b.example"}]);
    let scenario =
        json!({"name": "waits", "given": {"contact": {"name": "Ana"}}, "script": script});
    let (read, _) = scenario::read(definition, &[(scenario, String::new())]);
    let turns = read[0].history(definition, compiled.defers);
    let Recording { scenario, notes } =
        record(definition, &turns, &manner(&compiled, false)).unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert_eq!(scenario["script"].as_array().unwrap().len(), 2, "{scenario:#}");
}
