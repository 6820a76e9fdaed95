//! How long a node waits: the one field of its data that says so, read once for lowering and for the analysis of flows.

use super::model::Node;
use crate::{duration::parse_duration_ms, kinds};
use serde_json::Value;

/// A length of time, or a moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Timing {
    /// Known, in milliseconds.
    Fixed(i64),
    /// An expression that gives a duration or a timestamp.
    Computed(String),
}

/// What a node waits for at most. `None`: it does not wait, or for ever.
pub(crate) fn timing(node: &Node<'_>) -> Option<Timing> {
    match node.kind() {
        "ask" | "wait" | "wait.webhook" | "approval" | "group" => length(node.field("timeout")?),
        "delay" => length(node.field("for")?),
        "until" => moment(node),
        "schedule" | "hours" => kinds::moment(node).map(Timing::Computed),
        _ => None,
    }
}

/// A duration as written: a number of milliseconds, a duration text, or an expression.
pub(crate) fn length(value: &Value) -> Option<Timing> {
    match value {
        Value::Number(number) => number.as_i64().map(Timing::Fixed),
        Value::String(text) => Some(match parse_duration_ms(text) {
            Some(ms) => Timing::Fixed(ms),
            None => Timing::Computed(text.clone()),
        }),
        _ => None,
    }
}

/// Whether a text is a date and time as it stands, and not an expression that gives one.
pub(crate) fn is_moment(text: &str) -> bool {
    chrono::DateTime::parse_from_rfc3339(text.trim()).is_ok()
}

fn moment(node: &Node<'_>) -> Option<Timing> {
    let at = node.text("at");
    if at.is_empty() {
        return None;
    }
    let at = if is_moment(at) {
        format!("timestamp(\"{}\")", at.trim())
    } else {
        format!("timestamp({at})")
    };
    Some(Timing::Computed(match node.field("offset").and_then(length) {
        Some(Timing::Fixed(ms)) => format!("{at} + duration(\"{ms}ms\")"),
        Some(Timing::Computed(offset)) => format!("{at} + ({offset})"),
        None => at,
    }))
}
