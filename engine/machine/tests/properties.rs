//! What holds for every chart and every sequence of events: the step is deterministic, what is stored can be read back,
//! and the history gives the state.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

use chrono::{DateTime, TimeDelta, Utc};
use perdure_machine::{
    Event, Start, State, replay::Recorded, replay::replay, start, started, step,
};
use proptest::{prelude::*, strategy::ValueTree};
use serde_json::{Value, json};
use workflows::{compile::compile, definition::Definition};

/// A recipe for a chart: small numbers from which states, transitions and timers are made.
#[derive(Debug, Clone)]
struct Recipe {
    shape: Vec<u8>,
    arrows: Vec<(u8, u8, u8, u8)>,
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let shape = prop::collection::vec(any::<u8>(), 3..10);
    let arrows = prop::collection::vec(any::<(u8, u8, u8, u8)>(), 2..14);
    (shape, arrows).prop_map(|(shape, arrows)| Recipe { shape, arrows })
}

/// Nests states: each number says how the next state is placed and what it is.
fn chart(recipe: &Recipe) -> Value {
    let mut paths: Vec<Vec<String>> = vec![vec![]];
    let delays = json!({ "local": {"@expr": "default(tenant.ms, 50) + context.n"} });
    let mut machine = json!({ "id": "m", "context": {"n": 0}, "delays": delays, "states": {} });
    for (index, number) in recipe.shape.iter().enumerate() {
        let parent = paths[*number as usize % paths.len()].clone();
        let key = format!("s{index}");
        let state = at(&mut machine, &parent);
        if state.get("type") == Some(&json!("history")) {
            continue;
        }
        if state.get("states").is_none() {
            state["states"] = json!({});
        }
        state["states"][&key] = match number % 11 {
            9 => json!({ "type": "history", "history": "deep" }),
            10 => json!({ "type": "history" }),
            _ => json!({}),
        };
        let mut path = parent;
        path.push(key);
        paths.push(path);
    }
    for (index, path) in paths.iter().enumerate() {
        finish_state(at(&mut machine, path), recipe.shape.get(index).copied().unwrap_or(0));
    }
    for (from, to, kind, extra) in &recipe.arrows {
        let source = paths[*from as usize % paths.len()].clone();
        let target = &paths[*to as usize % paths.len()];
        arrow(at(&mut machine, &source), target, *kind, *extra);
    }
    machine
}

fn at<'a>(machine: &'a mut Value, path: &[String]) -> &'a mut Value {
    path.iter().fold(machine, |state, key| &mut state["states"][key])
}

fn finish_state(state: &mut Value, number: u8) {
    let Some(children) = state.get("states").and_then(Value::as_object) else { return };
    let plain: Vec<_> =
        children.iter().filter(|(_, c)| c.get("type") != Some(&json!("history"))).collect();
    match plain.first() {
        None => {
            state.as_object_mut().unwrap().remove("states");
        }
        Some((first, _)) if !number.is_multiple_of(3) => state["initial"] = json!(first),
        Some(_) => state["type"] = json!("parallel"),
    }
}

fn arrow(state: &mut Value, target: &[String], kind: u8, extra: u8) {
    if state.get("type") == Some(&json!("history")) || target.is_empty() {
        return;
    }
    let to = format!("#m.{}", target.join("."));
    let count = json!({ "type": "@xstate.assign", "context": {"n": {"@expr": "context.n + 1"}} });
    let event = format!("E{}", extra % 4);
    match kind % 6 {
        0 if extra.is_multiple_of(3) => state["after"]["local"] = json!({ "target": to }),
        0 => state["after"][(u64::from(extra) * 10).to_string()] = json!({ "target": to }),
        1 => {
            state["always"] = json!([{ "target": to, "guard": {"@expr": format!("context.n % 7 == {}", extra % 7)}, "actions": [count] }])
        }
        2 => {
            state["on"][event] =
                json!({ "target": to, "reenter": extra.is_multiple_of(2), "actions": [count] })
        }
        3 => {
            state["on"][event] =
                json!({ "actions": [{"type": "@xstate.raise", "event": {"type": "E0"}}, count] })
        }
        4 if state.get("invoke").is_none() => {
            state["invoke"] = json!({ "src": "noop", "input": {"n": {"@expr": "context.n"}}, "onDone": {"target": to} });
        }
        _ => state["on"][event] = json!({ "target": to, "guard": {"@expr": "random() < 0.8"} }),
    }
}

