//! Undo steps: registered on the way, run in reverse on failure, on cancel, or when the chart asks for it.

use crate::script::{after, check, done, event, failed, ops};
use expect_test::expect;
use serde_json::{Value, json};

/// Registers two undo steps and a child's, then waits: `BACK` compensates and goes on, `FAIL` and `END` end it.
fn saga() -> Value {
    let undo = |id: &str, src: &str| {
        json!({ "type": "@perdure.undo", "id": id, "src": src,
            "input": {"channel": "C", "text": "undo {{ context.n }}"} })
    };
    let count = json!({"type": "@xstate.assign", "context": {"n": {"@expr": "context.n + 1"}}});
    json!({ "id": "m", "initial": "hold", "context": {"n": 0}, "states": {
        "hold": {"entry": [undo("free the room", "slack.post"), count, undo("refund", "noop")],
            "on": {"NEXT": {"target": "booked", "actions": [count, undo("cancel the trip", "workflow:cancel")]}}},
        "booked": {
            "exit": {"type": "@xstate.log", "args": ["left"]},
            "after": {"PT1H": "hold"},
            "invoke": {"id": "ask", "src": "noop"},
            "on": {"BACK": "back", "FAIL": "failed", "END": "done", "QUICK": "hold"} },
        "back": {"invoke": {"id": "undo", "src": "@perdure.compensate", "onDone": "calm"}, "on": {"LEAVE": "calm"}},
        "calm": {"on": {"FAIL": "failed"}},
        "failed": {"type": "final", "meta": {"outcome": "failed"}, "output": {"code": "sold-out"}},
        "done": {"type": "final"} } })
}

