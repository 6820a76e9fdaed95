//! A past fact for an instance, as the machine sees it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One event. Its body is one flat JSON object whose `type` names it; expressions see exactly that body as `event`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it happened for this instance: the only clock an expression has. Never goes back along a history.
    pub at: DateTime<Utc>,
    /// `{"type": "message", "text": "hi"}`.
    pub body: Map<String, Value>,
}

/// Types of events the engine itself makes. Everything else is a signal of the outside and named by its sender.
pub mod kind {
    /// The first event of every instance: `{input, scope?, trigger?: <body of the message that triggered it>}`.
    pub const STARTED: &str = "started";
    /// A customer's message: `{text, messageType, choice?: {id, title}, media?, location?, …}`.
    pub const MESSAGE: &str = "message";
    /// A timer fired: `{id: <name>, timer: "<seq>.<index>"}`.
    pub const TIMER: &str = "timer";
    /// A step, or an awaited child, succeeded: `{id: <invoke id>, output, step?: "<seq>.<index>"}`.
    pub const STEP_DONE: &str = "step.done";
    /// It failed for good: `{id, error: {code, message}, step?}`.
    pub const STEP_FAILED: &str = "step.failed";
    /// Nobody knows whether it happened, and policy says a person decides: `{id, error, step?}`.
    pub const STEP_UNKNOWN: &str = "step.unknown";
    /// Ops: try again what made the instance stuck: `{id?, definition?: {version, digest}}`. With a `definition` it is
    /// applied with that one or not at all.
    pub const RETRY: &str = "ops.retry";
    /// Ops: take `{output}` as the result of the open step `{id}`.
    pub const SKIP: &str = "ops.skip";
    /// Ops: hold everything that arrives.
    pub const SUSPEND: &str = "ops.suspend";
    /// Ops: go on, held events first.
    pub const RESUME: &str = "ops.resume";
    /// Ops: end it.
    pub const CANCEL: &str = "ops.cancel";
    /// The engine: the tenant's settings, or the rules of time zones, are now `{scope}`: timers that were computed from them
    /// are computed again. Nothing else happens, whatever the instance's life.
    pub const RESCHEDULE: &str = "ops.reschedule";
    /// Recorded only, changes nothing (e.g. an attempt that is worth telling).
    pub const NOTE: &str = "note";
}

impl Event {
    /// An event of this type with these fields (a JSON object, or null for none).
    pub fn new(at: DateTime<Utc>, kind: &str, fields: Value) -> Self {
        let mut body = match fields {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        body.insert("type".to_owned(), Value::String(kind.to_owned()));
        Self { at, body }
    }

    /// Its type; empty if the body has none.
    pub fn kind(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// A text field of the body.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field).and_then(Value::as_str)
    }
}
