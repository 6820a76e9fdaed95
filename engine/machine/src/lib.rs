//! The pure step: `(definition, state, event) -> (state', commands)`.
//!
//! **Invariant:** no clock, no I/O, no randomness, no logs. Time arrives in the event, chance is a hash of the instance's
//! seed, so the same inputs give the same output, for ever: replay is this function in a loop.

mod actions;
mod apply;
pub mod command;
mod compensate;
mod configuration;
mod due;
mod each;
mod enter_exit;
mod evaluate;
pub mod event;
pub mod explain;
mod fits;
mod invoke;
pub mod life;
mod macrostep;
mod ops;
mod part;
mod rehearsal;
pub mod replay;
mod reschedule;
mod results;
mod run;
pub mod scenario;
mod select;
pub mod simulate;
mod size;
pub mod state;
mod state_set;
mod timers;

use chrono::{DateTime, Utc};
use serde_json::Value;
use workflows::definition::Definition;

pub use command::{Command, CommandId};
pub use configuration::state_value;
pub use event::Event;
pub use fits::fits;
pub use state::{Life, State};

/// What an instance is started with.
#[derive(Debug, Clone)]
pub struct Start {
    /// When.
    pub at: DateTime<Utc>,
    /// The instance's id: what `random()` is a hash of.
    pub seed: String,
    /// Its input.
    pub input: Value,
    /// `{contact, tenant, channel}`, or null.
    pub scope: Value,
    /// The message that triggered it, if one did: the body of a `message` event.
    pub trigger: Option<Value>,
}

/// One turn's result.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The state after.
    pub state: State,
    /// What is asked of the world.
    pub commands: Vec<Command>,
    /// What became of the event.
    pub verdict: Verdict,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A transition was taken, or an ops verb was applied.
    Applied,
    /// No transition was enabled; kept for later.
    Deferred,
    /// No transition was enabled; recorded and forgotten.
    Dropped,
    /// The instance is stuck or suspended; kept until it goes on.
    Held,
    /// Applying it failed; the instance is stuck, and the event is kept for `ops.retry`.
    Stuck,
}

impl Verdict {
    /// As serialized.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Deferred => "deferred",
            Self::Dropped => "dropped",
            Self::Held => "held",
            Self::Stuck => "stuck",
        }
    }
}

/// Starts an instance: enters the initial configuration. Total; a failure shows as `Life::Stuck`.
pub fn start(definition: &Definition, start: Start) -> Step {
    let event = started(&start);
    step(definition, State::unborn(start.seed), &event)
}

/// The `started` event, as it stands in history.
pub fn started(start: &Start) -> Event {
    let mut fields = serde_json::json!({ "input": start.input });
    if !start.scope.is_null() {
        fields["scope"] = start.scope.clone();
    }
    if let Some(trigger) = &start.trigger {
        fields["trigger"] = trigger.clone();
    }
    Event::new(start.at, event::kind::STARTED, fields)
}

/// Applies one event. Total: never panics, never fails; a failure shows as `Life::Stuck` with the event kept.
/// `state.seq` grows by one, always. An event for an instance that is over is `Dropped`.
pub fn step(definition: &Definition, state: State, event: &Event) -> Step {
    apply::apply(definition, state, event)
}
