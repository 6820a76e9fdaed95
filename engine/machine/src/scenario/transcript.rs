//! Who said and did what, at what virtual time, and where the instance stood afterwards.

use super::names::Names;
use crate::{
    Verdict,
    command::Command,
    event::{Event, kind},
    rehearsal::Turn,
    simulate::is_unhandled,
    state::State,
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::VecDeque;

/// Most entries kept; the latest tell what went wrong.
const ENTRIES_MAX: usize = 50;
/// Most characters of one entry.
const ENTRY_CHARS_MAX: usize = 300;
/// Most messages a customer can scroll back to.
const MESSAGES_MAX: usize = 100;

/// One line of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The virtual time.
    pub at: String,
    /// `customer`, `bot`, `time`, `event`, `step` or `engine`.
    pub who: &'static str,
    /// What was said or done.
    pub what: String,
    /// The active leaves afterwards.
    pub state: Vec<String>,
}

/// A message to the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// What it says.
    pub(super) text: String,
    /// What can be pressed: ids and titles.
    pub(super) choices: Vec<(String, String)>,
}

/// What was said and done so far.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    entries: VecDeque<Entry>,
    /// Entries ever told.
    told: usize,
    shown: VecDeque<Message>,
}

impl Transcript {
    /// All of it.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.entries.iter().cloned().collect()
    }

    /// The messages the customer has seen, oldest first.
    pub(super) fn shown(&self) -> &VecDeque<Message> {
        &self.shown
    }

    /// Someone says or does something.
    pub(super) fn tell(&mut self, at: DateTime<Utc>, who: &'static str, what: &str) {
        if self.entries.len() == ENTRIES_MAX {
            self.entries.pop_front();
        }
        self.told += 1;
        let state = self.entries.back().map(|entry| entry.state.clone()).unwrap_or_default();
        let at = at.to_rfc3339_opts(SecondsFormat::Millis, true).replace(".000Z", "Z");
        self.entries.push_back(Entry { at, who, what: shorten(what), state });
    }

    /// Takes down one turn: its event, what it asked of the world, and where it led.
    pub(super) fn take(&mut self, turn: &Turn, state: &State, names: Names<'_>) {
        let at = turn.event.at;
        let before = self.told;
        if let Some((who, what)) = event(&turn.event, names) {
            let note = match is_unhandled(turn.verdict) {
                true => " (no transition was enabled)",
                false => "",
            };
            self.tell(at, who, &format!("{what}{note}"));
        }
        for command in &turn.commands {
            if let Some(message) = message(command) {
                let choices: String =
                    message.choices.iter().map(|(id, _)| format!(" [{id}]")).collect();
                self.tell(at, "bot", &format!("{}{choices}", message.text));
                self.show(message);
            } else if let Some((who, what)) = told(command) {
                self.tell(at, who, &what);
            }
        }
        if let Some(incident) =
            state.memo.incident.as_ref().filter(|_| turn.verdict == Verdict::Stuck)
        {
            self.tell(at, "engine", &format!("stuck: {}", incident.message));
        }
        // A turn that told nothing, like a message that was sent, moves on what was told last.
        let entries = (self.told - before).max(1).min(self.entries.len());
        let first = self.entries.len() - entries;
        for entry in self.entries.range_mut(first..) {
            entry.state.clone_from(&turn.configuration);
        }
    }

    fn show(&mut self, message: Message) {
        if self.shown.len() == MESSAGES_MAX {
            self.shown.pop_front();
        }
        self.shown.push_back(message);
    }
}

/// What an event is to people; nothing for a message that was sent, which they have read already.
fn event(event: &Event, names: Names<'_>) -> Option<(&'static str, String)> {
    let id = event.text("id").unwrap_or_default();
    match event.kind() {
        kind::STARTED => Some(match event.body.get("trigger").and_then(Value::as_object) {
            Some(trigger) => ("customer", message_text(trigger)),
            None => ("event", "started".to_owned()),
        }),
        kind::MESSAGE => Some(("customer", message_text(&event.body))),
        kind::TIMER => Some(("time", format!("the time of `{}` is up", names.timer(id)))),
        kind::STEP_DONE => {
            let output = event.body.get("output").unwrap_or(&Value::Null);
            let is_sent = *output == sent();
            (!is_sent).then(|| ("step", format!("`{id}` answered {output}")))
        }
        kind::STEP_FAILED => {
            let error = event.body.get("error").unwrap_or(&Value::Null);
            Some(("step", format!("`{id}` failed {error}")))
        }
        _ => Some(("event", Value::Object(event.body.clone()).to_string())),
    }
}

/// What a step that sends gives back unless the scenario says otherwise.
pub(super) fn sent() -> Value {
    serde_json::json!({ "messageId": "test" })
}

fn message_text(body: &Map<String, Value>) -> String {
    match (body.get("choice"), body.get("text")) {
        (Some(choice), _) => format!("[{}]", choice["id"].as_str().unwrap_or_default()),
        (None, Some(Value::String(text))) => text.clone(),
        _ => Value::Object(body.clone()).to_string(),
    }
}

fn told(command: &Command) -> Option<(&'static str, String)> {
    match command {
        Command::RunStep { invoke, kind, input, .. } => {
            Some(("step", format!("`{invoke}` asks {kind} {input}")))
        }
        Command::StartChild { invoke, workflow, input, .. } => {
            Some(("step", format!("`{invoke}` starts workflow:{workflow} {input}")))
        }
        Command::Emit { event } => Some(("engine", format!("emits {event}"))),
        Command::Complete { output } => Some(("engine", format!("completed {output}"))),
        Command::Fail { error } => Some(("engine", format!("failed {error}"))),
        _ => None,
    }
}

/// The message a command sends, if it sends one.
pub(super) fn message(command: &Command) -> Option<Message> {
    let Command::RunStep { kind, input, .. } = command else { return None };
    let verb = kind.strip_prefix("send.")?;
    let text = |field: &str| input[field].as_str().unwrap_or_default().to_owned();
    let spoken = match verb {
        "template" => template(&text("name"), &input["params"]),
        "media" if text("caption").is_empty() => format!("media {}", text("media")),
        "media" => text("caption"),
        _ => text("text"),
    };
    let rows = input["sections"].as_array().into_iter().flatten();
    let rows = rows.flat_map(|section| section["rows"].as_array().into_iter().flatten());
    let items = input["buttons"].as_array().into_iter().flatten().chain(rows);
    let choices = items.filter_map(|item| {
        let id = item["id"].as_str()?;
        Some((id.to_owned(), item["title"].as_str().unwrap_or(id).to_owned()))
    });
    Some(Message { text: spoken, choices: choices.collect() })
}

/// `template reminder (Ana, 15:00)`.
fn template(name: &str, params: &Value) -> String {
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let params: Vec<String> = match params {
        Value::Array(items) => items.iter().map(word).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| format!("{key}: {}", word(value))).collect()
        }
        _ => Vec::new(),
    };
    match params.is_empty() {
        true => format!("template {name}"),
        false => format!("template {name} ({})", params.join(", ")),
    }
}

/// A text cut to what one line of a report may hold.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(ENTRY_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
