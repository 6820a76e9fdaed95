//! What an instance may keep, and what a turn may cost: reaching a bound is a verdict or an incident, never more memory.

#![expect(clippy::unwrap_used, reason = "a test whose chart does not compile has failed")]

use perdure_machine::{Event, Life, Start, State, Verdict, start, step};
use serde_json::{Value, json};
use workflows::{compile::compile, definition::Definition, limits};

fn definition(machine: &Value) -> Definition {
    compile(machine.to_string().as_bytes(), Some("m")).definition.unwrap()
}

fn begin(definition: &Definition) -> State {
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    let begin = Start { at, seed: "s".into(), input: json!({}), scope: Value::Null, trigger: None };
    start(definition, begin).state
}

/// Sends the same event `times` times; how often each verdict came, and the state.
fn send(
    definition: &Definition,
    mut state: State,
    body: &Value,
    times: usize,
) -> (Vec<Verdict>, State) {
    let at = "2026-01-01T00:00:01Z".parse().unwrap();
    let event = Event::new(at, body["type"].as_str().unwrap(), body.clone());
    let mut verdicts = Vec::new();
    for _ in 0..times {
        let after = step(definition, state, &event);
        verdicts.push(after.verdict);
        state = after.state;
    }
    (verdicts, state)
}

fn count(verdicts: &[Verdict], wanted: Verdict) -> usize {
    verdicts.iter().filter(|verdict| **verdict == wanted).count()
}

fn waiting() -> Definition {
    definition(&json!({ "id": "m", "initial": "a", "states": {
        "a": {"invoke": {"id": "work", "src": "noop", "onDone": "b"}, "on": {"GO": "b"}},
        "b": {"type": "final"} } }))
}

#[test]
fn a_suspended_instance_holds_so_many_events_and_every_result() {
    let definition = waiting();
    let (_, state) = send(&definition, begin(&definition), &json!({ "type": "ops.suspend" }), 1);
    let (verdicts, state) = send(&definition, state, &json!({ "type": "X" }), limits::HELD_MAX + 5);
    assert_eq!(count(&verdicts, Verdict::Held), limits::HELD_MAX);
    assert_eq!(count(&verdicts, Verdict::Dropped), 5);
    let done = json!({ "type": "step.done", "id": "work", "output": null });
    let (verdicts, state) = send(&definition, state, &done, 1);
    assert_eq!(verdicts, [Verdict::Held], "a result is never one too many");
    let (_, state) = send(&definition, state, &json!({ "type": "ops.resume" }), 1);
    assert_eq!(state.life, Life::Completed);
}

#[test]
fn what_is_kept_is_bounded_in_bytes_too() {
    let big = json!({ "type": "X", "text": "x".repeat(200 * 1024) });
    let fit = limits::KEPT_BYTES_MAX / (200 * 1024);
    let definition = waiting();
    let (verdicts, state) = send(&definition, begin(&definition), &big, fit + 1);
    assert_eq!(count(&verdicts, Verdict::Deferred), fit);
    assert_eq!((verdicts[fit], state.life), (Verdict::Stuck, Life::Stuck));
    assert_eq!(state.memo.incident.as_ref().unwrap().code, "deferred");
    let (_, state) = send(&definition, begin(&definition), &json!({ "type": "ops.suspend" }), 1);
    let (verdicts, _) = send(&definition, state, &big, fit + 2);
    assert_eq!((count(&verdicts, Verdict::Held), count(&verdicts, Verdict::Dropped)), (fit, 2));
}

#[test]
fn every_expression_has_its_own_fuel_and_the_turn_has_an_end() {
    // Each guard is far below the bound of one expression; together they are far above it.
    let list: Vec<u32> = (0..1_000).collect();
    let guard = json!({ "@expr": "context.list.all(x, x >= 0) && context.n < 900" });
    let count = json!({ "type": "@xstate.assign", "context": {"n": {"@expr": "context.n + 1"}} });
    let chart = |end: &str| {
        json!({ "id": "m", "initial": "a", "context": {"n": 0, "list": list}, "states": {
            "a": {"always": [{"guard": guard, "actions": [count]}, {"guard": {"@expr": end}, "target": "b"}]},
            "b": {"type": "final"} } })
    };
    let state = begin(&definition(&chart("true")));
    assert_eq!(state.life, Life::Stuck, "900 rounds cost more than a turn may");
    assert_eq!(state.memo.incident.as_ref().unwrap().code, "expression");
    let mut short = chart("true");
    short["states"]["a"]["always"][0]["guard"] =
        json!({ "@expr": "context.list.all(x, x >= 0) && context.n < 20" });
    let state = begin(&definition(&short));
    assert_eq!((state.life, &state.context["n"]), (Life::Completed, &json!(20)));
}

/// Runs over the items of the `GO` event.
fn each(concurrency: u32) -> Definition {
    definition(&json!({ "id": "m", "initial": "idle", "states": {
        "idle": {"on": {"GO": "all"}},
        "all": {"invoke": {"id": "x", "src": "noop", "input": {"n": {"@expr": "item"}},
            "each": {"items": {"@expr": "event.items"}, "max": 10_000, "concurrency": concurrency}, "onDone": "end"}},
        "end": {"type": "final"} } }))
}

#[test]
fn a_long_list_is_started_a_few_at_a_time() {
    let definition = each(100);
    let items: Vec<u32> = (0..10_000).collect();
    let (_, state) =
        send(&definition, begin(&definition), &json!({ "type": "GO", "items": items }), 1);
    assert_eq!((state.life, state.memo.steps.len()), (Life::Active, 100));
    let done = json!({ "type": "step.done", "id": "x[7]", "output": null });
    let (_, state) = send(&definition, state, &done, 1);
    assert_eq!((state.memo.steps.len(), state.memo.each["x"].started), (100, 101));
}

