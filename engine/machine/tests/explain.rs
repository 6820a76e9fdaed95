//! What `explain` says in its one sentence, and what it shows beside it.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

use expect_test::{Expect, expect};
use perdure_machine::{Event, Start, State, explain::explain, start, step};
use serde_json::{Value, json};
use workflows::compile::compile;

/// The summary after each event, from the start, and the tags of the last state.
fn check(machine: &Value, events: &[Value], expect: Expect) {
    let definition = compile(machine.to_string().as_bytes(), Some("m")).definition.unwrap();
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    let begin = Start { at, seed: "s".into(), input: json!({}), scope: Value::Null, trigger: None };
    let mut state: State = start(&definition, begin).state;
    let mut told = format!("{}\n", explain(&definition, &state, None, at).summary);
    for body in events {
        let event = Event::new(at, body["type"].as_str().unwrap(), body.clone());
        state = step(&definition, state, &event).state;
        let explained = explain(&definition, &state, Some(&event), at);
        let tags: Vec<_> = explained.states.iter().flat_map(|state| &state.tags).collect();
        told.push_str(&format!(
            "{} {tags:?} {} to undo\n",
            explained.summary,
            explained.undo.len()
        ));
    }
    expect.assert_eq(&told);
}

#[test]
fn lists_and_compensation() {
    let undo = |id: &str| json!({ "type": "@perdure.undo", "id": id, "src": "noop" });
    let machine = json!({ "id": "m", "initial": "all", "context": {}, "states": {
        "all": {"tags": ["busy", "list"],
            "invoke": {"id": "x", "src": "noop", "each": {"items": [1, 2, 3], "concurrency": 2}, "onDone": "back"},
            "entry": [undo("one"), undo("two"), undo("three")]},
        "back": {"tags": "saga", "invoke": {"id": "undo", "src": "@perdure.compensate", "onDone": "end"}, "on": {"STOP": "failed"}},
        "end": {"on": {"STOP": "failed"}},
        "failed": {"type": "final", "meta": {"outcome": "failed"}} } });
    let done = |id: &str| json!({ "type": "step.done", "id": id });
    let failed = json!({ "type": "step.failed", "id": "compensate/1", "error": {"code": "x", "message": "no"} });
    check(
        &machine,
        &[
            done("x[1]"),
            done("x[0]"),
            done("x[2]"),
            done("undo/1"),
            json!({ "type": "STOP" }),
            failed,
            json!({ "type": "ops.retry" }),
            done("compensate/1"),
            done("compensate/2"),
        ],
        expect![[r#"
            Waiting in `all` for `x` (0 of 3 items done).
            Waiting in `all` for `x` (1 of 3 items done). ["busy", "list"] 3 to undo
            Waiting in `all` for `x` (2 of 3 items done). ["busy", "list"] 3 to undo
            Waiting in `back` for the step `undo/1` (compensating, 1 of 3: `three`), or the event `STOP`. ["saga"] 2 to undo
            Waiting in `back` for the step `undo/2` (compensating, 2 of 3: `two`), or the event `STOP`. ["saga"] 1 to undo
            Ending in `failed`, compensating, 1 of 2: `two`, by the step `compensate/1`. [] 1 to undo
            Stuck in `failed`, compensating, 1 of 2: `two`, since 2026-01-01 00:00:00 UTC: noop `compensate/1`: no (x) [] 1 to undo
            Ending in `failed`, compensating, 1 of 2: `two`, by the step `compensate/1`. [] 1 to undo
            Ending in `failed`, compensating, 2 of 2: `one`, by the step `compensate/2`. [] 0 to undo
            Ended in failure. [] 0 to undo
        "#]],
    );
}
