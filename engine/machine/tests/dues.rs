//! When a computed delay ends: at the moment it says, to the microsecond, and never before it.

#![expect(clippy::unwrap_used, reason = "a test whose chart does not compile has failed")]

use chrono::{DateTime, Utc};
use perdure_machine::{Command, Start, start};
use serde_json::{Value, json};
use workflows::compile::compile;

const BEGUN: &str = "2026-01-01T00:00:00.000100Z";

fn due(delay: &Value) -> DateTime<Utc> {
    let machine = json!({ "id": "m", "initial": "a", "delays": {"wait": delay},
        "states": { "a": {"after": {"wait": "b"}}, "b": {"type": "final"} } });
    let definition = compile(machine.to_string().as_bytes(), Some("m")).definition.unwrap();
    let at = BEGUN.parse().unwrap();
    let begin = Start { at, seed: "s".into(), input: json!({}), scope: Value::Null, trigger: None };
    let [Command::SetTimer { due, .. }] = start(&definition, begin).commands[..] else {
        panic!("{delay} sets no timer");
    };
    due
}

#[test]
fn dues_are_never_early() {
    let cases = [
        // A point in time, told as what is left until then: once it was rounded to the nearest millisecond.
        (json!({"@expr": "timestamp('2026-01-01T00:00:01.234567Z') - now"}), "00:00:01.234567"),
        (json!({"@expr": "timestamp('2026-01-01T00:00:01.2345678Z') - now"}), "00:00:01.234568"),
        (json!({"@expr": "timestamp('2026-01-01T00:00:01.234567Z')"}), "00:00:01.234567"),
        (json!({"@expr": "duration('1.5ms')"}), "00:00:00.0016"),
        (json!({"@expr": "duration('0.1s')"}), "00:00:00.1001"),
        (json!({"@expr": "2.5"}), "00:00:00.0026"),
        (json!({"@expr": "2"}), "00:00:00.0021"),
        (json!({"@expr": "'PT2S'"}), "00:00:02.0001"),
        (json!({"@expr": "'1m30s'"}), "00:01:30.0001"),
        (json!({"@expr": "duration('-5s')"}), "00:00:00.0001"),
    ];
    for (delay, wanted) in cases {
        let wanted: DateTime<Utc> = format!("2026-01-01T{wanted}Z").parse().unwrap();
        assert_eq!(due(&delay), wanted, "{delay}");
    }
}
