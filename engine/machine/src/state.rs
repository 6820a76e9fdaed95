//! Everything the machine knows of one instance between two events.

use crate::{command::CommandId, event::Event};
use chrono::{DateTime, Utc};
use litemap::LiteMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use workflows::chart::Policy;

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
    /// The machine's own bookkeeping; shared with copies of the state until one of them changes it.
    pub memo: Arc<Memo>,
    /// The workflow's own data; shared with copies of the state until one of them changes it.
    pub context: Arc<Value>,
}

impl State {
    /// Before the started turn.
    pub fn unborn(seed: String) -> Self {
        Self {
            seq: 0,
            life: Life::Active,
            configuration: Vec::new(),
            memo: Arc::new(Memo { seed: seed.into(), ..Memo::default() }),
            context: Arc::default(),
        }
    }
}

/// The machine's own bookkeeping.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "snake_case")]
pub struct Memo {
    /// What `random()` is a hash of, with the sequence number and the call's index.
    pub seed: Arc<str>,
    /// The input it was started with.
    #[serde(skip_serializing_if = "is_null")]
    pub input: Arc<Value>,
    /// `{contact, tenant, channel}` as last told by an event's `scope`.
    #[serde(skip_serializing_if = "is_null")]
    pub scope: Arc<Value>,
    /// Steps and children asked for and not settled, by invoke id.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    pub steps: LiteMap<String, OpenStep>,
    /// Timers set and not fired, by name.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    pub timers: LiteMap<String, OpenTimer>,
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
    pub incident: Option<Box<Incident>>,
    /// Output, once completed; error, once failed.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    pub result: Option<Value>,
    /// Invokes under way that run once per item, by invoke id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub each: BTreeMap<String, OpenEach>,
    /// Undo steps registered and not run, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<UndoStep>,
    /// The compensation under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compensation: Option<Box<Compensation>>,
    /// What the expressions of a state see as `input`, by path of the state; of those that were entered with one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Value>,
    /// Children started so far, also detached ones, and those taken back.
    #[serde(skip_serializing_if = "is_zero")]
    pub children: u32,
}

fn is_null(value: &Arc<Value>) -> bool {
    value.is_null()
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Memo {
    /// Forgets what timers were computed from. Releases before 4 of the semantics kept none of it.
    pub fn forget_rules(&mut self) {
        self.timers.iter_mut().for_each(|(_, timer)| timer.rule = None);
    }

    /// Every value that expressions computed, so that the store can bring them into the form they come back in.
    pub fn for_each_value(&mut self, mut change: impl FnMut(&mut Value)) {
        for (_, timer) in self.timers.iter_mut() {
            change(&mut timer.event);
            if let Some(rule) = &mut timer.rule {
                change(&mut rule.given);
            }
        }
        for each in self.each.values_mut() {
            change(&mut each.event);
            each.items.values_mut().chain(each.results.values_mut()).for_each(&mut change);
        }
        self.undo.iter_mut().for_each(|undo| change(&mut undo.input));
        if let Some(compensation) = &mut self.compensation {
            change(&mut compensation.running.input);
            if let Purpose::Fail { error: value } | Purpose::Cancel { result: value } =
                &mut compensation.purpose
            {
                change(value);
            }
        }
        self.inputs.values_mut().for_each(change);
    }
}

/// An invoke that runs once per item. Its items that run are open steps `<invoke id>[<index>]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenEach {
    /// Path of the invoking state.
    pub state: String,
    /// The event at which the state was entered: what inputs of later items see as `event`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub event: Value,
    /// How many items there are.
    pub total: u32,
    /// How many were started.
    pub started: u32,
    /// Those that have no result, by index.
    pub items: BTreeMap<u32, Value>,
    /// The results, by index.
    pub results: BTreeMap<u32, Value>,
}

impl OpenEach {
    /// How many run.
    pub fn running(&self) -> u32 {
        self.started - u32::try_from(self.results.len()).unwrap_or(self.started)
    }
}

/// A step that takes back what another did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UndoStep {
    /// What people know it by: the id of a builder node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Node kind, or `workflow:<name>`.
    pub kind: String,
    /// Its input, as it was when it was registered.
    pub input: Value,
    /// How it is attempted.
    pub policy: Policy,
}

/// Undo steps are being run, last first, one after the other. The one that runs is the open step `<invoke>/<number>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compensation {
    /// The invoke that asked for it; `compensate` when the instance is ending.
    pub invoke: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Which one runs, counted from 1.
    pub number: u32,
    /// The one that runs.
    pub running: UndoStep,
}

impl Compensation {
    /// The id of the step that runs.
    pub fn step(&self) -> String {
        format!("{}/{}", self.invoke, self.number)
    }

    /// Whether the instance ends with it: no state of the workflow takes an event any more.
    pub fn is_ending(&self) -> bool {
        !matches!(self.purpose, Purpose::Invoke { .. })
    }
}

/// What comes after the last undo step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Purpose {
    /// The invoke of a state is done.
    Invoke {
        /// Path of the state.
        state: String,
    },
    /// The instance has failed.
    Fail {
        /// Why.
        error: Value,
    },
    /// The instance is cancelled.
    Cancel {
        /// What it leaves as its result.
        result: Value,
    },
}

/// A value that is there is one, also when it is null: an output of null is not the same as none.
fn some<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
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
    /// What `due` was computed from, if the tenant's settings or the rules of a zone had a say: `ops.reschedule` computes it
    /// again. Every other timer is where it is for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Box<Rule>>,
}

/// The delay of a timer, with what it saw: everything but contact, tenant and channel, which are those of the moment in which
/// it is computed again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The expression.
    pub delay: String,
    /// What it saw as `now`.
    pub at: DateTime<Utc>,
    /// What it reads of `context`, `event`, `input` and the names of its place, by these names.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub given: Value,
    /// The states it asked for, and whether they were active.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub states: BTreeMap<String, bool>,
    /// The turn it drew in, and the number of its first draw; of one that draws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draws: Option<(u64, u32)>,
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
