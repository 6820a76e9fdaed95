//! The workflows that the jobs run.

use serde_json::{Map, Value, json};

/// Steps of one instance of [`five`].
pub(super) const STEPS: usize = 5;

/// Five states, each with one step, one after the other, over a context of so many bytes. With `is_changing` each step
/// also counts in the context, which is then written again.
pub(super) fn five(context_bytes: usize, is_changing: bool) -> Value {
    let mut states = Map::new();
    for step in 1..=STEPS {
        let next = if step == STEPS { "done".to_owned() } else { format!("s{}", step + 1) };
        let mut done = json!({ "target": next });
        if is_changing {
            let count = json!({ "count": {"@expr": "context.count + 1"} });
            done["actions"] = json!({ "type": "@xstate.assign", "context": count });
        }
        let invoke =
            json!({ "id": format!("step{step}"), "src": "noop", "input": {}, "onDone": done });
        states.insert(format!("s{step}"), json!({ "invoke": invoke }));
    }
    states.insert("done".to_owned(), json!({ "type": "final" }));
    let mut machine = machine("five", "s1", states);
    machine["machine"]["context"] = context(context_bytes);
    machine
}

/// A context whose JSON has this many bytes; at least the two fields that it is made of.
fn context(bytes: usize) -> Value {
    let empty = json!({ "count": 0, "notes": "" });
    let notes = "x".repeat(bytes.saturating_sub(empty.to_string().len()));
    json!({ "count": 0, "notes": notes })
}

/// Waits for `go`, runs one step with the event's number, and waits again.
pub(super) fn signalled() -> Value {
    let work = json!({ "id": "work", "src": "noop", "input": {"n": {"@expr": "event.n"}}, "onDone": {"target": "waiting"} });
    let states = Map::from_iter([
        ("waiting".to_owned(), json!({ "on": {"go": {"target": "working"}} })),
        ("working".to_owned(), json!({ "invoke": work })),
    ]);
    machine("signalled", "waiting", states)
}

/// Sleeps until `input.at`, and runs one step that is told `input.due_us`, the same moment.
pub(super) fn sleeping() -> Value {
    let wake = json!({ "id": "wake", "src": "noop", "input": {"due_us": {"@expr": "input.due_us"}}, "onDone": {"target": "done"} });
    let states = Map::from_iter([
        ("asleep".to_owned(), json!({ "after": {"due": {"target": "awake"}} })),
        ("awake".to_owned(), json!({ "invoke": wake })),
        ("done".to_owned(), json!({ "type": "final" })),
    ]);
    let mut sleeping = machine("sleeping", "asleep", states);
    sleeping["machine"]["delays"] = json!({ "due": {"@expr": "timestamp(input.at) - now"} });
    sleeping
}

/// Waits for an event that never comes, with so many timers that are days away.
pub(super) fn resting(timers: usize) -> Value {
    let after = (0..timers).map(|n| (format!("P{}D", 300 + n), json!({ "target": "done" })));
    let states = Map::from_iter([
        (
            "resting".to_owned(),
            json!({ "on": {"never": {"target": "done"}}, "after": Map::from_iter(after) }),
        ),
        ("done".to_owned(), json!({ "type": "final" })),
    ]);
    let mut resting = machine("resting", "resting", states);
    resting["machine"]["context"] = context(200);
    resting
}

fn machine(name: &str, initial: &str, states: Map<String, Value>) -> Value {
    json!({ "perdure": 1, "name": name, "title": format!("Benchmark: {name}"),
        "machine": { "@exprLang": "cel", "id": name, "initial": initial, "states": states } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use workflows::compile::compile;

    #[test]
    fn all_can_be_published() {
        for definition in
            [five(200, false), five(0, true), signalled(), sleeping(), resting(0), resting(10)]
        {
            let compiled = compile(definition.to_string().as_bytes(), None);
            assert!(compiled.is_publishable(), "{definition}: {:?}", compiled.diagnostics);
        }
        assert_eq!(context(200).to_string().len(), 200);
    }
}
