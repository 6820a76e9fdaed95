//! Reads scenarios and tells every mistake in them at once, each with its place.

use super::{
    LINES_MAX, SCENARIOS_MAX, Scenario,
    form::{Act, Given, Line},
    names::{Names, whole},
};
use crate::simulate::duration_ms;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashSet};
use workflows::{
    definition::Definition,
    diagnostic::{Diagnostic, pointer_token},
    suggest,
};

/// When a scenario starts that does not say so: a Thursday morning.
const AT: &str = "2026-01-01T09:00:00Z";

const LINES: &[&str] = &["start", "say", "press", "send", "wait", "step", "expect"];

/// Types of events the lines make themselves.
const INTERNAL: &[&str] = &["started", "timer", "step.done", "step.failed", "step.unknown"];

pub(super) fn read(
    definition: &Definition,
    tests: &[(Value, String)],
) -> (Vec<Scenario>, Vec<Diagnostic>) {
    let mut reader = Reader::of(definition);
    if let Some((_, at)) = tests.get(SCENARIOS_MAX) {
        let message = format!("{SCENARIOS_MAX} scenarios are the most");
        reader.mistake("scenario-limit", at, message);
    }
    let mut taken = HashSet::new();
    let mut scenarios = Vec::new();
    for (test, at) in tests.iter().take(SCENARIOS_MAX) {
        let before = reader.mistakes.len();
        let Some(scenario) = reader.scenario(test, at) else { continue };
        if !taken.insert(scenario.name.clone()) {
            let message = format!("there are two scenarios called `{}`", scenario.name);
            reader.mistake("scenario-name", &format!("{at}/name"), message);
        }
        if reader.mistakes.len() == before {
            scenarios.push(scenario);
        }
    }
    (scenarios, reader.mistakes)
}

/// What is known while reading.
pub(super) struct Reader<'a> {
    states: BTreeSet<&'a str>,
    steps: BTreeSet<String>,
    mistakes: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    /// Knows the names of this definition.
    pub(super) fn of(definition: &'a Definition) -> Self {
        let names = Names::of(definition);
        Self { states: names.states(), steps: names.steps(), mistakes: Vec::new() }
    }
}

