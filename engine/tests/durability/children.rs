//! Instances that start instances.

use crate::support::{World, one_step};
use serde_json::{Value, json};

fn parent(workflow: &str) -> Value {
    json!({
        "@exprLang": "cel",
        "initial": "asking",
        "context": { "got": null },
        "states": {
            "asking": {
                "invoke": {
                    "id": "child",
                    "src": format!("workflow:{workflow}"),
                    "input": { "n": 7 },
                    "onDone": {
                        "target": "done",
                        "actions": [{ "type": "@xstate.assign", "context": { "got": { "@expr": "event.output" } } }]
                    },
                    "onError": {
                        "target": "failed",
                        "actions": [{ "type": "@xstate.assign", "context": { "got": { "@expr": "event.error.code" } } }]
                    }
                },
                "on": { "leave": "left" }
            },
            "done": { "type": "final" },
            "failed": { "type": "final" },
            "left": { "type": "final" }
        }
    })
}

fn answering() -> Value {
    json!({
        "@exprLang": "cel",
        "initial": "end",
        "states": { "end": { "type": "final" } },
        "output": { "twice": { "@expr": "input.n * 2" } }
    })
}

fn waiting() -> Value {
    json!({ "initial": "wait", "states": { "wait": { "on": { "go": "end" } }, "end": { "type": "final" } } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_child_is_an_event_of_its_parent() {
    // (child, what is sent to it, where the parent ends, what it got)
    let cases = [
        ("answering", None, "done", json!({ "twice": 14 })),
        ("waiting", Some(json!({ "type": "ops.cancel" })), "failed", json!("cancelled")),
        ("unknown", None, "failed", json!("definition")),
    ];
    for (child, sent, wanted, got) in cases {
        let world = World::make().await;
        world.publish("answering", answering()).await;
        world.publish("waiting", waiting()).await;
        world.publish("parent", parent(child)).await;
        let started = world.begin("parent", json!({})).await.unwrap();
        if let Some(event) = sent {
            let step = started.state.memo.steps.get("child").unwrap().id;
            let id = engine::child_id(started.id, step);
            world.until(id, &["waiting"]).await;
            world.send(id, event).await.unwrap();
        }
        let ended = world.until(started.id, &["completed", "stuck"]).await;
        assert_eq!(ended.state.configuration, [wanted], "{child}: {ended:#?}");
        assert_eq!(ended.state.context["got"], got, "{child}");
        assert_eq!(world.db.count("select count(*) from inbox").await, 0, "{child}");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_the_state_cancels_the_child() {
    let world = World::make().await;
    world.publish("waiting", waiting()).await;
    world.publish("parent", parent("waiting")).await;
    let started = world.begin("parent", json!({})).await.unwrap();
    let child = engine::child_id(started.id, started.state.memo.steps.get("child").unwrap().id);
    world.until(child, &["waiting"]).await;
    let left = world.send(started.id, json!({ "type": "leave" })).await.unwrap();
    assert_eq!(left.status, "completed");
    world.until(child, &["cancelled"]).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_child_is_followed_by_another() {
    let world = World::make().await;
    world.publish("waiting", waiting()).await;
    world.publish("parent", one_step(json!({ "src": "workflow:waiting" }))).await;
    let started = world.begin("parent", json!({})).await.unwrap();
    let first = engine::child_id(started.id, started.state.memo.steps.get("work").unwrap().id);
    world.until(first, &["waiting"]).await;
    world.send(first, json!({ "type": "ops.cancel" })).await.unwrap();
    world.until(started.id, &["stuck"]).await;
    let after = world.send(started.id, json!({ "type": "ops.retry" })).await.unwrap();
    assert_eq!((after.status.as_str(), after.state.memo.steps.len()), ("running", 1));
    let second = engine::child_id(started.id, after.state.memo.steps.get("work").unwrap().id);
    assert_ne!(first, second);
    let child = world.until(second, &["waiting"]).await;
    assert_eq!(child.parent, Some(started.id));
    world.send(second, json!({ "type": "go" })).await.unwrap();
    let ended = world.until(started.id, &["completed", "stuck"]).await;
    assert_eq!(ended.state.configuration, ["done"], "{ended:#?}");
    // The first one had ended: nothing was sent to it.
    let first = world.engine.instance(world.tenant, first).await.unwrap();
    assert_eq!((first.status.as_str(), first.state.seq), ("cancelled", 2));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inbox_takes_starts_and_events_of_other_transactions() {
    let world = World::make().await;
    world.publish("waiting", waiting()).await;
    world.publish("working", one_step(json!({ "src": "noop" }))).await;
    let (id, now) = (uuid::Uuid::now_v7(), world.clock.now());
    let started = engine::turn::Started {
        definition: "waiting".to_owned(),
        key: Some("k".to_owned()),
        ..engine::turn::Started::default()
    };
    let go = json!({ "type": "go" }).as_object().unwrap().clone();
    for rolled_back in [true, false] {
        let mut transaction = world.db.pool.begin().await.unwrap();
        for body in [started.clone().into_body(), go.clone()] {
            let event = engine::Enqueued {
                tenant: world.tenant,
                instance: id,
                conversation: None,
                body,
                actor: "router".to_owned(),
                event_id: None,
            };
            engine::enqueue(&mut transaction, event, now).await.unwrap();
        }
        if rolled_back {
            transaction.rollback().await.unwrap();
        } else {
            transaction.commit().await.unwrap();
        }
    }
    world.engine.hint_inbox(id, None);
    let ended = world.until(id, &["completed"]).await;
    assert_eq!((ended.state.seq, ended.key.as_deref()), (2, Some("k")));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_fails_says_why() {
    let world = World::make().await;
    let failing = json!({
        "@exprLang": "cel",
        "initial": "end",
        "states": { "end": { "type": "final", "meta": { "outcome": "failed" },
            "output": { "code": "no-stock", "message": "sold out" } } }
    });
    world.publish("failing", failing).await;
    world.publish("parent", parent("failing")).await;
    let started = world.begin("parent", json!({})).await.unwrap();
    let ended = world.until(started.id, &["completed", "stuck"]).await;
    assert_eq!(ended.state.context["got"], json!("no-stock"), "{ended:#?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_parent_ends_the_children_it_waits_for_and_no_other() {
    // (whether it is detached, what ends the parent, how the parent ends, how the child stands then)
    let cases = [
        (false, json!({ "type": "ops.cancel" }), "cancelled", "cancelled"),
        (false, json!({ "type": "leave" }), "completed", "cancelled"),
        (true, json!({ "type": "ops.cancel" }), "cancelled", "waiting"),
        (true, json!({ "type": "leave" }), "completed", "waiting"),
    ];
    for (detach, event, parent_ends, child_stands) in cases {
        let world = World::make().await;
        world.publish("waiting", waiting()).await;
        let mut parent = parent("waiting");
        parent["states"]["asking"]["invoke"]["detach"] = json!(detach);
        if detach {
            // A detached child is done as soon as it is asked for.
            parent["states"]["asking"]["invoke"]["onDone"] = json!("going");
            parent["states"]["going"] = json!({ "on": { "leave": "left" } });
        }
        world.publish("parent", parent).await;
        let started = world.begin("parent", json!({})).await.unwrap();
        world.db.until("select count(*) from instance where definition = 'waiting'").await;
        let ended = world.send(started.id, event.clone()).await.unwrap();
        assert_eq!(ended.status, parent_ends, "{detach} {event}");
        let child: uuid::Uuid =
            sqlx::query_scalar("select id from instance where definition = 'waiting'")
                .fetch_one(&world.db.pool)
                .await
                .unwrap();
        let child = world.until(child, &[child_stands]).await;
        assert_eq!(child.parent, Some(started.id), "{detach} {event}");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_children_answer_in_the_order_of_their_items() {
    let world = World::make().await;
    world.publish("answering", answering()).await;
    let mut parent = parent("answering");
    parent["states"]["asking"]["invoke"]["each"] =
        json!({ "items": { "@expr": "[3, 1, 2, 5, 4]" }, "concurrency": 2 });
    parent["states"]["asking"]["invoke"]["input"] = json!({ "n": { "@expr": "item" } });
    world.publish("parent", parent).await;
    let started = world.begin("parent", json!({})).await.unwrap();
    let ended = world.until(started.id, &["completed", "stuck"]).await;
    let twice: Vec<Value> = [6, 2, 4, 10, 8].map(|n| json!({ "twice": n })).into();
    assert_eq!(ended.state.context["got"], Value::Array(twice), "{ended:#?}");
    let children = "select count(*) from instance where parent_invoke like 'child[%]'";
    assert_eq!(world.db.count(children).await, 5);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_that_gave_up_is_skipped_by_its_own_name() {
    let world = World::make().await;
    let mut machine = one_step(json!({
        "src": "noop",
        "input": { "value": { "@expr": "item" } },
        "each": { "items": { "@expr": "[\"act\", \"refuse\", \"act\"]" } }
    }));
    machine["@exprLang"] = json!("cel");
    world.publish("items", machine).await;
    let started = world.begin("items", json!({})).await.unwrap();
    let stuck = world.until(started.id, &["stuck", "completed"]).await;
    let incident = stuck.state.memo.incident.as_ref().unwrap();
    assert_eq!(incident.step.as_deref(), Some("work[1]"), "{stuck:#?}");
    let skip = json!({ "type": "ops.skip", "id": "work[1]", "output": "by hand" });
    world.send(started.id, skip).await.unwrap();
    world.until(started.id, &["completed"]).await;
    world.end().await;
}
