//! States and transitions: compound, parallel, history, eventless, timers.

use crate::script::{after, check, event};
use expect_test::expect;
use serde_json::json;

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

/// Two regions and their parent have a transition for one event, none of them exits anything: XState asks the parent only
/// where no region answered.
#[test]
fn an_ancestor_is_asked_last() {
    let log = |word: &str| json!({"type": "@xstate.log", "args": [word]});
    let machine = json!({ "id": "m", "initial": "p", "states": {
        "p": {"type": "parallel", "on": {"E": {"actions": log("p")}, "F": {"actions": log("p")}}, "states": {
            "x": {"on": {"E": {"actions": log("x")}}}, "y": {}}} } });
    check(
        machine,
        &[event("E"), event("F")],
        expect![[r#"
        00:00:00.000 [p.x p.y] {}
        00:00:00.000 [p.x p.y] {} log["x"]
        00:00:00.000 [p.x p.y] {} log["p"]
    "#]],
    );
}

/// It would be enabled for ever; it is tried again when something has changed.
#[test]
fn an_eventless_transition_that_changes_nothing() {
    let machine = json!({ "id": "m", "initial": "a", "context": {"n": 0}, "states": {
        "a": {"always": {"actions": {"type": "@xstate.log", "args": ["tried"]}},
            "on": {"E": {"actions": {"type": "@xstate.assign", "context": {"n": 1}}}}} } });
    check(
        machine,
        &[event("E")],
        expect![[r#"
        00:00:00.000 [a] {"n":0} log["tried"]
        00:00:00.000 [a] {"n":1} log["tried"]
    "#]],
    );
}

#[test]
fn two_timers_of_one_name() {
    let machine = json!({ "id": "m", "initial": "a", "context": {"n": 0}, "states": {
        "a": {"on": {
            "SET": {"actions": {"type": "@xstate.raise", "event": {"type": "TICK"}, "delay": {"@expr": "event.delay"}, "id": "tick"}},
            "STOP": {"actions": {"type": "@xstate.cancel", "id": "tick"}},
            "TICK": {"actions": {"type": "@xstate.assign", "context": {"n": {"@expr": "context.n + 1"}}}}}} } });
    let set = |delay: u32| json!({"event": {"type": "SET", "delay": delay}});
    check(
        machine.clone(),
        &[set(1000), set(2000), after("PT1S"), after("PT1S")],
        expect![[r#"
        00:00:00.000 [a] {"n":0}
        00:00:00.000 [a] {"n":0} +timer(tick)
        00:00:00.000 [a] {"n":0} +timer(tick)
        00:00:01.000 [a] {"n":1}
        00:00:02.000 [a] {"n":2}
    "#]],
    );
    check(
        machine,
        &[set(1000), set(2000), event("STOP"), after("PT5S")],
        expect![[r#"
        00:00:00.000 [a] {"n":0}
        00:00:00.000 [a] {"n":0} +timer(tick)
        00:00:00.000 [a] {"n":0} +timer(tick)
        00:00:00.000 [a] {"n":0} -timer(tick)
        00:00:05.000 [a] {"n":1}
    "#]],
    );
}
