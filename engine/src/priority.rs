//! The priority of an instance: the definition's, unless its start said otherwise.
//!
//! What the start says stands in the instance's scope, `scope.instance.priority`: it is replayed with the rest, and children
//! inherit it with the scope.

use serde_json::{Value, json};
use workflows::{chart::Policy, pacing::PRIORITY_MAX};

/// What the start of an instance said, if it did.
pub(crate) fn of_scope(scope: &Value) -> Option<u8> {
    let told = scope.get("instance")?.get("priority")?.as_u64()?;
    u8::try_from(told).ok().map(|told| told.min(PRIORITY_MAX))
}

/// Puts what a start says into the scope of its instance, which knows who it is by now.
pub(crate) fn tell(scope: &mut Value, priority: Option<u8>) {
    if let (Some(priority), Some(instance)) = (priority, scope.get_mut("instance")) {
        instance["priority"] = json!(priority.min(PRIORITY_MAX));
    }
}

/// The policy of a step in such an instance.
pub(crate) fn of_step(policy: Policy, scope: &Value) -> Policy {
    Policy { priority: of_scope(scope).or(policy.priority), ..policy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_start_says_goes_before_the_definition() {
        let policy = |priority| Policy {
            timeout_ms: 1,
            max_attempts: 1,
            backoff_ms: 1,
            backoff_max_ms: 1,
            on_unknown: workflows::spec::OnUnknown::Ask,
            priority,
            paces: Vec::new(),
        };
        // (the definition, the start, the step)
        let cases =
            [(None, None, 5), (Some(3), None, 3), (Some(3), Some(9), 9), (None, Some(200), 9)];
        for (of_definition, of_start, wanted) in cases {
            let mut scope = json!({ "instance": { "id": "x" } });
            tell(&mut scope, of_start);
            let step = of_step(policy(of_definition), &scope);
            assert_eq!(step.priority(), wanted, "{of_definition:?} {of_start:?}");
        }
        assert_eq!(of_scope(&Value::Null), None);
    }
}
