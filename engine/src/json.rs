//! JSON that Postgres stores and gives back as it was.
//!
//! Not everything that parses can be stored (`\u0000`), and not everything that is stored comes back equal: `1e16` comes
//! back as a whole number, `-0.0` without its sign. An instance computed from memory must be the one computed from its row,
//! so values are brought into the form they come back in before anybody looks at them.

use crate::error::{Error, Result};
use serde_json::{Map, Number, Value};
use std::io::{self, Write};
use workflows::limits::{EVENT_BYTES_MAX, JSON_DEPTH_MAX};

/// Checks what came from outside, and brings it into the stored form. `Refused` if it is too deep or too big.
pub(crate) fn accept(body: &mut Map<String, Value>) -> Result<()> {
    if body.values().any(|v| depth_exceeds(v, JSON_DEPTH_MAX - 1)) {
        return Err(Error::Refused(format!("nested deeper than {JSON_DEPTH_MAX} levels")));
    }
    canonical_map(body);
    // Most events are so small that their text need not be made to know it.
    if most_bytes_of(body) <= EVENT_BYTES_MAX {
        return Ok(());
    }
    let bytes = bytes_of(body);
    if bytes > EVENT_BYTES_MAX {
        return Err(Error::Refused(format!(
            "an event may have {EVENT_BYTES_MAX} bytes, this one has {bytes}"
        )));
    }
    Ok(())
}

/// How long the text of an object is at most, in bytes, without looking at its texts.
fn most_bytes_of(body: &Map<String, Value>) -> usize {
    /// The longest way to write one byte of a text: `\u001f`.
    const ESCAPED: usize = 6;
    /// The longest number: `-2.2250738585072014e-308`.
    const NUMBER: usize = 24;
    fn of(value: &Value) -> usize {
        match value {
            Value::Null | Value::Bool(_) => "false".len(),
            Value::Number(_) => NUMBER,
            Value::String(text) => ESCAPED * text.len() + 2,
            Value::Array(items) => 2 + items.iter().map(|item| of(item) + 1).sum::<usize>(),
            Value::Object(map) => most_bytes_of(map),
        }
    }
    2 + body.iter().map(|(key, value)| ESCAPED * key.len() + 4 + of(value)).sum::<usize>()
}

/// How long the text of an object is, in bytes.
fn bytes_of(body: &Map<String, Value>) -> usize {
    let mut counted = Counted(0);
    serde_json::to_writer(&mut counted, body).map_or(usize::MAX, |()| counted.0)
}

/// Counts what is written, and keeps none of it.
struct Counted(usize);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a value takes in memory beside its texts.
const BYTES_VALUE: usize = 48;
/// What a key takes there beside its text.
const BYTES_KEY: usize = 24;

/// About how many bytes a value takes in memory.
pub(crate) fn bytes_in_memory(value: &Value) -> usize {
    BYTES_VALUE
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(bytes_in_memory).sum(),
            Value::Object(map) => {
                map.iter().map(|(key, v)| key.len() + BYTES_KEY + bytes_in_memory(v)).sum()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}

/// Whether `value` is nested deeper than `levels`.
pub(crate) fn depth_exceeds(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|v| depth_exceeds(v, levels - 1)),
        Value::Object(map) => levels == 0 || map.values().any(|v| depth_exceeds(v, levels - 1)),
        _ => false,
    }
}

/// Brings a value into the form it comes back in. Doing it twice changes nothing.
pub fn canonical(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(stored) = stored_number(number) {
                *number = stored;
            }
        }
        Value::String(text) => canonical_text(text),
        Value::Array(items) => items.iter_mut().for_each(canonical),
        Value::Object(map) => canonical_map(map),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Whether it already comes back as it is.
pub(crate) fn is_canonical(value: &Value) -> bool {
    match value {
        Value::Number(number) => stored_number(number).is_none(),
        Value::String(text) => !text.contains('\0'),
        Value::Array(items) => items.iter().all(is_canonical),
        Value::Object(map) => map.iter().all(|(k, v)| !k.contains('\0') && is_canonical(v)),
        Value::Null | Value::Bool(_) => true,
    }
}

pub(crate) fn canonical_map(map: &mut Map<String, Value>) {
    if map.keys().any(|k| k.contains('\0')) {
        *map = std::mem::take(map)
            .into_iter()
            .map(|(k, v)| (k.replace('\0', "\u{fffd}"), v))
            .collect();
    }
    map.values_mut().for_each(canonical);
}

fn canonical_text(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}");
    }
}

/// What a floating point number comes back as, if as something else.
fn stored_number(number: &Number) -> Option<Number> {
    if !number.is_f64() {
        return None;
    }
    let float = number.as_f64()?;
    if float == 0.0 {
        return float.is_sign_negative().then(|| Number::from_f64(0.0)).flatten();
    }
    // Written with an exponent, it is stored without one, and then has no fraction.
    let text = number.to_string();
    if !text.contains('e') || float.fract() != 0.0 {
        return None;
    }
    format!("{float:.0}")
        .parse::<i64>()
        .ok()
        .map(Number::from)
        .or_else(|| format!("{float:.0}").parse::<u64>().ok().map(Number::from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn comes_back_as_it_was() {
        let cases = [
            (json!("a\u{0}b"), json!("a\u{fffd}b")),
            (
                json!({"k\u{0}": [1e16, -0.0, 1.0, 1.5, 1e-7]}),
                json!({"k\u{fffd}": [10_000_000_000_000_000_i64, 0.0, 1.0, 1.5, 1e-7]}),
            ),
            (json!(1.8e19), json!(18_000_000_000_000_000_000_u64)),
            (json!(1e300), json!(1e300)),
            (json!(-3), json!(-3)),
        ];
        for (mut given, wanted) in cases {
            let (before, wanted) = (given.to_string(), wanted.to_string());
            assert_eq!(is_canonical(&given), before == wanted);
            canonical(&mut given);
            assert_eq!(given.to_string(), wanted);
            assert!(is_canonical(&given));
        }
    }

    #[test]
    fn no_text_is_longer_than_its_bound() {
        let values = [
            json!(null),
            json!({ "\u{1}": [[], {}, "\u{1f}\u{1f}", "é\"\\"], "n": [-2.2250738585072014e-308, u64::MAX, i64::MIN] }),
            json!([false, true, "", f64::MAX, f64::MIN, 1.0e-7]),
        ];
        for value in values {
            let body = Map::from_iter([("v".to_owned(), value)]);
            assert!(bytes_of(&body) <= most_bytes_of(&body), "{body:?}");
        }
    }

    #[test]
    fn refuses_the_deep_and_the_big() {
        let mut deep = json!(1);
        for _ in 0..JSON_DEPTH_MAX {
            deep = json!([deep]);
        }
        for value in [deep, json!("x".repeat(EVENT_BYTES_MAX))] {
            let mut body = Map::from_iter([("v".to_owned(), value)]);
            assert!(matches!(accept(&mut body), Err(Error::Refused(_))));
        }
    }
}