fn epoch() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap()
}

/// Events of the outside, results of whatever step is open, and whatever timer is set.
fn next_event(state: &State, pick: u8, at: DateTime<Utc>) -> Event {
    let timer = state.memo.timers.iter().min_by_key(|(_, t)| (t.due, t.id));
    let open = state.memo.steps.iter().next();
    match (pick % 8, timer, open) {
        (0 | 1, Some((name, timer)), _) => {
            Event::new(at.max(timer.due), "timer", json!({ "id": name, "timer": timer.id }))
        }
        (2, _, Some((id, open))) => {
            Event::new(at, "step.done", json!({ "id": id, "step": open.id, "output": 1 }))
        }
        (3, _, Some((id, _))) if pick > 128 => Event::new(
            at,
            "step.failed",
            json!({ "id": id, "error": {"code": "x", "message": "y"} }),
        ),
        (4, _, _) if pick > 200 => Event::new(at, "ops.suspend", json!({})),
        (5, _, _) if pick > 128 => Event::new(at, "ops.retry", json!({})),
        (6, _, _) if pick > 128 => Event::new(at, "ops.resume", json!({})),
        (7, _, _) if pick > 128 => {
            Event::new(at, "ops.reschedule", json!({ "scope": {"tenant": {"ms": pick}} }))
        }
        _ => Event::new(at, &format!("E{}", pick % 5), json!({ "text": "hi" })),
    }
}

fn begin() -> Start {
    Start { at: epoch(), seed: "s".to_owned(), input: json!({}), scope: Value::Null, trigger: None }
}

fn check(definition: &Definition, picks: &[u8]) -> Result<(), TestCaseError> {
    let first = start(definition, begin());
    prop_assert_eq!(&first, &start(definition, begin()));
    let mut recorded = vec![Recorded {
        seq: 1,
        event: started(&begin()),
        to: first.state.configuration.clone(),
        commands: first.commands,
    }];
    let mut state = first.state;
    let mut at = epoch();
    for pick in picks {
        at += TimeDelta::milliseconds(i64::from(*pick));
        let event = next_event(&state, *pick, at);
        at = event.at;
        // What is stored is what the next turn reads.
        let stored: State = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
        prop_assert_eq!(&stored, &state);
        let once = step(definition, state.clone(), &event);
        let twice = step(definition, stored, &event);
        prop_assert_eq!(&once, &twice);
        prop_assert_eq!(once.state.seq, state.seq + 1);
        state = once.state;
        let (to, commands) = (state.configuration.clone(), once.commands);
        recorded.push(Recorded { seq: state.seq, event, to, commands });
    }
    let replayed = replay(definition, "s", &recorded);
    prop_assert_eq!(replayed.divergence, None);
    prop_assert_eq!(replayed.state, state);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn steps_are_deterministic_and_history_gives_the_state(
        recipe in recipe(),
        picks in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let compiled = compile(chart(&recipe).to_string().as_bytes(), Some("m"));
        // A chart that is refused (a certain loop, for example) has nothing to run.
        if let Some(definition) = compiled.definition {
            check(&definition, &picks)?;
        }
    }
}

#[test]
fn most_recipes_make_charts_that_run() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut accepted = 0;
    for _ in 0..200 {
        let recipe = recipe().new_tree(&mut runner).unwrap().current();
        let compiled = compile(chart(&recipe).to_string().as_bytes(), Some("m"));
        accepted += usize::from(compiled.definition.is_some());
    }
    assert!(accepted > 120, "only {accepted} of 200 charts were accepted");
}
