//! Steps that the engine runs itself: events and cancellations for other instances.

use crate::support::World;
use engine::{InstanceView, StartRequest};
use serde_json::{Value, json};
use uuid::Uuid;

/// A machine that runs one step, and keeps what came of it.
fn sender(kind: &str, input: Value) -> Value {
    let kept = |target: &str, field: &str| {
        json!({ "target": target, "actions": [
            { "type": "@xstate.assign", "context": { "got": { "@expr": field } } }] })
    };
    json!({
        "@exprLang": "cel",
        "initial": "sending",
        "context": { "got": null },
        "states": {
            "sending": { "invoke": {
                "id": "work", "src": kind, "input": input,
                "onDone": kept("sent", "event.output"), "onError": kept("unsent", "event.error.code")
            } },
            "sent": { "type": "final" },
            "unsent": { "type": "final" }
        }
    })
}

/// A machine that waits for `go`, and keeps what it said.
fn listener() -> Value {
    json!({
        "@exprLang": "cel",
        "initial": "wait",
        "context": { "heard": null },
        "states": {
            "wait": { "on": { "go": { "target": "end", "actions": [
                { "type": "@xstate.assign", "context": { "heard": { "@expr": "event" } } }] } } },
            "end": { "type": "final" }
        }
    })
}

async fn begin(world: &World, tenant: Uuid, key: &str) -> InstanceView {
    let request = StartRequest {
        tenant,
        definition: "listener".to_owned(),
        key: Some(key.to_owned()),
        actor: "test".to_owned(),
        ..StartRequest::default()
    };
    world.engine.start_instance(request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_one_of_this_tenant() {
    let world = World::make().await;
    let stranger = Uuid::now_v7();
    world.publish("listener", listener()).await;
    crate::support::publish(&world.engine, stranger, "listener", listener()).await;
    let over = begin(&world, world.tenant, "over").await.id;
    world.send(over, json!({ "type": "go" })).await.unwrap();
    let other = begin(&world, stranger, "other").await.id;
    let (by_id, by_key) =
        (begin(&world, world.tenant, "a").await.id, begin(&world, world.tenant, "7").await.id);
    let ended = begin(&world, world.tenant, "c").await.id;
    let to = |target: Value| {
        let mut input = json!({ "event": "go", "data": { "n": 1 } });
        input.as_object_mut().unwrap().extend(target.as_object().unwrap().clone());
        input
    };
    // (kind, input, what the sender keeps)
    let cases = [
        (
            "signal",
            to(json!({ "instance": by_id })),
            json!({ "delivered": true, "instance": by_id }),
        ),
        (
            "signal",
            to(json!({ "workflow": "listener", "key": 7 })),
            json!({ "delivered": true, "instance": by_key }),
        ),
        (
            "cancel",
            json!({ "instance": ended, "reason": "enough" }),
            json!({ "delivered": true, "instance": ended }),
        ),
        ("signal", to(json!({ "instance": over })), json!("over")),
        ("cancel", json!({ "instance": over }), json!("over")),
        ("signal", to(json!({ "instance": other })), json!("no-instance")),
        ("cancel", json!({ "instance": other }), json!("no-instance")),
        ("signal", to(json!({ "workflow": "listener", "key": "other" })), json!("no-instance")),
        ("signal", to(json!({ "workflow": "listener", "key": "over" })), json!("no-instance")),
        ("signal", to(json!({ "instance": Uuid::now_v7() })), json!("no-instance")),
        ("signal", to(json!({ "instance": "nobody" })), json!("no-instance")),
        ("signal", to(json!({ "child": "1.0" })), json!("no-instance")),
        ("signal", to(json!({ "child": { "of": 1 } })), json!("no-instance")),
        ("signal", to(json!({})), json!("no-instance")),
        ("signal", json!({ "event": "ops.cancel", "instance": by_id }), json!("bad-event")),
        (
            "signal",
            json!({ "event": "x", "data": { "scope": {} }, "instance": by_id }),
            json!("bad-event"),
        ),
        ("signal", json!({ "event": "", "instance": by_id }), json!("no-event")),
    ];
    for kind in ["signal", "cancel"] {
        // Computed: what is written out wrong is refused at the upload.
        world.publish(kind, sender(kind, json!({ "@expr": "input" }))).await;
    }
    for (kind, input, wanted) in cases {
        let started = world.begin(kind, input.clone()).await.unwrap();
        let sent = world.until(started.id, &["completed", "stuck"]).await;
        assert_eq!(sent.state.context["got"], wanted, "{kind} {input}: {sent:#?}");
    }
    for (id, heard) in [(by_id, 1), (by_key, 1)] {
        let listener = world.until(id, &["completed"]).await;
        assert_eq!(listener.state.context["heard"], json!({ "type": "go", "n": heard }));
    }
    let cancelled = world.until(ended, &["cancelled"]).await;
    assert_eq!(cancelled.state.memo.result, Some(json!({ "cancelled": "enough" })));
    let untouched = world.engine.instance(stranger, other).await.unwrap();
    assert_eq!((untouched.status.as_str(), untouched.state.seq), ("waiting", 1));
    let by_instances = "select count(*) from history where actor like 'instance:%'";
    assert_eq!(world.db.count(by_instances).await, 3);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_detached_child_is_reached_by_what_its_start_told() {
    // (kind, how the child ends)
    for (kind, wanted) in [("signal", "completed"), ("cancel", "cancelled")] {
        let world = World::make().await;
        world.publish("listener", listener()).await;
        let mut parent =
            sender(kind, json!({ "child": { "@expr": "context.child" }, "event": "go" }));
        parent["initial"] = json!("starting");
        parent["context"]["child"] = json!(null);
        // It is reached at once, when its own first turn may still be to come.
        parent["states"]["starting"] = json!({ "invoke": {
            "src": "workflow:listener", "detach": true,
            "onDone": { "target": "sending", "actions": [
                { "type": "@xstate.assign", "context": { "child": { "@expr": "event.output" } } }] }
        } });
        world.publish("parent", parent).await;
        let started = world.begin("parent", json!({})).await.unwrap();
        let sent = world.until(started.id, &["completed", "stuck"]).await;
        assert_eq!(sent.state.configuration, ["sent"], "{kind}: {sent:#?}");
        let id = sent.state.context["got"]["instance"].as_str().unwrap().parse().unwrap();
        let child = world.until(id, &[wanted]).await;
        assert_eq!((child.parent, child.state.seq), (Some(started.id), 2), "{kind}");
        world.end().await;
    }
}
