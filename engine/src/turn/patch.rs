//! How a turn changed the context: small when the change is small, and complete in any case.
//!
//! `null`: not changed. `{"merge": …}`: an RFC 7386 merge patch. `{"replace": …}`: the whole context, when a merge patch
//! cannot say it (it has no way to set a key to null, and takes an array only as a whole).

use serde_json::{Map, Value, json};

/// The patch that leads from `before` to `after`; `None` if they are equal.
pub fn between(before: &Value, after: &Value) -> Option<Value> {
    if before == after {
        return None;
    }
    Some(match (before, after) {
        (Value::Object(old), Value::Object(new)) => match merge(old, new) {
            Some(patch) => json!({ "merge": patch }),
            None => json!({ "replace": after }),
        },
        _ => json!({ "replace": after }),
    })
}

/// Applies what [`between`] made.
pub fn apply(context: &mut Value, patch: &Value) {
    if let Some(whole) = patch.get("replace") {
        *context = whole.clone();
    } else if let Some(patch) = patch.get("merge") {
        apply_merge(context, patch);
    }
}

fn merge(old: &Map<String, Value>, new: &Map<String, Value>) -> Option<Value> {
    let mut patch = Map::new();
    for key in old.keys().filter(|k| !new.contains_key(*k)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in new {
        let part = match (old.get(key), value) {
            (Some(same), _) if same == value => continue,
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new)?,
            // A patch reads null as "gone", however deep it stands in an object.
            _ if has_null(value) => return None,
            _ => value.clone(),
        };
        patch.insert(key.clone(), part);
    }
    Some(Value::Object(patch))
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.values().any(has_null),
        _ => false,
    }
}

fn apply_merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(map) = target else { return };
    for (key, part) in patch {
        if part.is_null() {
            map.remove(key);
        } else {
            apply_merge(map.entry(key.clone()).or_insert(Value::Null), part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_from_before_to_after() {
        let cases = [
            (json!({"a": 1}), json!({"a": 1}), None),
            (json!({"a": 1}), json!({"a": 2}), Some(json!({"merge": {"a": 2}}))),
            (json!({"a": 1, "b": 2}), json!({"b": 2}), Some(json!({"merge": {"a": null}}))),
            (
                json!({"a": {"x": 1, "y": 2}}),
                json!({"a": {"x": 1, "y": 3}}),
                Some(json!({"merge": {"a": {"y": 3}}})),
            ),
            (json!({"a": 1}), json!({"a": null}), Some(json!({"replace": {"a": null}}))),
            (json!({}), json!({"a": {"x": null}}), Some(json!({"replace": {"a": {"x": null}}}))),
            (json!({"a": [1]}), json!({"a": [null]}), Some(json!({"merge": {"a": [null]}}))),
            (json!({"a": 1}), json!({"a": {}}), Some(json!({"merge": {"a": {}}}))),
            (json!({"a": {}}), json!({"a": {"b": {}}}), Some(json!({"merge": {"a": {"b": {}}}}))),
            (json!(null), json!({"a": 1}), Some(json!({"replace": {"a": 1}}))),
        ];
        for (before, after, wanted) in cases {
            let patch = between(&before, &after);
            assert_eq!(patch, wanted, "{before} to {after}");
            let mut patched = before.clone();
            if let Some(patch) = patch {
                apply(&mut patched, &patch);
            }
            assert_eq!(patched, after, "{before} patched");
        }
    }
}
