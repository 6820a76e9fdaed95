//! Results that come too late, twice, or under an old claim.

use crate::support::{World, one_step, post};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_under_an_old_fence_is_refused() {
    let world = World::make().await;
    let gate = world.db.close_gate().await;
    world.publish("journey", one_step(post(json!("gate"), json!({ "onUnknown": "ask" })))).await;
    let started = world.begin("journey", json!({})).await.unwrap();
    world.db.until("select count(*) from step where status = 'started'").await;
    // Somebody else claims the step while its try runs.
    sqlx::query("update step set fence = fence + 1").execute(&world.db.pool).await.unwrap();
    drop(gate);
    // It waits for tries that are running, and for what becomes of their results.
    world.engine.shutdown().await;
    let view = world.engine.instance(world.tenant, started.id).await.unwrap();
    assert_eq!((view.status.as_str(), view.state.seq), ("running", 1), "the result was refused");
    world.db.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_of_a_state_that_was_left_stands_in_history() {
    let world = World::make().await;
    let gate = world.db.close_gate().await;
    let mut machine = one_step(post(json!("gate"), json!({ "onUnknown": "ask" })));
    machine["states"]["working"]["on"] = json!({ "leave": "waiting" });
    machine["states"]["waiting"] = json!({ "on": { "go": "done" } });
    world.publish("journey", machine).await;
    let started = world.begin("journey", json!({})).await.unwrap();
    world.db.until("select count(*) from ledger").await;
    world.send(started.id, json!({ "type": "leave" })).await.unwrap();
    assert_eq!(world.db.count("select count(*) from step").await, 0);
    drop(gate);
    world.db.until("select count(*) from history where verdict = 'dropped'").await;
    let view = world.engine.instance(world.tenant, started.id).await.unwrap();
    assert_eq!(view.state.configuration, ["waiting"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_settles_a_lost_try_whenever_it_comes() {
    for is_early in [true, false] {
        let world = World::make().await;
        let mut invoke = post(json!("lose"), json!({ "onUnknown": "check" }));
        invoke["input"]["url"] = json!("https://silent.test");
        world.publish("journey", one_step(invoke)).await;
        let id = uuid::Uuid::now_v7();
        // The first command of the first turn.
        let key = engine::step_key(world.tenant, id, machine::CommandId { seq: 1, index: 0 });
        let request = engine::StartRequest {
            tenant: world.tenant,
            definition: "journey".to_owned(),
            id: Some(id),
            ..engine::StartRequest::default()
        };
        let told = json!({ "wamid": "1" });
        if is_early {
            world.engine.confirm(world.tenant, &key, told).await.unwrap();
            world.engine.start_instance(request).await.unwrap();
        } else {
            world.engine.start_instance(request).await.unwrap();
            world.db.until("select count(*) from step where status = 'checking'").await;
            world.engine.confirm(world.tenant, &key, told).await.unwrap();
        }
        let ended = world.until(id, &["completed", "stuck"]).await;
        assert_eq!(ended.status, "completed", "early: {is_early}");
        assert_eq!(world.db.count("select count(*) from ledger").await, 1);
        world.end().await;
    }
}
