//! Timers: never early, once, and not at all once their state is left.

use crate::support::World;
use serde_json::json;
use std::time::Duration;

fn patient(delay: &str) -> serde_json::Value {
    json!({
        "initial": "asleep",
        "states": {
            "asleep": { "after": { delay: "awake" }, "on": { "poke": "poked" } },
            "awake": { "type": "final" },
            "poked": { "type": "final" }
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fires_once_its_time_has_come() {
    let world = World::make().await;
    world.publish("soon", patient("50")).await;
    let started = world.begin("soon", json!({})).await.unwrap();
    assert_eq!(started.status, "waiting");
    let due = started.state.memo.timers.values().next().unwrap().due;
    let ended = world.until(started.id, &["completed"]).await;
    assert!(ended.updated_at >= due, "{} is before {due}", ended.updated_at);
    assert_eq!((ended.state.configuration, ended.state.seq), (vec!["awake".to_owned()], 2));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_sleep_ends_when_time_moves() {
    let world = World::make().await;
    world.publish("later", patient("86400000")).await;
    let started = world.begin("later", json!({})).await.unwrap();
    assert_eq!(world.db.count("select count(*) from timer").await, 1);
    world.clock.advance(Duration::from_secs(86_000));
    let early = world.engine.instance(world.tenant, started.id).await.unwrap();
    assert_eq!(early.status, "waiting");
    world.clock.advance(Duration::from_secs(401));
    let ended = world.until(started.id, &["completed"]).await;
    assert_eq!(ended.state.configuration, ["awake"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_gone_once_its_state_is_left() {
    let world = World::make().await;
    world.publish("later", patient("100")).await;
    let started = world.begin("later", json!({})).await.unwrap();
    let ended = world.send(started.id, json!({ "type": "poke" })).await.unwrap();
    assert_eq!(ended.state.configuration, ["poked"]);
    assert_eq!(world.db.count("select count(*) from timer").await, 0);
    world.clock.advance(Duration::from_secs(10));
    let late = world.send(started.id, json!({ "type": "poke" })).await;
    assert!(matches!(late, Err(engine::Error::Over(_))), "{late:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timer_of_a_suspended_instance_is_held() {
    let world = World::make().await;
    world.publish("soon", patient("50")).await;
    let started = world.begin("soon", json!({})).await.unwrap();
    let held = world.send(started.id, json!({ "type": "ops.suspend" })).await.unwrap();
    assert_eq!(held.status, "suspended");
    world.clock.advance(Duration::from_secs(10));
    world.db.until("select count(*) where not exists (select from timer)").await;
    let after = world.send(started.id, json!({ "type": "ops.resume" })).await.unwrap();
    assert_eq!(
        (after.status.as_str(), after.state.configuration.as_slice()),
        ("completed", &["awake".to_owned()][..])
    );
    world.end().await;
}
