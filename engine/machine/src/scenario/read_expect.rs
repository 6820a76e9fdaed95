//! Reads what a line expects.

use super::{
    compare::{compile, pattern},
    form::{Due, Expected},
    read::Reader,
};
use crate::simulate::duration_ms;
use serde_json::Value;
use workflows::{diagnostic::pointer_token, suggest};

const FIELDS: &[&str] =
    &["said", "buttons", "state", "status", "context", "output", "commands", "unhandled", "timers"];

const STATUSES: &[&str] = &["active", "done", "error"];

impl Reader<'_> {
    pub(super) fn expect(&mut self, value: &Value, at: &str) -> Option<Expected> {
        let object = self.object(value, at, "`expect` is an object")?;
        self.fields(object, at, FIELDS);
        let mut expected = Expected::default();
        for (field, value) in object {
            let at = format!("{at}/{field}");
            match field.as_str() {
                "said" => expected.said = self.patterns(value, &at),
                "buttons" => expected.buttons = self.texts(value, &at),
                "state" => expected.state = self.states(value, &at),
                "status" => expected.status = self.status(value, &at),
                "context" => expected.context = self.partial(value, &at),
                "output" => expected.output = self.partial(value, &at),
                "commands" => expected.commands = self.commands(value, &at),
                "unhandled" => expected.unhandled = self.truth(value, &at),
                "timers" => expected.timers = self.timers(value, &at),
                _ => {}
            }
        }
        Some(expected)
    }

    /// One text, or several.
    fn texts(&mut self, value: &Value, at: &str) -> Option<Vec<String>> {
        let Value::Array(items) = value else {
            return self.text(value, at).map(|text| vec![text]);
        };
        let texts = items.iter().enumerate();
        texts.map(|(index, item)| self.text(item, &format!("{at}/{index}"))).collect()
    }

    fn patterns(&mut self, value: &Value, at: &str) -> Option<Vec<String>> {
        self.partial(value, at);
        self.texts(value, at)
    }

    fn states(&mut self, value: &Value, at: &str) -> Option<Vec<String>> {
        let names = self.texts(value, at)?;
        for (index, name) in names.iter().enumerate() {
            let at = if value.is_array() { format!("{at}/{index}") } else { at.to_owned() };
            self.state_name(name, &at);
        }
        Some(names)
    }

    fn status(&mut self, value: &Value, at: &str) -> Option<String> {
        let status = self.text(value, at)?;
        if !STATUSES.contains(&status.as_str()) {
            self.mistake("scenario-shape", at, format!("`{status}` is not a status"));
            self.help(&suggest::help(&status, STATUSES.iter().copied()));
        }
        Some(status)
    }

    fn truth(&mut self, value: &Value, at: &str) -> Option<bool> {
        if !value.is_boolean() {
            self.mistake("scenario-shape", at, "this is true or false");
        }
        value.as_bool()
    }

    /// A value that is compared in part: every pattern in it must be one.
    fn partial(&mut self, value: &Value, at: &str) -> Option<Value> {
        match value {
            Value::String(text) => {
                if let Some(Err(why)) = pattern(text).map(compile) {
                    let message = format!("{text} cannot be read as a pattern: {why}");
                    self.mistake("scenario-pattern", at, message);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.partial(item, &format!("{at}/{index}"));
                }
            }
            Value::Object(fields) => {
                for (key, field) in fields {
                    self.partial(field, &format!("{at}/{}", pointer_token(key)));
                }
            }
            _ => {}
        }
        Some(value.clone())
    }

    fn commands(&mut self, value: &Value, at: &str) -> Option<Vec<Value>> {
        let Value::Array(commands) = value else {
            let shape =
                "`commands` is a list, e.g. [{\"type\": \"run_step\", \"kind\": \"slack.post\"}]";
            self.mistake("scenario-shape", at, shape);
            return None;
        };
        self.partial(value, at);
        Some(commands.clone())
    }

    fn timers(&mut self, value: &Value, at: &str) -> Option<Vec<(String, Due)>> {
        let timers =
            self.object(value, at, "`timers` is an object by node, e.g. {\"ask\": \"30m\"}")?;
        let mut read = Vec::new();
        for (name, value) in timers {
            let at = format!("{at}/{}", pointer_token(name));
            let due = match duration_ms(value) {
                Some(ms) => Some(Due::In(ms)),
                None => self.moment(value, &at).map(Due::At),
            };
            read.extend(due.map(|due| (name.clone(), due)));
        }
        Some(read)
    }
}
