//! Everything the machine knows of one instance between two events.

use crate::{command::CommandId, event::Event};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where the life of an instance stands. (Whether an active one is `running` or `waiting` follows from its open steps.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// Takes events.
    Active,
    /// Needs someone: a step gave up, or a turn failed. Holds what arrives.
    Stuck,
    /// Ops stopped it. Holds what arrives.
    Suspended,
    /// Reached its end.
    Completed,
    /// Reached an end that means failure.
    Failed,
    /// Ops ended it.
    Cancelled,
}

impl Life {
    /// Whether nothing can happen to it any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// The state of one instance. A value: it serializes to the stored form, and does not depend on a definition's digest
/// (states are named by path), so it can be read beside any version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Turns applied so far; the started turn is 1.
    pub seq: u64,
    /// Where its life stands.
    pub life: Life,
    /// Paths of the active leaves, in document order.
    pub configuration: Vec<String>,
    /// Everything below changes rarely and is small, or is kept apart in the store.
    pub memo: Memo,
    /// The workflow's own data.
    pub context: Value,
}

impl State {
    /// Before the started turn.
    pub fn unborn(seed: String) -> Self {
        Self {
            seq: 0,
            life: Life::Active,
            configuration: Vec::new(),
            memo: Memo { seed, ..Memo::default() },
            context: Value::Null,
        }
    }
}

/// The machine's own bookkeeping.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "snake_case")]
pub struct Memo {
    /// What `random()` is a hash of, with the sequence number and the call's index.
    pub seed: String,
    /// The input it was started with.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub input: Value,
    /// `{contact, tenant, channel}` as last told by an event's `scope`.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub scope: Value,
    /// Steps and children asked for and not settled, by invoke id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<String, OpenStep>,
    /// Timers set and not fired, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub timers: BTreeMap<String, OpenTimer>,
    /// History values: path of the history state's parent to the paths of what was active.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub history: BTreeMap<String, Vec<String>>,
    /// Events no transition was enabled for, kept by policy, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deferred: Vec<Deferred>,
    /// Events that arrived while stuck or suspended, oldest first. The one that made it stuck stands first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Event>,
    /// Why it is stuck.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<Incident>,
    /// Output, once completed; error, once failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
}

/// A step or awaited child that has not been settled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenStep {
    /// The command that started it.
    pub id: CommandId,
    /// Path of the invoking state.
    pub state: String,
    /// Node kind, or `workflow:<name>`.
    pub kind: String,
}

/// A timer that has not fired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenTimer {
    /// The command that set it.
    pub id: CommandId,
    /// When it is due.
    pub due: DateTime<Utc>,
    /// Path of the state it belongs to and dies with; null for a delayed raise, which nothing but a cancel stops.
    pub state: Option<String>,
    /// The internal event it becomes (`xstate.after.…`, or the raised event).
    pub event: Value,
}

/// An event that waits for a transition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deferred {
    /// The event.
    pub event: Event,
    /// Dropped after this.
    pub until: DateTime<Utc>,
}

/// Why an instance is stuck.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// `step-failed`, `step-unknown`, `expression`, `microsteps`, `context-size`, `unhandled`, …
    pub code: String,
    /// For people.
    pub message: String,
    /// Path of the state it is about.
    pub state: Option<String>,
    /// The step it is about, by invoke id.
    pub step: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The turn in which it got stuck.
    pub seq: u64,
}
