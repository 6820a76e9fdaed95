//! Forms of machine JSON that v6 added, or that are easily overlooked.

use crate::script::{after, check, done, event, failed};
use expect_test::expect;
use serde_json::{Value, json};

/// An action that writes one value into the context.
fn assign(key: &str, expression: &str) -> Value {
    json!({ "type": "@xstate.assign", "context": {key: {"@expr": expression}} })
}

/// An action that appends a word to the context's `trace`.
fn trace(word: &str) -> Value {
    assign("trace", &format!("context.trace + ['{word}']"))
}

#[test]
fn a_transition_may_patch_the_context() {
    let machine = json!({ "id": "m", "initial": "a", "context": {"n": 1, "kept": true, "deep": {"x": 1}}, "states": {
        "a": {"on": {
            "PATCH": {"context": {"n": {"@expr": "context.n + event.by"}, "deep.y": 2}},
            "BOTH": {"target": "b", "actions": assign("n", "context.n * 10"), "context": {"m": {"@expr": "context.n"}}}}},
        "b": {} } });
    let patch = json!({"event": {"type": "PATCH", "by": 4}});
    check(
        machine,
        &[patch, event("BOTH")],
        expect![[r#"
        00:00:00.000 [a] {"deep":{"x":1},"kept":true,"n":1}
        00:00:00.000 [a] {"deep":{"x":1,"y":2},"kept":true,"n":5}
        00:00:00.000 [b] {"deep":{"x":1,"y":2},"kept":true,"m":50,"n":50}
    "#]],
    );
}

#[test]
fn a_choice_may_patch_the_context_and_bring_input() {
    let machine = json!({ "id": "m", "initial": "pick", "context": {"n": 7}, "states": {
        "pick": {"type": "choice", "choice": [
            {"when": {"@expr": "context.n < 5"}, "target": "small"},
            {"when": {"@expr": "context.n < 9"}, "target": "middle", "context": {"size": "M"}, "input": {"n": {"@expr": "context.n * 2"}}},
            {"target": "big"}]},
        "small": {}, "big": {},
        "middle": {"entry": assign("got", "input.n")} } });
    check(
        machine,
        &[],
        expect![[r#"
        00:00:00.000 [middle] {"got":14,"n":7,"size":"M"}
    "#]],
    );
}

/// What a state was entered with is its own `input` until it is left; a transition inside does not change it.
#[test]
fn states_entered_with_input() {
    let machine = json!({ "id": "m", "context": {"seen": []}, "initial": {"target": "a", "input": {"name": "first"}}, "states": {
        "a": {
            "entry": assign("seen", "context.seen + [input.name]"),
            "on": {
                "SELF": {"target": "a", "input": {"name": "not taken"}, "actions": assign("seen", "context.seen + ['self ' + input.name]")},
                "AGAIN": {"target": "a", "reenter": true, "input": {"name": {"@expr": "event.name"}}},
                "NEXT": {"target": "b", "input": {"name": "second"}},
                "DEFAULT": "c" },
            "exit": assign("seen", "context.seen + ['out ' + input.name]") },
        "b": {"input": {"name": "default"}, "initial": "inner",
            "entry": assign("seen", "context.seen + [input.name]"),
            "states": {"inner": {"entry": assign("seen", "context.seen + [has(input.name) ? input.name : 'none']")}},
            "on": {"BACK": "a"} },
        "c": {"input": {"name": "default"}, "entry": assign("seen", "context.seen + [input.name]")} } });
    let again = json!({"event": {"type": "AGAIN", "name": "third"}});
    check(
        machine.clone(),
        &[event("SELF"), again, event("NEXT")],
        expect![[r#"
        00:00:00.000 [a] {"seen":["first"]}
        00:00:00.000 [a] {"seen":["first","self first"]}
        00:00:00.000 [a] {"seen":["first","self first","out first","third"]}
        00:00:00.000 [b.inner] {"seen":["first","self first","out first","third","out third","second","none"]}
    "#]],
    );
    check(
        machine,
        &[event("DEFAULT")],
        expect![[r#"
        00:00:00.000 [a] {"seen":["first"]}
        00:00:00.000 [c] {"seen":["first","out first","default"]}
    "#]],
    );
}

/// `onError` of a state takes the failure of whatever runs inside it; nearer ones go first.
#[test]
fn a_state_may_take_errors() {
    let machine = json!({ "id": "m", "initial": "a", "context": {}, "states": {
        "a": {"initial": "x", "onError": {"target": "sorry", "actions": assign("why", "event.error.code")}, "states": {
            "x": {"invoke": {"id": "one", "src": "noop", "onDone": "y"}},
            "y": {"invoke": {"id": "two", "src": "noop", "onError": "z"}},
            "z": {}}},
        "sorry": {} } });
    check(
        machine.clone(),
        &[failed("one")],
        expect![[r#"
        00:00:00.000 [a.x] {} +noop(one)
        00:00:00.000 [sorry] {"why":"x"}
    "#]],
    );
    check(
        machine,
        &[done("one", Value::Null), failed("two")],
        expect![[r#"
        00:00:00.000 [a.x] {} +noop(one)
        00:00:00.000 [a.y] {} +noop(two)
        00:00:00.000 [a.z] {}
    "#]],
    );
}

/// The event names a state by its id; a state without a `route` cannot be reached that way.
#[test]
fn routes_lead_to_a_state_from_anywhere() {
    let machine = json!({ "id": "m", "initial": "home", "context": {"ok": false}, "states": {
        "home": {"id": "home", "route": {}, "on": {"ALLOW": {"actions": assign("ok", "true")}}},
        "shop": {"initial": "list", "states": {
            "list": {"id": "list", "route": {"input": {"page": 2}}, "entry": assign("page", "input.page")},
            "pay": {"id": "pay", "route": {"guard": {"@expr": "context.ok"}}}}},
        "hidden": {"id": "hidden"} } });
    let to = |id: &str| json!({"event": {"type": "xstate.route", "to": id}});
    check(
        machine,
        &[to("#list"), to("#pay"), to("#hidden"), to("#home"), event("ALLOW"), to("#pay")],
        expect![[r#"
            00:00:00.000 [home] {"ok":false}
            00:00:00.000 [shop.list] {"ok":false,"page":2}
            00:00:00.000 [shop.list] {"ok":false,"page":2} unhandled
            00:00:00.000 [shop.list] {"ok":false,"page":2} unhandled
            00:00:00.000 [home] {"ok":false,"page":2}
            00:00:00.000 [shop.pay] {"ok":true,"page":2}
            00:00:00.000 [shop.pay] {"ok":true,"page":2}
        "#]],
    );
    check(
        json!({ "id": "m", "initial": "a", "states": {"a": {"route": {}, "on": {"X": "b"}}, "b": {"id": "b", "route": true}} }),
        &[],
        expect![[r#"
            route-shape /states/a/route: a state with a `route` needs an `id`, by which events name it
            route-shape /states/b/route: a `route` is an object; without conditions it is {}
        "#]],
    );
}

#[test]
fn initial_as_an_object_with_actions() {
    let machine = json!({ "id": "m", "initial": {"target": "a", "actions": trace("root")}, "context": {"trace": []}, "states": {
        "a": {"entry": trace("in a"), "initial": {"target": "y", "actions": [trace("to y")]},
            "states": {"x": {"entry": trace("in x")}, "y": {"entry": trace("in y")}}, "on": {"X": ".x"}} } });
    check(
        machine,
        &[event("X")],
        expect![[r#"
        00:00:00.000 [a.y] {"trace":["root","in a","to y","in y"]}
        00:00:00.000 [a.x] {"trace":["root","in a","to y","in y","in x"]}
    "#]],
    );
}

#[test]
fn delays_by_name_duration_and_expression() {
    let machine = json!({ "id": "m", "initial": "a", "context": {"wait": "PT20S"},
        "delays": {"short": {"duration": "PT5S"}, "plain": 1000, "text": "PT7S", "computed": {"@expr": "duration('30s')"}}, "states": {
        "a": {"after": {"short": "b"}},
        "b": {"entry": [
            {"type": "@xstate.raise", "event": {"type": "TICK"}, "delay": "plain", "id": "tick"},
            {"type": "@xstate.raise", "event": {"type": "TOCK"}, "delay": "text"},
            {"type": "@xstate.raise", "event": {"type": "NEVER"}, "delay": {"@expr": "context.wait"}, "id": "no-1"}],
            "on": {"TICK": {"actions": {"type": "@xstate.cancel", "id": {"@expr": "'no-' + string(1)"}}}, "TOCK": "c"}},
        "c": {"after": {"computed": "d"}},
        "d": {"type": "final"} } });
    check(
        machine,
        &[after("PT5S"), after("PT1S"), after("PT6S"), after("PT30S")],
        expect![[r#"
        00:00:00.000 [a] {"wait":"PT20S"} +timer(xstate.after.short.m.a)
        00:00:05.000 [b] {"wait":"PT20S"} +timer(tick) +timer(TOCK#2.1) +timer(no-1)
        00:00:06.000 [b] {"wait":"PT20S"} -timer(no-1)
        00:00:12.000 [c] {"wait":"PT20S"} +timer(xstate.after.computed.m.c)
        00:00:42.000 [d] {"wait":"PT20S"} complete done: null
    "#]],
    );
}

/// A `timeout` of a state counts from its entry, that of an invoke ends with the invoke.
#[test]
fn timeouts_of_states_and_invokes() {
    let machine = json!({ "id": "m", "initial": "a", "context": {}, "states": {
        "a": {"timeout": "PT1M", "onTimeout": {"target": "b", "actions": assign("why", "event.type")}, "on": {"NEXT": "b"}},
        "b": {"invoke": {"id": "work", "src": "noop", "timeout": 5000, "onTimeout": "slow", "onDone": {"actions": assign("done", "true")}},
            "after": {"PT1M": "end"}},
        "slow": {}, "end": {} } });
    check(
        machine.clone(),
        &[after("PT1M"), after("PT5S")],
        expect![[r#"
        00:00:00.000 [a] {} +timer(xstate.timeout.m.a)
        00:01:00.000 [b] {"why":"xstate.timeout.m.a"} +timer(xstate.timeout.actor.work) +timer(xstate.after.PT1M.m.b) +noop(work)
        00:01:05.000 [slow] {"why":"xstate.timeout.m.a"} -timer(xstate.after.PT1M.m.b) -step(work)
    "#]],
    );
    check(
        machine,
        &[event("NEXT"), done("work", Value::Null), after("PT1M")],
        expect![[r#"
        00:00:00.000 [a] {} +timer(xstate.timeout.m.a)
        00:00:00.000 [b] {} -timer(xstate.timeout.m.a) +timer(xstate.timeout.actor.work) +timer(xstate.after.PT1M.m.b) +noop(work)
        00:00:00.000 [b] {"done":true} -timer(xstate.timeout.actor.work)
        00:01:00.000 [end] {"done":true}
    "#]],
    );
}

#[test]
fn output_of_a_compound_final_is_the_done_events() {
    let machine = json!({ "id": "m", "initial": "a", "context": {}, "output": {"sum": {"@expr": "context.sum"}}, "states": {
        "a": {"initial": "x", "states": {
                "x": {"on": {"NEXT": "y"}},
                "y": {"type": "final", "output": {"n": {"@expr": "event.n + 1"}}}},
            "onDone": {"target": "end", "actions": assign("sum", "event.output.n")}},
        "end": {"type": "final"} } });
    check(
        machine,
        &[json!({"event": {"type": "NEXT", "n": 4}})],
        expect![[r#"
        00:00:00.000 [a.x] {}
        00:00:00.000 [end] {"sum":5} complete done: {"sum":5}
    "#]],
    );
}

/// A state is asked for by path or id, in an expression and as a guard; regions see each other.
#[test]
fn in_state_by_path_and_id() {
    let machine = json!({ "id": "m", "initial": "p", "context": {}, "states": {
        "p": {"type": "parallel", "states": {
            "x": {"initial": "x1", "states": {"x1": {"id": "one", "on": {"X": "x2"}}, "x2": {"id": "two"}}},
            "y": {"initial": "y1", "states": {
                "y1": {"on": {
                    "ID": {"guard": {"@expr": "in_state('two')"}, "target": "y2"},
                    "HASH": {"guard": {"@expr": "in_state('#two') && !in_state('p.x.x1')"}, "target": "y2"},
                    "PATH": {"guard": {"type": "stateIn", "params": "p.x.x2"}, "target": "y2"}}},
                "y2": {"always": {"guard": {"type": "xstate.stateIn", "params": {"state": "#two"}}, "target": "y3"}},
                "y3": {"on": {"AGAIN": "y1"}}}}}} } });
    check(
        machine,
        &["ID", "HASH", "PATH", "X", "ID", "AGAIN", "HASH", "AGAIN", "PATH"].map(event),
        expect![[r#"
            00:00:00.000 [p.x.x1 p.y.y1] {}
            00:00:00.000 [p.x.x1 p.y.y1] {} unhandled
            00:00:00.000 [p.x.x1 p.y.y1] {} unhandled
            00:00:00.000 [p.x.x1 p.y.y1] {} unhandled
            00:00:00.000 [p.x.x2 p.y.y3] {}
            00:00:00.000 [p.x.x2 p.y.y3] {} unhandled
            00:00:00.000 [p.x.x2 p.y.y3] {}
            00:00:00.000 [p.x.x2 p.y.y3] {} unhandled
            00:00:00.000 [p.x.x2 p.y.y3] {}
            00:00:00.000 [p.x.x2 p.y.y3] {} unhandled
        "#]],
    );
}

#[test]
fn event_descriptors() {
    let machine = json!({ "id": "m", "initial": "s", "context": {"trace": []}, "states": {
        "s": {"on": {
            "*": {"actions": trace("any")},
            "pay.*": {"actions": trace("pay.*")},
            "pay.card.*": {"actions": trace("pay.card.*")},
            "pay.card.ok": {"actions": trace("exact")},
            "odd*": {"actions": trace("never")}}} } });
    check(
        machine,
        &["pay", "pay.card", "pay.card.ok", "pay.cash.ok", "payment", "odd1"].map(event),
        expect![[r#"
            00:00:00.000 [s] {"trace":[]}
            00:00:00.000 [s] {"trace":["pay.*"]}
            00:00:00.000 [s] {"trace":["pay.*","pay.card.*"]}
            00:00:00.000 [s] {"trace":["pay.*","pay.card.*","exact"]}
            00:00:00.000 [s] {"trace":["pay.*","pay.card.*","exact","pay.*"]}
            00:00:00.000 [s] {"trace":["pay.*","pay.card.*","exact","pay.*","any"]}
            00:00:00.000 [s] {"trace":["pay.*","pay.card.*","exact","pay.*","any","any"]}
        "#]],
    );
}

/// Guards and actions by name with parameters, combined guards, and the first transition in document order wins.
#[test]
fn named_parts_with_parameters() {
    let machine = json!({ "id": "m", "initial": "s", "context": {"n": 5, "trace": []},
        "guards": {"above": {"when": {"@expr": "context.n > params.limit"}}, "odd": {"when": {"@expr": "context.n % 2 == 1"}},
            "between": {"when": {"type": "and", "guards": [{"type": "above"}, {"type": "not", "guards": [{"type": "above", "params": {"limit": {"@expr": "params.most"}}}]}]}}},
        "actions": {"note": [assign("trace", "context.trace + [params.word]")]}, "states": {
        "s": {"on": {"E": [
            {"guard": {"type": "not", "guards": ["odd"]}, "actions": {"type": "note", "params": {"word": "even"}}},
            {"guard": {"type": "and", "guards": ["odd", {"type": "above", "params": {"limit": 6}}]}, "actions": {"type": "note", "params": {"word": "big"}}},
            {"guard": {"type": "or", "guards": [{"type": "above", "params": {"limit": {"@expr": "event.limit"}}}]}, "actions": {"type": "note", "params": {"word": "{{ no template }}"}}},
            {"actions": {"type": "note", "params": {"word": "else"}}}],
            "BETWEEN": {"guard": {"type": "between", "params": {"limit": 6, "most": 8}}, "actions": trace("between")},
            "SET": {"context": {"n": {"@expr": "event.n"}}}}} } });
    let e = |limit: i64| json!({"event": {"type": "E", "limit": limit}});
    let set = |n: i64| json!({"event": {"type": "SET", "n": n}});
    let without = json!({ "id": "m", "initial": "s", "context": {"n": 1}, "guards": {"above": {"when": {"@expr": "context.n > params.limit"}}},
        "states": {"s": {"on": {"E": {"guard": "above", "target": "t"}}}, "t": {"type": "final"}} });
    check(
        without,
        &[],
        expect![[r#"
        unknown-name /guards/above/when/@expr: there is nothing called `params` (column 13)
    "#]],
    );
    check(
        machine,
        &[e(4), e(5), set(6), e(0), event("BETWEEN"), set(7), e(0), event("BETWEEN")],
        expect![[r#"
            00:00:00.000 [s] {"n":5,"trace":[]}
            00:00:00.000 [s] {"n":5,"trace":["{{ no template }}"]}
            00:00:00.000 [s] {"n":5,"trace":["{{ no template }}","else"]}
            00:00:00.000 [s] {"n":6,"trace":["{{ no template }}","else"]}
            00:00:00.000 [s] {"n":6,"trace":["{{ no template }}","else","even"]}
            00:00:00.000 [s] {"n":6,"trace":["{{ no template }}","else","even"]} unhandled
            00:00:00.000 [s] {"n":7,"trace":["{{ no template }}","else","even","between"]}
            00:00:00.000 [s] {"n":7,"trace":["{{ no template }}","else","even","between","big"]}
            00:00:00.000 [s] {"n":7,"trace":["{{ no template }}","else","even","between","big","between"]}
        "#]],
    );
}

/// Transitions of parallel regions that exit the same state: the inner goes before the outer, then document order.
#[test]
fn preemption_targets_and_eventless_regions() {
    let machine = json!({ "id": "m", "initial": "p", "context": {"trace": []}, "states": {
        "p": {"type": "parallel",
            "on": {"E": {"target": "q", "actions": trace("p")}, "BOTH": {"target": ["#m.p.x.x3", "#m.p.y.y3"]}},
            "states": {
            "x": {"initial": "x1", "states": {
                "x1": {"exit": trace("-x1"), "on": {"E": {"target": "#m.q", "actions": trace("x")}, "GO": "x2"}},
                "x2": {"entry": trace("+x2"), "always": {"target": "x3", "guard": {"@expr": "in_state('p.y.y2')"}}},
                "x3": {"entry": trace("+x3")}}},
            "y": {"initial": "y1", "states": {
                "y1": {"exit": trace("-y1"), "on": {"E": {"target": "y2", "actions": trace("y")}, "GO": "y2"}},
                "y2": {"entry": trace("+y2")},
                "y3": {"entry": trace("+y3")}}}}},
        "q": {} } });
    check(
        machine.clone(),
        &[event("E")],
        expect![[r#"
        00:00:00.000 [p.x.x1 p.y.y1] {"trace":[]}
        00:00:00.000 [q] {"trace":["-y1","-x1","x"]}
    "#]],
    );
    check(
        machine.clone(),
        &[event("GO"), event("E")],
        expect![[r#"
        00:00:00.000 [p.x.x1 p.y.y1] {"trace":[]}
        00:00:00.000 [p.x.x3 p.y.y2] {"trace":["-y1","-x1","+x2","+y2","+x3"]}
        00:00:00.000 [q] {"trace":["-y1","-x1","+x2","+y2","+x3","p"]}
    "#]],
    );
    check(
        machine,
        &[event("BOTH")],
        expect![[r#"
        00:00:00.000 [p.x.x1 p.y.y1] {"trace":[]}
        00:00:00.000 [p.x.x3 p.y.y3] {"trace":["-y1","-x1","+x3","+y3"]}
    "#]],
    );
}

#[test]
fn raised_events_go_before_those_of_the_outside() {
    let machine = json!({ "id": "m", "initial": "a", "context": {"trace": []}, "states": {
        "a": {"on": {"E": {"target": "b", "actions": [
            {"type": "@xstate.raise", "event": {"type": "ONE", "n": {"@expr": "1 + 1"}}}, {"type": "@xstate.raise", "event": "TWO"}, trace("e")]}}},
        "b": {"entry": {"type": "@xstate.raise", "event": {"type": "THREE"}}, "on": {
            "ONE": {"actions": assign("trace", "context.trace + ['one ' + string(event.n)]")},
            "TWO": {"actions": trace("two")}, "THREE": {"actions": trace("three")}}} } });
    check(
        machine,
        &[event("E")],
        expect![[r#"
        00:00:00.000 [a] {"trace":[]}
        00:00:00.000 [b] {"trace":["e","one 2","two","three"]}
    "#]],
    );
}

#[test]
fn a_history_state_has_a_default() {
    let machine = json!({ "id": "m", "initial": "out", "context": {}, "states": {
        "out": {"on": {"TARGET": "w.h", "PARENT": "w.i", "DEEP": "w.d"}},
        "w": {"initial": "one", "on": {"OUT": "out"}, "states": {
            "one": {}, "two": {"initial": "t1", "states": {"t1": {}, "t2": {}}},
            "h": {"type": "history", "target": "two"},
            "i": {"type": "history"},
            "d": {"type": "history", "history": "deep", "target": "two.t2"}}} } });
    check(
        machine.clone(),
        &[event("TARGET")],
        expect![[r#"
        00:00:00.000 [out] {}
        00:00:00.000 [w.two.t1] {}
    "#]],
    );
    check(
        machine.clone(),
        &[event("PARENT")],
        expect![[r#"
        00:00:00.000 [out] {}
        00:00:00.000 [w.one] {}
    "#]],
    );
    check(
        machine,
        &[event("DEEP")],
        expect![[r#"
        00:00:00.000 [out] {}
        00:00:00.000 [w.two.t2] {}
    "#]],
    );
}

#[test]
fn forms_that_are_refused_by_name() {
    check(
        json!({ "id": "m", "initial": "a", "@exprLang": "jsonata", "states": {
            "a": {"on": {
                "M": {"target": "b", "matches": {"kind": "x"}},
                "C": {"target": "b", "cond": "ready"},
                "T": {"target": "b", "guard": {"@expr": "$x", "@lang": "jsonata"}}},
                "timeout": "PT1M",
                "invoke": {"id": "i", "src": "noop", "onSnapshot": {"target": "b"}, "onTimeout": "b"}},
            "b": {"type": "final"} } }),
        &[],
        expect![[r#"
            expression-language /@exprLang: expressions in `jsonata` cannot run here
            not-supported /states/a/invoke/onSnapshot: `onSnapshot` is not run here
            timeout-pair /states/a/invoke: `timeout` and `onTimeout` belong together
            not-supported /states/a/on/C/cond: `cond` was renamed: write `guard`
            not-supported /states/a/on/M/matches: `matches` is not run here: write what the event must be as a `guard`
            expression-language /states/a/on/T/guard/@lang: expressions in `jsonata` cannot run here
            timeout-pair /states/a: `timeout` and `onTimeout` belong together
        "#]],
    );
}

/// A transition from inside the root to the root enters it again without leaving it: its timers and steps are set anew, not
/// twice.
#[test]
fn a_state_entered_again_without_being_left() {
    let machine = json!({ "id": "m", "initial": "a", "context": {"trace": []}, "after": {"PT1M": ".late"},
        "entry": trace("in"), "exit": trace("out"), "invoke": {"id": "work", "src": "noop"}, "states": {
        "a": {"on": {"AGAIN": "#m"}}, "late": {} } });
    check(
        machine,
        &[after("PT40S"), event("AGAIN"), after("PT40S"), after("PT20S"), after("PT2M")],
        expect![[r#"
            00:00:00.000 [a] {"trace":["in"]} +timer(xstate.after.PT1M.m) +noop(work)
            00:00:40.000 [a] {"trace":["in"]}
            00:00:40.000 [a] {"trace":["in","in"]} -timer(xstate.after.PT1M.m) -step(work) +timer(xstate.after.PT1M.m) +noop(work)
            00:01:20.000 [a] {"trace":["in","in"]}
            00:01:40.000 [late] {"trace":["in","in"]}
            00:03:40.000 [late] {"trace":["in","in"]}
        "#]],
    );
}
