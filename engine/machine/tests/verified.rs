//! What the verifier is silent about holds: in a chart of which it tells nothing, no event ever meets a variable that is
//! not there; and where it tells that a read may fail, it has said so of every read that does.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

use chrono::{DateTime, TimeDelta, Utc};
use perdure_machine::{Event, Life, Start, State, start, step};
use proptest::{prelude::*, strategy::ValueTree};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use workflows::{compile::compile, definition::Definition};

/// Variables a recipe writes and reads.
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Small numbers from which states, transitions, writes and reads are made.
#[derive(Debug, Clone)]
struct Recipe {
    shape: Vec<u8>,
    arrows: Vec<(u8, u8, u8, u8)>,
    touches: Vec<(u8, u8, u8)>,
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let shape = prop::collection::vec(any::<u8>(), 3..10);
    let arrows = prop::collection::vec(any::<(u8, u8, u8, u8)>(), 3..16);
    let touches = prop::collection::vec(any::<(u8, u8, u8)>(), 2..8);
    (shape, arrows, touches).prop_map(|(shape, arrows, touches)| Recipe { shape, arrows, touches })
}

fn at<'a>(machine: &'a mut Value, path: &[String]) -> &'a mut Value {
    path.iter().fold(machine, |state, key| &mut state["states"][key])
}

/// Nests states, then draws transitions between them, then lets states and transitions write and read.
fn chart(recipe: &Recipe) -> Value {
    let mut paths: Vec<Vec<String>> = vec![vec![]];
    let mut machine = json!({ "id": "m", "context": {"n": 0, "a": 1}, "states": {} });
    if recipe.shape[0].is_multiple_of(3) {
        machine["context"] = json!({ "n": 0 });
    }
    for (index, number) in recipe.shape.iter().enumerate() {
        let parent = paths[*number as usize % paths.len()].clone();
        let state = at(&mut machine, &parent);
        if state.get("type").is_some() {
            continue;
        }
        if state.get("states").is_none() {
            state["states"] = json!({});
        }
        let key = format!("s{index}");
        state["states"][&key] = match number % 13 {
            9 => json!({ "type": "history", "history": "deep" }),
            10 => json!({ "type": "history" }),
            11 | 12 => json!({ "type": "final" }),
            _ => json!({}),
        };
        paths.push([parent, vec![key]].concat());
    }
    for (index, path) in paths.iter().enumerate() {
        finish(at(&mut machine, path), recipe.shape.get(index).copied().unwrap_or(0));
    }
    for (from, to, kind, extra) in &recipe.arrows {
        let source = paths[*from as usize % paths.len()].clone();
        let target = &paths[*to as usize % paths.len()];
        arrow(at(&mut machine, &source), target, *kind, *extra);
    }
    for (place, kind, name) in &recipe.touches {
        let path = paths[*place as usize % paths.len()].clone();
        touch(at(&mut machine, &path), *kind, *name);
    }
    machine
}

fn finish(state: &mut Value, number: u8) {
    let Some(children) = state.get("states").and_then(Value::as_object) else { return };
    let is_plain = |child: &Value| child.get("type") != Some(&json!("history"));
    match children.iter().find(|(_, child)| is_plain(child)) {
        None => drop(state.as_object_mut().unwrap().remove("states")),
        Some((first, _)) if !number.is_multiple_of(3) => state["initial"] = json!(first),
        Some(_) => state["type"] = json!("parallel"),
    }
}

fn write(name: u8) -> Value {
    let name = NAMES[name as usize % NAMES.len()];
    json!({ "type": "@xstate.assign", "context": {name: {"@expr": "context.n + 1"}} })
}

fn read(name: u8) -> Value {
    let name = NAMES[name as usize % NAMES.len()];
    json!({ "type": "@xstate.log", "message": {"@expr": format!("context.{name}")} })
}

fn arrow(state: &mut Value, target: &[String], kind: u8, extra: u8) {
    let is_history = state.get("type") == Some(&json!("history"));
    if is_history || target.is_empty() || state.get("type") == Some(&json!("final")) {
        return;
    }
    let to = format!("#m.{}", target.join("."));
    let event = format!("E{}", extra % 4);
    let name = NAMES[extra as usize / 4 % NAMES.len()];
    match kind % 9 {
        0 => state["after"][(u64::from(extra) * 10).to_string()] = json!({ "target": to }),
        1 => {
            let count =
                json!({ "type": "@xstate.assign", "context": {"n": {"@expr": "context.n + 1"}} });
            let guard = json!({ "@expr": format!("context.n % 7 == {}", extra % 7) });
            state["always"] = json!([{ "target": to, "guard": guard, "actions": [count] }]);
        }
        2 => {
            state["on"][event] = json!({ "target": to, "reenter": extra.is_multiple_of(2), "actions": [write(extra)] });
        }
        3 => {
            let raise = json!({ "type": "@xstate.raise", "event": {"type": "E0"} });
            state["on"][event] = json!({ "actions": [raise, write(extra / 2)] });
        }
        4 if state.get("invoke").is_none() => {
            state["invoke"] = json!({ "src": "noop", "input": {}, "onDone": {"target": to, "actions": [write(extra)]}, "onError": {"target": to} });
        }
        5 | 6 => state["onDone"] = json!({ "target": to }),
        7 => {
            let guard = json!({ "@expr": format!("has(context.{name})") });
            state["on"][event] = json!([{ "target": to, "guard": guard, "actions": [read(extra / 4)] }, { "actions": [write(extra / 8)] }]);
        }
        _ => state["on"][event] = json!({ "target": to, "actions": [read(extra / 4)] }),
    }
}

