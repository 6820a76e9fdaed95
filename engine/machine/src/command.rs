//! What a turn asks of the world. Commands are rows; nothing happens until they are committed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{fmt, str::FromStr};
use workflows::{chart::Policy, spec::OnUnknown};

/// Names a command for ever: the turn that issued it and its place in that turn. Derived, never drawn, so a turn that is
/// computed again makes the same id and with it the same idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId {
    /// The turn.
    pub seq: u64,
    /// Place among the turn's commands.
    pub index: u32,
}

/// Most bytes the text of an id has: two whole numbers and a dot.
const ID_BYTES_MAX: usize = 20 + 1 + 10;

impl CommandId {
    /// Its text, `<seq>.<index>`. Every turn names some, several times.
    fn text(self, buffer: &mut [u8; ID_BYTES_MAX]) -> &str {
        let mut end = 0;
        let (mut seq, mut index) = (itoa::Buffer::new(), itoa::Buffer::new());
        for part in [seq.format(self.seq), ".", index.format(self.index)] {
            buffer[end..end + part.len()].copy_from_slice(part.as_bytes());
            end += part.len();
        }
        std::str::from_utf8(&buffer[..end]).unwrap_or_default()
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text(&mut [0; ID_BYTES_MAX]))
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
        serializer.serialize_str(self.text(&mut [0; ID_BYTES_MAX]))
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
        /// How to attempt it; the usual way if history does not say.
        #[serde(default = "usual_policy")]
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

/// How most steps are attempted. History does not repeat it for each; what stands here never changes, because old histories mean
/// it by saying nothing.
fn usual_policy() -> Policy {
    Policy {
        timeout_ms: 30_000,
        max_attempts: 6,
        backoff_ms: 1_000,
        backoff_max_ms: 300_000,
        on_unknown: OnUnknown::Retry,
        priority: None,
        paces: Vec::new(),
    }
}

/// Commands as history keeps them: as they serialize, but that a step attempted in the usual way does not say how.
pub fn kept(commands: &[Command]) -> impl Serialize + '_ {
    Kept(commands)
}

struct Kept<'a>(&'a [Command]);

impl Serialize for Kept<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let usual = usual_policy();
        serializer.collect_seq(self.0.iter().map(|command| match command {
            Command::RunStep { id, invoke, kind, input, policy } if *policy == usual => {
                KeptCommand::Usual(Usual::RunStep { id, invoke, kind, input })
            }
            other => KeptCommand::Other(other),
        }))
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum KeptCommand<'a> {
    Usual(Usual<'a>),
    Other(&'a Command),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Usual<'a> {
    RunStep { id: &'a CommandId, invoke: &'a str, kind: &'a str, input: &'a Value },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let step = |policy| Command::RunStep {
            id: CommandId { seq: 3, index: 0 },
            invoke: "work".to_owned(),
            kind: "noop".to_owned(),
            input: Value::Null,
            policy,
        };
        let hurried = Policy { timeout_ms: 5, ..usual_policy() };
        let commands = [step(usual_policy()), step(hurried), Command::Log { message: Value::Null }];
        let text = serde_json::to_string(&kept(&commands)).unwrap();
        assert_eq!(text.matches("policy").count(), 1, "{text}");
        assert_eq!(serde_json::from_str::<Vec<Command>>(&text).unwrap(), commands);
    }
}