#[test]
fn the_chart_compensates_and_goes_on() {
    check(
        saga(),
        &[
            event("NEXT"),
            event("BACK"),
            done("undo/1", Value::Null),
            done("undo/2", Value::Null),
            event("OTHER"),
            done("undo/3", Value::Null),
            event("FAIL"),
        ],
        expect![[r#"
            00:00:00.000 [hold] {"n":1}
            00:00:00.000 [booked] {"n":2} +timer(xstate.after.PT1H.m.booked) +noop(ask)
            00:00:00.000 [back] {"n":2} log["left"] -timer(xstate.after.PT1H.m.booked) -step(ask) +child(cancel)
            00:00:00.000 [back] {"n":2} +noop(undo/2)
            00:00:00.000 [back] {"n":2} +slack.post(undo/3)
            00:00:00.000 [back] {"n":2} unhandled
            00:00:00.000 [calm] {"n":2}
            00:00:00.000 [failed] {"n":2} fail error: {"code":"sold-out"}
        "#]],
    );
}

#[test]
fn nothing_to_undo_is_done_at_once() {
    let machine = json!({ "id": "m", "initial": "a", "states": {
        "a": {"invoke": {"id": "undo", "src": "@perdure.compensate", "onDone": "b"}}, "b": {"type": "final"} } });
    check(
        machine,
        &[],
        expect![[r#"
        00:00:00.000 [b] {} complete done: null
    "#]],
    );
}

#[test]
fn a_failing_end_undoes_before_it_has_failed() {
    check(
        saga(),
        &[
            event("NEXT"),
            event("FAIL"),
            event("OTHER"),
            after("PT2H"),
            done("compensate/1", Value::Null),
            done("ask", Value::Null),
            done("compensate/2", Value::Null),
            done("compensate/3", Value::Null),
            event("OTHER"),
        ],
        expect![[r#"
            00:00:00.000 [hold] {"n":1}
            00:00:00.000 [booked] {"n":2} +timer(xstate.after.PT1H.m.booked) +noop(ask)
            00:00:00.000 [failed] {"n":2} log["left"] -timer(xstate.after.PT1H.m.booked) -step(ask) +child(cancel)
            00:00:00.000 [failed] {"n":2} unhandled
            02:00:00.000 [failed] {"n":2}
            02:00:00.000 [failed] {"n":2} +noop(compensate/2)
            02:00:00.000 [failed] {"n":2} unhandled
            02:00:00.000 [failed] {"n":2} +slack.post(compensate/3)
            02:00:00.000 [failed] {"n":2} fail error: {"code":"sold-out"}
            02:00:00.000 [failed] {"n":2} unhandled error: {"code":"sold-out"}
        "#]],
    );
}

#[test]
fn a_good_end_undoes_nothing() {
    check(
        saga(),
        &[event("NEXT"), event("END")],
        expect![[r#"
        00:00:00.000 [hold] {"n":1}
        00:00:00.000 [booked] {"n":2} +timer(xstate.after.PT1H.m.booked) +noop(ask)
        00:00:00.000 [done] {"n":2} log["left"] -timer(xstate.after.PT1H.m.booked) -step(ask) complete done: null
    "#]],
    );
}

/// An undo step that fails or whose outcome nobody knows is stuck over; ops settle it, and it goes on from there.
#[test]
fn a_failed_undo_waits_for_ops_and_goes_on_from_there() {
    let unknown = json!({"event": {"type": "step.unknown", "id": "compensate/2", "error": {"code": "timeout", "message": "?"}}});
    check(
        saga(),
        &[
            event("NEXT"),
            event("FAIL"),
            failed("compensate/1"),
            event("OTHER"),
            ops("retry", json!({})),
            done("compensate/1", Value::Null),
            unknown,
            ops("skip", json!({"output": "by hand"})),
            failed("compensate/3"),
            ops("retry", json!({})),
            done("compensate/3", Value::Null),
        ],
        expect![[r#"
            00:00:00.000 [hold] {"n":1}
            00:00:00.000 [booked] {"n":2} +timer(xstate.after.PT1H.m.booked) +noop(ask)
            00:00:00.000 [failed] {"n":2} log["left"] -timer(xstate.after.PT1H.m.booked) -step(ask) +child(cancel)
            00:00:00.000 [failed] {"n":2} error: null step-failed
            00:00:00.000 [failed] {"n":2} unhandled error: null step-failed
            00:00:00.000 [failed] {"n":2} +child(cancel)
            00:00:00.000 [failed] {"n":2} +noop(compensate/2)
            00:00:00.000 [failed] {"n":2} error: null step-unknown
            00:00:00.000 [failed] {"n":2} -step(compensate/2) +slack.post(compensate/3)
            00:00:00.000 [failed] {"n":2} error: null step-failed
            00:00:00.000 [failed] {"n":2} retry(compensate/3)
            00:00:00.000 [failed] {"n":2} fail error: {"code":"sold-out"}
        "#]],
    );
}

#[test]
fn cancel_with_compensation() {
    let compensate = || ops("cancel", json!({"compensate": true, "reason": "customer"}));
    check(
        saga(),
        &[
            event("NEXT"),
            compensate(),
            event("OTHER"),
            compensate(),
            ops("suspend", json!({})),
            done("compensate/1", Value::Null),
            ops("resume", json!({})),
            done("compensate/2", Value::Null),
            done("compensate/3", Value::Null),
        ],
        expect![[r#"
            00:00:00.000 [hold] {"n":1}
            00:00:00.000 [booked] {"n":2} +timer(xstate.after.PT1H.m.booked) +noop(ask)
            00:00:00.000 [booked] {"n":2} log["left"] -timer(xstate.after.PT1H.m.booked) -step(ask) +child(cancel)
            00:00:00.000 [booked] {"n":2} unhandled
            00:00:00.000 [booked] {"n":2} unhandled
            00:00:00.000 [booked] {"n":2}
            00:00:00.000 [booked] {"n":2} unhandled
            00:00:00.000 [booked] {"n":2} +noop(compensate/2)
            00:00:00.000 [booked] {"n":2} +slack.post(compensate/3)
            00:00:00.000 [booked] {"n":2} done: {"cancelled":"customer"}
        "#]],
    );
    // One that is stuck, one that is suspended, one that has nothing to undo.
    check(
        saga(),
        &[event("NEXT"), failed("ask"), event("END"), compensate(), ops("cancel", json!({}))],
        expect![[r#"
            00:00:00.000 [hold] {"n":1}
            00:00:00.000 [booked] {"n":2} +timer(xstate.after.PT1H.m.booked) +noop(ask)
            00:00:00.000 [booked] {"n":2} error: null step-failed
            00:00:00.000 [booked] {"n":2} unhandled error: null step-failed
            00:00:00.000 [booked] {"n":2} log["left"] -timer(xstate.after.PT1H.m.booked) -step(ask) +child(cancel)
            00:00:00.000 [booked] {"n":2} -child(compensate/1) done: {"cancelled":"cancelled"}
        "#]],
    );
    check(
        saga(),
        &[
            ops("suspend", json!({})),
            event("NEXT"),
            compensate(),
            done("compensate/1", Value::Null),
        ],
        expect![[r#"
            00:00:00.000 [hold] {"n":1}
            00:00:00.000 [hold] {"n":1}
            00:00:00.000 [hold] {"n":1} unhandled
            00:00:00.000 [hold] {"n":1} +noop(compensate/1)
            00:00:00.000 [hold] {"n":1} +slack.post(compensate/2)
        "#]],
    );
    let plain = json!({ "id": "m", "initial": "a", "states": {"a": {"exit": {"type": "@xstate.log", "args": ["left"]}, "on": {"X": "b"}}, "b": {"type": "final"}} });
    check(
        plain,
        &[compensate()],
        expect![[r#"
        00:00:00.000 [a] {}
        00:00:00.000 [a] {} log["left"] done: {"cancelled":"customer"}
    "#]],
    );
}

/// An exit action that cannot run: stuck where it was, and a plain cancel ends it.
#[test]
fn a_cancel_whose_exit_action_fails() {
    let machine = json!({ "id": "m", "initial": "a", "states": {
        "a": {"exit": {"type": "@xstate.log", "args": [{"@expr": "event.gone.n"}]}, "on": {"X": "b"}}, "b": {"type": "final"}} });
    check(
        machine,
        &[ops("cancel", json!({"compensate": true})), ops("cancel", json!({}))],
        expect![[r#"
            00:00:00.000 [a] {}
            00:00:00.000 [a] {} error: null expression
            00:00:00.000 [a] {} done: {"cancelled":"cancelled"}
        "#]],
    );
}

/// The step that was under way when its state was left has not taken anything back for certain: it is registered again.
#[test]
fn leaving_a_compensation_keeps_what_is_left() {
    check(
        saga(),
        &[
            event("NEXT"),
            event("BACK"),
            done("undo/1", Value::Null),
            event("LEAVE"),
            done("undo/2", Value::Null),
            event("FAIL"),
            done("compensate/1", Value::Null),
            done("compensate/2", Value::Null),
        ],
        expect![[r#"
            00:00:00.000 [hold] {"n":1}
            00:00:00.000 [booked] {"n":2} +timer(xstate.after.PT1H.m.booked) +noop(ask)
            00:00:00.000 [back] {"n":2} log["left"] -timer(xstate.after.PT1H.m.booked) -step(ask) +child(cancel)
            00:00:00.000 [back] {"n":2} +noop(undo/2)
            00:00:00.000 [calm] {"n":2} -step(undo/2)
            00:00:00.000 [calm] {"n":2} unhandled
            00:00:00.000 [failed] {"n":2} +noop(compensate/1)
            00:00:00.000 [failed] {"n":2} +slack.post(compensate/2)
            00:00:00.000 [failed] {"n":2} fail error: {"code":"sold-out"}
        "#]],
    );
}

/// `onError` of the invoke takes the failure; the rest stays registered. A second one beside it is refused.
#[test]
fn the_chart_may_take_the_failure_itself() {
    let undo = |id: &str| json!({ "type": "@perdure.undo", "id": id, "src": "noop" });
    let machine = json!({ "id": "m", "initial": "a", "context": {}, "states": {
        "a": {"entry": [undo("one"), undo("two")], "on": {"X": "b"}},
        "b": {"invoke": {"id": "undo", "src": "@perdure.compensate", "onDone": "c",
            "onError": {"target": "c", "actions": {"type": "@xstate.assign", "context": {"why": {"@expr": "event.error.code"}}}}}},
        "c": {"on": {"X": "b"}} } });
    check(
        machine,
        &[
            event("X"),
            failed("undo/1"),
            event("X"),
            done("undo/1", Value::Null),
            done("undo/2", Value::Null),
        ],
        expect![[r#"
            00:00:00.000 [a] {}
            00:00:00.000 [b] {} +noop(undo/1)
            00:00:00.000 [c] {"why":"x"}
            00:00:00.000 [b] {"why":"x"} +noop(undo/1)
            00:00:00.000 [b] {"why":"x"} +noop(undo/2)
            00:00:00.000 [c] {"why":"x"}
        "#]],
    );
    let region = |id: &str| json!({"initial": "r", "states": {"r": {"invoke": {"id": id, "src": "@perdure.compensate"}}}});
    let both = json!({ "id": "m", "initial": "a", "states": {
        "a": {"entry": undo("one"), "on": {"X": "p"}},
        "p": {"type": "parallel", "states": {"x": region("ux"), "y": region("uy")}, "on": {"Z": "a"}} } });
    check(
        both,
        &[event("X")],
        expect![[r#"
        00:00:00.000 [a] {}
        00:00:00.000 [a] {} error: null compensation
    "#]],
    );
}

#[test]
fn shapes_that_are_refused() {
    check(
        json!({ "id": "m", "initial": "a", "states": {
            "a": {"entry": [
                {"type": "@perdure.undo"},
                {"type": "@perdure.undo", "src": "slack.pots"},
                {"type": "@perdure.undo", "src": "@perdure.compensate"},
                {"type": "@perdure.undo", "src": "noop", "input": {"n": {"@expr": "1 +"}}, "whta": 1},
                {"type": "@perdure.redo"},
            ], "on": {"X": "b"}}, "b": {"type": "final"} } }),
        &[],
        expect![[r#"
            unknown-kind /states/a/entry/0/src: `src` names what is invoked: a node kind or workflow:<name>
            unknown-kind /states/a/entry/1/src: `slack.pots` is not a kind of step
            undo-shape /states/a/entry/2/src: compensating cannot itself be an undo step
            unknown-field /states/a/entry/3/whta: `whta` means nothing here and is ignored
            expression-syntax /states/a/entry/3/input/n/@expr: the expression ends here: expected a value (column 4)
            not-supported /states/a/entry/4: the action `@perdure.redo` is not run here
        "#]],
    );
}
