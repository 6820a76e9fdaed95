//! Steps and children: results, failures, and what ops do about them.

use crate::script::{check, event};
use expect_test::expect;
use serde_json::{Value, json};
use workflows::compile::compile;

#[test]
fn steps_results_failures_and_stale_results() {
    let machine = json!({ "id": "m", "initial": "a", "context": {}, "states": {
        "a": { "invoke": {"id": "post", "src": "slack.post", "input": {"channel": "C1", "text": "n={{ 1 + 1 }}"},
                 "onDone": {"target": "b", "actions": {"type": "@xstate.assign", "context": {"ts": {"@expr": "event.output.ts"}}}}, "onError": "failed"},
               "on": {"SKIP": "b"} },
        "b": { "invoke": {"id": "again", "src": "noop", "onDone": "done"} },
        "failed": {}, "done": {"type": "final"} } });
    let done = |id: &str, output: Value| json!({"event": {"type": "step.done", "id": id, "output": output}});
    check(
        machine.clone(),
        &[done("post", json!({"ts": "1.2"})), done("post", json!({})), done("again", json!(null))],
        expect![[r#"
        00:00:00.000 [a] {} +slack.post(post)
        00:00:00.000 [b] {"ts":"1.2"} +noop(again)
        00:00:00.000 [b] {"ts":"1.2"} unhandled
        00:00:00.000 [done] {"ts":"1.2"} complete done: null
    "#]],
    );
    let failed = json!({"event": {"type": "step.failed", "id": "post", "error": {"code": "x", "message": "y"}}});
    check(
        machine.clone(),
        &[failed],
        expect![[r#"
        00:00:00.000 [a] {} +slack.post(post)
        00:00:00.000 [failed] {}
    "#]],
    );
    let failed = json!({"event": {"type": "step.failed", "id": "again", "error": {"code": "x", "message": "y"}}});
    let retry = json!({"event": {"type": "ops.retry"}});
    check(
        machine.clone(),
        &[event("SKIP"), failed.clone(), event("LATER"), retry, done("again", json!(1))],
        expect![[r#"
        00:00:00.000 [a] {} +slack.post(post)
        00:00:00.000 [b] {} -step(post) +noop(again)
        00:00:00.000 [b] {} error: null step-failed
        00:00:00.000 [b] {} unhandled error: null step-failed
        00:00:00.000 [b] {} retry(again)
        00:00:00.000 [done] {} complete done: null
    "#]],
    );
    let skip = json!({"event": {"type": "ops.skip", "output": {"by": "hand"}}});
    check(
        machine,
        &[event("SKIP"), failed, skip],
        expect![[r#"
        00:00:00.000 [a] {} +slack.post(post)
        00:00:00.000 [b] {} -step(post) +noop(again)
        00:00:00.000 [b] {} error: null step-failed
        00:00:00.000 [done] {} -step(again) complete done: null
    "#]],
    );
}

/// Waits for two children at once; `BAD` fails.
fn family() -> Value {
    json!({ "id": "m", "initial": "a", "context": {}, "states": {
        "a": { "type": "parallel", "on": {"LEAVE": "left", "BAD": {"guard": {"@expr": "event.n > 1"}, "target": "left"}}, "onDone": "done", "states": {
            "x": {"initial": "x1", "states": {"x1": {"invoke": {"id": "kid", "src": "workflow:kid",
                "input": {"n": {"@expr": "has(event.bad) ? context.gone.n : 1"}}, "onDone": "x2"}}, "x2": {"type": "final"}}},
            "y": {"initial": "y1", "states": {"y1": {"invoke": {"id": "twin", "src": "workflow:twin", "onDone": "y2"}}, "y2": {"type": "final"}}} } },
        "done": {"type": "final"}, "left": {"type": "final"} } })
}

/// The result of the child that this command started.
fn result(kind: &str, id: &str, step: &str) -> Value {
    let error = json!({"code": "x", "message": "y"});
    json!({"event": {"type": kind, "id": id, "step": step, "error": error}})
}

/// `ops.retry` with these fields.
fn retry(mut fields: Value) -> Value {
    fields["type"] = json!("ops.retry");
    json!({ "event": fields })
}

#[test]
fn a_child_that_failed_is_started_again() {
    // The one that failed gets a successor; the failed one's result means nothing any more, the successor's does.
    check(
        family(),
        &[
            result("step.failed", "kid", "1.0"),
            retry(json!({})),
            result("step.done", "kid", "1.0"),
            result("step.done", "kid", "3.0"),
            result("step.done", "twin", "1.1"),
        ],
        expect![[r#"
            unknown-variable /states/a/states/x/states/x1/invoke/input/n/@expr: `context.gone` is read here, and nothing in this workflow sets it
        "#]],
    );
    // Another one than the one that failed is refused. Where it is a turn that failed, a child may be alive: it is cancelled.
    check(
        family(),
        &[
            result("step.failed", "kid", "1.0"),
            retry(json!({"id": "twin"})),
            retry(json!({"id": "kid"})),
            event("BAD"),
            retry(json!({"id": "twin"})),
            json!({"event": {"type": "ops.cancel"}}),
        ],
        expect![[r#"
            unknown-variable /states/a/states/x/states/x1/invoke/input/n/@expr: `context.gone` is read here, and nothing in this workflow sets it
        "#]],
    );
}

#[test]
fn a_child_started_again_shares_the_turn() {
    // What arrived in between is applied after the start, and takes it back.
    check(
        family(),
        &[result("step.failed", "kid", "1.0"), event("LEAVE"), retry(json!({}))],
        expect![[r#"
            unknown-variable /states/a/states/x/states/x1/invoke/input/n/@expr: `context.gone` is read here, and nothing in this workflow sets it
        "#]],
    );
    // An input that cannot be computed: stuck as before, and to be tried again.
    check(
        family(),
        &[
            result("step.failed", "kid", "1.0"),
            retry(json!({"bad": true})),
            event("LEAVE"),
            retry(json!({})),
        ],
        expect![[r#"
            unknown-variable /states/a/states/x/states/x1/invoke/input/n/@expr: `context.gone` is read here, and nothing in this workflow sets it
        "#]],
    );
}

#[test]
fn a_retry_that_names_another_definition_is_dropped() {
    let machine = json!({ "id": "m", "initial": "a", "states": {
        "a": {"on": {"E": {"guard": {"@expr": "event.amount > 10"}, "target": "b"}}}, "b": {} } });
    let digest = compile(machine.to_string().as_bytes(), Some("m")).definition.unwrap().digest;
    let retry = |digest: &str| retry(json!({"definition": {"version": 2, "digest": digest}}));
    check(
        machine,
        &[event("E"), retry("sha256:other"), event("LATER"), retry(&digest)],
        expect![[r#"
            00:00:00.000 [a] {}
            00:00:00.000 [a] {} error: null expression
            00:00:00.000 [a] {} unhandled error: null expression
            00:00:00.000 [a] {} unhandled error: null expression
            00:00:00.000 [a] {} error: null expression
        "#]],
    );
}
