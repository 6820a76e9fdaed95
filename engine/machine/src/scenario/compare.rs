//! What was expected against what is: partial for objects, exact for everything else, patterns between slashes.

use regex::{Regex, RegexBuilder};
use serde_json::{Value, json};

/// Most bytes a compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// The first place where two values differ.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    /// Fields joined by dots, places of a list in brackets; empty for the whole.
    pub(super) at: String,
    pub(super) expected: Value,
    pub(super) actual: Value,
}

/// What stands between the slashes, if a text is a pattern.
pub(super) fn pattern(text: &str) -> Option<&str> {
    text.strip_prefix('/')?.strip_suffix('/').filter(|inner| !inner.is_empty())
}

/// Compiles what stands between the slashes; the error is a sentence.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        other => other.to_string().lines().last().unwrap_or_default().replace("error: ", ""),
    })
}

/// Whether a text is the one expected, or is found by the pattern expected.
pub(super) fn is_text(expected: &str, actual: &str) -> bool {
    let found = |pattern| compile(pattern).is_ok_and(|regex| regex.is_match(actual));
    expected == actual || pattern(expected).is_some_and(found)
}

/// The first place where `actual` is not what was expected. An object may have more fields than were expected; a field
/// that is expected to be null may be missing.
pub(super) fn difference(expected: &Value, actual: &Value) -> Option<Difference> {
    differ(expected, actual, String::new())
}

fn differ(expected: &Value, actual: &Value, at: String) -> Option<Difference> {
    let is_same = match (expected, actual) {
        (Value::Object(fields), Value::Object(has)) => {
            return fields.iter().find_map(|(key, field)| {
                let dot = if at.is_empty() { "" } else { "." };
                let place = format!("{at}{dot}{key}");
                differ(field, has.get(key).unwrap_or(&Value::Null), place)
            });
        }
        (Value::Array(items), Value::Array(has)) if items.len() == has.len() => {
            let mut pairs = items.iter().zip(has).enumerate();
            return pairs
                .find_map(|(index, (item, has))| differ(item, has, format!("{at}[{index}]")));
        }
        (Value::String(text), Value::String(has)) => is_text(text, has),
        (Value::Number(number), Value::Number(has)) => {
            number == has || number.as_f64() == has.as_f64()
        }
        _ => expected == actual,
    };
    (!is_same).then(|| Difference { at, expected: expected.clone(), actual: actual.clone() })
}

/// Looks for each expected value among the actual ones, in order; what is between them does not matter. Gives the place
/// of the first that is missing.
pub(super) fn missing(expected: &[Value], actual: &[Value]) -> Option<usize> {
    let mut rest = actual.iter();
    expected.iter().position(|wanted| !rest.any(|has| difference(wanted, has).is_none()))
}

/// A value as an expectation of exactly this: a text that would be read as a pattern becomes the pattern of itself.
pub(super) fn exactly(value: &Value) -> Value {
    match value {
        Value::String(text) if pattern(text).is_some() => {
            json!(format!("/^{}$/", regex::escape(text)))
        }
        Value::Array(items) => items.iter().map(exactly).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, field)| (key.clone(), exactly(field))).collect()
        }
        other => other.clone(),
    }
}

/// A list of texts as JSON.
pub(super) fn texts<T: AsRef<str>>(texts: &[T]) -> Value {
    json!(texts.iter().map(AsRef::as_ref).collect::<Vec<&str>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences() {
        for (expected, actual, wanted) in [
            (json!({"a": 1}), json!({"a": 1.0, "b": 2}), None),
            (json!({"a": {"b": "/^x/"}}), json!({"a": {"b": "xyz"}}), None),
            (json!({"a": {"b": "/^x/"}}), json!({"a": {"b": "yx"}}), Some("a.b")),
            (json!({"a": null}), json!({}), None),
            (json!({"a": null}), json!({"a": 0}), Some("a")),
            (json!([1, {"x": 2}]), json!([1, {"x": 3}]), Some("[1].x")),
            (json!([1]), json!([1, 2]), Some("")),
            (json!("/"), json!("/"), None),
            (json!("/a/"), json!("/a/"), None),
            (json!("1"), json!(1), Some("")),
            (json!({}), json!(null), Some("")),
            (exactly(&json!("/(/")), json!("/(/"), None),
            (exactly(&json!(["/a/"])), json!(["a"]), Some("[0]")),
        ] {
            let found = difference(&expected, &actual).map(|difference| difference.at);
            assert_eq!(found.as_deref(), wanted, "{expected} {actual}");
        }
    }

    #[test]
    fn in_order() {
        let has = [json!({"n": 1, "x": 0}), json!({"n": 2}), json!({"n": 3})];
        for (expected, wanted) in [
            (vec![json!({"n": 1}), json!({"n": 3})], None),
            (vec![json!({"n": 3}), json!({"n": 1})], Some(1)),
            (vec![json!({"n": 4})], Some(0)),
            (vec![], None),
        ] {
            assert_eq!(missing(&expected, &has), wanted, "{expected:?}");
        }
    }
}
