//! Plays a scenario: each line in turn, until one is not as expected.

use super::{
    Failure, Scenario, TURNS_MAX,
    expect::{self, Mismatch, View},
    form::{Act, Line},
    names::Names,
    transcript::{Transcript, message, sent},
};
use crate::{
    Start,
    event::{Event, kind},
    rehearsal::{Asked, Rehearsal, Turn},
    replay::Recorded,
    simulate::{is_unhandled, nth_outcome},
    state::{Life, OpenStep, State},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use std::{borrow::Cow, collections::BTreeMap};
use workflows::{
    chart::{Chart, Mapper},
    definition::{Definition, Unhandled},
};

type Played = Result<(), Box<Failure>>;

pub(super) fn play(scenario: &Scenario, definition: &Definition, defers: bool) -> Played {
    let mut play = Play::start(scenario, definition, defers)?;
    scenario.script.iter().try_for_each(|line| play.line(line))?;
    play.end()
}

/// Plays it within so many turns; how many it took.
pub(super) fn play_within(
    scenario: &Scenario,
    definition: &Definition,
    defers: bool,
    turns_max: usize,
) -> (usize, Played) {
    let mut play = match Play::new(scenario, definition, adapted(scenario, definition, defers)) {
        Ok(play) => Play { turns_max, ..play },
        Err(failure) => return (turns_max, Err(failure)),
    };
    let played = scenario.script.iter().try_for_each(|line| play.line(line));
    (play.turns, played.and_then(|()| play.end()))
}

/// What an engine would have written down, as far as the play goes.
pub(super) fn history(scenario: &Scenario, definition: &Definition, defers: bool) -> Vec<Recorded> {
    let Ok(play) = Play::start(scenario, definition, defers) else { return Vec::new() };
    let mut play = Play { keeps_history: true, ..play };
    // Wherever it ends, what happened until then is what is asked for.
    let _ = scenario.script.iter().try_for_each(|line| play.line(line));
    play.history
}

/// The definition as the scenario runs it; itself when nothing is changed.
fn adapted<'a>(
    scenario: &Scenario,
    definition: &'a Definition,
    defers: bool,
) -> Cow<'a, Definition> {
    let mut definition = Cow::Borrowed(definition);
    if !defers {
        definition.to_mut().unhandled.default = Unhandled::Drop;
    }
    if !scenario.given.context.is_empty() {
        give_context(&mut definition.to_mut().chart, &scenario.given.context);
    }
    definition
}

/// Puts given values over the initial context, field by field.
fn give_context(chart: &mut Chart, given: &Map<String, Value>) {
    let literal = |(key, value): (&String, &Value)| (key.clone(), Mapper::Literal(value.clone()));
    let mut fields: Vec<(String, Mapper)> = match &chart.context {
        Mapper::Literal(Value::Object(fields)) => fields.iter().map(literal).collect(),
        Mapper::Object(fields) => fields.clone(),
        _ => Vec::new(),
    };
    fields.retain(|(key, _)| !given.contains_key(key));
    fields.extend(given.iter().map(literal));
    chart.context = Mapper::Object(fields);
}

/// What happened since the last expectation.
#[derive(Debug, Default)]
pub(super) struct Since {
    /// Texts of the messages to the customer.
    pub(super) said: Vec<String>,
    /// What was asked of the world, as history has it.
    pub(super) commands: Vec<Value>,
    /// Whether an event found no transition.
    pub(super) unhandled: bool,
}

/// A scenario being played.
pub(super) struct Play<'a> {
    scenario: &'a Scenario,
    pub(super) names: Names<'a>,
    pub(super) rehearsal: Rehearsal<'a>,
    pub(super) transcript: Transcript,
    pub(super) since: Since,
    /// How often each of the given outcomes was used.
    answered: BTreeMap<&'a str, usize>,
    turns: usize,
    /// A play that wants more runs in circles.
    turns_max: usize,
    expects_error: bool,
    /// Its turns, the first one always, the others if they are wanted.
    history: Vec<Recorded>,
    keeps_history: bool,
}

impl<'a> Play<'a> {
    /// Plays the start of it.
    pub(super) fn start(
        scenario: &'a Scenario,
        definition: &'a Definition,
        defers: bool,
    ) -> Result<Self, Box<Failure>> {
        Self::new(scenario, definition, adapted(scenario, definition, defers))
    }

