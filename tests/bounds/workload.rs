//! The work that is measured: always the same instances, steps and bytes.

use serde_json::{Map, Value, json};

/// Instances at once.
pub(crate) const INSTANCES: usize = 1_000;
/// Steps of an instance of `five`.
const STEPS: usize = 5;
/// Bytes of the context's JSON.
const CONTEXT_BYTES: usize = 200;

/// A workload: instances that run to their end, or that wait for an event each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) definition: fn() -> Value,
    /// Whether the instances are started before, and what is measured is an event for each of them.
    pub(crate) is_signalled: bool,
    /// Steps that run for each instance.
    pub(crate) steps: usize,
    /// Turns of each instance.
    pub(crate) turns: usize,
}

/// All of them.
pub(crate) const WORKLOADS: &[Workload] = &[
    Workload {
        name: "five",
        definition: || five(false),
        is_signalled: false,
        steps: STEPS,
        turns: STEPS + 1,
    },
    Workload {
        name: "five, context changes",
        definition: || five(true),
        is_signalled: false,
        steps: STEPS,
        turns: STEPS + 1,
    },
    Workload { name: "signal", definition: signal, is_signalled: true, steps: 1, turns: 2 },
];

fn five(is_changing: bool) -> Value {
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
    machine("s1", states)
}

fn signal() -> Value {
    let work = json!({ "id": "work", "src": "noop", "input": {}, "onDone": {"target": "done"} });
    let states = Map::from_iter([
        ("waiting".to_owned(), json!({ "on": {"go": {"target": "working"}} })),
        ("working".to_owned(), json!({ "invoke": work })),
        ("done".to_owned(), json!({ "type": "final" })),
    ]);
    machine("waiting", states)
}

fn machine(initial: &str, states: Map<String, Value>) -> Value {
    let empty = json!({ "count": 0, "notes": "" }).to_string().len();
    let context = json!({ "count": 0, "notes": "x".repeat(CONTEXT_BYTES - empty) });
    json!({ "perdure": 1, "name": "bounded", "title": "Bounded", "machine":
        { "@exprLang": "cel", "id": "bounded", "initial": initial, "context": context, "states": states } })
}
