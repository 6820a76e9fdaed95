//! One scope for everything that is evaluated: enough data of every sort for an expression to find something.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::{cell::Cell, sync::LazyLock};
use workflows::expr::{Participants, Scope, Texts, Type, TypeEnv};

static CONTEXT: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "n": 3, "big": i64::MAX, "x": 1.5, "name": "Ann", "empty": "", "list": [1, 2.5, "three", null, true, [1]],
        "cart": { "total": 120, "items": [{ "sku": "a", "price": 10 }, { "sku": "b", "price": 2.25 }] },
        "when": "2026-03-29T01:30:00Z", "nothing": null, "yes": true,
    })
});

static PARTICIPANTS: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "contact": { "id": "c1", "phone": "+255700000001", "name": "Ann", "locale": "es-MX", "timeZone": "Europe/Madrid" },
        "tenant": { "name": "Shop", "locale": "en", "timeZone": "UTC", "hours": { "mon": ["09:00-17:00"] } },
        "channel": { "id": "w1", "kind": "whatsapp" },
    })
});

static EVENT: LazyLock<Value> = LazyLock::new(
    || json!({ "type": "message", "text": "Book 2 for tomorrow", "choice": { "id": "yes" } }),
);

/// `{contact, tenant, channel}` as events tell them.
pub(crate) fn participants() -> Value {
    PARTICIPANTS.clone()
}

/// The types of that scope, as far as a definition would declare them.
pub(crate) fn types() -> TypeEnv {
    let schema = json!({
        "type": "object",
        "properties": {
            "n": { "type": "integer" }, "x": { "type": "number" }, "name": { "type": "string" }, "yes": { "type": "boolean" },
            "list": { "type": "array" },
            "cart": { "type": "object", "properties": { "total": { "type": "integer" }, "items": { "type": "array", "items":
                { "type": "object", "properties": { "sku": { "type": "string" }, "price": { "type": "number" } } } } } },
        },
    });
    TypeEnv::standard().with("context", Type::from_json_schema(&schema))
}

/// Runs with the scope, at one fixed moment.
pub(crate) fn with_scope<T>(run: impl FnOnce(&Scope<'_>) -> T) -> T {
    let (texts, draws) = (Texts::default(), Cell::new(0));
    let Participants { contact, tenant, channel, locale, time_zone, resume } =
        Participants::of(&PARTICIPANTS);
    let nothing = Value::Null;
    run(&Scope {
        context: &CONTEXT,
        event: &EVENT,
        input: &nothing,
        contact,
        tenant,
        channel,
        now: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_540),
        locals: &nothing,
        in_state: &|name| name == "asking",
        seed: "fuzz",
        seq: 7,
        draws: &draws,
        texts: &texts,
        time_zone,
        locale,
        resume,
    })
}
