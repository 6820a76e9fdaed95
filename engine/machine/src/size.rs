//! How much room a value takes, for the bounds.

use crate::state::{Memo, UndoStep};
use serde_json::{Map, Value};

/// The length of the JSON text, near enough for a bound, without writing it.
pub(crate) fn json_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 12,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(|item| json_bytes(item) + 1).sum::<usize>(),
        Value::Object(map) => map_bytes(map),
    }
}

/// The same of an object.
pub(crate) fn map_bytes(map: &Map<String, Value>) -> usize {
    2 + map.iter().map(|(key, value)| key.len() + 4 + json_bytes(value)).sum::<usize>()
}

/// What an instance keeps for later besides events: items and results of an `each`, undo steps, inputs of states.
pub(crate) fn kept_bytes(memo: &Memo) -> usize {
    let undo = |undo: &UndoStep| json_bytes(&undo.input) + undo.kind.len() + 128;
    let each = memo.each.values().map(|each| {
        let values = each.items.values().chain(each.results.values());
        json_bytes(&each.event) + values.map(|value| json_bytes(value) + 8).sum::<usize>()
    });
    let running = memo.compensation.as_ref().map_or(0, |compensation| undo(&compensation.running));
    running
        + each.sum::<usize>()
        + memo.undo.iter().map(undo).sum::<usize>()
        + memo.inputs.values().map(json_bytes).sum::<usize>()
}
