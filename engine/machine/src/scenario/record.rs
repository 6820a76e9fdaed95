//! Makes a scenario of what really happened: a recorded history becomes lines that act and lines that expect.
//!
//! What people and programs did is taken from history; what is expected is what the definition does when these lines are
//! played. Where that is not what history has, the recording says so.
//!
//! **Invariant:** a recording passes: it was played before it is given away.
//! **Invariant:** unless the data is to be kept, what is known of people is replaced by samples (see [`redact`]), and what
//! only tells where a message came from is left out.
//! **Invariant:** a recording has at most [`LINES_MAX`] lines, and ends where nothing waits for an answer.

mod lines;
mod redact;

use super::{
    LINES_MAX, Scenario,
    compare::exactly,
    play::{Play, Since},
    read::Reader,
};
use crate::{
    event::{Event, kind},
    replay::Recorded,
    simulate,
    state::Life,
};
use lines::Lines;
use redact::Redactor;
use serde::Serialize;
use serde_json::{Map, Value, json};
use workflows::definition::Definition;

/// Lines kept free for the end.
const LINES_SPARE: usize = 4;

/// How a scenario is made of a history.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// What the scenario is called.
    pub name: String,
    /// Whether names, numbers and addresses stay as they were.
    pub keeps_data: bool,
    /// Whether unhandled events follow the definition's policy, as for [`Scenario::run`].
    pub defers: bool,
}

/// A scenario, and what it does not tell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recording {
    /// For the `tests` of the definition.
    pub scenario: Value,
    /// Where it differs from the history it was made of, in sentences; empty when it goes the same way.
    pub notes: Vec<String>,
}

/// Makes a scenario of the turns of one instance, in order from the first. `Err` is a sentence: there is nothing in it that
/// could be played.
pub fn record(
    definition: &Definition,
    turns: &[Recorded],
    manner: &Manner,
) -> Result<Recording, String> {
    let Some((first, rest)) = turns.split_first() else { return Err("it has no turn".to_owned()) };
    if first.event.kind() != kind::STARTED {
        return Err("its history does not begin with its start".to_owned());
    }
    let scope = known(turns);
    let mut redactor = match manner.keeps_data {
        true => Redactor::keeping(),
        false => Redactor::of(&scope),
    };
    let mut reader = Reader::of(definition);
    let head = lines::head(&manner.name, turns, &scope, &mut redactor, &reader);
    let scenario = reader.scenario(&head, "").filter(|_| reader.mistakes().is_empty());
    let Some(scenario) = scenario else { return Err(cannot(&reader)) };
    let stopped = |failure: Box<super::Failure>| failure.message;
    let play = Play::start(&scenario, definition, manner.defers).map_err(stopped)?;
    let start = head["script"].as_array().cloned().unwrap_or_default();
    let mut taken = Taken { script: start, play, reader, good: None };
    taken.expect().map_err(stopped)?;
    taken.remember();
    let mut notes = Vec::new();
    for turn in rest {
        if taken.script.len() + LINES_SPARE > LINES_MAX {
            notes.push(format!("it ends before turn {}: {LINES_MAX} lines are the most", turn.seq));
            break;
        }
        if is_halted(turn) {
            notes.push(format!("it ends before turn {}, in which the engine stopped it", turn.seq));
            break;
        }
        taken.turn(turn, &mut redactor, &mut notes).map_err(stopped)?;
    }
    let is_whole = notes.is_empty();
    let has_ended_well = taken.good.as_ref().is_some_and(|good| good.lines == taken.script.len());
    if is_whole && has_ended_well {
        notes.extend(difference(turns, &taken.play, manner.defers));
    } else if !has_ended_well {
        notes.push(
            "it ends where nothing waited for an answer, which is before the last turn".to_owned(),
        );
    }
    let scenario = taken.finish(head)?;
    check(definition, &scenario, manner.defers)?;
    Ok(Recording { scenario, notes })
}

/// What has been taken down so far.
struct Taken<'a> {
    script: Vec<Value>,
    play: Play<'a>,
    reader: Reader<'a>,
    /// The last place at which it may end.
    good: Option<End>,
}

/// A place at which a recording may end.
struct End {
    /// Lines until there.
    lines: usize,
    /// What is expected there.
    expected: Value,
}

type Done = Result<(), Box<super::Failure>>;

