//! The lines that make a recorded turn happen again.

use super::{super::expect::duration, Play, Reader, Redactor, field};
use crate::{
    command::Command,
    event::{Event, kind},
    replay::Recorded,
    state::Life,
};
use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What of a customer's message is more than where it came from.
const MESSAGE_FIELDS: &[&str] = &[
    "text",
    "messageType",
    "choice",
    "media",
    "location",
    "contacts",
    "order",
    "flow",
    "reaction",
];

/// Everything before the first line, and that line.
pub(super) fn head(
    name: &str,
    turns: &[Recorded],
    scope: &Map<String, Value>,
    redactor: &mut Redactor,
    reader: &Reader<'_>,
) -> Value {
    let first = &turns[0].event;
    let mut given = Map::new();
    if let Some(input) = field(first, "input").filter(|input| **input != json!({})) {
        given.insert("input".to_owned(), redactor.value(input));
    }
    for (field, value) in scope {
        let mut value = redactor.value(value);
        if let Some(fields) =
            value.as_object_mut().filter(|_| field != "contact" && !redactor.keeps())
        {
            // Which tenant and channel it was is nobody's business elsewhere.
            fields.remove("id");
        }
        given.insert(field.clone(), value);
    }
    let steps = sends(turns, reader, redactor);
    if !steps.is_empty() {
        given.insert("steps".to_owned(), Value::Object(steps));
    }
    let trigger = first.body.get("trigger").and_then(Value::as_object);
    let mut start = trigger.map(|body| message(body, redactor)).unwrap_or_default();
    if start.contains_key("text") && start.get("messageType") == Some(&json!("text")) {
        // A start with a text is one anyway.
        start.remove("messageType");
    }
    let at = first.at.trunc_subsecs(0).to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut head = json!({ "name": name, "at": at, "script": [{ "start": start }] });
    if !given.is_empty() {
        head["given"] = Value::Object(given);
    }
    head
}

/// Outcomes of messages to the customer, for those that did not always arrive: unless told otherwise a play lets every
/// message arrive at once.
fn sends(turns: &[Recorded], reader: &Reader<'_>, redactor: &mut Redactor) -> Map<String, Value> {
    let mut asked: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut outcomes: BTreeMap<&str, Value> = BTreeMap::new();
    for turn in turns {
        for command in &turn.commands {
            if let Command::RunStep { id, invoke, kind, .. } = command
                && kind.starts_with("send.")
                && reader.has_step(invoke)
            {
                asked.entry(invoke).or_default().push(id.to_string());
            }
        }
        if let (Some(step), Some(outcome)) =
            (turn.event.text("step"), outcome(&turn.event, redactor))
        {
            outcomes.entry(step).or_insert(outcome);
        }
    }
    let has_failed = |ids: &[String]| {
        ids.iter().any(|id| outcomes.get(id.as_str()).is_some_and(|o| o.get("error").is_some()))
    };
    let sent = || json!({ "output": { "messageId": "test" } });
    let listed = asked.into_iter().filter(|(_, ids)| has_failed(ids)).map(|(invoke, ids)| {
        let told = ids.iter().map(|id| outcomes.get(id.as_str()).cloned().unwrap_or_else(sent));
        (invoke.to_owned(), told.collect())
    });
    listed.collect()
}

/// What a result tells, as a `step` line has it.
fn outcome(event: &Event, redactor: &mut Redactor) -> Option<Value> {
    match event.kind() {
        kind::STEP_DONE => {
            let output = event.body.get("output").unwrap_or(&Value::Null);
            Some(json!({ "output": redactor.value(output) }))
        }
        kind::STEP_FAILED => {
            let told = event.body.get("error").unwrap_or(&Value::Null);
            let text = |name: &str, or: &str| {
                told.get(name).and_then(Value::as_str).unwrap_or(or).to_owned()
            };
            let (code, message) = (text("code", "failed"), redactor.text(&text("message", "")));
            Some(json!({ "error": { "code": code, "message": message } }))
        }
        _ => None,
    }
}

/// The lines of one turn.
pub(super) struct Lines;