    fn new(
        scenario: &'a Scenario,
        definition: &'a Definition,
        adapted: Cow<'a, Definition>,
    ) -> Result<Self, Box<Failure>> {
        let (trigger, pointer) = &scenario.start;
        let start = Start {
            at: scenario.at,
            seed: "scenario".to_owned(),
            input: scenario.given.input.clone(),
            scope: scenario.given.scope.clone(),
            trigger: (!trigger.is_empty()).then(|| Value::Object(trigger.clone())),
        };
        let (rehearsal, turn) = Rehearsal::start(adapted, &start);
        let mut play = Self {
            scenario,
            names: Names::of(definition),
            rehearsal,
            transcript: Transcript::default(),
            since: Since::default(),
            answered: BTreeMap::new(),
            turns: 0,
            turns_max: TURNS_MAX,
            expects_error: false,
            history: Vec::new(),
            keeps_history: true,
        };
        play.go_on(pointer, scenario.at, vec![turn])?;
        play.keeps_history = false;
        Ok(play)
    }

    /// Plays one line.
    pub(super) fn line(&mut self, line: &Line) -> Played {
        let at = line.pointer.as_str();
        match &line.act {
            Act::Say(text) => {
                let body = json!({ "messageType": "text", "text": text });
                self.happen(at, Event::new(self.rehearsal.now, kind::MESSAGE, body))
            }
            Act::Press(id) => self.press(at, id),
            Act::Send(kind, body) => {
                let event = Event::new(self.rehearsal.now, kind, Value::Object(body.clone()));
                self.happen(at, event)
            }
            Act::Wait(ms, written) => {
                let now = self.rehearsal.now;
                self.transcript.tell(now, "time", &format!("wait {written}"));
                self.go_on(at, now + TimeDelta::milliseconds(*ms), Vec::new())
            }
            Act::Settle(name, outcome) => self.settle(at, name, outcome),
            Act::Expect(expected) => {
                self.expects_error =
                    expected.status.as_ref().map_or(self.expects_error, |s| s == "error");
                let view = View {
                    names: self.names,
                    state: &self.rehearsal.state,
                    now: self.rehearsal.now,
                    since: &self.since,
                    shown: self.transcript.shown(),
                };
                if let Some(mut mismatch) = expect::mismatch(expected, &view) {
                    mismatch.message.push_str(&self.standstill());
                    return Err(self.failure(at, mismatch));
                }
                self.since = Since::default();
                Ok(())
            }
        }
    }

    /// Presses what was shown last under this id.
    fn press(&mut self, at: &str, id: &str) -> Played {
        let shown = self.transcript.shown();
        let mut offered = shown.iter().rev().flat_map(|message| &message.choices);
        let Some((id, title)) = offered.find(|(own, _)| own == id) else {
            let mut offered: Vec<&str> =
                shown.iter().flat_map(|m| &m.choices).map(|(id, _)| id.as_str()).collect();
            offered.dedup();
            let message = format!("there is nothing to press with the id `{id}`");
            let actual = json!(offered);
            let mut mismatch = Mismatch { message, expected: json!(id), actual };
            mismatch.message.push_str(&self.standstill());
            return Err(self.failure(at, mismatch));
        };
        let body = json!({
            "messageType": "interactive", "text": title, "choice": { "id": id, "title": title },
        });
        self.happen(at, Event::new(self.rehearsal.now, kind::MESSAGE, body))
    }

    /// Answers the step of this name that has been open the longest.
    fn settle(&mut self, at: &str, name: &str, outcome: &Value) -> Played {
        let Some((invoke, open)) = self.meant(name) else {
            let open: Vec<String> = self.rehearsal.state.memo.steps.iter().map(step_name).collect();
            let message = format!("no step `{name}` waits for an answer");
            let mut mismatch = Mismatch { message, expected: json!(name), actual: json!(open) };
            mismatch.message.push_str(&self.stuck());
            return Err(self.failure(at, mismatch));
        };
        let event = self.rehearsal.settled(invoke, open.id, outcome);
        self.happen(at, event)
    }

    /// The open step that a name means.
    pub(super) fn meant(&self, name: &str) -> Option<(&String, &OpenStep)> {
        let (names, state) = (self.names, &self.rehearsal.state);
        let is_meant = |(invoke, open): &(&String, &OpenStep)| {
            names.of_step(invoke, &open.state, &open.kind).contains(&name)
                || undo_name(state, invoke) == Some(name)
        };
        state.memo.steps.iter().filter(is_meant).min_by_key(|(_, open)| open.id)
    }

    fn happen(&mut self, at: &str, event: Event) -> Played {
        let now = self.rehearsal.now;
        let turn = self.rehearsal.apply(event);
        self.since.unhandled |= is_unhandled(turn.verdict);
        self.go_on(at, now, vec![turn])
    }

