//! `each`: an invoke that runs once per item.

use crate::script::{after, check, done, event, failed, ops};
use expect_test::expect;
use serde_json::{Value, json};

/// Posts once per item of the event; `each` as given.
fn posts(each: Value) -> Value {
    json!({ "id": "m", "initial": "idle", "context": {}, "states": {
        "idle": {"on": {"GO": "all"}},
        "all": {
            "invoke": {"id": "post", "src": "slack.post", "each": each,
                "input": {"channel": "C{{ index }}", "text": "{{ default(event.greeting, '') }} {{ item }}"},
                "onDone": {"target": "end", "actions": {"type": "@xstate.assign", "context": {"all": {"@expr": "event.output"}}}},
                "onError": {"target": "sorry", "actions": {"type": "@xstate.assign", "context": {"why": {"@expr": "event.error.code"}, "at": {"@expr": "event.index"}}}},
                "timeout": "PT1H", "onTimeout": "late"},
            "on": {"LEAVE": "idle"} },
        "end": {}, "sorry": {}, "late": {} } })
}

fn items(extra: Value) -> Value {
    let mut each = json!({ "items": {"@expr": "event.items"} });
    each.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
    each
}

fn go(items: Value) -> Value {
    json!({ "event": {"type": "GO", "greeting": "hi", "items": items} })
}

