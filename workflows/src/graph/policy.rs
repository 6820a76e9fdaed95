//! How a step is attempted, as a node's `policy` says it: `timeout`, `maxAttempts`, `backoff`, `backoffMax`, `onUnknown`,
//! `acceptDuplicates`, `rate`. Durations are texts or milliseconds.

use super::{emit::Object, fields::Checker, model::Node, timing};
use crate::pacing::Rate;
use crate::{
    kinds,
    spec::{NodeSpec, OnUnknown},
};
use serde_json::Value;

const DURATIONS: &[(&str, &str)] =
    &[("timeout", "timeoutMs"), ("backoff", "backoffMs"), ("backoffMax", "backoffMaxMs")];
const KNOWN: &[&str] =
    &["timeout", "maxAttempts", "backoff", "backoffMax", "onUnknown", "acceptDuplicates", "rate"];
const ON_UNKNOWN: &[&str] = &["retry", "check", "ask", "assume_done", "assume_failed"];
const ATTEMPTS_MAX: i64 = 1_000;

/// Whether a node of this kind attempts steps, and so may have a policy. A question is sent by one.
pub(super) fn applies(spec: &NodeSpec) -> bool {
    spec.effect.is_some() || spec.kind == "ask"
}

/// The policy of the node's invoke; `None` if the kind's defaults hold.
pub(crate) fn lower(node: &Node<'_>) -> Option<Object> {
    let given = node.field("policy")?.as_object()?;
    let mut policy = Object::new();
    for (name, lowered) in DURATIONS {
        if let Some(timing::Timing::Fixed(ms)) = given.get(*name).and_then(timing::length) {
            policy.insert((*lowered).to_owned(), ms.max(0).into());
        }
    }
    for name in ["maxAttempts", "onUnknown", "acceptDuplicates", "rate"] {
        if let Some(value) = given.get(name).filter(|value| !value.is_null()) {
            policy.insert(name.to_owned(), value.clone());
        }
    }
    Some(policy)
}

pub(super) fn check(spec: &NodeSpec, data: &Object, checker: &mut Checker<'_>) {
    let Some(policy) = data.get("policy").filter(|policy| !policy.is_null()) else { return };
    let Some(policy) = policy.as_object() else {
        checker.error(
            "wrong-shape",
            "/policy",
            "a policy must be an object, like {\"timeout\": \"30s\"}",
        );
        return;
    };
    checker.known_keys(policy, KNOWN, "/policy");
    for (name, _) in DURATIONS {
        let Some(value) = policy.get(*name).filter(|value| !value.is_null()) else { continue };
        match timing::length(value) {
            Some(timing::Timing::Fixed(ms)) if ms >= 0 => {}
            _ => checker
                .error(
                    "wrong-shape",
                    &format!("/policy/{name}"),
                    format!("`{name}` must be a duration"),
                )
                .help("Write it like 30s or PT30S; it is not computed."),
        }
    }
    if let Some(attempts) = policy.get("maxAttempts").filter(|value| !value.is_null())
        && !attempts.as_i64().is_some_and(|n| (1..=ATTEMPTS_MAX).contains(&n))
    {
        let message = format!("`maxAttempts` must be a number from 1 to {ATTEMPTS_MAX}");
        checker.error("wrong-shape", "/policy/maxAttempts", message);
    }
    if policy.get("acceptDuplicates").is_some_and(|v| !v.is_boolean() && !v.is_null()) {
        checker.error(
            "wrong-shape",
            "/policy/acceptDuplicates",
            "`acceptDuplicates` must be true or false",
        );
    }
    if let Some(rate) = policy.get("rate").filter(|value| !value.is_null())
        && rate.as_str().and_then(Rate::parse).is_none()
    {
        checker
            .error("wrong-shape", "/policy/rate", "`rate` must be so many in so long")
            .help("Write it like 80/s, 100/10s or 1/6s.");
    }
    check_on_unknown(spec, data, policy, checker);
}

fn check_on_unknown(spec: &NodeSpec, data: &Object, policy: &Object, checker: &mut Checker<'_>) {
    let Some(on_unknown) = policy.get("onUnknown").filter(|value| !value.is_null()) else { return };
    let at = "/policy/onUnknown";
    let word = on_unknown.as_str().unwrap_or_default();
    if !ON_UNKNOWN.contains(&word) {
        checker.one_of(at, "onUnknown", word, ON_UNKNOWN);
        return;
    }
    let accepts = policy.get("acceptDuplicates") == Some(&Value::Bool(true));
    let is_safe = spec
        .effect
        .is_some_and(|_| kinds::on_unknown(spec, &Value::Object(data.clone())) == OnUnknown::Retry);
    if word == "retry" && !is_safe && !accepts {
        checker
            .error(
                "unsafe-retry",
                at,
                "when the answer to this step is lost, trying again may do it a second time, e.g. send the message twice",
            )
            .help("Use `check` or `ask`, or say that this is fine with \"acceptDuplicates\": true.");
    }
}
