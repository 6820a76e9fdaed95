//! A compiled workflow: the statechart with everything around it. Immutable, named by the digest of its source.

use crate::{
    chart::Chart,
    expr::{Expression, Texts},
    pacing::Pacing,
    schedule::Policies,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A publishable workflow. Compiling the same source with the same release gives the same value.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Name in the tenant, `[a-z0-9][a-z0-9_-]*`.
    pub name: String,
    /// For people.
    pub title: String,
    /// `sha256:<hex>` of the canonical source.
    pub digest: String,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// At most one live instance per value of this expression (over `input`, `contact`, …).
    pub key: Option<Expression>,
    /// JSON Schema of the input, if declared.
    pub input_schema: Option<Value>,
    /// Localized texts, for `t("key")`.
    pub messages: Texts,
    /// What happens to events no transition is enabled for.
    pub unhandled: UnhandledPolicy,
    /// How long a finished instance and its history are kept, in milliseconds; `None`: as the server says.
    pub retention_ms: Option<i64>,
    /// How much of the whole it may take.
    pub pacing: Pacing,
    /// What runs.
    pub chart: Chart,
    /// The machine JSON the chart was parsed from: the upload's own, or the lowered graph.
    pub machine: Value,
}

/// What starts an instance.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// The kind of occasion.
    pub on: TriggerOn,
    /// Only if this holds (over `event`, `contact`, `tenant`, `channel`).
    pub when: Option<Expression>,
    /// Higher goes first; ties by definition name.
    pub priority: i64,
    /// What a matching message does to the conversation's running instance.
    pub policy: TriggerPolicy,
}

/// The occasion of a trigger.
#[derive(Debug, Clone, PartialEq)]
pub enum TriggerOn {
    /// A customer's message.
    Message,
    /// The API or another workflow starts it.
    Start,
    /// The times of a rule.
    Schedule(Box<ScheduleTrigger>),
    /// An event of this name, sent to the tenant: `POST /v1/events`.
    Event(String),
    /// A call to the tenant's webhook of this name.
    Webhook(String),
}

/// A trigger on a schedule, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleTrigger {
    /// Tells it from the definition's other schedules; its number among them if it has none.
    pub name: Option<String>,
    /// The rule.
    pub cron: String,
    /// An IANA zone, or `tenant`.
    pub zone: String,
    /// What the rule does not say.
    pub policies: Policies,
    /// The calendar of the tenant within which it starts something.
    pub calendar: Option<String>,
    /// First moment at which there may be a tick.
    pub starts_at: Option<DateTime<Utc>>,
    /// There is none from here on.
    pub ends_at: Option<DateTime<Utc>>,
    /// Each start is late by up to this much, so that not everything starts at once.
    pub jitter_ms: i64,
    /// What instances are started with.
    pub input: Value,
}

/// What a matching message does when the conversation already has an instance in the foreground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerPolicy {
    /// Cancel it and start this.
    #[default]
    Interrupt,
    /// Put it aside and start this; it comes back when this ends.
    Suspend,
    /// Leave it alone if it waits for a message: the message is an answer.
    IgnoreIfWaiting,
}

/// What happens to an event no transition is enabled for. Step results of a left state are always dropped, on record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct UnhandledPolicy {
    /// For every event not named below.
    pub default: Unhandled,
    /// By event type.
    pub events: BTreeMap<String, Unhandled>,
    /// How long a deferred event is kept; `None` = `limits::DEFER_TTL_MS`.
    pub defer_ttl_ms: Option<i64>,
}

/// One of three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unhandled {
    /// Keep it and offer it again after every later turn.
    #[default]
    Defer,
    /// Record it and forget it.
    Drop,
    /// The instance becomes stuck.
    Error,
}