fn touch(state: &mut Value, kind: u8, name: u8) {
    if state.get("type") == Some(&json!("history")) {
        return;
    }
    let (list, action) = match kind % 6 {
        0 | 1 => ("entry", write(name)),
        2 => ("exit", write(name)),
        3 => ("exit", read(name)),
        _ => ("entry", read(name)),
    };
    match state.get_mut(list).and_then(Value::as_array_mut) {
        Some(actions) => actions.push(action),
        None => state[list] = json!([action]),
    }
}

/// Variables of whose reads the verifier said something, by the name of the state.
fn told(diagnostics: &[workflows::diagnostic::Diagnostic]) -> BTreeSet<String> {
    let codes = ["maybe-unset", "never-set", "unknown-variable"];
    let told = diagnostics.iter().filter(|d| codes.contains(&d.code));
    let name = |message: &str| Some(message.split('`').nth(1)?.to_owned());
    told.map(|d| format!("{} {}", d.node.as_deref().unwrap_or(""), name(&d.message).unwrap()))
        .collect()
}

fn next_event(state: &State, pick: u8, at: DateTime<Utc>) -> Event {
    let timer = state.memo.timers.iter().min_by_key(|(_, t)| (t.due, t.id));
    let open = state.memo.steps.iter().next();
    match (pick % 6, timer, open) {
        (0, Some((name, timer)), _) => {
            Event::new(at.max(timer.due), "timer", json!({ "id": name, "timer": timer.id }))
        }
        (1, _, Some((id, open))) => {
            Event::new(at, "step.done", json!({ "id": id, "step": open.id, "output": 1 }))
        }
        (2, _, Some((id, _))) => Event::new(
            at,
            "step.failed",
            json!({ "id": id, "error": {"code": "x", "message": "y"} }),
        ),
        _ => Event::new(at, &format!("E{}", pick % 4), json!({})),
    }
}

/// The state and the variable of a failure because of a variable that is not there.
fn missing(state: &State) -> Option<String> {
    let incident = state.memo.incident.as_ref()?;
    let name =
        NAMES.iter().find(|name| incident.message.contains(&format!("in `context.{name}`")))?;
    Some(format!("{} context.{name}", incident.state.as_deref().unwrap_or("")))
}

/// Whether a read failed, which must have been told.
fn check(
    definition: &Definition,
    told: &BTreeSet<String>,
    picks: &[u8],
) -> Result<bool, TestCaseError> {
    let mut at = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
    let (seed, input, scope) = ("s".to_owned(), json!({}), Value::Null);
    let mut state = start(definition, Start { at, seed, input, scope, trigger: None }).state;
    for pick in picks {
        if let Some(missing) = missing(&state) {
            prop_assert!(told.contains(&missing), "{missing} failed, and told was {told:?}");
            return Ok(true);
        }
        if state.life != Life::Active {
            break;
        }
        at += TimeDelta::milliseconds(i64::from(*pick));
        let event = next_event(&state, *pick, at);
        at = event.at;
        state = step(definition, state, &event).state;
    }
    Ok(false)
}

/// With every read that is certain to fail left in: an error forbids publishing, so what is only an error is made a chart
/// by giving the variable a first value.
fn compiled(recipe: &Recipe) -> Option<(Definition, BTreeSet<String>)> {
    let mut machine = chart(recipe);
    for _ in 0..=NAMES.len() {
        let compiled = compile(machine.to_string().as_bytes(), Some("m"));
        let told = told(&compiled.diagnostics);
        if let Some(definition) = compiled.definition {
            return Some((definition, told));
        }
        let errors = compiled.diagnostics.iter().filter(|d| d.is_error());
        for name in errors.filter_map(|d| d.message.strip_prefix("`context.")?.get(..1)) {
            machine["context"][name] = json!(0);
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn reads_that_fail_were_told(
        recipe in recipe(),
        picks in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        if let Some((definition, told)) = compiled(&recipe) {
            check(&definition, &told, &picks)?;
        }
    }
}

/// The test above would hold of a verifier that tells of everything, and of charts that never fail.
#[test]
fn some_reads_are_told_and_some_are_not() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut accepted, mut silent, mut failed) = (0, 0, 0);
    for _ in 0..300 {
        let recipe = recipe().new_tree(&mut runner).unwrap().current();
        if let Some((definition, told)) = compiled(&recipe) {
            let picks: Vec<u8> = (0..60_u8).map(|place| place.wrapping_mul(37)).collect();
            failed += usize::from(check(&definition, &told, &picks).unwrap());
            accepted += 1;
            silent += usize::from(told.is_empty());
        }
    }
    assert!(accepted > 150, "only {accepted} of 300 charts were accepted");
    assert!(failed > 5, "only {failed} of {accepted} charts ever failed");
    assert!((40..accepted - 40).contains(&silent), "{silent} of {accepted} charts are clean");
}
