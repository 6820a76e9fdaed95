//! The key of an instance about to be started, when nobody gave one: the definition's `key` over what it is started with.

use crate::error::{Error, Result};
use machine::Start;
use serde_json::Value;
use std::cell::Cell;
use workflows::{
    definition::Definition,
    expr::{Fuel, Scope},
};

/// The key; `None` if the definition has none, or if its value is null. `Refused` if it has no value.
pub(crate) fn of(definition: &Definition, start: &Start) -> Result<Option<String>> {
    let Some(key) = &definition.key else { return Ok(None) };
    let nothing = Value::Null;
    let part = |name: &str| start.scope.get(name).unwrap_or(&nothing);
    let (contact, tenant) = (part("contact"), part("tenant"));
    let text = |name: &str| {
        let of = |value: &Value| value.get(name).and_then(Value::as_str).map(str::to_owned);
        of(contact).or_else(|| of(tenant))
    };
    let (locale, time_zone) = (text("locale"), text("timeZone"));
    let scope = Scope {
        context: &nothing,
        event: start.trigger.as_ref().unwrap_or(&nothing),
        input: &start.input,
        contact,
        tenant,
        channel: part("channel"),
        now: start.at,
        locals: &nothing,
        in_state: &|_| false,
        seed: &start.seed,
        seq: 0,
        draws: &Cell::new(0),
        texts: &definition.messages,
        time_zone: time_zone.as_deref().unwrap_or("UTC"),
        locale: locale.as_deref().unwrap_or("en"),
    };
    let value = key.evaluate(&scope, &Fuel::default());
    let value = value
        .map_err(|error| Error::Refused(format!("the key has no value: {}", error.message)))?;
    Ok(match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    })
}
