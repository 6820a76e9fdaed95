//! What an instance keeps: deferred events, and events that failed.

use crate::script::{check, event};
use expect_test::expect;
use serde_json::json;

#[test]
fn deferred_events_are_offered_again() {
    let machine = json!({ "id": "m", "initial": "a", "context": {"paid": false}, "states": {
        "a": {"on": {"GO": "b"}}, "b": {"on": {"PAY": {"target": "c", "actions": {"type": "@xstate.assign", "context": {"paid": true}}}}}, "c": {} } });
    check(
        machine,
        &[event("PAY"), event("GO")],
        expect![[r#"
        00:00:00.000 [a] {"paid":false}
        00:00:00.000 [a] {"paid":false} unhandled
        00:00:00.000 [c] {"paid":true}
    "#]],
    );
}

#[test]
fn failures_keep_the_event_and_the_state() {
    let machine = json!({ "id": "m", "initial": "a", "context": {"n": 0}, "states": {
        "a": {"on": {"E": {"guard": {"@expr": "event.amount > 10"}, "target": "b"}, "LOOP": "x"}},
        "b": {}, "x": {"always": {"target": "y", "guard": {"@expr": "true || context.n > 0"}}}, "y": {"always": {"target": "x", "guard": {"@expr": "true || context.n > 0"}}} } });
    check(
        machine.clone(),
        &[event("E"), event("LATER"), json!({"event": {"type": "ops.cancel"}})],
        expect![[r#"
            dead-end /states/b: nobody can ever leave `b`
            eventless-loop /states/x: `x`, `y` lead to each other for ever without waiting for anything
        "#]],
    );
    check(
        machine,
        &[
            event("LOOP"),
            json!({"event": {"type": "ops.suspend"}}),
            json!({"event": {"type": "ops.resume"}}),
        ],
        expect![[r#"
            dead-end /states/b: nobody can ever leave `b`
            eventless-loop /states/x: `x`, `y` lead to each other for ever without waiting for anything
        "#]],
    );
}
