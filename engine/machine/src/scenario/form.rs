//! A scenario as it is once it has been read: every duration a number, every line of a known sort.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// What holds before the first line.
#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    /// The instance's input.
    pub(super) input: Value,
    /// `{contact, tenant, channel}`, or null.
    pub(super) scope: Value,
    /// What the initial context has instead of what the definition says, field by field.
    pub(super) context: Map<String, Value>,
    /// Outcomes of steps, by kind or by the name of one step.
    pub(super) steps: Map<String, Value>,
}

/// A line with its place.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// JSON pointer.
    pub(super) pointer: String,
    /// What it says.
    pub(super) act: Act,
}

/// What a line says.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// The customer writes.
    Say(String),
    /// The customer presses what has this id.
    Press(String),
    /// Something else happens: the event's type and its body.
    Send(String, Map<String, Value>),
    /// Time passes: milliseconds, and how it was written.
    Wait(i64, String),
    /// An open step is settled: its name, and `{"output"}` or `{"error"}`.
    Settle(String, Value),
    /// Something is expected.
    Expect(Box<Expected>),
}

/// What is expected; `None` is not looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected {
    pub(super) said: Option<Vec<String>>,
    pub(super) buttons: Option<Vec<String>>,
    pub(super) state: Option<Vec<String>>,
    pub(super) status: Option<String>,
    pub(super) context: Option<Value>,
    pub(super) output: Option<Value>,
    pub(super) commands: Option<Vec<Value>>,
    pub(super) unhandled: Option<bool>,
    pub(super) timers: Option<Vec<(String, Due)>>,
}

/// When a timer is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// This many milliseconds from the moment it is looked at.
    In(i64),
    /// At this moment.
    At(DateTime<Utc>),
}