impl Lines {
    /// None where the play comes to the turn by itself; `Err` is a note: the turn cannot be told.
    pub(super) fn of(
        turn: &Recorded,
        play: &Play<'_>,
        reader: &Reader<'_>,
        redactor: &mut Redactor,
    ) -> Result<Vec<Value>, String> {
        let event = &turn.event;
        let act = match event.kind() {
            kind::TIMER => return Ok(timer(event, play)),
            kind::STARTED | kind::NOTE => return Ok(Vec::new()),
            kind::STEP_UNKNOWN => {
                let step = event.text("id").unwrap_or_default();
                return Err(format!("nobody knew what became of `{step}`, which no line can tell"));
            }
            kind::STEP_DONE | kind::STEP_FAILED => match step(event, play, reader, redactor)? {
                Some(act) => act,
                None => return Ok(Vec::new()),
            },
            kind::MESSAGE => said(event, play, redactor),
            kind::RETRY if play.rehearsal.state.life != Life::Stuck => return Ok(Vec::new()),
            _ => json!({ "send": sent(event, redactor) }),
        };
        Ok(wait(event.at, play).into_iter().chain([act]).collect())
    }
}

/// Time passes until the timer is due, unless it has.
fn timer(event: &Event, play: &Play<'_>) -> Vec<Value> {
    let named = event.text("id").unwrap_or_default();
    let Some(timer) = play.rehearsal.state.memo.timers.get(named) else { return Vec::new() };
    let ms = (timer.due - play.rehearsal.now).num_milliseconds();
    if ms <= 0 { Vec::new() } else { vec![json!({ "wait": duration(ms) })] }
}

/// Time passes until about this moment: whole seconds, and not so long that a timer fires which had not fired then.
fn wait(at: DateTime<Utc>, play: &Play<'_>) -> Option<Value> {
    let (now, timers) = (play.rehearsal.now, &play.rehearsal.state.memo.timers);
    let next = timers.values().map(|timer| timer.due - TimeDelta::milliseconds(1)).min();
    let then = at.trunc_subsecs(0);
    let until = next.map_or(then, |next| next.min(then));
    let ms = (until - now).num_milliseconds();
    (ms > 0).then(|| json!({ "wait": duration(ms) }))
}

/// A step is answered, unless the play has answered it: by a name that means this one.
fn step(
    event: &Event,
    play: &Play<'_>,
    reader: &Reader<'_>,
    redactor: &mut Redactor,
) -> Result<Option<Value>, String> {
    let invoke = event.text("id").unwrap_or_default();
    let Some(open) = play.rehearsal.state.memo.steps.get(invoke) else { return Ok(None) };
    let called = play.names.of_step(invoke, &open.state, &open.kind);
    let means_it = |name: &&str| {
        reader.has_step(name) && play.meant(name).is_some_and(|(meant, _)| meant == invoke)
    };
    let Some(name) = called.into_iter().find(means_it) else {
        return Err(format!("no name means the step `{invoke}`, so its answer is left out"));
    };
    let mut line = outcome(event, redactor).unwrap_or_else(|| json!({ "output": null }));
    line["of"] = json!(name);
    Ok(Some(json!({ "step": line })))
}

/// The customer writes, presses, or sends something else.
fn said(event: &Event, play: &Play<'_>, redactor: &mut Redactor) -> Value {
    let body = message(&event.body, redactor);
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if let Some(choice) =
        body.get("choice").and_then(|choice| choice.get("id")).and_then(Value::as_str)
    {
        let shown = play.transcript.shown();
        let is_offered =
            shown.iter().flat_map(|message| &message.choices).any(|(id, _)| id == choice);
        if is_offered {
            return json!({ "press": choice });
        }
    } else if let (Some("text"), Some(text), 2) = (text("messageType"), text("text"), body.len()) {
        return json!({ "say": text });
    }
    let mut body = body;
    body.insert("type".to_owned(), json!(kind::MESSAGE));
    json!({ "send": body })
}

/// A message without what only tells where it came from, unless everything is kept.
fn message(body: &Map<String, Value>, redactor: &mut Redactor) -> Map<String, Value> {
    let is_told = |name: &str| match redactor.keeps() {
        true => !matches!(name, "type" | "scope"),
        false => MESSAGE_FIELDS.contains(&name),
    };
    let told: Vec<_> = body.iter().filter(|(name, _)| is_told(name)).collect();
    told.into_iter().map(|(name, value)| (name.clone(), redactor.value(value))).collect()
}

/// Any other event: a signal, or what people did with it.
fn sent(event: &Event, redactor: &mut Redactor) -> Value {
    let is_ops = event.kind().starts_with("ops.");
    let is_told = |name: &str| match name {
        "scope" => false,
        // A version of then means nothing in a scenario of now; why somebody did it is theirs.
        "definition" if is_ops => false,
        "reason" if is_ops => redactor.keeps(),
        _ => true,
    };
    let told: Vec<_> = event.body.iter().filter(|(name, _)| is_told(name)).collect();
    told.into_iter().map(|(name, value)| (name.clone(), redactor.value(value))).collect()
}
