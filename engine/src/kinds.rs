//! What the engine knows of a node kind: its effect.

use serde_json::Value;
use workflows::spec::Effect;

/// Sends an event to another instance.
pub(crate) const SIGNAL: &str = "signal";
/// Ends another instance.
pub(crate) const CANCEL: &str = "cancel";

/// Whether the engine runs steps of this kind itself; no node and no account is asked.
pub(crate) fn is_own(kind: &str) -> bool {
    workflows::kinds::is_run_by_engine(kind)
}

/// How steps of this kind are attempted; `None` if it is not known.
pub(crate) fn effect(kind: &str) -> Option<Effect> {
    workflows::kinds::find(kind).and_then(|spec| spec.effect)
}

/// Every kind that needs an account, with the provider it is to be at.
pub(crate) fn providers() -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = workflows::kinds::all().iter();
    all.filter_map(|spec| Some((spec.kind, spec.effect?.provider?)))
}

/// Whether a try of this step must be on record before its first byte is sent. An unknown kind is not trusted; what the
/// engine runs itself is deduplicated by the step's key.
pub(crate) fn is_unsafe(kind: &str, input: &Value) -> bool {
    !is_own(kind) && effect(kind).is_none_or(|effect| !(effect.is_idempotent)(input))
}
