//! Instances of real workflows under events in any order: the step never panics, repeats itself exactly, and history
//! gives the state.

use chrono::{DateTime, TimeDelta, Utc};
use machine::{
    Event, Life, Start, State, Step,
    replay::{Recorded, replay},
};
use serde_json::{Value, json};
use std::sync::LazyLock;
use workflows::{chart::Descriptor, compile::compile, definition::Definition};

/// Turns of one run.
const TURNS_MAX: usize = 200;

/// Every workflow below `examples`, in the order of their paths.
static DEFINITIONS: LazyLock<Vec<Definition>> = LazyLock::new(|| {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    let mut files = Vec::new();
    collect(examples.as_ref(), &mut files);
    files.sort();
    let read = |path: &std::path::PathBuf| {
        compile(&std::fs::read(path).unwrap_or_default(), Some("example"))
    };
    files.iter().filter_map(|path| read(path).definition).collect()
});

fn collect(folder: &std::path::Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
}

/// The first byte names the workflow, each further pair one event.
pub fn step(bytes: &[u8]) {
    let Some((which, script)) = bytes.split_first() else { return };
    let definitions = &*DEFINITIONS;
    assert!(!definitions.is_empty(), "there are no examples to run");
    let definition = &definitions[usize::from(*which) % definitions.len()];
    let mut run = Run::start(definition);
    for pair in script.chunks_exact(2).take(TURNS_MAX) {
        run.act(pair[0], pair[1]);
    }
    run.check_history();
}

/// The `started` turn at a fixed moment.
pub(crate) fn started(definition: &Definition) -> Step {
    machine::start(definition, start())
}

/// Lets the first `most` timers fire when they are due.
pub(crate) fn play_timers(definition: &Definition, first: Step, most: usize) {
    let mut state = first.state;
    for _ in 0..most {
        let Some((name, due)) = next_timer(&state) else { break };
        let event = Event::new(due, "timer", json!({ "id": name }));
        state = machine::step(definition, state, &event).state;
    }
}

fn start() -> Start {
    Start {
        at: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000),
        seed: "fuzz".to_owned(),
        input: json!({ "phone": "255700000001", "items": [1, 2, 3], "n": 2 }),
        scope: crate::scope::participants(),
        trigger: None,
    }
}

fn next_timer(state: &State) -> Option<(String, DateTime<Utc>)> {
    let timers = state.memo.timers.iter();
    timers.map(|(name, timer)| (name.clone(), timer.due)).min_by_key(|(_, due)| *due)
}

struct Run<'a> {
    definition: &'a Definition,
    state: State,
    at: DateTime<Utc>,
    history: Vec<Recorded>,
}

impl<'a> Run<'a> {
    fn start(definition: &'a Definition) -> Self {
        let start = start();
        let event = machine::started(&start);
        let mut run = Self {
            definition,
            state: State::unborn(start.seed),
            at: start.at,
            history: Vec::new(),
        };
        run.apply(event);
        run
    }

    fn act(&mut self, what: u8, detail: u8) {
        let nth = usize::from(detail);
        let event = match what % 12 {
            0 => self.message(&format!("{}", nth)),
            1 => self.message(["yes", "ann@example.org", "2026-12-01", "hello", ""][nth % 5]),
            2 => self.choice(nth),
            3 | 4 => match next_timer(&self.state) {
                Some((name, due)) => {
                    self.at = self.at.max(due);
                    self.event("timer", json!({ "id": name }))
                }
                None => self.event("timer", json!({ "id": "none" })),
            },
            5 | 6 => {
                self.result("step.done", json!({ "output": OUTPUTS[nth % OUTPUTS.len()] }), nth)
            }
            7 => self.result(
                "step.failed",
                json!({ "error": { "code": "failed", "message": "no" } }),
                nth,
            ),
            8 => self.result(
                "step.unknown",
                json!({ "error": { "code": "lost", "message": "?" } }),
                nth,
            ),
            9 => self.signal(nth),
            10 => self.verb(nth),
            _ => {
                self.at += TimeDelta::minutes(i64::from(detail));
                self.event("note", json!({}))
            }
        };
        self.apply(event);
    }