impl Taken<'_> {
    /// One turn of history: what made it happen, if the play has not come to it by itself, and what came of it.
    fn turn(&mut self, turn: &Recorded, redactor: &mut Redactor, notes: &mut Vec<String>) -> Done {
        let lines = match Lines::of(turn, &self.play, &self.reader, redactor) {
            Ok(lines) => lines,
            Err(note) => {
                notes.push(format!("turn {}: {note}", turn.seq));
                return Ok(());
            }
        };
        if lines.is_empty() {
            return Ok(());
        }
        for line in lines {
            self.act(line)?;
        }
        self.expect()?;
        self.remember();
        Ok(())
    }

    /// Plays a line, and takes it down.
    fn act(&mut self, line: Value) -> Done {
        let pointer = format!("/script/{}", self.script.len());
        if let Some(read) = self.reader.line(&line, pointer) {
            self.play.line(&read)?;
            self.script.push(line);
        }
        Ok(())
    }

    /// Expects what was said since the last time, and where it stands.
    fn expect(&mut self) -> Done {
        let mut expected = Map::new();
        let Since { said, .. } = &self.play.since;
        if !said.is_empty() {
            let texts: Vec<Value> = said.iter().map(|text| exactly(&json!(text))).collect();
            expected.insert("said".to_owned(), one_or_all(texts));
            let shown = self.play.transcript.shown().back();
            let ids: Vec<Value> =
                shown.iter().flat_map(|m| &m.choices).map(|(id, _)| json!(id)).collect();
            if !ids.is_empty() {
                expected.insert("buttons".to_owned(), Value::Array(ids));
            }
        }
        let leaves = self.play.rehearsal.state.configuration.iter();
        let mut names: Vec<Value> = leaves.map(|leaf| json!(self.play.names.node(leaf))).collect();
        names.retain(|name| name != "");
        names.dedup();
        if !names.is_empty() {
            expected.insert("state".to_owned(), one_or_all(names));
        }
        if self.play.rehearsal.state.life == Life::Stuck {
            expected.insert("status".to_owned(), json!("error"));
        }
        match expected.is_empty() {
            true => Ok(()),
            false => self.act(json!({ "expect": expected })),
        }
    }

    /// Remembers that the recording may end here, if nothing waits for an answer.
    fn remember(&mut self) {
        let state = &self.play.rehearsal.state;
        if state.life == Life::Active && !state.memo.steps.is_empty() {
            return;
        }
        let mut expected = json!({ "status": simulate::status(state.life) });
        let output = state.memo.result.as_ref().filter(|output| !output.is_null());
        if let Some(output) = output.filter(|_| state.life == Life::Completed) {
            expected["output"] = exactly(output);
        }
        self.good = Some(End { lines: self.script.len(), expected });
    }

    /// The scenario, as far as it may go.
    fn finish(self, mut head: Value) -> Result<Value, String> {
        let Self { mut script, good, .. } = self;
        let Some(End { lines, expected }) = good else {
            let why = "its first step has no answer yet: there is nothing to play until it has";
            return Err(why.to_owned());
        };
        script.truncate(lines);
        // What the end expects stands on the last line that expects anything.
        match script
            .last_mut()
            .and_then(|last| last.get_mut("expect"))
            .and_then(Value::as_object_mut)
        {
            Some(last) => last.extend(expected.as_object().cloned().unwrap_or_default()),
            None => script.push(json!({ "expect": expected })),
        }
        head["script"] = Value::Array(script);
        Ok(head)
    }
}

/// Plays what was made, as whoever gets it will.
fn check(definition: &Definition, scenario: &Value, defers: bool) -> Result<(), String> {
    let mut reader = Reader::of(definition);
    let read: Option<Scenario> = reader.scenario(scenario, "");
    let Some(read) = read.filter(|_| reader.mistakes().is_empty()) else {
        return Err(cannot(&reader));
    };
    read.run(definition, defers).map_err(|failure| format!("it does not play: {failure}"))
}

fn cannot(reader: &Reader<'_>) -> String {
    let why = reader.mistakes().first().map(|m| format!("{}: {}", m.pointer, m.message));
    format!("it cannot be written as a scenario: {}", why.unwrap_or_default())
}

/// What the events tell of contact, tenant and channel: what the start told, and the first word on everything else.
fn known(turns: &[Recorded]) -> Map<String, Value> {
    let mut known = Map::new();
    for told in turns.iter().filter_map(|turn| turn.event.body.get("scope")?.as_object()) {
        for field in ["contact", "tenant", "channel"] {
            if let Some(value) = told.get(field).filter(|value| value.is_object()) {
                known.entry(field).or_insert_with(|| value.clone());
            }
        }
    }
    known
}

/// Whether the engine stopped the instance in this turn, and did not ask the machine.
fn is_halted(turn: &Recorded) -> bool {
    matches!(turn.commands.as_slice(),
        [crate::Command::Log { message }] if message.get("halted").is_some())
}

/// Whether the play ended elsewhere than the instance.
fn difference(turns: &[Recorded], play: &Play<'_>, defers: bool) -> Option<String> {
    let (went, goes) = (&turns.last()?.to, &play.rehearsal.state.configuration);
    let place = |leaves: &[String]| leaves.join(", ");
    if went == goes {
        return None;
    }
    let message =
        format!("the instance went to {}, and the scenario goes to {}", place(went), place(goes));
    Some(match defers {
        true => message,
        false => format!(
            "{message}; an engine keeps events that find no transition, and the scenario of a bare machine drops them, \
             unless `policies.unhandled` says what becomes of them"
        ),
    })
}

fn one_or_all(mut values: Vec<Value>) -> Value {
    match values.len() {
        1 => values.remove(0),
        _ => Value::Array(values),
    }
}

impl Scenario {
    /// Plays it, and gives what an engine would have written down as its history, as far as it goes.
    pub fn history(&self, definition: &Definition, defers: bool) -> Vec<Recorded> {
        super::play::history(self, definition, defers)
    }
}

/// A field of an event's body.
fn field<'e>(event: &'e Event, name: &str) -> Option<&'e Value> {
    event.body.get(name).filter(|value| !value.is_null())
}