#[test]
fn results_come_in_the_order_of_the_items() {
    check(
        posts(items(json!({"concurrency": 2}))),
        &[
            go(json!(["a", "b", "c"])),
            done("post[1]", json!({"ts": 1})),
            done("post[1]", json!("again")),
            done("post[2]", json!({"ts": 2})),
            done("post[0]", json!({"ts": 0})),
        ],
        expect![[r#"
            00:00:00.000 [idle] {}
            00:00:00.000 [all] {} +timer(xstate.timeout.actor.post) +slack.post(post[0]) +slack.post(post[1])
            00:00:00.000 [all] {} +slack.post(post[2])
            00:00:00.000 [all] {} unhandled
            00:00:00.000 [all] {}
            00:00:00.000 [end] {"all":[{"ts":0},{"ts":1},{"ts":2}]} -timer(xstate.timeout.actor.post)
        "#]],
    );
}

#[test]
fn an_empty_list_is_done_at_once() {
    check(
        posts(items(json!({}))),
        &[go(json!([]))],
        expect![[r#"
        00:00:00.000 [idle] {}
        00:00:00.000 [end] {"all":[]}
    "#]],
    );
}

#[test]
fn a_failure_stops_the_others_or_is_collected() {
    check(
        posts(items(json!({"concurrency": 2}))),
        &[go(json!(["a", "b", "c"])), failed("post[1]"), done("post[0]", json!(1))],
        expect![[r#"
            00:00:00.000 [idle] {}
            00:00:00.000 [all] {} +timer(xstate.timeout.actor.post) +slack.post(post[0]) +slack.post(post[1])
            00:00:00.000 [sorry] {"at":1,"why":"x"} -step(post[0]) -timer(xstate.timeout.actor.post)
            00:00:00.000 [sorry] {"at":1,"why":"x"} unhandled
        "#]],
    );
    check(
        posts(items(json!({"onFailure": "collect", "concurrency": 2}))),
        &[
            go(json!(["a", "b", "c"])),
            failed("post[0]"),
            done("post[1]", json!(1)),
            done("post[2]", Value::Null),
        ],
        expect![[r#"
            00:00:00.000 [idle] {}
            00:00:00.000 [all] {} +timer(xstate.timeout.actor.post) +slack.post(post[0]) +slack.post(post[1])
            00:00:00.000 [all] {} +slack.post(post[2])
            00:00:00.000 [all] {}
            00:00:00.000 [end] {"all":[{"error":{"code":"x","message":"y"}},{"output":1},{"output":null}]} -timer(xstate.timeout.actor.post)
        "#]],
    );
}

/// The failure of an item nobody handles: one item is stuck over, the others' results wait.
#[test]
fn ops_retry_and_skip_one_item() {
    let mut machine = posts(items(json!({})));
    machine["states"]["all"]["invoke"].as_object_mut().unwrap().remove("onError");
    let unknown = json!({"event": {"type": "step.unknown", "id": "post[1]", "error": {"code": "timeout", "message": "?"}}});
    check(
        machine,
        &[
            go(json!(["a", "b"])),
            failed("post[0]"),
            done("post[1]", json!("early")),
            ops("skip", json!({"id": "post[1]"})),
            ops("retry", json!({})),
            done("post[0]", json!("late")),
        ],
        expect![[r#"
            00:00:00.000 [idle] {}
            00:00:00.000 [all] {} +timer(xstate.timeout.actor.post) +slack.post(post[0]) +slack.post(post[1])
            00:00:00.000 [all] {} error: null step-failed
            00:00:00.000 [all] {} unhandled error: null step-failed
            00:00:00.000 [all] {} unhandled error: null step-failed
            00:00:00.000 [all] {} retry(post[0])
            00:00:00.000 [end] {"all":["late","early"]} -timer(xstate.timeout.actor.post)
        "#]],
    );
    let mut machine = posts(items(json!({})));
    machine["states"]["all"]["invoke"].as_object_mut().unwrap().remove("onError");
    check(
        machine,
        &[
            go(json!(["a", "b"])),
            unknown,
            ops("skip", json!({"output": "by hand"})),
            done("post[0]", json!("x")),
        ],
        expect![[r#"
            00:00:00.000 [idle] {}
            00:00:00.000 [all] {} +timer(xstate.timeout.actor.post) +slack.post(post[0]) +slack.post(post[1])
            00:00:00.000 [all] {} error: null step-unknown
            00:00:00.000 [all] {} -step(post[1])
            00:00:00.000 [end] {"all":["x","by hand"]} -timer(xstate.timeout.actor.post)
        "#]],
    );
}

#[test]
fn leaving_cancels_everything_and_forgets_it() {
    check(
        posts(items(json!({"concurrency": 2}))),
        &[
            go(json!(["a", "b", "c"])),
            event("LEAVE"),
            done("post[0]", json!(1)),
            go(json!(["d"])),
            done("post[0]", json!(2)),
        ],
        expect![[r#"
            00:00:00.000 [idle] {}
            00:00:00.000 [all] {} +timer(xstate.timeout.actor.post) +slack.post(post[0]) +slack.post(post[1])
            00:00:00.000 [idle] {} -timer(xstate.timeout.actor.post) -step(post[0]) -step(post[1])
            00:00:00.000 [idle] {} unhandled
            00:00:00.000 [all] {} +timer(xstate.timeout.actor.post) +slack.post(post[0])
            00:00:00.000 [end] {"all":[2]} -timer(xstate.timeout.actor.post)
        "#]],
    );
    check(
        posts(items(json!({"concurrency": 1}))),
        &[go(json!(["a", "b"])), done("post[0]", json!(1)), after("PT2H")],
        expect![[r#"
            00:00:00.000 [idle] {}
            00:00:00.000 [all] {} +timer(xstate.timeout.actor.post) +slack.post(post[0])
            00:00:00.000 [all] {} +slack.post(post[1])
            02:00:00.000 [late] {} -step(post[1])
        "#]],
    );
}

#[test]
fn what_cannot_be_run_makes_it_stuck_before_it_begins() {
    check(
        posts(items(json!({"max": 2}))),
        &[go(json!([1, 2, 3])), ops("cancel", json!({}))],
        expect![[r#"
            00:00:00.000 [idle] {}
            00:00:00.000 [idle] {} error: null each-items
            00:00:00.000 [idle] {} done: {"cancelled":"cancelled"}
        "#]],
    );
    check(
        posts(items(json!({}))),
        &[go(json!("abc"))],
        expect![[r#"
        00:00:00.000 [idle] {}
        00:00:00.000 [idle] {} error: null each-items
    "#]],
    );
}

/// Children: one failed, and is started again with its own item; one that nobody waits for is only named.
#[test]
fn children_of_items() {
    let machine = |detach: bool| {
        json!({ "id": "m", "initial": "idle", "context": {}, "states": {
            "idle": {"on": {"GO": "all"}},
            "all": { "invoke": {"id": "kid", "src": "workflow:kid", "detach": detach,
                "each": {"items": {"@expr": "event.items"}, "as": "who", "concurrency": 2}, "input": {"who": {"@expr": "who"}},
                "onDone": {"target": "end", "actions": [
                    {"type": "@xstate.assign", "context": {"all": {"@expr": "event.output"}}}]}} },
            "end": {"type": "final"} } })
    };
    check(
        machine(false),
        &[
            go(json!(["a", "b", "c"])),
            failed("kid[1]"),
            ops("retry", json!({})),
            done("kid[1]", json!("B")),
            done("kid[0]", json!("A")),
            done("kid[2]", json!("C")),
        ],
        expect![[r#"
            00:00:00.000 [idle] {}
            00:00:00.000 [all] {} +child(kid) +child(kid)
            00:00:00.000 [all] {} error: null step-failed
            00:00:00.000 [all] {} +child(kid)
            00:00:00.000 [all] {} +child(kid)
            00:00:00.000 [all] {}
            00:00:00.000 [end] {"all":["A","B","C"]} complete done: null
        "#]],
    );
    check(
        machine(true),
        &[go(json!(["a", "b", "c"]))],
        expect![[r#"
        00:00:00.000 [idle] {}
        00:00:00.000 [end] {"all":[{"child":"2.0"},{"child":"2.1"},{"child":"2.2"}]} +child(kid) +child(kid) +child(kid) complete done: null
    "#]],
    );
}

#[test]
fn a_detached_child_is_named_by_its_done_event() {
    let machine = json!({ "id": "m", "initial": "a", "context": {}, "states": {
        "a": { "invoke": {"id": "kid", "src": "workflow:kid", "detach": true,
            "onDone": {"target": "b", "actions": {"type": "@xstate.assign", "context": {"kid": {"@expr": "event.output.child"}}}}} },
        "b": {} } });
    check(
        machine,
        &[],
        expect![[r#"
        00:00:00.000 [b] {"kid":"1.0"} +child(kid)
    "#]],
    );
}

/// Its items are taken when the state is entered; an input is computed when its item starts, and sees the first event.
#[test]
fn a_list_is_taken_once() {
    let machine = json!({ "id": "m", "initial": "a", "context": {"list": [1, 2]}, "states": {
        "a": { "invoke": {"id": "x", "src": "slack.post", "each": {"items": {"@expr": "context.list"}, "concurrency": 1},
                "input": {"channel": "C", "text": "{{ item }} {{ event.type }} {{ size(context.list) }}"}, "onDone": "b"},
            "on": {"MORE": {"actions": {"type": "@xstate.assign", "context": {"list": [7, 8, 9]}}}} },
        "b": {"type": "final"} } });
    check(
        machine,
        &[event("MORE"), done("x[0]", Value::Null), done("x[1]", Value::Null)],
        expect![[r#"
            00:00:00.000 [a] {"list":[1,2]} +slack.post(x[0])
            00:00:00.000 [a] {"list":[7,8,9]}
            00:00:00.000 [a] {"list":[7,8,9]} +slack.post(x[1])
            00:00:00.000 [b] {"list":[7,8,9]} complete done: null
        "#]],
    );
}

#[test]
fn shapes_that_are_refused() {
    let invoke = |id: &str, each: Value| json!({ "id": id, "src": "noop", "each": each });
    let list = json!({"items": {"@expr": "context.list"}});
    let with = |field: &str, value: Value| {
        let mut each = list.clone();
        each[field] = value;
        each
    };
    let invokes = json!([
        invoke("a", json!([1])),
        invoke("b", json!({})),
        invoke("c", json!({"items": "context.list"})),
        invoke("d", with("max", json!(10_001))),
        invoke("e", with("concurrency", json!(0))),
        invoke("f", with("onFailure", json!("ignore"))),
        invoke("g", with("as", json!("event"))),
        invoke("h", with("as", json!("1st"))),
        invoke("i", with("itmes", json!([]))),
        invoke("j", json!({"items": {"@expr": "1 + 1"}})),
        {"id": "k", "src": "@perdure.compensate", "each": list},
        {"id": "l", "src": "noop", "each": list, "input": {"n": {"@expr": "item.n + indx"}}},
        {"id": "l[1]", "src": "noop"},
        {"id": "n", "src": "workflow:kid", "detach": true, "each": with("max", json!(501))},
    ]);
    check(
        json!({ "id": "m", "initial": "a", "context": {"list": []}, "states": {
            "a": {"invoke": invokes, "on": {"X": "b"}}, "b": {"type": "final"} } }),
        &[],
        expect![[r#"
            each-shape /states/a/invoke/0/each: `each` is an object
            each-shape /states/a/invoke/1/each/items: `each` does not say which list it runs over
            each-shape /states/a/invoke/2/each/items: `items` is a list, or an expression that gives one
            each-shape /states/a/invoke/3/each/max: this is a whole number from 1 to 10000
            each-shape /states/a/invoke/4/each/concurrency: this is a whole number from 1 to 100
            each-shape /states/a/invoke/5/each/onFailure: `onFailure` is `stop` or `collect`
            each-shape /states/a/invoke/6/each/as: `event` means something else in expressions already
            each-shape /states/a/invoke/7/each/as: `as` is a name: letters, digits and `_`
            unknown-field /states/a/invoke/8/each/itmes: `itmes` means nothing here and is ignored
            each-shape /states/a/invoke/9/each/items: `items` gives a whole number, and a list is needed
            each-shape /states/a/invoke/10/each: compensating runs the registered undo steps, not a list
            unknown-name /states/a/invoke/11/input/n/@expr: there is nothing called `indx` (column 10)
            each-shape /states/a/invoke/13/each/max: this is a whole number from 1 to 500
            duplicate-id /states/a/invoke/12: `l[1]` would be taken for a part of `l`
        "#]],
    );
}
