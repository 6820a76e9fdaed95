//! Expressions of a definition that are evaluated before there is an instance: triggers, and the key it would have.

use chrono::{DateTime, Utc};
use serde_json::Value;
use std::cell::Cell;
use workflows::{
    definition::Definition,
    expr::{EvalError, Fuel, Participants, Scope},
};

/// What is known before an instance starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outside<'a> {
    /// `{contact, tenant, channel}`, or null.
    pub(crate) scope: &'a Value,
    /// The message, or null.
    pub(crate) event: &'a Value,
    pub(crate) input: &'a Value,
    pub(crate) now: DateTime<Utc>,
    /// What `random()` is a hash of.
    pub(crate) seed: &'a str,
}

impl Outside<'_> {
    /// Evaluates with all of that in scope, on full fuel.
    pub(crate) fn evaluate<T>(
        &self,
        definition: &Definition,
        evaluate: impl FnOnce(&Scope<'_>, &Fuel) -> Result<T, EvalError>,
    ) -> Result<T, EvalError> {
        let Participants { contact, tenant, channel, locale, time_zone, resume } =
            Participants::of(self.scope);
        let scope = Scope {
            context: &Value::Null,
            event: self.event,
            input: self.input,
            contact,
            tenant,
            channel,
            now: self.now,
            locals: &Value::Null,
            in_state: &|_| false,
            seed: self.seed,
            seq: 0,
            draws: &Cell::new(0),
            texts: &definition.messages,
            time_zone,
            locale,
            resume,
        };
        evaluate(&scope, &Fuel::default())
    }

    /// The key of an instance of this definition; `None` if it has none, or if its value is null.
    pub(crate) fn key(&self, definition: &Definition) -> Result<Option<String>, EvalError> {
        let Some(key) = &definition.key else { return Ok(None) };
        Ok(match self.evaluate(definition, |scope, fuel| key.evaluate(scope, fuel))? {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        })
    }
}