    /// Answers what has an answer, lets time pass, and takes down what happened.
    fn go_on(&mut self, at: &str, until: DateTime<Utc>, mut turns: Vec<Turn>) -> Played {
        let Self { scenario, names, rehearsal, transcript, since, answered, .. } = self;
        let ran = rehearsal.run_until(until, &mut turns, |state, asked| {
            canned(&scenario.given.steps, names, answered, (state, asked))
        });
        for turn in &turns {
            transcript.take(turn, &rehearsal.state, *names);
            since.said.extend(turn.commands.iter().filter_map(message).map(|m| m.text));
            since.commands.extend(turn.commands.iter().map(|command| json!(command)));
        }
        self.turns += turns.len();
        if self.keeps_history {
            self.history.extend(turns.into_iter().map(recorded));
            let seqs = self.history.iter_mut().zip(1..);
            seqs.for_each(|(turn, seq)| turn.seq = seq);
        }
        let turns_max = self.turns_max;
        let in_circles = format!("more than {turns_max} turns: the scenario runs in circles");
        let ran = ran.and(if self.turns > turns_max { Err(in_circles) } else { Ok(()) });
        ran.map_err(|message| {
            self.failure(at, Mismatch { message, expected: Value::Null, actual: Value::Null })
        })
    }

    /// What the end of the script leaves open is not as expected: nobody answers it, and nobody said it should stand
    /// still.
    fn end(&self) -> Played {
        let left = match self.rehearsal.state.life {
            Life::Active => self.waiting(),
            Life::Stuck if !self.expects_error => self.stuck(),
            _ => String::new(),
        };
        if left.is_empty() {
            return Ok(());
        }
        let message = format!("the script is over{left}");
        let mismatch = Mismatch { message, expected: Value::Null, actual: Value::Null };
        Err(self.failure(&self.scenario.pointer, mismatch))
    }

    /// Why nothing more happened, if there is a reason that surprises; it goes on with what was said.
    fn standstill(&self) -> String {
        format!("{}{}", self.stuck(), self.waiting())
    }

    fn stuck(&self) -> String {
        let incident = self.rehearsal.state.memo.incident.as_ref();
        incident.map_or_else(String::new, |incident| {
            format!("; the instance is stuck: {}", incident.message)
        })
    }

    fn waiting(&self) -> String {
        let state = &self.rehearsal.state;
        if state.life != Life::Active || state.memo.steps.is_empty() {
            return String::new();
        }
        let open: Vec<String> = state.memo.steps.iter().map(step_name).collect();
        format!(
            "; nobody answers {}: give an outcome under `given.steps`, or with a `step` line",
            open.join(", ")
        )
    }

    fn failure(&self, at: &str, mismatch: Mismatch) -> Box<Failure> {
        Box::new(Failure {
            pointer: at.to_owned(),
            message: mismatch.message,
            expected: mismatch.expected,
            actual: mismatch.actual,
            transcript: self.transcript.entries(),
        })
    }
}

fn recorded(turn: Turn) -> Recorded {
    let Turn { event, commands, configuration, .. } = turn;
    Recorded { seq: 0, event, to: configuration, commands }
}

/// What an undo step that runs was registered as.
fn undo_name<'s>(state: &'s State, invoke: &str) -> Option<&'s str> {
    let compensation = state.memo.compensation.as_ref()?;
    compensation.running.id.as_deref().filter(|_| compensation.step() == invoke)
}

fn step_name((invoke, open): (&String, &OpenStep)) -> String {
    format!("`{invoke}` ({})", open.kind)
}

/// The outcome a scenario gives a step: under its most exact name, or that of every message that is sent.
fn canned<'a>(
    given: &'a Map<String, Value>,
    names: &Names<'_>,
    answered: &mut BTreeMap<&'a str, usize>,
    (state, asked): (&State, &Asked<'_>),
) -> Option<Value> {
    // A state may have been left in the very turn that entered it; its steps need no answer.
    let open = state.memo.steps.get(asked.invoke).filter(|open| open.id == asked.id)?;
    let called = names.of_step(asked.invoke, &open.state, &asked.kind);
    let mut called = undo_name(state, asked.invoke).into_iter().chain(called);
    let Some((name, outcomes)) = called.find_map(|name| given.get_key_value(name)) else {
        return asked.kind.starts_with("send.").then(|| json!({ "output": sent() }));
    };
    let nth = answered.entry(name).or_default();
    *nth += 1;
    nth_outcome(outcomes, *nth).cloned()
}
