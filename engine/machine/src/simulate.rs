//! The machine with a virtual clock: what `perdure simulate` runs. Nothing waits, nothing is called.

use crate::{
    Start, Verdict,
    command::Command,
    event::Event,
    rehearsal::{Rehearsal, Turn},
    state::{Life, State},
    state_value,
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use std::{borrow::Cow, collections::BTreeMap};
use workflows::{
    definition::{Definition, Unhandled},
    duration::parse_duration_ms,
    limits,
};

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
    rehearsal: Rehearsal<'static>,
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
        let (rehearsal, turn) = Rehearsal::start(Cow::Owned(definition), &begin);
        let answered = BTreeMap::new();
        let mut simulation = Self { rehearsal, steps: setup.steps, answered, index: 0 };
        let mut turns = vec![turn];
        simulation.run_until(setup.at, &mut turns)?;
        let line = simulation.line(&turns, false);
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
        let mut turns = Vec::new();
        self.run_until(self.rehearsal.now + TimeDelta::milliseconds(after_ms), &mut turns)?;
        let mut unhandled = false;
        if let Some(event) = entry.get("event") {
            let Some(kind) = event.get("type").and_then(Value::as_str) else {
                return Err(format!("entry {index}: an event is an object with a `type`"));
            };
            let now = self.rehearsal.now;
            let turn = self.rehearsal.apply(Event::new(now, kind, event.clone()));
            unhandled = is_unhandled(turn.verdict);
            let mut issued = vec![turn];
            self.run_until(now, &mut issued)?;
            turns.extend(issued);
        }
        Ok(self.line(&turns, unhandled))
    }

    /// Where the instance stands.
    pub fn state(&self) -> &State {
        &self.rehearsal.state
    }

    fn run_until(&mut self, until: DateTime<Utc>, turns: &mut Vec<Turn>) -> Result<(), String> {
        let (steps, answered) = (&self.steps, &mut self.answered);
        self.rehearsal.run_until(until, turns, |_, asked| {
            let outcomes = steps.get(asked.kind.as_ref())?;
            let nth = answered.entry(asked.kind.to_string()).or_default();
            *nth += 1;
            nth_outcome(outcomes, *nth).cloned()
        })
    }

    fn line(&self, turns: &[Turn], unhandled: bool) -> Value {
        let Rehearsal { definition, state, now } = &self.rehearsal;
        let commands: Vec<&Command> = turns.iter().flat_map(|turn| &turn.commands).collect();
        let mut line = json!({
            "index": self.index,
            "at": now.to_rfc3339_opts(SecondsFormat::Millis, true),
            "configuration": state.configuration,
            "value": state_value(&definition.chart, &state.configuration),
            "context": state.context,
            "status": status(state.life),
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

/// The answer to the nth asking, counted from 1: one outcome for all, or a list of which the last is repeated.
pub(crate) fn nth_outcome(outcomes: &Value, nth: usize) -> Option<&Value> {
    match outcomes {
        Value::Array(list) => list.get(nth - 1).or_else(|| list.last()),
        one => Some(one),
    }
}

/// How a life shows to those who only ask whether it goes on.
pub(crate) fn status(life: Life) -> &'static str {
    match life {
        Life::Active | Life::Suspended => "active",
        Life::Completed | Life::Cancelled => "done",
        Life::Stuck | Life::Failed => "error",
    }
}

/// Whether an event found no transition.
pub(crate) fn is_unhandled(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Dropped | Verdict::Deferred | Verdict::Held)
}

/// Milliseconds as a number or as a duration text, from nothing to the longest delay.
pub(crate) fn duration_ms(value: &Value) -> Option<i64> {
    let ms = match value {
        Value::Number(number) => {
            number.as_i64().or_else(|| number.as_f64().map(|ms| ms.round() as i64))
        }
        Value::String(text) => text.parse().ok().or_else(|| parse_duration_ms(text)),
        _ => None,
    };
    ms.filter(|ms| (0..=limits::DELAY_MS_MAX).contains(ms))
}