impl Reader<'_> {
    /// What was wrong so far.
    pub(super) fn mistakes(&self) -> &[Diagnostic] {
        &self.mistakes
    }

    /// Whether a step is called this; an item of an `each` is, by its number.
    pub(super) fn has_step(&self, name: &str) -> bool {
        self.steps.contains(name) || whole(name).is_some_and(|whole| self.steps.contains(whole))
    }

    pub(super) fn scenario(&mut self, test: &Value, at: &str) -> Option<Scenario> {
        let object =
            self.object(test, at, "a scenario is an object with a `name` and a `script`")?;
        self.fields(object, at, &["name", "at", "given", "script"]);
        let name = object.get("name").and_then(Value::as_str).unwrap_or_default();
        if name.trim().is_empty() {
            let message = "a scenario has a name, which says what the workflow does";
            self.mistake("scenario-name", &format!("{at}/name"), message);
        }
        let starts = match object.get("at") {
            None => AT.parse().ok(),
            Some(moment) => self.moment(moment, &format!("{at}/at")),
        };
        let given = self.given(object.get("given"), &format!("{at}/given"));
        let (start, script) = self.script(object.get("script"), &format!("{at}/script"));
        Some(Scenario {
            name: name.to_owned(),
            pointer: at.to_owned(),
            at: starts?,
            given,
            start,
            script,
        })
    }

    fn given(&mut self, given: Option<&Value>, at: &str) -> Given {
        let Some(given) = given else { return Given::default() };
        let Some(object) = self.object(given, at, "`given` is an object") else {
            return Given::default();
        };
        self.fields(object, at, &["input", "contact", "tenant", "channel", "context", "steps"]);
        let mut scope = Map::new();
        for field in ["contact", "tenant", "channel"] {
            if let Some(value) = object.get(field) {
                self.object(value, &format!("{at}/{field}"), "this is an object");
                scope.insert(field.to_owned(), value.clone());
            }
        }
        let mut own = |field: &str| {
            let value = object.get(field)?;
            self.object(value, &format!("{at}/{field}"), "this is an object").cloned()
        };
        let (context, steps) = (own("context"), own("steps"));
        let steps = steps.unwrap_or_default();
        for (name, outcomes) in &steps {
            let at = format!("{at}/steps/{}", pointer_token(name));
            self.step_name(name, &at);
            self.outcomes(outcomes, &at);
        }
        Given {
            input: object.get("input").cloned().unwrap_or_default(),
            scope: if scope.is_empty() { Value::Null } else { Value::Object(scope) },
            context: context.unwrap_or_default(),
            steps,
        }
    }

    fn outcomes(&mut self, outcomes: &Value, at: &str) {
        match outcomes {
            Value::Array(list) if list.is_empty() => {
                self.mistake("scenario-shape", at, "a list of outcomes has at least one");
            }
            Value::Array(list) => {
                for (index, outcome) in list.iter().enumerate() {
                    self.outcome(outcome, &format!("{at}/{index}"), &["output", "error"]);
                }
            }
            one => self.outcome(one, at, &["output", "error"]),
        }
    }

    fn outcome(&mut self, outcome: &Value, at: &str, known: &[&str]) {
        let shape = "an outcome is {\"output\": …} or {\"error\": {\"code\": …, \"message\": …}}";
        let Some(object) = self.object(outcome, at, shape) else { return };
        self.fields(object, at, known);
        match (object.get("output"), object.get("error")) {
            (Some(_), None) => {}
            (None, Some(Value::Object(error))) => {
                self.fields(error, &format!("{at}/error"), &["code", "message"]);
            }
            _ => self.mistake("scenario-shape", at, shape),
        }
    }

    /// The starting message with its place, and the lines after it.
    fn script(
        &mut self,
        script: Option<&Value>,
        at: &str,
    ) -> ((Map<String, Value>, String), Vec<Line>) {
        let start = (Map::new(), format!("{at}/0"));
        let Some(Value::Array(lines)) = script else {
            self.mistake("scenario-shape", at, "`script` is a list of lines");
            return (start, Vec::new());
        };
        if lines.len() > LINES_MAX {
            self.mistake("scenario-limit", at, format!("{LINES_MAX} lines are the most"));
        }
        let first = lines.first().and_then(|line| line.get("start"));
        let body = match first {
            Some(body) => self.start(body, &format!("{at}/0")),
            None => {
                let message = "a script begins with a `start`";
                self.mistake("scenario-start", &format!("{at}/0"), message);
                self.help("{\"start\": {}}, or {\"start\": {\"text\": \"Hello\"}} for a message.");
                Map::new()
            }
        };
        let rest = lines.iter().enumerate().take(LINES_MAX).skip(usize::from(first.is_some()));
        let lines =
            rest.filter_map(|(index, line)| self.line(line, format!("{at}/{index}"))).collect();
        ((body, start.1), lines)
    }

    fn start(&mut self, body: &Value, at: &str) -> Map<String, Value> {
        let at = format!("{at}/start");
        let shape = "`start` is the message that starts it, or {} for a start without one";
        let mut body = self.object(body, &at, shape).cloned().unwrap_or_default();
        if body.contains_key("text") {
            body.entry("messageType").or_insert_with(|| "text".into());
        }
        body
    }

    pub(super) fn line(&mut self, line: &Value, pointer: String) -> Option<Line> {
        let at = pointer.as_str();
        let shape = "a line is an object with one field, e.g. {\"say\": \"Hello\"}";
        let object = self.object(line, at, shape)?;
        let mut known = object.keys().filter(|key| LINES.contains(&key.as_str()));
        let (Some(verb), None) = (known.next(), known.next()) else {
            self.mistake("scenario-line", at, shape);
            if let Some(word) = object.keys().next().filter(|key| !LINES.contains(&key.as_str())) {
                self.help(&suggest::help(word, LINES.iter().copied()));
            }
            return None;
        };
        self.fields(object, at, &[verb]);
        let (value, at) = (&object[verb], format!("{at}/{verb}"));
        let act = match verb.as_str() {
            "start" => {
                self.mistake("scenario-start", &at, "only the first line is a `start`");
                return None;
            }
            "say" => Act::Say(self.text(value, &at)?),
            "press" => Act::Press(self.text(value, &at)?),
            "send" => self.send(value, &at)?,
            "wait" => Act::Wait(self.duration(value, &at)?, written(value)),
            "step" => self.settle(value, &at)?,
            _ => Act::Expect(Box::new(self.expect(value, &at)?)),
        };
        Some(Line { pointer, act })
    }

    fn send(&mut self, value: &Value, at: &str) -> Option<Act> {
        let shape = "an event is an object with a `type`";
        let object = self.object(value, at, shape)?;
        let Some(kind) = object.get("type").and_then(Value::as_str) else {
            self.mistake("scenario-shape", at, shape);
            return None;
        };
        if INTERNAL.contains(&kind) {
            let message = format!("`{kind}` is an event of the engine itself");
            self.mistake("scenario-line", &format!("{at}/type"), message);
            self.help(
                "Use {\"wait\": \"1h\"} for time, and {\"step\": …} for what a step answers.",
            );
        }
        Some(Act::Send(kind.to_owned(), object.clone()))
    }

    fn settle(&mut self, value: &Value, at: &str) -> Option<Act> {
        let shape = "a step is settled by {\"of\": <kind or node>, \"output\" or \"error\": …}";
        let object = self.object(value, at, shape)?;
        self.outcome(value, at, &["of", "output", "error"]);
        let Some(of) = object.get("of").and_then(Value::as_str) else {
            self.mistake("scenario-shape", at, shape);
            return None;
        };
        self.step_name(of, &format!("{at}/of"));
        let mut outcome = object.clone();
        outcome.remove("of");
        Some(Act::Settle(of.to_owned(), Value::Object(outcome)))
    }

    fn step_name(&mut self, name: &str, at: &str) {
        if !self.has_step(name) {
            let help = suggest::help(name, self.steps.iter().map(String::as_str));
            self.mistake(
                "scenario-node",
                at,
                format!("no step of this workflow is called `{name}`"),
            );
            self.help(&help);
        }
    }

    /// A name of a state must be known.
    pub(super) fn state_name(&mut self, name: &str, at: &str) {
        if !self.states.contains(name) {
            let help = suggest::help(name, self.states.iter().copied());
            self.mistake(
                "scenario-node",
                at,
                format!("this workflow has no state or node `{name}`"),
            );
            self.help(&help);
        }
    }

    pub(super) fn mistake(&mut self, code: &'static str, at: &str, message: impl Into<String>) {
        self.mistakes.push(Diagnostic::error(code, at, message));
    }

    /// Adds the cure to the last mistake.
    pub(super) fn help(&mut self, help: &str) {
        if let Some(last) = self.mistakes.last_mut() {
            last.help = Some(help.to_owned());
        }
    }

    pub(super) fn fields(&mut self, object: &Map<String, Value>, at: &str, known: &[&str]) {
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            let at = format!("{at}/{}", pointer_token(key));
            self.mistake("scenario-field", &at, format!("`{key}` means nothing here"));
            self.help(&suggest::help(key, known.iter().copied()));
        }
    }

    pub(super) fn object<'v>(
        &mut self,
        value: &'v Value,
        at: &str,
        shape: &str,
    ) -> Option<&'v Map<String, Value>> {
        if value.as_object().is_none() {
            self.mistake("scenario-shape", at, shape);
        }
        value.as_object()
    }

    pub(super) fn text(&mut self, value: &Value, at: &str) -> Option<String> {
        if !value.is_string() {
            self.mistake("scenario-shape", at, "this is a text");
        }
        value.as_str().map(str::to_owned)
    }

    pub(super) fn moment(&mut self, value: &Value, at: &str) -> Option<DateTime<Utc>> {
        let moment = value.as_str().and_then(|text| text.parse().ok());
        if moment.is_none() {
            let message = format!("{value} is not a date and time like 2026-01-01T09:00:00Z");
            self.mistake("scenario-time", at, message);
        }
        moment
    }

    fn duration(&mut self, value: &Value, at: &str) -> Option<i64> {
        let ms = duration_ms(value);
        if ms.is_none() {
            let message = format!("{value} is not a length of time like 2h, 30m or PT10M");
            self.mistake("scenario-time", at, message);
        }
        ms
    }
}

fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| format!("{value} ms"), str::to_owned)
}
