//! The machine with a virtual clock: what `perdure simulate` and scenarios run. Nothing waits, nothing is called.

use crate::{
    CommandId, Start, Step, Verdict,
    command::Command,
    event::{Event, kind},
    start,
    state::{Life, State},
    state_value, step,
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use workflows::{
    definition::{Definition, Unhandled},
    duration::parse_duration_ms,
    limits,
};

/// Most timers and canned steps answered for one line; a chart that wants more runs in circles.
const ANSWERS_MAX: usize = 100_000;

/// What a simulation starts from.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Virtual time of the start.
    pub at: DateTime<Utc>,
    /// The instance's input.
    pub input: Value,
    /// Canned outcomes by kind (`send.text`, `workflow:<name>`): `{"output": …}`, `{"error": {…}}`, or a list of these of
    /// which the last is repeated. Kinds that are not listed wait for an event.
    pub steps: Map<String, Value>,
    /// Whether events no transition is enabled for follow the definition's policy. If not, they are dropped, which is
    /// what XState does.
    pub defers: bool,
}

/// A running simulation.
pub struct Simulation {
    definition: Definition,
    state: State,
    now: DateTime<Utc>,
    steps: Map<String, Value>,
    answered: BTreeMap<String, usize>,
    index: usize,
}

impl Simulation {
    /// Starts an instance; the line tells its first state.
    pub fn start(definition: Definition, setup: Setup) -> Result<(Self, Value), String> {
        let mut definition = definition;
        if !setup.defers {
            definition.unhandled.default = Unhandled::Drop;
        }
        let begin = Start {
            at: setup.at,
            seed: "simulation".to_owned(),
            input: setup.input,
            scope: Value::Null,
            trigger: None,
        };
        let Step { state, mut commands, .. } = start(&definition, begin);
        let answered = BTreeMap::new();
        let mut simulation =
            Self { definition, state, now: setup.at, steps: setup.steps, answered, index: 0 };
        simulation.run_until(setup.at, &mut commands)?;
        let line = simulation.line(&commands, false);
        Ok((simulation, line))
    }

    /// Plays one entry `{"after"?: <ms or ISO duration>, "event"?: {"type": …}}`: time first, then the event.
    pub fn play(&mut self, entry: &Value) -> Result<Value, String> {
        self.index += 1;
        let index = self.index;
        let after_ms = match entry.get("after") {
            None => 0,
            Some(after) => duration_ms(after).ok_or_else(|| {
                format!("entry {index}: `after` is milliseconds or a duration like PT10M")
            })?,
        };
        let mut commands = Vec::new();
        self.run_until(self.now + TimeDelta::milliseconds(after_ms), &mut commands)?;
        let mut unhandled = false;
        if let Some(event) = entry.get("event") {
            let Some(kind) = event.get("type").and_then(Value::as_str) else {
                return Err(format!("entry {index}: an event is an object with a `type`"));
            };
            let (verdict, mut issued) = self.apply(&Event::new(self.now, kind, event.clone()));
            unhandled = matches!(verdict, Verdict::Dropped | Verdict::Deferred | Verdict::Held);
            self.run_until(self.now, &mut issued)?;
            commands.extend(issued);
        }
        Ok(self.line(&commands, unhandled))
    }

    /// Where the instance stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    fn apply(&mut self, event: &Event) -> (Verdict, Vec<Command>) {
        let state = std::mem::replace(&mut self.state, State::unborn(String::new()));
        let Step { state, commands, verdict } = step(&self.definition, state, event);
        self.state = state;
        (verdict, commands)
    }

    /// Answers the steps among `commands`, then fires what is due, earliest first, until `until` is reached. What that
    /// asks for is added to `commands` and answered too.
    fn run_until(
        &mut self,
        until: DateTime<Utc>,
        commands: &mut Vec<Command>,
    ) -> Result<(), String> {
        let mut looked_at = 0;
        for _ in 0..ANSWERS_MAX {
            let event = if looked_at < commands.len() {
                looked_at += 1;
                self.canned(&commands[looked_at - 1])
            } else {
                let Some(event) = self.next_timer(until) else {
                    self.now = until;
                    return Ok(());
                };
                Some(event)
            };
            if let Some(event) = event {
                commands.extend(self.apply(&event).1);
            }
        }
        Err(format!(
            "more than {ANSWERS_MAX} timers and steps for one entry: the workflow runs in circles"
        ))
    }

    fn next_timer(&mut self, until: DateTime<Utc>) -> Option<Event> {
        if self.state.life != Life::Active {
            return None;
        }
        let timers = self.state.memo.timers.iter().filter(|(_, timer)| timer.due <= until);
        let (name, timer) = timers.min_by_key(|(_, timer)| (timer.due, timer.id))?;
        self.now = self.now.max(timer.due);
        Some(Event::new(self.now, kind::TIMER, json!({ "id": name, "timer": timer.id })))
    }

    /// The canned result of a step, if its kind has one.
    fn canned(&mut self, command: &Command) -> Option<Event> {
        let (id, invoke, kind): (CommandId, &str, String) = match command {
            Command::RunStep { id, invoke, kind, .. } => (*id, invoke, kind.clone()),
            Command::StartChild { id, invoke, workflow, detach: false, .. } => {
                (*id, invoke, format!("workflow:{workflow}"))
            }
            _ => return None,
        };
        let outcomes = self.steps.get(&kind)?;
        let answered = self.answered.entry(kind).or_default();
        let outcome = match outcomes {
            Value::Array(list) => list.get(*answered).or_else(|| list.last())?,
            one => one,
        };
        *answered += 1;
        let (result, field) = match outcome.get("error") {
            Some(_) => (kind::STEP_FAILED, "error"),
            None => (kind::STEP_DONE, "output"),
        };
        let body =
            json!({ "id": invoke, "step": id, field: outcome.get(field).unwrap_or(&Value::Null) });
        Some(Event::new(self.now, result, body))
    }

    fn line(&self, commands: &[Command], unhandled: bool) -> Value {
        let state = &self.state;
        let status = match state.life {
            Life::Active | Life::Suspended => "active",
            Life::Completed | Life::Cancelled => "done",
            Life::Stuck | Life::Failed => "error",
        };
        let mut line = json!({
            "index": self.index,
            "at": self.now.to_rfc3339_opts(SecondsFormat::Millis, true),
            "configuration": state.configuration,
            "value": state_value(&self.definition.chart, &state.configuration),
            "context": state.context,
            "status": status,
            "output": state.memo.result,
            "commands": commands,
            "unhandled": unhandled,
        });
        if let Some(incident) = &state.memo.incident {
            line["error"] = json!({ "code": incident.code, "message": incident.message });
        }
        line
    }
}

fn duration_ms(value: &Value) -> Option<i64> {
    let ms = match value {
        Value::Number(number) => {
            number.as_i64().or_else(|| number.as_f64().map(|ms| ms.round() as i64))
        }
        Value::String(text) => text.parse().ok().or_else(|| parse_duration_ms(text)),
        _ => None,
    };
    ms.filter(|ms| (0..=limits::DELAY_MS_MAX).contains(ms))
}
