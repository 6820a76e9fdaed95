//! Which published definitions a message starts.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::{cell::Cell, sync::Arc};
use workflows::{
    definition::{Definition, Trigger, TriggerOn, TriggerPolicy},
    expr::{EvalError, Fuel, Scope},
};

/// What a trigger looks at.
#[derive(Debug)]
pub(super) struct Occasion<'a> {
    /// The message, as an event.
    pub(super) event: &'a Map<String, Value>,
    /// `{contact, tenant, channel}`.
    pub(super) scope: &'a Value,
    /// What chance is a hash of.
    pub(super) seed: &'a str,
    /// The time of the decision.
    pub(super) now: DateTime<Utc>,
}

/// A trigger that holds.
#[derive(Debug, Clone)]
pub(super) struct Starter {
    pub(super) definition: Arc<Definition>,
    pub(super) policy: TriggerPolicy,
}

/// What a tenant's published definitions start on.
#[derive(Debug, Default)]
pub(super) struct Starters {
    published: Vec<(String, String)>,
    /// Message triggers with their definitions, first come first asked.
    triggers: Vec<(Trigger, Arc<Definition>)>,
}

impl Starters {
    /// From names and digests as the store has them, and the definitions among them that could be read.
    pub(super) fn of(published: Vec<(String, String)>, definitions: Vec<Arc<Definition>>) -> Self {
        let mut triggers = Vec::new();
        for definition in definitions {
            let on_message = definition.triggers.iter().filter(|t| t.on == TriggerOn::Message);
            let found: Vec<_> = on_message.cloned().collect();
            triggers.extend(found.into_iter().map(|t| (t, Arc::clone(&definition))));
        }
        triggers.sort_by(|(a, of_a), (b, of_b)| {
            b.priority.cmp(&a.priority).then_with(|| of_a.name.cmp(&of_b.name))
        });
        Self { published, triggers }
    }

    /// Whether it was made from just these.
    pub(super) fn is_of(&self, published: &[(String, String)]) -> bool {
        self.published == published
    }

    /// Those with a condition that holds, the first one first.
    pub(super) fn matching(&self, occasion: &Occasion<'_>) -> Vec<Starter> {
        let holds = |(trigger, definition): &&(Trigger, Arc<Definition>)| {
            let Some(when) = &trigger.when else { return false };
            let test = evaluate(definition, occasion, |scope, fuel| when.test(scope, fuel));
            test.unwrap_or_else(|error| {
                tracing::debug!(definition = definition.name, error = error.message, "no trigger");
                false
            })
        };
        self.triggers.iter().filter(holds).map(starter).collect()
    }

    /// Those without a condition: for messages that nobody else wants.
    pub(super) fn catch_all(&self) -> Vec<Starter> {
        self.triggers.iter().filter(|(trigger, _)| trigger.when.is_none()).map(starter).collect()
    }
}

fn starter((trigger, definition): &(Trigger, Arc<Definition>)) -> Starter {
    Starter { definition: Arc::clone(definition), policy: trigger.policy }
}

/// The key of the instance that would be started; `None` if the definition has none. An error if it has no value.
pub(super) fn key(
    definition: &Definition,
    occasion: &Occasion<'_>,
) -> Result<Option<String>, EvalError> {
    let Some(key) = &definition.key else { return Ok(None) };
    let value = evaluate(definition, occasion, |scope, fuel| key.evaluate(scope, fuel))?;
    Ok(match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    })
}

fn evaluate<T>(
    definition: &Definition,
    occasion: &Occasion<'_>,
    evaluate: impl FnOnce(&Scope<'_>, &Fuel) -> Result<T, EvalError>,
) -> Result<T, EvalError> {
    let (nothing, input) = (Value::Null, Value::Object(Map::new()));
    let part = |name: &str| occasion.scope.get(name).unwrap_or(&nothing);
    let (contact, tenant) = (part("contact"), part("tenant"));
    let text = |name: &str| {
        let of = |value: &Value| value.get(name).and_then(Value::as_str).map(str::to_owned);
        of(contact).or_else(|| of(tenant))
    };
    let (locale, time_zone) = (text("locale"), text("timeZone"));
    let event = Value::Object(occasion.event.clone());
    let scope = Scope {
        context: &nothing,
        event: &event,
        input: &input,
        contact,
        tenant,
        channel: part("channel"),
        now: occasion.now,
        locals: &nothing,
        in_state: &|_| false,
        seed: occasion.seed,
        seq: 0,
        draws: &Cell::new(0),
        texts: &definition.messages,
        time_zone: time_zone.as_deref().unwrap_or("UTC"),
        locale: locale.as_deref().unwrap_or("en"),
    };
    evaluate(&scope, &Fuel::default())
}
