//! The key of an instance about to be started, when nobody gave one: the definition's `key` over what it is started with.

use crate::{
    error::{Error, Result},
    outside::Outside,
};
use machine::Start;
use serde_json::Value;
use workflows::definition::Definition;

/// The key; `None` if the definition has none, or if its value is null. `Refused` if it has no value.
pub(crate) fn of(definition: &Definition, start: &Start) -> Result<Option<String>> {
    let outside = Outside {
        scope: &start.scope,
        event: start.trigger.as_ref().unwrap_or(&Value::Null),
        input: &start.input,
        now: start.at,
        seed: &start.seed,
    };
    let key = outside.key(definition);
    key.map_err(|error| Error::Refused(format!("the key has no value: {}", error.message)))
}
