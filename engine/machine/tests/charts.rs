//! What the machine does, as scripts: a chart, a list of entries for the virtual clock, and what comes of each.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

use expect_test::{Expect, expect};
use perdure_machine::simulate::{Setup, Simulation};
use serde_json::{Map, Value, json};
use workflows::compile::compile;

fn setup(steps: Value) -> Setup {
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    let steps = steps.as_object().cloned().unwrap_or_else(Map::new);
    Setup { at, input: json!({}), steps, defers: true }
}

/// One row per line of the simulation: time since the start, leaves, context, commands, status.
fn run(machine: &Value, steps: Value, entries: &[Value]) -> String {
    let compiled = compile(machine.to_string().as_bytes(), Some("m"));
    let Some(definition) = compiled.definition else {
        return compiled
            .diagnostics
            .iter()
            .map(|d| format!("{} {}: {}\n", d.code, d.pointer, d.message))
            .collect();
    };
    let (mut simulation, first) = Simulation::start(definition, setup(steps)).unwrap();
    let mut rows = row(&first);
    for entry in entries {
        rows.push_str(&row(&simulation.play(entry).unwrap()));
    }
    rows
}

fn row(line: &Value) -> String {
    let leaves: Vec<_> =
        line["configuration"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let commands: Vec<_> = line["commands"].as_array().unwrap().iter().map(command).collect();
    let mut row = format!(
        "{} [{}] {}",
        &line["at"].as_str().unwrap()[11..23],
        leaves.join(" "),
        line["context"]
    );
    for command in commands {
        row.push_str(&format!(" {command}"));
    }
    if line["unhandled"] == json!(true) {
        row.push_str(" unhandled");
    }
    match line["status"].as_str() {
        Some("active") => {}
        _ => row.push_str(&format!(
            " {}: {}{}",
            line["status"].as_str().unwrap(),
            line["output"],
            error(line)
        )),
    }
    row.push('\n');
    row
}

fn error(line: &Value) -> String {
    line.get("error").map(|e| format!(" {}", e["code"].as_str().unwrap())).unwrap_or_default()
}

fn command(command: &Value) -> String {
    let text = |field: &str| command[field].as_str().unwrap_or("?").to_owned();
    match command["type"].as_str().unwrap() {
        "run_step" => format!("+{}({})", text("kind"), text("invoke")),
        "cancel_step" => format!("-step({})", text("invoke")),
        "retry_step" => format!("retry({})", text("invoke")),
        "set_timer" => format!("+timer({})", text("name")),
        "cancel_timer" => format!("-timer({})", text("name")),
        "start_child" => format!("+child({})", text("workflow")),
        "cancel_child" => format!("-child({})", text("invoke")),
        "emit" => format!("emit{}", command["event"]),
        "log" => format!("log{}", command["message"]),
        other => other.to_owned(),
    }
}

fn check(machine: Value, entries: &[Value], expect: Expect) {
    expect.assert_eq(&run(&machine, json!({}), entries));
}

fn event(kind: &str) -> Value {
    json!({ "event": { "type": kind } })
}

fn after(time: &str) -> Value {
    json!({ "after": time })
}

#[test]
fn compound_states_and_targets() {
    let machine = json!({ "id": "m", "initial": "a", "context": {"n": 0}, "states": {
        "a": { "initial": "a1", "entry": {"type": "@xstate.log", "args": ["in a"]}, "exit": {"type": "@xstate.log", "args": ["out a"]},
            "on": {"OUT": "b", "SELF": {"target": "a"}, "REENTER": {"target": "a", "reenter": true}, "DEEP": "#m.b.b2"},
            "states": { "a1": {"on": {"NEXT": "a2"}}, "a2": {} } },
        "b": { "initial": "b1", "states": {"b1": {}, "b2": {"on": {"HOME": "#m.a"}}}, "on": {"CHILD": ".b2"} } } });
    let entries =
        ["NEXT", "SELF", "NEXT", "REENTER", "OUT", "CHILD", "HOME", "DEEP", "NOPE"].map(event);
    check(
        machine,
        &entries,
        expect![[r#"
        00:00:00.000 [a.a1] {"n":0} log["in a"]
        00:00:00.000 [a.a2] {"n":0}
        00:00:00.000 [a.a1] {"n":0}
        00:00:00.000 [a.a2] {"n":0}
        00:00:00.000 [a.a1] {"n":0} log["out a"] log["in a"]
        00:00:00.000 [b.b1] {"n":0} log["out a"]
        00:00:00.000 [b.b2] {"n":0}
        00:00:00.000 [a.a1] {"n":0} log["in a"]
        00:00:00.000 [b.b2] {"n":0} log["out a"]
        00:00:00.000 [b.b2] {"n":0} unhandled
    "#]],
    );
}

#[test]
fn parallel_regions_done_events_and_output() {
    let machine = json!({ "id": "m", "initial": "p", "output": {"@expr": "event.output"}, "states": {
        "p": { "type": "parallel", "onDone": "end", "states": {
            "x": {"initial": "x1", "states": {"x1": {"on": {"X": "x2", "BOTH": "x2"}}, "x2": {"type": "final"}}},
            "y": {"initial": "y1", "states": {"y1": {"on": {"Y": "y2", "BOTH": "y2"}}, "y2": {"type": "final"}}} } },
        "end": {"type": "final", "output": {"n": {"@expr": "1 + 2"}}} } });
    check(
        machine.clone(),
        &[event("X"), event("Y")],
        expect![[r#"
        00:00:00.000 [p.x.x1 p.y.y1] {}
        00:00:00.000 [p.x.x2 p.y.y1] {}
        00:00:00.000 [end] {} complete done: {"n":3}
    "#]],
    );
    check(
        machine,
        &[event("BOTH"), event("X")],
        expect![[r#"
        00:00:00.000 [p.x.x1 p.y.y1] {}
        00:00:00.000 [end] {} complete done: {"n":3}
        00:00:00.000 [end] {} unhandled done: {"n":3}
    "#]],
    );
}

#[test]
fn history_shallow_and_deep() {
    let machine = json!({ "id": "m", "initial": "w", "states": {
        "w": { "initial": "one", "on": {"PAUSE": "paused"}, "states": {
            "one": {"on": {"NEXT": "two"}},
            "two": {"initial": "t1", "states": {"t1": {"on": {"NEXT": "t2"}}, "t2": {}}},
            "shallow": {"type": "history"}, "deep": {"type": "history", "history": "deep"} } },
        "paused": {"on": {"S": "w.shallow", "D": "w.deep"}} } });
    let entries = ["PAUSE", "D", "NEXT", "NEXT", "PAUSE", "S", "NEXT", "PAUSE", "D"].map(event);
    check(
        machine,
        &entries,
        expect![[r#"
        00:00:00.000 [w.one] {}
        00:00:00.000 [paused] {}
        00:00:00.000 [w.one] {}
        00:00:00.000 [w.two.t1] {}
        00:00:00.000 [w.two.t2] {}
        00:00:00.000 [paused] {}
        00:00:00.000 [w.two.t1] {}
        00:00:00.000 [w.two.t2] {}
        00:00:00.000 [paused] {}
        00:00:00.000 [w.two.t2] {}
    "#]],
    );
}

#[test]
fn always_raise_assign_and_choice() {
    let machine = json!({ "id": "m", "initial": "a", "context": {"n": 0}, "states": {
        "a": { "always": [{"guard": {"@expr": "context.n >= 2"}, "target": "c"}],
               "on": {"INC": {"actions": [{"type": "@xstate.assign", "context": {"n": {"@expr": "context.n + 1"}}}]},
                      "R": {"actions": [{"type": "@xstate.raise", "event": {"type": "INC"}}, {"type": "@xstate.emit", "event": {"type": "told", "n": {"@expr": "context.n"}}}]}} },
        "c": {"type": "choice", "choice": [{"when": {"@expr": "context.n > 5"}, "target": "big"}, {"target": "small"}]},
        "big": {}, "small": {"type": "final"} } });
    check(
        machine,
        &[event("INC"), event("R")],
        expect![[r#"
        00:00:00.000 [a] {"n":0}
        00:00:00.000 [a] {"n":1}
        00:00:00.000 [small] {"n":2} emit{"n":1,"type":"told"} complete done: null
    "#]],
    );
}

#[test]
fn timers_fire_once_and_die_with_their_state() {
    let machine = json!({ "id": "m", "initial": "a", "delays": {"long": "PT1H"}, "states": {
        "a": { "after": {"1000": "b", "long": "c"}, "on": {"C": "c"} },
        "b": { "entry": {"type": "@xstate.raise", "event": {"type": "TICK"}, "delay": 500, "id": "tick"}, "on": {"TICK": "c", "STOP": {"actions": {"type": "@xstate.cancel", "id": "tick"}}} },
        "c": { "after": {"0": "d"} }, "d": {} } });
    check(
        machine.clone(),
        &[after("PT0.999S"), after("PT0.001S"), after("PT1H")],
        expect![[r#"
        00:00:00.000 [a] {} +timer(xstate.after.1000.m.a) +timer(xstate.after.long.m.a)
        00:00:00.999 [a] {}
        00:00:01.000 [b] {} -timer(xstate.after.long.m.a) +timer(tick)
        01:00:01.000 [d] {} +timer(xstate.after.0.m.c)
    "#]],
    );
    check(
        machine.clone(),
        &[event("C"), after("PT2H")],
        expect![[r#"
        00:00:00.000 [a] {} +timer(xstate.after.1000.m.a) +timer(xstate.after.long.m.a)
        00:00:00.000 [d] {} -timer(xstate.after.1000.m.a) -timer(xstate.after.long.m.a) +timer(xstate.after.0.m.c)
        02:00:00.000 [d] {}
    "#]],
    );
    check(
        machine,
        &[after("1500"), event("STOP")],
        expect![[r#"
        00:00:00.000 [a] {} +timer(xstate.after.1000.m.a) +timer(xstate.after.long.m.a)
        00:00:01.500 [d] {} -timer(xstate.after.long.m.a) +timer(tick) +timer(xstate.after.0.m.c)
        00:00:01.500 [d] {} unhandled
    "#]],
    );
}

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
            00:00:00.000 [a.x.x1 a.y.y1] {} +child(kid) +child(twin)
            00:00:00.000 [a.x.x1 a.y.y1] {} error: null step-failed
            00:00:00.000 [a.x.x1 a.y.y1] {} +child(kid)
            00:00:00.000 [a.x.x1 a.y.y1] {} unhandled
            00:00:00.000 [a.x.x2 a.y.y1] {}
            00:00:00.000 [done] {} complete done: null
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
            00:00:00.000 [a.x.x1 a.y.y1] {} +child(kid) +child(twin)
            00:00:00.000 [a.x.x1 a.y.y1] {} error: null step-failed
            00:00:00.000 [a.x.x1 a.y.y1] {} unhandled error: null step-failed
            00:00:00.000 [a.x.x1 a.y.y1] {} +child(kid)
            00:00:00.000 [a.x.x1 a.y.y1] {} error: null expression
            00:00:00.000 [a.x.x1 a.y.y1] {} -child(twin) +child(twin) error: null expression
            00:00:00.000 [a.x.x1 a.y.y1] {} -child(kid) -child(twin) done: {"cancelled":"cancelled"}
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
            00:00:00.000 [a.x.x1 a.y.y1] {} +child(kid) +child(twin)
            00:00:00.000 [a.x.x1 a.y.y1] {} error: null step-failed
            00:00:00.000 [a.x.x1 a.y.y1] {} unhandled error: null step-failed
            00:00:00.000 [left] {} -child(twin) complete done: null
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
            00:00:00.000 [a.x.x1 a.y.y1] {} +child(kid) +child(twin)
            00:00:00.000 [a.x.x1 a.y.y1] {} error: null step-failed
            00:00:00.000 [a.x.x1 a.y.y1] {} error: null expression
            00:00:00.000 [a.x.x1 a.y.y1] {} unhandled error: null expression
            00:00:00.000 [left] {} -child(twin) complete done: null
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
        00:00:00.000 [a] {"n":0}
        00:00:00.000 [a] {"n":0} error: null expression
        00:00:00.000 [a] {"n":0} unhandled error: null expression
        00:00:00.000 [a] {"n":0} done: {"cancelled":"cancelled"}
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
        00:00:00.000 [a] {"n":0}
        00:00:00.000 [a] {"n":0} error: null microsteps
        00:00:00.000 [a] {"n":0}
        00:00:00.000 [a] {"n":0} error: null microsteps
    "#]],
    );
}

#[test]
fn refused_charts() {
    check(
        json!({ "id": "m", "initial": "nope", "states": {
        "a": {"on": {"X": {"target": "zzz", "guard": "missing", "actions": ["gone", {"@code": "x"}]}}, "after": {"soon": "a"}},
        "b": {"invoke": {"src": "slack.pots"}, "entry": {"type": "@xstate.spawn"}},
        "c.d": {}, "p": {"type": "parallel"}, "h": {"type": "choice", "choice": [{"when": {"@expr": "1 +"}, "target": "a"}]} } }),
        &[],
        expect![[r#"
            id-characters /states/c.d: `c.d` cannot be the key of a state
            unknown-target /initial: `nope` is not a state inside this one
            unknown-target /states/a/on/X/target: `zzz` is not a state that can be reached from here
            unknown-guard /states/a/on/X/guard: there is no guard `missing`
            unknown-action /states/a/on/X/actions/0: there is no action `gone`
            code-refused /states/a/on/X/actions/1: `@code` is not run: a workflow computes only with expressions
            unknown-delay /states/a/after/soon: `soon` is not a length of time, and no delay has that name
            unknown-kind /states/b/invoke/src: `slack.pots` is not a kind of step
            not-supported /states/b/entry: the action `@xstate.spawn` is not run here
            expression-syntax /states/h/choice/0/when/@expr: the expression ends here: expected a value (column 4)
            state-shape /states/p: a compound or parallel state needs states inside
        "#]],
    );
}
