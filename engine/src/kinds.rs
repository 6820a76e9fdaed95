//! What the engine knows of a node kind: its effect.

use serde_json::Value;
use workflows::spec::Effect;

/// How steps of this kind are attempted; `None` if it is not known.
pub(crate) fn effect(kind: &str) -> Option<Effect> {
    workflows::kinds::find(kind).and_then(|spec| spec.effect)
}

/// Whether a try of this step must be on record before its first byte is sent. An unknown kind is not trusted.
pub(crate) fn is_unsafe(kind: &str, input: &Value) -> bool {
    effect(kind).is_none_or(|effect| !(effect.is_idempotent)(input))
}