    fn event(&self, kind: &str, fields: Value) -> Event {
        Event::new(self.at, kind, fields)
    }

    fn message(&self, text: &str) -> Event {
        self.event("message", json!({ "text": text, "messageType": "text" }))
    }

    fn choice(&self, nth: usize) -> Event {
        let id = ["yes", "no", "approved", "a", "b", "1"][nth % 6];
        let choice = json!({ "id": id, "title": id });
        self.event("message", json!({ "text": id, "messageType": "button", "choice": choice }))
    }

    fn result(&self, kind: &str, mut fields: Value, nth: usize) -> Event {
        let open: Vec<&String> = self.state.memo.steps.keys().collect();
        let id = open.get(nth % open.len().max(1)).map_or("none", |id| id.as_str());
        fields["id"] = json!(id);
        self.event(kind, fields)
    }

    /// An event some state of the chart waits for, active or not.
    fn signal(&self, nth: usize) -> Event {
        let states = self.definition.chart.states.iter();
        let names: Vec<&str> = states
            .flat_map(|state| &state.on)
            .filter_map(|transition| match &transition.event {
                Some(Descriptor::Exact(name) | Descriptor::Prefix(name)) => Some(name.as_str()),
                _ => None,
            })
            .filter(|name| !name.starts_with("xstate."))
            .collect();
        let name = names.get(nth % names.len().max(1)).copied().unwrap_or("signal");
        self.event(name, json!({ "decision": "approved", "body": { "n": nth }, "text": "hi" }))
    }

    fn verb(&self, nth: usize) -> Event {
        let open = self.state.memo.steps.keys().next().cloned().unwrap_or_default();
        match nth % 7 {
            0 | 1 => self.event("ops.retry", json!({})),
            2 => self.event("ops.skip", json!({ "id": open, "output": {} })),
            3 => self.event("ops.suspend", json!({})),
            4 => self.event("ops.resume", json!({})),
            5 => self.event("ops.cancel", json!({ "compensate": true })),
            _ => self.event("ops.cancel", json!({})),
        }
    }

    fn apply(&mut self, event: Event) {
        let before = self.state.clone();
        let step = machine::step(self.definition, before.clone(), &event);
        let again = machine::step(self.definition, before.clone(), &event);
        assert_eq!(step, again, "the same event on the same state, another turn");
        assert_eq!(step.state.seq, before.seq + 1, "a turn is one step of `seq`");
        assert!(!before.life.is_over() || step.state.life == before.life, "what is over came back");
        check_stored(&step.state);
        let mut ids: Vec<_> = step.state.memo.steps.values().map(|open| open.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), step.state.memo.steps.len(), "two open steps have one id");
        self.history.push(Recorded {
            seq: step.state.seq,
            event,
            to: step.state.configuration.clone(),
            commands: step.commands,
        });
        self.state = step.state;
    }

    fn check_history(&self) {
        let folded = replay(self.definition, "fuzz", &self.history);
        assert_eq!(folded.divergence, None, "history went another way the second time");
        assert_eq!(folded.state, self.state, "history does not give the state");
    }
}

/// What is stored can be read back as it was.
fn check_stored(state: &State) {
    let stored = serde_json::to_value(state).expect("a state is JSON");
    let read: State = serde_json::from_value(stored).expect("a stored state can be read");
    assert_eq!(read, *state, "the state that was read is not the one that was stored");
    assert!(state.life != Life::Active || state.memo.incident.is_none(), "active with an incident");
}

/// Outputs of steps: what kinds give, and what they do not.
static OUTPUTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    vec![
        json!({}),
        json!(null),
        json!({ "date": "2026-12-01T10:00:00Z", "service": "cut", "id": "1", "confidence": 0.9 }),
        json!([1, "two", { "three": 3 }]),
        json!("text"),
    ]
});
