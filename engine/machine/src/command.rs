//! What a turn asks of the world. Commands are rows; nothing happens until they are committed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{fmt, str::FromStr};
use workflows::chart::Policy;

/// Names a command for ever: the turn that issued it and its place in that turn. Derived, never drawn, so a turn that is
/// computed again makes the same id and with it the same idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId {
    /// The turn.
    pub seq: u64,
    /// Place among the turn's commands.
    pub index: u32,
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.seq, self.index)
    }
}

impl FromStr for CommandId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (seq, index) = text.split_once('.').ok_or(())?;
        Ok(Self { seq: seq.parse().map_err(|_| ())?, index: index.parse().map_err(|_| ())? })
    }
}

impl Serialize for CommandId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CommandId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|()| serde::de::Error::custom("a command id is `<seq>.<index>`"))
    }
}

/// An imperative going out. Serialized as `{"type": "run_step", …}` into history and the command line's JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Run a node.
    RunStep {
        /// The command's id.
        id: CommandId,
        /// The invoke it belongs to; its result event carries this as `id`.
        invoke: String,
        /// Node kind.
        kind: String,
        /// Computed input.
        input: Value,
        /// How to attempt it.
        policy: Policy,
    },
    /// Run an open step again after ops asked for it; the row keeps its id, key and input. (A child that failed is over:
    /// trying again is a `StartChild` of its own.)
    RetryStep {
        /// The step.
        step: CommandId,
        /// Its invoke.
        invoke: String,
    },
    /// The state that invoked it was left: drop the step if it has not been settled.
    CancelStep {
        /// The step.
        step: CommandId,
        /// Its invoke.
        invoke: String,
    },
    /// Wake the instance at a time.
    SetTimer {
        /// The command's id.
        id: CommandId,
        /// Name; the timer event carries it as `id`.
        name: String,
        /// When.
        due: DateTime<Utc>,
    },
    /// The state that set it was left.
    CancelTimer {
        /// The timer.
        timer: CommandId,
        /// Its name.
        name: String,
    },
    /// Start a child instance.
    StartChild {
        /// The command's id; the child's instance id is derived from it.
        id: CommandId,
        /// The invoke that waits for it.
        invoke: String,
        /// Definition name; the published version at that moment is taken.
        workflow: String,
        /// The child's input.
        input: Value,
        /// Not waited for, not cancelled with the parent.
        detach: bool,
    },
    /// The state that waits for the child was left.
    CancelChild {
        /// The start command.
        child: CommandId,
        /// Its invoke.
        invoke: String,
    },
    /// `@xstate.emit`.
    Emit {
        /// The event.
        event: Value,
    },
    /// `@xstate.log`.
    Log {
        /// The message.
        message: Value,
    },
    /// The instance reached a top-level final state.
    Complete {
        /// Its output.
        output: Value,
    },
    /// It reached a final state that means failure, or ops gave it up.
    Fail {
        /// Why.
        error: Value,
    },
}