#[test]
fn items_results_and_undo_steps_are_bounded_in_bytes() {
    let definition = each(10);
    let big = "x".repeat(200 * 1024);
    let fit = limits::KEPT_BYTES_MAX / (200 * 1024);
    let literal = vec![big.clone(); fit + 1];
    let heavy = self::definition(&json!({ "id": "m", "initial": "all", "states": {
        "all": {"invoke": {"id": "x", "src": "noop", "each": {"items": literal}, "onDone": "end"}}, "end": {"type": "final"} } }));
    let state = begin(&heavy);
    assert_eq!(
        (state.life, state.memo.incident.as_ref().unwrap().code.as_str()),
        (Life::Stuck, "kept-size")
    );
    let go = |items: Vec<Value>| json!({ "type": "GO", "items": items });
    // A result too many: its step is what somebody has to decide about, and a smaller one is taken.
    let (_, mut state) =
        send(&definition, begin(&definition), &go((0..10).map(Value::from).collect()), 1);
    let done =
        |index: usize| json!({ "type": "step.done", "id": format!("x[{index}]"), "output": big });
    for index in 0..=fit {
        (_, state) = send(&definition, state, &done(index), 1);
    }
    let incident = state.memo.incident.clone().unwrap();
    assert_eq!((incident.code.as_str(), incident.step), ("kept-size", Some(format!("x[{fit}]"))));
    let (_, state) = send(&definition, state, &json!({ "type": "ops.skip", "output": "long" }), 1);
    assert_eq!((state.life, state.memo.each["x"].results.len()), (Life::Active, fit + 1));

    let definition = self::definition(&json!({ "id": "m", "initial": "a", "states": {
        "a": {"on": {"ADD": {"actions": {"type": "@perdure.undo", "src": "noop", "input": {"text": {"@expr": "event.text"}}}}}}, "b": {} } }));
    let small = json!({ "type": "ADD", "text": "x" });
    let (verdicts, state) = send(&definition, begin(&definition), &small, limits::UNDO_MAX + 1);
    assert_eq!(
        (count(&verdicts, Verdict::Applied), state.memo.incident.as_ref().unwrap().code.as_str()),
        (limits::UNDO_MAX, "undo")
    );
    let long = json!({ "type": "ADD", "text": big });
    let (verdicts, state) = send(&definition, begin(&definition), &long, fit + 1);
    assert_eq!(
        (count(&verdicts, Verdict::Applied), state.memo.incident.as_ref().unwrap().code.as_str()),
        (fit, "kept-size")
    );
}

/// What was stored before there were lists, undo steps and inputs of states reads as an instance without any, and is written
/// as it was.
#[test]
fn a_state_stored_before_reads_as_it_was() {
    let definition = waiting();
    let stored = r#"{"seq":1,"life":"active","configuration":["a"],"memo":{"seed":"s","input":{},
        "steps":{"work":{"id":"1.0","state":"a","kind":"noop"}}},"context":{}}"#;
    let state: State = serde_json::from_str(stored).unwrap();
    assert_eq!(state, begin(&definition));
    let written: Value = serde_json::to_value(&state).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(stored).unwrap());
}

#[test]
fn an_instance_starts_so_many_children() {
    let definition = definition(&json!({ "id": "m", "initial": "a", "states": {
        "a": {"invoke": {"src": "workflow:x", "detach": true}, "on": {"GO": {"target": "a", "reenter": true}}} } }));
    let most = usize::try_from(limits::CHILDREN_MAX).unwrap();
    let (verdicts, state) = send(&definition, begin(&definition), &json!({ "type": "GO" }), most);
    assert_eq!(count(&verdicts, Verdict::Applied), most - 1, "the first was started at the start");
    assert_eq!(verdicts.last(), Some(&Verdict::Stuck));
    assert_eq!(state.memo.incident.as_ref().unwrap().code, "children");
}

/// What is given to one step, and to all steps of a turn; the context that it is made of is within its own bound.
#[test]
fn a_step_is_given_so_much_and_all_steps_of_a_turn_so_much() {
    let text = "x".repeat(120 * 1024);
    let of = |times: usize| vec![json!({ "@expr": "context.text" }); times];
    // (inputs of parallel steps: how often the text, why it stands)
    let cases: [(&[usize], Option<&str>); 5] = [
        (&[2], None),
        (&[3], Some("the input of `s0`")),
        (&[1, 3], Some("the input of `s1`")),
        (&[2; 34], None),
        (&[2; 40], Some("all steps of one turn")),
    ];
    for (inputs, wanted) in cases {
        let mut states = serde_json::Map::new();
        for (n, times) in inputs.iter().enumerate() {
            let id = format!("s{n}");
            let invoke = json!({ "id": id, "src": "noop", "input": { "value": of(*times) } });
            states.insert(id, json!({ "invoke": invoke }));
        }
        let machine = json!({
            "id": "m", "@exprLang": "cel", "context": { "text": text }, "type": "parallel", "states": states
        });
        let state = begin(&definition(&machine));
        let told = state.memo.incident.as_ref().map(|incident| incident.message.as_str());
        match wanted {
            None => assert_eq!((state.life, told), (Life::Active, None), "{inputs:?}"),
            Some(wanted) => {
                assert_eq!(
                    state.memo.incident.as_ref().map(|i| i.code.as_str()),
                    Some("input-size")
                );
                assert!(told.is_some_and(|told| told.contains(wanted)), "{inputs:?}: {told:?}");
            }
        }
    }
}
