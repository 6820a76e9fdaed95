//! One instance under a virtual clock: what simulations and scenarios have in common.
//!
//! **Invariant:** nothing waits and nothing is called; the same answers give the same turns.
//! **Invariant:** the clock never goes back, and stops at every timer on its way.

use crate::{
    CommandId, Start, Step, Verdict,
    command::Command,
    event::{Event, kind},
    started,
    state::{Life, State},
    step,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::borrow::Cow;
use workflows::definition::Definition;

/// Most timers and steps answered on the way to one moment; a chart that wants more runs in circles.
const ANSWERS_MAX: usize = 100_000;

/// An instance, and the time it believes it is.
pub(crate) struct Rehearsal<'a> {
    /// What runs.
    pub(crate) definition: Cow<'a, Definition>,
    /// Where it stands.
    pub(crate) state: State,
    /// The virtual time.
    pub(crate) now: DateTime<Utc>,
}

/// One event that was applied, and what came of it.
pub(crate) struct Turn {
    /// The event; its time is the virtual time.
    pub(crate) event: Event,
    /// What became of it.
    pub(crate) verdict: Verdict,
    /// What it asked of the world.
    pub(crate) commands: Vec<Command>,
    /// The active leaves afterwards.
    pub(crate) configuration: Vec<String>,
}

/// A step, or an awaited child, that was asked for.
pub(crate) struct Asked<'a> {
    /// The command.
    pub(crate) id: CommandId,
    /// Its invoke.
    pub(crate) invoke: &'a str,
    /// Node kind, or `workflow:<name>`.
    pub(crate) kind: Cow<'a, str>,
}

impl<'a> Rehearsal<'a> {
    /// Starts an instance and applies its first event; its steps are not answered yet.
    pub(crate) fn start(definition: Cow<'a, Definition>, start: &Start) -> (Self, Turn) {
        let state = State::unborn(start.seed.clone());
        let mut rehearsal = Self { definition, state, now: start.at };
        let turn = rehearsal.apply(started(start));
        (rehearsal, turn)
    }

    /// Applies one event.
    pub(crate) fn apply(&mut self, event: Event) -> Turn {
        let state = std::mem::replace(&mut self.state, State::unborn(String::new()));
        let Step { state, commands, verdict } = step(&self.definition, state, &event);
        let configuration = state.configuration.clone();
        self.state = state;
        Turn { event, verdict, commands, configuration }
    }

    /// The event that settles a step: `{"output": …}` or `{"error": …}`.
    pub(crate) fn settled(&self, invoke: &str, id: CommandId, outcome: &Value) -> Event {
        let (result, field) = match outcome.get("error") {
            Some(_) => (kind::STEP_FAILED, "error"),
            None => (kind::STEP_DONE, "output"),
        };
        let told = outcome.get(field).unwrap_or(&Value::Null);
        Event::new(self.now, result, json!({ "id": invoke, "step": id, field: told }))
    }

    /// Has the steps asked for in `turns` answered, then fires what is due, earliest first, until `until` is reached.
    /// The turns that makes are added to `turns` and answered too. `Err` is a sentence: it runs in circles.
    pub(crate) fn run_until(
        &mut self,
        until: DateTime<Utc>,
        turns: &mut Vec<Turn>,
        mut answer: impl FnMut(&State, &Asked<'_>) -> Option<Value>,
    ) -> Result<(), String> {
        let mut place = (0, 0);
        for _ in 0..ANSWERS_MAX {
            let event = match next_command(turns, &mut place) {
                Some(command) => asked(command).and_then(|asked| {
                    let outcome = answer(&self.state, &asked)?;
                    Some(self.settled(asked.invoke, asked.id, &outcome))
                }),
                None => {
                    let Some(event) = self.next_timer(until) else {
                        self.now = until;
                        return Ok(());
                    };
                    Some(event)
                }
            };
            if let Some(event) = event {
                turns.push(self.apply(event));
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
}

/// The command after the last one looked at.
fn next_command<'t>(turns: &'t [Turn], place: &mut (usize, usize)) -> Option<&'t Command> {
    loop {
        let turn = turns.get(place.0)?;
        if let Some(command) = turn.commands.get(place.1) {
            place.1 += 1;
            return Some(command);
        }
        *place = (place.0 + 1, 0);
    }
}

fn asked(command: &Command) -> Option<Asked<'_>> {
    match command {
        Command::RunStep { id, invoke, kind, .. } => {
            Some(Asked { id: *id, invoke, kind: Cow::Borrowed(kind) })
        }
        Command::StartChild { id, invoke, workflow, detach: false, .. } => {
            let kind = Cow::Owned(format!("workflow:{workflow}"));
            Some(Asked { id: *id, invoke, kind })
        }
        _ => None,
    }
}
