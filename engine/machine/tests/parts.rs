//! Invokes made of parts: whatever order the results of an `each` come in, and whatever goes wrong on the way back through
//! the undo steps, the end is the one of a run in which everything happened one after the other.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

use chrono::{DateTime, TimeDelta, Utc};
use perdure_machine::{
    Command, Event, Life, Start, State, Step, replay::Recorded, replay::replay, start, started,
    step,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use workflows::{compile::compile, definition::Definition};

/// An instance, its history, and the steps the world believes to be open.
struct World {
    definition: Definition,
    state: State,
    recorded: Vec<Recorded>,
    at: DateTime<Utc>,
    open: BTreeSet<String>,
    /// Inputs of the steps asked for, in order.
    asked: Vec<Value>,
}

impl World {
    fn new(machine: &Value) -> Self {
        let compiled = compile(machine.to_string().as_bytes(), Some("m"));
        let definition =
            compiled.definition.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
        let at = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let begin =
            Start { at, seed: "s".into(), input: json!({}), scope: Value::Null, trigger: None };
        let first = start(&definition, begin.clone());
        let (state, recorded) = (State::unborn("s".into()), Vec::new());
        let mut world =
            Self { definition, state, recorded, at, open: BTreeSet::new(), asked: Vec::new() };
        world.take(started(&begin), first);
        world
    }

    fn send(&mut self, kind: &str, fields: Value) {
        self.at += TimeDelta::seconds(1);
        let event = Event::new(self.at, kind, fields);
        // What is stored is what the next turn reads.
        let stored: State =
            serde_json::from_str(&serde_json::to_string(&self.state).unwrap()).unwrap();
        assert_eq!(stored, self.state);
        let after = step(&self.definition, stored, &event);
        self.take(event, after);
    }

    fn take(&mut self, event: Event, after: Step) {
        let Step { state, commands, .. } = after;
        for command in &commands {
            match command {
                Command::RunStep { invoke, input, .. } => {
                    assert!(self.open.insert(invoke.clone()), "`{invoke}` is open already");
                    self.asked.push(input.clone());
                }
                Command::CancelStep { invoke, .. } => assert!(self.open.remove(invoke)),
                _ => {}
            }
        }
        let open: BTreeSet<String> = state.memo.steps.keys().cloned().collect();
        assert_eq!(open, self.open, "the books and the world agree on what is open");
        let to = state.configuration.clone();
        self.recorded.push(Recorded { seq: state.seq, event, to, commands });
        self.state = state;
    }

    /// Gives the open step of this name its result.
    fn settle(&mut self, id: &str, outcome: &Value) {
        let open = self.state.memo.steps.get(id).unwrap().id;
        let mut fields = outcome.clone();
        fields["id"] = json!(id);
        fields["step"] = json!(open);
        // One that fails stays open, for ops to decide, if no transition takes it.
        self.open.remove(id);
        let kind = if outcome.get("error").is_some() { "step.failed" } else { "step.done" };
        self.at += TimeDelta::seconds(1);
        let event = Event::new(self.at, kind, fields);
        let after = step(&self.definition, self.state.clone(), &event);
        if after.state.life == Life::Stuck || self.state.life != Life::Active {
            self.open.insert(id.to_owned());
        }
        self.take(event, after);
    }

    /// The history gives the state.
    fn check_replay(&self) {
        let replayed = replay(&self.definition, "s", &self.recorded);
        assert_eq!(replayed.divergence, None);
        assert_eq!(replayed.state, self.state);
    }
}

fn error(index: usize) -> Value {
    json!({ "code": "no", "message": format!("item {index}") })
}

/// Runs an `each` over items with these outcomes; `picks` chooses whose result comes next.
fn run_each(outcomes: &[bool], (concurrency, policy): (u8, &str), picks: &[u8]) -> World {
    let items: Vec<usize> = (0..outcomes.len()).collect();
    let assign = |key: &str, from: &str| json!({ "type": "@xstate.assign", "context": {key: {"@expr": from}} });
    let mut world = World::new(
        &json!({ "id": "m", "initial": "all", "context": {"noise": 0}, "states": {
        "all": {
            "invoke": {"id": "x", "src": "noop", "input": {"n": {"@expr": "item"}, "at": {"@expr": "index"}},
                "each": {"items": items, "concurrency": concurrency, "onFailure": policy},
                "onDone": {"target": "end", "actions": assign("all", "event.output")},
                "onError": {"target": "sorry", "actions": [assign("why", "event.error"), assign("at", "event.index")]}},
            "on": {"NOISE": {"actions": assign("noise", "context.noise + 1")}} },
        "end": {}, "sorry": {} } }),
    );
    let mut picks = picks.iter().cycle();
    while !world.open.is_empty() {
        assert!(world.open.len() <= usize::from(concurrency));
        let pick = usize::from(*picks.next().unwrap_or(&0));
        if pick % 5 == 4 {
            world.send("NOISE", json!({}));
        }
        let id = world.open.iter().nth(pick % world.open.len()).unwrap().clone();
        let index: usize =
            id.strip_prefix("x[").unwrap().strip_suffix(']').unwrap().parse().unwrap();
        let outcome = match outcomes[index] {
            true => json!({ "output": index * 10 }),
            false => json!({ "error": error(index) }),
        };
        world.settle(&id, &outcome);
    }
    world.check_replay();
    world
}

/// Registers `count` undo steps, begins to compensate, and lets `picks` decide what goes wrong with each.
fn run_undo(count: usize, ending: &str, picks: &[u8]) -> World {
    let undo =
        json!({ "type": "@perdure.undo", "src": "noop", "input": {"n": {"@expr": "context.n"}} });
    let more = json!({ "type": "@xstate.assign", "context": {"n": {"@expr": "context.n + 1"}} });
    let mut world =
        World::new(&json!({ "id": "m", "initial": "a", "context": {"n": 0}, "states": {
        "a": {"on": {"ADD": {"actions": [undo, more]}, "fail": "failed", "invoke": "back"}},
        "back": {"invoke": {"id": "undo", "src": "@perdure.compensate", "onDone": "end"}},
        "end": {"type": "final"}, "failed": {"type": "final", "meta": {"outcome": "failed"}} } }));
    for _ in 0..count {
        world.send("ADD", json!({}));
    }
    match ending {
        "cancel" => world.send("ops.cancel", json!({ "compensate": true })),
        event => world.send(event, json!({})),
    }
    let mut picks = picks.iter();
    while let Some(id) = world.open.iter().next().cloned() {
        assert_eq!(world.open.len(), 1, "one after the other");
        match picks.next().map_or(7, |pick| pick % 8) {
            0 => world.settle(&id, &json!({ "error": error(0) })),
            1 => world.send("step.unknown", json!({ "id": id, "error": error(1) })),
            2 => world.send("ops.suspend", json!({})),
            3 => world.send("ops.cancel", json!({ "compensate": ending != "invoke" })),
            4 => world.send("MESSAGE", json!({ "text": "are you there?" })),
            _ => {}
        }
        match world.state.life {
            Life::Active => world.settle(&id, &json!({ "output": null })),
            Life::Stuck => world.send("ops.retry", json!({})),
            Life::Suspended => world.send("ops.resume", json!({})),
            Life::Completed | Life::Failed | Life::Cancelled => {}
        }
        if world.state.life.is_over() {
            world.open.clear();
        }
    }
    world.check_replay();
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn an_each_gives_the_same_in_any_order(
        outcomes in prop::collection::vec(prop::bool::weighted(0.8), 0..24),
        concurrency in 1_u8..9,
        picks in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let collected = run_each(&outcomes, (concurrency, "collect"), &picks);
        let in_order = run_each(&outcomes, (1, "collect"), &[0]);
        prop_assert_eq!(&collected.state.context["all"], &in_order.state.context["all"]);
        prop_assert_eq!(collected.asked, in_order.asked);

        let stopped = run_each(&outcomes, (concurrency, "stop"), &picks);
        prop_assert!(stopped.state.memo.each.is_empty());
        let context = &stopped.state.context;
        if outcomes.iter().all(|is_good| *is_good) {
            let all: Vec<_> = (0..outcomes.len()).map(|index| index * 10).collect();
            prop_assert_eq!(&context["all"], &json!(all));
        } else {
            let at = usize::try_from(context["at"].as_u64().unwrap()).unwrap();
            prop_assert!(!outcomes[at]);
            prop_assert_eq!(&context["why"], &error(at));
        }
    }

    #[test]
    fn undo_steps_run_once_each_and_backwards(
        count in 0_usize..8,
        ending in prop::sample::select(vec!["fail", "cancel", "invoke"]),
        picks in prop::collection::vec(any::<u8>(), 0..30),
    ) {
        let world = run_undo(count, ending, &picks);
        let wanted = match (ending, &world.state.life) {
            ("fail", life) => (Life::Failed, *life),
            ("cancel", life) => (Life::Cancelled, *life),
            // A plain cancel on the way ends it where it is.
            (_, life) if picks.iter().any(|pick| pick % 8 == 3) && *life == Life::Cancelled => return Ok(()),
            (_, life) => (Life::Completed, *life),
        };
        prop_assert_eq!(wanted.0, wanted.1);
        let backwards: Vec<_> = (0..count).rev().map(|n| json!({ "n": n })).collect();
        prop_assert_eq!(world.asked, backwards);
        prop_assert!(world.state.memo.undo.is_empty() && world.state.memo.compensation.is_none());
    }
}
